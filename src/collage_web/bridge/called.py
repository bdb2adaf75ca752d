"""What customers are called, by what was said about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from collage_web.records import bulk
from collage_web.records.models import Trait

__all__ = ["Said", "called", "names"]

_COLUMNS = ("identifier", "value", "by_id", "said_at", "id")


@dataclass(frozen=True, slots=True, order=True)
class Said:
    """What was said last; the larger counts: a colleague's word before a system's, then the later one."""

    by_colleague: bool
    at: datetime
    number: int
    value: str


def called(identifiers: Iterable[str], trait: str = Trait.Name.NAME, *, systems: bool = False) -> dict[str, Said]:
    """Return what counts of each identifier by itself.

    Parameters
    ----------
    identifiers
        In normal form.
    trait
        What is asked for, one of `Trait.Name`.
    systems
        Whether only what systems say is asked for.

    Returns
    -------
    dict
        Only those of whom something was said; an empty `value` is that it holds no longer.
    """
    found: dict[str, Said] = {}
    where = f"AND name = '{Trait.Name(trait).value}'{' AND by_id IS NULL' if systems else ''}"
    for identifier, value, by, at, number in bulk.within(Trait, _COLUMNS, "identifier", identifiers, where):
        said = Said(by is not None, _moment(at), number, value)
        found[identifier] = max(said, found.get(identifier, said))
    return found


def _moment(value: Any) -> datetime:
    """Return a moment as the database gives it: SQLite as text."""
    return value if isinstance(value, datetime) else datetime.fromisoformat(value).replace(tzinfo=UTC)


def names(whose: Mapping[str, str]) -> dict[str, str]:
    """Return what customers are called.

    Parameters
    ----------
    whose
        All their identifiers → the customer's id.

    Returns
    -------
    dict
        Customer's id → name; only those who have one.
    """
    last: dict[str, Said] = {}
    for identifier, said in called(whose).items():
        customer = whose[identifier]
        last[customer] = max(said, last.get(customer, said))
    return {customer: said.value for customer, said in last.items() if said.value}
