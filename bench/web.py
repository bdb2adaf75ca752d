"""How quickly what arrives is stored, and how soon it counts: the server beside a bare one of the same durability."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import inf
from pathlib import Path
from statistics import median
from typing import Any, Final

from bench.measure import Line, apart

__all__ = ["Kept", "ingest", "ingest_postgresql", "load", "running", "set_up", "taken_in"]

_ROOT: Final = Path(__file__).resolve().parents[1]
_SECONDS: Final = 12.0
_FULL_S: Final = 60.0
_BATCH, _BATCH_BAR, _BATCH_P99 = 20, 3_000, 200.0
_SINGLE_BAR, _SINGLE_P99 = 500, 100.0
_OF_FLOOR: Final = 0.5
_SCORED_RATE, _SCORED_S = 300, 2.0
_LAG_S: Final = 300.0
_SCORED: Final = """
SELECT a.digested_at IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM records_stale s WHERE s.identifier = t.identifier)
FROM records_arrival a LEFT JOIN records_touchpoint t ON t.arrival_id = a.id WHERE a.id =
"""
_IMPORT_BAR: Final = 30_000
_MINUTE: Final = 60.0
_USUAL, _LEAST = 2_000_000, 0.05
_CUSTOMERS: Final = 6_000
_POSTGRESQL: Final = "postgresql:///{}?host=/var/run/postgresql"


@dataclass(frozen=True, slots=True)
class Kept:
    """Where it is kept: a folder, and the address of a PostgreSQL database, or nothing for SQLite in the folder."""

    folder: Path
    address: str = ""

    @property
    def name(self) -> str:
        """Return which database it is."""
        return "PostgreSQL" if self.address else "SQLite"

    @classmethod
    @contextmanager
    def of_postgresql(cls, folder: Path) -> Iterator[Kept]:
        """Give a database on the local socket, which is dropped again."""
        import psycopg  # noqa: PLC0415  # an extra

        name = f"collage_bench_{os.getpid()}"
        with psycopg.connect(_POSTGRESQL.format("postgres"), autocommit=True) as server:
            server.execute(f"CREATE DATABASE {name}")
            try:
                yield cls(folder, _POSTGRESQL.format(name))
            finally:
                server.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def under(self, name: str) -> Kept:
        """Return a folder of its own in it."""
        return Kept(self.folder / name, self.address)

    def ask(self, query: str) -> Any:
        """Return the first value that a query gives."""
        if self.address:
            import psycopg  # noqa: PLC0415  # an extra

            with psycopg.connect(self.address) as there:
                found = there.execute(query).fetchone()
        else:
            connection = sqlite3.connect(f"file:{self.folder / 'collage.sqlite3'}?mode=ro", uri=True, timeout=5)
            try:
                found = connection.execute(query).fetchone()
            finally:
                connection.close()
        return None if found is None else found[0]


def ingest(place: Path, rows: int, repeat: int) -> list[Line]:  # noqa: ARG001  # once is long enough
    """Measure batches, single touchpoints, the time until one is scored, the backlog after a minute of full load."""
    return _ingested(Kept(place), _share(rows))


def ingest_postgresql(place: Path, rows: int, repeat: int) -> list[Line]:  # noqa: ARG001  # as above
    """Measure the same on PostgreSQL, in a database made on the local socket and dropped again."""
    with Kept.of_postgresql(place / "postgresql") as kept:
        return _ingested(kept, _share(rows))


def _share(rows: int) -> float:
    """Return which share of the usual time is given, when fewer rows are asked for than usual."""
    return min(1.0, max(_LEAST, rows / _USUAL))


def _ingested(kept: Kept, share: float) -> list[Line]:
    lines = []
    for batch, bar, worst in ((_BATCH, _BATCH_BAR, _BATCH_P99), (1, _SINGLE_BAR, _SINGLE_P99)):
        with _bare(kept.under(f"bare-{batch}")) as port:
            floor = _loaded(port, "none", batch=batch, seconds=_SECONDS * share)
        with _served(kept.under(f"served-{batch}")) as (port, key, _):
            ours = _loaded(port, key, batch=batch, seconds=_SECONDS * share)
        lines.append(_compared(batch, ours, floor, bar, worst, kept.name))
    with _served(kept.under("scored")) as (port, key, there):
        lines.append(_scored(port, key, there, share))
    with _served(kept.under("backlog")) as (port, key, there):
        lines.append(_backlog(port, key, there, share))
    return lines


def _compared(batch: int, ours: dict[str, float], floor: dict[str, float], bar: int, worst: float, name: str) -> Line:
    rate, bare = (each["requests"] * batch / each["seconds"] for each in (ours, floor))
    kept = rate >= bar and ours["p99_ms"] < worst and rate >= _OF_FLOOR * bare and not ours["other"]
    return Line(
        f"ingest, {name}: {f'batches of {batch}' if batch > 1 else 'single touchpoints'}",
        "16 clients, digest running",
        f"p50 {ours['p50_ms']:.0f} ms, p99 {ours['p99_ms']:.0f} ms",
        f"p99 {floor['p99_ms']:.0f} ms, {bare:,.0f}/s (bare WSGI, {name})",
        f"{rate / bare:.2f} of its rate",
        f"{rate:,.0f} touchpoints/s",
        f"≥ {bar:,}/s, p99 < {worst:.0f} ms, ≥ {_OF_FLOOR} of the floor",
        kept,
        {"rate": rate, "floor_rate": bare, "p99_ms": ours["p99_ms"], "floor_p99_ms": floor["p99_ms"]},
    )


def _scored(port: int, key: str, there: Kept, share: float) -> Line:
    """At a steady rate, ask the database when the latest touchpoint was in its customer's score."""
    command = load(port, key, batch=_BATCH, seconds=max(3.0, 2 * _SECONDS * share), rate=_SCORED_RATE / _BATCH)
    sending = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=_ROOT)
    waits: list[float] = []
    while sending.poll() is None:
        began = time.time()
        latest = there.ask("SELECT max(id) FROM records_arrival")
        while sending.poll() is None and not _is_scored(there, latest):
            time.sleep(0.02)
        if sending.poll() is None:
            waits.append(time.time() - began)
        time.sleep(0.1)
    waits.sort()
    middle, worst = (median(waits), waits[int(len(waits) * 0.99)]) if waits else (inf, inf)
    return Line(
        f"ingest, {there.name}: from 200 to the score",
        f"{_SCORED_RATE} touchpoints/s, {len(waits)} asked after",
        f"median {middle:.2f} s, p99 {worst:.2f} s",
        "",
        "",
        "",
        f"≤ {_SCORED_S:.0f} s",
        worst <= _SCORED_S,
        {"median_s": middle, "p99_s": worst},
    )


