"""Marks and scores of whoever something changed for: worked out outside any transaction, written in short ones."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import structlog
from django.db import Error

from collage.experience import Catalogue
from collage_web.actions import reacting
from collage_web.actions.identifying import resolve, touched
from collage_web.actions.leasing import Lost, Turn
from collage_web.bridge.arrows import as_tuples, schema
from collage_web.bridge.derived import Derived, catalogue, derived, identifiers_of, known
from collage_web.bridge.whole import objecting
from collage_web.records import bulk
from collage_web.records.models import Mark, Reaction, Score, Stale, Touchpoint

__all__ = ["NAME", "as_derived", "derive", "derive_of", "derived_now"]

NAME: Final = "derive"  # of the lease
_AT_ONCE: Final = 1_000  # identifiers
_ROWS: Final = 50_000  # touchpoints of theirs, each of about three kilobytes while it is worked on
_log = structlog.get_logger()
_WRITTEN: Final = 4_000  # rows in one transaction: whoever else writes waits no longer than that takes
_MARK: Final = ("customer", *schema("marks").names)
_SCORE: Final = ("customer", *schema("scores").names[1:])


def derive(mine: Turn, *, chance: random.Random, most: int = _AT_ONCE) -> int:
    """Derive anew for identifiers of which something changed.

    Parameters
    ----------
    mine
        The lease `NAME`.
    chance
        Draws the ids of customers who are new.
    most
        How many identifiers, about; fewer where much is known of them, so that it fits in memory.

    Returns
    -------
    int
        For how many customers; 0: nothing was waiting.
    """
    waiting = bulk.rows(Stale, ("identifier",), "ORDER BY id LIMIT %s", [most])
    return _derived(_as_fit([identifier for (identifier,) in waiting]), mine, chance) if waiting else 0


def _as_fit(identifiers: Sequence[str]) -> set[str]:
    """Return the first of them, so many as have few enough touchpoints together; one at least."""
    some: set[str] = set()
    rows = 0
    known_of = dict(bulk.counted(Touchpoint, "identifier", set(identifiers)))
    for identifier in dict.fromkeys(identifiers):
        rows += known_of.get(identifier, 0)
        if some and rows > _ROWS:
            break
        some.add(identifier)
    return some


def _derived(identifiers: set[str], mine: Turn, chance: random.Random) -> int:
    """Derive for all whom it can be done for; whoever makes us stumble waits behind the others."""
    try:
        return derive_of(identifiers, mine, chance=chance)
    except (Error, Lost):
        raise
    except Exception as error:  # noqa: BLE001  # whatever it is, the others' marks are derived
        if len(identifiers) == 1:
            _log.error("derive.failed", kind=type(error).__name__)  # no text of it: it may be somebody's
            with mine.writing():
                bulk.delete(Stale, "identifier", identifiers)
                touched(identifiers)
            return 0
    order = sorted(identifiers)
    halves = order[: len(order) // 2], order[len(order) // 2 :]
    return sum(_derived(set(half), mine, chance) for half in halves)


def derive_of(identifiers: set[str], mine: Turn, *, chance: random.Random) -> int:
    """Derive anew for the customers of some identifiers, and return how many those are.

    Parameters
    ----------
    identifiers
        In normal form.
    mine
        The lease `NAME`.
    chance
        Draws the ids of customers who are new.
    """
    customers = resolve(identifiers, mine, chance=chance)
    whose = identifiers_of(customers)
    # what is added from here on was not seen, and stays
    seen = bulk.within(Stale, ("id",), "identifier", whose)
    by, now = catalogue(), mine.clock()
    found = _kept(derived(known(whose), by, at=now), whose)
    for change in _changes(found, customers, [number for (number,) in seen], by=by, now=now):
        with mine.writing():
            change.write()
    return len(customers)


def derived_now(customers: Sequence[str], *, at: datetime) -> Derived:
    """Return what follows from all that is known of customers; nothing is written."""
    whose = identifiers_of(customers)
    return _kept(derived(known(whose), catalogue(), at=at), whose)


def _kept(found: Derived, whose: Mapping[str, tuple[str, str]]) -> Derived:
    """Leave out the scores of those who object to being scored; what they met with stays."""
    unscored = objecting(whose)
    if not unscored:
        return found
    theirs = pc.is_in(found.scores["customer_id"], value_set=pa.array(sorted(unscored), pa.string()))
    return Derived(found.marks, found.scores.filter(pc.invert(theirs)))


def as_derived(found: Derived) -> set[tuple[Any, ...]]:
    """Return derived marks as the database keeps them."""
    return set(as_tuples(found.marks.select(_MARK)))


@dataclass(frozen=True, slots=True)
class _Change:
    """What is written in one transaction."""

    gone: Sequence[int]
    new: Sequence[tuple[Any, ...]]
    scores: Sequence[tuple[Any, ...]]
    nobody: Sequence[str]
    seen: Sequence[int]
    told: Sequence[Reaction] = ()

    def write(self) -> None:
        bulk.delete(Mark, "id", self.gone)
        bulk.add(Mark, _MARK, self.new)
        bulk.delete(Score, "customer", self.nobody)
        if self.scores:
            bulk.changed(Score, ("customer",), _SCORE, self.scores, set_=_REPLACED)
        bulk.delete(Stale, "id", self.seen)
        reacting.record(self.told)


_REPLACED: Final = ", ".join(f'"{name}" = excluded."{name}"' for name in _SCORE[1:])


def _changes(
    found: Derived, customers: Sequence[str], seen: Sequence[int], *, by: Catalogue, now: datetime
) -> list[_Change]:
    """Return what differs from what is there: all in one transaction where it is little, and the notes go last."""
    there = bulk.within(Mark, ("id", *_MARK), "customer", customers)
    old = {row[1:]: row[0] for row in there}
    rows = as_tuples(found.marks.select(_MARK))
    new = [row for row in rows if row not in old]
    kept = set(rows)
    gone = [number for row, number in old.items() if row not in kept]
    scores = as_tuples(found.scores)
    told = reacting.noticed(_named(_MARK, old), _named(_MARK, new), _named(_SCORE, scores), by=by, now=now)
    nobody = sorted(set(customers) - {row[0] for row in scores})
    changes = []
    while len(gone) > _WRITTEN or len(new) > _WRITTEN:
        # a customer's marks are wrong in between, and noted as such: the notes go with the last transaction
        some, gone = gone[:_WRITTEN], gone[_WRITTEN:]
        added, new = ([], new) if some else (new[:_WRITTEN], new[_WRITTEN:])
        changes.append(_Change(some, added, (), (), ()))
    return [*changes, _Change(gone, new, scores, nobody, seen, told)]


def _named(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[dict[str, Any]]:
    return (dict(zip(columns, row, strict=True)) for row in rows)
