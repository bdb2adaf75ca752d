"""One section of a map, as Ibis expressions: joined, derived, filtered rows, and what each of them emits.

Every row carries `_file` and `_row`, its first fault so far (`_fault`), and a flag for each emit that applies (`_e0`,
`_e1`, …).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Protocol

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from collage.errors import ReadingError
from collage.reading import times
from collage.reading.built import Built, Row, Wrong, as_type
from collage.reading.mapping import OWN, Join, Map, Section
from collage.reading.spool import kept
from collage.reading.values import Value
from collage.tables import CONTRACTS, Contract, Fault, faults

__all__ = ["FAULT", "Normalise", "Staged", "alone", "emitted", "staged"]

FAULT = dt.Struct({"column": dt.string, "reason": dt.string, "found": dt.string})
# A clock that is ahead by less is no lie.
_AHEAD = timedelta(minutes=5)
_PREFIXED = {"touchpoint_id", "rating_id", "promise_id", "claim_id", "invitation_id"}
_WHO = ("identifier", "one", "other")

_Window = tuple[tuple[str, ...], tuple[str, ...]]


class Normalise(Protocol):
    """Gives identifiers in their one writing, telephone numbers without a country's code as dialled in a region."""

    def __call__(self, identifier: ir.StringValue, /, *, region: str | None) -> ir.StringValue:
        """Return identifiers normalised; null stays null."""


@dataclass(frozen=True, slots=True)
class Staged:
    """A section's rows, ready to emit; `rename` tells the columns whose name in the map is another."""

    section: Section
    table: ir.Table
    rename: Mapping[str, str]


def staged(backend: Any, map_: Map, section: Section, tables: Mapping[str, ir.Table]) -> Staged:
    """Return the rows of a section with its joins made, its columns derived and its filters and conditions as flags.

    Parameters
    ----------
    backend
        The Ibis DuckDB backend.
    map_
        The whole map.
    section
        The section.
    tables
        Name of a table of files → its rows, cleaned, with `_file` and `_row`.

    Raises
    ------
    ReadingError
        When a joined table holds a key twice.
    """
    table = _faultless(tables[section.of])
    rename: dict[str, str] = {}
    for join in section.joins:
        table, added = _joined(backend, map_, table, join, tables[join.table], rename)
        rename |= added
    stage = _flagged(map_, section, table, rename)
    if section.key or section.joins:
        # a join or a window leaves rows in no order; the same input is to give the same bytes
        return replace(stage, table=kept(backend, stage.table.order_by("_file", "_row")))
    if section.derive and len(section.emits) > 1:
        return replace(stage, table=kept(backend, stage.table))
    return stage


def alone(map_: Map, section: Section, table: ir.Table) -> Staged:
    """Return the rows of a section that joins nothing as `staged` does, with nothing worked out.

    Parameters
    ----------
    map_
        The whole map.
    section
        The section, without joins.
    table
        Its rows, cleaned, with `_file` and `_row`.
    """
    return _flagged(map_, section, _faultless(table), {})


def _faultless(table: ir.Table) -> ir.Table:
    """Return rows of which nothing bad is known yet."""
    none = ibis.literal(0, type="int64")
    return table.mutate(_fault=ibis.null(FAULT), _ambiguous=none, _skipped=none)


def _flagged(map_: Map, section: Section, table: ir.Table, rename: dict[str, str]) -> Staged:
    """Return a section's rows with its columns derived, and a flag for each emit that applies."""
    table = _derived(map_, section, table, rename)
    row = Row(table, map_.times, map_.zone, rename=rename)
    fits: ir.BooleanValue = ibis.literal(value=True)
    if section.keep is not None:
        fits = fits & section.keep.holds(row)
    if section.drop is not None:
        fits = fits & ~section.drop.holds(row)
    whens = [e.when.holds(row) if e.when else ibis.literal(value=True) for e in section.emits]
    return Staged(section, table.mutate(**{f"_e{i}": fits & when for i, when in enumerate(whens)}), rename)


