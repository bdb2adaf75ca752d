"""The company's first page: how experience has gone, where it is lost, who is falling, what is heard."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from collage_web.actions import asking
from collage_web.board import charts
from collage_web.board.figured import Row, company_rows, fell, language, losses, signed
from collage_web.board.heard import heard
from collage_web.bridge import figures
from collage_web.bridge.counts import counts
from collage_web.bridge.figures import Known
from collage_web.design.spoken import CHANNELS
from collage_web.records import gates

__all__ = ["age", "ask", "show"]

_RANGES: Final = (13, 26, 52)  # weeks
_STRIKES, _CREDITS, _GROUPS = 10, 5, 12
_OLD: Final = timedelta(hours=26)  # by then there should have been others


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """Show the company, or what is to be done until there is something to show."""
    user, now = gates.require(request.user, "see board"), datetime.now(UTC)
    found = figures.known()
    given: dict[str, Any] = {**_standing(found, now), "inputs": _inputs(user, now)}
    known = found[0]
    if known is None:
        waits = figures.anything()
        more = {
            "waits": waits,
            "may_source": gates.may(user, "change sources"),
            "may_import": gates.may(user, "import"),
        }
        return render(request, "board/company_empty.html", given | more)
    asked = request.GET.get("weeks", "")
    weeks = int(asked) if asked in map(str, _RANGES) else _RANGES[-1]
    return render(request, "board/company.html", given | _shown(known, user, weeks))


@require_safe
def age(request: HttpRequest) -> HttpResponse:
    """Show how old the figures are; when there are newer ones than those on the page, have it loaded anew."""
    gates.require(request.user, "see board")
    found = figures.standing()
    made = "" if found[0] is None else found[0].made_at.isoformat()
    page = render(request, "board/company_age.html", _standing(found, datetime.now(UTC)))
    if made != request.GET.get("made", ""):
        page["HX-Refresh"] = "true"
    return page


@require_POST
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for figures of now."""
    by = gates.require(request.user, "ask for figures")
    asking.ask_for_figures(by=by, now=datetime.now(UTC))
    messages.success(request, _("They are being worked out. This page shows them when they are there."))
    return redirect("board")


def _standing(found: tuple[Known | None, datetime | None, datetime | None], now: datetime) -> dict[str, Any]:
    """Return which figures these are, how old, and whether others are on their way."""
    known, asked_at, failed_at = found
    return {
        "known": known,
        "made": "" if known is None else known.made_at.isoformat(),
        "old": known is not None and now - known.at > _OLD,
        "asked_at": asked_at,
        "failed_at": None if known is not None and failed_at is not None and known.made_at > failed_at else failed_at,
    }


def _shown(known: Known, user: Any, weeks: int) -> dict[str, Any]:
    body, rows = known.body, company_rows(known)
    span = timedelta(weeks=weeks)
    shown = [row for row in rows if row["at"] > known.at - span]
    before = [row for row in rows if known.at - 2 * span < row["at"] <= known.at - span]
    strikes, credits_ = losses(known, strike=True), losses(known, strike=False)
    company = body["company"]
    enough = company is not None and company["customers"] >= body["fewest"]
    return {
        "body": body,
        "sentence": body["sentence"][language()],
        "company": company if enough else None,
        "weeks": weeks,
        "ranges": _RANGES,
        "course": charts.course(shown, before, shift=span),
        "course_rows": list(reversed(shown)),
        "strikes": [_with_trend(row) for row in strikes[:_STRIKES]],
        "more_strikes": max(0, len(strikes) - _STRIKES),
        "lost": sum(row["value"] for row in strikes),
        "credits": [_with_trend(row) for row in credits_[:_CREDITS]],
        "owners": _groups(body["owners"], "department", body["fewest"]),
        "channels": _groups(body["channels"], "channel", body["fewest"]),
        "falling": fell(known, user),
        "spread": charts.spread(body["spread"]),
        "spread_rows": _tenths(body["spread"]),
        "may_see_customers": gates.may(user, "see customers"),
        "may_ask": gates.may(user, "ask for figures"),
    }


def _with_trend(row: Row) -> Row:
    return {**row, "trend": charts.trend(row["weeks"])}


def _groups(rows: list[Row], name: str, fewest: int) -> list[Row]:
    """Return departments or channels with their bars, the lowest first; those of too few customers are left out."""
    called = CHANNELS if name == "channel" else {}
    some = [{**row, "name": called.get(row[name], row[name])} for row in rows if row["customers"] >= fewest]
    if len(some) > _GROUPS:  # the ends are of interest
        some = [*some[: _GROUPS // 2], *some[-_GROUPS // 2 :]]
    return [
        {**row, "bar": bar, "interval": None if row["low"] is None else (signed(row["low"], 3), signed(row["high"], 3))}
        for row, bar in zip(some, charts.bars(some), strict=True)
    ]


def _tenths(rows: list[Row]) -> list[Row]:
    found: list[Row] = [{"low": tenth * 10, "high": tenth * 10 + 10, "all": 0} for tenth in range(10)]
    for row in rows:
        place = found[row["tenth"]]
        place[row["strength"]] = row["customers"]
        place["all"] += row["customers"]
    return found


def _inputs(user: Any, now: datetime) -> list[Row]:
    """Return each source with when it was heard, and the share of what it sent that was not taken."""
    found = []
    for each in counts(gates.heard(user), now=now):
        sent = each.accepted + each.quarantined + each.refused
        found.append(
            {
                "counts": each,
                "heard": heard(each.last_at, now=now),
                "sent": sent,
                "aside": 100.0 * each.quarantined / sent if sent else None,
            }
        )
    return found
