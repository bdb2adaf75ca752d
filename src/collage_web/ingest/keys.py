"""Keys of sources: where a request has one."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final

__all__ = ["key_in", "key_of"]

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
