"""Touchpoints sent by our own contract."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collage_web.ingest.bodies import decoded
from collage_web.ingest.native import touchpoints
from collage_web.ingest.refusals import Refused, WrongShape
from collage_web.records.arriving import Arrivals, Arriving, Fault
from tests.web.ingest.sent import BODIES, MANY, RECEIVED, VALUES, in_json, numbered, strictly_read, tried

SOUND: dict[str, Any] = {
    "touchpoint_id": "shop:1",
    "identifier": "user:4711",
    "kind": "order.placed",
    "occurred_at": "2026-11-01T11:00:00Z",
}


def taken(body: Any, *, most_events: int = 100, most_bytes: int = 4000) -> Arrivals:
    return touchpoints(body, received_at=RECEIVED, most_events=most_events, most_bytes=most_bytes, new_id=numbered())


def fault(touchpoint: Any, *, most_bytes: int = 4000) -> Fault:
    (arrival,) = taken([touchpoint], most_bytes=most_bytes).taken
    assert arrival.fault is not None
    return arrival.fault


@pytest.mark.parametrize("body", [SOUND, [SOUND], {"touchpoints": [SOUND]}])
def test_one_a_list_and_an_object_with_a_list_are_taken(body: Any) -> None:
    (arrival,) = taken(body).taken
    assert json.loads(arrival.body) == SOUND
    occurred_at = RECEIVED.replace(hour=11, microsecond=0)
    assert arrival == Arriving("shop:1", "touchpoint", occurred_at, None, "unknown", arrival.body, None)


@pytest.mark.parametrize("body", [None, 1, "x", {"touchpoints": None}, {"touchpoints": SOUND}])
def test_another_shape_is_refused(body: Any) -> None:
    with pytest.raises(WrongShape):
        taken(body)


def test_the_key_is_not_kept() -> None:
    assert taken({**SOUND, "writeKey": "abc"}) == taken(SOUND)


@pytest.mark.parametrize("name", list(SOUND))
@pytest.mark.parametrize("value", [None, "", " ", 7, True, [], {}])
def test_what_storing_needs_must_be_a_text(name: str, value: Any) -> None:
    found = fault({**SOUND, name: value})
    assert (found.column, found.reason) == (name, "is missing, and must be a text")


@pytest.mark.parametrize(
    ("change", "column", "reason"),
    [
        ({"occurred_at": "soon"}, "occurred_at", "is not a time"),
        ({"occurred_at": "0001-01-01T00:00:00Z"}, "occurred_at", "is not a time"),
        ({"occurred_at": (RECEIVED + timedelta(minutes=5, microseconds=1)).isoformat()}, "occurred_at", "lies more"),
        ({"touchpoint_id": "s:" + "x" * 199}, "touchpoint_id", "is longer than 200 characters"),
        ({"text": "x" * 4000}, "", "is larger than 4000 bytes"),
    ],
)
def test_what_cannot_be_is_set_aside(change: dict[str, Any], column: str, reason: str) -> None:
    found = fault({**SOUND, **change})
    assert found.column == column
    assert found.reason.startswith(reason)


def test_five_minutes_ahead_are_a_clock_not_a_fault() -> None:
    (arrival,) = taken({**SOUND, "occurred_at": (RECEIVED + timedelta(minutes=5)).isoformat()}).taken
    assert (arrival.fault, arrival.occurred_at) == (None, RECEIVED + timedelta(minutes=5))


def test_a_bad_touchpoint_harms_none_of_its_neighbours() -> None:
    arrivals = taken([SOUND, 7, SOUND, {}, SOUND])
    assert [each.fault is None for each in arrivals.taken] == [True, False, True, False, True]
    assert [each.message_id for each in arrivals.taken] == ["shop:1", "new-1", "shop:1", "new-2", "shop:1"]


@given(
    body=BODIES
    | st.lists(st.fixed_dictionaries({}, optional={name: VALUES | st.just(SOUND[name]) for name in SOUND}), max_size=5),
    most_events=st.integers(0, 5),
    most_bytes=st.integers(1, 400),
)
@MANY
def test_any_json_gives_arrivals_or_is_refused(body: Any, most_events: int, most_bytes: int) -> None:
    value = decoded(in_json(body))
    arrivals = tried(lambda: taken(value, most_events=most_events, most_bytes=most_bytes))
    if isinstance(arrivals, Refused):
        assert arrivals.status == 400
        return
    listed = value.get("touchpoints", [value]) if isinstance(value, dict) else value
    assert len(arrivals.taken) + arrivals.refused == len(listed)
    for each in arrivals.taken:
        assert len(each.body.encode()) <= most_bytes
        assert 0 < len(each.message_id) <= 200
        assert each.occurred_at <= RECEIVED + timedelta(minutes=5)
        if each.fault is None:
            assert isinstance(strictly_read(each.body), dict)
