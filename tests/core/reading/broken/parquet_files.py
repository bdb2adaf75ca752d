"""Broken Parquet, for `collage read`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.core.reading.broken.cases import CALLS, Bad, Refused, SetAside

FURTHEST = 2**63 - 1


def calls(*rows: str, **columns: Any) -> pa.Table:
    """Return calls of these ids, good but for the columns given."""
    good = {
        "id": pa.array(rows),
        "who": pa.array(["anna"] * len(rows)),
        "at": pa.array(["2024-05-01T10:00:00"] * len(rows)),
        "kind": pa.array(["contact.answered"] * len(rows)),
        "wait": pa.array([5.0] * len(rows)),
    }
    return pa.table({**good, **columns})


def written(table: pa.Table, *, keep: slice = slice(None), hurt: slice | None = None) -> Callable[[Path], None]:
    """Return what writes a table as Parquet, only the bytes of `keep`, those of `hurt` spoilt."""

    def write(file: Path) -> None:
        pq.write_table(table, file)
        whole = bytearray(file.read_bytes())
        if hurt is not None:
            whole[hurt] = b"\xff" * len(whole[hurt])
        file.write_bytes(whole[keep])

    return write


def bytes_as_text(*values: bytes) -> pa.Array:
    """Return bytes that claim to be UTF-8 text."""
    return pa.Array.from_buffers(pa.string(), len(values), pa.array(values).buffers())


def refused(name: str, content: Any, *words: str) -> Refused:
    return Refused(name, {"calls.parquet": content}, ("calls.parquet", *words))


NO_PARQUET = "no Parquet file that can be read"

REFUSED = [
    refused("an empty file called Parquet", "", NO_PARQUET, "check that it is whole"),
    refused("CSV called Parquet", CALLS, NO_PARQUET, "check that it is whole"),
    refused("Parquet that breaks off", written(calls("1"), keep=slice(-50)), NO_PARQUET, "check that it is whole"),
    refused("Parquet without its head", written(calls("1"), keep=slice(200, None)), NO_PARQUET, "export it again"),
    refused("Parquet with spoilt data", written(calls("1"), hurt=slice(20, 60)), NO_PARQUET, "export it again"),
    refused(
        "bytes that claim to be text", written(calls("1", who=bytes_as_text(b"\xff"))), NO_PARQUET, "not valid UTF8"
    ),
    refused("Parquet without a column", written(pa.table({})), "without a column", "export it again"),
    Refused(
        "Parquet without a row",
        {"calls.parquet": written(calls("1").slice(0, 0))},
        ("read the files", "not a single row", "export them again"),
    ),
    refused(
        "Parquet with a column twice",
        written(calls("1", ID=pa.array(["2"]))),
        "the column 'id' twice",
        "letter case does not tell them apart",
    ),
    refused(
        "Parquet with a column of our own",
        written(calls("1", _row=pa.array(["2"]))),
        "a column '_row', a name of our own",
        "rename it",
    ),
    refused("Parquet without a column the map names", written(calls("1").drop("wait")), "'wait'", "id, who, at, kind"),
    refused(
        "Parquet with a struct where the map wants a text",
        written(calls("1", who=pa.array([{"name": "anna"}]))),
        "find the column 'who'",
        "did you mean who.name?",
    ),
]

FAR = SetAside(
    "times so far off that an engine may die of them",
    {"calls.parquet": written(calls("1", "2", "g1", at=pa.array([-FURTHEST - 1, FURTHEST, 0], pa.timestamp("us"))))},
    (
        Bad(1, "occurred_at", "is not a time between the years 1900 and 2200", "-infinity"),
        Bad(2, "occurred_at", "is not a time between the years 1900 and 2200", "infinity"),
    ),
    ("calls:g1",),
)

TYPES = SetAside(
    "columns of other types than are wanted, over several files",
    {
        "a.parquet": written(calls("1", "g1", wait=pa.array([float("nan"), 1.0]))),
        "b.parquet": written(calls("1", at=pa.array([10], pa.time32("s")))),
        "c.parquet": written(calls("1", wait=pa.array([True]))),
        "d.parquet": written(calls("1", "g2", who=pa.array([b"a\0b", "Änne".encode()]))),
        "e.parquet": written(calls("1", "g3", at=pa.array([2**31 - 1, 0], pa.date32()))),
        "f.parquet": written(calls("1", wait=pa.array([[1, 2]]))),
    },
    (
        Bad(1, "wait_s", "is not a number", "nan", file="a.parquet"),
        Bad(1, "occurred_at", "is not a time (ISO 8601)", "00:00:10", file="b.parquet"),
        Bad(1, "wait_s", "is not a number", "true", file="c.parquet"),
        Bad(1, "identifier", "holds a NUL character", "user:a␀b", file="d.parquet"),
        Bad(1, "occurred_at", "is not a time (ISO 8601)", "infinity", file="e.parquet"),
        Bad(1, "wait_s", "is not a number", "[1,2]", file="f.parquet"),
    ),
    ("calls:g1", "calls:g2", "calls:g3"),
)

SET_ASIDE = [FAR, TYPES]
