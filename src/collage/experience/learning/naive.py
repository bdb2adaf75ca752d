"""The readings that a model has to beat: what others make of the same marks, by the catalogue's weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from collage.experience.learning.histories import Histories, pairs
from collage.experience.learning.ratings import Kinds, Numbers, Ratings

__all__ = ["Naive", "naive"]


@dataclass(frozen=True, slots=True)
class Naive:
    """One number for each rating.

    `undecayed_sum` is Σ weight·severity, `plain_average` that over the number of marks, `peak_end` the mean of the most
    extreme mark and of what the rated contact left (the latest mark, where it left none).
    """

    undecayed_sum: Numbers
    plain_average: Numbers
    peak_end: Numbers


def naive(histories: Histories, ratings: Ratings, kinds: Kinds) -> Naive:
    """Return the readings of marks up to each rating."""
    n = ratings.n
    summed, count, own, of_own = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    peak, last = np.zeros(n), np.zeros(n)
    for rating, mark in pairs(histories, ratings):
        size = kinds.weight[histories.kind[mark]] * histories.severity[mark]
        inside = (histories.contact[mark] >= 0) & (histories.contact[mark] == ratings.contact[rating])
        summed += np.bincount(rating, size, n)
        count += np.bincount(rating, minlength=n)
        own += np.bincount(rating, np.where(inside, size, 0.0), n)
        of_own += np.bincount(rating, inside, n)
        order = np.lexsort((np.abs(size), rating))
        peak[rating[order]] = size[order]  # the last written of each rating is the most extreme
        last[rating] = size  # marks come in order of time
    average = np.divide(summed, count, out=np.zeros(n), where=count > 0)
    return Naive(summed, average, (peak + np.where(of_own > 0, own, last)) / 2.0)
