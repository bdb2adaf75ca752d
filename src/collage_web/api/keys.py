"""Who asks: the key of a request, and whether it may ask so often."""

from __future__ import annotations

import threading
from time import monotonic
from typing import Final

from django.http import HttpRequest

from collage_web.api.answers import Refusal
from collage_web.records import gates
from collage_web.records.keys import PREFIX, digest
from collage_web.records.models import ReadKey

__all__ = ["MOST_PER_S", "forget", "key_of"]

MOST_PER_S: Final = 50  # of a key, and of a process of the server
_LONGEST: Final = 200  # characters of anything that could be a key
_LOCK: Final = threading.Lock()
_COUNTED: Final[dict[int, tuple[int, int]]] = {}  # key → second, requests in it


def key_of(request: HttpRequest) -> ReadKey:
    """Return the key that a request brings.

    Raises
    ------
    Refusal
        401 where it brings none that reads, 403 where it is one of a source, 429 where it comes too often.
    """
    scheme, _, given = request.headers.get("Authorization", "").strip().partition(" ")
    given = given.strip()
    if scheme.lower() != "bearer" or not given or len(given) > _LONGEST or not given.isprintable():
        raise _unknown("none")
    found = gates.read_key_of(digest(given))
    if found is None:
        if given.startswith(PREFIX) and gates.source_of_key(digest(given)) is not None:
            told = (
                "The request was to bring a key that reads; found one of a source, which may only add. Ask an "
                "administrator for a key that reads."
            )
            raise Refusal(403, "source_key", told)
        raise _unknown("one that nobody has, or no longer")
    _count(found.pk)
    return found


def _unknown(found: str) -> Refusal:
    told = f"The request was to bring a key that reads; found {found}. Send it as a Bearer token."
    return Refusal(401, "unknown_key", told, {"WWW-Authenticate": "Bearer"})


def _count(key: int) -> None:
    this = int(monotonic())
    with _LOCK:
        second, n = _COUNTED.get(key, (this, 0))
        n = n + 1 if second == this else 1
        _COUNTED[key] = this, n
    if n > MOST_PER_S:
        told = f"A key may ask {MOST_PER_S} times a second; found more. Ask again in 1 s."
        raise Refusal(429, "too_many_requests", told, {"Retry-After": "1"})


def forget() -> None:
    """Count anew."""
    with _LOCK:
        _COUNTED.clear()
