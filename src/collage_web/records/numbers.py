"""Numbers of rows, as addresses and forms say them."""

from __future__ import annotations

from typing import Final

__all__ = ["number_of"]

_LONGEST: Final = 18  # digits that the number of a row can have


def number_of(text: str) -> int:
    """Return the number that somebody wrote; 0, which no row has, where it is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _LONGEST else 0
