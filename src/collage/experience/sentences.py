"""Sentences about a touchpoint: a template of the catalogue, filled with the touchpoint's own columns.

A template is text with slots: ``{department}`` for a column of text, ``{wait_s:duration}`` for seconds,
``{amount:money}`` for money, ``{occurred_at:date}`` for a time; ``{{`` is a brace. A slot can do nothing but
show a column, so a catalogue from elsewhere is harmless.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from collage.tables import CONTRACTS

__all__ = ["LANGUAGES", "Sentence", "Slot", "SlotError", "parse", "tell"]

LANGUAGES = ("de", "en")

_COLUMNS = {column.name: column.type for column in CONTRACTS["touchpoints"].columns}
# What a format may show, by format; "" is plain text. Raw JSON and bare numbers make no sentence.
_SHOWS = {
    "": tuple(name for name, type_ in _COLUMNS.items() if type_ == "string" and name != "properties"),
    "date": tuple(name for name, type_ in _COLUMNS.items() if type_ == "timestamp"),
    "duration": tuple(name for name in _COLUMNS if name.endswith("_s")),
    "money": ("amount",),
}
_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+")
_LONGEST = 60  # characters of a column of text; more would drown the sentence

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
# Up to here a duration is told in the smaller unit: "90 min" still says more than "2 h".
_IN_MINUTES, _IN_HOURS = 120 * _MINUTE, 48 * _HOUR
_UNITS = {
    "en": ("{n} s", "{n} min", "{n} h", "1 day", "{n} days"),
    "de": ("{n} s", "{n} min", "{n} Std.", "1 Tag", "{n} Tage"),
}
_MARKS = {"en": (",", "."), "de": (".", ",")}  # thousands, decimals
_DATES = {"en": "{d} {m} {y}", "de": "{d}. {m} {y}"}
_MONTHS = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "de": ("Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sept.", "Okt.", "Nov.", "Dez."),
}
_NOT_KNOWN = {
    "en": {
        "": "(not known)",
        "date": "a day not known",
        "duration": "some time",
        "money": "an amount not known",
    },
    "de": {
        "": "(unbekannt)",
        "date": "unbekannt wann",
        "duration": "einige Zeit",
        "money": "unbekannter Betrag",
    },
}
# ISO 4217 currencies whose minor unit is not a hundredth.
_WHOLE = ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV")
_DECIMALS = dict.fromkeys((*_WHOLE, "XAF", "XOF", "XPF"), 0)
_DECIMALS |= dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3)


class SlotError(ValueError):
    """A slot that no touchpoint can fill; the message says what could stand there."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in a sentence: `column` of the touchpoint, shown by `format` (empty: as text)."""

    column: str
    format: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """A template, taken apart: texts and slots in order."""

    parts: tuple[str | Slot, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns that the sentence needs, each once, in order of mention."""
        named = [part for part in self.parts if isinstance(part, Slot)]
        money = ["currency" for slot in named if slot.format == "money"]
        return tuple(dict.fromkeys([slot.column for slot in named] + money))


def parse(text: str) -> Sentence:
    """Return the sentence that a template spells.

    Raises
    ------
    SlotError
        When a brace is lost, or a slot names an unknown column, an unknown format, or a format that cannot
        show its column.
    """
    parts: list[str | Slot] = []
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token in {"{{", "}}"}:
            parts.append(token[0])
        elif token in {"{", "}"}:
            raise SlotError(f"a lone {token} in {text!r}; a slot is {{column}} or {{column:format}}, {{{{ is a brace")
        else:
            parts.append(token if match[1] is None else _slot(match[1]))
    return Sentence(tuple(parts))


def tell(sentence: Sentence, touchpoint: Mapping[str, object], language: str) -> str:
    """Return a sentence about one touchpoint.

    Parameters
    ----------
    sentence
        As `parse` gives it.
    touchpoint
        Column → value; a null or absent column is told as not known.
    language
        One of `LANGUAGES`; it decides units, months and decimal marks.
    """
    return "".join(p if isinstance(p, str) else _filled(p, touchpoint, language) for p in sentence.parts)


def _slot(inside: str) -> Slot:
    column, _, format_ = (text.strip() for text in inside.partition(":"))
    if column not in _COLUMNS:
        raise SlotError(f"{{{inside}}}: touchpoints have no column {column!r}; they have {', '.join(_COLUMNS)}")
    if format_ not in _SHOWS:
        raise SlotError(f"{{{inside}}}: no format {format_!r}; formats are date, duration, money, or none for text")
    if column not in _SHOWS[format_]:
        right = [known or "no format" for known, columns in _SHOWS.items() if column in columns]
        do = f"it takes {' or '.join(right)}" if right else "it cannot be told in a sentence"
        raise SlotError(f"{{{inside}}}: {format_ or 'text'} cannot show {column}; {do}")
    return Slot(column, format_)


def _filled(slot: Slot, touchpoint: Mapping[str, object], language: str) -> str:
    value = touchpoint.get(slot.column)
    if isinstance(value, datetime):
        return _date(value, language)
    if isinstance(value, int | float):
        currency = touchpoint.get("currency")
        return _money(int(value), str(currency), language) if slot.format == "money" else _duration(value, language)
    if isinstance(value, str):
        return _short(value)
    return _NOT_KNOWN[language][slot.format]


def _short(text: str) -> str:
    words = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return words if len(words) <= _LONGEST else words[: _LONGEST - 1].rstrip() + "…"


def _duration(seconds: float, language: str) -> str:
    """Return a duration as people say it: in one unit, whole, without a sign."""
    seconds_, minutes, hours, day, days = _UNITS[language]
    size = abs(seconds)
    if round(size) < _MINUTE:
        return seconds_.format(n=round(size))
    if round(size / _MINUTE) * _MINUTE < _IN_MINUTES:
        return minutes.format(n=round(size / _MINUTE))
    if round(size / _HOUR) * _HOUR < _IN_HOURS:
        return hours.format(n=round(size / _HOUR))
    n = round(size / _DAY)
    return day if n == 1 else days.format(n=n)


def _money(minor: int, currency: str, language: str) -> str:
    thousands, decimal = _MARKS[language]
    digits = _DECIMALS.get(currency, 2)
    whole, part = divmod(abs(minor), 10**digits)
    shown = f"{whole:,}".replace(",", thousands) + (f"{decimal}{part:0{digits}d}" if digits else "")
    return f"{'-' if minor < 0 else ''}{shown} {currency}"


def _date(moment: datetime, language: str) -> str:
    day = moment.astimezone(UTC)
    return _DATES[language].format(d=day.day, m=_MONTHS[language][day.month - 1], y=day.year)
