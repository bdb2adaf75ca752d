"""The same map for records that arrive one batch after the other: compiled once to SQL, run in milliseconds.

Building the expressions of a map takes Ibis about a second, running what they say about a thousand records a tenth of
that. There is no second implementation: the text is what `sections` builds for the rows of a file, on tables by the
names in `Live.inputs`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Literal

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from collage.errors import MapError
from collage.reading.from_jsonl import as_text, at
from collage.reading.mapping import OWN, Map, Section
from collage.reading.sections import Staged, alone, emitted
from collage.reading.sources import cleaned
from collage.reading.times import in_sql
from collage.tables import CONTRACTS

__all__ = ["Live", "live"]

_ROWS, _ASKED = "rows", "asked"
_AT = ibis.schema({"at": "timestamp('UTC', 6)"})
_MOST_EMITS = 1000


@dataclass(frozen=True, slots=True)
class Live:
    """A map as queries, and what they read.

    `statements` has one query for each table that the map emits into, by its name. They read the tables in `inputs`,
    which whoever runs them fills: ``rows`` (`Live.rows` makes it of records) and ``asked`` (one row, the moment `at`).
    Each gives the columns of the table's contract, then `_row` (the record's place, from 1), `_emit` (the place of the
    emit in the map) and `_fault` (a struct of `column`, `reason` and `found`; null where the row is good).

    What a reading of files does with these rows, whoever runs the queries does himself: a record with a fault in any of
    its rows, of whichever table, is bad as a whole, and the fault with the smallest `_emit` is the one that is told; a
    record that is in no table's rows is filtered.

    `fixed` are the zones in which the map reads local times.
    """

    engine: Literal["duckdb"]
    columns: tuple[str, ...]
    statements: Mapping[str, str] = field(hash=False)
    inputs: Mapping[str, pa.Schema] = field(hash=False)
    fixed: Mapping[str, pa.Table] = field(hash=False)

    def rows(self, records: Sequence[Mapping[str, Any]]) -> pa.Table:
        """Return decoded JSON objects as the input ``rows``, each column as the reader of JSONL would give it.

        Parameters
        ----------
        records
            Objects without NUL characters and halves of characters (lone surrogates), which no text can hold.

        Returns
        -------
        pyarrow.Table
            The columns that the map mentions, as texts, and `_row`, counted from 1. A column that no record has is
            null.
        """
        paths = [(name, name.split(".")) for name in self.columns]
        columns = [[_text(at(record, name, path)[1]) for record in records] for name, path in paths]
        numbers = pa.array(range(1, len(records) + 1), pa.int64())
        return pa.table([*columns, numbers], schema=self.inputs[_ROWS])


def live(map_: Map) -> Live:
    """Return a map as queries for records that arrive live.

    Identifiers stay as the map writes them: `customers.in_normal_form` is no SQL, and whoever runs the queries applies
    it to what they give.

    Parameters
    ----------
    map_
        A map whose rows stand alone: without joins, keys, orders, and the number of a row.

    Returns
    -------
    Live
        `store.prepare` runs it.

    Raises
    ------
    MapError
        When the map needs more than one record at a time, or what only a file has.
    """
    _refuse(map_)
    source = map_.tables[0]
    wanted = map_.wanted(source.name)
    rows = ibis.table({**dict.fromkeys(wanted, "string"), "_row": "int64"}, name=_ROWS)
    asked = ibis.table(_AT, name=_ASKED)
    clean = cleaned(rows.mutate(_file=ibis.null("string")), source, wanted)
    stages = [alone(map_, section, clean) for section in map_.sections]
    fixed: dict[str, pa.Table] = {}
    statements: dict[str, str] = {}
    for name, made in _emitted(map_, stages, asked["at"].as_scalar()).items():
        table, lookups = in_sql(made)
        fixed |= lookups
        statements[name] = _as_query(name, table)
    inputs = {_ROWS: rows.schema().to_pyarrow(), _ASKED: _AT.to_pyarrow()}
    return Live("duckdb", wanted, statements, inputs, fixed)


def _emitted(map_: Map, stages: Sequence[Staged], now: ir.TimestampScalar) -> dict[str, ir.Table]:
    parts: dict[str, list[ir.Table]] = {}
    for number, stage in enumerate(stages):
        for index, emit in enumerate(stage.section.emits):
            made = emitted(map_, stage, index, now=now, normalise=None)
            place = ibis.literal(number * _MOST_EMITS + index, type="int64")
            names = CONTRACTS[emit.into].names
            parts.setdefault(emit.into, []).append(made.select(*names, "_row", _emit=place, _fault=made["_fault"]))
    found = {name: parts[name] for name in CONTRACTS if name in parts}
    return {name: made[0] if len(made) == 1 else ibis.union(*made) for name, made in found.items()}


def _as_query(name: str, table: ir.Table) -> str:
    ibis.duckdb  # noqa: B018  # loads the backend, without whose options Ibis writes no text for it
    query = str(ibis.to_sql(table, dialect="duckdb", pretty=False))
    # Ibis writes a number of the map as DuckDB's decimal and takes it for a double, which it sees no need to cast to
    doubles = [column.name for column in CONTRACTS[name].columns if column.type == "double"]
    casts = ", ".join(f"CAST({column} AS DOUBLE) AS {column}" for column in doubles)
    return f"SELECT * REPLACE ({casts}) FROM ({query})" if casts else query  # noqa: S608  # the contracts' names


def _text(value: Any) -> str | None:
    text = as_text(value)
    if isinstance(value, list | dict) and text is not None and ("NaN" in text or "Infinity" in text):
        return as_text(_finite(value))
    return text


def _finite(value: Any) -> Any:
    """Return a list or an object with what is no number for JSON as a text, as the reader of JSONL has it."""
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_finite(each) for each in value]
    return json.dumps(value) if isinstance(value, float) and not isfinite(value) else value


# ---- what cannot be had live


def _refuse(map_: Map) -> None:
    if len(map_.tables) > 1:
        found = f"{len(map_.tables)} tables of files: {', '.join(table.name for table in map_.tables)}"
        raise _only_files(found, "make a map of one table, a source for each kind of record")
    for index, section in enumerate(map_.sections, 1):
        for holds, found, do in _needs(section):
            if holds:
                raise _only_files(f"rows {index}: {found}", do)


def _needs(section: Section) -> Iterator[tuple[bool, str, str]]:
    """Yield what a section can need that no record has by itself, and what to do about it."""
    do = "let each record say what it is; for what several say together, read them as files"
    yield bool(section.key or section.order), "key and order, which put several records together", do
    own = next((name for name in _mentioned(section) if name in OWN), None)
    yield own is not None, f"{{{own}}}, which begins anew with each batch", "make ids of what the record itself holds"


def _mentioned(section: Section) -> Iterator[str]:
    """Yield every column that a section mentions, whoever fills it."""
    values = [value for _, value in section.derive] + [value for emit in section.emits for _, value in emit.values]
    for value in values:
        yield from value.columns()
    for condition in (section.keep, section.drop, *(emit.when for emit in section.emits)):
        if condition is not None:
            yield from condition.columns


def _only_files(found: str, do: str) -> MapError:
    return MapError("use the map for records that arrive live", found, do)