def emitted(map_: Map, stage: Staged, index: int, *, now: ir.TimestampScalar, normalise: Normalise | None) -> ir.Table:
    """Return what one emit of a section makes.

    The columns are the contract's, then `_file`, `_row`, `_emit`, `_fault`, and how many ambiguous and skipped local
    times (`_ambiguous`, `_skipped`) went into the row.

    Parameters
    ----------
    map_
        The whole map.
    stage
        The section's rows.
    index
        Which emit, from 0.
    now
        The moment of reading; touchpoints and ratings that lie more than five minutes later are faults.
    normalise
        Normalises identifiers; None: they stay as the map writes them.
    """
    emit = stage.section.emits[index]
    contract = CONTRACTS[emit.into]
    row = Row(stage.table.filter(stage.table[f"_e{index}"]), map_.times, map_.zone, rename=stage.rename)
    built = {name: _column(value, contract[name].type, name, map_.name, row) for name, value in emit.values}
    if normalise is not None:
        for name in (name for name in _WHO if name in built):
            who = normalise(row.once(built[name].value), region=map_.region)
            built[name] = replace(built[name], value=row.once(who))
    schema = contract.schema()
    if emit.into == "touchpoints" and "source" not in built:
        built["source"] = Built(ibis.literal(map_.name))
    wrong = _first_wrong([(name, w) for name, one in built.items() for w in one.wrongs], row.table["_fault"])
    # what the map does not fill is null and needs no asking, unless it is required
    told = {n: built[n].value.cast(schema[n]) for n in contract.names if n in built}
    required = {c.name: ibis.null(schema[c.name]) for c in contract.columns if c.required and c.name not in built}
    typed = row.table.select(
        **told,
        **required,
        _file="_file",
        _row="_row",
        _wrong=wrong,
        **_local_times(row.table, [odd for one in built.values() for odd in one.locals]),
    )
    fault = _first_fault(typed["_wrong"], [*faults(typed, contract), *_ahead(typed, contract, now)])
    return typed.select(
        **{n: typed[n] if n in typed.columns else ibis.null(schema[n]) for n in contract.names},
        _file="_file",
        _row="_row",
        _emit=ibis.literal(index, type="int32"),
        _ambiguous="_ambiguous",
        _skipped="_skipped",
        _fault=fault,
    )


def _column(value: Value, type_: str, name: str, source: str, row: Row) -> Built:
    built = as_type(value.build(row), type_, row)
    if name in _PREFIXED:
        return Built(ibis.literal(f"{source}:").concat(built.value), built.wrongs, built.locals)
    return built


def _ahead(typed: ir.Table, contract: Contract, now: ir.TimestampScalar) -> list[Fault]:
    name = {"touchpoints": "occurred_at", "ratings": "rated_at"}.get(contract.name)
    if name is None:
        return []
    late = (typed[name] > now + ibis.literal(_AHEAD)).fill_null(ibis.literal(value=False))
    return [Fault(name, "lies in the future", late, typed[name].cast("string"))]


def _first_wrong(wrongs: Sequence[tuple[str, Wrong]], start: ir.StructValue) -> ir.StructValue:
    if not wrongs:
        return start
    cases = [(start.notnull(), start)]
    cases += [(w.when.fill_null(ibis.literal(value=False)), _fault(name, w.reason, w.found)) for name, w in wrongs]
    return ibis.cases(*cases, else_=ibis.null(FAULT))


def _first_fault(start: ir.StructValue, broken: Sequence[Fault]) -> ir.StructValue:
    cases = [(start.notnull(), start), *((f.when, _fault(f.column, f.reason, f.found)) for f in broken)]
    return ibis.cases(*cases, else_=ibis.null(FAULT))


def _fault(column: str, reason: str, found: ir.StringValue) -> ir.StructValue:
    return ibis.struct({"column": ibis.literal(column), "reason": ibis.literal(reason), "found": found}).cast(FAULT)


def _local_times(table: ir.Table, local: Sequence[ir.IntegerValue]) -> dict[str, ir.Value]:
    """Return how many ambiguous and skipped local times a row has seen, those of `local` added."""
    twice, never = table["_ambiguous"], table["_skipped"]
    for odd in local:
        twice, never = (
            seen + (odd == n).cast("int64").fill_null(0) for seen, n in ((twice, times.TWICE), (never, times.NEVER))
        )
    return {"_ambiguous": twice, "_skipped": never}


def _derived(map_: Map, section: Section, table: ir.Table, rename: dict[str, str]) -> ir.Table:
    window: _Window = ((), ())
    if section.key:
        table, window = _windowed(map_, section, table, rename)
    for name, value in section.derive:
        row = Row(table, map_.times, map_.zone, window, dict(rename))
        built = value.build(row)
        # a derived column may hide a column of the file; the map means the derived one from here on
        rename[name] = f"_d_{name}"
        fault = _first_wrong([(name, w) for w in built.wrongs], row.table["_fault"])
        added = {f"_d_{name}": built.value, "_fault": fault, **_local_times(row.table, built.locals)}
        table = row.bare(row.table.mutate(**added))
    return table


