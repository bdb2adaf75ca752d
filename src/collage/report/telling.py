"""How numbers, days and words are told in a language."""

from __future__ import annotations

import gettext
import math
import re
from datetime import datetime
from importlib import resources
from typing import Any, Final

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, format_percent

from collage.errors import UsageError
from collage.experience import Catalogue, in_words

__all__ = ["LANGUAGES", "Telling"]

LANGUAGES: Final = ("en", "de")
_LOCALES: Final = {"en": "en_GB", "de": "de_DE"}
_MINUS: Final = "−"
_WHOLE: Final = 20.0
_NOISE: Final = 9
_LEAST_CHANCE: Final = 0.001
_PERCENT: Final = {"en": "#,##0%", "de": "#,##0\u00a0%"}
_SLOT: Final = re.compile(r"\s*…\s*(?=\S)")


class Telling:
    """Tells in one language; `_` and `n_` translate what the page itself says."""

    def __init__(self, language: str) -> None:
        if language not in LANGUAGES:
            raise UsageError("write a report", f"the language {language!r}", f"choose one of {', '.join(LANGUAGES)}")
        self.language = language
        self.locale = _LOCALES[language]
        with resources.as_file(resources.files("collage.report") / "locale") as folder:
            self.translations = gettext.translation("collage", str(folder), [language], fallback=language == "en")

    def _(self, words: str, **values: object) -> str:
        """Return words in the language, with values put in by name."""
        told = self.translations.gettext(words)
        return told.format(**values) if values else told

    def n_(self, one: str, many: str, n: int, **values: object) -> str:
        """Return words for one or for many; `n` is put in as a number of the language."""
        return self.translations.ngettext(one, many, n).format(n=self.number(n), **values)

    def number(self, value: float, digits: int = 0) -> str:
        """Return a number with so many digits behind the point."""
        if math.isinf(value):
            return "∞" if value > 0 else f"{_MINUS}∞"
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        # sums differ in their last digits from run to run: what lies halfway must not fall to either side by that
        rounded = round(round(value, _NOISE), digits)
        return format_decimal(rounded + 0.0 if rounded else 0, pattern, self.locale).replace("-", _MINUS)

    def signed(self, value: float, digits: int = 1) -> str:
        """Return a number with its sign; one that is nothing at these digits has none."""
        told = self.number(value, digits)
        return f"+{told}" if round(round(value, _NOISE), digits) > 0 else told

    def points(self, value: float, *, sign: bool = False) -> str:
        """Return points lost or won: whole ones, but where there are few."""
        digits = 0 if round(abs(value), _NOISE) >= _WHOLE else 1
        return self.signed(value, digits) if sign else self.number(value, digits)

    def share(self, value: float) -> str:
        """Return a share as whole percents."""
        return format_percent(value, _PERCENT[self.language], self.locale)

    def day(self, moment: datetime) -> str:
        """Return a day with its year."""
        return format_date(moment, "d MMMM y" if self.language == "en" else "d. MMMM y", self.locale)

    def short_day(self, moment: datetime) -> str:
        """Return a day without its year."""
        return format_date(moment, "d MMM" if self.language == "en" else "d. MMM", self.locale)

    def minute(self, moment: datetime) -> str:
        """Return a moment to the minute."""
        pattern = "d MMMM y, HH:mm" if self.language == "en" else "d. MMMM y, HH:mm"
        return f"{format_datetime(moment, pattern, locale=self.locale)} UTC"

    def between(self, low: float | None, high: float | None, digits: int = 1) -> str:
        """Return an interval."""
        if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
            return self._("not enough data")
        return self._("{low} to {high}", low=self.number(low, digits), high=self.number(high, digits))

    def shares(self, low: float | None, high: float | None) -> str:
        """Return an interval of shares."""
        if low is None or high is None:
            return self._("not enough data")
        return self._("{low} to {high}", low=self.share(low), high=self.share(high))

    def bounds(self, low: float | None, high: float | None, digits: int = 0) -> str:
        """Return an interval that may be open: a bound that is None is not known."""
        if low is None and high is None:
            return self._("no bound is known")
        if high is None:
            return self._("at least {low}", low=self.number(low or 0.0, digits))
        if low is None:
            return self._("at most {high}", high=self.number(high, digits))
        return self.between(low, high, digits)

    def chance(self, p: float) -> str:
        """Return a p-value to three digits; one below them as less than the smallest of them."""
        if p < _LEAST_CHANCE:
            return f"p < {self.number(_LEAST_CHANCE, 3)}"
        return f"p = {self.number(p, 3)}"

    def mark(self, name: str, catalogue: Catalogue) -> str:
        """Return what a mark says of anybody."""
        says = in_words(catalogue[name], catalogue).says
        # of anybody: without what differs from one to the other
        return " ".join(_SLOT.sub(" ", says.get(self.language, says["en"])).split())

    def owner(self, row: dict[str, Any]) -> str:
        """Return whose a mark is."""
        return str(row["owner"]) if row.get("owner") else self._("nobody in particular")
