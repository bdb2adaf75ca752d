"""Pictures of what the ratings teach. What they look like stands in `specs/`, as for all pictures of the report."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from collage.experience.model import HalfLife, InheritedShare
from collage.report.bridge import Bridge
from collage.report.figures import Figures
from collage.report.lesson_readings import mark_named, rival_named
from collage.report.lesson_rows import SIDES, Fading, Tenths, Trial, Weighed
from collage.report.pictures import drawn
from collage.report.rowed import NARROW_BELOW, rowed
from collage.report.telling import Telling

__all__ = ["bridged", "expected", "fading", "share", "tried", "weighed"]

_STEPS: Final = 48
_WIDEST: Final = 4.0  # half-lives that a fading picture shows
_MS: Final = 1000.0
_SIGNS: Final = {"negative": ("strike", "✕"), "positive": ("credit", "✓")}


def share(found: InheritedShare, tell: Telling, *, width: int) -> str:
    """Return how what touchpoints explain is split: before the contact, and in it."""
    value = found.value or 0.0
    values = {
        "parts": [
            {"from": 0.0, "to": value, "part": tell._("before the contact"), "at": value / 2, "side": "before"},
            {"from": value, "to": 1.0, "part": tell._("in the contact"), "at": (1 + value) / 2, "side": "own"},
        ],
        "interval": [] if found.low is None or found.high is None else [{"low": found.low, "high": found.high}],
    }
    return drawn("share", values, tell, width)


def weighed(rows: Sequence[Weighed], figures: Figures, tell: Telling, *, reach: tuple[float, float], width: int) -> str:
    """Return weights by the ratings with their intervals beside those assumed, the heaviest first.

    `reach` is how far the scale goes, so that several pictures can have the same.
    """
    shown = [
        {
            "place": f"{at:03d}",
            "name": mark_named(row.mark, figures, tell),
            "weight": row.weight,
            "low": max(row.low, reach[0]),
            "high": min(row.high, reach[1]),
            "default": row.default,
            "side": _side(row),
        }
        for at, row in enumerate(rows)
    ]
    values = {
        **rowed(shown, width),
        "scale": {"domain": list(reach), "nice": False},
        "title": tell._("points of satisfaction"),
    }
    return drawn("weights", values, tell, width)


def _side(row: Weighed) -> str:
    return "faint" if row.prior_driven else "strike" if row.strike else "credit"


def fading(each: Fading, tell: Telling, *, width: int) -> str:
    """Return what is left of a strike and of a credit of a class as days go by, and what was assumed to be."""
    days = _WIDEST * each.longest
    sides = [side for side in SIDES if side in each.sides]
    values = {
        "assumed": [] if each.default is None else [{"day": at, "left": _left(at, each.default)} for at in _days(days)],
        "curves": [
            {"day": at, "side": _SIGNS[side][0], **_band(at, each.sides[side])} for side in sides for at in _days(days)
        ],
        "halves": [
            {"day": each.sides[side].half_life_days, "left": 0.5, "side": _SIGNS[side][0], "sign": _SIGNS[side][1]}
            for side in sides
        ],
        "half": [{"left": 0.5}],
        "scale": {"domain": [0, days], "nice": False},
        "days": tell._("days"),
        "left": tell._("what is left"),
        "percent": ".0%",
    }
    return drawn("fading", values, tell, width)


def _days(most: float) -> Sequence[float]:
    return [most * at / _STEPS for at in range(_STEPS + 1)]


def _left(days: float, half_life: float | None) -> float:
    """Return what is left after some days; of a half-life without a bound all."""
    if half_life is None or not math.isfinite(half_life):
        return 1.0
    return 2.0 ** (-days / half_life) if half_life > 0 else 0.0


def _band(days: float, found: HalfLife) -> dict[str, float]:
    low = _left(days, found.low) if found.low is not None else float(days == 0.0)
    return {"left": _left(days, found.half_life_days), "low": low, "high": _left(days, found.high)}


def tried(rows: Sequence[Trial], tell: Telling, *, width: int) -> str:
    """Return the lead of the model over each rival, with its interval; right of nothing is better."""
    shown = [
        {
            "place": f"{at:03d}",
            "name": rival_named(row.over, tell),
            "lead": row.lead,
            "low": row.lead - row.reach,
            "high": row.lead + row.reach,
            "told": row.told,
        }
        for at, row in enumerate(rows)
    ]
    values = {
        **rowed(shown, width),
        "title": tell._("← worse · better →")
        if width < NARROW_BELOW
        else tell._("← worse · lead of the model in log-loss per rating · better →"),
    }
    return drawn("trials", values, tell, width)


def expected(each: Tenths, tell: Telling, *, width: int) -> str:
    """Return what came against what was expected, by tenth, with the line on which both are the same."""
    rows = [
        {"expected": row.expected, "observed": row.observed, "low": row.low, "high": row.high}
        for row in each.rows
        if row.n > 0
    ]
    most = min(1.0, math.ceil(10 * max(max(row["expected"], row["high"]) for row in rows)) / 10)
    values = {
        "rows": rows,
        "same": [{"at": 0.0}, {"at": most}],
        "scale": {"domain": [0, most], "nice": False},
        "side": "var(--strike)" if each.outcome == "dissatisfied" else "var(--credit)",
        "expected": tell._("expected"),
        "observed": tell._("came"),
        "percent": ".0%",
    }
    return drawn("tenths", values, tell, width)


def bridged(found: Bridge, tell: Telling, *, width: int) -> str:
    """Return the index month by month, by the catalogue (dashed) and by the model."""
    narrow = width < NARROW_BELOW
    axis = {"format": "%b %y" if narrow else "%b %Y", "grid": False, "tickCount": 4 if narrow else 12}
    months = [
        {
            "at": row.at.timestamp() * _MS,
            "old": row.catalogue,
            "old_low": row.catalogue_low,
            "old_high": row.catalogue_high,
            "new": row.model,
            "new_low": row.model_low,
            "new_high": row.model_high,
        }
        for row in found.months
    ]
    values = {
        "height": 200,
        "months": months,
        "x": {"field": "at", "type": "temporal", "scale": {"type": "utc"}, "title": None, "axis": axis},
        "scale": {"zero": False, "nice": True, "padding": 8},
        "index": tell._("index"),
    }
    return drawn("bridge", values, tell, width)
