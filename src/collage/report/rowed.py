"""What pictures with a row for each name share: where the names stand, in one line or in two."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any, Final

__all__ = ["NARROW_BELOW", "rowed"]

NARROW_BELOW: Final = 460  # pixels: names stand above their rows, not beside them
_ROW, _TALL_ROW, _AXIS = 30, 58, 46
_LABEL: Final = 0.4  # of the width, for names beside a picture
_LETTER: Final = 7.8  # pixels that a letter takes, on the safe side


def rowed(
    shown: Sequence[dict[str, Any]], width: int, *, row: int = _ROW, tall: int = _TALL_ROW, label: float = _LABEL
) -> dict[str, Any]:
    """Return what pictures with a row for each name share: names beside the rows, or above them where it is narrow.

    Names are rows of data, not texts of an axis: they may be the same twice, and take two lines, broken where they say.

    Parameters
    ----------
    shown
        A row of data for each name, with `place` (its order, as text) and `name`.
    width
        Of the picture, in pixels.
    row, tall
        Pixels for each row: with names beside them, and above them.
    label
        The share of the width that names beside rows take.
    """
    narrow = width < NARROW_BELOW
    up = 9 - tall // 2 if narrow else 0
    single: list[dict[str, str]] = []
    upper: list[dict[str, str]] = []
    lower: list[dict[str, str]] = []
    for each in shown:
        first, *rest = _lines(each["name"], width, label)
        (upper if rest else single).append({"place": each["place"], "line": first})
        lower.extend({"place": each["place"], "line": line} for line in rest)
    extent = 0 if narrow else round(label * width)
    axis = {"domain": False, "ticks": False, "labels": False, "minExtent": extent, "maxExtent": extent}
    return {
        "height": (tall if narrow else row) * len(shown) + _AXIS,
        "rows": [{name: value for name, value in each.items() if name != "name"} for each in shown],
        "y": {"field": "place", "type": "nominal", "title": None, "axis": None if narrow else axis},
        "axis": {"format": ".3~f", "grid": True, "tickCount": 4 if narrow else 7},
        "single": single,
        "upper": upper,
        "lower": lower,
        "single_dy": up,
        "upper_dy": up - (10 if narrow else 7),
        "lower_dy": up + 5 if narrow else 8,
        "align": "left" if narrow else "right",
        "beside": 0 if narrow else -8,
    }


def _lines(name: str, width: int, label: float) -> list[str]:
    """Return a name in lines short enough to stand beside a picture, or above a row of it; two at most."""
    room = int((width if width < NARROW_BELOW else label * width) / _LETTER)
    first, broken, second = name.partition("\n")
    if broken:
        return [line for each in (first, second) for line in textwrap.wrap(each, room, max_lines=1, placeholder="…")]
    return textwrap.wrap(name, room, max_lines=2, placeholder="…") or [name]
