"""Small datasets: rows as Python values, as Arrow tables of the contract, as files."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq

from collage.store import Dataset
from collage.tables import CONTRACTS

AT = datetime(2024, 5, 1, 10, tzinfo=UTC)
Row = dict[str, Any]


def touchpoint(n: int, **more: Any) -> Row:
    """Return a sound touchpoint."""
    named = {"touchpoint_id": f"s:{n}", "identifier": "user:1", "occurred_at": AT + timedelta(minutes=n), "kind": "a.b"}
    return {**named, **more}


def arrow(rows: list[Row], name: str = "touchpoints") -> pa.Table:
    """Return rows as a table of the contract."""
    return pa.Table.from_pylist(rows, CONTRACTS[name].schema().to_pyarrow())


def as_table(rows: list[Row], name: str = "touchpoints") -> ir.Table:
    """Return rows as the Ibis table that is to be written."""
    return ibis.memtable(arrow(rows, name), schema=CONTRACTS[name].schema())


def parquet(file: Path, columns: dict[str, pa.Array] | list[Row], **options: Any) -> None:
    """Write a Parquet file, its folders too."""
    file.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table(columns) if isinstance(columns, dict) else pa.Table.from_pylist(columns)
    pq.write_table(table, file, **options)


def as_csv(rows: list[Row]) -> bytes:
    """Return rows as a CSV file, as a person would write it."""

    def cell(value: Any) -> str:
        text = "" if value is None else value.isoformat() if isinstance(value, datetime) else str(value)
        return '"' + text.replace('"', '""') + '"' if set(text) & set(',"\n') else text

    names = list(dict.fromkeys(name for row in rows for name in row))
    return "\n".join([",".join(names), *(",".join(cell(row.get(name)) for name in names) for row in rows), ""]).encode()


def as_jsonl(rows: list[Row]) -> bytes:
    """Return rows as a JSONL file."""
    return "\n".join(json.dumps(row, default=datetime.isoformat) for row in rows).encode()


def as_gzip(rows: list[Row]) -> bytes:
    """Return rows as a gzipped CSV file."""
    return gzip.compress(as_csv(rows))


def rows_of(dataset: Dataset, name: str = "touchpoints") -> list[Row]:
    """Return the rows of a table, sorted by its first column, without what is null."""
    table = dataset.table(name)
    assert table.schema() == CONTRACTS[name].schema()
    found = dataset.engine.backend.to_pyarrow(table.order_by(table.columns[0])).to_pylist()
    return [{key: value for key, value in row.items() if value is not None} for row in found]
