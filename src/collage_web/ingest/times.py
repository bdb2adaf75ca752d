"""The times that clients write, tolerantly read."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

__all__ = ["AHEAD", "EARLIEST", "EXPECTED", "LATEST", "moment"]

AHEAD: Final = timedelta(minutes=5)  # a time later than this after its arrival is a wrong clock
# Times outside are slips (year 0001, 9999); the contracts of the tables say the same.
EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)
EXPECTED: Final = "is not a time between the years 1900 and 2200 (ISO 8601, or seconds or milliseconds since 1970)"

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_MICRO, _LAST_MICRO = ((edge - _EPOCH) // timedelta(microseconds=1) for edge in (EARLIEST, LATEST))
_MOST_SECONDS: Final = 100_000_000_000  # below this a number counts seconds (to the year 5138), else milliseconds
_LONGEST: Final = 64  # characters
_LEAP_S: Final = 60
_LOOSE: Final = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?(?: ?(?:(Z)|([+-])(\d{2})(?::?(\d{2}))?))?)?",
    re.ASCII | re.IGNORECASE,
)


def moment(value: Any) -> datetime | None:
    """Return the moment that a value of JSON says.

    Parameters
    ----------
    value
        ISO 8601 as text (no offset: UTC; month, day and hour may have one digit; of fractions of a second six digits
        count), or seconds or milliseconds since 1970 as a number.

    Returns
    -------
    datetime or None
        In UTC; None where it says none, or one outside the years 1900 to 2199.
    """
    if isinstance(value, str):
        return _from_text(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _from_number(value)
    return None


def _from_number(number: float) -> datetime | None:
    unit = 1_000_000 if abs(number) < _MOST_SECONDS else 1_000
    micros = number * unit
    return _EPOCH + timedelta(microseconds=round(micros)) if _FIRST_MICRO <= micros < _LAST_MICRO else None


def _from_text(text: str) -> datetime | None:
    try:
        # Python reads more than clients write: week dates, and days without hyphens
        when = datetime.fromisoformat(text) if text[4:5] == "-" == text[7:8] else _loosely(text)
    except ValueError:
        when = _loosely(text)
    if when is None:
        return None
    when = when.replace(tzinfo=UTC) if when.tzinfo is None else when
    return when.astimezone(UTC) if EARLIEST <= when < LATEST else None


def _loosely(text: str) -> datetime | None:
    """Return what Python's own reader refuses: unpadded parts, z, a blank before the offset, a leap second."""
    found = _LOOSE.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    fraction, _, sign, hours, minutes = found.groups()[6:]
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    leap = second == _LEAP_S
    try:
        zone = timezone(-offset if sign == "-" else offset)
        micros = int((fraction or "0").ljust(6, "0")[:6])
        return datetime(year, month, day, hour, minute, second - leap, micros, zone) + timedelta(seconds=leap)
    except (ValueError, OverflowError):
        return None
