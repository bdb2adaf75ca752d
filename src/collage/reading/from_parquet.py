"""Parquet: by DuckDB's reader; everything but times becomes text, fields of a struct are columns with a dot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from collage.errors import SourceError
from collage.reading.mapping import SourceTable
from collage.reading.spool import Loaded, Rejects, create, place

__all__ = ["read"]


def read(backend: Any, file: Path, source: SourceTable, wanted: Iterable[str], rejects: Rejects) -> Loaded:  # noqa: ARG001  # one signature for all formats
    """Read a Parquet file; nanoseconds are cut to microseconds.

    Parameters
    ----------
    backend
        The Ibis DuckDB backend.
    file
        The file.
    source, wanted, rejects
        Not needed: a Parquet file brings its own columns, and each of its rows can be taken apart.

    Raises
    ------
    SourceError
        When the file is no whole Parquet file.
    """
    try:
        schema = pq.read_schema(file)
        fields = list(_fields(schema, (), ""))
        names = [name for name, _ in fields]
        twice = [name for name in names if [n.casefold() for n in names].count(name.casefold()) > 1]
        if twice:
            do = "rename one (letter case does not tell them apart)"
            raise SourceError(f"read {file.name}", f"the column {twice[0]!r} twice", do)
        picked = ", ".join(f"{value} AS {_quoted(name)}" for name, value in fields)
        query = f"SELECT {picked}, file_row_number + 1 AS _row FROM read_parquet({place(file)}, file_row_number = true)"  # noqa: S608  # quoted above
        table = create(backend, query)
    except (OSError, pa.ArrowException, duckdb.Error) as error:
        found = " ".join(str(error).split())[:300]
        raise SourceError(f"read {file.name}", found, "export it again; it is no whole Parquet file") from None
    return Loaded(table, file.name, int(backend.execute(table.count())), tuple(names))


def _fields(type_: Any, path: tuple[str, ...], prefix: str) -> Iterator[tuple[str, str]]:  # a schema or a struct
    for index in range(len(type_) if isinstance(type_, pa.Schema) else type_.num_fields):
        part = type_.field(index)
        here, name = (*path, part.name), f"{prefix}{part.name}"
        if pa.types.is_struct(part.type):
            yield from _fields(part.type, here, f"{name}.")
        else:
            yield name, _as_text(part.type, ".".join(_quoted(step) for step in here))


def _as_text(type_: pa.DataType, column: str) -> str:
    if pa.types.is_timestamp(type_):
        return f"CAST({column} AS TIMESTAMPTZ)" if type_.tz else f"CAST({column} AS TIMESTAMP)"
    if pa.types.is_date(type_):
        return f"CAST({column} AS TIMESTAMP)"
    if pa.types.is_nested(type_):
        return f"CAST(to_json({column}) AS VARCHAR)"
    return f"CAST({column} AS VARCHAR)"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
