"""From what arrived to what is known: each arrival becomes facts, and whoever they are about is noted as touched.

One process at a time, by a lease: a customer's marks must not be written from older facts than another has written
already. What is worked out is written in one transaction with the note that it was digested; whoever is killed in
between has done nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

import structlog
from django.db import connection, transaction

from collage.errors import CollageError
from collage.tables import CONTRACTS
from collage_web.actions.counting import moved
from collage_web.actions.identifying import touched
from collage_web.actions.leasing import Turn
from collage_web.actions.naming import named
from collage_web.bridge import derived
from collage_web.bridge import mapped as mapping
from collage_web.bridge.arrows import WHO, as_tuples, schema, who_of
from collage_web.bridge.derived import catalogue
from collage_web.bridge.mapped import Arrived, Mapped, map_of, mapped, together, unreadable
from collage_web.bridge.snapshot import TABLES
from collage_web.bridge.told_of import Told, news, told_of
from collage_web.records import bulk
from collage_web.records.arriving import Fault
from collage_web.records.models import Arrival, Correction, Source, Trait

__all__ = ["AT_ONCE", "digest", "warm"]

AT_ONCE: Final = 2_000  # arrivals
_log = structlog.get_logger()
# by name: the columns, the arrival last, and the rows
_Tables: TypeAlias = Mapping[str, tuple[Sequence[str], Sequence[tuple[Any, ...]]]]
_COLUMNS: Final = ("id", "source_id", "message_id", "received_at", "occurred_at", "body", "became")
_WAITS: Final = "WHERE digested_at IS NULL AND quarantined_at IS NULL ORDER BY id LIMIT %s"


def digest(mine: Turn, *, most: int = AT_ONCE) -> int:
    """Digest what has arrived and was not yet.

    Parameters
    ----------
    mine
        The lease; only who holds it digests.
    most
        How many arrivals.

    Returns
    -------
    int
        How many arrivals were taken up.
    """
    waiting = bulk.rows(Arrival, _COLUMNS, _WAITS, [most])
    by_source: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for row in waiting:
        by_source[row[1]].append(row)
    for source, rows in by_source.items():
        _digest_of(Source.objects.get(id=source), rows, mine)
    return len(waiting)


def warm() -> None:
    """Compile what the digest of every source needs, before anybody waits for it."""
    by = catalogue()
    derived.warm(by)
    for source in Source.objects.filter(revoked_at=None).exclude(kind=Source.Kind.FILES):
        with suppress(CollageError):  # the digest sets aside what comes by a map that cannot be used
            mapping.warm(map_of(source.name, source.kind, source.map))


def _digest_of(source: Source, rows: Sequence[tuple[Any, ...]], mine: Turn) -> None:
    now = mine.clock()
    arrived = [Arrived(row[0], row[2], _moment(row[3]), _moment(row[4]), row[5]) for row in rows]
    found = _mapped(source, arrived, now)
    told = told_of(arrived) if source.kind == Source.Kind.SEGMENT else []
    again = [row[0] for row in rows if row[6]]
    rows_of = {name: (table.column_names, as_tuples(table)) for name, table in found.tables.items()}
    with mine.writing():  # whoever stores what arrives waits so long
        _forget(again)
        faults = _kept(rows_of, found.faults)
        said = [each for each in told if each.arrival not in faults]
        _hear(said)
        _set_aside(source, faults, {each.id: each.received_at for each in arrived}, now)
        excluded = found.excluded - {each.arrival for each in said}
        _note([each.id for each in arrived if each.id not in faults], excluded, now)


def _mapped(source: Source, arrived: Sequence[Arrived], now: datetime) -> Mapped:
    """Apply the map of a source. What makes us stumble goes to quarantine alone: its neighbours do not wait."""
    try:
        map_ = map_of(source.name, source.kind, source.map)
    except CollageError as error:
        return unreadable(arrived, f"the map cannot be used: {error.found}", "")
    try:
        return mapped(map_, arrived, kind=source.kind, now=now)
    except Exception as error:  # noqa: BLE001  # whatever it is, the digest goes on
        if len(arrived) == 1:
            _log.error("digest.failed", arrival=arrived[0].id, kind=type(error).__name__)  # no text of it
            return unreadable(arrived, "could not be read, by a mistake of ours", type(error).__name__)
    middle = len(arrived) // 2
    return together(_mapped(source, arrived[:middle], now), _mapped(source, arrived[middle:], now))


def _moment(value: Any) -> datetime:
    """Return a moment as the database gives it: SQLite as text."""
    return value if isinstance(value, datetime) else datetime.fromisoformat(value).replace(tzinfo=UTC)


def _kept(tables: _Tables, faults: Mapping[int, Fault]) -> dict[int, Fault]:
    """Store the rows of all tables but for those of arrivals at fault; return all faults.

    Where all are new nothing stands for two contents, and what is there need not be read.
    """
    if not _repeated(tables):
        with suppress(bulk.KnownError), transaction.atomic():
            for name, (columns, rows) in tables.items():  # without those at fault, as `mapped` gives them
                _add(name, columns, rows, all_new=name != "claims")
            return dict(faults)
    found = {**_twice(tables), **faults}
    for name, (columns, rows) in tables.items():
        _add(name, columns, [row for row in rows if row[-1] not in found])
    return found


def _repeated(tables: _Tables) -> bool:
    """Return whether an id stands in two rows: some maps say the same promise or rating for several events."""
    places = {name: columns.index(CONTRACTS[name].key) for name, (columns, _) in tables.items() if name != "claims"}
    return any(len({row[place] for row in tables[name][1]}) < len(tables[name][1]) for name, place in places.items())


def _twice(tables: _Tables) -> dict[int, Fault]:
    """Return the arrivals whose id stands for another content, there or earlier among them."""
    twice: dict[int, Fault] = {}
    for name in (name for name in tables if name != "claims"):  # what was claimed before is claimed
        key, columns = CONTRACTS[name].key, schema(name).names
        place, rows = columns.index(key), tables[name][1]
        there = {row[place]: row for row in bulk.within(TABLES[name], columns, key, {row[place] for row in rows})}
        for *row, arrival in rows:
            if there.setdefault(row[place], tuple(row)) != tuple(row):
                twice[arrival] = Fault(key, "is an id used twice, with another content", str(row[place]))
    return twice


def _add(name: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]], *, all_new: bool = False) -> None:
    """Store a table's rows, those that are there already left out, or where they are to be `all_new`, refused."""
    if not rows:
        return
    add = bulk.add_new if all_new else bulk.add
    add(TABLES[name], [*columns[:-1], "arrival_id"], rows)
    places = [place for place, column in enumerate(columns) if column in WHO]
    touched(row[place] for row in rows for place in places)


