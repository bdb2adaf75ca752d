"""Everything derived, derived anew: to take in another catalogue, or to see that nothing was derived wrongly."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection, transaction

from collage_web.actions.deriving import as_derived, derived_now
from collage_web.bridge.fused import groups
from collage_web.records import bulk
from collage_web.records.models import Identifier, Mark, Score, Stale

__all__ = ["Differing", "differing", "stale_all"]

_AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Differing:
    """How many customers were looked at, and which are not as they would be if all were derived anew."""

    customers: int
    identity: list[str]
    marks: list[str]
    unscored: list[str]
    orphans: int

    @property
    def n(self) -> int:
        """Return how many differences there are."""
        return len({*self.identity, *self.marks, *self.unscored}) + self.orphans


def stale_all() -> int:
    """Note everybody as touched, and return how many identifiers that are."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {bulk.table(Stale)} (identifier) SELECT value FROM {bulk.table(Identifier)} ORDER BY id"  # noqa: S608  # names of our own
        )
        return int(cursor.rowcount)


def differing(*, at: datetime, progress: Callable[[str], None] = lambda _: None) -> Differing:
    """Compare what is kept with what would be derived now; nothing is written.

    Whose identifiers are, and every mark, are compared exactly; scores fade, so it is only asked whether there is one.

    Parameters
    ----------
    at
        The moment of asking.
    progress
        Told how far it is.
    """
    found = Differing(0, [], [], [], 0)
    n = 0
    for customers in _in_parts():
        n += len(customers)
        _compare(customers, found, at)
        progress(f"{n:,} customers")
    orphans = Mark.objects.exclude(customer__in=Identifier.objects.values("customer")).count()
    orphans += Score.objects.exclude(customer__in=Identifier.objects.values("customer")).count()
    return Differing(n, found.identity, found.marks, found.unscored, orphans)


def _in_parts() -> Iterator[list[str]]:
    every = sorted(set(Identifier.objects.values_list("customer", flat=True)))
    yield from bulk.chunks(every, _AT_ONCE)


def _compare(customers: Sequence[str], found: Differing, at: datetime) -> None:
    whose = dict(bulk.within(Identifier, ("value", "customer"), "customer", customers))
    homes = {
        value: (number, home)
        for value, number, home in bulk.within(Identifier, ("value", "id", "home"), "customer", customers)
    }
    for group in groups(whose):
        # claims that fuse nothing lead to others' groups too: those are compared with their own customers
        inside = [name for name in group.states if name in whose]
        if not inside:
            continue
        home = min(homes[name] for name in inside)[1]
        if len(inside) < len(group.states) or {whose[name] for name in inside} != {home}:
            found.identity.append(whose[inside[0]])
    derived = derived_now(customers, at=at)
    rows = as_derived(derived)
    there = set(bulk.within(Mark, ("customer", *derived.marks.column_names[1:]), "customer", customers))
    found.marks.extend(sorted({row[0] for row in rows.symmetric_difference(there)}))
    scored = {row for (row,) in bulk.within(Score, ("customer",), "customer", customers)}
    found.unscored.extend(sorted(set(derived.scores["customer_id"].to_pylist()) ^ scored))
