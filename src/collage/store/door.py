"""The door: does a table keep its contract? Refused whole, with file, column, first offending row and what to do."""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq

from collage.errors import ContractError, EngineError
from collage.store.engine import Engine, connect, said
from collage.tables import CONTRACTS, Column, Contract, Fault, expected, faults, from_text, json_object, to_json

__all__ = ["check", "conformed"]

# Columns that only tell where a row stands; no table may bring columns of these names.
_FILE, _ROW = "_file", "_row"
_TAKEN = {_FILE, _ROW, "filename", "file_row_number"}
_BLOCK = 2**20


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
        _refuse_missing_columns(raw, contract, files)
        _refuse_first_fault(engine, raw, contract)
        rows = int(engine.backend.to_pyarrow(raw.count()).as_py())
        duplicates = _duplicates(engine, conformed(engine, contract.name, files), contract, files)
    except duckdb.Error as error:
        do = "repair or replace the file; for a raw export use collage read with a map"
        raise ContractError(f"read {', '.join(f.name for f in files)}", said(error), do) from error
    return rows, duplicates, tuple(_unknown(raw, contract))


def _raw(engine: Engine, files: Sequence[Path], *, placed: bool = False) -> ir.Table:
    """Return the files as they are; with `placed`, also the file's name and the row's number in it, from 1."""
    paths = [str(file) for file in files]
    if engine.name == "spark":
        other = [file.name for file in files if file.suffix != ".parquet"]
        if other:
            do = "use --engine duckdb, or keep the table as Parquet"
            raise EngineError("read a dataset with Spark", f"{', '.join(other)}, which is no Parquet", do)
        # the parts of a table are the Parquet files of one folder
        folder = re.sub(r"([*?\[\]{}\\])", r"\\\1", str(files[0].parent))  # as below, in Hadoop's writing
        every = f"{folder}/{files[0].name if len(files) == 1 else '*.parquet'}"
        return engine.backend.read_parquet(every, mergeSchema=True)  # a column may lack in some of the files
    # bare, DuckDB would take [1], * and ? in a path for a pattern of other files
    names = ", ".join(_quoted(re.sub(r"([*?\[])", r"[\1]", path), "'") for path in paths)
    if files[0].suffix == ".parquet":
        place = f", parse_filename(filename) AS {_FILE}, file_row_number + 1 AS {_ROW}"
        columns = f"* EXCLUDE (filename, file_row_number){place if placed else ''}"
        source = f"read_parquet([{names}], union_by_name = true, filename = true, file_row_number = true)"
        return engine.view(f"SELECT {columns} FROM {source}")  # noqa: S608  # quoted above; Ibis has no row numbers of files
    place = (
        f", '{files[0].name.replace(chr(39), chr(39) * 2)}' AS {_FILE}, row_number() OVER () AS {_ROW}"
        if placed
        else ""
    )
    source = _texts(engine, files[0], names)
    return engine.view(f"SELECT *{place} FROM {source}")  # noqa: S608  # as above


def _texts(engine: Engine, file: Path, name: str) -> str:
    """Return SQL for a CSV or JSONL file all of whose columns are texts."""
    if file.name.endswith((".csv", ".csv.gz")):
        names = _csv_names(file)
        columns = ", ".join(f"{_quoted(column, chr(39))}: 'VARCHAR'" for column in names)
        # told everything, DuckDB skips no line that it cannot make out; with '' as its null it would forgive cells
        options = f"columns = {{{columns}}}, auto_detect = false, header = true, nullstr = '\uffff\ufffe'"
        options += ", delim = ',', quote = '\"', escape = '\"', strict_mode = true"
        texts = ", ".join(f"nullif({_quoted(column)}, '') AS {_quoted(column)}" for column in names)
        return f"(SELECT {texts} FROM read_csv({name}, {options}))"  # noqa: S608  # quoted above
    keys = engine.backend.raw_sql(
        f"SELECT DISTINCT unnest(json_keys(json)) AS k FROM read_ndjson_objects({name}) ORDER BY k"  # noqa: S608  # quoted above
    ).fetchall()
    _check_names(file, [key for (key,) in keys])
    picked = ", ".join(
        f'json ->> \'$."{k.replace(chr(39), chr(39) * 2)}"\' AS "{k.replace(chr(34), chr(34) * 2)}"' for (k,) in keys
    )
    return f"(SELECT {picked or 'NULL AS nothing'} FROM read_ndjson_objects({name}))"  # noqa: S608  # quoted above


def _csv_names(file: Path) -> list[str]:
    """Return the names in a CSV's header; a gzip file is read to its end, where its checksum stands."""
    opener = gzip.open if file.suffix == ".gz" else open
    try:
        with opener(file, "rt", encoding="utf-8-sig", newline="") as text:
            names = next(csv.reader(text, strict=True), [])
            while file.suffix == ".gz" and text.read(_BLOCK):
                pass
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        do = "repair or replace the file; it is UTF-8 text with a header line"
        raise ContractError(f"read {file.name}", said(error), do) from error
    if not names:
        raise ContractError(f"read {file.name}", "no header line", "make the file anew, or take it out of the dataset")
    _check_names(file, names)
    return names


