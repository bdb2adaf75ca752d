"""Whom a request asks about: an identifier in a header or in the body, never in the address."""

from __future__ import annotations

import json
from typing import Any, Final

from django.http import HttpRequest

from collage import customers
from collage_web.api.answers import Refusal

__all__ = ["HEADER", "NAMES", "identifier"]

HEADER: Final = "Collage-Identifier"
NAMES: Final = {"identifier": "", "phone": "phone:", "email": "email:"}  # what a body may have, and its namespace
_LONGEST: Final = 500  # characters
_MOST: Final = 4_096  # bytes
_HOW: Final = (
    f'Send it with GET in the header {HEADER}, or with POST as {{"identifier": "phone:+4930123456"}}, {{"phone": "030 '
    '123456"} or {"email": "kim@example.org"}'
)


def identifier(request: HttpRequest, *, region: str | None) -> str:
    """Return the identifier that a request asks about, in its normal form.

    Parameters
    ----------
    request
        With GET its header says it, with POST its body.
    region
        Where a phone number without a country is dialled.

    Raises
    ------
    Refusal
        Where there is none, where it could be read in two ways, or where it stands in the address, which every proxy
        and every log on the way keeps.
    """
    if any(name in request.GET for name in NAMES):
        raise _unread("in_address", "not in the address, where logs would keep it; found it there")
    given = _of_body(request) if request.method == "POST" else _of_header(request)
    given = given.strip()
    if not given:
        raise _unread("no_identifier", "given; found none")
    namespace, _, value = given.partition(":")
    if not value.strip() or not namespace.isidentifier() or not namespace.islower():
        raise _unread(
            "invalid_identifier", "namespace:value, such as phone:+4930123456; found no namespace, or no value"
        )
    if len(given) > _LONGEST or not given.isprintable():
        raise _unread("invalid_identifier", f"{_LONGEST} printed characters at most; found others, or more")
    return customers.normalised(given, region=region)


def _unread(code: str, asked_and_found: str) -> Refusal:
    return Refusal(400, code, f"The identifier was to be {asked_and_found}. {_HOW}.")


def _of_header(request: HttpRequest) -> str:
    given = request.headers.get(HEADER, "")
    try:
        return given.encode("latin-1").decode()  # a server gives the bytes of a header as if they were Latin-1
    except UnicodeError:
        return given


def _of_body(request: HttpRequest) -> str:
    body = _json(request)
    found = [name for name in NAMES if isinstance(body, dict) and body.get(name) not in (None, "")]
    if len(found) != 1 or not isinstance(body[found[0]], str):
        raise _unread("invalid_body", "one text; found none, several, or something else")
    return f"{NAMES[found[0]]}{body[found[0]]}"


def _json(request: HttpRequest) -> Any:
    """Return what a body spells. Django reads none where the length is not told beforehand; the server does."""
    chunked = "chunked" in request.headers.get("Transfer-Encoding", "").lower()
    stream = request.META["wsgi.input"] if chunked and "wsgi.input" in request.META else request
    raw = b""
    try:
        while len(raw) <= _MOST and (part := stream.read(_MOST + 1 - len(raw))):
            raw += part
        if len(raw) > _MOST:
            raise Refusal(413, "too_large", f"The body may have {_MOST} bytes; found more. Send the identifier alone.")
        return json.loads(raw)
    except (OSError, ValueError, RecursionError) as error:
        raise Refusal(400, "invalid_json", f"The body was to be JSON; found something else. {_HOW}.") from error
