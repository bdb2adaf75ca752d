"""The marks of rated customers, one by one: what is left of them at a rating, also at somebody else's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from collage.experience.learning.ratings import Flags, Kinds, Numbers, Ratings, Remembered, Whole

__all__ = ["Borrowed", "Histories", "pairs", "recalled"]

_DAY_US: Final = 86_400_000_000.0
_AT_ONCE: Final = 1_000_000  # pairs of a rating and a mark
_CREDIT, _STRIKE = 0, 1
_COLUMNS: Final = ("occurred_at", "fades_from", "kind", "severity", "evidence", "contact")


@dataclass(frozen=True, slots=True)
class Histories:
    """Marks as columns, ordered by customer and then by time.

    Those of customer c stand from ``begins[c]`` to ``begins[c + 1]``. `kind` is the place in `Kinds`; moments are
    microseconds; `contact` is -1 where the mark is of no contact.
    """

    begins: Whole
    occurred_at: Whole
    fades_from: Whole
    kind: Whole
    severity: Numbers
    evidence: Numbers
    contact: Whole

    def some(self, kept: Flags) -> Histories:
        """Return the marks of some kinds, which are counted anew."""
        inside = kept[self.kind]
        upto = np.concatenate([[0], np.cumsum(inside)])
        place = np.cumsum(kept) - 1
        return replace(self._some(inside), begins=upto[self.begins], kind=place[self.kind][inside])

    def whose(self, kept: Flags) -> Histories:
        """Return the marks of some customers, who are counted anew."""
        inside = np.repeat(kept, np.diff(self.begins))
        begins = np.concatenate([[0], np.cumsum(np.diff(self.begins)[kept])])
        return replace(self._some(inside), begins=begins)

    def _some(self, inside: Flags) -> Histories:
        columns = {name: getattr(self, name)[inside] for name in _COLUMNS}
        return replace(self, **columns)


def recalled(
    histories: Histories,
    ratings: Ratings,
    kinds: Kinds,
    multipliers: Sequence[float],
) -> Remembered:
    """Return what is left at each rating of the marks of its customer.

    Parameters
    ----------
    histories
        The marks.
    ratings
        When to ask.
    kinds
        What the marks are.
    multipliers
        Of half-lives.

    Returns
    -------
    Remembered
        A mark counts where it occurred at or before the rating.
    """
    n, p, m = ratings.n, len(kinds.names), len(multipliers)
    left = np.zeros((3, m, n * p))
    evidence = np.zeros((2, m, n * 2))
    column = np.where(kinds.weight > 0.0, _CREDIT, _STRIKE)
    for rating, mark in pairs(histories, ratings):
        kind = histories.kind[mark]
        lives = (ratings.rated_at[rating] - histories.fades_from[mark]) / (_DAY_US * kinds.half_life_days[kind])
        before = histories.occurred_at[mark] < ratings.started_at[rating]
        own = ~before & (histories.contact[mark] >= 0) & (histories.contact[mark] == ratings.contact[rating])
        since = ~before & ~own
        cell, sign = rating * p + kind, rating * 2 + column[kind]
        for place, multiplier in enumerate(multipliers):
            share = np.exp2(-lives / multiplier)
            weighed, weighty = share * histories.severity[mark], share * histories.evidence[mark]
            left[0, place] += np.bincount(cell, weighed, n * p)
            left[1, place] += np.bincount(cell[own], weighed[own], n * p)
            left[2, place] += np.bincount(cell[since], weighed[since], n * p)
            evidence[0, place] += np.bincount(sign, weighty, n * 2)
            evidence[1, place] += np.bincount(sign[before], weighty[before], n * 2)
    whole, own_, since_ = left.reshape(3, m, n, p)
    return Remembered(tuple(multipliers), whole, own_, since_, *evidence.reshape(2, m, n, 2))


class Borrowed:
    """What was left, before each rated contact, of the marks of another customer: asked for many times.

    Parameters
    ----------
    histories, ratings, kinds
        As `recalled` has them.
    """

    def __init__(self, histories: Histories, ratings: Ratings, kinds: Kinds) -> None:
        self._ratings, self._kinds = ratings, kinds
        self._histories = histories
        # by rank: microseconds times customers would not fit in 64 bits
        moments = np.unique(histories.occurred_at)
        self._apart = moments.size + 1
        owner = np.repeat(np.arange(histories.begins.size - 1), np.diff(histories.begins))
        self._key = owner * self._apart + np.searchsorted(moments, histories.occurred_at)
        self._asked = np.searchsorted(moments, ratings.started_at, side="left")
        self._rate = 1.0 / (_DAY_US * kinds.half_life_days)

    def __call__(self, whose: Whole) -> tuple[Numbers, Numbers]:
        """Return Σ severity·share by rating and mark, and Σ evidence·share by rating.

        Parameters
        ----------
        whose
            For each customer, whose marks are taken.
        """
        histories, n, p = self._histories, self._ratings.n, len(self._kinds.names)
        customer = whose[self._ratings.customer]
        begin = histories.begins[customer]
        counts = np.searchsorted(self._key, customer * self._apart + self._asked) - begin
        rating = np.repeat(np.arange(n), counts)
        mark = np.arange(rating.size) + np.repeat(begin - np.cumsum(counts) + counts, counts)
        kind = histories.kind[mark]
        lives = (self._ratings.rated_at[rating] - histories.fades_from[mark]) * self._rate[kind]
        share = np.exp2(-lives)
        left: Numbers = np.bincount(rating * p + kind, share * histories.severity[mark], n * p).astype(np.float64)
        evidence: Numbers = np.bincount(rating, share * histories.evidence[mark], n).astype(np.float64)
        return left.reshape(n, p), evidence


def pairs(histories: Histories, ratings: Ratings) -> Iterator[tuple[Whole, Whole]]:
    """Yield pairs of a rating and a mark that had occurred by then, so many at a time as fit well in memory."""
    customer = ratings.customer
    begin = histories.begins[customer]
    end = _reach(histories, customer, ratings.rated_at)
    upto = np.cumsum(end - begin)
    first = 0
    while first < upto.size:
        done = int(upto[first - 1]) if first else 0
        last = max(first + 1, int(np.searchsorted(upto, done + _AT_ONCE, side="right")))
        counts = (end - begin)[first:last]
        rating = np.repeat(np.arange(first, last), counts)
        offset = np.arange(rating.size) - np.repeat(np.cumsum(counts) - counts, counts)
        yield rating, offset + np.repeat(begin[first:last], counts)
        first = last


def _reach(histories: Histories, customer: Whole, at: Whole) -> Whole:
    """Return behind which mark those of each customer end that had occurred by a moment."""
    owner = np.repeat(np.arange(histories.begins.size - 1), np.diff(histories.begins))
    moments = np.unique(histories.occurred_at)  # by rank, as in `Borrowed`
    apart = moments.size + 1
    key = owner * apart + np.searchsorted(moments, histories.occurred_at)
    asked: Whole = np.searchsorted(key, customer * apart + np.searchsorted(moments, at, side="right"))
    return asked
