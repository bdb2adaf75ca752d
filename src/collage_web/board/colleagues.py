"""Colleagues and what they may do; and the log of what they did."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from collage.errors import CollageError
from collage_web.actions import auditing, welcoming
from collage_web.board.forms import ColleagueForm, NewColleague
from collage_web.records import gates

__all__ = ["audit", "change", "home", "index", "new"]

_PAGE = 50
_FIRST = (("see board", "board"), ("see customers", "desk"), ("see sources", "sources"))


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Lead to the first page that somebody has."""
    if not request.user.is_authenticated:
        return redirect("account_login")
    for deed, name in _FIRST:
        if gates.may(request.user, deed):
            return redirect(name)
    return render(request, "board/home.html")


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List colleagues."""
    return render(request, "board/colleagues.html", {"colleagues": gates.colleagues(request.user)})


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Admit a colleague."""
    by, form = gates.require(request.user, "see colleagues"), NewColleague(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            welcoming.admit(**form.cleaned_data, by=by, now=datetime.now(UTC))
        except CollageError as error:
            form.add_error(None, error.in_short)
        else:
            messages.success(request, _("The account is made. Give them the address and the password."))
            return redirect("colleagues")
    return render(request, "board/colleague_new.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, number: int) -> HttpResponse:
    """Change what a colleague may do."""
    by, found = gates.require(request.user, "see colleagues"), gates.colleague(request.user, number)
    initial = {"role": found.role, "department": found.department, "agent": found.agent, "is_active": found.is_active}
    form = ColleagueForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            welcoming.change(found, **form.cleaned_data, by=by, now=datetime.now(UTC))
        except CollageError as error:
            form.add_error(None, error.in_short)
        else:
            messages.success(request, _("Changed."))
            return redirect("colleagues")
    return render(request, "board/colleague.html", {"form": form, "colleague": found})


@require_safe
def audit(request: HttpRequest) -> HttpResponse:
    """List what was done, newest first, and whether the log is whole."""
    page = Paginator(gates.audit(request.user), _PAGE).get_page(request.GET.get("page"))
    rows = [(each, _told(each.details)) for each in page]
    return render(request, "board/audit.html", {"page": page, "rows": rows, "broken": auditing.broken_at()})


def _told(details: Mapping[str, Any]) -> str:
    """Return what else is known of a deed; of what is empty, nothing."""
    told = {name: ", ".join(map(str, each)) if isinstance(each, list) else each for name, each in details.items()}
    return "; ".join(f"{name}: {each}" for name, each in told.items() if each != "")
