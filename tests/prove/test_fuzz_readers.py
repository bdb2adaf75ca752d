"""Ten minutes of spoiled files for each reader: refused or accounted for, never an exception that is not ours.

`COLLAGE_FUZZ_SECONDS` sets another time for each, `COLLAGE_FUZZ_SEED` another beginning. A finding is kept in the
folder that the failure names.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from collage import customers, reading, store
from collage.errors import CollageError

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECONDS = float(os.environ.get("COLLAGE_FUZZ_SECONDS", "600"))
SEED = int(os.environ.get("COLLAGE_FUZZ_SEED", "7"))
RENEW = 300  # files read with one engine, so that its tables do not pile up

MAP = """
name = "fuzz"
zone = "Europe/Berlin"
nulls = ["", "?"]
[[rows]]
key = ["customer"]
order = [{ time = "{at}" }]
drop = { outcome = "test" }
[rows.derive]
moved = { changed = "{team}" }
[[rows.emit]]
into = "touchpoints"
touchpoint_id = "{call}"
identifier = { first = ["user:{customer}", "anon:{call}"] }
occurred_at = "{at}"
kind = { value = "{outcome}", map = { answered = "contact.answered" }, other = { is = "contact.abandoned" } }
department = "{team}"
wait_s = { number = "{wait}" }
text = "{note}"
properties = { moved = "{moved}", note = "{note}" }
[[rows.emit]]
into = "ratings"
when = { score = "is not null" }
rating_id = "{call}"
identifier = "user:{customer}"
rated_at = { time = "{at}", plus_s = 60 }
score = "{score}"
scale_low = 1
scale_high = 5
"""
NAMES = ("call", "customer", "at", "team", "outcome", "wait", "score", "note")
ROWS = [
    (f"c{n}", f"k{n % 5}", f"2025-03-{n % 28 + 1:02d} 02:{n % 60:02d}:00", ("Care", "Bills")[n % 2],
     ("answered", "abandoned", "test")[n % 3], str(n * 7 % 300), ("", "4", "5")[n % 3], f'"{n}", then; ünd\n more')
    for n in range(40)
]  # fmt: skip
WORDS = [b"\x00", b'"', b"\n", b"\r\n", b",", b"\xff\xfe", b"\xc3", b"\xed\xa0\x80", b"<", b"&a;", b"]]>",
         b"<!DOCTYPE a>", b"9" * 400, b"-1", b"1e999", b"nan", b"2025-02-30", b"0000-00-00", b"{",
         b"[" * 600, b"null", b"\\ud800",
         b"PAR1", b"\x1f\x8b", b" ", b"{call}", b"=", b"x" * 5000, b"9999-12-31T23:59:59", b"+14:00"]  # fmt: skip


def as_csv() -> bytes:
    cells = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in ROWS]
    return "\n".join([",".join(NAMES), *cells]).encode()


def as_jsonl() -> bytes:
    return "\n".join(json.dumps(dict(zip(NAMES, row, strict=True))) for row in ROWS).encode()


def as_parquet() -> bytes:
    columns = [pa.array(column) for column in zip(*ROWS, strict=True)]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns, NAMES), sink, row_group_size=16)
    return bytes(sink.getvalue())


def as_xes() -> bytes:
    def event(row: tuple[str, ...]) -> str:
        pairs = zip(NAMES, row, strict=True)
        escaped = ((name, value.replace('"', "&quot;").replace("\n", "&#10;")) for name, value in pairs)
        return "<event>" + "".join(f'<string key="{name}" value="{value}"/>' for name, value in escaped) + "</event>"

    return ("<log><trace>" + "".join(map(event, ROWS)) + "</trace></log>").encode()


def zipped(make: Callable[[], bytes]) -> Callable[[], bytes]:
    return lambda: gzip.compress(make(), mtime=0)


SEEDS: dict[str, Callable[[], bytes]] = {
    "csv": as_csv,
    "csv.gz": zipped(as_csv),
    "jsonl": as_jsonl,
    "parquet": as_parquet,
    "xes": as_xes,
    "xes.gz": zipped(as_xes),
}


def spoiled(data: bytes, chance: random.Random) -> bytes:
    """Return the data with one to eight things done to it: bytes changed, cut, repeated, words put in."""
    found = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        at, length = chance.randrange(len(found) + 1), chance.randint(1, 40)
        match chance.randrange(6):
            case 0:
                found[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                del found[at : at + length]
            case 2:
                found[at:at] = found[at : at + length] * chance.randint(1, 4)
            case 3:
                found[at:at] = chance.choice(WORDS)
            case 4:
                found[at : at + length] = chance.choice(WORDS)
            case _ if chance.random() < 0.2:
                del found[at:]
            case _:
                found[at:at] = b"".join(chance.sample(WORDS, 2))
    return bytes(found)


def read_once(engine: store.Engine, file: Path, map_text: str) -> str:
    """Read a file and return what became of it; an exception of ours is an answer, too."""
    try:
        map_ = reading.parse_map(map_text, file="map.toml")
        found = reading.read(engine.backend, [file], map_, now=NOW, max_bad=1.0, normalise=customers.in_normal_form)
    except CollageError as error:
        said = (error.asked, error.found, error.do)
        return "refused" if all(said) else f"refused without a word: {said}"
    for name, table in found.tables.items():
        assert engine.backend.to_pyarrow(table).num_rows == found.counts[name].written
    aside = engine.backend.to_pyarrow(found.quarantine).num_rows
    assert aside == sum(count.quarantined for count in found.files.values())
    assert all(min(c.used, c.filtered, c.quarantined) >= 0 for c in found.files.values()), found.files
    assert all(c.rows == c.used + c.filtered + c.quarantined for c in found.files.values())
    assert all(count.emitted == count.written + count.duplicates for count in found.counts.values())
    return "quarantined in part" if aside else "read whole"


def fuzz(name: str, make: Callable[[random.Random], tuple[bytes, str]], ending: str) -> None:
    """Spoil and read for the time that is set; print how often what came out."""
    chance = random.Random(f"{SEED} {name}")
    folder = Path(tempfile.mkdtemp(prefix=f"collage-fuzz-{name}-"))
    outcomes: dict[str, int] = {}
    engine = store.connect("duckdb", memory="1GB")
    start, n = time.monotonic(), 0
    try:
        while time.monotonic() - start < SECONDS:
            n += 1
            if n % RENEW == 0:
                engine.close()
                engine = store.connect("duckdb", memory="1GB")
            data, map_text = make(chance)
            file = folder / f"input.{ending}"
            file.write_bytes(data)
            (folder / "map.toml").write_text(map_text, encoding="utf-8", errors="surrogateescape")
            try:
                outcome = read_once(engine, file, map_text)
            except Exception as error:  # noqa: BLE001  # any but ours is a finding
                pytest.fail(
                    f"{name}, number {n} of seed {SEED}, kept in {folder}: {type(error).__name__}: {error}"[:2000]
                )
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
    finally:
        engine.close()
    shutil.rmtree(folder)
    print(f"\n{name}: {n:,} files in {time.monotonic() - start:.0f} s from seed {SEED}: {outcomes}")  # noqa: T201  # the proof is told
    assert set(outcomes) <= {"refused", "quarantined in part", "read whole"}, outcomes
    assert len(outcomes) > 1, f"the spoiling is of one kind only: {outcomes}"


@pytest.mark.prove
@pytest.mark.timeout(0)
@pytest.mark.parametrize("ending", SEEDS)
def test_a_spoiled_file_is_refused_or_accounted_for(ending: str) -> None:
    seed = SEEDS[ending]()
    inner = SEEDS[ending.removesuffix(".gz")]()

    def make(chance: random.Random) -> tuple[bytes, str]:
        # behind gzip, spoil what is inside as often as the wrapping itself
        if ending.endswith(".gz") and chance.random() < 0.5:
            return gzip.compress(spoiled(inner, chance), mtime=0), MAP
        return spoiled(seed, chance), MAP

    fuzz(ending, make, ending)


@pytest.mark.prove
@pytest.mark.timeout(0)
def test_a_spoiled_map_is_refused_or_reads() -> None:
    data = as_csv()

    def make(chance: random.Random) -> tuple[bytes, str]:
        return data, spoiled(MAP.encode(), chance).decode("utf-8", "surrogateescape")

    fuzz("map", make, "csv")
