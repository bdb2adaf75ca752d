"""How allauth and axes behave here: who may come in, and how often they may guess."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from collage_web.design.turns import one_at_a_time

__all__ = ["Adapter", "address_of", "ip_of"]


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth publishes no types
    """Nobody makes an account for themselves: an administrator does. Passwords are tried one after the other."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002  # allauth's signature
        """Return False, whoever asks."""
        return False

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """Return the colleague whose password this is, or None.

        Log-in and "confirm that it is you" both come through here. Axes looks at how often it went wrong, then the
        password is tried (which takes long, on purpose), then axes counts. Fifty guesses at once would all look before
        the first is counted: so those for the same address from the same place wait for each other.
        """
        with one_at_a_time(f"{address_of(request, credentials)} {ip_of(request)}"):
            return super().authenticate(request, **credentials)


def address_of(request: HttpRequest, credentials: Mapping[str, Any] | None = None) -> str:
    """Return for which address somebody tries to log in, as axes counts it.

    Parameters
    ----------
    request
        The try itself.
    credentials
        What is tried, where it is known; otherwise the form is read, and then who is logged in already.

    Returns
    -------
    str
        The address in small letters, empty where there is none. No longer than axes can store, and without NUL, which
        PostgreSQL refuses.
    """
    known = credentials or {}
    given = known.get("email") or known.get("login") or known.get("username") or request.POST.get("login")
    if not given:
        given = getattr(getattr(request, "user", None), "email", "")
    return str(given).replace("\0", "").strip().lower()[:255]


def ip_of(request: HttpRequest) -> str | None:
    """Return from where somebody asks: the same answer for axes as for allauth, whichever proxies are trusted.

    Returns
    -------
    str or None
        An IP address; None where there is none to be had, as behind a socket of Unix without ``COLLAGE_PROXIES``.
    """
    try:
        found: str = DefaultAccountAdapter(request).get_client_ip(request)
    except PermissionDenied:
        return None
    return found
