"""Pictures of who earned the ratings and who did not answer. What they look like stands in `specs/`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from collage.feedback import NonResponse
from collage.report.earned import Agent, Department
from collage.report.earned_readings import reliability_told
from collage.report.pictures import drawn
from collage.report.rowed import NARROW_BELOW, rowed
from collage.report.taken import Taken
from collage.report.taken_readings import part_named
from collage.report.telling import Telling

__all__ = ["added", "handed", "taken_apart", "tipping", "widest"]

_SIDES: Final = {"better": "credit", "worse": "strike"}
_SIGNS: Final = {"better": "✓", "worse": "✕"}
_PAIRED, _PAIRED_TALL = 40, 66  # pixels for a row of two bars
_ROW, _STEP, _STEP_TALL = 30, 28, 48
_LABEL: Final = 0.44  # of the width, for the names of agents
_UNSEEN: Final = 0.005  # a part so small is in the table alone
_HALF: Final = 600  # pixels of a picture that stands beside another
_ONE_LINE: Final = 900  # pixels from which a name has room for what stands behind it
_ROOM: Final = 0.16  # of the scale, for the numbers behind the bars


def handed(rows: Sequence[Department], tell: Telling, *, width: int) -> str:
    """Return what ratings of each department inherited, and what it brought itself, to both sides of nothing."""
    shown = [
        {
            "place": f"{at:03d}",
            "name": row.name,
            **_bar("inherited", row.inherited.value, row.inherited.low, row.inherited.high),
            **_bar("own", row.own.value, row.own.low, row.own.high),
        }
        for at, row in enumerate(rows)
    ]
    narrow = width < NARROW_BELOW
    form = rowed(shown, width, row=_PAIRED, tall=_PAIRED_TALL, label=0.26)
    values = {
        **form,
        "axis": _axis(form["axis"], width),
        "scale": {"nice": True},
        "first": -1 if narrow else -6,
        "second": 12 if narrow else 7,
        "title": tell._("points of the rating, 1 to 5"),
    }
    return drawn("handed", values, tell, width)


def _bar(name: str, value: float, low: float | None, high: float | None) -> dict[str, float]:
    """Return a bar with its interval; without one it ends where the bar does."""
    return {
        name: value,
        f"{name}_low": value if low is None else low,
        f"{name}_high": value if high is None else high,
    }


def widest(rows: Sequence[Department | Agent]) -> tuple[float, float]:
    """Return from where to where the scale of value added goes, so that pictures beside each other have the same."""
    ends = [0.0]
    for row in rows:
        ends += [row.added.value, row.beside, row.added.low or 0.0, row.added.high or 0.0]
    return math.floor(10 * min(ends) - 0.2) / 10, math.ceil(10 * max(ends) + 0.2) / 10


def added(rows: Sequence[Department | Agent], tell: Telling, *, reach: tuple[float, float], width: int) -> str:
    """Return value added with its interval, and the raw mean as a hollow dot: row by row, in the order given.

    Departments have rows as high as those of `handed`, beside which they stand.
    """
    narrow, paired = width < NARROW_BELOW, bool(rows) and isinstance(rows[0], Department)
    broken = paired or width < _ONE_LINE
    shown = [
        {
            "place": f"{at:03d}",
            "name": _beside_name(row, tell, broken=broken),
            "weight": row.added.value,
            "low": row.added.value if row.added.low is None else row.added.low,
            "high": row.added.value if row.added.high is None else row.added.high,
            "default": row.beside,
            "side": _SIDES.get(row.verdict, "faint") if row.told else "faint",
        }
        for at, row in enumerate(rows)
    ]
    form = rowed(shown, width, row=_PAIRED if broken else _ROW, tall=_PAIRED_TALL, label=0.47 if paired else _LABEL)
    values = {
        **form,
        "axis": _axis(form["axis"], width),
        "scale": {"domain": list(reach), "nice": False},
        "title": tell._("← less · more →")
        if narrow or paired
        else tell._("← less · points beside the others · more →"),
    }
    return drawn("weights", values, tell, width)


def _axis(axis: Mapping[str, Any], width: int) -> dict[str, Any]:
    """Return an axis with no more numbers than have room."""
    return {**axis, "tickCount": 4 if width < _HALF else axis["tickCount"]}


def _beside_name(row: Department | Agent, tell: Telling, *, broken: bool) -> str:
    """Return a name with what its dot does not show, and the sign of an own effect; `broken` into two lines."""
    name = f"{' '.join(row.name.split())}, n {tell.number(row.ratings)}"
    if row.told:
        name = f"{_SIGNS[row.verdict]} {name}"
    said = tell._(
        "raw {mean}, reliability {reliability}",
        mean=tell.number(row.mean, 2),
        reliability=reliability_told(row.reliability, tell),
    )
    return f"{name}\n{said}" if broken else f"{name} · {said}"


def taken_apart(of: Taken, tell: Telling, *, width: int) -> str:
    """Return a rating as a course of steps from its base to its score."""
    shown, at = [_total("000", tell._("expected of whoever has met with nothing"), of.base, tell)], of.base
    for step in of.steps:
        if abs(step.value) >= _UNSEEN:
            shown.append(_stair(f"{len(shown):03d}", part_named(step, of, tell), at, step.value, tell))
        at += step.value
    shown.append(_total(f"{len(shown):03d}", tell._("the rating"), of.score, tell))
    ends = [each["from"] for each in shown] + [each["to"] for each in shown]
    low, high = min(ends), max(ends)
    narrow = width < NARROW_BELOW
    values = {
        **rowed(shown, width, row=_STEP, tall=_STEP_TALL),
        "joints": [{"at": one["to"], "place": one["place"], "until": other["place"]} for one, other in pairwise(shown)],
        "scale": {"domain": [low - 0.03, high + _ROOM * max(1.0, high - low) * (2 if narrow else 1)], "nice": False},
        "down": 8 if narrow else 0,
        "title": tell._("points of the rating, {low} to {high}", low=f"{of.scale_low:g}", high=f"{of.scale_high:g}"),
    }
    return drawn("taken", values, tell, width)


def _total(place: str, name: str, value: float, tell: Telling) -> dict[str, Any]:
    """Return where the course begins or ends: as thin as it can be, since it is no amount but a level."""
    told = tell.number(value, 2)
    thin = 0.012
    return {
        "place": place,
        "name": name,
        "from": value - thin,
        "to": value + thin,
        "end": value,
        "told": told,
        "side": "total",
    }


def _stair(place: str, name: str, at: float, value: float, tell: Telling) -> dict[str, Any]:
    return {
        "place": place,
        "name": name,
        "from": at,
        "to": at + value,
        "end": max(at, at + value),
        "told": tell.signed(value, 2),
        "side": "strike" if value < 0 else "credit",
    }


def tipping(found: NonResponse, tell: Telling, *, width: int) -> str:
    """Return the mean of all who were asked, if the silent scored otherwise than is expected of them."""
    if found.adjusted is None or found.raw is None:
        raise ValueError("nothing was adjusted, so there is nothing to tip")
    rows = [
        {
            "shift": row.shift,
            "value": row.mean.value,
            "low": row.mean.value if row.mean.low is None else row.mean.low,
            "high": row.mean.value if row.mean.high is None else row.mean.high,
        }
        for row in found.adjusted.tipping
    ]
    values = {
        "height": 200 if width < NARROW_BELOW else 220,
        "rows": rows,
        "raw": [{"at": found.raw.mean.value}],
        "expected": [row for row in rows if row["shift"] == 0.0],
        "scale": {"zero": False, "nice": True},
        "axis": {"format": "+.1f", "grid": False, "tickCount": 5},
        "title": tell._("points otherwise")
        if width < NARROW_BELOW
        else tell._("points by which the silent score otherwise than expected"),
        "mean": tell._("mean of all"),
    }
    return drawn("tipping", values, tell, width)