def _is_scored(there: Kept, arrival: int) -> bool:
    """Return whether an arrival is digested and nothing of its customer waits to be derived."""
    return bool(there.ask(f"{_SCORED} {int(arrival)}"))


def _backlog(port: int, key: str, there: Kept, share: float) -> Line:
    """Send for a minute as fast as it goes, and wait until all of it is derived."""
    sent = _loaded(port, key, batch=_BATCH, seconds=_FULL_S * share)
    left = there.ask("SELECT count(*) FROM records_arrival WHERE digested_at IS NULL")
    began = time.monotonic()
    while time.monotonic() - began < 2 * _LAG_S and _waits(there):
        time.sleep(0.5)
    took = time.monotonic() - began
    n = int(sent["requests"] * _BATCH)
    return Line(
        f"ingest, {there.name}: backlog after a minute of full load",
        f"{n:,} touchpoints, {left:,} of them left",
        f"gone after {took:.0f} s",
        "",
        "",
        f"{n / (_FULL_S * share + took):,.0f} touchpoints/s to the score",
        f"≤ {_LAG_S:.0f} s",
        took <= _LAG_S,
        {"touchpoints": n, "left": left, "seconds": took},
    )


def _waits(there: Kept) -> bool:
    undigested = "SELECT EXISTS (SELECT 1 FROM records_arrival WHERE digested_at IS NULL AND quarantined_at IS NULL)"
    return bool(there.ask(undigested) or there.ask("SELECT EXISTS (SELECT 1 FROM records_stale)"))


def taken_in(place: Path, rows: int, repeat: int) -> list[Line]:  # noqa: ARG001  # as above
    """Measure `collage import` of a simulated company."""
    company = place / "import-company"
    apart("simulate", str(company), "--customers", str(int(_CUSTOMERS * _share(rows))), "--days", "365", "--seed", "5")
    n = int(json.loads((company / "dataset.json").read_text())["tables"]["touchpoints"]["rows"])
    environment = set_up(Kept(place / "import"))
    done = subprocess.run(
        [sys.executable, "-m", "collage.cli", "import", str(company)],
        env=environment, check=True, capture_output=True, text=True,
    )  # fmt: skip
    words = done.stderr.splitlines()[-1].split()
    stored, derived = float(words[2]), float(words[7])
    return [
        Line(
            "import: a dataset folder",
            f"{n:,} touchpoints and what goes with them",
            f"stored in {stored:.1f} s, marks and scores in {derived:.1f} s more",
            "",
            "",
            f"{n / stored:,.0f} touchpoints/s stored, {n / (stored + derived):,.0f} scored",
            f"≥ {_IMPORT_BAR:,}/s",
            n / stored >= _IMPORT_BAR,
            {"touchpoints": n, "stored_s": stored, "derived_s": derived},
        )
    ]


