"""A house with a desk for tests in a browser: who serves there, who is served, and a page of whoever is at work."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from collage_web.actions import claiming, contesting, promising
from collage_web.actions.identifying import touched
from collage_web.actions.naming import named
from collage_web.bridge.whole import Whole, whole
from collage_web.records.models import (
    Colleague,
    Company,
    Consent,
    Identifier,
    Mark,
    Promise,
    Rating,
    Role,
    Touchpoint,
    Trait,
)
from tests.browser.test_board import Board, now
from tests.browser.test_login import opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = [
    "HERS",
    "HIS",
    "KNOWN",
    "OTHER",
    "Desk",
    "key_of",
    "owed",
    "peopled",
    "refunded",
    "somebody",
    "strike_of",
    "within",
    "working",
]

KNOWN, OTHER = "phone:+4930123456", "phone:+4930999888"
HERS, HIS = "Erika Muster", "Max Mustermann"
_DAY = timedelta(days=1)


@dataclass
class Desk:
    """What happens in the house, and how its customers stand."""

    board: Board

    @property
    def live(self) -> str:
        return self.board.live

    def send(self, *rows: dict[str, Any]) -> None:
        """Let things happen, and have them digested."""
        if rows:
            self.board.house.send(*rows)
        self.board.house.now = now()
        self.board.house.digest()

    def of(self, identifier: str, *, at: datetime) -> Whole:
        """Return a customer as they stand."""
        found = whole(self.customer(identifier), at=at)
        assert found is not None
        return found

    def index(self, identifier: str, *, at: datetime) -> float:
        standing = self.of(identifier, at=at).standing
        assert standing is not None
        return standing.index

    @staticmethod
    def customer(identifier: str) -> str:
        return Identifier.objects.get(value=identifier).customer

    def path(self, identifier: str) -> str:
        return f"/desk/c/{self.customer(identifier)}"


def somebody(role: Role, name: str, department: str = "Care", agent: str = "") -> Colleague:
    """Return a colleague, who is there already or begins now."""
    more = {"name": name, "role": role, "department": department, "agent": agent}
    found: Colleague = Colleague.objects.get_or_create(email=f"{name.lower()}@example.org", defaults=more)[0]
    return found


@contextmanager
def working(desk: Desk, browser: Browser, who: Colleague) -> Iterator[Page]:
    """Open a page for somebody; its console says nothing but what answers are refused."""
    said: list[str] = []
    with opened(browser, said, viewport={"width": 1280, "height": 800}) as page:
        page.context.add_cookies(desk.board.cookie(who))
        yield page
    assert within(said) == []


def within(said: list[str]) -> list[str]:
    """Return what a console said but of answers that refuse: some pages are about that."""
    return [each for each in said if "status of 403" not in each and "status of 409" not in each]


def told(number: int | str, identifier: str, kind: str = "contact.answered", **more: Any) -> dict[str, Any]:
    at = (now() - timedelta(days=more.pop("days", 1.0))).isoformat()
    return {"touchpoint_id": str(number), "identifier": identifier, "kind": kind, "occurred_at": at, **more}


def peopled(desk: Desk) -> None:
    """Let two customers be known by their phones and names, one with a late parcel and a long wait, one with a wait."""
    Company.objects.create(pk=1, name="Muster AG", zone="Europe/Berlin", region="DE")
    late = {"department": "Logistics", "agent": "joe", "issue_id": "order-1", "late_s": 300_000}
    desk.send(
        told("parcel", KNOWN, "delivery.arrived", channel="post", days=3.0, **late),
        told("wait", KNOWN, channel="phone", department="Care", agent="bo", issue_id="i2", wait_s=840, days=2.0,
             text="third wrong invoice, and nobody answers"),
        told("solved", KNOWN, "issue.resolved", channel="chat", department="Care", issue_id="i3", days=40.0),
        told("ordered", KNOWN, "order.placed", channel="shop", department="Sales", amount=4_990, currency="EUR",
             days=60.0),
        told("other", OTHER, channel="phone", department="Care", issue_id="j1", wait_s=900, days=4.0),
    )  # fmt: skip
    for identifier, name in ((KNOWN, HERS), (OTHER, HIS)):
        Trait.objects.create(identifier=identifier, name="name", value=name, said_at=now())
    named([KNOWN, OTHER])


def key_of(touchpoint: str) -> str:
    """Return how a touchpoint stands in addresses."""
    return f"t{Touchpoint.objects.get(touchpoint_id=f'till:{touchpoint}').pk}"


def strike_of(touchpoint: str) -> Mark:
    return next(each for each in Mark.objects.filter(touchpoint_id=f"till:{touchpoint}") if contesting.is_strike(each))


def owed(desk: Desk, by: Colleague) -> dict[str, str]:
    """Let much have been said and promised; return parts of addresses by what is to be seen there."""
    customer = desk.customer(KNOWN)
    for ago, kind, due in ((20, "callback", 18), (9, "refund", 4), (0, "repair", -2)):
        at = now() - ago * _DAY
        Promise.objects.create(
            promise_id=f"p{ago}", identifier=KNOWN, kind=kind, department="Care", agent="bo", made_at=at,
            due_at=now() - due * _DAY - timedelta(hours=1),
        )  # fmt: skip
    settled = promising.make(customer, promising.Promised("answer", now() + _DAY, "", "Care"), by=by, now=now())
    promising.settle(settled, "kept", by=by, now=now())
    Trait.objects.create(identifier=KNOWN, name="channel", value="chat", said_at=now(), by=by)
    Trait.objects.create(identifier=KNOWN, name="hours", value="mornings, not on Mondays", said_at=now())
    Consent.objects.create(
        identifier=KNOWN, purpose="offers", channel="sms", given=False, basis="on the phone", at=now()
    )
    Rating.objects.create(
        rating_id="r1", identifier=KNOWN, rated_at=now() - 5 * _DAY, score=2, scale_low=1, scale_high=5,
        instrument="csat", channel="email", comment="slow, but friendly", department="Care",
    )  # fmt: skip
    desk.send(
        told("secret", KNOWN, "message.received", channel="email", department="Billing", text="about my illness",
             properties={"sensitive": True}),
        *(told(f"seen{n}", KNOWN, "page.viewed", channel="web", department="Sales", days=70.0 + n) for n in range(60)),
        told("shared", "user:7", wait_s=700, department="Care"), told("bare", "user:8", "page.viewed"),
        told("objects", "user:9", wait_s=700),
    )  # fmt: skip
    Consent.objects.create(identifier="user:9", purpose="scoring", given=False, basis="in a letter", at=now())
    claim = claiming.join(customer, desk.customer("user:7"), by=by, now=now(), reason="she said so")
    Identifier.objects.filter(value="user:7").update(state="contested")
    touched([KNOWN, "user:9"])
    desk.send()
    parcel, wait = strike_of("parcel"), strike_of("wait")
    contesting.contest(parcel.touchpoint_id, parcel.mark, customer, by=by, now=now(), reason="it came in time")
    desk.send()
    numbers = {f"p{ago}": str(Promise.objects.get(promise_id=f"p{ago}").pk) for ago in (20, 9, 0)}
    return {
        **numbers, "settled": str(settled.pk), "claim": str(claim.pk), "contested": parcel.mark, "free": wait.mark,
        "mine": str(Identifier.objects.get(value="user:7").pk),
    }  # fmt: skip


def refunded(desk: Desk, n: int = 12) -> None:
    """Let many wait for their money, ever longer; some waited on the telephone too."""
    chance = random.Random(3)
    rows: list[dict[str, Any]] = []
    for who in range(n):
        whose = {"department": "Billing", "agent": "bo", "channel": "email"}
        rows += [
            told(f"r{who}.{time}", f"user:1{who:02}", "refund.made", late_s=86_400 * (who + 2),
                 issue_id=f"i{who}.{time}", days=chance.uniform(1, 80), **whose)
            for time in range(3)
        ]  # fmt: skip
        rows.append(told(f"w{who}", f"user:1{who:02}", wait_s=400, department="Care", days=chance.uniform(1, 80)))
        rows.append(told(f"s{who}", f"user:1{who:02}", "issue.resolved", department="Care", days=chance.uniform(1, 80)))
    desk.send(*rows)
