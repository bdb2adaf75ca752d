"""How much of what touchpoints explain was there before the contact. Source: model.md §1.11.5.

    y = Zγ + I·v + O·w      I: what was left of marks from before the contact, O: what its own marks add

Share: Var(I·w)/(Var(I·w) + Var((1+ρ)O·w)) at the fitted half-lives and weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from collage.experience.learning.design import Design, Point, per_evidence
from collage.experience.learning.grid import folded
from collage.experience.learning.mixed import clusters, moments
from collage.experience.learning.ratings import Numbers
from collage.experience.learning.weights import Reduced, reduced, solved

__all__ = ["Blocks", "Share", "blocks", "share_of"]

_FOLDS: Final = 20  # of customers, for the interval of the share
_Z95: Final = 1.96


@dataclass(frozen=True, slots=True)
class Share:
    """How much of what touchpoints explain was inherited, 0 to 1, with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Blocks:
    """The columns of the working regression.

    What is free, what was there before, what the contact left, and the response.
    """

    free: Numbers
    before: Numbers
    own: Numbers
    response: Numbers


def share_of(of: Design, point: Point, *, ratio: float) -> Share:
    """Return how much of what touchpoints explain was inherited, at a point of the grid.

    Parameters
    ----------
    of
        The regression with its working response.
    point
        Which multipliers of those remembered, and kappa.
    ratio
        τ²/σ² of the working response.

    Returns
    -------
    Share
        Its interval from leaving out a twentieth of the customers at a time (delete-a-group jackknife).
    """
    rows, free, p = of.rows(point), of.free, len(of.kinds.names)
    some = [moments(rows[part], clusters(of.ratings.some(part)), ratio) for part in folded(of, _FOLDS)]
    whole = np.sum(some, axis=0)
    columns = blocks(of, point)
    value, *without = (
        _share(reduced(each, free=free, marks=p), of, columns) for each in (whole, *(whole - part for part in some))
    )
    found = np.array(without)
    se = float(np.sqrt((_FOLDS - 1) / _FOLDS * ((found - found.mean()) ** 2).sum()))
    return Share(value, max(0.0, value - _Z95 * se), min(1.0, value + _Z95 * se))


def _share(left: Reduced, of: Design, columns: Blocks) -> float:
    """Return Var(I·w)/(Var(I·w) + Var((1+ρ)O·w)) at the likeliest weights."""
    found = solved(left, of.kinds, own=None)
    parts = columns.before @ found.weight, (1.0 + found.own) * (columns.own @ found.weight)
    before, own = (float(np.cov(part, aweights=of.of.weight)) for part in parts)
    return before / (before + own) if before + own > 0.0 else 0.0


def blocks(of: Design, point: Point) -> Blocks:
    """Return the columns of the regression at a point of the grid."""
    credit = of.kinds.weight > 0.0
    scale = per_evidence(of.evidence(point), point.kappa)[:, None]
    whole, own, since = (
        np.where(credit, part[point.credit], part[point.strike]) * scale
        for part in (of.left.whole, of.left.own, of.left.since)
    )
    free = np.column_stack([of.fixed, of.means(own), since @ of.kinds.weight])
    return Blocks(free, whole - own - since, own, of.ratings.score)