def _hear(told: Sequence[Told]) -> None:
    """Store what is said about customers and was not known; whoever is only known by it is a customer too."""
    fresh = news(told)
    if fresh:
        columns = ("identifier", "name", "value", "said_at", "arrival_id")
        at = bulk.moments()
        bulk.add(Trait, columns, [(e.identifier, e.name, e.value, at(e.said_at), e.arrival) for e in fresh])
        touched(each.identifier for each in fresh)
        named({each.identifier for each in fresh if each.name == Trait.Name.NAME})


def _forget(arrivals: Sequence[int]) -> None:
    """Remove what arrivals became when they were digested before: the map may say otherwise by now."""
    said = bulk.within(Trait, ("id", "identifier"), "arrival_id", arrivals)
    if said:
        bulk.delete(Trait, "id", [number for number, _ in said])
        touched(identifier for _, identifier in said)
        named({identifier for _, identifier in said})
    for model in (model for model in TABLES.values() if model is not Correction):  # no map makes corrections
        gone = bulk.within(model, ("id", *who_of(model)), "arrival_id", arrivals)
        touched(identifier for row in gone for identifier in row[1:])
        bulk.delete(model, "id", [row[0] for row in gone])


def _note(done: Sequence[int], excluded: frozenset[int], now: datetime) -> None:
    at = bulk.moment(now)
    for became, numbers in (
        ("kept", [n for n in done if n not in excluded]),
        ("excluded", [n for n in done if n in excluded]),
    ):
        for some in bulk.chunks(numbers):
            marks = ", ".join(["%s"] * len(some))
            with connection.cursor() as cursor:
                cursor.execute(
                    f"UPDATE {bulk.table(Arrival)} SET digested_at = %s, became = %s WHERE id IN ({marks})",  # noqa: S608  # names of our own
                    [at, became, *some],
                )


def _set_aside(source: Source, faults: Mapping[int, Fault], received: Mapping[int, datetime], now: datetime) -> None:
    """Put arrivals into quarantine, and count them there."""
    at = bulk.moment(now)
    update = (
        f"UPDATE {bulk.table(Arrival)} SET quarantined_at = %s, {bulk.names(['column'])} = %s, reason = %s, found = %s"  # noqa: S608  # as above
    )
    rows = [(at, fault.column, fault.reason, fault.found, number) for number, fault in faults.items()]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(f"{update} WHERE id = %s", rows)
        moved(source.id, (received[number] for number in faults), into="quarantined")
