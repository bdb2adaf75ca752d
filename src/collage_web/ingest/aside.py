"""What is set aside: how its text is kept and how what was found is shown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import msgspec

from collage_web.records.arriving import Arriving, Fault

__all__ = ["NO_TYPE", "is_blank", "no_object", "shown", "written"]

NO_TYPE: Final = "unknown"  # the type of an arrival that names none we know
_LONGEST: Final = 200  # characters that a person would still look at


def written(value: Any, most_bytes: int) -> tuple[str, Fault | None]:
    """Return a value as JSON, cut where it is too large.

    Parameters
    ----------
    value
        A value as `bodies.decoded` gives them.
    most_bytes
        Bytes that it may have in UTF-8.

    Returns
    -------
    tuple of str and Fault
        The text, and a fault where it was cut.
    """
    whole = msgspec.json.encode(value)
    if len(whole) <= most_bytes:
        return whole.decode(), None
    fault = Fault("", f"is larger than {most_bytes} bytes", f"{len(whole)} bytes")
    return whole[:most_bytes].decode("utf-8", "ignore"), fault


def shown(value: Any) -> str:
    """Return what was found as a short text; empty where it was null.

    Parameters
    ----------
    value
        A value as `bodies.decoded` gives them.

    Returns
    -------
    str
        At most 200 characters and an ellipsis.
    """
    text = "" if value is None else value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def is_blank(value: Any) -> bool:
    """Return whether a value is no text, or one of blanks alone.

    Parameters
    ----------
    value
        A value as `bodies.decoded` gives them.

    Returns
    -------
    bool
        True also for null.
    """
    return not isinstance(value, str) or not value.strip()


def no_object(value: Any, *, received_at: datetime, most_bytes: int, new_id: Callable[[], str]) -> Arriving:
    """Return the arrival of something that is no object.

    Parameters
    ----------
    value
        A value as `bodies.decoded` gives them.
    received_at
        When it arrived.
    most_bytes
        Bytes that are kept of it.
    new_id
        Gives a new message id.

    Returns
    -------
    Arriving
        With a fault.
    """
    body, _ = written(value, most_bytes)
    fault = Fault("", "is not an object", shown(value))
    return Arriving(new_id(), NO_TYPE, received_at, None, "absent", body, fault)
