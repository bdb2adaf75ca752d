"""How well a reading foretells ratings: an ordered probit on it, for every reading with the same company.

Each reading gets the ways of asking, the contacts so far, and what the customer's earlier ratings say beyond it (û of
`mixed.effects`). So no reading wins by what all could know.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from collage.experience.learning import ordinal
from collage.experience.learning.design import nuisance
from collage.experience.learning.mixed import clusters, effects, variance
from collage.experience.learning.ratings import Flags, Numbers, Ratings

__all__ = ["Foretold", "foretold"]


@dataclass(frozen=True, slots=True)
class Foretold:
    """An ordered probit on a reading: its cuts and coefficients, and η of every rating, seen or not.

    The coefficients are those of the reading, the ways of asking, the contacts so far (logarithm and its square, less
    their mean) and û.
    """

    fitted: ordinal.Fitted
    eta: Numbers

    def log_loss(self, ratings: Ratings) -> Numbers:
        """Return -log P of each rating."""
        return ordinal.log_loss(ordinal.answers_of(ratings), self.fitted.cuts, self.eta)


def foretold(ratings: Ratings, reading: Numbers, seen: Flags, *, known: bool = True) -> Foretold:
    """Return what a reading foretells of all ratings, fitted to those that were seen.

    Parameters
    ----------
    ratings
        All.
    reading
        A column for each number that the reading has; none: what is known without touchpoints.
    seen
        Which ratings may be learned from.
    known
        Whether a customer's earlier ratings are known when the next is foretold.
    """
    free = nuisance(ratings)
    # the cuts of each instrument already say how its commonest way is answered
    free[:, [way for way in _leading(ratings) if way]] = 0.0
    rows = np.column_stack([reading.reshape(ratings.n, -1), free[:, 1:]])
    mean = np.average(rows[seen, -2:], axis=0, weights=ratings.weight[seen])
    rows[:, -2:] -= mean
    others = [ratings.instrument == each for each in range(1, len(ratings.instruments))]
    here = np.column_stack([np.ones(ratings.n), *others, rows])
    weight = np.sqrt(ratings.weight[seen])[:, None]
    beta = np.linalg.lstsq(here[seen] * weight, ratings.score[seen] * weight[:, 0], rcond=None)[0]
    residual = ratings.score - here @ beta
    some = ratings.some(seen)
    ratio = variance(residual[seen], clusters(some), parameters=here.shape[1]).ratio
    level = effects(residual, clusters(ratings), ratio) if known else np.zeros(ratings.n)
    columns = np.column_stack([rows, level])
    used = columns[seen].std(axis=0) > 0.0
    fitted = ordinal.fitted(ordinal.answers_of(some), columns[seen][:, used], np.zeros(some.n))
    whole = np.zeros(columns.shape[1])
    whole[used] = fitted.beta
    return Foretold(ordinal.Fitted(fitted.cuts, whole, fitted.log_likelihood), columns @ whole)


def _leading(ratings: Ratings) -> list[int]:
    """Return the commonest way of asking of each instrument; ways are numbered from the commonest on."""
    return [int(ratings.way[ratings.instrument == each].min(initial=0)) for each in range(len(ratings.instruments))]
