"""Two colleagues at once, in threads with connections of their own: one wins, the other is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection

from collage.errors import CollageError
from collage_web.actions import claiming, contesting, correcting, healing, promising
from collage_web.records.models import Claim, Colleague, Correction, Identifier, Mark, Promise, Role, Touchpoint
from collage_web.records.verdicts import latest
from tests.web.conftest import NOW

pytestmark = pytest.mark.django_db(transaction=True)
N = 6


@pytest.fixture(autouse=True)
def _unlogged(monkeypatch: pytest.MonkeyPatch) -> None:
    """The audit log keeps its rows, and these tests leave none behind."""
    for module in (claiming, contesting, correcting, healing, promising):
        monkeypatch.setattr(module, "note", lambda *_args, **_more: None)


def colleagues() -> list[Colleague]:
    make: Any = Colleague.objects.create
    return [make(email=f"{n}@example.org", name=str(n), role=Role.MANAGER) for n in range(N)]


def at_once(deeds: Sequence[Callable[[], Any]]) -> list[str]:
    """Do all at the same moment; return of each what it was told, empty where it was done."""
    ready, told = threading.Barrier(len(deeds)), [""] * len(deeds)

    def run(n: int) -> None:
        try:
            ready.wait()
            deeds[n]()
        except CollageError as error:
            told[n] = error.found
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[n]) for n in range(len(deeds))]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return told


def strike() -> tuple[str, str, str]:
    Identifier.objects.create(value="user:1", home="a", customer="a", created_at=NOW)
    Mark.objects.create(
        customer="a", touchpoint_id="t:1", mark="long_wait", identifier="user:1", occurred_at=NOW - timedelta(days=1),
        fades_from=NOW, weighs_as="long_wait", severity=1.0, evidence=1.0, owner="Care", catalogue="1",
    )  # fmt: skip
    return "t:1", "long_wait", "a"


def test_of_many_who_contest_a_strike_at_once_one_does() -> None:
    which, everybody = strike(), colleagues()
    told = at_once([partial(contesting.contest, *which, by=by, now=NOW, reason="wrong") for by in everybody])
    assert sorted(told) == ["", *["one that is contested already"] * (N - 1)]
    assert Correction.objects.count() == 1


def test_of_many_who_decide_on_a_strike_at_once_one_does_and_the_others_are_told() -> None:
    which, everybody = strike(), colleagues()
    contesting.contest(*which, by=Colleague.objects.create(email="a@example.org", name="a"), now=NOW, reason="wrong")
    deeds = [
        partial(contesting.decide, *which, verdict, by=by, now=NOW, reason="so it was")
        for by, verdict in zip(everybody, ["upheld", "struck_out"] * (N // 2), strict=True)
    ]
    told = at_once(deeds)
    assert min(told) == ""
    assert all("just decided" in each for each in sorted(told)[1:])
    (decided,) = Correction.objects.exclude(verdict="contested")
    assert latest()[which[:2]] == decided


def test_of_many_who_settle_or_withdraw_a_promise_at_once_one_does() -> None:
    strike()
    made = Promise.objects.create(
        promise_id="p1", identifier="user:1", kind="refund", made_at=NOW, due_at=NOW + timedelta(days=1)
    )
    everybody = colleagues()
    told = at_once(
        [
            *(partial(promising.settle, made, "kept", by=by, now=NOW) for by in everybody[1:]),
            partial(promising.withdraw, made, by=everybody[0], now=NOW, reason="no need"),
        ]
    )
    assert min(told) == ""
    assert all("settled already" in each for each in sorted(told)[1:])
    assert Promise.objects.get().settled_at == NOW


def known(*users: str) -> None:
    for user in users:
        Identifier.objects.create(value=f"user:{user}", home=user, customer=user, created_at=NOW)


def test_of_many_who_bring_the_same_two_together_at_once_all_are_told_of_one_claim() -> None:
    known("a", "b")
    pairs = [("a", "b"), ("b", "a")] * (N // 2)
    deeds = [partial(claiming.join, *pair, by=by, now=NOW, reason="said so")
             for pair, by in zip(pairs, colleagues(), strict=True)]  # fmt: skip
    assert at_once(deeds) == [""] * N
    assert Claim.objects.count() == 1


def test_of_many_who_add_a_new_number_to_several_customers_at_once_one_does() -> None:
    known("a", "b")
    deeds = [partial(correcting.add, customer, "phone:+4930123456", by=by, now=NOW, reason="told me")
             for customer, by in zip("ab" * (N // 2), colleagues(), strict=True)]  # fmt: skip
    told = at_once(deeds)
    assert (told.count(""), Claim.objects.count()) == (1, 1)


def test_of_many_who_heal_a_strike_at_once_one_does() -> None:
    known("a")
    Touchpoint.objects.create(
        touchpoint_id="t:1", identifier="user:a", kind="contact.answered", wait_s=1500, source="till", contact_id="c",
        occurred_at=NOW - timedelta(days=1),
    )  # fmt: skip
    Mark.objects.create(
        customer="a", touchpoint_id="t:1", mark="long_wait", identifier="user:a", occurred_at=NOW - timedelta(days=1),
        fades_from=NOW, weighs_as="long_wait", severity=1.0, evidence=1.0, owner="Care", catalogue="1",
    )  # fmt: skip
    deeds = [partial(healing.confirm, "t:1", "a", by=by, now=NOW + n * timedelta(microseconds=1), reason="called")
             for n, by in enumerate(reversed(colleagues()))]  # fmt: skip
    told = at_once(deeds)
    assert (told.count(""), Touchpoint.objects.filter(kind="recovery.confirmed").count()) == (1, 1)
