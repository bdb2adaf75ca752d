"""Pictures of the company's page: numbers for SVG, in percent so that it stretches; templates draw it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

__all__ = ["Bar", "Course", "Piece", "Tick", "bars", "course", "spread", "trend"]

_TICKS, _MONTHS = 4, 6
_LEAST_SPAN: Final = 2.0  # points of the index: what differs by less looks level, as it is
_STRENGTHS: Final = ("strong", "some", "faint")  # from the ground up
_TENTHS: Final = 10
_FILLED: Final = 0.72  # of the place of a column


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of an axis: where it is, in percent, and what stands there; `odd` ones are left out where it is narrow."""

    at: float
    value: Any
    odd: bool = False


@dataclass(frozen=True, slots=True)
class Course:
    """The index over time, in a square of 100 by 100: a line, its band, the time before as a ghost."""

    line: str
    band: str
    ghost: str
    levels: tuple[Tick, ...]
    months: tuple[Tick, ...]
    end: float  # how high the line ends


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar to one side of nothing, with its interval: left edges and widths in percent."""

    kind: str
    x: float
    width: float
    low: float
    reach: float
    zero: float


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a column: what it counts, and where it stands, in a square of 100 by 100."""

    kind: str
    x: float
    y: float
    width: float
    height: float


def course(
    weeks: Sequence[Mapping[str, Any]], before: Sequence[Mapping[str, Any]], *, shift: timedelta
) -> Course | None:
    """Return the index week by week with its 95 % band, and the time before behind it.

    Parameters
    ----------
    weeks
        Rows with `at`, `index`, `index_low`, `index_high`, the latest last.
    before
        The same of as many weeks before those.
    shift
        How far those are moved on, to lie behind.

    Returns
    -------
    Course or None
        None where there are fewer than two weeks.
    """
    if len(weeks) < 2:  # noqa: PLR2004  # a line needs two points
        return None
    first, last = weeks[0]["at"], weeks[-1]["at"]
    ghosts = [{**row, "at": row["at"] + shift} for row in before]
    ghosts = [row for row in ghosts if row["at"] >= first]
    reached = [row[name] for row in weeks for name in ("index_low", "index_high")] + [row["index"] for row in ghosts]
    levels = _levels(min(reached), max(reached))
    low, high = levels[0], levels[-1]

    def x(at: datetime) -> float:
        return float(100.0 * ((at - first) / (last - first)))

    def y(value: float) -> float:
        return 100.0 * (high - value) / (high - low)

    def line(rows: Sequence[Mapping[str, Any]], name: str) -> list[str]:
        return [f"{x(row['at']):.2f},{y(row[name]):.2f}" for row in rows]

    return Course(
        " ".join(line(weeks, "index")),
        " ".join([*line(weeks, "index_high"), *reversed(line(weeks, "index_low"))]),
        " ".join(line(ghosts, "index")) if len(ghosts) > 1 else "",
        tuple(Tick(y(value), value) for value in levels),
        tuple(Tick(x(at), at, odd=place % 2 == 1) for place, at in enumerate(_months(first, last))),
        y(weeks[-1]["index"]),
    )


def _levels(low: float, high: float) -> list[float]:
    """Return round numbers that reach from below the lowest to above the highest."""
    middle, half = (low + high) / 2, max(high - low, _LEAST_SPAN) / 2
    low, high = middle - half, middle + half
    rough = (high - low) / _TICKS
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * each for each in (1, 2, 5, 10) if size * each >= rough)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [round(place * step, 6) for place in range(first, last + 1)]


def _months(first: datetime, last: datetime) -> list[datetime]:
    """Return beginnings of months between two moments, evenly, no more than fit."""
    found, at = [], first.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while at <= last:
        if at >= first:
            found.append(at)
        at = (at + timedelta(days=32)).replace(day=1)
    return found[:: max(1, math.ceil(len(found) / _MONTHS))]


def bars(rows: Sequence[Mapping[str, Any]]) -> list[Bar]:
    """Return what groups put into the experience, all on one scale, nothing where it is for all of them.

    Parameters
    ----------
    rows
        Each with `experience`, `low`, `high`.
    """
    ends = [value for row in rows for value in (row["low"], row["high"], row["experience"]) if value is not None]
    low, high = min([0.0, *ends]), max([0.0, *ends])
    span = (high - low) or 1.0

    def x(value: float) -> float:
        return float(round(100.0 * (value - low) / span, 2))

    found = []
    for row in rows:
        value = row["experience"]
        left, right = sorted((x(0.0), x(value)))
        known = row["low"] is not None and row["high"] is not None
        begin, end = (x(row["low"]), x(row["high"])) if known else (x(value), x(value))
        kind = "strike" if value < 0 else "credit"
        found.append(Bar(kind, left, round(right - left, 2), begin, round(end - begin, 2), x(0.0)))
    return found


def trend(weeks: Sequence[float]) -> str:
    """Return points lost or won week by week as columns, the latest on the right, the highest 100 high: one path."""
    most = max((abs(value) for value in weeks), default=0.0) or 1.0
    wide = 100.0 / max(1, len(weeks))
    return "".join(
        f"M{place * wide:.1f} 100V{100.0 - high:.1f}h{wide * _FILLED:.1f}V100z"
        for place, value in enumerate(weeks)
        if (high := 100.0 * abs(value) / most) > 0
    )


def spread(rows: Sequence[Mapping[str, Any]]) -> list[Piece]:
    """Return how many customers stand where on the index: a column a tenth, strong evidence below, faint on top.

    Parameters
    ----------
    rows
        Each with `tenth` (0 to 9), `strength`, `customers`.
    """
    there = {(row["tenth"], row["strength"]): row["customers"] for row in rows}
    columns = [[there.get((tenth, kind), 0) for kind in _STRENGTHS] for tenth in range(_TENTHS)]
    most = max(sum(column) for column in columns) or 1
    found = []
    for tenth, column in enumerate(columns):
        at = 100.0
        for kind, n in zip(_STRENGTHS, column, strict=True):
            high = 100.0 * n / most
            at -= high
            if n:
                found.append(Piece(kind, tenth * 10 + 0.8, round(at, 2), 8.4, round(high, 2)))
    return found
