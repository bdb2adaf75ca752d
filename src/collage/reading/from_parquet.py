"""Parquet: by DuckDB's reader; everything but times becomes text, fields of a struct are columns with a dot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from collage.errors import SourceError
from collage.reading.mapping import SourceTable
from collage.reading.spool import Loaded, Rejects, create, place, rows_of, said

__all__ = ["read"]

# the last is DuckDB's own, and it takes no other column of this name
_TAKEN = {"_row", "_file", "_raw", "file_row_number"}


def read(backend: Any, file: Path, source: SourceTable, wanted: Iterable[str], rejects: Rejects) -> Loaded:  # noqa: ARG001  # one signature for all formats
    """Read a Parquet file; nanoseconds are rounded down to microseconds, bytes that are UTF-8 are text.

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
        _check_names(file, names)
        picked = ", ".join(f"{value} AS {_quoted(name)}" for name, value in fields)
        query = f"SELECT {picked}, file_row_number + 1 AS _row FROM read_parquet({place(file)}, file_row_number = true)"  # noqa: S608  # quoted above
        table = create(backend, query)
    except (OSError, UnicodeError, pa.ArrowException, duckdb.Error) as error:
        do = "export it again, and check that it is whole"
        raise SourceError(f"read {file.name}", f"no Parquet file that can be read ({said(error)})", do) from None
    return Loaded(table, file.name, rows_of(backend, table), tuple(names))


def _check_names(file: Path, names: list[str]) -> None:
    if not names:
        raise SourceError(f"read {file.name}", "a Parquet file without a column", "export it again, or leave it out")
    count = Counter(name.casefold() for name in names)
    twice = next((name for name in names if count[name.casefold()] > 1), None)
    if twice is not None:
        do = "rename one (letter case does not tell them apart)"
        raise SourceError(f"read {file.name}", f"the column {twice!r} twice", do)
    taken = next((name for name in names if name.casefold() in _TAKEN), None)
    if taken is not None:
        raise SourceError(f"read {file.name}", f"a column {taken!r}, a name of our own", "rename it in the export")


def _fields(type_: Any, path: tuple[str, ...], prefix: str) -> Iterator[tuple[str, str]]:  # a schema or a struct
    for index in range(len(type_) if isinstance(type_, pa.Schema) else type_.num_fields):
        part = type_.field(index)
        here, name = (*path, part.name), f"{prefix}{part.name}"
        if pa.types.is_struct(part.type):
            yield from _fields(part.type, here, f"{name}.")
        else:
            yield name, _as_text(part.type, ".".join(_quoted(step) for step in here))


def _as_text(type_: pa.DataType, column: str) -> str:
    if pa.types.is_timestamp(type_) or pa.types.is_date(type_):
        return _as_time(type_, column)
    if pa.types.is_nested(type_):
        return f"CAST(to_json({column}) AS VARCHAR)"
    if pa.types.is_binary(type_) or pa.types.is_large_binary(type_):
        return f"coalesce(try(decode({column})), CAST({column} AS VARCHAR))"
    if pa.types.is_floating(type_):  # 4711.0 is the customer whom a CSV calls 4711
        # isfinite: a file's statistics do not count NaN, and DuckDB drops comparisons which they make needless
        whole = f"isfinite({column}) AND {column} = trunc({column}) AND abs({column}) < 9007199254740992"
        return f"CASE WHEN {whole} THEN CAST(CAST({column} AS BIGINT) AS VARCHAR) ELSE CAST({column} AS VARCHAR) END"
    return f"CAST({column} AS VARCHAR)"


def _as_time(type_: pa.DataType, column: str) -> str:
    """Return a time as SQL; one far off is infinite, for DuckDB itself would die of turning it into a text."""
    own = "DATE" if pa.types.is_date(type_) else "TIMESTAMPTZ" if type_.tz else "TIMESTAMP"
    to = "TIMESTAMPTZ" if own == "TIMESTAMPTZ" else "TIMESTAMP"
    if own != "DATE" and type_.unit == "ns":  # cast, it would be rounded to the nearest
        ns = f"epoch_ns({column})"
        down = f"make_{to.lower()}({ns} // 1000 - CAST({ns} % 1000 < 0 AS BIGINT))"
        return f"coalesce({down}, CASE WHEN {column} IS NOT NULL THEN CAST('infinity' AS {to}) END)"
    early, late = (f"{column} {edge}" for edge in (f"< {own} '0001-01-01'", f">= {own} '9999-12-31'"))
    return f"CASE WHEN {early} THEN {to} '-infinity' WHEN {late} THEN {to} 'infinity' ELSE CAST({column} AS {to}) END"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
