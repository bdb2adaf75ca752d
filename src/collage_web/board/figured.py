"""The company's figures as pages have them: rows with moments and words in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import get_language

from collage_web.bridge.called import names
from collage_web.bridge.derived import identifiers_of
from collage_web.bridge.figures import Known, objecting
from collage_web.records import gates

__all__ = ["Row", "company_rows", "customers", "fell", "label", "language", "listed", "losses", "moment", "signed"]

Row = dict[str, Any]


def language() -> str:
    """Return in which of the languages of figures the reader reads."""
    return "de" if (get_language() or "").startswith("de") else "en"


def moment(text: str) -> datetime:
    """Return a moment as figures hold it."""
    return datetime.fromisoformat(text)


def label(known: Known, mark: str) -> str:
    """Return what a mark says of anybody; its name, where the catalogue of the figures has it no longer."""
    words = known.body["marks"].get(mark)
    return str(words["says"][language()]) if words else mark


def signed(value: float, digits: int) -> str:
    """Return a number with its sign, as the reader's language writes it; one that rounds to nothing has none."""
    rounded = round(value, digits)
    sign = "−" if rounded < 0 else "+" if rounded > 0 else ""
    return f"{sign}{number_format(abs(rounded), digits)}"


def company_rows(known: Known) -> list[Row]:
    """Return the company week by week, only weeks in which there were enough customers for an index."""
    fewest = known.body["fewest"]
    rows = [row for row in known.body["weeks"] if row["customers"] >= fewest and row.get("index_low") is not None]
    return [{**row, "at": moment(row["at"])} for row in rows]


def losses(known: Known, *, strike: bool) -> list[Row]:
    """Return strikes or credits by name and owner, those that add up to most first."""
    rows = [
        {
            **row,
            "says": label(known, row["mark"]),
            "change": signed(row["rise"], 1),
            "past": signed(row["before"], 1),
            "now": signed(row["value"], 1),
            "clear": row["comparable"] and row["reach"] is not None and abs(row["rise"]) > row["reach"],
            "enough": row["customers"] >= known.body["fewest"],
        }
        for row in known.body["losses"]
        if row["strike"] is strike
    ]
    return sorted(rows, key=lambda row: (-abs(row["value"]), row["mark"], row["owner"] or ""))


def fell(known: Known, user: Any) -> list[Row]:
    """Return who falls the most, with reasons in words; nobody, for whoever may not see customers."""
    if not gates.may(user, "see customers"):
        return []
    told = language()
    rows = customers(known.body["falling"]["rows"])
    return [
        {
            **row,
            "last_touchpoint_at": moment(row["last_touchpoint_at"]),
            "reasons": [each["says"][told] for each in row["reasons"]],
        }
        for row in rows
    ]


def customers(rows: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Return rows of customers with what they are called, as far as they are `listed`."""
    kept, whose = _listed(rows)
    called = names({identifier: customer for identifier, (customer, _) in whose.items()}) if whose else {}
    return [{**row, "name": called.get(row["customer_id"], "")} for row in kept]


def listed(rows: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Return rows of customers without those who object to being scored since, or turned out to be one with another.

    Who is one with another may object by what that other said: no row of theirs is to be told.
    """
    return _listed(rows)[0]


def _listed(rows: Sequence[Mapping[str, Any]]) -> tuple[list[Row], dict[str, tuple[str, str]]]:
    whose = identifiers_of({row["customer_id"] for row in rows}) if rows else {}
    there = {customer for customer, _ in whose.values()} - (objecting() if whose else set())
    return [dict(row) for row in rows if row["customer_id"] in there], whose
