"""What others are not told: what is true no longer, what time alone did, and the index of whoever objects to one."""

from __future__ import annotations

import json
import threading
from datetime import datetime, timedelta
from typing import Any

import pytest

from collage_web.actions import delivering, hooking, reacting
from collage_web.actions.claiming import merge
from collage_web.actions.hooking import HookError
from collage_web.actions.identifying import touched
from collage_web.bridge.whole import whole
from collage_web.jobs import loop
from collage_web.records.models import (
    Consent,
    Delivery,
    Mark,
    Promise,
    Reaction,
    Score,
    Stale,
)
from tests.web.actions.test_hooks import (  # noqa: F401  # one of them a fixture
    SECOND,
    bodies,
    content,
    hook,
    nobody_is_remembered,
    promised,
    struck,
)
from tests.web.actions.test_hooks_outbox import Receiver, sent
from tests.web.conftest import NOW, House, touchpoint

# ---- what is true no longer


def test_a_promise_that_is_kept_but_not_derived_anew_yet_is_not_told_as_broken(house: House) -> None:
    hook(reacting.PROMISE)
    made = promised(1, due=timedelta(hours=1))
    house.digest()
    Promise.objects.filter(pk=made.pk).update(settled_at=NOW, outcome="kept")
    touched(["user:1"])
    then = NOW + timedelta(hours=1)
    assert Mark.objects.filter(mark="promise_broken").exists()
    assert reacting.react(now=then) == 1
    assert bodies() == []
    assert reacting.due(now=then) is False
    house.digest()
    assert reacting.react(now=then + 3 * SECOND) == 1
    assert bodies() == []
    assert Reaction.objects.get().done_at == then + 3 * SECOND


def test_a_promise_that_is_kept_in_the_very_moment_is_not_told_as_broken(house: House) -> None:
    hook(reacting.PROMISE)
    made = promised(1, due=timedelta(hours=1))
    house.digest()
    Promise.objects.filter(pk=made.pk).update(settled_at=NOW, outcome="kept")  # nobody has noted yet for whom
    assert reacting.react(now=NOW + timedelta(hours=1)) == 1
    assert bodies() == []


# ---- what time alone did


def content_long_ago(house: House, days: float) -> float:
    """Let somebody have been content so many days ago, with nothing derived since, and return their index of then."""
    house.now = NOW - timedelta(days=days)
    for number in range(4):
        at = days + 3 + number
        house.send(touchpoint(f"good {number}", "user:1", "issue.resolved", days=at, issue_id=f"i{number}"))
    house.digest()
    house.now = NOW
    return Score.objects.get().index


def test_an_index_that_faded_falls_by_no_harmless_touchpoint(house: House) -> None:
    hook(reacting.FELL)
    before = content_long_ago(house, 700)
    house.send(touchpoint("page", "user:1", "page.viewed", days=0.1))
    house.digest()
    assert before - Score.objects.get().index >= 5
    assert not Reaction.objects.exists()


def test_an_index_that_falls_after_it_faded_falls_from_where_it_had_come_to(house: House) -> None:
    hook(reacting.FELL)
    before = content_long_ago(house, 200)
    found = whole(Score.objects.get().customer, at=NOW)
    assert found is not None
    assert found.standing is not None
    assert before - found.standing.index > 1
    for number in range(4):
        house.send(touchpoint(number, "user:1", "delivery.failed", days=0.1 * (number + 1)))
    house.digest()
    reacting.react(now=house.now)
    (told,) = bodies("score.fell")
    assert told["data"]["from"] == pytest.approx(found.standing.index, abs=1e-9)
    assert told["data"]["to"] == Score.objects.get().index


def test_a_promise_that_breaks_lets_an_index_fall_where_nobody_asks_for_strikes(house: House) -> None:
    hook(reacting.FELL)
    content(house)
    for number in range(4):
        promised(number, due=timedelta(hours=1))
    house.digest()
    house.now = NOW + timedelta(hours=1, seconds=1)
    reacting.react(now=house.now)
    assert bodies() == []
    assert Stale.objects.exists()
    house.digest()
    reacting.react(now=house.now)
    (told,) = bodies()
    assert told["type"] == "score.fell"
    assert told["data"]["from"] - told["data"]["to"] >= 5


# ---- who objects since


def fallen(house: House) -> Delivery:
    hook(reacting.FELL)
    content(house)
    for number in range(4):
        house.send(touchpoint(number, "user:1", "delivery.failed", days=0.1 * (number + 1)))
    house.digest()
    reacting.react(now=NOW)
    return Delivery.objects.get()


def refuse(identifier: str = "user:1") -> None:
    Consent.objects.create(identifier=identifier, purpose="scoring", given=False, at=NOW)


def test_who_objects_before_it_is_sent_is_told_of_to_nobody(house: House) -> None:
    fallen(house)
    refuse()
    receiver = Receiver({})
    assert sent(house, receiver) == 0
    left = Delivery.objects.get()
    assert receiver.got == []
    assert (left.next_at, left.done_at, left.problem) == (None, None, "objects")
    assert json.loads(left.body)["data"]["from"] is None
    with pytest.raises(HookError, match="objects"):
        hooking.again(left, by=None, now=NOW)


def test_who_turned_out_to_be_one_with_somebody_who_objects_is_told_of_to_nobody(house: House) -> None:
    house.send(touchpoint("other", "user:2"))
    house.digest()
    fallen(house)
    merge("user:1", "user:2", by=None, now=NOW, reason="said so")
    house.digest()
    refuse("user:2")
    assert sent(house, Receiver({})) == 0


def test_what_was_taken_is_not_sent_again_once_they_object(house: House) -> None:
    made = fallen(house)
    assert sent(house, Receiver({})) == 1
    hooking.again(made, by=None, now=NOW)
    refuse()
    assert sent(house, Receiver({})) == 0
    made.refresh_from_db()
    with pytest.raises(HookError):
        hooking.again(made, by=None, now=NOW)


def test_a_strike_of_somebody_who_objects_since_is_sent_without_points(house: House) -> None:
    hook(reacting.STRIKE)
    struck(house)
    reacting.react(now=NOW)
    assert bodies()[0]["data"]["points"] < 0
    refuse()
    receiver = Receiver({})
    assert sent(house, receiver) == 1
    assert json.loads(receiver.got[0][2])["data"]["points"] is None


def test_what_was_told_is_deleted_after_thirty_days_and_what_waits_is_not(house: House) -> None:
    hook(reacting.STRIKE)
    struck(house)
    reacting.react(now=NOW)
    month = timedelta(days=30)
    assert delivering.clear(now=NOW + month + SECOND) == 1  # the reaction: what it became waits
    assert Delivery.objects.count() == 1
    assert sent(house, Receiver({})) == 1
    assert delivering.clear(now=NOW + month - SECOND) == 0
    assert delivering.clear(now=NOW + month + SECOND) == 1
    assert not Delivery.objects.exists()


# ---- the loop


@pytest.mark.django_db
def test_what_nobody_foresaw_ends_no_thread(caplog: pytest.LogCaptureFixture) -> None:
    stop, calls = threading.Event(), list[int]()

    def call(*_: Any) -> None:
        calls.append(1)
        if len(calls) == 3:
            stop.set()
        raise KeyError("somebody's name")

    loop.beside("react", 0.0, call, lambda: datetime.now(NOW.tzinfo), stop)
    assert len(calls) == 3
    assert "somebody" not in caplog.text
