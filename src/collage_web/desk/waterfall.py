"""Why this index: from the neutral 50 by what marks contribute to where it stands. Numbers for pictures, no words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from collage_web.bridge.reasons import Group

__all__ = ["NEUTRAL", "Fall", "Step", "waterfall"]

NEUTRAL: Final = 50.0
_MOST: Final = 8  # groups that have a step of their own
_WIDE: Final = 100.0  # of the picture
_LEAST: Final = 0.6  # so much of it is seen of the smallest
_MARGIN: Final = 2.0  # points beside the outermost


@dataclass(frozen=True, slots=True)
class Step:
    """One step: of a group, or of the many small ones (`group` None), with where its bar stands.

    `start` and `end` are points on the scale, `x0` and `x1` the same in the picture, `x` and `width` the bar's.
    """

    group: Group | None
    n: int
    points: float
    start: float
    end: float
    x0: float
    x1: float
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Fall:
    """The picture: all steps, where neutral and the index stand in it, and between which points it lies."""

    steps: tuple[Step, ...]
    neutral: float
    index: float
    low: float
    high: float


def waterfall(every: Sequence[Group], index: float) -> Fall:
    """Return the steps from neutral to the index, the largest first and the small ones folded into the last.

    Parameters
    ----------
    every
        All of a customer's, those that add or take the most first: their points add up to ``index - 50``.
    index
        0 to 100.
    """
    own, folded = (every, []) if len(every) <= _MOST + 1 else (every[:_MOST], every[_MOST:])
    sizes = [(group, group.n, group.points) for group in own]
    rest = [(None, sum(group.n for group in folded), sum(group.points for group in folded))]
    at, walked = NEUTRAL, []
    for group, n, points in [*sizes, *(rest if folded else [])]:
        walked.append((group, n, points, at, at + points))
        at += points
    marks = [NEUTRAL, index, *(end for *_, end in walked)]
    low, high = max(0.0, min(marks) - _MARGIN), min(100.0, max(marks) + _MARGIN)
    low, high = min(low, *marks), max(high, *marks)  # on the way it may go beyond the scale

    def place(points: float) -> float:
        return round((points - low) / (high - low) * _WIDE, 2)

    steps = tuple(
        Step(
            group, n, points, start, end, place(start), place(end), min(place(start), place(end)),
            max(_LEAST, round(abs(place(end) - place(start)), 2)),
        )
        for group, n, points, start, end in walked
    )  # fmt: skip
    return Fall(steps, place(NEUTRAL), place(index), low, high)
