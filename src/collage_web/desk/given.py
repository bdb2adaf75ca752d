"""What a request says, as everything beyond may take it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["LONGEST", "text"]

LONGEST: Final = 200


def text(given: Mapping[str, Any], *names: str) -> str:
    """Return what stands under the first of some names: not too long, and without NUL, which no database takes.

    Parameters
    ----------
    given
        The query or the body.
    names
        Where it may stand; empty where it stands under none.
    """
    said = next((str(given[name]) for name in names if given.get(name)), "")
    return said.replace("\0", "").strip()[:LONGEST]
