"""The columns of the regression at one point of the grid: half-lives and kappa given, all else is linear.

    y = Zγ + (A + ρO)w      A = (κ+1)·K/(κ+D) of all marks, O the part of the rated contact

Z holds a constant, the ways of asking, the logarithm of the contacts so far with its square, and the customer's means:
of the logarithm of the contacts in the year before with its square, and of A by the catalogue's weights (credits and
strikes).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from collage.experience.learning.mixed import FEW_TWICE, Clusters, clusters
from collage.experience.learning.ratings import Flags, Kinds, Numbers, Ratings, Remembered

__all__ = ["Design", "Point", "design", "nuisance", "per_evidence"]

_TOO_LITTLE: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Point:
    """Places of the multipliers of credits and strikes among those remembered, and kappa."""

    credit: int
    strike: int
    kappa: float


@dataclass(frozen=True, slots=True)
class Design:
    """Ratings, what was remembered at them, and the columns that no half-life changes (`fixed`)."""

    ratings: Ratings
    kinds: Kinds
    left: Remembered
    of: Clusters
    fixed: Numbers

    @property
    def free(self) -> int:
        """Return how many columns Z has."""
        return int(self.fixed.shape[1]) + 2

    def features(self, point: Point) -> tuple[Numbers, Numbers]:
        """Return A and O, a row for each rating and a column for each mark."""
        scale = per_evidence(self.evidence(point), point.kappa)[:, None]
        return self._by_sign(self.left.whole, point) * scale, self._by_sign(self.left.own, point) * scale

    def evidence(self, point: Point) -> Numbers:
        """Return D at each rating."""
        found: Numbers = self.left.evidence[point.credit, :, 0] + self.left.evidence[point.strike, :, 1]
        return found

    def rows(self, point: Point) -> Numbers:
        """Return the columns Z, A, O and y."""
        a, o = self.features(point)
        return np.column_stack([self.fixed, self.means(a), a, o, self.ratings.score])

    def means(self, a: Numbers) -> Numbers:
        """Return each customer's mean of what credits and strikes add by the catalogue's weights.

        Nothing where hardly anybody rated twice: there the mean is the feature itself.
        """
        if self.of.twice < FEW_TWICE:
            return np.zeros((self.ratings.n, 2))
        credit = self.kinds.weight > 0.0
        both = np.column_stack([a[:, part] @ self.kinds.weight[part] for part in (credit, ~credit)])
        return self.of.spread(self.of.means(both))

    def _by_sign(self, part: Numbers, point: Point) -> Numbers:
        found: Numbers = np.where(self.kinds.weight > 0.0, part[point.credit], part[point.strike])
        return found

    def some(self, which: Flags) -> Design:
        """Return the design of some of the ratings."""
        return design(self.ratings.some(which), self.kinds, self.left.some(which))


def design(ratings: Ratings, kinds: Kinds, left: Remembered) -> Design:
    """Return the regression of ratings on what was remembered."""
    return Design(ratings, kinds, left, clusters(ratings), np.column_stack([nuisance(ratings), _often(ratings)]))


def nuisance(ratings: Ratings) -> Numbers:
    """Return a constant, a column for each way of asking but the commonest, and the contacts so far."""
    volume = np.log1p(ratings.contacts)
    ways = [(ratings.way == way).astype(np.float64) for way in range(1, len(ratings.ways))]
    return np.column_stack([np.ones(ratings.n), *ways, volume, volume**2])


def _often(ratings: Ratings) -> Numbers:
    """Return how often each customer comes, which goes with how kindly they rate: contacts so far grow with time."""
    counts = np.diff(np.append(ratings.begins, ratings.n))
    year = np.log1p(ratings.contacts_year)
    # every rating alike: the weights of the working response owe something to the answer
    mean = np.repeat(np.add.reduceat(year, ratings.begins) / counts, counts)
    return np.column_stack([mean, mean**2])


def per_evidence(evidence: Numbers, kappa: float) -> Numbers:
    """Return (κ+1)/(κ+D), as `experience.score` has it."""
    if math.isinf(kappa):
        return np.ones_like(evidence)
    whole = kappa + evidence
    return np.divide(kappa + 1.0, whole, out=np.zeros_like(whole), where=whole > _TOO_LITTLE)
