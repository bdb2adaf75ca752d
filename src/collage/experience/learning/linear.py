"""Ordinal ratings made linear: the working response about a first fit, in points of the score.

Scores are categories, and many customers give the highest there is: a line through 1 to 5 bends every effect that comes
near the end (model.md §1.7, Liddell and Kruschke 2018). So the ordered probit with a random intercept is fitted by
penalised quasi-likelihood: working response z and weight I about the present η, then the linear model of `mixed` and
`weights` on b·z, b being the mean rise of the expected score with η. Weights of marks are then points of expected
score, and the log posteriors of a grid are quadratic approximations about one and the same η, hence comparable.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from collage.experience.learning import ordinal
from collage.experience.learning.design import Design, Point, design
from collage.experience.learning.mixed import FEW_TWICE, Variance, levels, moments, variance
from collage.experience.learning.ratings import Kinds, Numbers, Ratings
from collage.experience.learning.weights import Solved, evidence, reduced, solved

__all__ = ["Linear", "linear"]

_ROUNDS: Final = 5
# how much of the usual spread weights have about the catalogue's; less than half would be too sure of it
_TRUSTS: Final = (0.5, 0.7, 1.0)
_START: Final = 0.36  # τ²/σ² to begin with


@dataclass(frozen=True, slots=True)
class Linear:
    """The regression about a first fit.

    `design` has the working response as score and its weight; `spread` is σ² and τ²/σ² in its metric, in which σ² is 1;
    `points` is b, points of the score by unit of the probit scale, `cuts` those of the ordered probit; `trust` is how
    many times the usual spread weights have about the catalogue's.
    """

    design: Design
    spread: Variance
    cuts: Numbers
    points: float
    trust: float
    found: Solved


def linear(of: Design, point: Point, *, own: float | None, before: Linear | None = None) -> Linear:
    """Return the regression about the fit at one point of the grid.

    Parameters
    ----------
    of
        The regression of the scores themselves.
    point
        Where on the grid.
    own
        ρ, or None: it is searched for.
    before
        A fit elsewhere to begin from.
    """
    answers = ordinal.answers_of(of.ratings)
    usual, columns = of.kinds, np.zeros((of.ratings.n, 0))
    eta = np.zeros(of.ratings.n)
    spread = Variance(1.0, _START if of.of.twice >= FEW_TWICE else 0.0, fitted=False)
    kinds = usual
    if before is not None:
        kinds, spread = before.design.kinds, before.spread
        eta = _fit(before.design, point, own, spread)[1] / before.points
        eta -= np.average(eta, weights=of.ratings.weight)
    cuts = ordinal.fitted(answers, columns, eta)
    for turn in range(_ROUNDS):
        points = _points(of.ratings, answers, cuts.cuts, eta)
        response, weight = ordinal.working(answers, cuts.cuts, eta)
        made = design(replace(of.ratings, score=points * response, weight=weight / points**2), kinds, of.left)
        found, fitted, spread = _settled(made, point, own, spread)
        if turn == 1 and before is None:
            kinds = _trusted(made, usual, point, found.own, spread)
        eta = fitted / points
        eta -= np.average(eta, weights=of.ratings.weight)
        cuts = ordinal.fitted(answers, columns, eta, start=cuts)
    trust = float((kinds.spread / usual.spread).mean())
    return Linear(made, spread, cuts.cuts, points, trust if before is None else before.trust, found)


def _points(ratings: Ratings, answers: ordinal.Answers, cuts: Numbers, eta: Numbers) -> float:
    """Return the mean rise of the expected score, on the scale from 1 to 5, with η."""
    width = [4.0 / (count - 1) for count in ratings.categories]
    return float(np.average(ordinal.slope(answers, cuts, eta, width=width), weights=ratings.weight))


def _settled(of: Design, point: Point, own: float | None, spread: Variance) -> tuple[Solved, Numbers, Variance]:
    """Return the fit, what it says of each rating (û of its customer included), and the spread after it."""
    found, fitted, residual = _fit(of, point, own, spread)
    again = variance(residual, of.of, parameters=of.free + len(of.kinds.names), noise=1.0)
    return found, fitted, again


def _fit(of: Design, point: Point, own: float | None, spread: Variance) -> tuple[Solved, Numbers, Numbers]:
    rows = of.rows(point)
    at = reduced(moments(rows, of.of, spread.ratio), free=of.free, marks=len(of.kinds.names))
    found = solved(at, of.kinds, own=own)
    fitted = rows[:, :-1] @ np.concatenate([found.free, found.weight, found.own * found.weight])
    residual = rows[:, -1] - fitted
    return found, fitted + levels(residual, of.of, spread.ratio), residual


def _trusted(of: Design, usual: Kinds, point: Point, own: float, spread: Variance) -> Kinds:
    """Return the marks with the spread about the catalogue's weights at which the ratings are likeliest."""
    at = reduced(moments(of.rows(point), of.of, spread.ratio), free=of.free, marks=len(usual.names))
    tried = [replace(usual, spread=usual.spread * trust) for trust in _TRUSTS]
    return max(tried, key=lambda kinds: evidence(at, kinds, own=own))
