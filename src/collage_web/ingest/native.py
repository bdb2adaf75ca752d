"""Collage's own API: touchpoints by their contract, `collage.tables.CONTRACTS`.

Only what storing needs is looked at here. The digest asks the rest of the contract, as it does of files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from collage_web.ingest.aside import is_blank, no_object, shown, written
from collage_web.ingest.refusals import WrongShape
from collage_web.ingest.times import AHEAD, EXPECTED, moment
from collage_web.records.arriving import Arrivals, Arriving, Fault

__all__ = ["LONGEST_ID", "TYPE", "touchpoints"]

TYPE: Final = "touchpoint"
LONGEST_ID: Final = 200  # characters of a touchpoint_id
_NEEDED: Final = ("touchpoint_id", "identifier", "kind", "occurred_at")


def touchpoints(
    body: Any, *, received_at: datetime, most_events: int, most_bytes: int, new_id: Callable[[], str]
) -> Arrivals:
    """Return what a request brought.

    Parameters
    ----------
    body
        As `bodies.decoded` gives it: one touchpoint, a list of them, or an object with such a list in `touchpoints`.
    received_at
        When it arrived, in UTC.
    most_events
        Touchpoints of one request; what lies beyond is refused unread.
    most_bytes
        Bytes of one touchpoint.
    new_id
        Gives a message id to those that have none, who are all at fault.

    Returns
    -------
    Arrivals
        The message id of a sound one is its `touchpoint_id`.

    Raises
    ------
    WrongShape
        When it is none of the three.
    """
    these = _listed(body)
    taken = [_arriving(each, received_at, most_bytes, new_id) for each in these[:most_events]]
    return Arrivals(taken, len(these) - len(taken))


def _listed(body: Any) -> list[Any]:
    these = body.get("touchpoints", [body]) if isinstance(body, dict) else body
    if not isinstance(these, list):
        found = "no list in touchpoints" if isinstance(body, dict) else "neither an object nor a list"
        raise WrongShape(
            "one touchpoint, a list of them, or a list in touchpoints",
            found,
            'Send {"touchpoint_id": …, "identifier": …, "kind": …, "occurred_at": …}',
        )
    return these


def _arriving(each: Any, received_at: datetime, most_bytes: int, new_id: Callable[[], str]) -> Arriving:
    """Return one touchpoint, sound or with its first fault."""
    if not isinstance(each, dict):
        return no_object(each, received_at=received_at, most_bytes=most_bytes, new_id=new_id)
    each = {name: value for name, value in each.items() if name != "writeKey"}
    body, fault = written(each, most_bytes)
    fault = fault or _wrong(each)
    occurred_at, clock, untimely = _when(each, received_at)
    name = each.get("touchpoint_id")
    message_id = new_id() if is_blank(name) or len(name) > LONGEST_ID else name
    return Arriving(message_id, TYPE, occurred_at, None, clock, body, fault or untimely)


def _wrong(each: Mapping[str, Any]) -> Fault | None:
    for name in _NEEDED:
        if is_blank(each.get(name)):
            return Fault(name, "is missing, and must be a text", shown(each.get(name)))
    if len(each["touchpoint_id"]) > LONGEST_ID:
        return Fault("touchpoint_id", f"is longer than {LONGEST_ID} characters", shown(each["touchpoint_id"]))
    return None


def _when(each: Mapping[str, Any], received_at: datetime) -> tuple[datetime, str, Fault | None]:
    """Return when it happened, what that is worth, and a fault where it cannot be."""
    value = each.get("occurred_at")
    occurred_at = moment(value)
    if occurred_at is None:
        return received_at, "absent", Fault("occurred_at", EXPECTED, shown(value))
    if occurred_at > received_at + AHEAD:
        return received_at, "ahead", Fault("occurred_at", "lies more than 5 minutes after its arrival", shown(value))
    return occurred_at, "unknown", None
