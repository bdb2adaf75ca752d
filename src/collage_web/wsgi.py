"""What a server of WSGI runs.

What machines send goes to Django without any middleware: sessions, log-ins, languages and policies are for people, and
would take longer than all the rest.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from typing import Any, Final

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import got_request_exception

from collage_web import logs

__all__ = ["application"]

_MACHINES: Final = ("/v1/", "/api/v1/", "/sourceConfig")


class _Bare(WSGIHandler):
    """Django without middleware."""

    def load_middleware(self, is_async: bool = False) -> None:  # noqa: FBT001, FBT002  # Django's signature
        """Load none."""
        kept, settings.MIDDLEWARE = settings.MIDDLEWARE, []
        try:
            super().load_middleware(is_async)
        finally:
            settings.MIDDLEWARE = kept


def _application() -> Callable[..., Iterable[bytes]]:
    django.setup(set_prefix=False)
    got_request_exception.connect(_tell, dispatch_uid="collage")  # Django's own log has the request in it
    people, machines = WSGIHandler(), _Bare()

    def called(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        handler = machines if environ.get("PATH_INFO", "").startswith(_MACHINES) else people
        return handler(environ, start_response)

    return called


def _tell(**_: Any) -> None:
    exception = sys.exception()
    if exception is not None:
        logs.failed(exception)


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "collage_web.settings")
logs.set_up()
application = _application()
