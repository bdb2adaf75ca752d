"""The door: does a table keep its contract? Refused whole, with file, column, first offending row and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq

from collage.errors import ContractError, EngineError
from collage.store.engine import Engine, connect
from collage.tables import CONTRACTS, Contract, expected, faults, from_text, json_object, to_json

__all__ = ["check", "conformed"]

# Columns that only tell where a row stands; no table may bring columns of these names.
_FILE, _ROW = "_file", "_row"


def conformed(engine: Engine, name: str, files: Sequence[Path]) -> ir.Table:
    """Return a table's files as one table in contract order and types; unknown columns go to `properties`."""
    contract = CONTRACTS[name]
    raw = _raw(engine, files)
    values = {column.name: _value(raw, column.name, column.type) for column in contract.columns}
    extra = _unknown(raw, contract)
    if extra and "properties" in values:
        values["properties"] = _with_extra(engine, raw, extra, values["properties"])
    return raw.select(**values)


def check(engine: Engine, name: str, files: Sequence[Path]) -> tuple[int, int, tuple[str, ...]]:
    """Check a table against its contract; return its rows, its duplicates, and its unknown columns.

    Raises
    ------
    ContractError
        With file, column, first offending row, what was expected and what to do.
    """
    contract = CONTRACTS[name]
    own = engine if engine.name == "duckdb" else connect("duckdb")
    try:
        for file in files:
            if file.suffix == ".parquet":
                _check_parquet_types(file, contract)
        return _check_rows(own, contract, files)
    except ibis.common.exceptions.IbisError as error:
        raise ContractError(f"read {files[0].name} as {name}", str(error), "make it anew with collage read") from error
    finally:
        if own is not engine:
            own.close()


def _check_rows(engine: Engine, contract: Contract, files: Sequence[Path]) -> tuple[int, int, tuple[str, ...]]:
    try:
        raw = _raw(engine, files, placed=True)
        _check_columns(raw, contract, files)
        typed = raw.select(
            _ROW, _FILE, **{c.name: _value(raw, c.name, c.type) for c in contract.columns if c.name in raw.columns}
        )
        _refuse_first_fault(engine, raw, typed, contract)
        rows = int(engine.backend.execute(raw.count()))
        duplicates = _duplicates(engine, conformed(engine, contract.name, files), contract, files)
    except _engine_errors() as error:
        do = "repair or replace the file; for a raw export use collage read with a map"
        raise ContractError(f"read {', '.join(f.name for f in files)}", _first_lines(error), do) from error
    return rows, duplicates, tuple(_unknown(raw, contract))


def _raw(engine: Engine, files: Sequence[Path], *, placed: bool = False) -> ir.Table:
    """Return the files as they are; with `placed`, also the file's name and the row's number in it, from 1."""
    paths = [str(file) for file in files]
    if engine.name == "spark":
        other = [file.name for file in files if file.suffix != ".parquet"]
        if other:
            do = "use --engine duckdb, or keep the table as Parquet"
            raise EngineError("read a dataset with Spark", f"{', '.join(other)}, which is no Parquet", do)
        return engine.backend.read_parquet(paths if len(paths) > 1 else paths[0])
    names = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
    if files[0].suffix == ".parquet":
        place = f", parse_filename(filename) AS {_FILE}, file_row_number + 1 AS {_ROW}"
        columns = f"* EXCLUDE (filename, file_row_number){place if placed else ''}"
        source = f"read_parquet([{names}], union_by_name = true, filename = true, file_row_number = true)"
        return engine.view(f"SELECT {columns} FROM {source}")  # noqa: S608  # quoted above; Ibis has no row numbers of files
    place = f", '{files[0].name.replace(chr(39), chr(39) * 2)}' AS {_FILE}, row_number() OVER () AS {_ROW}" if placed else ""
    source = _texts(engine, files[0], names)
    return engine.view(f"SELECT *{place} FROM {source}")  # noqa: S608  # as above


