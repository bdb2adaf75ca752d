"""What arrived, by its source's map: rows by the contracts, what is wrong with the others, and what is left out."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from collage import customers, reading, store
from collage_web.bridge.arrows import WHO
from collage_web.records.arriving import Fault

__all__ = ["Arrived", "Mapped", "map_of", "mapped", "ready_map", "together", "unreadable", "warm"]

_LOCK: Final = threading.Lock()


@dataclass(frozen=True, slots=True)
class Arrived:
    """An arrival as the digest takes it up."""

    id: int
    message_id: str
    received_at: datetime
    occurred_at: datetime
    body: str


@dataclass(frozen=True, slots=True)
class Mapped:
    """What arrivals became: tables by the contracts with the column `arrival` behind, faults, and who is left out."""

    tables: Mapping[str, pa.Table]
    faults: Mapping[int, Fault]
    excluded: frozenset[int]


def map_of(name: str, kind: str, text: str) -> reading.Map:
    """Return the map of a source.

    Parameters
    ----------
    name
        The source's name: the first part of its ids.
    kind
        How it speaks: whose ready map is taken where there is no text.
    text
        The company's own map, or nothing.

    Raises
    ------
    MapError
        When it is no map, or none for single records.
    """
    return reading.parse_map(text or ready_map(kind), file=f"of {name}").named(name)


def mapped(map_: reading.Map, arrived: Sequence[Arrived], *, kind: str, now: datetime) -> Mapped:
    """Apply a map.

    Parameters
    ----------
    map_
        As `map_of` gives it.
    arrived
        Of one source.
    kind
        How the source speaks: Segment's events get their time and ours added.
    now
        What lies later than five minutes from now is a fault.
    """
    records = [_record(each, kind) for each in arrived]
    with _LOCK:  # one DuckDB, one at a time
        live, prepared = _prepared(map_)
        prepared.fill("rows", live.rows(records))
        prepared.fill("asked", pa.table({"at": pa.array([now], pa.timestamp("us", "UTC"))}))
        found = {name: prepared.run(name) for name in live.statements}
    taken = {arrived[row - 1].id for table in found.values() for row in table["_row"].to_pylist()}
    faults = _faults(found.values(), arrived)
    tables = {name: _good(table, arrived, faults, map_.region) for name, table in found.items()}
    if "claims" in tables:
        tables["claims"] = _said(tables["claims"], arrived, map_.name)
    return Mapped(tables, faults, frozenset(each.id for each in arrived if each.id not in taken))


def unreadable(arrived: Sequence[Arrived], reason: str, found: str) -> Mapped:
    """Return what becomes of arrivals that cannot be mapped: all of them have the same fault."""
    return Mapped({}, {each.id: Fault("", reason, found) for each in arrived}, frozenset())


def together(one: Mapped, other: Mapped) -> Mapped:
    """Return what two lots of arrivals became, as one."""
    names = {*one.tables, *other.tables}
    tables = {name: pa.concat_tables([m.tables[name] for m in (one, other) if name in m.tables]) for name in names}
    return Mapped(tables, {**one.faults, **other.faults}, one.excluded | other.excluded)


def _faults(tables: Iterable[pa.Table], arrived: Sequence[Arrived]) -> dict[int, Fault]:
    """Return the first fault of each arrival that has any, in the order of the map."""
    first: dict[int, tuple[int, dict[str, Any]]] = {}
    for table in tables:
        faulty = table.filter(table["_fault"].is_valid()).select(["_row", "_emit", "_fault"])
        for row, emit, fault in zip(*(faulty[name].to_pylist() for name in faulty.column_names), strict=True):
            if row not in first or emit < first[row][0]:
                first[row] = emit, fault
    return {
        arrived[row - 1].id: Fault(fault["column"] or "", fault["reason"], fault["found"] or "")
        for row, (_, fault) in first.items()
    }


def ready_map(kind: str) -> str:
    """Return the text of the map that a source of a kind has where it has none of its own."""
    return reading.ready("segment" if kind == "segment" else "native")


def warm(map_: reading.Map) -> None:
    """Compile the queries of a map, for which the first arrival would wait some seconds."""
    with _LOCK:
        _prepared(map_)


@lru_cache(maxsize=64)
def _prepared(map_: reading.Map) -> tuple[reading.Live, store.Prepared]:
    live = reading.live(map_)
    return live, store.prepare(live)


def _record(each: Arrived, kind: str) -> dict[str, Any]:
    record: dict[str, Any] = msgspec.json.decode(each.body)
    received = each.received_at.astimezone(UTC).isoformat()
    if kind == "native":
        return {"received_at": received, **record}
    ours = {
        "messageId": each.message_id,  # one that came without has ours
        "timestamp": each.occurred_at.astimezone(UTC).isoformat(),
        "receivedAt": received,
    }
    return {**record, **ours}


def _good(table: pa.Table, arrived: Sequence[Arrived], faults: Mapping[int, Fault], region: str | None) -> pa.Table:
    """Return the rows of arrivals that have no fault anywhere, identifiers in their one writing."""
    arrival = [arrived[row - 1].id for row in table["_row"].to_pylist()]
    good = pa.array([number not in faults for number in arrival], pa.bool_())
    table = (
        table.drop_columns(["_row", "_emit", "_fault"])
        .append_column("arrival", pa.array(arrival, pa.int64()))
        .filter(good)
    )
    for name in (name for name in WHO if name in table.column_names):
        written = [customers.normalised(each, region=region) for each in table[name].to_pylist()]
        place = table.column_names.index(name)
        table = table.set_column(place, name, pa.array(written, pa.string()))
    return table


def _said(claims: pa.Table, arrived: Sequence[Arrived], source: str) -> pa.Table:
    """Return claims with who said so and when, where the map does not tell: the first time counts."""
    when = {each.id: each.occurred_at for each in arrived}
    said = pa.array([when[number] for number in claims["arrival"].to_pylist()], claims["claimed_at"].type)
    filled = {"claimed_at": pc.coalesce(claims["claimed_at"], said), "source": pc.fill_null(claims["source"], source)}
    for name, column in filled.items():
        claims = claims.set_column(claims.column_names.index(name), name, column)
    return claims
