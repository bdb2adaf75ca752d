"""The company's figures: as the core has them, of whom they may be, when they are due, and what is kept."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from collage import experience
from collage_web.actions import asking, figuring
from collage_web.bridge import figures
from collage_web.bridge.whole import whole
from collage_web.records.models import Consent, Figures, Identifier, Role
from tests.web.conftest import NOW, House, touchpoint


@pytest.fixture(autouse=True)
def place(settings: Any, tmp_path: Path) -> Path:
    settings.VAR = tmp_path
    return tmp_path


def peopled(house: House, n: int = 12) -> None:
    """Send what `n` customers met: late refunds, more of them lately; and a solved matter."""
    rng = random.Random(3)
    rows: list[dict[str, Any]] = []
    for who in range(n):
        for time in range(4):
            more = {
                "department": "Billing",
                "agent": "bo",
                "contact_id": f"c{who}.{time}",
                "issue_id": f"i{who}.{time}",
            }
            days = rng.uniform(1, 25 if who % 4 == 0 else 80)  # some fall
            rows.append(
                touchpoint(
                    f"{who}.{time}.r", f"user:{who}", "refund.made", days=days, late_s=86_400.0 * (who + 1), **more
                )
            )
            rows.append(touchpoint(f"{who}.{time}.s", f"user:{who}", "issue.resolved", days=days / 2, **more))
    house.send(*rows)
    house.digest()


def later(house: House) -> Iterator[datetime]:
    """A clock that goes on by a second whenever it is looked at."""
    now = house.now
    while True:
        yield now
        now += timedelta(seconds=1)


def made(house: House) -> Figures:
    ticks = later(house)
    return figuring.figure(lambda: next(ticks))


def customer_of(identifier: str) -> str:
    return Identifier.objects.get(value=identifier).customer


def test_figures_are_what_customers_pages_say(house: House) -> None:
    peopled(house)
    row = made(house)
    body = row.body
    wholes = [whole(customer_of(f"user:{who}"), at=row.at) for who in range(12)]
    standings = [each.standing for each in wholes if each is not None and each.standing is not None]
    assert len(standings) == 12
    mean = sum(each.experience for each in standings) / 12
    assert body["company"]["experience"] == pytest.approx(mean, abs=1e-9)
    assert body["company"]["customers"] == 12
    late = next(row for row in body["losses"] if row["mark"] == "refund_late")
    by = experience.default()
    of_mark = [
        reason
        for each in wholes
        if each is not None
        for reason in each.reasons
        if reason.mark == "refund_late" and reason.occurred_at >= NOW - timedelta(days=90)
    ]
    assert (late["owner"], late["marks"], late["customers"]) == ("Billing", len(of_mark), 12)
    assert late["value"] < by["refund_late"].weight * len(of_mark) + 1e-9  # none is milder than one
    assert {row["customer_id"] for row in body["rows"]["refund_late"]} <= {each.customer for each in wholes if each}
    total = sum(row["value"] for row in body["rows"]["refund_late"])
    assert total == pytest.approx(late["value"], abs=1e-9)  # twelve are all of them


def test_customers_are_named_by_their_random_id_and_by_nothing_else(house: House) -> None:
    peopled(house)
    text = str(made(house).body)
    assert customer_of("user:11") in text
    assert "user:" not in text


def test_who_objects_to_being_scored_is_in_no_figure(house: House) -> None:
    peopled(house)
    out = customer_of("user:11")
    Consent.objects.create(identifier="user:11", purpose="scoring", given=False, at=NOW)
    after = made(house).body
    assert out not in str(after)
    assert (after["company"]["customers"], after["objecting"]) == (11, 1)
    assert sum(row["customers"] for row in after["spread"]) == 11
    Consent.objects.create(identifier="user:11", purpose="scoring", given=True, at=NOW + timedelta(hours=1))
    again = made(house).body
    assert out in str(again)
    assert again["company"]["customers"] == 12
    assert again["losses"] != after["losses"]


def test_only_the_last_figures_and_the_last_two_snapshots_are_kept(
    house: House, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figuring, "figured", lambda *_, **__: {"form": figures.FORM})
    peopled(house, 2)
    half = place / "snapshots" / ".20260101T000000.1.part"
    half.mkdir(parents=True)
    for _ in range(3):
        made(house)
        house.now -= timedelta(days=1)  # a clock that was set back keeps the newest, not the latest
    kept = sorted(each.name for each in (place / "snapshots").iterdir())
    assert len(kept) == 2
    assert not half.exists()
    assert f"{NOW - timedelta(days=2):%Y%m%d}" in kept[0]
    Figures.objects.bulk_create(
        Figures(name=figures.COMPANY, at=NOW, made_at=NOW - timedelta(days=9), catalogue="", body={}) for _ in range(40)
    )
    made(house)
    assert Figures.objects.filter(name=figures.COMPANY).count() == 30
    assert figures.known()[0] is not None


def test_figures_are_due_when_there_is_something_and_again_an_hour_after_when_something_happened(house: House) -> None:
    hour, day = timedelta(minutes=61), timedelta(days=1, minutes=1)
    assert not figures.due(now=NOW)
    peopled(house, 2)
    assert figures.due(now=NOW)
    made(house)
    assert not figures.due(now=NOW + hour)  # nothing has happened
    assert figures.due(now=NOW + day)  # but fading has
    house.send(touchpoint("new", "user:1"))
    house.digest()
    assert not figures.due(now=NOW + timedelta(minutes=5))
    assert figures.due(now=NOW + hour)


def test_figures_of_another_version_are_worked_out_anew(house: House) -> None:
    peopled(house, 2)
    row = made(house)
    Figures.objects.filter(pk=row.pk).update(body={**row.body, "form": 0})
    assert figures.known()[0] is None
    assert figures.due(now=NOW + timedelta(seconds=9))


def test_who_asks_gets_figures_and_asking_twice_is_asking_once(house: House, by: Any) -> None:
    peopled(house, 2)
    made(house)
    assert asking.ask_for_figures(by=by, now=NOW + timedelta(seconds=9))
    assert not asking.ask_for_figures(by=by, now=NOW + timedelta(seconds=10))
    assert figures.due(now=NOW + timedelta(seconds=11))
    house.now += timedelta(seconds=12)
    ticks = later(house)
    assert figuring.figure_if_due(lambda: next(ticks))
    assert figures.known()[1] is None
    assert not figuring.figure_if_due(house.clock)


@pytest.fixture
def by(db: None) -> Any:  # noqa: ARG001  # pytest-django's, for what it does
    from collage_web.actions import welcoming

    return welcoming.admit("m@example.org", "M", Role.MANAGER, "correct horse battery staple", by=None, now=NOW)


def test_what_fails_is_noted_and_not_tried_again_at_once(
    house: House, by: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    peopled(house, 2)

    def broken(*_: Any, **__: Any) -> None:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(figuring, "figured", broken)
        assert figuring.figure_if_due(house.clock)
    assert figures.known() == (None, None, NOW)
    assert not figures.due(now=NOW + timedelta(minutes=1))
    assert figures.due(now=NOW + timedelta(minutes=11))
    asking.ask_for_figures(by=by, now=NOW + timedelta(minutes=2))
    assert figures.due(now=NOW + timedelta(minutes=3))
    house.now += timedelta(minutes=3)
    made(house)
    assert figures.known()[2] is None
