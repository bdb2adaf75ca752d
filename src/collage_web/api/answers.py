"""How machines that ask are answered: as JSON, also where the answer is no.

A refusal has `code`, one word for machines, and `message`, a sentence for people that says what was asked, what was
found, what to do. It never repeats an identifier or a key.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import wraps
from typing import Any

from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from collage_web import logs

__all__ = ["Refusal", "for_machines"]

_View = Callable[..., dict[str, Any]]


class Refusal(Exception):  # noqa: N818  # named for what happened
    """A request that is not answered.

    Parameters
    ----------
    status
        The HTTP status.
    code, message
        One word for machines, a sentence for people.
    headers
        What belongs to the answer.
    """

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(code)
        self.status = status
        self.told = {"code": code, "message": message}
        self.headers = headers or {}


def for_machines(*methods: str) -> Callable[[_View], Callable[..., HttpResponse]]:
    """Let a view return what it tells, and turn its refusals into answers.

    Parameters
    ----------
    methods
        Which the address takes.
    """

    def around(view: _View) -> Callable[..., HttpResponse]:
        @csrf_exempt
        @wraps(view)
        def answered(request: HttpRequest, *args: Any, **more: Any) -> HttpResponse:
            try:
                _check(request.method, methods)
                return _answer(200, view(request, *args, **more), {})
            except Refusal as refusal:
                return _answer(refusal.status, refusal.told, refusal.headers)
            except Error as error:
                logs.failed(error)
                told = "The database was to be asked; found that it cannot be had just now. Ask again in 5 s."
                return _answer(503, {"code": "unavailable", "message": told}, {"Retry-After": "5"})

        return answered

    return around


def _check(method: str | None, methods: tuple[str, ...]) -> None:
    if method not in methods:
        told = f"This address takes {' and '.join(methods)}; found another method. Use one of these."
        raise Refusal(405, "method", told, {"Allow": ", ".join(methods)})


def _answer(status: int, told: Mapping[str, Any], headers: Mapping[str, str]) -> HttpResponse:
    body = json.dumps(told, ensure_ascii=False, default=_written)
    response = HttpResponse(body, status=status, content_type="application/json", headers=dict(headers))
    response["Content-Length"] = str(len(response.content))  # no middleware adds it
    response["Cache-Control"] = "no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _written(value: Any) -> str:
    """Return a moment as `collage explain` writes it."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    raise TypeError(type(value).__name__)
