"""Segment's HTTP tracking API: from a decoded body to arrivals, a bad one never in the way of its neighbours.

The clock of a sender may be wrong, but it is as wrong when it sends as when it notes the time of an event. So an event
happened at ``receivedAt − (sentAt − originalTimestamp)``, where nobody has said better.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from collage_web.ingest.aside import NO_TYPE, is_blank, no_object, shown, written
from collage_web.ingest.refusals import TooLarge, WrongShape
from collage_web.ingest.times import AHEAD, EARLIEST, EXPECTED, moment
from collage_web.records.arriving import Arrivals, Arriving, Fault

__all__ = ["BATCHES", "ROUTES", "TYPES", "events"]

TYPES: Final = ("identify", "track", "page", "screen", "group", "alias")
BATCHES: Final = ("batch", "import", "b")
# the last part of an address → the type of what is sent there; None: a batch, each with a type of its own
ROUTES: Final[Mapping[str, str | None]] = {
    **{type_: type_ for type_ in TYPES},
    **{type_[0]: type_ for type_ in TYPES},
    **dict.fromkeys(BATCHES),
}

_LONGEST_ID: Final = 100  # characters of a messageId
_MOST_SHARED: Final = 4 * 1024 * 1024  # bytes by which giving its context to each of a batch may make it grow
_IDS: Final = ("userId", "anonymousId", "previousId", "groupId")
_NO_ID: Final = "no_user_anon_id: neither userId nor anonymousId is known"


@dataclass(frozen=True, slots=True)
class _Around:
    """What holds for every event of a request."""

    received_at: datetime
    sent_at: datetime | None
    context: dict[str, Any]
    ip: str | None
    most_bytes: int
    new_id: Callable[[], str]


def events(
    body: Any,
    *,
    route: str,
    received_at: datetime,
    most_events: int,
    most_bytes: int,
    new_id: Callable[[], str],
    ip: str | None = None,
) -> Arrivals:
    """Return what a request brought.

    Parameters
    ----------
    body
        As `bodies.decoded` gives it; it stays as it is.
    route
        One of `ROUTES`: a batch, a type, or the first letter of one.
    received_at
        When it arrived, in UTC.
    most_events
        Events of a batch; what lies beyond is refused unread.
    most_bytes
        Bytes of one event, the batch's context in it.
    new_id
        Gives a message id to those that have none, or one of more than 100 characters.
    ip
        The address from which it came; it becomes ``context.ip`` where ``context.direct`` asks for that.

    Returns
    -------
    Arrivals
        Ids that were numbers are texts, ``writeKey`` is taken out; other fields are as they were.

    Raises
    ------
    WrongShape
        When a batch is no list of events.
    TooLarge
        When the context of a batch would swell it beyond reason.
    KeyError
        When there is no such route.
    """
    type_ = ROUTES[route]
    these, context, sent_at = _opened(body, most_events) if type_ is None else ([body], {}, None)
    around = _Around(received_at, sent_at, context, ip, most_bytes, new_id)
    taken = [_arriving(event, type_, around) for event in these[:most_events]]
    return Arrivals(taken, len(these) - len(taken))


def _opened(body: Any, most_events: int) -> tuple[list[Any], dict[str, Any], datetime | None]:
    """Return the events of a batch, the context they share and when it was sent (None: not said, or not readably)."""
    whole = {"batch": body} if isinstance(body, list) else body
    these = whole.get("batch") if isinstance(whole, dict) else None
    if not isinstance(these, list):
        found = "no list in batch" if isinstance(whole, dict) else "no object"
        raise WrongShape('a batch, {"batch": [event, …]}', found, "Send single events to /v1/track and its like")
    context = whole.get("context")
    if not isinstance(context, dict) or not context:
        return these, {}, moment(whole.get("sentAt"))
    if len(msgspec.json.encode(context)) * min(len(these), most_events) > _MOST_SHARED:
        raise TooLarge(_MOST_SHARED, "more once each event has the context of its batch")
    return these, context, moment(whole.get("sentAt"))


def _arriving(event: Any, type_: str | None, around: _Around) -> Arriving:
    """Return one event, sound or with its first fault."""
    if not isinstance(event, dict):
        return no_object(event, received_at=around.received_at, most_bytes=around.most_bytes, new_id=around.new_id)
    event = _completed(event, type_, around)
    kind = type_ or event.get("type")
    known = kind in TYPES
    body, fault = written(event, around.most_bytes)
    occurred_at, sent_at, clock, unreadable = _when(event, around)
    if fault is None:
        fault = _wrong(event, kind) if known else Fault("type", f"is none of {', '.join(TYPES)}", shown(kind))
    name = event.get("messageId")
    message_id = around.new_id() if is_blank(name) or len(name) > _LONGEST_ID else name
    return Arriving(message_id, kind if known else NO_TYPE, occurred_at, sent_at, clock, body, fault or unreadable)


def _completed(event: dict[str, Any], type_: str | None, around: _Around) -> dict[str, Any]:
    """Return an event with all that it shares with its batch, and without the key."""
    whole = dict(event)
    whole.pop("writeKey", None)
    for name in ("messageId", *_IDS):
        value = whole.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            whole[name] = _digits(value)
    if type_ is not None and whole.get("type") is None:
        whole["type"] = type_
    context = whole.get("context")
    if around.context and (context is None or isinstance(context, dict)):
        whole["context"] = context = {**around.context, **(context or {})}
    if around.ip is not None and isinstance(context, dict) and context.get("direct") is True:
        whole["context"] = {**context, "ip": around.ip}
    return whole


def _digits(number: float) -> str:
    """Return a number as the id it is: 4711 for 4711.0."""
    return str(int(number)) if isinstance(number, float) and number.is_integer() else str(number)


def _wrong(event: Mapping[str, Any], type_: str) -> Fault | None:
    """Return the first fault of an event of a known type; its times are another matter."""
    for name in _IDS:
        value = event.get(name)
        if value is not None and not isinstance(value, str):
            return Fault(name, "is neither a text nor a number", shown(value))
    if is_blank(event.get("userId")) and is_blank(event.get("anonymousId")):
        return Fault("userId", _NO_ID, shown(event.get("userId")))
    needed = {"track": ("event",), "group": ("groupId",), "alias": ("previousId", "userId")}.get(type_, ())
    for name in needed:
        if is_blank(event.get(name)):
            return Fault(name, f"is missing, and {type_} needs it as a text", shown(event.get(name)))
    return None


def _when(event: Mapping[str, Any], around: _Around) -> tuple[datetime, datetime | None, str, Fault | None]:
    """Return when an event happened, when it was sent, what that is worth, and a fault where a time is unreadable."""
    now, sent_at, fault = around.received_at, around.sent_at, None
    if (own := event.get("sentAt")) is not None:
        sent_at = moment(own)
        fault = Fault("sentAt", EXPECTED, shown(own)) if sent_at is None else None
    # Whoever sends both (RudderStack's libraries where an application says the time itself; events that somebody has
    # set right already) means `timestamp`, as it is: https://github.com/rudderlabs/rudder-server, processor
    both = event.get("timestamp") is not None and event.get("originalTimestamp") is not None
    name = "timestamp" if event.get("timestamp") is not None else "originalTimestamp"
    if (value := event.get(name)) is None:
        return now, sent_at, "absent", fault
    said, reference = moment(value), None if both else sent_at
    lapse = None if said is None else said - (reference or now)
    if lapse is None or lapse < EARLIEST - now:
        return now, sent_at, "absent", Fault(name, EXPECTED, shown(value))
    if lapse > AHEAD:
        return now, sent_at, "ahead", fault
    return now + lapse, sent_at, "unknown" if reference is None else "known", fault
