"""What a client is told that is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from collage_web.ingest.refusals import (
    Faulty,
    NotJson,
    NotUnpacked,
    Refused,
    TooDeep,
    TooLarge,
    TooOften,
    Unavailable,
    UnknownCoding,
    UnknownKey,
    WrongShape,
    strictly,
)
from collage_web.records.arriving import Arrivals, Arriving, Fault

NOW = datetime(2026, 11, 1, tzinfo=UTC)
SOUND = Arriving("m", "track", NOW, None, "unknown", "{}", None)
BAD = Arriving("m", "track", NOW, None, "unknown", "{}", Fault("userId", "no_user_anon_id", "secret"))

EVERY = [
    (NotUnpacked("nothing"), 400, "invalid_encoding"),
    (NotJson("nothing"), 400, "invalid_json"),
    (TooDeep(64), 400, "too_deep"),
    (WrongShape("a batch", "nothing", "Send one"), 400, "invalid_body"),
    (UnknownKey(given=True), 401, "unknown_key"),
    (UnknownKey(given=False), 401, "unknown_key"),
    (TooLarge(500), 413, "too_large"),
    (UnknownCoding(), 415, "unknown_encoding"),
    (Faulty(Arrivals([BAD])), 422, "faulty"),
    (TooOften(2.1), 429, "too_many_requests"),
    (Unavailable(), 503, "unavailable"),
]


@pytest.mark.parametrize(("refused", "status", "code"), EVERY)
def test_a_refusal_knows_its_status_and_what_it_says(refused: Refused, status: int, code: str) -> None:
    assert (refused.status, refused.code) == (status, code)
    answer = json.loads(json.dumps(refused.answer()))
    assert (answer["code"], answer["message"]) == (code, refused.message)
    assert refused.message.endswith(".")
    assert str(refused) == f"{status} {code}: {refused.message}"


@pytest.mark.parametrize(("refused", "status", "code"), EVERY)
def test_only_who_may_come_again_is_told_when(refused: Refused, status: int, code: str) -> None:
    assert bool(refused.headers()) is (status in {429, 503}), code


@pytest.mark.parametrize(("wait", "told"), [(0.001, "1"), (2.1, "3"), (300, "300"), (1e9, "300")])
def test_the_wait_is_in_whole_seconds_and_never_longer_than_clients_take(wait: float, told: str) -> None:
    assert TooOften(wait).headers() == {"Retry-After": told}


def test_asked_to_be_strict_a_faulty_request_is_refused_with_every_fault_and_no_value() -> None:
    with pytest.raises(Faulty) as caught:
        strictly(Arrivals([SOUND, BAD, SOUND, BAD], refused=2))
    answer = caught.value.answer()
    assert answer["errors"] == [
        {"index": 1, "column": "userId", "reason": "no_user_anon_id"},
        {"index": 3, "column": "userId", "reason": "no_user_anon_id"},
    ]
    assert "All 6" in answer["message"]
    assert "2 too many" in answer["message"]
    assert "secret" not in json.dumps(answer)


def test_asked_to_be_strict_what_is_sound_is_taken_and_what_is_too_many_is_not() -> None:
    sound = Arrivals([SOUND])
    assert strictly(sound) is sound
    with pytest.raises(Faulty):
        strictly(Arrivals([SOUND], refused=1))