def _check_names(file: Path, names: Sequence[str]) -> None:
    """Refuse a header which DuckDB would mend in silence."""
    count = Counter(name.casefold() for name in names)
    wrong = next((name for name in names if count[name.casefold()] > 1), None)
    if wrong is not None:
        do = "rename one (letter case does not tell them apart)"
        raise ContractError(f"read {file.name}", f"the column {wrong!r} twice", do)
    wrong = next((name for name in names if not name or name.casefold() in _TAKEN), None)
    if wrong is not None:
        found = f"a column {wrong!r}, a name of our own" if wrong else "a column without a name"
        raise ContractError(f"read {file.name}", found, "rename it, or take it out")


def _quoted(name: str, mark: str = '"') -> str:
    return mark + name.replace(mark, mark * 2) + mark


def _value(raw: ir.Table, name: str, type_: str) -> ir.Value:
    target = _TYPES[type_]
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


_TYPES: dict[str, dt.DataType] = {
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
    except (OSError, UnicodeError, pa.ArrowException) as error:
        raise ContractError(
            f"read {file.name}", said(error), "make the file anew; it is no whole Parquet file"
        ) from error
    _check_names(file, schema.names)
    for column in contract.columns:
        index = schema.get_field_index(column.name)
        if index < 0:
            continue
        type_ = schema.field(index).type
        if pa.types.is_timestamp(type_) and type_.unit == "ns" and column.type == "timestamp":
            do = "times are in microseconds; run the file through collage read, which rounds them down"
            raise ContractError(f"read {file.name}, column {column.name}", "nanosecond times", do)
        if not _fits(type_, column.type):
            do = f"write the column as {column.type}, or run the file through collage read"
            raise ContractError(f"read {file.name}, column {column.name}", f"type {type_}", do)


def _fits(type_: pa.DataType, wanted: str) -> bool:
    kinds = pa.types
    if kinds.is_dictionary(type_):
        return _fits(type_.value_type, wanted)
    if kinds.is_null(type_):
        return True
    texts = kinds.is_string(type_) or kinds.is_large_string(type_) or kinds.is_string_view(type_)
    whole = kinds.is_integer(type_) and type_ != pa.uint64()
    fits: dict[str, bool] = {
        "string": texts,
        "timestamp": kinds.is_timestamp(type_),
        "double": whole or kinds.is_floating(type_) or kinds.is_decimal(type_),
        "int64": whole,
        "bool": kinds.is_boolean(type_),
    }
    return fits[wanted]


def _refuse_missing_columns(raw: ir.Table, contract: Contract, files: Sequence[Path]) -> None:
    missing = [column.name for column in contract.columns if column.required and column.name not in raw.columns]
    if missing:
        found = (
            f"no column {', '.join(missing)} (there are: {', '.join(c for c in raw.columns if not c.startswith('_'))})"
        )
        do = "every table has its required columns; for a raw export use collage read with a map"
        raise ContractError(f"read {files[0].name} as {contract.name}", found, do)


def _refuse_first_fault(engine: Engine, raw: ir.Table, contract: Contract) -> None:
    """Count every fault in one pass; only when there is one, look for its first row."""
    columns = [column for column in contract.columns if column.name in raw.columns]
    texts = [c for c in columns if c.type != "string" and raw[c.name].type().is_string()]
    values = {column.name: _value(raw, column.name, column.type) for column in columns}
    typed = raw.select(_FILE, _ROW, **values, **{f"_t_{c.name}": raw[c.name].strip().nullif("") for c in texts})
    every = [_unread(typed, column) for column in texts] + faults(typed, contract)
    flags = {f"f{i}": fault.when for i, fault in enumerate(every)}
    flagged = typed.select(_FILE, _ROW, **flags, **{f"x{i}": fault.found for i, fault in enumerate(every)})
    counts = engine.backend.to_pyarrow(flagged.aggregate(**{flag: flagged[flag].sum() for flag in flags})).to_pylist()[
        0
    ]
    for i, fault in enumerate(every):
        if counts[f"f{i}"]:
            first = flagged.filter(flagged[f"f{i}"]).order_by(_FILE, _ROW).limit(1)
            row = engine.backend.to_pyarrow(first.select(_FILE, _ROW, found=f"x{i}")).to_pylist()[0]
            raise _broken(contract, fault.column, fault.reason, row, counts[f"f{i}"])


def _unread(typed: ir.Table, column: Column) -> Fault:
    """Return the fault of a text that cannot be turned into its column's type."""
    text = typed[f"_t_{column.name}"]
    return Fault(column.name, f"is not {expected(column)}", text.notnull() & typed[column.name].isnull(), text)


def _broken(contract: Contract, column: str, reason: str, row: dict[str, Any], n: int) -> ContractError:
    more = f" ({n:,} rows in all)" if n > 1 else ""
    found = "null" if row["found"] is None else repr(str(row["found"])[:200])
    asked = f"read {row[_FILE]} as {contract.name}: column {column}, row {row[_ROW]}"
    what = f"{column} holds {expected(contract[column])}"
    do = f"{what}; correct the export, or run it through collage read, which sets such rows aside"
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
