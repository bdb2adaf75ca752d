"""What was set aside: why, as it came, and once more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from collage_web.actions import sourcing
from collage_web.records import gates
from collage_web.records.models import Arrival

__all__ = ["arrival", "index", "replay"]

_PAGE = 50


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List what is set aside, newest first, with the reasons counted."""
    aside = gates.set_aside(request.user)
    name, reason = request.GET.get("source", ""), request.GET.get("reason", "")
    reasons = list(aside.values("source__name", "column", "reason").annotate(n=Count("id")).order_by("-n")[:_PAGE])
    if name:
        aside = aside.filter(source__name=name)
    if reason:
        aside = aside.filter(reason=reason)
    page = Paginator(aside, _PAGE).get_page(request.GET.get("page"))
    for each in page:
        if each.found and _hidden(each, request.user):
            each.found = ""  # it may be what was said
    more = {"page": page, "reasons": reasons, "name": name, "reason": reason}
    return render(request, "board/quarantine.html", more)


@require_safe
def arrival(request: HttpRequest, number: int) -> HttpResponse:
    """Show one arrival as it came."""
    found = gates.arrival(request.user, number)
    hidden = _hidden(found, request.user)
    try:
        came = json.loads(found.body)
        body = json.dumps(_unsaid(came) if hidden else came, indent=2, ensure_ascii=False)
    except ValueError:  # one that was too large is kept as far as it goes
        body = "" if hidden else found.body
    if hidden:
        found.found = ""  # it may be what was said
    more = {"arrival": found, "body": body, "hidden": hidden, "may_replay": gates.may(request.user, "replay")}
    return render(request, "board/arrival.html", more)


def _hidden(arrival: Arrival, user: Any) -> bool:
    """Return whether an arrival holds a sensitive text that is not for the reader's department."""
    if "sensitive" not in arrival.body:
        return False
    try:
        parts = list(_parts(json.loads(arrival.body)))
    except ValueError:
        return True
    if not any(part.get("sensitive") for part in parts):
        return False
    departments = {part["department"] for part in parts if "department" in part}
    return not user.department or departments != {user.department}


def _parts(value: Any) -> Iterator[dict[str, Any]]:
    """Yield all objects within a value; one that is written as text, as properties may be, is read."""
    if isinstance(value, str) and value.lstrip().startswith("{") and "sensitive" in value:
        value = json.loads(value)
    if isinstance(value, dict):
        yield value
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _parts(each)


_TOLD = frozenset({"touchpoint_id", "identifier", "kind", "occurred_at", "channel", "department", "issue_id"})


def _unsaid(value: Any, name: str = "") -> Any:
    """Return a value without any text but ids and the like: by a map of its own a source may call it anything."""
    if isinstance(value, dict):
        return {key: _unsaid(each, key) for key, each in value.items()}
    if isinstance(value, list):
        return [_unsaid(each, name) for each in value]
    return "…" if isinstance(value, str) and name not in _TOLD else value


@require_POST
def replay(request: HttpRequest, number: int) -> HttpResponse:
    """Digest one arrival again."""
    by = gates.require(request.user, "replay")
    found = gates.arrival(request.user, number)
    if sourcing.replay(found.source, by=by, now=datetime.now(UTC), only=found.pk):
        messages.success(request, _("It is digested again. Should it come back, its reason will say why."))
    else:
        messages.error(request, _("It is not in quarantine any more."))
    return redirect("arrival", number)
