"""A file as its source's map reads it: rows by the contracts, what is set aside, and the counts of both."""

from __future__ import annotations

import gzip
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from collage import customers, reading, store
from collage.reading import Reading
from collage_web.bridge.arrows import schema

__all__ = ["Preview", "preview", "read_parts", "reading_of"]

_LINES: Final = 200  # of a file that are looked at before it is read
_SHOWN: Final = 20
_AT_ONCE: Final = 50_000
_OF_LINES: Final = (".csv", ".jsonl", ".ndjson", ".log", ".txt", ".tsv")


@dataclass(frozen=True, slots=True)
class Preview:
    """What the first lines of a file would become: rows by table, why others are set aside, whether that was all."""

    rows: dict[str, list[dict[str, Any]]]
    reasons: list[dict[str, Any]]
    read: int
    whole: bool

    @property
    def shown(self) -> list[tuple[str, dict[str, Any]]]:
        """Return each table with the columns that hold anything, and its rows as lists."""
        found = []
        for name, rows in self.rows.items():
            columns = [column for column in (rows[0] if rows else {}) if any(row[column] is not None for row in rows)]
            found.append((name, {"columns": columns, "rows": [[row[column] for column in columns] for row in rows]}))
        return found


def preview(file: Path, name: str, map_: reading.Map, *, now: datetime) -> Preview:
    """Return what the first lines of a file would become.

    Parameters
    ----------
    file
        Where it lies.
    name
        What it is called: the map goes by that.
    map_
        Of its source.
    now
        The moment of reading.

    Raises
    ------
    ReadingError
        When the file cannot be read at all.
    """
    with _beginning(file, name) as (part, whole), reading_of(part, map_, now=now) as (found, engine):
        rows = {
            table: engine.backend.to_pyarrow(rows.limit(_SHOWN)).to_pylist() for table, rows in found.tables.items()
        }
        read = sum(count.rows for count in found.files.values())
        return Preview(rows, found.reasons, read, whole)


@contextmanager
def reading_of(
    file: Path, map_: reading.Map, *, now: datetime, progress: Callable[[str], None] = lambda _: None
) -> Iterator[tuple[Reading, store.Engine]]:
    """Read a file, bad rows set aside however many there are, and close what was opened at the end."""
    engine = store.connect("duckdb")
    try:
        with store.answered():
            writing = customers.in_normal_form
            found = reading.read(
                engine.backend, [file], map_, now=now, max_bad=1.0, normalise=writing, progress=progress
            )
            yield found, engine
    finally:
        engine.close()


def read_parts(found: Reading, engine: store.Engine) -> Iterator[tuple[str, pa.Table]]:
    """Yield the tables that were read, in parts."""
    for name, rows in found.tables.items():
        for part in engine.parts(rows, _AT_ONCE):
            yield name, part.cast(schema(name))


@contextmanager
def _beginning(file: Path, name: str) -> Iterator[tuple[Path, bool]]:
    """Give the first lines of a file as a file of the same name; a file that is not of lines as a whole."""
    packed = name.lower().endswith(".gz")
    bare = name.lower().removesuffix(".gz")
    with tempfile.TemporaryDirectory(prefix="collage-preview-") as folder:
        part = Path(folder) / name
        if not bare.endswith(_OF_LINES):
            shutil.copyfile(file, part)
            yield part, True
            return
        opener: Any = gzip.open if packed else open
        try:
            with opener(file, "rb") as whole:
                lines = list(islice(whole, _LINES + 1))
        except (OSError, EOFError):  # what is no gzip is said by the reader, better
            lines = [file.read_bytes()[:_AT_ONCE]]
        with opener(part, "wb") as some:
            some.writelines(lines[:_LINES])
        yield part, len(lines) <= _LINES
