"""Pictures as SVG, drawn by Vega-Lite without a browser or a network; colours are left to the page's style.

What a picture looks like stands in `specs/`, in Vega-Lite's own words; a text that begins with $ is filled in here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from importlib import resources
from typing import Any, Final, Literal

import vl_convert
from markupsafe import Markup

from collage.experience import index_of
from collage.report.figures import FEWEST, Figures, Row
from collage.report.telling import Telling

__all__ = ["BARS", "NARROW", "PAPER", "WIDE", "bars", "course", "drawn", "spark", "spread", "thrice"]

WIDE, NARROW, PAPER = 1040, 268, 660  # pixels
BARS = (9, 5)  # of many groups: the lowest and the highest
_HALF: Final = 460
_WEEKS, _YEAR_MS, _MS = 52, 364 * 86_400_000.0, 1000.0
_ROW, _LEAST, _SPARK = 34, 60, 112
_SPOKEN: Final = re.compile(r' (?:role|aria-[a-z]+)="[^"]*"')


def course(figures: Figures, tell: Telling, *, width: int) -> str:
    """Return the index of the company week by week, with its band, and the year before behind it."""
    sd = figures.catalogue.index_sd
    weeks = [row for row in figures.weeks if row["customers"] >= FEWEST and row["low"] is not None]
    year = figures.at - timedelta(weeks=_WEEKS)
    narrow = width < _HALF
    axis = {"format": "%b %y" if narrow else "%b %Y", "grid": False, "tickCount": 4 if narrow else 12}
    values = {
        "height": 200 if narrow else 240,
        "weeks": [_point(row, sd, later=0.0) for row in weeks if row["at"] > year],
        "before": [_point(row, sd, later=_YEAR_MS) for row in weeks if row["at"] <= year],
        "x": {"field": "at", "type": "temporal", "scale": {"type": "utc"}, "title": None, "axis": axis},
        "scale": {"zero": False, "nice": True, "padding": 8},
        "index": tell._("index"),
    }
    return drawn("course", values, tell, width)


def bars(rows: Sequence[Row], name: str, tell: Telling, *, width: int) -> str:
    """Return what groups put into the experience: bars to both sides of nothing, with their intervals."""
    shown = [
        {
            "name": row[name] or tell._("not known"),
            "value": row["experience"],
            "low": row["low"],
            "high": row["high"],
            "side": "strike" if row["experience"] < 0 else "credit",
        }
        for row in rows
        if row["customers"] >= FEWEST
    ]
    shown = shown if len(shown) <= sum(BARS) else [*shown[: BARS[0]], *shown[-BARS[1] :]]
    axis = {"domain": False, "ticks": False, "labelLimit": 150, "labelFontSize": 13, "labelColor": "var(--ink)"}
    order = [row["name"] for row in shown]
    values = {
        "height": max(_LEAST, _ROW * len(shown)),
        "rows": shown,
        "y": {"field": "name", "type": "nominal", "sort": order, "title": None, "axis": axis},
        "axis": {"format": "+.2f", "grid": True, "tickCount": 4 if width < _HALF else 6},
        "title": tell._("points of experience of the mean customer"),
    }
    return drawn("bars", values, tell, width)


def spread(figures: Figures, tell: Telling, *, width: int) -> str:
    """Return how many customers stand where on the index, pale where there is little evidence."""
    names = {"faint": tell._("faint"), "some": tell._("some"), "strong": tell._("strong")}
    rows = [
        {
            "from": row["tenth"] * 10,
            "to": row["tenth"] * 10 + 10,
            "customers": row["customers"],
            "strength": names[row["strength"]],
            "order": list(names).index(row["strength"]),
        }
        for row in figures.spread
    ]
    values = {
        "rows": rows,
        "strengths": list(names.values()),
        "index": tell._("index"),
        "customers": tell._("customers"),
        "evidence": tell._("evidence"),
    }
    return drawn("spread", values, tell, width)


def thrice(draw: Callable[..., str], wide: int, paper: int = PAPER) -> dict[str, Markup]:
    """Return a picture three times: for a wide page, for a narrow one, and for paper."""
    return {
        "wide": Markup(draw(width=wide)),  # noqa: S704  # Vega escapes what it draws
        "narrow": Markup(draw(width=NARROW)),  # noqa: S704  # as above
        "paper": Markup(draw(width=paper)),  # noqa: S704  # as above
    }


def spark(values: Sequence[float], tell: Telling, *, colour: str) -> str:
    """Return points lost or won week by week, the latest on the right, small enough for a line of text."""
    weeks = [{"week": at, "value": abs(value)} for at, value in enumerate(values)]
    return drawn("spark", {"weeks": weeks, "colour": f"var(--{colour})"}, tell, _SPARK)


def _point(row: Row, sd: float, *, later: float) -> dict[str, Any]:
    """Return a week as Vega takes it: times in milliseconds, moved on by some."""
    figures = {"index": row["experience"], "low": row["low"], "high": row["high"]}
    at = row["at"].timestamp() * _MS + later
    return {"at": at, **{name: index_of(value, sd=sd) for name, value in figures.items()}}


def drawn(name: str, values: Mapping[str, Any], tell: Telling, width: int) -> str:
    """Return a picture of `specs/`; what it says aloud stands beside it, so it is silent itself."""
    spec = {**_spec("common"), **_filled(_spec(name), values), "width": width}
    locale: Literal["de-DE", "en-GB"] = "de-DE" if tell.language == "de" else "en-GB"
    svg = vl_convert.vegalite_to_svg(spec, format_locale=locale, time_format_locale=locale)
    return _SPOKEN.sub("", svg).replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)


def _spec(name: str) -> dict[str, Any]:
    text = (resources.files("collage.report") / "specs" / f"{name}.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def _filled(spec: Any, values: Mapping[str, Any]) -> Any:
    """Return a specification with values in the places that name them."""
    if isinstance(spec, dict):
        return {name: _filled(each, values) for name, each in spec.items()}
    if isinstance(spec, list):
        return [_filled(each, values) for each in spec]
    return values[spec[1:]] if isinstance(spec, str) and spec.startswith("$") else spec
