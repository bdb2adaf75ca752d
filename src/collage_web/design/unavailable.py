"""When the database is locked, full or gone, a page says so and when to come again; it is no fault of the page."""

from __future__ import annotations

from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template import loader

__all__ = ["Unavailable"]

_AGAIN_S = 10


class Unavailable:
    """Middleware: turns what a view meets there into 503."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Keep what comes next."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Go on; only what a view raises is of interest."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:  # noqa: ARG002  # Django's signature
        """Return the answer where the database could not be had; None: it was something else."""
        if not isinstance(exception, OperationalError | InterfaceError):
            return None
        # without the request: whoever is logged in would be looked up in the database
        page = loader.render_to_string("503.html")
        return HttpResponse(page, status=503, headers={"Retry-After": str(_AGAIN_S), "Cache-Control": "no-store"})