def load(port: int, key: str, *, batch: int, seconds: float, rate: float = 0.0) -> Sequence[str]:
    """Return the command that sends touchpoints; it prints what came of it as JSON."""
    words = {
        "port": port,
        "key": key,
        "batch": batch,
        "seconds": seconds,
        "rate": rate,
        "name": f"load{time.time():.0f}",
    }
    return [
        sys.executable,
        "-m",
        "bench.load",
        *(str(word) for name, value in words.items() for word in (f"--{name}", value)),
    ]


def _loaded(port: int, key: str, *, batch: int, seconds: float) -> dict[str, float]:
    subprocess.run(
        load(port, key, batch=batch, seconds=min(2.0, seconds)), check=True, capture_output=True, text=True, cwd=_ROOT
    )
    words = load(port, key, batch=batch, seconds=seconds)
    done = subprocess.run(words, check=True, capture_output=True, text=True, cwd=_ROOT)
    told: dict[str, float] = json.loads(done.stdout)
    return told


@contextmanager
def _bare(kept: Kept) -> Iterator[int]:
    kept.folder.mkdir(parents=True)
    port, processes = _free(), "2" if kept.address else "1"
    if kept.address:
        import psycopg  # noqa: PLC0415  # an extra

        with psycopg.connect(kept.address) as there:
            there.execute("DROP TABLE IF EXISTS arrived")
            there.execute(
                "CREATE TABLE arrived (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, source int, message text, "
                "body text, UNIQUE (source, message))"
            )
    words = ["-m", "gunicorn", "-k", "gthread", "-w", processes, "--threads", "16", "--keep-alive", "30"]
    environment = {**os.environ, "BARE_DATABASE": kept.address or str(kept.folder / "bare.sqlite3")}
    words += ["-b", f"127.0.0.1:{port}", "--log-level", "error", "bench.bare:application"]
    with _running(words, environment, port):
        yield port


@contextmanager
def _served(kept: Kept) -> Iterator[tuple[int, str, Kept]]:
    if kept.address:
        import psycopg  # noqa: PLC0415  # an extra

        with psycopg.connect(kept.address) as there:
            there.execute("DROP SCHEMA public CASCADE")
            there.execute("CREATE SCHEMA public")
    environment, port = set_up(kept), _free()
    made = subprocess.run(
        [sys.executable, "-m", "collage.cli", "source", "till", "--kind", "native", "--rate", "100000"],
        env=environment, check=True, capture_output=True, text=True,
    )  # fmt: skip
    with _running(["-m", "collage.cli", "serve", "--bind", f"127.0.0.1:{port}"], environment, port):
        key = made.stdout.strip()
        _loaded(port, key, batch=1, seconds=0.2)
        until = time.monotonic() + _MINUTE
        while _waits(kept) and time.monotonic() < until:  # for the first digest queries are compiled
            time.sleep(0.1)
        yield port, key, kept


def set_up(kept: Kept) -> dict[str, str]:
    """Make a house, and return the environment in which it is one."""
    kept.folder.mkdir(parents=True, exist_ok=True)
    others = {name: value for name, value in os.environ.items() if not name.startswith(("COLLAGE_", "DJANGO_"))}
    environment = {**others, "COLLAGE_VAR": str(kept.folder), "DATABASE_URL": kept.address}
    (kept.folder / "password").write_text("only for a measurement\n")
    words = ["init", "--email", "bench@example.org", "--password-file", str(kept.folder / "password")]
    subprocess.run([sys.executable, "-m", "collage.cli", *words], env=environment, check=True, capture_output=True)
    return environment


@contextmanager
def running(environment: dict[str, str]) -> Iterator[int]:
    """Run the server of a house, and give its port."""
    port = _free()
    with _running(["-m", "collage.cli", "serve", "--bind", f"127.0.0.1:{port}"], environment, port):
        yield port


@contextmanager
def _running(words: Sequence[str], environment: dict[str, str], port: int) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, *words], env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd=_ROOT
    )
    try:
        _answers(port)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _answers(port: int) -> None:
    until = time.monotonic() + _MINUTE
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise TimeoutError(f"nobody answers on port {port}")


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
