"""What machines send: checked, stored, and only then answered with 200."""

from __future__ import annotations

import base64
import binascii
import json
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import wraps
from typing import Any, Final

import structlog
from django.db import Error
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from collage_web.actions.receiving import Batch, Outcome, StorageError, receive
from collage_web.ingest import counters, keys, native, openapi, segment, sources
from collage_web.ingest.bodies import decoded, unpacked
from collage_web.ingest.refusals import Refused, TooLarge, TooOften, Unavailable, UnknownKey, WrongShape, strictly
from collage_web.records.arriving import Arrivals
from collage_web.records.keys import digest

__all__ = ["dropped", "openapi_document", "pixel", "segment_events", "settings_of", "source_config", "touchpoints"]

MOST_BODY: Final = 4 * 2**20  # bytes of a request, after unpacking
_MOST_EVENTS: Final = 2_500
_ALLOWED: Final = "authorization, content-type, content-encoding, x-retry-count, anonymousid"
_DONE: Final = b'{"success": true}'
_GIF: Final = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")

_TOLD_EVERY_S: Final = 10.0  # who cannot store answers many requests so
_TOLD: Final = {"at": -_TOLD_EVERY_S}

_View = Callable[..., HttpResponse]
_log = structlog.get_logger()


def _for_machines(*methods: str) -> Callable[[_View], _View]:
    """Let a view answer other origins, and turn refusals into their answers."""

    def around(view: _View) -> _View:
        @csrf_exempt
        @wraps(view)
        def answered(request: HttpRequest, *args: Any, **more: Any) -> HttpResponse:
            if request.method == "OPTIONS":
                return _open(request, HttpResponse(status=204), methods)
            if request.method not in methods:
                told = {"code": "method", "message": f"This address takes {' and '.join(methods)}."}
                return _open(request, JsonResponse(told, status=405, headers={"Allow": ", ".join(methods)}), methods)
            began = time.perf_counter()
            try:
                response = view(request, *args, **more)
            except Refused as refusal:
                response = JsonResponse(refusal.answer(), status=refusal.status, headers=refusal.headers())
            counters.answered(view.__name__, response.status_code, time.perf_counter() - began)
            return _open(request, response, methods)

        return answered

    return around


def _open(request: HttpRequest, response: HttpResponse, methods: tuple[str, ...]) -> HttpResponse:
    """Let scripts of other pages read the answer; which pages may send is asked of the source."""
    response["Content-Length"] = str(len(response.content))  # no middleware adds it, and chunks take longer
    response["X-Content-Type-Options"] = "nosniff"
    origin = request.headers.get("Origin")
    if origin:
        response["Access-Control-Allow-Origin"] = origin
        response["Access-Control-Expose-Headers"] = "Retry-After"  # else the library in a page cannot read it
        response["Vary"] = "Origin"
        if request.method == "OPTIONS":
            response["Access-Control-Allow-Methods"] = ", ".join(methods)
            response["Access-Control-Allow-Headers"] = _ALLOWED
            response["Access-Control-Max-Age"] = "86400"
    return response


@_for_machines("POST")
def segment_events(request: HttpRequest, route: str) -> HttpResponse:
    """Take one event or a batch, as Segment's libraries send them."""
    if route not in segment.ROUTES:
        raise WrongShape(f"sent to one of {', '.join(segment.ROUTES)}", "another address", "Correct the address")

    def parsed(body: Any, source: sources.Known, now: datetime) -> Arrivals:
        return segment.events(
            body, route=route, received_at=now, most_events=_MOST_EVENTS, most_bytes=source.most_bytes,
            new_id=_new_id, ip=request.META.get("REMOTE_ADDR"),
        )  # fmt: skip

    _take(request, parsed)
    return HttpResponse(_DONE, content_type="application/json")


@_for_machines("POST")
def touchpoints(request: HttpRequest) -> HttpResponse:
    """Take touchpoints by our contract; the same again changes nothing."""

    def parsed(body: Any, source: sources.Known, now: datetime) -> Arrivals:
        return native.touchpoints(
            body, received_at=now, most_events=_MOST_EVENTS, most_bytes=source.most_bytes, new_id=_new_id
        )

    outcome, refused = _take(request, parsed)
    told = {"accepted": outcome.accepted, "duplicate": outcome.duplicate, "quarantined": outcome.quarantined}
    return JsonResponse({"success": True, **told, "refused": refused})


_Parsed = Callable[[Any, sources.Known, datetime], Arrivals]


def _take(request: HttpRequest, parsed: _Parsed, body: Any = None) -> tuple[Outcome, int]:
    """Store what a request brought, and return what became of it and how many were refused.

    Where the key stands in a header, who may not send so often is refused before anything is unpacked. `body` is given
    where it does not come as one.
    """
    key, source = keys.key_in(request.headers, None, None), None
    try:
        if key is not None:
            source = _admitted(request, key)
        body = _body(request) if body is None else body
        if source is None:
            source = _admitted(request, keys.key_in({}, keys.key_of(body), request.GET.get("writeKey")))
        now = datetime.now(UTC)
        arrivals = parsed(body, source, now)
        if request.GET.get("strict") == "1":
            strictly(arrivals)
        refused = arrivals.refused + sources.taken_over(source.id)
        outcome = receive(Batch(source.id, now, arrivals.taken, refused))
    except StorageError as error:
        raise _unavailable(error) from error
    except Refused:
        if source is not None:
            sources.refused(source.id)
        raise
    counters.stored(source.name, outcome, refused)
    return outcome, arrivals.refused


