"""Keys, of sources and of those who read: how a new one looks, and what is kept of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

__all__ = ["PREFIX", "READ_PREFIX", "digest", "new_key", "new_read_key"]

PREFIX: Final = "clg_live_"  # what scanners for leaked secrets look for
READ_PREFIX: Final = "clr_live_"  # of keys that read: unlike those of sources they are secret
_RANDOM_BYTES: Final = 24


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


def new_read_key(chance: Callable[[int], bytes]) -> str:
    """Return a new key that reads.

    Parameters
    ----------
    chance
        As `new_key` takes it.

    Returns
    -------
    str
        ``clr_live_`` and 48 hexadecimal digits.
    """
    return READ_PREFIX + chance(_RANDOM_BYTES).hex()
