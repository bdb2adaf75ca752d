"""The door: log-in that really locks, and the ways of allauth that are closed here."""

from __future__ import annotations

from typing import Any, Never

from allauth.account.views import LoginView
from axes.decorators import axes_dispatch, axes_form_invalid
from axes.helpers import get_cool_off
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator

__all__ = ["LogIn", "closed", "locked"]


@method_decorator(axes_dispatch, name="dispatch")
@method_decorator(axes_form_invalid, name="form_invalid")
class LogIn(LoginView):  # type: ignore[misc]  # allauth publishes no types
    """Log-in by address and password; whoever is locked is told so before and after the password is looked at."""


def locked(
    request: HttpRequest,
    response: HttpResponse | None = None,  # noqa: ARG001  # axes' signature
    credentials: dict[str, Any] | None = None,  # noqa: ARG001  # axes' signature
) -> HttpResponse:
    """Return the page of whoever gave too many wrong passwords: 429, and when it is worth coming back."""
    wait = get_cool_off(request)
    seconds = int(wait.total_seconds())
    told = {"minutes": -(-seconds // 60), "limit": settings.AXES_FAILURE_LIMIT}
    page = render(request, "account/locked.html", told, status=429)
    page["Retry-After"] = str(seconds)
    return page


def closed(request: HttpRequest, **_: Any) -> Never:  # noqa: ARG001  # a view's signature
    """Say that there is nothing: signing up, mail and what else of allauth makes no sense here."""
    raise Http404
