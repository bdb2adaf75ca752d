"""Keys of sources: where a request has one, how it is kept, how a new one looks."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Final

__all__ = ["PREFIX", "digest", "key_in", "key_of", "new_key"]

PREFIX: Final = "clg_live_"  # what scanners for leaked secrets look for
_RANDOM_BYTES: Final = 24
_LONGEST: Final = 200  # characters of anything that could be a key


def key_in(headers: Mapping[str, str], body_key: str | None, query_key: str | None) -> str | None:
    """Return the key that a request brings.

    Parameters
    ----------
    headers
        Its headers; of these ``Authorization``: HTTP Basic with the key as user and any password, or Bearer.
    body_key
        What the body says as `writeKey`; asked where the header has none.
    query_key
        What the address says as `writeKey`; asked last.

    Returns
    -------
    str or None
        None where there is no key, or nothing that could be one.
    """
    header = headers.get("Authorization") or headers.get("authorization") or ""
    for key in (_authorized(header), body_key, query_key):
        if key and (key := key.strip()) and len(key) <= _LONGEST and key.isprintable():
            return key
    return None


def key_of(body: Any) -> str | None:
    """Return the key within a body, for `key_in`.

    Parameters
    ----------
    body
        As `bodies.decoded` gives it.

    Returns
    -------
    str or None
        Its `writeKey`, None where there is none or it is no text.
    """
    key = body.get("writeKey") if isinstance(body, dict) else None
    return key if isinstance(key, str) else None


def _authorized(header: str) -> str | None:
    scheme, _, given = header.strip().partition(" ")
    if scheme.lower() == "bearer":
        return given
    if scheme.lower() != "basic":
        return None
    given = given.strip().rstrip("=")
    try:
        user = base64.b64decode(given + "=" * (-len(given) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    return user.partition(":")[0]


def digest(key: str) -> str:
    """Return what is kept of a key.

    Parameters
    ----------
    key
        A key.

    Returns
    -------
    str
        SHA-256 in hexadecimal. A key has 192 random bits, so it needs neither salt nor a slow hash.
    """
    return hashlib.sha256(key.encode()).hexdigest()


def new_key(chance: Callable[[int], bytes]) -> str:
    """Return a new key.

    Parameters
    ----------
    chance
        Gives so many random bytes, such as `secrets.token_bytes`.

    Returns
    -------
    str
        ``clg_live_`` and 48 hexadecimal digits.
    """
    return PREFIX + chance(_RANDOM_BYTES).hex()
