"""Sources: who sends what, how it is read, and what has become of it."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from collage.errors import CollageError
from collage_web.actions import sourcing
from collage_web.board.forms import NewSource, Reason, SourceForm
from collage_web.board.heard import heard
from collage_web.board.sparks import spark
from collage_web.bridge.counts import counts
from collage_web.bridge.mapped import ready_map
from collage_web.records import gates
from collage_web.records.keys import new_key
from collage_web.records.models import Arrival, Source

__all__ = ["change", "index", "key", "new", "replay", "revoke", "show"]

_LAST = 20


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Show all sources with what they sent."""
    now = datetime.now(UTC)
    every = counts(gates.sources(request.user), now=now)
    cards = [{"counts": each, "spark": spark(each.hours), "heard": heard(each.last_at, now=now)} for each in every]
    return render(
        request, "board/sources.html", {"cards": cards, "may_change": gates.may(request.user, "change sources")}
    )


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Make a source, and show its key this once."""
    by = gates.require(request.user, "change sources")
    form = NewSource(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made, secret = sourcing.create(
                form.cleaned_data["name"], form.cleaned_data["kind"], by=by, now=datetime.now(UTC), new_key=_new_key
            )
        except CollageError as error:
            form.add_error(None, error.in_short)
        else:
            return _with_key(request, made, secret)
    return render(request, "board/source_new.html", {"form": form})


def _new_key() -> str:
    return new_key(os.urandom)


def _with_key(request: HttpRequest, source: Source, secret: str) -> HttpResponse:
    """Show a key. It stands in no address, and no browser keeps the page."""
    more = {"source": source, "key": secret, "url": request.build_absolute_uri("/").rstrip("/")}
    response = render(request, "board/source_key.html", more)
    response["Cache-Control"] = "no-store"
    return response


@require_safe
def show(request: HttpRequest, name: str) -> HttpResponse:
    """Show one source: what it sent last, how it is read."""
    source = gates.source(request.user, name)
    return _shown(request, source, _form(source))


def _shown(request: HttpRequest, source: Source, form: SourceForm) -> HttpResponse:
    now = datetime.now(UTC)
    (found,) = counts([source], now=now)
    more: dict[str, Any] = {
        "counts": found,
        "source": source,
        "spark": spark(found.hours),
        "heard": heard(found.last_at, now=now),
        "form": form,
        "reason": Reason(),
        "last": Arrival.objects.filter(source=source).order_by("-id")[:_LAST],
        "ready": ready_map(source.kind),
        "may_change": gates.may(request.user, "change sources"),
        "may_replay": gates.may(request.user, "replay"),
    }
    return render(request, "board/source.html", more)


def _form(source: Source) -> SourceForm:
    quiet = None if source.quiet_after_s is None else source.quiet_after_s // 60
    return SourceForm(
        initial={
            "map": source.map,
            "origins": source.origins,
            "rate": source.rate,
            "most_bytes": source.most_bytes,
            "quiet_after_min": quiet,
        }
    )


@require_POST
def change(request: HttpRequest, name: str) -> HttpResponse:
    """Change how a source is read."""
    source = gates.source(request.user, name, "change sources")
    by, form = gates.require(request.user, "change sources"), SourceForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        try:
            sourcing.change(
                source,
                map_=given["map"].replace("\r\n", "\n"),
                origins=given["origins"],
                rate=given["rate"],
                most_bytes=given["most_bytes"],
                quiet_after_s=None if given["quiet_after_min"] is None else given["quiet_after_min"] * 60,
                by=by,
                now=datetime.now(UTC),
            )
        except CollageError as error:
            form.add_error("origins" if isinstance(error, sourcing.OriginError) else "map", error.in_short)
        else:
            messages.success(request, _("Changed. What arrives from now on is read this way."))
            return redirect("source", name)
    return _shown(request, source, form)


@require_POST
def key(request: HttpRequest, name: str) -> HttpResponse:
    """Give a source another key."""
    source = gates.source(request.user, name, "change sources")
    by = gates.require(request.user, "change sources")
    secret = sourcing.new_key_for(source, by=by, now=datetime.now(UTC), new_key=_new_key)
    return _with_key(request, source, secret)


@require_POST
def revoke(request: HttpRequest, name: str) -> HttpResponse:
    """Take nothing from a source any more."""
    source = gates.source(request.user, name, "change sources")
    by, form = gates.require(request.user, "change sources"), Reason(request.POST)
    if form.is_valid():
        sourcing.revoke(source, by=by, now=datetime.now(UTC), reason=form.cleaned_data["reason"])
        messages.success(request, _("Revoked. Within seconds nothing is taken from it any more; what it sent stays."))
    else:
        messages.error(request, _("Say why: others will want to know."))
    return redirect("source", name)


@require_POST
def replay(request: HttpRequest, name: str) -> HttpResponse:
    """Digest again what a source sent: what is in quarantine, or all of it."""
    source = gates.source(request.user, name, "replay")
    by = gates.require(request.user, "replay")
    everything = request.POST.get("what") == "everything"
    n = sourcing.replay(source, by=by, now=datetime.now(UTC), everything=everything)
    messages.success(
        request, ngettext("%(n)d arrival is digested again.", "%(n)d arrivals are digested again.", n) % {"n": n}
    )
    return redirect("source", name)