def _admitted(request: HttpRequest, key: str | None) -> sources.Known:
    """Return the source of a key, when it may send just now."""
    known = _source(request, key)
    wait = known.bucket.take(1.0, time.monotonic())
    if wait:
        sources.refused(known.id)
        raise TooOften(wait)
    return known


def _body(request: HttpRequest) -> Any:
    """Return what a request's body spells; whatever its Content-Type says, libraries send JSON."""
    raw = _raw(request)
    return decoded(unpacked(raw, request.headers.get("Content-Encoding"), most=MOST_BODY))


def _raw(request: HttpRequest) -> bytes:
    """Return the bytes of a body. Django reads none where the length is not told beforehand; the server does."""
    chunked = "chunked" in request.headers.get("Transfer-Encoding", "").lower()
    stream = request.META["wsgi.input"] if chunked and "wsgi.input" in request.META else request
    parts, size = [], 0
    try:
        while part := stream.read(min(65_536, MOST_BODY + 1 - size)):
            parts.append(part)
            size += len(part)
            if size > MOST_BODY:
                raise TooLarge(MOST_BODY)
    except OSError as error:  # the client went away, or the server gave up on it
        raise WrongShape("whole", "one that broke off", "Send it again") from error
    return b"".join(parts)


def _source(request: HttpRequest, key: str | None) -> sources.Known:
    try:
        known = None if key is None else sources.of_key(digest(key))
    except Error as error:
        raise _unavailable(error) from error
    if known is None:
        counters.unknown_key()
        raise UnknownKey(given=key is not None)
    origin = request.headers.get("Origin")
    if origin and known.origins and origin.rstrip("/") not in known.origins:
        sources.refused(known.id)
        told = (
            "This source takes nothing from pages of this origin. Add the origin to the source, or send from its own."
        )
        raise Refused("origin", told, 403)
    return known


def _unavailable(error: Exception) -> Unavailable:
    """Count what has to come again, and say so in the log: now and then, by codes, since sentences may hold data."""
    counters.not_stored()
    now, last = time.monotonic(), error
    if now - _TOLD["at"] >= _TOLD_EVERY_S:
        _TOLD["at"] = now
        while last.__cause__ is not None:
            last = last.__cause__  # type: ignore[assignment]  # databases raise no other exceptions than Exceptions
        code = getattr(last, "sqlite_errorname", None) or getattr(last, "sqlstate", None)
        _log.error("nothing can be stored", kind=type(last).__name__, code=code)
    return Unavailable()


def _new_id() -> str:
    return f"collage-{uuid.uuid4().hex}"


@_for_machines("POST")
def dropped(request: HttpRequest) -> HttpResponse:  # noqa: ARG001  # Django's signature
    """Answer what a browser library measures about itself, which nobody needs."""
    return HttpResponse(_DONE, content_type="application/json")


@_for_machines("GET", "HEAD")
def settings_of(request: HttpRequest, key: str) -> HttpResponse:
    """Give the browser library of Segment what it asks for before it starts.

    Where it is not told otherwise it measures itself, and tells Segment: no visitor's browser is to call a third party.
    """
    secure, host = request.is_secure(), request.get_host()
    told = {"apiKey": key, "apiHost": f"{host}/v1", "protocol": "https" if secure else "http"}
    return JsonResponse({"integrations": {"Segment.io": told}, "metrics": {"sampleRate": 0, "host": told["apiHost"]}})


@_for_machines("GET", "HEAD")
def source_config(request: HttpRequest) -> HttpResponse:
    """Give the browser library of RudderStack what it asks for before it starts."""
    user = keys.key_in(request.headers, None, request.GET.get("writeKey")) or ""
    quiet = {"errors": {"enabled": False}, "metrics": {"enabled": False}}
    now = datetime.now(UTC).isoformat()
    source: Mapping[str, Any] = {
        "id": "collage", "name": "collage", "writeKey": user, "enabled": True, "workspaceId": "collage",
        "config": {"statsCollection": quiet}, "destinations": [], "connections": [], "dataplanes": {}, "updatedAt": now,
    }  # fmt: skip
    return JsonResponse({"source": source, "updatedAt": now})


@_for_machines("GET", "HEAD")
def pixel(request: HttpRequest, method: str) -> HttpResponse:
    """Take one event in the address of a picture, as letters do that are opened. The picture comes whatever happens."""
    try:
        given = request.GET.get("data", "")[: 64 * 1024]
        body = decoded(base64.b64decode(given + "=" * (-len(given) % 4), altchars=b"-_"))

        def parsed(body: Any, source: sources.Known, now: datetime) -> Arrivals:
            return segment.events(
                body, route=method, received_at=now, most_events=1, most_bytes=source.most_bytes, new_id=_new_id
            )

        if method in segment.TYPES:
            _take(request, parsed, body)
    except (Refused, binascii.Error, ValueError):
        counters.lost_pixel()
    return HttpResponse(_GIF, content_type="image/gif", headers={"Cache-Control": "no-store"})


@_for_machines("GET", "HEAD")
def openapi_document(request: HttpRequest) -> HttpResponse:  # noqa: ARG001  # as above
    """Give the description of what machines may send."""
    return HttpResponse(json.dumps(openapi.schema()), content_type="application/json")
