"""What the tests of this room send: any JSON, events good and bad, and what PostgreSQL would refuse."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from typing import Any, NoReturn, TypeVar

from hypothesis import settings
from hypothesis import strategies as st

from collage_web.ingest.refusals import Refused

T = TypeVar("T")

# a case here is one small body, not a table of a thousand customers: so ten times as many as elsewhere
MANY = settings(max_examples=10 * settings().max_examples)
RECEIVED = datetime(2026, 11, 1, 12, 0, 0, 250_000, tzinfo=UTC)

# every character: surrogates, which JSON can only escape, and NUL among them
TEXTS = st.text(st.characters(exclude_categories=()), max_size=12)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.sampled_from([10**400, -(10**308)])
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=12
)
TIMES = st.sampled_from(
    [
        None,
        "",
        "soon",
        "2026-11-01T11:59:00Z",
        "2015-2-02T00:30:12.984Z",
        "9999-12-31T23:59:60-15:00",
        "0001-01-01T00:00:00+15:00",
        1_793_534_340,
        1_793_534_340_000.5,
        1e308,
    ]
)
EVENTS = st.dictionaries(
    st.sampled_from(
        ["type", "userId", "anonymousId", "previousId", "groupId", "event", "messageId", "context", "writeKey"]
    ),
    st.sampled_from(["track", "identify", "group", "alias", "x", " ", 7, 7.0, {"direct": True}]) | VALUES,
).flatmap(
    lambda event: st.dictionaries(st.sampled_from(["timestamp", "originalTimestamp", "sentAt"]), TIMES | VALUES).map(
        lambda times: {**event, **times}
    )
)
BATCHES = st.fixed_dictionaries(
    {"batch": st.lists(EVENTS | VALUES, max_size=6)},
    optional={"sentAt": TIMES | VALUES, "context": VALUES | st.just({"direct": True, "a": 1}), "writeKey": VALUES},
)
BODIES = VALUES | EVENTS | BATCHES


def in_json(value: Any) -> bytes:
    """Write a value as the client libraries in Python do: NaN as NaN, half a surrogate pair as its escape."""
    return json.dumps(value).encode()


def numbered() -> Callable[[], str]:
    """Return what gives new ids: new-1, new-2, …"""
    numbers = count(1)
    return lambda: f"new-{next(numbers)}"


def tried(call: Callable[[], T]) -> T | Refused:
    """Return what comes of a call, a refusal too; any other exception is a failure."""
    try:
        return call()
    except Refused as refused:
        return refused


def strictly_read(text: str) -> Any:
    """Read JSON as PostgreSQL does; fail where it would refuse it as text or jsonb."""

    def no(constant: str) -> NoReturn:
        raise AssertionError(constant)

    def storable(value: Any) -> None:
        if isinstance(value, str):
            assert "\0" not in value
            value.encode()  # half a surrogate pair has no UTF-8
        elif isinstance(value, dict):
            for key, inner in value.items():
                storable(key)
                storable(inner)
        elif isinstance(value, list):
            for inner in value:
                storable(inner)

    value = json.loads(text, parse_constant=no)
    storable(value)
    return value
