"""The colour of a department: one of eight that whoever sees few colours can still tell apart, the same everywhere."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Final

__all__ = ["COLOURS", "colour"]

COLOURS: Final = 8
_KEY: Final = b"1979"  # by which departments that many companies have fall upon eight different ones


@lru_cache(maxsize=1024)
def colour(department: str | None) -> str:
    """Return the class of a department's colour, ``dep-0`` to ``dep-7``; empty where there is no department.

    It follows from the name alone: two of a company's departments can share one, so the name stands beside it always.
    """
    if not department:
        return ""
    return f"dep-{hashlib.blake2b(department.encode(), digest_size=1, key=_KEY).digest()[0] % COLOURS}"
