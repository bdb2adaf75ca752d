"""Webhooks: who is told of what happens, what they were told, and what came of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Max, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from collage.errors import CollageError
from collage_web.actions import delivering, hooking, reacting
from collage_web.board.forms import Reason
from collage_web.records import gates
from collage_web.records.models import Delivery, Hook

__all__ = ["HookForm", "again", "index", "new", "revoke", "show"]

_PAGE: Final = 25
_DIGITS: Final = 19  # of the number of a row
_EVENTS: Final = (
    (reacting.STRIKE, gettext_lazy("a strike was recorded")),
    (reacting.PROMISE, gettext_lazy("a promise was broken")),
    (reacting.FELL, gettext_lazy("an index fell by five points")),
)
_PROBLEMS: Final[Mapping[str, str]] = {
    "address": gettext_noop("the address cannot be told anything"),
    "name": gettext_noop("nobody knows the name of the machine"),
    "private": gettext_noop("it leads to a machine that only this server can reach"),
    "refused": gettext_noop("the connection was refused or broke off"),
    "silent": gettext_noop("no answer within ten seconds"),
    "tls": gettext_noop("its certificate is not to be trusted"),
    "broken": gettext_noop("what it answered is not HTTP"),
    "revoked": gettext_noop("the webhook was revoked"),
    "objects": gettext_noop("the customer objects to being scored"),
}


class HookForm(forms.Form):
    """A webhook to be made."""

    url = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=500,
        widget=forms.URLInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=gettext_lazy("It begins with https:// and leads to a machine that anybody can reach."),
    )
    events = forms.MultipleChoiceField(
        label=gettext_lazy("What it is told of"), choices=_EVENTS, widget=forms.CheckboxSelectMultiple
    )


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List webhooks, and how they do."""
    waits = Count("deliveries", filter=Q(deliveries__next_at__isnull=False))
    lost = Count(
        "deliveries",
        filter=Q(deliveries__next_at=None, deliveries__done_at=None)
        & ~Q(deliveries__problem__in=("revoked", "objects")),
    )
    found = gates.hooks(request.user).annotate(waits=waits, lost=lost, last=Max("deliveries__done_at"))
    rows = [{"hook": each, "events": _events(each)} for each in found]
    return render(request, "board/hooks.html", {"rows": rows})


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Make a webhook, and show its secret this once."""
    by, form = gates.require(request.user, "tell others"), HookForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = hooking.create(
                form.cleaned_data["url"], form.cleaned_data["events"], private=settings.COLLAGE_HOOKS_PRIVATE,
                by=by, now=datetime.now(UTC), chance=os.urandom,
            )  # fmt: skip
        except CollageError as error:
            form.add_error("url", error.in_short)
        else:
            return _with_secret(request, made)
    return render(request, "board/hooks_new.html", {"form": form})


def _with_secret(request: HttpRequest, hook: Hook) -> HttpResponse:
    """Show a secret. It stands in no address, and no browser keeps the page."""
    secret = hooking.secret_of(hook, key=settings.SECRET_KEY)
    response = render(request, "board/hooks_secret.html", {"hook": hook, "secret": secret})
    response["Cache-Control"] = "no-store"
    return response


@require_safe
def show(request: HttpRequest, number: int) -> HttpResponse:
    """Show one webhook with what it was told last."""
    return _shown(request, gates.hook(request.user, number), Reason())


def _shown(request: HttpRequest, hook: Hook, reason: Reason) -> HttpResponse:
    page = Paginator(hook.deliveries.order_by("-id"), _PAGE).get_page(request.GET.get("page"))
    more: dict[str, Any] = {
        "hook": hook,
        "events": _events(hook),
        "page": page,
        "rows": [_row(each) for each in page],
        "reason": reason,
    }
    return render(request, "board/hooks_one.html", more)


def _events(hook: Hook) -> list[str]:
    return [str(words) for event, words in _EVENTS if event in hook.events]


def _row(delivery: Delivery) -> dict[str, Any]:
    words = dict(_EVENTS).get(delivery.event, _("a test"))
    if delivery.done_at is not None:
        state = "done"
    elif delivery.next_at is not None:
        state = "waits"
    else:
        state = "lost"
    return {
        "delivery": delivery,
        "event": words,
        "state": state,
        "problem": _problem(delivery.problem),
        "of": len(delivering.TRIED_AFTER_S),
    }


def _problem(problem: str) -> str:
    """Return in words what prevented it: a status of an answer, or one of our own words."""
    if problem.isdecimal():
        return _("it answered %(status)s") % {"status": problem}
    return _(_PROBLEMS[problem]) if problem in _PROBLEMS else problem


@require_POST
def revoke(request: HttpRequest, number: int) -> HttpResponse:
    """Tell an address nothing more."""
    hook, form = gates.hook(request.user, number), Reason(request.POST)
    by = gates.require(request.user, "tell others")
    if form.is_valid():
        try:
            hooking.revoke(hook, by=by, now=datetime.now(UTC), reason=form.cleaned_data["reason"])
            messages.success(request, _("Revoked. It is told nothing more."))
        except CollageError as error:
            messages.error(request, error.in_short)
    else:
        messages.error(request, _("Say why: others will want to know."))
    return redirect("hook", number)


@require_POST
def again(request: HttpRequest, number: int) -> HttpResponse:
    """Send something again, or something that says nothing but that it arrived."""
    hook, by, now = gates.hook(request.user, number), gates.require(request.user, "tell others"), datetime.now(UTC)
    given = request.POST.get("delivery", "")
    chosen = hook.deliveries.filter(pk=int(given)).first() if given.isdecimal() and len(given) < _DIGITS else None
    try:
        if chosen is not None:
            hooking.again(chosen, by=by, now=now)
        elif request.POST.get("what") == "test":
            hooking.test(hook, by=by, now=now, chance=os.urandom)
        else:
            messages.error(request, _("Choose what is to be sent."))
            return redirect("hook", number)
        messages.success(request, _("It is sent within seconds. Load the page anew to see what came of it."))
    except CollageError as error:
        messages.error(request, error.in_short)
    return redirect("hook", number)
