"""Which customers somebody opened last: kept by their browser, by ids alone, so that opening a page writes nothing."""

from __future__ import annotations

import re
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse

__all__ = ["opened", "remember"]

_COOKIE: Final = "opened"
_MOST: Final = 8
_ID: Final = re.compile(r"[0-9a-z]{1,24}", re.ASCII)


def remember(request: HttpRequest, response: HttpResponse, customer: str) -> None:
    """Note that somebody has opened a customer's page.

    Parameters
    ----------
    request
        Who asked.
    response
        What they are answered.
    customer
        The id.
    """
    before = opened(request)
    if before[:1] == [customer]:
        return
    these = [customer, *(each for each in before if each != customer)][:_MOST]
    response.set_cookie(
        _COOKIE, ".".join([_whose(request), *these]), max_age=settings.SESSION_COOKIE_AGE,
        secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax",
    )  # fmt: skip


def opened(request: HttpRequest) -> list[str]:
    """Return the ids of the customers somebody opened, the last first; another colleague's at this machine are not."""
    whose, *these = request.COOKIES.get(_COOKIE, "").split(".")
    return [each for each in these if _ID.fullmatch(each)][:_MOST] if whose == _whose(request) else []


def _whose(request: HttpRequest) -> str:
    user: Any = request.user
    return str(user.pk)
