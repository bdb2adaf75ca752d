"""What was set aside: why, as it came, and once more."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from collage_web.actions import sourcing
from collage_web.records import gates

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
    more = {"page": page, "reasons": reasons, "name": name, "reason": reason}
    return render(request, "board/quarantine.html", more)


@require_safe
def arrival(request: HttpRequest, number: int) -> HttpResponse:
    """Show one arrival as it came."""
    found = gates.arrival(request.user, number)
    try:
        body = json.dumps(json.loads(found.body), indent=2, ensure_ascii=False)
    except ValueError:  # one that was too large is kept as far as it goes
        body = found.body
    more = {"arrival": found, "body": body, "may_replay": gates.may(request.user, "replay")}
    return render(request, "board/arrival.html", more)


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