def _texts(engine: Engine, file: Path, name: str) -> str:
    """Return SQL for a CSV or JSONL file all of whose columns are texts."""
    if file.name.endswith((".csv", ".csv.gz")):
        return f"read_csv({name}, all_varchar = true, header = true, delim = ',', quote = '\"', escape = '\"', auto_detect = true)"
    keys = engine.backend.raw_sql(
        f"SELECT DISTINCT unnest(json_keys(json)) AS k FROM read_ndjson_objects({name}) ORDER BY k"  # noqa: S608
    ).fetchall()
    picked = ", ".join(f"json ->> '$.\"{k.replace(chr(39), chr(39) * 2)}\"' AS \"{k.replace(chr(34), chr(34) * 2)}\"" for (k,) in keys)
    return f"(SELECT {picked or 'NULL AS nothing'} FROM read_ndjson_objects({name}))"  # noqa: S608


def _value(raw: ir.Table, name: str, type_: str) -> ir.Value:
    target = CONTRACTS_TYPES[type_]
    if name not in raw.columns:
        return ibis.null(target)
    value = raw[name]
    if value.type() == target:
        return value
    if value.type().is_string():
        return from_text(value.strip().nullif(""), type_)
    if type_ == "timestamp" and value.type().is_timestamp():
        # a time without a zone is UTC, because the session's zone is
        return value.cast(target)
    return value.cast(target)


CONTRACTS_TYPES: dict[str, dt.DataType] = {
    column.type: contract.schema()[column.name] for contract in CONTRACTS.values() for column in contract.columns
}


def _unknown(raw: ir.Table, contract: Contract) -> list[str]:
    return [name for name in raw.columns if name not in {*contract.names, _FILE, _ROW}]


def _with_extra(engine: Engine, raw: ir.Table, extra: Sequence[str], properties: ir.Value) -> ir.Value:
    """Return `properties` with the unknown columns put into it."""
    added = {name: raw[name].cast("string") for name in extra}
    if engine.name == "duckdb":
        return json_object(added, over=properties)
    if "properties" in raw.columns:
        do = "put them into properties yourself, or use --engine duckdb"
        raise EngineError("read unknown columns beside properties with Spark", ", ".join(extra), do)
    return to_json(ibis.struct(added))


def _check_parquet_types(file: Path, contract: Contract) -> None:
    try:
        schema = pq.read_schema(file)
    except (OSError, pa.ArrowException) as error:
        raise ContractError(f"read {file.name}", _first_lines(error), "make the file anew; it is no whole Parquet file") from error
    for column in contract.columns:
        index = schema.get_field_index(column.name)
        if index < 0:
            continue
        type_ = schema.field(index).type
        if pa.types.is_timestamp(type_) and type_.unit == "ns" and column.type == "timestamp":
            do = "times are in microseconds; run the file through collage read, which rounds them down"
            raise ContractError(f"read {file.name}, column {column.name}", "nanosecond times", do)
        if not _fits(type_, column.type):
            do = f"write the column as {column.type} ({expected(column)}), or run the file through collage read"
            raise ContractError(f"read {file.name}, column {column.name}", f"type {type_}", do)


def _fits(type_: pa.DataType, wanted: str) -> bool:
    kinds = pa.types
    if kinds.is_dictionary(type_):
        return _fits(type_.value_type, wanted)
    if kinds.is_null(type_):
        return True
    texts = kinds.is_string(type_) or kinds.is_large_string(type_) or kinds.is_string_view(type_)
    whole = kinds.is_integer(type_) and type_ != pa.uint64()
    return {
        "string": texts,
        "timestamp": kinds.is_timestamp(type_),
        "double": whole or kinds.is_floating(type_) or kinds.is_decimal(type_),
        "int64": whole,
        "bool": kinds.is_boolean(type_),
    }[wanted]


def _check_columns(raw: ir.Table, contract: Contract, files: Sequence[Path]) -> None:
    missing = [column.name for column in contract.columns if column.required and column.name not in raw.columns]
    if missing:
        found = f"no column {', '.join(missing)} (there are: {', '.join(c for c in raw.columns if not c.startswith('_'))})"
        do = "every table has its required columns; for a raw export use collage read with a map"
        raise ContractError(f"read {files[0].name} as {contract.name}", found, do)


