"""How long the way of the demo takes: a company is simulated, and a report is written on it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from time import perf_counter

import pyarrow.parquet as pq

from bench.measure import Line, rated, seconds
from collage import store

__all__ = ["demo", "report", "simulate"]

_DAYS, _EACH = 365, 80  # touchpoints that a simulated customer leaves in a year, about
_MILLION, _SIMULATE_S, _DEMO_S = 1_000_000, 20.0, 60.0


def simulate(place: Path, rows: int, repeat: int) -> list[Line]:  # noqa: ARG001  # once is long enough
    """Measure the simulation of half as many touchpoints as rows, beside copying its files alone."""
    customers = max(10, rows // 2 // _EACH)
    folder = place / "simulated"
    taken = seconds(lambda: _collage("simulate", folder, "--customers", customers, "--days", _DAYS, "--replace"))
    bare = seconds(lambda: _copied(folder, place / "copied"))
    n = _rows(folder)
    size = f"{n:,} touchpoints, {customers:,} customers, {_DAYS} days"
    line = rated("simulate", n, "touchpoints", (taken, bare), floor="DuckDB copying them", size=size)
    kept = taken <= _SIMULATE_S * n / _MILLION if n >= _MILLION // 2 else None
    return [_with(line, f"≤ {_SIMULATE_S:g} s a million", kept=kept)]


def report(place: Path, rows: int, repeat: int) -> list[Line]:  # noqa: ARG001  # once is long enough
    """Measure the report on a fifth as many touchpoints as rows, beside scoring their customers once."""
    customers = max(10, rows // 5 // _EACH)
    folder = place / "reported"
    _collage("simulate", folder, "--customers", customers, "--replace")
    taken = seconds(lambda: _collage("report", folder, "--out", place / "report.html"))
    bare = seconds(lambda: _collage("score", folder, "--out", place / "scores.csv"))
    n = _rows(folder)
    size = f"{n:,} touchpoints, page of {(place / 'report.html').stat().st_size / 1e6:.1f} MB"
    return [rated("report", n, "touchpoints", (taken, bare), floor="collage score", size=size)]


def demo(place: Path, rows: int, repeat: int) -> list[Line]:  # noqa: ARG001  # always the same
    """Measure the demo: 5,000 customers and a year, or a few where a few rows are asked for."""
    if rows < _MILLION:
        return []
    begun = perf_counter()
    _collage("demo", "--out", place / "demo")
    taken = perf_counter() - begun
    figures = {"ours_s": taken}
    told = ("demo", "5,000 customers, 365 days", f"{taken:.0f} s", "", "", "", f"≤ {_DEMO_S:g} s")
    return [Line(*told, taken <= _DEMO_S, figures)]


def _collage(*words: object) -> None:
    subprocess.run([sys.executable, "-m", "collage.cli", *map(str, words)], check=True, capture_output=True)


def _copied(folder: Path, out: Path) -> None:
    out.mkdir(exist_ok=True)
    engine = store.connect()
    for file in folder.glob("*.parquet"):
        asked = f"COPY (FROM '{file}') TO '{out / file.name}' (FORMAT parquet, COMPRESSION zstd)"
        engine.backend.raw_sql(asked).fetchall()
    engine.close()


def _rows(folder: Path) -> int:
    return int(pq.read_metadata(folder / "touchpoints.parquet").num_rows)


def _with(line: Line, bar: str, *, kept: bool | None) -> Line:
    return Line(line.measured, line.size, line.ours, line.floor, line.ratio, line.rate, bar, kept, line.figures)
