"""What colleagues see of customers is not kept by their browser, nor by anything on the way to it."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control

__all__ = ["Unkept"]


class Unkept:
    """Middleware, after that which answers with static files: those may be kept."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Keep what comes next."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Say so of whatever is answered to somebody who may be logged in."""
        response = self.get_response(request)
        if settings.SESSION_COOKIE_NAME in request.COOKIES:  # who it is, nobody needs to look up for that
            patch_cache_control(response, no_store=True, private=True)
        return response
