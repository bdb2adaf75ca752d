"""Settling what was emitted: bad rows go, an id used twice keeps its earliest row, what is identical is kept once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ibis
import ibis.expr.types as ir

from collage.reading.sections import FAULT
from collage.reading.spool import kept
from collage.tables import CONTRACTS

__all__ = ["once", "settled"]

_TIME_OF = {"touchpoints": "occurred_at", "ratings": "rated_at", "promises": "made_at"}
_PLACE = ("_section", "_emit", "_file", "_row")


def settled(backend: Any, out: Mapping[str, ir.Table]) -> tuple[dict[str, ir.Table], ir.Table]:
    """Return the rows of each table that stay, and each bad row of a file (`_file`, `_row`) with its `_fault`.

    A row that is bad in one table is gone from all. Where an id stands for two contents, the earliest (time, then
    place) stays and the rows of the others are bad.
    """
    bad = _bad(backend, out)
    good = _without(backend, out, bad)
    clashes = [clash for name, table in good.items() if (clash := _clash(backend, name, table)) is not None]
    if clashes:
        every = _all(clashes)
        once_each = every.group_by("_file", "_row").agg(_fault=every["_fault"].arbitrary())
        bad = kept(backend, bad.union(once_each))
        good = _without(backend, out, bad)
    return good, bad


def once(backend: Any, name: str, table: ir.Table) -> tuple[ir.Table, int, int]:
    """Return a settled table with each id once, its rows before, and its rows now."""
    key, columns = CONTRACTS[name].key, list(CONTRACTS[name].names)
    rows, ids = _rows_and_ids(backend, table, key)
    if rows == ids:
        return table.select(columns), rows, ids
    # rows that share an id are identical by now
    numbered = table.mutate(_n=ibis.row_number().over(ibis.window(group_by=key, order_by=_PLACE)))
    return numbered.filter(numbered["_n"] == 0).order_by(_PLACE).select(columns), rows, ids


def _rows_and_ids(backend: Any, table: ir.Table, key: str) -> tuple[int, int]:
    counted = backend.to_pyarrow(table.aggregate(rows=table.count(), ids=table[key].nunique())).to_pylist()[0]
    return int(counted["rows"]), int(counted["ids"])


def _without(backend: Any, out: Mapping[str, ir.Table], bad: ir.Table) -> dict[str, ir.Table]:
    """Return the tables without bad rows; a join loses the order, so it is made again."""
    if not int(backend.execute(bad.count())):
        return dict(out)
    return {name: table.anti_join(bad, ["_file", "_row"]).order_by(_PLACE) for name, table in out.items()}


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


def _clash(backend: Any, name: str, table: ir.Table) -> ir.Table | None:
    """Return the rows whose id stands for another content in an earlier row; None when there is none."""
    key = CONTRACTS[name].key
    rows, ids = _rows_and_ids(backend, table, key)
    if rows == ids:
        return None
    columns = list(CONTRACTS[name].names)
    order = [*([_TIME_OF[name]] if name in _TIME_OF else []), "_file", "_row", "_section", "_emit"]
    number = ibis.row_number().over(ibis.window(group_by=key, order_by=order))
    several = table.mutate(_n=number, _times=table.count().over(ibis.window(group_by=key)))
    several = kept(backend, several.filter(several["_times"] > 1))
    first = several.filter(several["_n"] == 0).select(columns).rename({f"_k_{c}": c for c in columns})
    both = several.filter(several["_n"] > 0).inner_join(first, several[key] == first[f"_k_{key}"])
    same = ibis.and_(*(both[c].identical_to(both[f"_k_{c}"]) for c in columns))
    fault = ibis.struct(
        {
            "column": ibis.literal(key),
            "reason": ibis.literal("is an id used twice, with another content"),
            "found": both[key],
        }
    ).cast(FAULT)
    clashes = both.filter(~same).select("_file", "_row", _fault=fault).distinct()
    return kept(backend, clashes)
