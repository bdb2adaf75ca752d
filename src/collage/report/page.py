"""The page: figures and pictures put into one file that needs nothing else."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from functools import partial
from hashlib import sha256
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

from collage.experience import index_of
from collage.feedback import OPEN_DAYS
from collage.report import pictures
from collage.report.earned_page import DIGITS, EarnedPart, earned_drawings, earned_part
from collage.report.earned_readings import reliability_told, verdict_named
from collage.report.figures import FALLING, FEWEST, Figures
from collage.report.findings import change_of, findings, rising, sentence, strikes
from collage.report.lesson_page import Lessons, drawings, lessons, plainly
from collage.report.silent_readings import known_named
from collage.report.telling import Telling

__all__ = ["page"]

_STRIKES, _CREDITS = 12, 6
_FAINT, _SOME = 0.2, 0.5


def page(figures: Figures, *, language: str) -> str:
    """Return the report as one HTML page.

    Parameters
    ----------
    figures
        What it shows; sentences in it were told in the same language.
    language
        ``en`` or ``de``.

    Returns
    -------
    str
        The page. It asks for nothing from anywhere, runs one script of its own, and shows everything without it.

    Raises
    ------
    UsageError
        When the language is none of ours.
    """
    tell = Telling(language)
    taught = None if figures.model is None else lessons(figures, tell)
    earned = earned_part(figures, tell)
    style, script = _text("style.css"), _text("script.js")
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: _text(f"templates/{name}")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("report.html")
    return template.render(
        t=tell,
        _=tell._,
        n_=tell.n_,
        f=figures,
        sentence=sentence(figures, language=language),
        findings=findings(figures, language=language),
        change=change_of(figures),
        index=partial(index_of, sd=figures.catalogue.index_sd),
        strikes=strikes(figures)[:_STRIKES],
        rising=rising(figures)[:_STRIKES],
        credits=_credits(figures),
        pictures=_pictures(figures, tell),
        spark=lambda row: Markup(pictures.spark(row["weeks"], tell, colour="strike" if row["strike"] else "credit")),  # noqa: S704  # drawn by us from numbers
        strength=_strength,
        lessons=taught,
        drawings=_drawings(figures, taught, earned, tell),
        **_of_ratings(earned, tell),
        data=_data(figures),
        style=Markup(style),  # noqa: S704  # ours
        script=Markup(script),  # noqa: S704  # ours
        policy=_policy(style, script),
        fewest=FEWEST,
        bars=pictures.BARS,
        falling_at=FALLING,
    )


def _drawings(
    figures: Figures, taught: Lessons | None, earned: EarnedPart | None, tell: Telling
) -> dict[str, Mapping[str, Markup]]:
    """Return the pictures of all parts that ratings give."""
    drawn = {} if taught is None else drawings(figures, taught, tell)
    return drawn if earned is None else drawn | earned_drawings(figures, earned, tell)


def _of_ratings(earned: EarnedPart | None, tell: Telling) -> dict[str, Any]:
    """Return what the template of who earned the ratings asks for."""
    return {
        "earned": earned,
        "reliability": partial(reliability_told, tell=tell),
        "standing": partial(verdict_named, tell=tell),
        "known": partial(known_named, tell=tell),
        "digits": DIGITS,
        "open_days": OPEN_DAYS,
    }


def _text(name: str) -> str:
    return (resources.files("collage.report") / name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """Return what the page may do: nothing but its own style and script."""
    hashes = [base64.b64encode(sha256(text.encode()).digest()).decode() for text in (style, script)]
    return (
        "default-src 'none'; base-uri 'none'; form-action 'none'; "
        f"style-src 'sha256-{hashes[0]}'; script-src 'sha256-{hashes[1]}'"
    )


def _credits(figures: Figures) -> Sequence[Mapping[str, Any]]:
    some = [row for row in figures.losses if not row["strike"]]
    return sorted(some, key=lambda row: (-row["value"], row["mark"], row["owner"] or ""))[:_CREDITS]


def _pictures(figures: Figures, tell: Telling) -> dict[str, dict[str, Markup]]:
    """Return each picture three times: for a wide page, for a narrow one, and for paper."""
    half = (pictures.WIDE - 40) // 2
    drawn = {
        "course": (partial(pictures.course, figures, tell), pictures.WIDE),
        "departments": (partial(pictures.bars, figures.owners, "department", tell), half),
        "channels": (partial(pictures.bars, figures.channels, "channel", tell), half),
        "spread": (partial(pictures.spread, figures, tell), pictures.WIDE),
    }
    return {name: pictures.thrice(draw, width) for name, (draw, width) in drawn.items()}


def _strength(evidence: float) -> str:
    return "faint" if evidence < _FAINT else "some" if evidence < _SOME else "strong"


def _data(figures: Figures) -> Markup:
    """Return the figures as JSON for scripts, safe within a page."""
    plain = {each.name: getattr(figures, each.name) for each in fields(figures)}
    plain |= {
        "catalogue": figures.catalogue.version,
        "touchpoints": asdict(figures.touchpoints),
        "span": asdict(figures.span),
        "plain": None if figures.plain is None else figures.plain.version,
        "model": plainly(figures.model),
        "bridge": plainly(figures.bridge),
        "earned": plainly(figures.earned),
        "silence": plainly(figures.silence),
    }
    told = json.dumps(plain, default=_plain, ensure_ascii=False, allow_nan=False, sort_keys=True)
    for sign in "<>&":
        told = told.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(told)  # noqa: S704  # escaped just above


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)
