"""Who leaves, when, and whether anybody hears of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import expit

from collage.simulate.causes import Causes
from collage.simulate.memory import remembered, weights
from collage.simulate.people import Customers, Span
from collage.simulate.promised import NEVER
from collage.simulate.rows import CHANNELS, DAY, DEPARTMENTS, Flags, Rows, Whole, joined, rows

__all__ = ["Left", "left", "telling"]

_MONTH: Final = 365.25 / 12.0 * DAY
_YEAR: Final = 365.25 * DAY
_EMAIL, _SALES = CHANNELS.index("email"), DEPARTMENTS.index("Sales")


@dataclass(frozen=True, slots=True)
class Left:
    """When each customer leaves (NEVER: does not), and who says nothing."""

    at: Whole
    silent: Flags


def left(rng: np.random.Generator, causes: Causes, people: Customers, made: list[Rows], *, span: Span) -> Left:
    """Return who leaves: decided month by month from what each has in mind at its beginning."""
    c = causes.leaving
    level = c.level + rng.normal(0.0, c.frailty_sd, people.n)
    begins = np.arange(span.begin, span.end, _MONTH).astype(np.int64)
    of, everybody = joined(made), np.arange(people.n)
    moods = remembered(of, weights(of), np.tile(everybody, begins.size), np.repeat(begins, people.n))
    at = np.full(people.n, NEVER)
    for begin, mood in zip(begins, moods.reshape(begins.size, people.n), strict=True):
        years = (begin - people.joined) / _YEAR
        hazard = 1.0 - (1.0 - expit(level - c.slope * mood - c.by_year * years)) * (1.0 - c.moves_share)
        leaves = (at == NEVER) & (people.joined <= begin) & (rng.random(people.n) < hazard)
        at[leaves] = begin + (rng.random(int(leaves.sum())) * _MONTH).astype(np.int64)
    at[at >= span.end] = NEVER
    return Left(at, (rng.random(people.n) < c.silent_share) & (at != NEVER))


def telling(rng: np.random.Generator, causes: Causes, found: Left) -> list[Rows]:
    """Return the touchpoints of those who say that they leave."""
    says = (found.at != NEVER) & ~found.silent
    cancels = rng.random(says.size) < causes.leaving.cancels_share
    where = {"channel": _EMAIL, "department": _SALES}
    return [
        rows(kind, at=found.at[which], customer=np.flatnonzero(which), **where)
        for kind, which in (("contract.cancelled", says & cancels), ("customer.left", says & ~cancels))
    ]
