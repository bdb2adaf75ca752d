"""In which language and time zone a page is read: as the colleague chose it, else as the company has it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.module_loading import import_string

__all__ = ["Clocks"]

_KEPT_S: Final = 5.0  # the company seldom moves: a page need not ask where it is


class Clocks:
    """Middleware, after those that know the colleague and the browser's language."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Keep what comes next."""
        self.get_response = get_response
        self._company: tuple[float, tzinfo] | None = None

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Set the clocks for one request."""
        if settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return self.get_response(request)  # a machine or a stranger: nothing is looked up for them
        with suppress(OperationalError, InterfaceError):  # the page itself says that the database cannot be had
            self._set(request.user)
        try:
            return self.get_response(request)
        finally:
            timezone.deactivate()

    def _set(self, user: Any) -> None:
        if not user.is_authenticated:
            return
        timezone.activate(_zone(user.zone) or self._of_company())
        if user.language:
            translation.activate(user.language)

    def _of_company(self) -> tzinfo:
        """Return where the company's clocks are, asked for every few seconds."""
        kept, now = self._company, time.monotonic()
        if kept is None or now - kept[0] > _KEPT_S:
            of_company: Callable[[], tzinfo] = import_string(settings.COLLAGE_ZONE)
            self._company = kept = (now, of_company())
        return kept[1]


def _zone(name: str) -> tzinfo | None:
    """Return a zone by its name; None: none was chosen, or this machine does not know it."""
    try:
        return ZoneInfo(name) if name else None
    except (ValueError, OSError, KeyError):
        return None
