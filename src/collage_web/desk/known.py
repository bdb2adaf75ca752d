"""What is known beside what happened: the name, preferences, consents, promises that are open."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from collage import customers
from collage_web.bridge.whole import Whole
from collage_web.design.spoken import CHANNELS
from collage_web.desk import wording
from collage_web.desk.briefing import preferred
from collage_web.desk.colours import colour
from collage_web.records.models import Consent, Trait

__all__ = ["Allowed", "Open", "Preferred", "allowed", "called", "name_of", "opens", "preferences", "used", "uses"]

_NAMESPACES: Final = {"email": 0, "phone": 1, "user": 2}
_MOST: Final = 50  # promises beyond keeping, the latest
_BEHIND_DAYS: Final = 14  # as `collage.guidance.keepable`


def name_of(profile: Mapping[str, customers.Said]) -> str:
    """Return what a customer is called; empty where nobody knows."""
    return profile[Trait.Name.NAME].value if Trait.Name.NAME in profile else ""


def called(identifiers: Collection[str]) -> str:
    """Return the identifier by which somebody without a name is spoken of: what a person would recognise first."""
    return min(identifiers, key=lambda each: _NAMESPACES.get(each.partition(":")[0], len(_NAMESPACES)), default="")


@dataclass(frozen=True, slots=True)
class Preferred:
    """One thing that is known: what it is, what it says, since when, and whether a colleague said so."""

    words: str
    value: str
    said_at: datetime
    by_person: bool


def uses(of: Whole) -> bool:
    """Return whether what a customer told us may be used to serve them: they did not refuse it."""
    holds = customers.consents(customers.Consented(**each) for each in of.consents)
    return customers.allowed(holds, Consent.Purpose.PROFILE) is not False


def used(of: Whole, profile: Mapping[str, customers.Said]) -> dict[str, customers.Said]:
    """Return what of it is used: of whoever refused, the name alone, by which they are spoken to."""
    return {name: each for name, each in profile.items() if name == Trait.Name.NAME or uses(of)}


def preferences(profile: Mapping[str, customers.Said]) -> list[Preferred]:
    """Return what is known of a customer but the name."""
    labels = dict(Trait.Name.choices)
    return [
        Preferred(str(labels.get(name, name)), preferred(name, each.value), each.said_at, each.by_person)
        for name, each in profile.items()
        if name != Trait.Name.NAME
    ]


@dataclass(frozen=True, slots=True)
class Allowed:
    """One thing that somebody allowed or refused."""

    purpose: str
    channel: str
    given: bool
    at: datetime


def allowed(of: Whole) -> list[Allowed]:
    """Return what a customer allows and refuses."""
    labels = dict(Consent.Purpose.choices)
    said_ = customers.consents(customers.Consented(**each) for each in of.consents)
    return [
        Allowed(
            str(labels.get(each.purpose, each.purpose)),
            str(CHANNELS.get(each.channel, each.channel)),
            each.given,
            each.at,
        )
        for each in said_.values()
    ]


@dataclass(frozen=True, slots=True)
class Open:
    """A promise that is open: what, whose, by when, and whether that is past."""

    number: int
    words: str
    department: str
    colour: str
    due_at: datetime
    when: str
    late: bool
    old: bool


def opens(of: Whole, *, now: datetime) -> list[Open]:
    """Return the promises that are open, those due first in front; `old` ones are beyond keeping."""
    these = [each for each in of.promises if each["settled_at"] is None]
    found = [
        Open(
            number=each["id"],
            words=wording.promise(each["kind"]),
            department=each["department"] or "",
            colour=colour(each["department"]),
            due_at=each["due_at"],
            when=wording.when(each["due_at"], now=now),
            late=each["due_at"] < now,
            old=(now - each["due_at"]).days >= _BEHIND_DAYS,
        )
        for each in sorted(these, key=lambda one: (one["due_at"], one["id"]))
    ]
    return [each for each in found if each.old][-_MOST:] + [each for each in found if not each.old]
