"""Events as Segment's libraries send them become arrivals."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from collage_web.ingest.bodies import decoded
from collage_web.ingest.refusals import Refused, TooLarge, WrongShape
from collage_web.ingest.segment import BATCHES, ROUTES, TYPES, events
from collage_web.records.arriving import CLOCKS, Arrivals, Arriving, Fault
from tests.web.ingest.sent import BODIES, MANY, RECEIVED, in_json, numbered, strictly_read, tried

TRACK: dict[str, Any] = {"type": "track", "event": "Order Completed", "userId": "4711", "messageId": "m-1"}


def taken(
    body: Any, route: str = "batch", *, most_events: int = 100, most_bytes: int = 32_768, ip: str | None = None
) -> Arrivals:
    return events(
        body,
        route=route,
        received_at=RECEIVED,
        most_events=most_events,
        most_bytes=most_bytes,
        new_id=numbered(),
        ip=ip,
    )


def one(event: Any, *, most_bytes: int = 32_768, ip: str | None = None, **around: Any) -> Arriving:
    """Return the only arrival of a batch of one event."""
    (arrival,) = taken({"batch": [event], **around}, most_bytes=most_bytes, ip=ip).taken
    return arrival


def fault(event: Any, **around: Any) -> Fault:
    found = one(event, **around).fault
    assert found is not None
    return found


def ago(**lapse: float) -> str:
    return (RECEIVED - timedelta(**lapse)).isoformat()


# ---- what is sent where


@pytest.mark.parametrize("route", [*TYPES, *(type_[0] for type_ in TYPES)])
def test_a_single_event_has_the_type_of_its_address(route: str) -> None:
    event = {"userId": 1, "event": "e", "groupId": "g", "previousId": "p", "messageId": "m"}
    (arrival,) = taken(event, route).taken
    assert (arrival.type[0], arrival.fault, arrival.message_id) == (route[0], None, "m")
    assert json.loads(arrival.body)["type"] == arrival.type


def test_the_address_wins_over_the_type_in_the_event() -> None:
    (arrival,) = taken({**TRACK, "type": "page"}, "t").taken
    assert (arrival.type, arrival.fault, json.loads(arrival.body)["type"]) == ("track", None, "page")


@pytest.mark.parametrize("route", BATCHES)
def test_a_batch_has_events_of_all_types_in_their_order(route: str) -> None:
    batch = [{"type": type_, "userId": "u", "event": "e", "groupId": "g", "previousId": "p"} for type_ in TYPES]
    arrivals = taken({"batch": batch}, route)
    assert [each.type for each in arrivals.taken] == list(TYPES)
    assert [each.message_id for each in arrivals.taken] == [f"new-{n}" for n in range(1, 7)]
    assert [each.fault for each in arrivals.taken] == [None] * 6


def test_a_bare_list_is_a_batch() -> None:
    assert taken([TRACK]).taken == taken({"batch": [TRACK]}).taken


@pytest.mark.parametrize("body", [None, 1, "batch", {}, TRACK, {"batch": None}, {"batch": {}}])
def test_a_batch_that_is_none_is_refused(body: Any) -> None:
    with pytest.raises(WrongShape) as caught:
        taken(body)
    assert (caught.value.status, caught.value.code) == (400, "invalid_body")


def test_there_is_no_other_address() -> None:
    assert "m" not in ROUTES
    with pytest.raises(KeyError):
        taken(TRACK, "m")


# ---- what is kept


def test_an_event_is_kept_as_it_was_sent_without_its_key() -> None:
    event = {**TRACK, "timestamp": "2015-2-02T00:30:12.984Z", "integrations": {"All": True}, "x": [1.5, None, "ü"]}
    assert json.loads(one({**event, "writeKey": "abc"}).body) == event
    assert taken({**event, "writeKey": "abc"}, "t").taken[0].body == one(event).body


def test_what_was_handed_in_stays_as_it_was() -> None:
    body = {"batch": [{**TRACK, "userId": 7, "writeKey": "k", "context": {"direct": True}}], "context": {"a": 1}}
    before = deepcopy(body)
    taken(body, ip="192.0.2.7")
    assert body == before


def test_an_event_has_the_context_of_its_batch_and_its_own_wins_key_by_key() -> None:
    shared = {"ip": "192.0.2.1", "locale": "de-DE", "app": {"name": "shop", "build": 1}}
    own = {"locale": "en-GB", "app": {"name": "till"}, "ip": None}
    assert json.loads(one({**TRACK, "context": own}, context=shared).body)["context"] == own
    assert json.loads(one(TRACK, context=shared).body)["context"] == shared
    assert json.loads(one({**TRACK, "context": None}, context=shared).body)["context"] == shared
    assert json.loads(one({**TRACK, "context": {"a": 1}}, context=shared).body)["context"] == {**shared, "a": 1}


@pytest.mark.parametrize(("own", "shared"), [("text", {"a": 1}), ({"a": 1}, "text"), ({"a": 1}, None), (None, {})])
def test_a_context_that_is_no_object_stays_out_of_the_way(own: Any, shared: Any) -> None:
    assert json.loads(one({**TRACK, "context": own}, context=shared).body)["context"] == own


def test_the_address_comes_from_the_connection_where_the_event_asks_for_that() -> None:
    def ip(event: Any, **around: Any) -> Any:
        return json.loads(one(event, ip="192.0.2.7", **around).body).get("context", {}).get("ip")

    assert ip({**TRACK, "context": {"direct": True}}) == "192.0.2.7"
    assert ip({**TRACK, "context": {"direct": True, "ip": "203.0.113.9"}}) == "192.0.2.7"
    assert ip(TRACK, context={"direct": True}) == "192.0.2.7"
    assert ip({**TRACK, "context": {"direct": False}}, context={"direct": True}) is None
    assert ip({**TRACK, "context": {"direct": "yes", "ip": "203.0.113.9"}}) == "203.0.113.9"
    assert ip(TRACK) is None


def test_a_small_batch_cannot_swell_by_its_context() -> None:
    context = {"x": "y" * 10_000}
    assert len(taken({"batch": [TRACK] * 400, "context": context}, most_events=400).taken) == 400
    assert len(taken({"batch": [TRACK] * 500, "context": context}, most_events=400).taken) == 400
    with pytest.raises(TooLarge):
        taken({"batch": [TRACK] * 500, "context": context}, most_events=500)


@pytest.mark.parametrize(
    ("number", "text"),
    [(4711, "4711"), (4711.0, "4711"), (-1, "-1"), (0, "0"), (1.5, "1.5"), (2**70, str(2**70))],
)
def test_an_id_may_be_a_number(number: float, text: str) -> None:
    event = {"type": "alias", "userId": number, "previousId": number, "anonymousId": number, "messageId": number}
    arrival = one(event)
    assert (arrival.fault, arrival.message_id) == (None, text)
    assert json.loads(arrival.body) == {"type": "alias", **dict.fromkeys(list(event)[1:], text)}


@pytest.mark.parametrize("message_id", [None, "", "  ", "x" * 101, {}, ["m"], True])
def test_a_message_without_a_usable_id_is_given_one(message_id: Any) -> None:
    assert one({**TRACK, "messageId": message_id}).message_id == "new-1"


def test_a_message_id_of_a_hundred_characters_is_kept() -> None:
    assert one({**TRACK, "messageId": "ü" * 100}).message_id == "ü" * 100


# ---- when it was


def test_a_wrong_clock_is_set_right() -> None:
    # the client's clock is three hours and a bit ahead; the event lay ten minutes in its queue
    arrival = one({**TRACK, "timestamp": "2026-11-01T15:07:00Z"}, sentAt="2026-11-01T15:17:00.500Z")
    assert arrival.occurred_at == RECEIVED - timedelta(minutes=10, seconds=0.5)
    assert arrival.sent_at == datetime(2026, 11, 1, 15, 17, 0, 500_000, tzinfo=UTC)
    assert (arrival.clock, arrival.fault) == ("known", None)


def test_the_original_time_is_set_right_by_the_own_moment_of_sending_before_the_batchs() -> None:
    event = {**TRACK, "originalTimestamp": ago(minutes=9), "sentAt": ago(minutes=2)}
    assert one(event, sentAt=ago(hours=5)).occurred_at == RECEIVED - timedelta(minutes=7)


def test_a_time_beside_the_original_one_was_told_outright_and_stands() -> None:
    # as RudderStack's library for Node sends what an application brings from its history
    event = {**TRACK, "originalTimestamp": ago(minutes=9), "timestamp": ago(days=400), "sentAt": ago(minutes=2)}
    arrival = one(event, sentAt=ago(hours=5))
    assert (arrival.occurred_at, arrival.clock) == (RECEIVED - timedelta(days=400), "unknown")


def test_without_a_moment_of_sending_the_time_is_kept_as_it_is() -> None:
    arrival = one({**TRACK, "timestamp": ago(days=400)})
    assert (arrival.occurred_at, arrival.clock) == (RECEIVED - timedelta(days=400), "unknown")
    arrival = one({**TRACK, "originalTimestamp": ago(days=2), "timestamp": ago(days=1), "sentAt": None})
    assert arrival.occurred_at == RECEIVED - timedelta(days=1)
    assert one({**TRACK, "originalTimestamp": ago(days=2)}).occurred_at == RECEIVED - timedelta(days=2)


def test_without_any_time_the_moment_of_arrival_stands_in() -> None:
    arrival = one(TRACK, sentAt=ago(minutes=3))
    assert (arrival.occurred_at, arrival.clock, arrival.fault) == (RECEIVED, "absent", None)
    assert arrival.sent_at == RECEIVED - timedelta(minutes=3)


@pytest.mark.parametrize("sent_at", [None, RECEIVED.isoformat()])
def test_a_time_in_the_future_becomes_the_moment_of_arrival(sent_at: str | None) -> None:
    five = one({**TRACK, "timestamp": ago(minutes=-5)}, sentAt=sent_at)
    assert five.occurred_at == RECEIVED + timedelta(minutes=5)
    assert five.clock in {"known", "unknown"}
    later = one({**TRACK, "timestamp": ago(minutes=-5, microseconds=-1)}, sentAt=sent_at)
    assert (later.occurred_at, later.clock, later.fault) == (RECEIVED, "ahead", None)


@given(
    said=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001  # Hypothesis takes them without a zone
    queued=st.timedeltas(timedelta(0), timedelta(days=400)),
    wrong=st.timedeltas(timedelta(days=-20_000), timedelta(days=20_000)),
)
@MANY
def test_however_wrong_the_clock_the_event_is_as_old_as_it_was_when_sent(
    said: datetime, queued: timedelta, wrong: timedelta
) -> None:
    said = said.replace(tzinfo=UTC)
    right = one({**TRACK, "timestamp": said.isoformat()}, sentAt=(said + queued).isoformat())
    assert (right.occurred_at, right.clock) == (RECEIVED - queued, "known")
    moved = one({**TRACK, "timestamp": (said + wrong).isoformat()}, sentAt=(said + queued + wrong).isoformat())
    assert (moved.occurred_at, moved.clock) == (right.occurred_at, right.clock)


@pytest.mark.parametrize("name", ["timestamp", "originalTimestamp", "sentAt"])
@pytest.mark.parametrize("value", ["soon", "", True, [], {}, "2015-02-30T00:00:00Z", "0001-01-01T00:00:00Z", 1e300])
def test_a_time_that_cannot_be_read_is_a_fault(name: str, value: Any) -> None:
    arrival = one({**TRACK, name: value})
    assert arrival.fault is not None
    assert (arrival.fault.column, arrival.occurred_at, arrival.clock) == (name, RECEIVED, "absent")


def test_an_unreadable_moment_of_sending_of_the_batch_harms_none_of_its_events() -> None:
    arrival = one({**TRACK, "timestamp": ago(hours=1)}, sentAt="soon")
    assert (arrival.occurred_at, arrival.clock, arrival.fault) == (RECEIVED - timedelta(hours=1), "unknown", None)


def test_a_time_that_would_be_set_to_before_1900_is_a_fault() -> None:
    found = fault({**TRACK, "timestamp": "1901-01-01T00:00:00Z", "sentAt": "2199-01-01T00:00:00Z"})
    assert found.column == "timestamp"


# ---- what has a fault


@pytest.mark.parametrize(
    ("event", "column", "reason"),
    [
        ({**TRACK, "userId": None}, "userId", "no_user_anon_id"),
        ({**TRACK, "userId": " ", "anonymousId": ""}, "userId", "no_user_anon_id"),
        ({"type": "identify"}, "userId", "no_user_anon_id"),
        ({**TRACK, "userId": {}}, "userId", "is neither a text nor a number"),
        ({**TRACK, "anonymousId": True}, "anonymousId", "is neither a text nor a number"),
        ({**TRACK, "event": None}, "event", "is missing, and track needs it"),
        ({**TRACK, "event": 7}, "event", "is missing, and track needs it"),
        ({**TRACK, "type": "group"}, "groupId", "is missing, and group needs it"),
        ({**TRACK, "type": "alias"}, "previousId", "is missing, and alias needs it"),
        ({"type": "alias", "previousId": "p", "anonymousId": "a"}, "userId", "is missing, and alias needs it"),
        ({**TRACK, "type": "Track"}, "type", "is none of identify, track"),
        ({**TRACK, "type": None}, "type", "is none of identify, track"),
        ({**TRACK, "type": ["track"]}, "type", "is none of identify, track"),
        ({**TRACK, "x": "y" * 32_768}, "", "is larger than 32768 bytes"),
        (None, "", "is not an object"),
        ([TRACK], "", "is not an object"),
        ("track", "", "is not an object"),
    ],
)
def test_a_bad_event_is_set_aside_with_its_reason(event: Any, column: str, reason: str) -> None:
    found = fault(event)
    assert found.column == column
    assert found.reason.startswith(reason)


@pytest.mark.parametrize("ids", [{"userId": "u", "anonymousId": None}, {"userId": None, "anonymousId": "a"}])
def test_one_id_is_enough_and_the_other_may_be_null(ids: dict[str, Any]) -> None:
    assert one({**TRACK, **ids, "groupId": None, "previousId": None}).fault is None


def test_a_bad_event_harms_none_of_its_neighbours() -> None:
    good = {**TRACK, "timestamp": ago(minutes=1)}
    bad: list[Any] = [None, {"type": "track"}, {**TRACK, "x": "y" * 40_000}, {**TRACK, "timestamp": "soon"}, 1, [[]]]
    arrivals = taken({"batch": [each for one_bad in bad for each in (good, one_bad)]}).taken
    assert [each.fault is None for each in arrivals] == [True, False] * len(bad)
    assert {each.body for each in arrivals[::2]} == {one(good).body}


def test_an_event_that_is_too_large_is_cut_between_characters() -> None:
    arrival = one({**TRACK, "x": "ü" * 1000}, most_bytes=1001)
    assert 999 <= len(arrival.body.encode()) <= 1001
    assert arrival.body.endswith("ü")
    assert (arrival.type, arrival.message_id) == ("track", "m-1")
    sound = one(TRACK)
    assert one(TRACK, most_bytes=len(sound.body)) == sound
    assert fault(TRACK, most_bytes=len(sound.body) - 1).found == f"{len(sound.body)} bytes"


def test_what_was_found_is_cut_to_what_a_person_looks_at() -> None:
    assert fault({**TRACK, "timestamp": "x" * 5000}).found == "x" * 200 + "…"
    assert fault({**TRACK, "timestamp": {"a": [1]}}).found == '{"a":[1]}'
    assert fault({**TRACK, "userId": None}).found == ""


def test_what_lies_beyond_the_number_is_counted_as_refused() -> None:
    arrivals = taken({"batch": [TRACK, None, TRACK, TRACK]}, most_events=3)
    assert (len(arrivals.taken), arrivals.refused) == (3, 1)


# ---- laws


@given(
    body=BODIES, route=st.sampled_from(sorted(ROUTES)), most_events=st.integers(0, 5), most_bytes=st.integers(1, 400)
)
@example(body={"batch": [{"userId": "\0\ud800", "\0": float("nan")}]}, route="b", most_events=1, most_bytes=400)
@MANY
def test_any_json_gives_arrivals_or_is_refused(body: Any, route: str, most_events: int, most_bytes: int) -> None:
    value = decoded(in_json(body))
    arrivals = tried(lambda: taken(value, route, most_events=most_events, most_bytes=most_bytes, ip="192.0.2.7"))
    if isinstance(arrivals, Refused):
        assert (arrivals.status, ROUTES[route]) == (400, None)
        return
    n = 1 if ROUTES[route] else len(value if isinstance(value, list) else value["batch"])
    assert len(arrivals.taken) + arrivals.refused == n
    assert len(arrivals.taken) == min(n, most_events)
    for each in arrivals.taken:
        stored_as_it_should(each, most_bytes)


def stored_as_it_should(each: Arriving, most_bytes: int) -> None:
    """Assert what holds for every arrival, whatever was sent."""
    assert 0 < len(each.message_id) <= 100
    assert each.type in TYPES or each.fault is not None
    assert each.clock in CLOCKS
    assert each.occurred_at <= RECEIVED + timedelta(minutes=5)
    assert "\0" not in each.body
    assert len(each.body.encode()) <= most_bytes
    if each.fault is None:
        body = strictly_read(each.body)
        assert isinstance(body, dict)
        assert "writeKey" not in body
        assert body.get("userId") or body.get("anonymousId")
    else:
        strictly_read(json.dumps([each.fault.column, each.fault.reason, each.fault.found, each.message_id]))
        assert len(each.fault.found) <= 201
