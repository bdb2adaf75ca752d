"""What a figure is: its definition, what it rests on, and the rows behind it; and the same of one strike or credit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from collage_web.board import charts
from collage_web.board.figured import Row, customers, label, listed, losses, moment
from collage_web.bridge import figures
from collage_web.bridge.figures import Known
from collage_web.design.spoken import CAUSES
from collage_web.records import gates

__all__ = ["DEFINITIONS", "Definition", "define", "own", "strike"]


@dataclass(frozen=True, slots=True)
class Definition:
    """What a figure is, in words that a caller would understand, and of whom it is."""

    title: str | Promise
    means: str | Promise
    worked_out: str | Promise
    of: str | Promise
    anchor: str


_OF_ALL = _("All customers who met the company in the 365 days before, but those who object to being scored.")
DEFINITIONS: Final[dict[str, Definition]] = {
    "weeks": Definition(
        _("Index"),
        _("How customers remember us, from 0 to 100. 50 is neutral: nothing remembered, or as much good as bad."),
        _(
            "Every mark that a touchpoint left counts with its weight and fades by half in its half-life. Their sum, "
            "weighed against what neutral instances would say, is a customer's experience; the index is the mean "
            "experience of all customers on a scale from 0 to 100. The band is the interval of that mean (95 %)."
        ),
        _OF_ALL,
        "index",
    ),
    "losses": Definition(
        _("Strikes by total loss"),
        _("What strikes cost when they were new: how often each came, times what it weighs, over 90 days."),
        _(
            "The sum of weight times severity, in points of satisfaction (1 to 5), of the marks of the last 90 days. "
            "The change is against the 90 days before; it is called clear where it is more than its interval (95 %)."
        ),
        _OF_ALL,
        "strikes",
    ),
    "departments": Definition(
        _("Departments"),
        _("What the marks that a department owns put into the experience of the mean customer."),
        _(
            "The sum of what its marks contribute now, divided by all customers of the company, so that departments "
            "add up to the company. The line across a bar is the interval (95 %). Loss and gain are those of 90 days."
        ),
        _OF_ALL,
        "departments",
    ),
    "channels": Definition(
        _("Channels"),
        _("What the marks left on a channel put into the experience of the mean customer."),
        _("As for departments, by the channel of the touchpoint."),
        _OF_ALL,
        "channels",
    ),
    "falling": Definition(
        _("Customers falling now"),
        _("Customers to whom the last 30 days did the most harm."),
        _("Whose marks of the last 30 days add up to −0.2 points of experience or less; the worst come first."),
        _("All customers with a touchpoint, but those who object to being scored."),
        "falling",
    ),
    "spread": Definition(
        _("Distribution of the index"),
        _("How many customers stand where between 0 and 100, and how much is known about them."),
        _(
            "Evidence is the share of what is remembered in all that counts, from 0 to 1: faint below 0.2, some below "
            "0.5, strong from there on. Where there is little evidence an index lies near 50, whatever the truth."
        ),
        _("All customers with a touchpoint, but those who object to being scored."),
        "spread",
    ),
}


@require_safe
def define(request: HttpRequest, figure: str) -> HttpResponse:
    """Show what a figure is."""
    gates.require(request.user, "see board")
    if figure not in DEFINITIONS:
        raise Http404
    known, _asked, _failed = figures.known()
    given = {"known": known, "name": figure, "is": DEFINITIONS[figure], "value": _value(known, figure)}
    return render(request, "board/figure.html", given)


def _value(known: Known | None, figure: str) -> Row | None:
    """Return the figure itself with its interval and n; None where there is none."""
    if known is None:
        return None
    body = known.body
    company = body["company"]
    enough = company is not None and company["customers"] >= body["fewest"]
    if figure == "weeks" and enough:
        return {
            "value": round(company["index"], 1),
            "low": round(company["index_low"], 1),
            "high": round(company["index_high"], 1),
            "n": company["customers"],
        }
    if figure == "losses" and enough:
        strikes = [row for row in body["losses"] if row["strike"]]
        lost = -sum(row["value"] for row in strikes)
        return {"value": round(lost, 1), "n": sum(row["marks"] for row in strikes)}
    if figure == "falling":
        return {"value": body["falling"]["customers"], "n": body["customers"]}
    return None


@require_safe
def strike(request: HttpRequest, mark: str) -> HttpResponse:
    """Show one strike or credit: what it is, what it cost, whom it cost most, and what agents have to do with it."""
    user = gates.require(request.user, "see board")
    known, _asked, _failed = figures.known()
    if known is None:
        return redirect("board")
    if mark not in known.body["marks"]:
        raise Http404
    owners = [row for row in (*losses(known, strike=True), *losses(known, strike=False)) if row["mark"] == mark]
    words = known.body["marks"][mark]
    given = {
        "known": known,
        "mark": mark,
        "says": label(known, mark),
        "words": words,
        "cause": CAUSES.get(words["cause"], words["cause"]),
        "owners": [{**row, "trend": charts.trend(row["weeks"])} for row in owners],
        "value": sum(row["value"] for row in owners),
        "enough": not owners or any(row["enough"] for row in owners),
        "marks": sum(row["marks"] for row in owners),
        "rows": _worst(known, mark, user),
        "agents": _agents(known, mark, user),
        "may_see_customers": gates.may(user, "see customers"),
    }
    return render(request, "board/strike.html", given)


def _worst(known: Known, mark: str, user: Any) -> list[Row]:
    """Return the customers whom a mark cost or brought most; without ids for whoever may not see customers."""
    rows: list[Row] = known.body["rows"].get(mark, [])
    if gates.may(user, "see customers"):
        return [{**row, "last_at": moment(row["last_at"])} for row in customers(rows)]
    return [{**row, "customer_id": None, "last_at": moment(row["last_at"]).date()} for row in listed(rows)]


def _agents(known: Known, mark: str, user: Any) -> list[Row]:
    """Return what agents have to do with a mark that is theirs to change, as far as somebody may know it."""
    rows = gates.of_agents(user, known.body["agents"].get(mark, []))
    return [{**row, "enough": row["customers"] >= known.body["fewest"]} for row in rows]


@require_safe
def own(request: HttpRequest) -> HttpResponse:
    """Show an agent's own figures."""
    user = gates.require(request.user, "serve customers")
    known, _asked, _failed = figures.known()
    found: list[Row] = []
    for mark, rows in ({} if known is None else known.body["agents"]).items():
        mine = [row for row in rows if user.agent and row["agent"] == user.agent]
        enough = known.body["fewest"] if known is not None else 0
        found += [
            {**row, "mark": mark, "says": label(known, mark), "enough": row["customers"] >= enough}
            for row in mine
            if known is not None
        ]
    return render(request, "board/figures_own.html", {"known": known, "rows": found})
