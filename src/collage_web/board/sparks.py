"""The small picture of what a source sent, hour by hour: numbers for an SVG, which the template draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from collage_web.bridge.counts import Hour

__all__ = ["HEIGHT", "Bar", "Spark", "spark"]

HEIGHT: Final = 48.0
_STEP, _WIDE, _LEAST, _MARGIN = 5.0, 3.6, 2.0, 1.0
_TAKEN, _NOT_TAKEN = ("accepted", "duplicate"), ("quarantined", "refused")


@dataclass(frozen=True, slots=True)
class Bar:
    """One piece of a column: what it counts, and where it stands."""

    kind: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Spark:
    """A picture: where the line is that parts what was taken from what was not, and the bars on both sides of it."""

    line: float
    bars: tuple[Bar, ...]


def spark(hours: Sequence[Hour]) -> Spark:
    """Return a column an hour: accepted stands on the line, duplicate on it; below hang quarantined, then refused."""
    up = max((_all(hour, _TAKEN) for hour in hours), default=0)
    down = max((_all(hour, _NOT_TAKEN) for hour in hours), default=0)
    room = HEIGHT - 2 * _MARGIN
    share = down / (up + down) if down else 0.0
    line = _MARGIN + room * (1 - max(share, 0.2 if down else 0.0))  # what went wrong is seen, however little it was
    bars: list[Bar] = []
    for place, hour in enumerate(hours):
        x = place * _STEP + (_STEP - _WIDE) / 2
        bars += _stacked(hour, _TAKEN, x, line, (line - _MARGIN) / (up or 1), -1)
        bars += _stacked(hour, _NOT_TAKEN, x, line, (HEIGHT - _MARGIN - line) / (down or 1), 1)
    return Spark(round(line, 2), tuple(bars))


def _all(hour: Hour, kinds: Sequence[str]) -> int:
    return sum(getattr(hour, kind) for kind in kinds)


def _stacked(hour: Hour, kinds: Sequence[str], x: float, line: float, each: float, way: int) -> list[Bar]:
    """Return the bars of an hour on one side of the line, from it outwards."""
    bars, at = [], 0.0
    for kind in kinds:
        if n := getattr(hour, kind):
            high = max(_LEAST, n * each)
            bars.append(Bar(kind, x, round(line + at if way > 0 else line - at - high, 2), _WIDE, round(high, 2)))
            at += high
    return bars
