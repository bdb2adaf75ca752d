"""Page, API and `collage explain` on the export say the same, at every step of what can be done at the desk."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from collage import cli
from collage_web.actions import claiming, contesting, healing, keying, promising
from collage_web.actions.promising import Promised
from collage_web.api import views as api
from collage_web.bridge import snapshot
from collage_web.bridge.whole import whole
from collage_web.desk import customer as desk
from collage_web.records.keys import new_read_key
from collage_web.records.models import Mark, Promise, Stale
from tests.web.actions.served import colleague, customer_of
from tests.web.conftest import House, touchpoint

DAY = timedelta(days=1)


@dataclass
class Asked:
    """Three who are asked about a customer at one moment."""

    house: House
    folder: Path
    capsys: pytest.CaptureFixture[str]
    reading: Client
    serving: Client
    key: str
    exports: Iterator[int] = field(default_factory=lambda: iter(range(100)))

    def index(self, identifier: str) -> float:
        """Derive what waits, ask all three, and return the index on which they agree."""
        self.house.digest()
        customer, at = customer_of(identifier), self.house.now
        folder = self.folder / str(next(self.exports))
        snapshot.write(folder, replace=False)
        self.capsys.readouterr()
        assert cli.main(["explain", str(folder), identifier, "--at", at.isoformat(), "--format", "json"]) == 0
        command = json.loads(self.capsys.readouterr().out)
        told = self.reading.get(
            f"/api/v1/customers/{customer}?limit=1000", headers={"Authorization": f"Bearer {self.key}"}
        ).json()
        page = self.serving.get(f"/desk/c/{customer}").content.decode()
        seen, on_page = whole(customer, at=at, without=True), whole(customer, at=at)
        assert seen is not None
        assert seen.standing is not None
        assert on_page is not None
        assert on_page.standing is not None
        assert on_page.standing.index == pytest.approx(seen.standing.index, abs=1e-9)
        pairs = [
            sorted(each, key=lambda it: (it.touchpoint_id, it.mark, it.about or ""))
            for each in (on_page.reasons, seen.reasons)
        ]
        for one, two in zip(*pairs, strict=True):
            assert one[:5] == two[:5]
            assert (one.contribution, one.points) == pytest.approx((two.contribution, two.points), abs=1e-9)
        every = [sorted(map(_row, each)) for each in (command, told["reasons"], [it._asdict() for it in seen.reasons])]
        for other in every[1:]:
            assert [row[:3] for row in other] == [row[:3] for row in every[0]]
            for one, two in zip(every[0], other, strict=True):
                assert two[3:] == pytest.approx(one[3:], abs=1e-9)
        index = float(told["score"]["index"])
        assert index == pytest.approx(seen.standing.index, abs=1e-9)
        assert index == pytest.approx(50 + sum(row["points"] for row in command), abs=1e-9)
        shown = re.search(r'<text x="60" y="73">(\d+)</text>', page)
        assert shown is not None
        assert abs(int(shown[1]) - index) <= 0.5
        return index


def _row(each: dict[str, Any]) -> tuple[Any, ...]:
    at = each["occurred_at"]
    moment = at if isinstance(at, datetime) else datetime.fromisoformat(at)
    figures = (each["contribution"], each["points"], each["without"])
    return (each["touchpoint_id"], each["mark"], moment.astimezone(UTC), *figures)


@pytest.fixture
def asked(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Asked:
    """A house whose clock the page and the API go by, too."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]  # the test's moment is no Clock
            return house.now.astimezone(tz)

    settings.COLLAGE_SECOND_FACTOR_ROLES = frozenset()
    monkeypatch.setattr(api, "_clock", house.clock)
    monkeypatch.setattr(desk, "datetime", Clock)
    serving = Client()
    manager = colleague("manager", "manager")
    serving.force_login(manager, backend="allauth.account.auth_backends.AuthenticationBackend")
    _, key = keying.create("crm", by=manager, now=house.now, new_key=lambda: new_read_key(os.urandom))
    return Asked(house, tmp_path, capsys, Client(), serving, key)


@pytest.mark.slow
def test_page_api_and_command_agree_before_and_after_everything_that_is_done_at_the_desk(
    house: House, asked: Asked
) -> None:
    house.send(
        touchpoint(1, "user:1", "delivery.arrived", department="Logistics", issue_id="o1", late_s=300_000, days=9),
        touchpoint(2, "user:1", "contact.answered", department="Care", wait_s=1500, contact_id="c1", days=5),
        touchpoint(3, "user:1", "order.placed", issue_id="o1", days=12),
        touchpoint(4, "user:2", "contact.answered", department="Care", wait_s=900, contact_id="c2", days=3),
        touchpoint(5, "user:2", "invoice.corrected", department="Billing", days=2),
    )
    first, second = asked.index("user:1"), asked.index("user:2")
    agent, lead = colleague("agent"), colleague("lead", "lead", "Logistics")
    customer = customer_of("user:1")
    strike = next(mark for mark in Mark.objects.filter(touchpoint_id="till:1") if contesting.is_strike(mark))

    contesting.contest("till:1", strike.mark, customer, by=agent, now=house.now, reason="it was the address")
    assert asked.index("user:1") == pytest.approx(first, abs=1e-9)  # it counts until it is decided
    contesting.decide("till:1", strike.mark, customer, "upheld", by=lead, now=house.now, reason="it was late")
    assert asked.index("user:1") == pytest.approx(first, abs=1e-9)
    house.now += timedelta(minutes=1)
    healing.confirm("till:1", customer, by=agent, now=house.now, reason="money back")
    house.now += timedelta(minutes=1)
    healed = asked.index("user:1")
    assert healed > first

    promised = Promised("callback", due_at=house.now + DAY)
    made = promising.make(customer, promised, by=agent, now=house.now)
    open_ = asked.index("user:1")
    assert open_ == pytest.approx(healed, abs=0.01)
    house.now += 2 * DAY  # nobody does anything, and nothing waits to be derived
    assert not Stale.objects.exists()
    broken = asked.index("user:1")
    assert broken < open_ - 1
    assert Promise.objects.get(pk=made.pk).settled_at is None

    together = claiming.merge("user:1", "user:2", by=agent, now=house.now, reason="same address, said so")
    joined = asked.index("user:1")
    assert joined == pytest.approx(asked.index("user:2"), abs=1e-9)
    assert min(abs(joined - broken), abs(joined - second)) > 0.1
    claiming.unmerge(together, by=agent, now=house.now, reason="a neighbour")
    assert asked.index("user:1") == pytest.approx(broken, abs=1e-9)
    assert asked.index("user:2") < 50
