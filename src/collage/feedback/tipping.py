"""By how much the silent would have to differ from what is expected of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from collage.feedback.columns import Numbers

__all__ = ["Moved", "moved"]

_FAR: Final = 12.0  # standard deviations: nobody is left on the other side


@dataclass(frozen=True, slots=True)
class Moved:
    """By how much the mean score of the silent has moved, and the share of high scores among them."""

    mean: float
    high: float


def moved(score: Numbers, weight: Numbers, *, high_from: float, by: float) -> Moved:
    """Return what happens to mean and share of high scores when all scores rest on a hidden one that moves.

    The scores are cut from a standard normal scale at τ_j = Φ⁻¹(P(score ≤ j)). All who stand on it are moved by the one
    distance at which their mean score has moved by `by`; where the scale ends before, as far as it goes.

    Parameters
    ----------
    score, weight
        The distribution that is moved: scores (at least two different ones) and how many each stands for.
    high_from
        The lowest of the high scores.
    by
        Points of the score.
    """
    if not by:
        return Moved(0.0, 0.0)
    values, place = np.unique(score, return_inverse=True)
    below = np.cumsum(np.bincount(place, weight))
    cuts = ndtri(below[:-1] / below[-1])
    widths, lower = np.diff(values), int(np.searchsorted(values, high_from))

    def up_to(distance: float) -> Numbers:
        found: Numbers = ndtr(cuts - distance)
        return found

    start = up_to(0.0)

    def gained(distance: float) -> float:
        return float(widths @ (start - up_to(distance)))

    def high(shares: Numbers) -> float:
        return 1.0 - float(np.concatenate([[0.0], shares, [1.0]])[lower])

    if by >= gained(_FAR) or by <= gained(-_FAR):
        distance = float(np.copysign(_FAR, by))
    else:
        distance = float(brentq(lambda d: gained(d) - by, -_FAR, _FAR))
    return Moved(gained(distance), high(up_to(distance)) - high(start))