def _refuse_first_fault(engine: Engine, raw: ir.Table, typed: ir.Table, contract: Contract) -> None:
    """Count every fault in one pass; only when there is one, look for its first row."""
    every: list[tuple[str, str, ir.BooleanValue, ir.Value]] = []
    for column in contract.columns:
        if column.name in raw.columns and raw[column.name].type().is_string() and column.type != "string":
            text = raw[column.name].strip().nullif("")
            wrong = text.notnull() & _value(raw, column.name, column.type).isnull()
            every.append((column.name, f"is not {expected(column)}", wrong, text))
    tests = raw.select(_FILE, _ROW, **{f"f{i}": test for i, (_, _, test, _) in enumerate(every)}, **{
        f"x{i}": found for i, (_, _, _, found) in enumerate(every)
    })
    wrongs = [(c, r, tests, f"f{i}", f"x{i}") for i, (c, r, _, _) in enumerate(every)]
    later = faults(typed, contract)
    checks = typed.select(_FILE, _ROW, **{f"f{i}": f.when for i, f in enumerate(later)}, **{f"x{i}": f.found for i, f in enumerate(later)})
    wrongs += [(f.column, f.reason, checks, f"f{i}", f"x{i}") for i, f in enumerate(later)]
    counts = [_counts(engine, table, [w for w in wrongs if w[2] is table]) for table in (tests, checks)]
    for (column, reason, table, flag, found), n in zip(wrongs, [*counts[0], *counts[1]], strict=True):
        if n:
            first = table.filter(table[flag]).order_by(_FILE, _ROW).limit(1)
            row = engine.backend.to_pyarrow(first.select(_FILE, _ROW, found=found)).to_pylist()[0]
            raise _broken(contract, column, reason, row, n)


def _counts(engine: Engine, table: ir.Table, wrongs: Sequence[tuple[Any, ...]]) -> list[int]:
    if not wrongs:
        return []
    sums = {flag: table[flag].sum() for _, _, _, flag, _ in wrongs}
    counted = engine.backend.to_pyarrow(table.aggregate(**sums)).to_pylist()[0]
    return [int(counted[flag] or 0) for flag in sums]


def _broken(contract: Contract, column: str, reason: str, row: dict[str, Any], n: int) -> ContractError:
    more = f" ({n:,} rows in all)" if n > 1 else ""
    found = "null" if row["found"] is None else repr(str(row["found"])[:200])
    asked = f"read {row[_FILE]} as {contract.name}: column {column}, row {row[_ROW]}"
    do = f"a {column} is {expected(contract[column])}; correct the export, or run it through collage read, which sets such rows aside"
    return ContractError(asked, f"{found}, which {reason}{more}", do)


def _duplicates(engine: Engine, table: ir.Table, contract: Contract, files: Sequence[Path]) -> int:
    """Return how many rows are there twice; refuse one id with two contents."""
    if not contract.key:
        return 0
    n = table.count()
    ids = table[contract.key].nunique()
    rows, distinct = engine.backend.to_pyarrow(table.aggregate(n=n, ids=ids)).to_pylist()[0].values()
    if rows == distinct:
        return 0
    unique = table.distinct()
    twice = unique.group_by(contract.key).agg(n=unique.count()).filter(ibis._.n > 1).order_by(contract.key).limit(1)
    clash = engine.backend.to_pyarrow(twice).to_pylist()
    if clash:
        do = "an id is one row; correct the export, or run it through collage read, which sets the later ones aside"
        found = f"{clash[0][contract.key]!r} stands for {clash[0]['n']} different rows"
        raise ContractError(f"read {files[0].name} as {contract.name}: column {contract.key}", found, do)
    return int(rows - distinct)


def _engine_errors() -> tuple[type[Exception], ...]:
    import duckdb  # noqa: PLC0415  # only its error class is wanted, and only where something failed

    return (duckdb.Error,)


def _first_lines(error: Exception) -> str:
    return " ".join(str(error).split())[:400]
