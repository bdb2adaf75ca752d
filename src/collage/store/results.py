"""Results of a command: to a file or as text, as table, JSON, CSV or Parquet."""

from __future__ import annotations

import io
import json
import math
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from collage.errors import DatasetError

__all__ = ["render", "write_result"]


def render(table: pa.Table, format_: str) -> bytes:
    """Return a table as the bytes of one of json, csv, parquet.

    JSON is a list of objects with exactly the table's columns; times end in ``Z``. In CSV, texts which a spreadsheet
    would run as a formula are preceded by an apostrophe, and an object has a column for each of its fields.

    Parameters
    ----------
    table
        The result.
    format_
        json, csv or parquet.

    Returns
    -------
    bytes
        The whole file.
    """
    buffer = io.BytesIO()
    if format_ == "json":
        rows = [{name: _plain(value) for name, value in row.items()} for row in table.to_pylist()]
        return (json.dumps(rows, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
    if format_ == "csv":
        pa.csv.write_csv(_harmless(table.flatten()), buffer)
    else:
        pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def write_result(table: pa.Table, file: Path, format_: str) -> None:
    """Write a result under a temporary name, then rename it.

    Parameters
    ----------
    table
        The result.
    file
        Where it goes; what is there is replaced.
    format_
        json, csv or parquet.

    Raises
    ------
    DatasetError
        When the place cannot be written.
    """
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        part.write_bytes(render(table, format_))
        part.replace(file)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise DatasetError(f"write {file}", str(error), "choose another place with --out") from error


def _plain(value: Any) -> Any:  # whatever Arrow holds
    if isinstance(value, datetime):
        aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        return aware.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _harmless(table: pa.Table) -> pa.Table:
    for index, field in enumerate(table.schema):
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
            texts = table.column(index).to_pylist()
            safe = [f"'{t}" if t is not None and t[:1] in {"=", "+", "-", "@", "\t", "\r"} else t for t in texts]
            table = table.set_column(index, field.name, pa.array(safe, pa.string()))
        if pa.types.is_timestamp(field.type):
            texts = [_plain(value) for value in table.column(index).to_pylist()]
            table = table.set_column(index, field.name, pa.array(texts, pa.string()))
    return table
