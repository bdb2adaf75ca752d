"""Figures as CSV, safe to be opened in a spreadsheet: no cell is run as a formula, nobody's contact data is in it."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from collage_web.board.figured import Row, listed
from collage_web.bridge import figures
from collage_web.bridge.figures import Known
from collage_web.records import gates

__all__ = ["cell", "export", "export_rows"]

_GROUP: Final = ("at", "customers", "marks", "experience", "low", "high", "loss", "gain")
_COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "weeks": (*_GROUP, "index"),
    "losses": (
        *("mark", "owner", "strike", "marks", "customers", "value"),
        *("marks_before", "customers_before", "before", "rise", "reach"),
    ),
    "departments": ("department", *_GROUP),
    "channels": ("channel", *_GROUP),
    "falling": ("customer_id", "index", "evidence", "trend", "strikes_90d", "last_touchpoint_at"),
    "spread": ("tenth", "strength", "customers"),
}
_ROWS: Final = ("customer_id", "mark", "owner", "marks", "value", "last_at")
_WHO: Final = "customer_id"
_WHEN: Final = ("last_touchpoint_at", "last_at")  # of a customer
_DAY: Final = len("2026-11-29")
# what is told of fewer customers than make a figure: which they are, how many they are, and how often
_FEW: Final = {"at", "department", "channel", "mark", "owner", "strike", "marks", "customers", "marks_before"}
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@require_safe
def export(request: HttpRequest, figure: str) -> HttpResponse:
    """Hand out one figure's rows."""
    user = gates.require(request.user, "see board")
    if figure not in _COLUMNS:
        raise Http404
    known, _asked, _failed = figures.known()
    if known is None:
        return redirect("board")
    return _file(figure, _COLUMNS[figure], _rows(known, figure), user)


@require_safe
def export_rows(request: HttpRequest, mark: str) -> HttpResponse:
    """Hand out the rows behind one strike or credit."""
    user = gates.require(request.user, "see board")
    known, _asked, _failed = figures.known()
    if known is None:
        return redirect("board")
    if mark not in known.body["marks"]:
        raise Http404
    rows = [{**row, "mark": mark} for row in known.body["rows"].get(mark, [])]
    return _file(mark, _ROWS, rows, user)


def _rows(known: Known, figure: str) -> list[Row]:
    if figure == "falling":
        return list(known.body["falling"]["rows"])
    rows = known.body["owners" if figure == "departments" else figure]
    if figure == "spread":  # it counts customers, and tells of none of them
        return list(rows)
    return [row if row["customers"] >= known.body["fewest"] else _few(row) for row in rows]


def _few(row: Row) -> Row:
    return {name: value for name, value in row.items() if name in _FEW}


def _file(name: str, columns: Sequence[str], rows: list[Row], user: Any) -> HttpResponse:
    """Return rows as a file; without ids of customers and times of day for whoever may not see customers."""
    if _WHO in columns:
        rows = listed(rows)
        if not gates.may(user, "see customers"):
            columns = [column for column in columns if column != _WHO]
            rows = [{name: value[:_DAY] if name in _WHEN else value for name, value in row.items()} for row in rows]
    page = HttpResponse(content_type="text/csv; charset=utf-8")
    page["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    page["Cache-Control"] = "no-store"
    writer = csv.writer(page, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([cell(row.get(column)) for column in columns] for row in rows)
    return page


def cell(value: object) -> str | int | float:
    """Return a value as a cell: a text that a spreadsheet would run as a formula is preceded by an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return value
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
