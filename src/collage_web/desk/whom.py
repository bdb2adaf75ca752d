"""Of whom a page is, and how it ends: what all verbs at the desk begin and end with."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import get_current_timezone

from collage.errors import CollageError
from collage_web.actions.catching_up import catch_up
from collage_web.actions.leasing import Lost, Taken
from collage_web.bridge.called import names
from collage_web.design.templatetags.look import bare
from collage_web.desk.known import called
from collage_web.desk.wording import happened, when
from collage_web.records import gates
from collage_web.records.models import Colleague

__all__ = ["Whom", "address", "back", "caught_up", "done", "matters", "now", "refused", "shown", "whom"]


@dataclass(frozen=True, slots=True)
class Whom:
    """The customer whom somebody serves: `name` is what they are called, or spoken of by.

    `zone` is where the clocks are that this colleague reads, on every page and in every form.
    """

    by: Colleague
    customer: str
    name: str
    identifiers: Mapping[str, str]
    zone: tzinfo


def now() -> datetime:
    """Return the moment."""
    return datetime.now(UTC)


def whom(request: HttpRequest, customer: str) -> Whom:
    """Return the customer whom somebody may serve."""
    by = gates.require(request.user, "serve customers")
    found = gates.customer(request.user, customer, "serve customers")
    identifiers = gates.identifiers(request.user, found, "serve customers")
    name = names(dict.fromkeys(identifiers, found)).get(found) or bare(called(identifiers)) or found
    return Whom(by, found, name, identifiers, get_current_timezone())


def matters(of: Whom) -> dict[str, str]:
    """Return a customer's issues, each with the words by which somebody recognises it: what was last, and when."""
    here = now()
    return {
        issue: f"{issue} · {happened(kind)}, {when(at, now=here)}"
        for issue, kind, at in gates.issues(of.by, of.customer)
    }


def shown(request: HttpRequest, template: str, of: Whom, *, status: int = 200, **more: Any) -> HttpResponse:
    """Return a page about a customer."""
    return render(request, template, {"whom": of, "zone": of.zone, **more}, status=status)


def back(customer: str) -> HttpResponse:
    """Return to the customer's page."""
    return redirect("customer", customer)


def done(request: HttpRequest, of: Whom, words: str, *, undo: tuple[str, str] | None = None) -> HttpResponse:
    """Say what was done, and return to the customer's page.

    Parameters
    ----------
    request, of
        The request, and of whom it was.
    words
        What was done.
    undo
        What it is called to undo it, and the address.
    """
    said: str | SafeString = words
    if undo is not None:
        said = format_html('{} <a href="{}">{}</a>', words, undo[1], undo[0])
    messages.success(request, said)
    return back(of.customer)


def refused(request: HttpRequest, of: Whom, error: CollageError) -> HttpResponse:
    """Say what was not done and why, and return to the customer's page."""
    messages.error(request, error.in_short)
    return back(of.customer)


def caught_up(identifiers: Collection[str], *, clock: Callable[[], datetime] = now) -> None:
    """Let customers be together or apart at once; where much else waits, the worker does it within seconds."""
    with suppress(Taken, Lost):
        catch_up(identifiers, clock=clock, chance=random.SystemRandom())


def address(name: str, of: Whom, **query: str) -> str:
    """Return an address of this customer's."""
    return reverse(name, args=[of.customer], query=query or None)
