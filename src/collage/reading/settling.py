"""Settling what was emitted: bad rows go, an id used twice keeps its earliest row, what is identical is kept once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir

from collage.reading.sections import FAULT
from collage.reading.spool import kept, rows_of
from collage.tables import CONTRACTS

__all__ = ["Settled", "once", "settled"]

_TIME_OF = {"touchpoints": "occurred_at", "ratings": "rated_at", "promises": "made_at"}
_PLACE = ("_section", "_emit", "_file", "_row")
_TURNS = 10  # each takes some queries, and a chain of clashes may be as long as the file


@dataclass(frozen=True, slots=True)
class Settled:
    """The rows of each table that stay, how many rows and ids they are, and each bad row of a file, with its fault."""

    good: Mapping[str, ir.Table]
    counts: Mapping[str, tuple[int, int]]
    bad: ir.Table


def settled(backend: Any, out: Mapping[str, ir.Table]) -> Settled:
    """Return what stays of the emitted rows, and what does not.

    A row that is bad in one table is gone from all. Where an id stands for two contents, the earliest (time, then
    place) stays and the rows of the others are bad. The tables of `out` lose their bad rows.
    """
    bad = _bad(backend, out)
    _remove(backend, out, bad)
    turns = 0
    while True:
        counts = {name: _rows_and_ids(backend, table, CONTRACTS[name].key) for name, table in out.items()}
        several = {name: out[name] for name, (rows, ids) in counts.items() if rows > ids}
        clashes = [_clash(backend, name, table) for name, table in several.items()]
        if not any(rows_of(backend, clash) for clash in clashes):
            return Settled(out, counts, bad)
        going = _going(backend, _all(clashes), patient=turns < _TURNS)
        _remove(backend, out, going)
        bad = kept(backend, bad.union(going))
        turns += 1


def once(backend: Any, name: str, whole: Settled) -> ir.Table:
    """Return a settled table with each id once."""
    key, columns = CONTRACTS[name].key, list(CONTRACTS[name].names)
    table, (rows, ids) = whole.good[name], whole.counts[name]
    if rows == ids:
        return table.select(columns)
    # rows that share an id are identical by now
    several = table.semi_join(_twice(table, key), key)
    number = ibis.row_number().over(ibis.window(group_by=key, order_by=_PLACE))
    numbered = several.select(*_PLACE, _n=number)
    _mark(backend, table, kept(backend, numbered.filter(numbered["_n"] > 0)))
    return table.filter(~table["_again"]).select(columns)


def _rows_and_ids(backend: Any, table: ir.Table, key: str) -> tuple[int, int]:
    """Return how many rows there are, and how many ids."""
    hashed = _rows_and_groups(backend, table, table[key].hash())
    # as many hashes as rows: as many ids as rows
    return hashed if hashed[0] == hashed[1] else _rows_and_groups(backend, table, table[key])


def _rows_and_groups(backend: Any, table: ir.Table, by: ir.Value) -> tuple[int, int]:
    groups = table.group_by(by=by).agg(n=table.count())
    counted = backend.to_pyarrow(groups.aggregate(rows=groups["n"].sum(), groups=groups.count())).to_pylist()[0]
    return int(counted["rows"] or 0), int(counted["groups"])


def _twice(table: ir.Table, key: str) -> ir.Table:
    """Return the ids of more than one row."""
    counted = table.group_by(key).agg(_times=table.count())
    return counted.filter(counted["_times"] > 1)


def _remove(backend: Any, out: Mapping[str, ir.Table], bad: ir.Table) -> None:
    """Take bad rows out of tables where they are: what stays keeps its order, which no join does."""
    if not rows_of(backend, bad):
        return
    for table in out.values():
        query = f"DELETE FROM {table.get_name()} AS here USING {bad.get_name()} AS there"  # noqa: S608  # names of our own
        backend.raw_sql(f"{query} WHERE {_same('_file', '_row')}").fetchall()


def _mark(backend: Any, table: ir.Table, again: ir.Table) -> None:
    """Mark the rows of a table that stand in another, by their place."""
    query = f"UPDATE {table.get_name()} AS here SET _again = true FROM {again.get_name()} AS there"  # noqa: S608  # as above
    backend.raw_sql(f"{query} WHERE {_same(*_PLACE)}").fetchall()


def _same(*columns: str) -> str:
    return " AND ".join(f"here.{column} = there.{column}" for column in columns)


def _all(parts: list[ir.Table]) -> ir.Table:
    return parts[0] if len(parts) == 1 else ibis.union(*parts)


def _bad(backend: Any, out: Mapping[str, ir.Table]) -> ir.Table:
    """Return each bad row once, with its first fault."""
    every = [
        table.filter(table["_fault"].notnull()).select("_file", "_row", "_section", "_emit", "_fault")
        for table in out.values()
    ]
    found = _all(every)
    place = found["_section"] * 1000 + found["_emit"]
    first = found.mutate(_place=place).group_by("_file", "_row").agg(_fault=lambda t: t["_fault"].argmin(t["_place"]))
    return kept(backend, first)


def _going(backend: Any, clashes: ir.Table, *, patient: bool) -> ir.Table:
    """Return the rows that go: those that clash with a row which stays.

    A row that clashes only with rows which go themselves is asked again when they are gone; its id would be lost
    otherwise. Where rows clash in a circle, or without patience, all of them go.
    """
    clashing = clashes.select(_first_file="_file", _first_row="_row").distinct()
    alone = (clashes["_file"] == clashes["_first_file"]) & (clashes["_row"] == clashes["_first_row"])
    surely = clashes.anti_join(clashing, ["_first_file", "_first_row"]).union(clashes.filter(alone))
    sure = kept(backend, surely)
    going = sure if patient and rows_of(backend, sure) else clashes
    # of a row that clashes more than once the same fault is told each time
    told = going["_fault"]["column"].concat(going["_fault"]["found"])
    return kept(backend, going.group_by("_file", "_row").agg(_fault=going["_fault"].argmin(told)))


def _clash(backend: Any, name: str, table: ir.Table) -> ir.Table:
    """Return the rows whose id stands for another content in an earlier row, with the place of that one."""
    key = CONTRACTS[name].key
    columns = list(CONTRACTS[name].names)
    order = [*([_TIME_OF[name]] if name in _TIME_OF else []), "_file", "_row", "_section", "_emit"]
    several = table.semi_join(_twice(table, key), key)
    number = ibis.row_number().over(ibis.window(group_by=key, order_by=order))
    several = kept(backend, several.mutate(_n=number))
    first = several.filter(several["_n"] == 0)
    first = first.select(**{f"_k_{c}": c for c in columns}, _first_file="_file", _first_row="_row")
    both = several.filter(several["_n"] > 0).inner_join(first, several[key] == first[f"_k_{key}"])
    same = ibis.and_(*(both[c].identical_to(both[f"_k_{c}"]) for c in columns))
    fault = ibis.struct(
        {
            "column": ibis.literal(key),
            "reason": ibis.literal("is an id used twice, with another content"),
            "found": both[key],
        }
    ).cast(FAULT)
    places = ["_file", "_row", "_first_file", "_first_row"]
    clashes = both.filter(~same).select(*places, _fault=fault).distinct()
    return kept(backend, clashes)
