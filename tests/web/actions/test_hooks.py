"""What others are told: once, when it counts, and no more than they need."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from collage_web.actions import hooking, reacting
from collage_web.actions.claiming import merge, unmerge
from collage_web.actions.identifying import touched
from collage_web.bridge.whole import whole
from collage_web.records.models import (
    Consent,
    Correction,
    Delivery,
    Hook,
    Identifier,
    Mark,
    Promise,
    Reaction,
    Score,
)
from tests.web.conftest import NOW, House, touchpoint

SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def nobody_is_remembered() -> Iterator[None]:
    reacting.forget()
    yield
    reacting.forget()


def hook(*events: str, url: str = "https://example.org/hook") -> Hook:
    return hooking.create(
        url, events or reacting.REACTIONS, private=False, by=None, now=NOW, chance=random.Random(url).randbytes
    )


def bodies(event: str | None = None) -> list[dict[str, Any]]:
    found = Delivery.objects.order_by("id")
    return [json.loads(each.body) for each in (found if event is None else found.filter(event=event))]


def struck(house: House, number: int | str = 1, identifier: str = "user:1", **more: Any) -> None:
    """Let somebody wait far too long, an hour ago."""
    more = {"wait_s": 900, "days": 1 / 24, "department": "Care", **more}
    house.send(touchpoint(number, identifier, **more))
    house.digest()


def promised(number: int, *, due: timedelta, identifier: str = "user:1") -> Promise:
    made = Promise.objects.create(
        promise_id=f"p{number}", identifier=identifier, kind="callback", department="Care",
        made_at=NOW - timedelta(days=2), due_at=NOW + due,
    )  # fmt: skip
    touched([identifier])
    return made


# ---- what is noted


def test_where_nobody_listens_nothing_is_noted(house: House) -> None:
    struck(house)
    assert Mark.objects.filter(mark="long_wait").exists()
    assert not Reaction.objects.exists()


def test_a_strike_is_told_once_with_no_word_of_who_it_was(house: House) -> None:
    hook(reacting.STRIKE)
    struck(house, identifier="email:kim@example.org", text="a third time", agent="Bo")
    assert reacting.react(now=NOW) == 1
    (told,) = bodies()
    mark = Mark.objects.get(mark="long_wait")
    of = whole(mark.customer, at=NOW)
    assert of is not None
    assert told == {
        "type": "strike.recorded",
        "timestamp": reacting.written(mark.occurred_at),
        "data": {
            "customer": mark.customer, "mark": "long_wait", "owner": mark.owner, "department": "Care",
            "points": of.reasons[0].points, "occurred_at": reacting.written(mark.occurred_at),
        },
    }  # fmt: skip
    assert told["data"]["points"] < 0
    assert not re.search("kim|example|third|Bo", Delivery.objects.get().body)

    touched(["email:kim@example.org"])  # derived anew, and once more with other figures
    house.digest()
    struck(house, 2, "email:kim@example.org", days=0.5)
    assert reacting.react(now=NOW) == 1
    assert reacting.react(now=NOW) == 0
    assert len(bodies()) == 2


def test_what_is_older_than_a_day_and_what_is_no_strike_is_no_news(house: House) -> None:
    hook()
    struck(house, 1, days=1.1)
    house.send(touchpoint(2, "user:1", "issue.resolved", days=0.1, issue_id="i"))
    house.digest()
    assert Mark.objects.count() >= 2
    assert not Reaction.objects.filter(reaction=reacting.STRIKE).exists()


def test_a_strike_that_is_struck_out_before_it_is_told_is_not_told(house: House) -> None:
    hook(reacting.STRIKE)
    struck(house)
    mark = Mark.objects.get(mark="long_wait")
    Correction.objects.create(
        correction_id="c", touchpoint_id=mark.touchpoint_id, mark=mark.mark, verdict="struck_out", at=NOW
    )
    touched([mark.identifier])
    house.digest()
    assert reacting.react(now=NOW) == 1
    assert bodies() == []
    assert Reaction.objects.get().done_at == NOW


def test_a_strike_whose_customer_is_just_derived_anew_waits_until_that_is_done(house: House) -> None:
    hook(reacting.STRIKE)
    struck(house)
    struck(house, 2, "user:2", days=0.5)
    reacting.react(now=NOW)
    struck(house, 3, "user:2", days=0.2)
    merge("user:1", "user:2", by=None, now=NOW, reason="said so")
    Mark.objects.filter(identifier="user:2").delete()  # as it is in the midst of it
    assert reacting.react(now=NOW) == 1
    assert len(bodies()) == 2
    assert reacting.due(now=NOW) is False
    house.digest()
    assert reacting.react(now=NOW + 3 * SECOND) == 1
    assert len(bodies()) == 3
    assert bodies()[-1]["data"]["customer"] == Identifier.objects.get(value="user:1").customer


def test_customers_brought_together_and_apart_again_are_told_nothing_twice(house: House) -> None:
    hook(reacting.STRIKE)
    struck(house)
    struck(house, 2, "user:2")
    reacting.react(now=NOW)
    claim = merge("user:1", "user:2", by=None, now=NOW, reason="said so")
    house.digest()
    unmerge(claim, by=None, now=NOW, reason="not so")
    house.digest()
    reacting.react(now=NOW)
    assert len(bodies()) == 2


# ---- what is due later


def test_a_promise_is_broken_at_its_due_time_and_not_before(house: House) -> None:
    hook(reacting.PROMISE, reacting.STRIKE)
    promised(1, due=timedelta(hours=1))
    house.digest()
    assert reacting.react(now=NOW) == 0
    then = NOW + timedelta(hours=1)
    assert reacting.react(now=then) == 2
    (told,) = bodies("promise.broken")
    assert told["data"]["mark"] == "promise_broken"
    assert told["data"]["department"] == "Care"
    assert told["data"]["points"] < 0
    assert told["timestamp"] == reacting.written(then)
    assert len(bodies("strike.recorded")) == 1


def test_a_promise_that_was_kept_is_not_told_at_its_due_time(house: House) -> None:
    hook(reacting.PROMISE)
    made = promised(1, due=timedelta(hours=1))
    house.digest()
    Promise.objects.filter(pk=made.pk).update(settled_at=NOW, outcome="kept")
    touched(["user:1"])
    house.digest()
    assert reacting.react(now=NOW + timedelta(hours=1)) == 1
    assert bodies() == []


@pytest.mark.parametrize("shift", [timedelta(hours=-1), timedelta(hours=1)])
def test_a_promise_whose_due_time_moves_is_told_at_the_new_one(house: House, shift: timedelta) -> None:
    hook(reacting.PROMISE)
    made = promised(1, due=timedelta(hours=2))
    house.digest()
    Promise.objects.filter(pk=made.pk).update(due_at=made.due_at + shift)
    touched(["user:1"])
    house.digest()
    due = made.due_at + shift
    assert reacting.react(now=due - SECOND) == 0
    assert reacting.react(now=due) == 1
    assert len(bodies()) == 1


def test_a_mark_that_counts_only_later_by_now_waits_whoever_listened_when_that_changed(house: House) -> None:
    hook(reacting.PROMISE)
    promised(1, due=timedelta(hours=1))
    house.digest()
    Mark.objects.filter(mark="promise_broken").update(occurred_at=NOW + timedelta(hours=3))
    assert reacting.react(now=NOW + timedelta(hours=1)) == 1
    assert bodies() == []
    assert reacting.react(now=NOW + timedelta(hours=2)) == 0
    assert reacting.react(now=NOW + timedelta(hours=3)) == 1
    assert len(bodies()) == 1


def test_who_begins_to_listen_is_told_of_promises_that_were_made_before(house: House) -> None:
    promised(1, due=timedelta(hours=1))
    promised(2, due=timedelta(hours=-1))
    house.digest()
    hook(reacting.PROMISE)
    reacting.react(now=NOW + timedelta(hours=1))
    assert [each["timestamp"] for each in bodies()] == [reacting.written(NOW + timedelta(hours=1))]


# ---- an index that falls


def content(house: House, identifier: str = "user:1") -> float:
    """Let somebody be content, and return their index."""
    for number in range(4):
        house.send(
            touchpoint(
                f"good {identifier} {number}", identifier, "issue.resolved", days=3 + number, issue_id=f"i{number}"
            )
        )
    house.digest()
    return float(Score.objects.get(customer=Identifier.objects.get(value=identifier).customer).index)


def test_an_index_that_falls_by_five_points_is_told_with_from_and_to(house: House) -> None:
    hook(reacting.FELL)
    before = content(house)
    struck(house, 1, "user:1", wait_s=150)
    after = Score.objects.get().index
    assert before - after < 5
    assert not Reaction.objects.exists()
    for number in range(2, 6):
        house.send(touchpoint(number, "user:1", "delivery.failed", days=0.1 * number))
    house.digest()
    last = Score.objects.get().index
    assert after - last >= 5
    reacting.react(now=NOW)
    (told,) = bodies()
    assert told["type"] == "score.fell"
    assert told["data"] == {
        "customer": Score.objects.get().customer, "from": after, "to": last, "at": reacting.written(NOW)
    }  # fmt: skip


def test_an_index_that_a_broken_promise_lets_fall_is_told_too(house: House) -> None:
    hook(reacting.FELL, reacting.STRIKE)
    content(house)
    for number in range(4):
        promised(number, due=timedelta(hours=1))
    house.digest()
    assert not Reaction.objects.filter(reaction=reacting.FELL).exists()
    house.now = NOW + timedelta(hours=1, seconds=1)
    reacting.react(now=house.now)
    house.digest()  # nothing new has arrived; but what began to count is to be in the score
    reacting.react(now=house.now)
    (told,) = bodies("score.fell")
    assert told["data"]["from"] - told["data"]["to"] >= 5


def test_who_objects_to_the_index_is_told_of_without_points_and_never_falls(house: House) -> None:
    hook()
    content(house)
    Consent.objects.create(identifier="user:1", purpose="scoring", given=False, at=NOW)
    for number in range(4):
        house.send(touchpoint(number, "user:1", "delivery.failed", days=0.1))
    house.digest()
    reacting.react(now=NOW)
    assert bodies("score.fell") == []
    assert {each["data"]["points"] for each in bodies("strike.recorded")} == {None}
