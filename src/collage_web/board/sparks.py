"""The small picture of what a source sent, hour by hour: numbers for an SVG, which the template draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from collage_web.bridge.counts import COUNTED, Hour

__all__ = ["HEIGHT", "Bar", "spark"]

HEIGHT: Final = 40.0
_STEP, _WIDE, _LEAST = 5.0, 4.0, 1.5


@dataclass(frozen=True, slots=True)
class Bar:
    """One piece of a column: what it counts, and where it stands."""

    kind: str
    x: float
    y: float
    width: float
    height: float


def spark(hours: Sequence[Hour]) -> list[Bar]:
    """Return the bars: a column an hour, accepted below, then duplicate, quarantined, refused."""
    most = max((sum(getattr(hour, kind) for kind in COUNTED) for hour in hours), default=0)
    bars = []
    for place, hour in enumerate(hours):
        top = HEIGHT
        for kind in COUNTED:
            n = getattr(hour, kind)
            if n:
                height = max(_LEAST, HEIGHT * n / most)
                top = max(0.0, top - height)
                bars.append(Bar(kind, place * _STEP, round(top, 2), _WIDE, round(height, 2)))
    return bars
