"""Whose an identifier is, when something about it is new."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection

from collage_web.actions.leasing import Turn
from collage_web.actions.naming import dialled
from collage_web.bridge.fused import Group, groups
from collage_web.records import bulk
from collage_web.records.models import Identifier, Mark, Score, Stale

__all__ = ["foremost", "resolve", "touched"]

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_LENGTH: Final = 20  # 100 bits: nobody guesses an id, and none comes twice
_COLUMNS: Final = ("value", "home", "customer", "state", "created_at")


@dataclass(frozen=True, slots=True)
class _Known:
    place: int  # those known longest have the smallest
    home: str
    customer: str
    state: str


def touched(identifiers: Iterable[str]) -> None:
    """Note that something about identifiers changed; whoever derives will find them.

    Parameters
    ----------
    identifiers
        In normal form.
    """
    bulk.add(Stale, ("identifier",), [(each,) for each in sorted(set(identifiers))])


def foremost(customer: str) -> str | None:
    """Return the identifier under which something new about a customer is kept; None: nobody has this id.

    It is the one known longest of those that are theirs beyond doubt.
    """
    theirs = Identifier.objects.filter(customer=customer).order_by("id").values_list("value", "state")
    return min(theirs, key=lambda each: each[1] != "plain", default=(None, ""))[0]


def resolve(identifiers: Collection[str], turn: Turn, *, chance: random.Random) -> list[str]:
    """Settle whose identifiers are, and return their customers.

    Whoever is one customer by the claims goes by the home of the identifier known longest. Where customers come
    together or apart, all their identifiers are noted as touched, and what was derived for an id that is nobody's any
    more goes: all in one transaction.

    Parameters
    ----------
    identifiers
        In normal form.
    turn
        Only who holds it settles.
    chance
        Draws ids.

    Returns
    -------
    list of str
        Ids of customers, each once.
    """
    found = groups(identifiers)
    names = [name for group in found for name in group.states]
    there = _known(names)
    new = [name for name in names if name not in there]
    if new:
        with turn.writing():
            _introduce(new, now=turn.clock(), chance=chance)
        there = _known(names)
    moved = [move for group in found for move in _moves(group, there)]
    if moved:
        with turn.writing():
            _move(moved, there)
    whose = {value: customer for customer, _, value in moved}
    return sorted({whose.get(name) or there[name].customer for name in names})


def _known(names: Sequence[str]) -> dict[str, _Known]:
    columns = ("value", "id", "home", "customer", "state")
    return {value: _Known(*rest) for value, *rest in bulk.within(Identifier, columns, "value", names)}


def _introduce(names: Sequence[str], *, now: datetime, chance: random.Random) -> None:
    """Give each new identifier a home, which is its customer until a claim says otherwise."""
    homes = ["".join(chance.choices(_ALPHABET, k=_LENGTH)) for _ in names]
    at = bulk.moment(now)
    rows = [(name, home, home, "plain", at) for name, home in zip(names, homes, strict=True)]
    bulk.add(Identifier, _COLUMNS, rows)
    dialled(names)


def _moves(group: Group, there: Mapping[str, _Known]) -> list[tuple[str, str, str]]:
    """Return who of one customer's identifiers was another's, or in another state: customer, state, identifier."""
    whose = min((there[name] for name in group.states), key=lambda each: each.place).home
    return [
        (whose, state, name)
        for name, state in group.states.items()
        if (there[name].customer, there[name].state) != (whose, state)
    ]


def _move(moved: Sequence[tuple[str, str, str]], there: Mapping[str, _Known]) -> None:
    update = f"UPDATE {bulk.table(Identifier)} SET customer = %s, state = %s WHERE value = %s"  # noqa: S608  # names of our own
    with connection.cursor() as cursor:
        cursor.executemany(update, list(moved))
    # whoever was theirs, is theirs, or has an identifier less by now
    concerned = sorted({there[name].customer for _, _, name in moved} | {customer for customer, _, _ in moved})
    left = bulk.within(Identifier, ("value", "customer"), "customer", concerned)
    bulk.delete(Score, "customer", sorted(set(concerned) - {customer for _, customer in left}))
    # a mark stands once: whoever has it now could not get it while another has it still
    names = {name for _, _, name in moved}
    marks = bulk.within(Mark, ("id", "identifier"), "customer", concerned)
    bulk.delete(Mark, "id", [number for number, identifier in marks if identifier in names])
    touched(value for value, _ in left)
