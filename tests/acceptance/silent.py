"""Who does not answer, in a population of which is known what everybody would have said."""

from __future__ import annotations

import numpy as np

from collage.feedback import nonresponse
from tests.acceptance.measuring import Figures
from tests.core.feedback.asking import population

__all__ = ["adjusted"]

_INVITED = 20_000


def adjusted(rng: np.random.Generator, *, residual: float) -> Figures:
    """Return by how much answers and adjusted figures are off, and whether the table of shifts holds the truth."""
    of = population(rng, _INVITED, residual=residual)
    found = nonresponse(of.invited, kinds=())
    if found.raw is None or found.adjusted is None:
        raise ValueError("too few answers for an adjustment")
    means, highs = (
        np.array([getattr(each, name).value for each in found.adjusted.tipping]) for name in ("mean", "high")
    )
    return {
        "n": float(found.n_invited),
        "answered": found.n_responded / found.n_invited,
        "mean_raw": found.raw.mean.value - of.mean,
        "mean": found.adjusted.mean.value - of.mean,
        "high_raw": found.raw.high.value - of.high,
        "high": found.adjusted.high.value - of.high,
        "mean_held": float(means.min() <= of.mean <= means.max()),
        "high_held": float(highs.min() <= of.high <= highs.max()),
    }
