"""Ratings and the marks before them as columns of numbers: what a fit works on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from collage.experience.catalogue import Catalogue

__all__ = ["Flags", "Kinds", "Numbers", "Ratings", "Remembered", "Remembering", "Whole", "kinds_of"]

Numbers: TypeAlias = npt.NDArray[np.float64]
Whole: TypeAlias = npt.NDArray[np.int64]
Flags: TypeAlias = npt.NDArray[np.bool_]

_NOBODY: Final = -1
_COLUMNS: Final = (
    *("rated_at", "started_at", "contact", "score", "category", "instrument", "way", "weight"),
    *("contacts", "contacts_year"),
)
_NOTHING: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Ratings:
    """Usable ratings, ordered by customer and then by time: one entry in each column is one rating.

    `customer` counts from 0 without gaps; `rated_at` and `started_at` (when the rated contact began) are microseconds;
    `score` is rescaled to 1–5, `category` the place of the score among those of its instrument; `instrument` and `way`
    (of asking: instrument, item, wording and channel) are places in `instruments` and `ways`; `weight` adds up to the
    effective number of ratings;
    `contacts` is how many contacts the customer had up to the rating, `contacts_year` how many in the 365 days before.
    `categories` says how many scores each instrument has.
    """

    customer: Whole
    rated_at: Whole
    started_at: Whole
    contact: Whole
    score: Numbers
    category: Whole
    instrument: Whole
    way: Whole
    weight: Numbers
    contacts: Numbers
    contacts_year: Numbers
    instruments: tuple[str, ...]
    categories: tuple[int, ...]
    ways: tuple[str, ...]

    @property
    def n(self) -> int:
        """Return how many ratings there are."""
        return int(self.customer.size)

    @property
    def begins(self) -> Whole:
        """Return the place of each customer's first rating."""
        return np.flatnonzero(np.diff(self.customer, prepend=_NOBODY))

    @property
    def twice(self) -> float:
        """Return the share of customers who rated at two moments or more: two questions of one survey are one."""
        if not self.n:
            return 0.0
        moments = np.unique(np.column_stack([self.customer, self.rated_at]), axis=0)[:, 0]
        return float((np.bincount(moments) > 1).mean())

    def some(self, which: Flags | Whole) -> Ratings:
        """Return some of the ratings, in their order; customers are counted anew."""
        columns = {name: getattr(self, name)[which] for name in _COLUMNS}
        customer = np.unique(self.customer[which], return_inverse=True)[1].astype(np.int64)
        return replace(self, customer=customer, **columns)


@dataclass(frozen=True, slots=True)
class Kinds:
    """The marks that a fit weighs: their `names`, and by mark the catalogue's class, weight and half-life.

    `spread` is the standard deviation of a weight before any fit, .5·|weight| + .05 points (model.md §10.8).
    """

    names: tuple[str, ...]
    classes: tuple[str, ...]
    weight: Numbers
    half_life_days: Numbers
    spread: Numbers

    @property
    def sign(self) -> Numbers:
        """Return 1 for credits and -1 for strikes."""
        return np.where(self.weight > 0.0, 1.0, -1.0)

    def some(self, which: Flags) -> Kinds:
        """Return some of the marks."""
        names, classes = (
            tuple(word for word, kept in zip(words, which.tolist(), strict=True) if kept)
            for words in (self.names, self.classes)
        )
        return Kinds(names, classes, self.weight[which], self.half_life_days[which], self.spread[which])


@dataclass(frozen=True, slots=True)
class Remembered:
    """What was left of marks at the moment of each rating, for several multipliers of their half-lives.

    `whole`, `own` and `since` have the shape (multipliers, ratings, marks): Σ severity·2^(-age/(multiplier·half-life))
    of all marks up to the rating, of those of the rated contact, and of those after it began that are not of it; what
    remains of `whole` was there before the contact. `evidence` has the shape (multipliers, ratings, 2): the same sum of
    evidence, of credits and of strikes; `before` the part of it that was there before the contact.
    """

    multipliers: tuple[float, ...]
    whole: Numbers
    own: Numbers
    since: Numbers
    evidence: Numbers
    before: Numbers

    def some(self, which: Flags | Whole) -> Remembered:
        """Return what was left at some of the ratings."""
        parts = (self.whole, self.own, self.since, self.evidence, self.before)
        return Remembered(self.multipliers, *(part[:, which] for part in parts))

    def of_kinds(self, kept: Flags) -> Remembered:
        """Return what was left of some of the marks."""
        whole, own, since = (part[:, :, kept] for part in (self.whole, self.own, self.since))
        return Remembered(self.multipliers, whole, own, since, self.evidence, self.before)


class Remembering(Protocol):
    """Gives what is left at each rating, for these multipliers; `light`: in half the memory, to seven digits."""

    def __call__(self, multipliers: Sequence[float], *, light: bool = False) -> Remembered:
        """Return what is left."""


def kinds_of(catalogue: Catalogue) -> Kinds:
    """Return the marks of a catalogue. One that weighs nothing keeps doing so: it only counts as evidence."""
    marks = catalogue.weighing
    weight = np.array([mark.weight for mark in marks], np.float64)
    half = np.array([catalogue.classes[mark.class_] for mark in marks], np.float64)
    names, classes = tuple(mark.name for mark in marks), tuple(mark.class_ for mark in marks)
    return Kinds(names, classes, weight, half, np.where(weight == 0.0, _NOTHING, 0.5 * np.abs(weight) + 0.05))
