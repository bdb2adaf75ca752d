"""The customer's page: who they are, what they remember of us, what we owe them, and why."""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from collage.guidance import direction
from collage_web.actions.catching_up import catch_up, waits
from collage_web.actions.leasing import Lost, Taken
from collage_web.bridge import timeline
from collage_web.bridge.profiled import profiled
from collage_web.bridge.timeline import Page, Reader
from collage_web.bridge.whole import Whole, whole
from collage_web.desk import because, briefing, known, wording
from collage_web.desk import instances as shown
from collage_web.desk import panel as looked
from collage_web.desk.opened import remember
from collage_web.records import gates

__all__ = ["instance", "instances", "show"]

# one interpreter works out all pages of a process: more at the same moment keep each other waiting, and end later
_ROOM: Final = threading.BoundedSemaphore(4)


@never_cache
@require_safe
def show(request: HttpRequest, customer: str) -> HttpResponse:
    """Show a customer."""
    identifiers = gates.identifiers(request.user, customer)
    is_late = False
    if identifiers and waits(identifiers):
        is_late = not _caught_up(identifiers)
        identifiers = gates.identifiers(request.user, customer)
    with _ROOM:
        return _shown(request, customer, identifiers, is_late=is_late)


def _shown(request: HttpRequest, customer: str, identifiers: Mapping[str, str], *, is_late: bool) -> HttpResponse:
    now = datetime.now(UTC)
    of = whole(customer, at=now, known=identifiers)
    if of is None:
        return _moved(request, customer)
    which = shown.asked(request.GET, is_scored=of.is_scored)
    fall = because.fallen(of)
    reasons = [*briefing.wanted(of), *because.single(fall)]
    also = {name for each in reasons for name in (each.touchpoint_id, each.about) if name is not None}
    page = timeline.page(of, which, _reader(request), at=now, also=also)
    profile = known.used(of, profiled(of.identifiers))
    more = {
        "is_late": is_late,
        "name": known.name_of(profile),
        "called": known.called(of.identifiers),
        "brief": briefing.briefed(of, page, profile, now=now),
        "ring": because.ring(of),
        "trend": None if of.standing is None else direction(of.standing.trend),
        "why": because.why(of, fall, page),
        "opens": known.opens(of, now=now),
        "preferences": known.preferences(profile),
        "allowed": known.allowed(of),
        "is_unused": not known.uses(of),
    }
    response = render(request, "desk/customer.html", {**_line(of, which, page, now), **more})
    remember(request, response, customer)
    return response


def _caught_up(identifiers: Mapping[str, str]) -> bool:
    """Return whether all that had arrived is in it now."""
    try:
        return catch_up(list(identifiers), clock=lambda: datetime.now(UTC), chance=random.SystemRandom())
    except (Taken, Lost):
        return False


def _moved(request: HttpRequest, customer: str) -> HttpResponse:
    """Lead to whoever somebody turned out to be, by an id that was theirs."""
    now = gates.customer(request.user, customer)
    if now == customer:  # in the moment between two questions
        raise Http404
    return redirect("customer", now)


def _reader(request: HttpRequest) -> Reader:
    return Reader(gates.require(request.user, "see customers").department, wording.language())


def _line(of: Whole, which: timeline.Filter, page: Page, now: datetime) -> dict[str, Any]:
    """Return what the time line's part of the page is made of."""
    departments = {each.row.get("department") or "" for each in page.instances}
    return {
        "of": of,
        "which": which,
        "choices": shown.choices(of, which, departments),
        "mark_words": because.in_general(of, which.mark) if which.mark else "",
        "days": shown.days(of, page, now=now),
        "more": shown.more(of, which, page),
        "today": timezone.localtime(now).date(),
        "now": now,
    }


@never_cache
@require_safe
def instances(request: HttpRequest, customer: str) -> HttpResponse:
    """Show instances alone: those that were chosen, or those that come next."""
    identifiers = gates.identifiers(request.user, customer)
    now = datetime.now(UTC)
    of = whole(customer, at=now, known=identifiers)
    if of is None:
        return _moved(request, customer)
    which, before = shown.asked(request.GET, is_scored=of.is_scored), request.GET.get("before", "")
    page = timeline.page(of, which, _reader(request), at=now, before=before)
    part = _line(of, which, page, now)
    if not request.htmx:  # type: ignore[attr-defined]  # django-htmx's
        return render(request, "desk/customer_instances.html", part)
    return render(request, "desk/customer_days.html" if before else "desk/customer_line.html", part)


@never_cache
@require_safe
def instance(request: HttpRequest, customer: str, key: str) -> HttpResponse:
    """Show one instance, and what it weighs."""
    identifiers = gates.identifiers(request.user, customer)
    now = datetime.now(UTC)
    of = whole(customer, at=now, known=identifiers, without=True)
    if of is None:
        gates.customer(request.user, customer)
        raise Http404
    found = timeline.instance(of, key, _reader(request), at=now)
    if found is None:
        raise Http404
    part = {"of": of, "panel": looked.panel(of, found, gates.require(request.user, "see customers"), now=now)}
    alone = "desk/customer_instance_part.html" if request.htmx else "desk/customer_instance.html"  # type: ignore[attr-defined]  # as above
    return render(request, alone, part)
