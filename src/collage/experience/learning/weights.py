"""Weights of marks by maximum a posteriori: drawn towards the catalogue, each keeping its sign.

    min  ‖y - Zγ - (A + ρO)w‖² + Σ (w_k - g·w⁰_k)²/s_k²      sign(w_k) = sign(w⁰_k), g ≥ 0

in the metric of the random intercept and of the working response, in which σ² is 1. γ has a flat prior and is
eliminated; A holds what all marks add, O what those of the rated contact add. Signs are met by non-negative least
squares on the Cholesky factor (Slawski and Hein, Electronic Journal of Statistics 7 (2013) 3004–3056). ρ is found by a
search of its own: given ρ all else is linear.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.linalg import cho_factor, cho_solve, cholesky, solve_triangular
from scipy.optimize import minimize_scalar, nnls

from collage.experience.learning.ratings import Kinds, Numbers

__all__ = ["OWN", "Reduced", "Solved", "evidence", "reduced", "solved", "uncertainty"]

OWN: Final = 1.0  # ρ where ratings do not tell (model.md §1.6)
_OWN_SPREAD: Final = 1.0  # of ln(1 + ρ) before the fit
_OWN_LEAST, _OWN_MOST = float(np.log(0.25)), float(np.log(60.0))
_RIDGE: Final = 1e-9  # beside σ² = 1: keeps columns that are all zero from breaking the factor


@dataclass(frozen=True, slots=True)
class Reduced:
    """Moments of A, O and y once γ is eliminated, and what is needed to find γ again."""

    aa: Numbers
    ao: Numbers
    oo: Numbers
    ay: Numbers
    oy: Numbers
    yy: float
    free: Numbers
    back: Numbers


@dataclass(frozen=True, slots=True)
class Solved:
    """Weights at their likeliest: `weight`, `multiplier` g, `own` ρ, and `free` γ.

    `loss` is the residual sum of squares, `log_posterior` what a search compares (without the priors of half-lives and
    kappa).
    """

    weight: Numbers
    multiplier: float
    own: float
    free: Numbers
    loss: float
    log_posterior: float


def reduced(moments: Numbers, *, free: int, marks: int) -> Reduced:
    """Eliminate the first `free` columns from moments of the columns Z, A, O, y."""
    zz, rest = moments[:free, :free], moments[free:, free:]
    cross = moments[:free, free:]
    ridge = 1e-10 * max(float(np.trace(zz)), 1.0) * np.eye(free)
    back = cho_solve(cho_factor(zz + ridge), cross)
    left = rest - cross.T @ back
    a, o = slice(0, marks), slice(marks, 2 * marks)
    return Reduced(left[a, a], left[a, o], left[o, o], left[a, -1], left[o, -1], float(left[-1, -1]), zz, back)


def solved(of: Reduced, kinds: Kinds, *, own: float | None) -> Solved:
    """Return the likeliest weights.

    Parameters
    ----------
    of
        The moments.
    kinds
        The catalogue's weights and how far they are trusted.
    own
        ρ where it is given; None: it is searched for.
    """
    if own is not None:
        return _at(of, kinds, own)

    def minus(log_own: float) -> float:
        return -_at(of, kinds, float(np.exp(log_own)) - 1.0).log_posterior

    found = minimize_scalar(minus, bounds=(_OWN_LEAST, _OWN_MOST), method="bounded", options={"xatol": 0.01})
    return _at(of, kinds, float(np.exp(found.x)) - 1.0)


def _at(of: Reduced, kinds: Kinds, own: float) -> Solved:
    p = len(kinds.names)
    square = of.aa + own * (of.ao + of.ao.T) + own**2 * of.oo
    target = of.ay + own * of.oy
    whole = _precision(square, kinds)
    sign = np.append(kinds.sign, 1.0)
    factor = cholesky(whole * np.outer(sign, sign), lower=True)
    right = np.append(target, 0.0) * sign
    sizes, _ = nnls(factor.T, solve_triangular(factor, right, lower=True), maxiter=50 * p + 500)
    found: Numbers = sizes * sign
    weight, multiplier = found[:p], float(found[p])
    loss = float(of.yy - 2.0 * target @ weight + weight @ square @ weight)
    penalty = float((((weight - multiplier * kinds.weight) / kinds.spread) ** 2).sum())
    prior = -0.5 * ((np.log1p(own) - np.log1p(OWN)) / _OWN_SPREAD) ** 2
    both = np.concatenate([weight, own * weight])
    free = of.back[:, -1] - of.back[:, :-1] @ both
    return Solved(weight, multiplier, own, free, loss, float(-0.5 * (loss + penalty) + prior))


def _precision(square: Numbers, kinds: Kinds) -> Numbers:
    """Return the precision of the weights and g after the fit."""
    p = len(kinds.names)
    whole = np.zeros((p + 1, p + 1))
    trust = kinds.spread**-2
    whole[:p, :p] = square + np.diag(trust + _RIDGE)
    whole[:p, p] = whole[p, :p] = -trust * kinds.weight
    whole[p, p] = float((trust * kinds.weight**2).sum()) + _RIDGE
    return whole


def uncertainty(of: Reduced, kinds: Kinds, *, own: float) -> Numbers:
    """Return the covariance of the weights and of g (last), as if no sign bound them."""
    square = of.aa + own * (of.ao + of.ao.T) + own**2 * of.oo
    return np.asarray(np.linalg.inv(_precision(square, kinds)), np.float64)


def evidence(of: Reduced, kinds: Kinds, *, own: float) -> float:
    """Return how well the catalogue's weights and the spread about them agree with the ratings.

    It is the log marginal likelihood, weights integrated out as if no sign bound them, less what does not depend on
    `kinds`.
    """
    p = len(kinds.names)
    square = of.aa + own * (of.ao + of.ao.T) + own**2 * of.oo
    whole = _precision(square, kinds)
    right = np.append(of.ay + own * of.oy, 0.0)
    factor = cho_factor(whole)
    fit = float(right @ cho_solve(factor, right))
    size = 2.0 * float(np.log(np.diag(factor[0])).sum())
    return 0.5 * fit - 0.5 * size - float(np.log(kinds.spread[:p]).sum())
