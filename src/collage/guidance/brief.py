"""The brief: what somebody should know of a customer before they say hello. A decision on values, in no language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

__all__ = ["MOST", "Bought", "Felt", "Kind", "Known", "Line", "Owed", "brief", "direction", "keepable"]

MOST: Final = 7  # lines that can be read while saying hello
_PROMISES, _STRIKES = 3, 2  # lines for each, at most: what is left over is counted in the last
_SOON = timedelta(days=2)  # what is due by then is on the mind of whoever calls
_BEHIND = timedelta(days=14)  # what was due longer ago is beyond keeping, and is a strike for good
_NEW = timedelta(days=14)
_LEAST = 0.005  # points of experience: what weighs less is forgotten
# points of experience that 30 days added or took, from which it is felt: about 3 on the 0 to 100 scale (assumption)
_TURN = 0.05

Kind = Literal["overdue", "due", "contested", "hurts", "falling", "new", "prefers", "well", "bought", "thanked"]


@dataclass(frozen=True, slots=True)
class Owed:
    """A promise that is open."""

    kind: str
    department: str | None
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Felt:
    """What one mark weighs now: `says` is its sentence, `contested` whether it is doubted, `name` finds it again."""

    name: str
    says: str
    contribution: float
    points: float
    occurred_at: datetime
    contested: bool = False


@dataclass(frozen=True, slots=True)
class Bought:
    """How many orders there were, and when the last was placed."""

    orders: int
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a customer.

    `trend` is what the last 30 days added, in points of experience (None: there is no score), `felt`
    what marks weigh now (empty where there is no score), `owed` the promises that are open, `thanked_at` when they were
    thanked last, with words or a gesture (None: never), `prefers` what they told us, by name, such as channel and
    language, `first_at` when they were met first (None: never).
    """

    trend: float | None
    felt: Sequence[Felt]
    owed: Sequence[Owed]
    bought: Bought
    thanked_at: datetime | None
    prefers: Mapping[str, str]
    first_at: datetime | None


@dataclass(frozen=True, slots=True)
class Line:
    """One line, to be put into words.

    `kind` says which: ``overdue`` and ``due`` (a promise: `says` its kind, `whose` the department, `at` when due),
    ``contested``, ``hurts`` and ``well`` (a mark: `says` its sentence, `name` finds it, `points` its weight now, `at`
    when), ``falling`` (`points`: of experience, in 30 days), ``new`` (`at` the first time, None: never met),
    ``prefers`` (`pairs`: name and value), ``bought`` (`count` orders, `at` the last), ``thanked`` (`at` the last time,
    None: never). `more` counts what is like it and has no line of its own.
    """

    kind: Kind
    says: str = ""
    whose: str | None = None
    name: str = ""
    points: float = 0.0
    at: datetime | None = None
    count: int = 0
    more: int = 0
    pairs: tuple[tuple[str, str], ...] = ()


def brief(of: Known, *, now: datetime) -> tuple[Line, ...]:
    """Return what somebody should know first, most urgent first.

    Promises that are overdue, then those due within two days; a strike that is contested; what hurts most; that it is
    getting worse; that they are new; what they prefer; what went best; what they bought; whether anybody thanked them.

    Parameters
    ----------
    of
        The customer.
    now
        The moment.

    Returns
    -------
    tuple of Line
        At most `MOST`; the same whatever the order of marks and promises.
    """
    new = of.first_at is None or now - of.first_at < _NEW
    falling = of.trend is not None and direction(of.trend) == "falling"
    lines = [
        *_promised(of.owed, now),
        *_strikes(of.felt),
        *([Line("falling", points=of.trend or 0.0)] if falling else []),
        *([Line("new", at=of.first_at)] if new else []),
        *([Line("prefers", pairs=tuple(sorted(of.prefers.items())))] if of.prefers else []),
        *_well(of.felt),
        *([Line("bought", count=of.bought.orders, at=of.bought.last_at)] if of.bought.orders else []),
        *([Line("thanked", at=of.thanked_at)] if of.first_at is not None else []),
    ]
    return tuple(lines[:MOST])


def keepable(owed: Sequence[Owed], *, now: datetime) -> list[Owed]:
    """Return the promises that can still be kept, be it late: those that were not due more than two weeks ago.

    Parameters
    ----------
    owed
        Promises that are open.
    now
        The moment.

    Returns
    -------
    list of Owed
        In the same order.
    """
    return [each for each in owed if each.due_at >= now - _BEHIND]


def direction(trend: float) -> Literal["falling", "steady", "rising"]:
    """Return where it is going.

    Parameters
    ----------
    trend
        What the last 30 days added, in points of experience.

    Returns
    -------
    str
        ``falling``, ``steady`` or ``rising``.
    """
    return "falling" if trend <= -_TURN else "rising" if trend >= _TURN else "steady"


def _promised(owed: Sequence[Owed], now: datetime) -> list[Line]:
    """Return what we owe, the longest overdue first: those that have no line of their own are counted in the last."""
    pressing = sorted(
        (each for each in owed if each.due_at <= now + _SOON),
        key=lambda each: (each.due_at, each.kind, each.department or ""),
    )
    shown, rest = pressing[:_PROMISES], pressing[_PROMISES:]
    return [
        Line(
            "overdue" if each.due_at < now else "due",
            says=each.kind,
            whose=each.department,
            at=each.due_at,
            more=len(rest) if place == len(shown) - 1 else 0,
        )
        for place, each in enumerate(shown)
    ]


def _strikes(felt: Sequence[Felt]) -> list[Line]:
    strikes = sorted((each for each in felt if each.contribution <= -_LEAST), key=_largest)
    contested = [_of(each, "contested") for each in strikes if each.contested][:1]
    plain = [_of(each, "hurts") for each in strikes if not each.contested]
    return contested + plain[: _STRIKES - len(contested)]


def _well(felt: Sequence[Felt]) -> list[Line]:
    credits_ = sorted((each for each in felt if each.contribution >= _LEAST), key=_largest)
    return [_of(each, "well") for each in credits_[:1]]


def _largest(each: Felt) -> tuple[float, float, str]:
    return (-abs(each.contribution), -each.occurred_at.timestamp(), each.name)


def _of(each: Felt, kind: Kind) -> Line:
    return Line(kind, says=each.says, name=each.name, points=each.points, at=each.occurred_at)
