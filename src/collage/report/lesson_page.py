"""What the page shows of a model: sentences, rows and pictures put together for its template."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final, Generic, TypeVar

from markupsafe import Markup

from collage.report import lesson_pictures as drawing
from collage.report.figures import Figures
from collage.report.lesson_readings import (
    bridge_read,
    class_named,
    fading_read,
    mark_named,
    rival_named,
    sides_read,
    tenths_named,
    tenths_read,
    trials_read,
    weights_read,
)
from collage.report.lesson_rows import Fading, Tenths, Trial, Weighed, fadings, tenths, trials, weights
from collage.report.lessons import Verdict, limits, verdict
from collage.report.pictures import WIDE, thrice
from collage.report.telling import Telling

__all__ = ["Lessons", "Part", "drawings", "lessons", "plainly"]

_SHOWN: Final = (14, 8)  # marks in the pictures: told by the ratings, and not
_HALF, _QUARTER, _SMALL_PAPER = (WIDE - 40) // 2, (WIDE - 60) // 4, 310  # pixels
_FEW: Final = 2
_UNSHOWN: Final = frozenset({"covariance", "order", "thresholds"})

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """What one of several small pictures shows: its name, what it says, and its rows."""

    key: str
    name: str
    words: str
    rows: T


@dataclass(frozen=True, slots=True)
class Lessons:
    """All that the page says of a model, told in its language; a sequence is empty where nothing was fitted.

    `day` is when it was fitted; `told` marks are drawn, as are `faint` ones, of which the ratings say little, and
    `hidden` ones are only in the table.
    """

    verdict: Verdict
    day: str
    weights: Sequence[Weighed]
    names: Mapping[str, str]
    weights_read: str
    told: Sequence[Weighed]
    faint: Sequence[Weighed]
    hidden: int
    fadings: Sequence[Part[Fading]]
    sides_read: str
    trials: Sequence[Trial]
    rivals: Mapping[str, str]
    trials_read: Sequence[str]
    tenths: Sequence[Part[Tenths]]
    bridge_read: str
    limits: Sequence[str]


def lessons(figures: Figures, tell: Telling) -> Lessons:
    """Return all that the page says of a model.

    Parameters
    ----------
    figures
        With a model.
    tell
        Of the page's language.

    Returns
    -------
    Lessons
        Of a model that is not fitted the verdict and the limits alone.

    Raises
    ------
    ValueError
        When the figures have no model.
    """
    model = figures.model
    if model is None:
        raise ValueError("figures without a model teach nothing")
    heavy, tried = weights(model), trials(model)
    told = [row for row in heavy if not row.prior_driven][: _SHOWN[0]]
    faint = [row for row in heavy if row.prior_driven][: _SHOWN[1]]
    remembered = fadings(figures)
    return Lessons(
        verdict=verdict(model, language=tell.language),
        day=_day(model.fitted_at, tell),
        weights=heavy,
        names={row.mark: mark_named(row.mark, figures, tell) for row in heavy},
        weights_read=weights_read(heavy, figures, tell) if heavy else "",
        told=told,
        faint=faint,
        hidden=len(heavy) - len(told) - len(faint),
        fadings=[Part(each.name, class_named(each.name, tell), fading_read(each, tell), each) for each in remembered],
        sides_read=sides_read(remembered, model, tell),
        trials=tried,
        rivals={row.over: rival_named(row.over, tell) for row in tried},
        trials_read=trials_read(tried, model, tell) if model.fitted else [],
        tenths=[
            Part(each.outcome, tenths_named(each.outcome, tell), tenths_read(each, tell), each)
            for each in tenths(model)
        ],
        bridge_read="" if figures.bridge is None else bridge_read(figures.bridge, tell),
        limits=limits(figures, language=tell.language),
    )


def drawings(figures: Figures, found: Lessons, tell: Telling) -> dict[str, Mapping[str, Markup]]:
    """Return the pictures of what the page says of a model, each for a wide page, a narrow one, and for paper.

    Parameters
    ----------
    figures
        With a model.
    found
        What `lessons` has made of them.
    tell
        Of the page's language.

    Returns
    -------
    dict
        ``share``, ``weights``, ``faint``, ``trials``, ``bridge``, and one for each part by its kind and key, such as
        ``fading passing``: as far as there is something to draw.
    """
    drawn: dict[str, Mapping[str, Markup]] = {}
    if figures.model is not None and found.verdict.kind == "inherited":
        drawn["share"] = thrice(partial(drawing.share, figures.model.inherited_share, tell), WIDE)
    reach = _reach([*found.told, *found.faint])
    for name, rows in (("weights", found.told), ("faint", found.faint)):
        if rows:
            drawn[name] = thrice(partial(drawing.weighed, rows, figures, tell, reach=reach), WIDE)
    if found.trials:
        drawn["trials"] = thrice(partial(drawing.tried, found.trials, tell), WIDE)
    if figures.bridge is not None and len(figures.bridge.months) > 1:
        drawn["bridge"] = thrice(partial(drawing.bridged, figures.bridge, tell), WIDE)
    wide = _HALF if len(found.fadings) <= _FEW else _QUARTER
    for each in found.fadings:
        drawn[f"fading {each.key}"] = thrice(partial(drawing.fading, each.rows, tell), wide, _SMALL_PAPER)
    for part in found.tenths:
        drawn[f"tenths {part.key}"] = thrice(partial(drawing.expected, part.rows, tell), _HALF, _SMALL_PAPER)
    return drawn


def _day(moment: str, tell: Telling) -> str:
    try:
        return tell.day(datetime.fromisoformat(moment))
    except ValueError:
        return moment


def _reach(rows: Sequence[Weighed]) -> tuple[float, float]:
    """Return from where to where the scale of weights goes: to tenths of a point, nothing in it."""
    low = min((min(row.low, row.default, 0.0) for row in rows), default=0.0)
    high = max((max(row.high, row.default, 0.0) for row in rows), default=0.0)
    return math.floor(10 * low - 0.2) / 10, math.ceil(10 * high + 0.2) / 10


def plainly(value: object) -> Any:
    """Return a value as JSON has it: a number without an end is null, a moment is text.

    Parameters
    ----------
    value
        Values, moments, mappings, sequences and dataclasses of such; of a model what a page has no use for is left out.

    Returns
    -------
    object
        Dictionaries, lists, texts, numbers, true, false and None.
    """
    if is_dataclass(value) and not isinstance(value, type):
        each = {field.name: getattr(value, field.name) for field in fields(value) if field.name not in _UNSHOWN}
        return plainly(each)
    if isinstance(value, Mapping):
        return {str(name): plainly(each) for name, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plainly(each) for each in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value.isoformat() if isinstance(value, datetime) else value
