"""What one request brought, before any of it is stored: plain values that every room may hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

__all__ = ["CLOCKS", "Arrivals", "Arriving", "Fault"]

# How far the time of an arrival can be trusted:
# known    the sender said when it sent, so its clock was set right
# unknown  it did not say; the time is the sender's own
# ahead    the time lay in the future, so the time of arrival stands in for it
# absent   there was no time (or none that can be read), as above
CLOCKS: Final = ("known", "unknown", "ahead", "absent")


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an arrival goes to quarantine.

    `column` is the field as its sender named it (empty: the whole), `reason` what is wrong and was expected, `found`
    what stood there (empty: nothing), cut to a length that a person would still look at.
    """

    column: str
    reason: str
    found: str


@dataclass(frozen=True, slots=True)
class Arriving:
    """One instance as it was sent.

    `body` is one JSON text without NUL; only of an arrival that was too large it is the beginning of one. `occurred_at`
    has the sender's clock set right as far as `clock` says (one of `CLOCKS`). An arrival with a `fault` is kept beside
    the others and digested by nobody.
    """

    message_id: str
    type: str
    occurred_at: datetime
    sent_at: datetime | None
    clock: str
    body: str
    fault: Fault | None


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What one request brought: `taken`, good and faulty, in its order, and how many were `refused` unread."""

    taken: list[Arriving]
    refused: int = 0
