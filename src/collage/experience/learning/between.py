"""What was left at half-lives between those that were asked for: linear in the logarithm of the multiplier."""

from __future__ import annotations

import numpy as np

from collage.experience.learning.ratings import Numbers, Remembered

__all__ = ["between"]


def between(left: Remembered, *multipliers: float) -> Remembered:
    """Return what is left for other multipliers, within 1 % of it; outside of those known, as for the nearest."""
    known = np.log(np.array(left.multipliers))
    above, share = [], []
    for multiplier in multipliers:
        place = int(np.clip(np.searchsorted(known, np.log(multiplier)), 1, known.size - 1))
        above.append(place)
        share.append(float(np.clip((np.log(multiplier) - known[place - 1]) / (known[place] - known[place - 1]), 0, 1)))

    def mixed(part: Numbers) -> Numbers:
        return np.stack([part[high - 1] * (1.0 - by) + part[high] * by for high, by in zip(above, share, strict=True)])

    parts = (left.whole, left.own, left.since, left.evidence, left.before)
    return Remembered(tuple(multipliers), *map(mixed, parts))
