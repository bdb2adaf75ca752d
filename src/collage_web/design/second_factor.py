"""Whose role is worth more to a thief must have a second factor: until then every page leads to setting it up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

__all__ = ["SecondFactor"]

_OPEN: Final = {"account_logout", "account_login", "account_reauthenticate", "account_change_password"}


class SecondFactor:
    """Middleware, after those that know the colleague and htmx."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Keep what comes next."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Do nothing yet: which page is asked for is known only in ``process_view``."""
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        """Return the way to the second factor, for those who need one and have none."""
        name = request.resolver_match.url_name if request.resolver_match else None
        if settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return None  # a machine or a stranger: nothing is looked up for them
        if name is not None and (name in _OPEN or name.startswith("mfa_")):
            return None
        user = request.user
        if not user.is_authenticated or getattr(user, "role", "") not in settings.COLLAGE_SECOND_FACTOR_ROLES:
            return None
        if is_mfa_enabled(user):
            return None
        if request.headers.get("HX-Request") == "true":
            return HttpResponseClientRedirect(reverse("mfa_index"))
        messages.warning(request, _("Your role needs a second factor beside the password. Set one up, then go on."))
        return redirect("mfa_index")
