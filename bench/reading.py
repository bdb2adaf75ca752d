"""How fast exports become datasets: `collage read` in process, beside the least that must be done with the file."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from xml.parsers import expat

import duckdb

from bench.inputs import write_calls, write_log
from bench.maps import MAPS
from bench.measure import Line, rated, together
from collage import customers, reading, store

__all__ = ["csv", "jsonl", "made", "parquet", "xes"]

_NOW = datetime(2100, 1, 1, tzinfo=UTC)
_CSV_BAR, _XES_BAR = 400_000, 20_000


def csv(place: Path, rows: int, repeat: int) -> list[Line]:
    """Measure CSV: one emit, two emits in a zone, gzipped, and by the slow reader."""
    file, fewer = write_calls(place / "calls.csv", rows), max(1, rows // 4)
    zipped = write_calls(place / "zipped.csv.gz", fewer)
    small = write_calls(place / "small.csv", max(1, rows // 10))
    lines = [
        _line("CSV, one emit", file, rows, "one emit", _copied, repeat, bar=_CSV_BAR),
        _line("CSV, two emits, a zone", file, rows, "two emits, a zone", _copied, repeat),
        _line("CSV.gz, one emit", zipped, fewer, "one emit", _copied, repeat),
        _line("CSV by the slow reader", small, max(1, rows // 10), "one emit, slow reader", _copied, repeat),
    ]
    for one in (file, zipped, small):
        one.unlink()
    return lines


def parquet(place: Path, rows: int, repeat: int) -> list[Line]:
    """Measure Parquet."""
    file = write_calls(place / "calls.parquet", rows)
    return [_line("Parquet, one emit", file, rows, "one emit", _copied, repeat)]


def jsonl(place: Path, rows: int, repeat: int) -> list[Line]:
    """Measure JSONL, a tenth of the rows."""
    rows = max(1, rows // 10)
    file = write_calls(place / "calls.jsonl", rows)
    return [_line("JSONL, one emit", file, rows, "one emit", _parsed, repeat)]


def xes(place: Path, rows: int, repeat: int) -> list[Line]:
    """Measure XES with twelve attributes an event, a tenth of the rows."""
    rows = max(1, rows // 10)
    file = write_log(place / "log.xes", rows)
    return [_line("XES, 12 attributes an event", file, rows, "log", _counted, repeat, bar=_XES_BAR)]


def made(file: Path, map_: str, out: Path) -> reading.Reading:
    """Read a file through a map into a dataset, as the command does."""
    engine = store.connect()
    try:
        found = reading.read(
            engine.backend, [file], MAPS[map_], now=_NOW, max_bad=0.01, normalise=customers.in_normal_form
        )
        tables = {**found.tables, "quarantine": found.quarantine}
        store.write_dataset(out, tables, engine, notes={"read.json": found.note()}, replace=True)
        return found
    finally:
        engine.close()


_FLOORS = {"_copied": "DuckDB to Parquet", "_parsed": "json.loads", "_counted": "expat, counting"}


def _line(  # a line of the table has so many parts
    measured: str, file: Path, n: int, map_: str, floor: Callable[[Path], object], repeat: int, bar: int = 0
) -> Line:
    def ours() -> object:
        return made(file, map_, file.parent / "dataset")

    taken = together(ours, lambda: floor(file), repeat)
    unit = "events" if map_ == "log" else "rows"
    size = f"{n:,} {unit}, {file.stat().st_size / 1e6:.0f} MB"
    return rated(measured, n, unit, taken, floor=_FLOORS[floor.__name__], bar=bar, size=size)


def _copied(file: Path) -> None:
    """Let DuckDB alone turn a file into Parquet, every column a text."""
    source = f"'{file}'" if file.suffix == ".parquet" else f"read_csv('{file}', all_varchar = true)"
    with duckdb.connect() as connection:
        connection.execute(f"COPY (FROM {source}) TO '{file}.floor' (FORMAT parquet, COMPRESSION zstd)")
    Path(f"{file}.floor").unlink()


def _parsed(file: Path) -> None:
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            json.loads(line)


def _counted(file: Path) -> int:
    """Count the events of a log with the bare XML parser."""
    events = 0

    def start(tag: str, _: object) -> None:
        nonlocal events
        events += tag == "event"

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as stream:
        while chunk := stream.read(2**16):
            parser.Parse(chunk, False)  # noqa: FBT003  # the parser knows its arguments by place
    parser.Parse(b"", True)  # noqa: FBT003  # as above
    return events