def _windowed(map_: Map, section: Section, table: ir.Table, rename: Mapping[str, str]) -> tuple[ir.Table, _Window]:
    """Return the table with the columns that its rows are grouped and sorted by, and the names of these."""
    row = Row(table, map_.times, map_.zone, rename=rename)
    built = [value.build(row) for value in section.order]
    wrongs = [("order", w) for one in built for w in one.wrongs]
    order = {f"_o{i}": one.value for i, one in enumerate(built)}
    table = row.bare(row.table.mutate(**order, _fault=_first_wrong(wrongs, row.table["_fault"])))
    keys = [table[rename.get(name, name)] for name in section.key]
    # null is like nothing, not even like another null: such a row is alone with its key
    alone = ibis.ifelse(ibis.or_(*(key.isnull() for key in keys)), table["_row"], ibis.null("int64"))
    keys += [alone, ibis.ifelse(alone.isnull(), ibis.null("string"), table["_file"])]
    groups = {f"_g{i}": key for i, key in enumerate(keys)}
    return table.mutate(**groups), (tuple(groups), (*order, "_file", "_row"))


def _joined(
    backend: Any,
    map_: Map,
    table: ir.Table,
    join: Join,
    other: ir.Table,
    rename: Mapping[str, str],
) -> tuple[ir.Table, dict[str, str]]:
    """Return the table with another joined to it, and where the map finds the joined columns."""
    keys = [there for _, there in join.on]
    other = other.filter(*(other[key].notnull() for key in keys))
    one = _one_a_key(backend, map_, other, join, keys)
    columns = [name for name in one.columns if name not in OWN]
    renamed = {f"{join.table}.{name}": f"_j_{join.table}.{name}" for name in columns}
    right = one.select(**{f"_j_{join.table}.{name}": one[name] for name in columns})
    for here, there in join.on:
        kinds = [str(value.type()).lstrip("!") for value in (table[rename.get(here, here)], one[there])]
        if kinds[0] != kinds[1]:
            asked, found = f"join the table {join.table} by {here}", f"a {kinds[0]}, and there a {kinds[1]}"
            raise ReadingError(asked, found, "export both as texts, or as times of one kind")
    on = [table[rename.get(here, here)] == right[f"_j_{join.table}.{there}"] for here, there in join.on]
    joined = table.left_join(right, on)
    if "_fault" in columns:
        joined = joined.mutate(_fault=ibis.coalesce(joined["_fault"], joined[f"_j_{join.table}._fault"]))
    return joined, renamed


def _one_a_key(backend: Any, map_: Map, other: ir.Table, join: Join, keys: Sequence[str]) -> ir.Table:
    if not (join.first_by or join.sums or join.count):
        twice = other.group_by(keys).agg(n=other.count()).filter(ibis._.n > 1).order_by(keys).limit(1)
        found = backend.to_pyarrow(twice).to_pylist()
        if found:
            key = ", ".join(str(found[0][name]) for name in keys)
            do = 'say which row counts: first_by = ["column"] (and sum, count), or join by more columns'
            raise ReadingError(f"join the table {join.table}", f"{found[0]['n']} rows with the key {key}", do)
        return other
    row = Row(other, map_.times, map_.zone)
    order = [value.build(row) for value in join.first_by]
    numbers = {name: as_type(Built(other[name]), "double", row) for name in join.sums}
    wrongs = [(f"{join.table}.{name}", w) for name, one in numbers.items() for w in one.wrongs]
    wrongs += [(f"{join.table} first_by", w) for one in order for w in one.wrongs]
    helpers = {f"_o{i}": one.value for i, one in enumerate(order)}
    table = row.table.mutate(
        **helpers, **{name: one.value for name, one in numbers.items()}, _fault=_first_wrong(wrongs, ibis.null(FAULT))
    )
    place = [table["_file"], table["_row"]]
    first = ibis.row_number().over(ibis.window(group_by=keys, order_by=[*(table[name] for name in helpers), *place]))
    # in a stated order, for a sum of floats depends on it
    whole = ibis.window(group_by=keys, order_by=place, preceding=None, following=None)
    added: dict[str, ir.Value] = {name: table[name].sum().over(whole) for name in join.sums}
    if join.count:
        added[join.count] = table.count().over(whole)
    if wrongs:
        # what is wrong in one of its rows is wrong with the whole key: a sum without it would be another sum
        added["_fault"] = table["_fault"].argmin(table["_row"]).over(whole)
    numbered = row.bare(table.mutate(**added, _n=first)).drop(*helpers, *([] if wrongs else ["_fault"]))
    return numbered.filter(numbered["_n"] == 0).drop("_n")
