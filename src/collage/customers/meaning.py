"""What somebody means by what they typed: which identifier it is, where that can be told from its looks."""

from __future__ import annotations

import re
from typing import Final

from collage.customers.identifiers import normalised

__all__ = ["meant", "tail"]

_TAIL: Final = 6  # digits
_SCHEMES: Final = ("tel:", "sip:", "callto:")
_DIALLED: Final = re.compile(r"\+?[\d\s()/.\u2010-\u2015-]+\Z")
_NAMED: Final = re.compile(r"[a-z][a-z0-9_.-]*:\s*\S")
_MAIL: Final = re.compile(r"(mailto:)?[^\s@:]+@[^\s@]+\Z", re.IGNORECASE)


def meant(typed: str, *, region: str | None = None) -> str | None:
    """Return the identifier that a text is.

    Parameters
    ----------
    typed
        A phone number in any spelling, a mail address, or ``namespace:value``.
    region
        Where numbers without ``+`` or ``00`` are dialled from, as `normalised` takes it.

    Returns
    -------
    str or None
        In normal form. None: it is no phone number that is whole, and no other identifier.
    """
    text = typed.strip()
    if _MAIL.match(text):
        return normalised(f"email:{text}")
    for scheme in _SCHEMES:
        text = text.removeprefix(scheme)
    if _DIALLED.match(text) and tail(text):
        text = f"phone:{text}"
    if not _NAMED.match(text):
        return None
    found = normalised(text, region=region)
    return None if found.startswith("phone:") and not found.startswith("phone:+") else found


def tail(number: str) -> str | None:
    """Return the last six digits of a phone number: by them it is found whatever was dialled before them.

    Parameters
    ----------
    number
        In any spelling; an extension behind ``;`` is no part of it.

    Returns
    -------
    str or None
        None where there are fewer.
    """
    digits = "".join(filter(str.isdecimal, number.partition(";")[0]))
    return digits[-_TAIL:] if len(digits) >= _TAIL else None
