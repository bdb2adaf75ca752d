"""Two small regressions with a ridge: linear, and logistic by iteratively reweighted least squares.

Columns stand at mean 0 and standard deviation 1 but for the first, which is constant and not penalised; the ridge is
half a sum of squares of the coefficients, worth one normal prior of sd 1 each (logistic) or one more row (linear). It
keeps coefficients finite where a column tells responders from the others without fail. Hoerl and Kennard, Technometrics
12 (1970) 55–67; le Cessie and van Houwelingen, Applied Statistics 41 (1992) 191–201.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.special import expit

from collage.feedback.columns import Flags, Numbers

__all__ = ["RIDGE", "linear", "logistic"]

RIDGE: Final = 1.0

_STEPS: Final = 50
_SMALLEST: Final = 1e-6
_NEAR: Final = 1e-10


def linear(columns: Numbers, y: Numbers, *, ridge: float = RIDGE) -> Numbers:
    """Return the coefficients b that minimise Σ(y - xb)² + ridge·Σb², the first not penalised.

    Parameters
    ----------
    columns
        x, a row for each y.
    y
        What is to be predicted.
    ridge
        0 or more.
    """
    solved = np.linalg.lstsq(columns.T @ columns + _penalty(columns, ridge), columns.T @ y, rcond=None)[0]
    return np.asarray(solved, np.float64)


def logistic(columns: Numbers, y: Flags, *, ridge: float = RIDGE) -> Numbers:
    """Return the coefficients b that maximise Σ ln P(y) - ½·ridge·Σb², P(y = 1) = 1/(1 + exp(-xb)), the first free.

    Parameters
    ----------
    columns
        x, a row for each y.
    y
        Whether; both must occur.
    ridge
        0 or more.
    """
    penalty, target = _penalty(columns, ridge), y.astype(np.float64)

    def whole(b: Numbers) -> float:
        eta = columns @ b
        return float((target * eta - np.logaddexp(0.0, eta)).sum() - 0.5 * b @ penalty @ b)

    share = target.mean()
    b = np.zeros(columns.shape[1])
    b[0] = np.log(share / (1.0 - share))
    reached = whole(b)
    for _ in range(_STEPS):
        p = expit(columns @ b)
        gradient = columns.T @ (target - p) - penalty @ b
        square = (columns * (p * (1.0 - p))[:, None]).T @ columns + penalty
        step = np.linalg.lstsq(square, gradient, rcond=None)[0]
        size, ahead = 1.0, whole(b + step)
        while ahead < reached and size > _SMALLEST:
            size *= 0.5
            ahead = whole(b + size * step)
        if ahead < reached:
            break
        b, done, reached = b + size * step, ahead - reached < _NEAR * (1.0 + abs(reached)), ahead
        if done:
            break
    return b


def _penalty(columns: Numbers, ridge: float) -> Numbers:
    return np.diag(np.append(0.0, np.full(columns.shape[1] - 1, ridge)))
