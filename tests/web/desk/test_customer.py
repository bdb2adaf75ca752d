"""The customer's page: what is on it, in which order, who reads what, and that it stays quick."""

from __future__ import annotations

import gzip
import html
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from collage_web.actions import contesting
from collage_web.bridge.whole import Whole, whole
from collage_web.desk import wording
from collage_web.desk.colours import colour
from collage_web.desk.waterfall import NEUTRAL, waterfall
from collage_web.records.models import (
    Colleague,
    Consent,
    Correction,
    Identifier,
    Mark,
    Promise,
    Rating,
    Stale,
    Touchpoint,
    Trait,
)
from tests.web.conftest import House

DAY = timedelta(days=1)
As = Callable[..., Client]


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def as_(settings: Any) -> As:
    """Return a client that is logged in by role and department; None: an outsider."""
    settings.COLLAGE_SECOND_FACTOR_ROLES = frozenset()

    def logged_in(role: str | None, department: str = "Care") -> Client:
        client = Client()
        if role is not None:
            more = {"name": role, "role": role, "department": department}
            who, _ = Colleague.objects.get_or_create(email=f"{role}.{department}@example.org".lower(), defaults=more)
            client.force_login(who, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return logged_in


@pytest.fixture
def agent(as_: As) -> Client:
    return as_("agent")


def told(number: int | str, kind: str = "contact.answered", *, days: float = 1.0, **more: Any) -> dict[str, Any]:
    at = (now() - days * DAY).isoformat()
    return {"touchpoint_id": str(number), "identifier": "user:1", "kind": kind, "occurred_at": at, **more}


def lived(house: House, *touchpoints: dict[str, Any]) -> str:
    """Send touchpoints, derive, and return the id of the customer."""
    house.now = now()
    house.send(*touchpoints)
    house.digest()
    return Identifier.objects.get(value="user:1").customer


def promised(number: int, *, due: timedelta, made: timedelta = -2 * DAY, **more: Any) -> Promise:
    at = now()
    known = {"promise_id": f"desk:{number}", "identifier": "user:1", "kind": "callback", "department": "Care"}
    return Promise.objects.create(**{**known, **more}, made_at=at + made, due_at=at + due)


def text_of(answer: Any) -> str:
    """Return what a page says, without its tags."""
    body = re.sub(r"(?s)<(head|script|svg|dialog)\b.*?</\1>", " ", answer.content.decode())
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def rows_of(answer: Any) -> list[str]:
    """Return the keys of the instances on a page, in their order."""
    return re.findall(r'<a class="open" href="/desk/c/\w+/i/([^"]+)"', answer.content.decode())


def whole_of(customer: str) -> Whole:
    found = whole(customer, at=now())
    assert found is not None
    return found


# ---- who it is, and what is first


def test_the_page_says_who_it_is_what_they_remember_and_what_we_owe(house: House, agent: Client) -> None:
    customer = lived(
        house,
        told(1, "order.placed", days=9, amount=4886, currency="EUR", department="Shop", channel="web"),
        told(2, "delivery.arrived", days=5, late_s=3 * 86_400, department="Logistics"),
        told(3, wait_s=840, days=2, department="Care", channel="phone"),
    )
    promised(1, due=timedelta(hours=-3))
    promised(2, due=timedelta(hours=5), kind="refund", department="Billing")
    Trait.objects.create(identifier="user:1", name="name", value="Ada Byron", said_at=now())
    Trait.objects.create(identifier="user:1", name="channel", value="chat", said_at=now())
    answer = agent.get(f"/desk/c/{customer}")
    page = text_of(answer)
    standing = whole_of(customer).standing
    assert standing is not None
    assert "<h1>Ada Byron</h1>" in answer.content.decode()
    assert f"Why {round(standing.index)}?" in page
    order = ["to call back since", "to pay back by", "A delivery came 3 days late".lower(), "chat"]
    places = [page.lower().index(words) for words in order]
    assert places == sorted(places)
    assert "waited 14 min for an answer" in page
    assert "Ada" not in answer.content.decode().partition("<title>")[2].partition("</title>")[0]


def test_without_a_name_it_is_what_a_person_would_recognise_first(house: House, agent: Client) -> None:
    customer = lived(house, told(1), told(2, identifier="email:ada@example.org"))
    Identifier.objects.filter(value="email:ada@example.org").update(customer=customer)
    assert '<h1 class="bare">ada@example.org</h1>' in agent.get(f"/desk/c/{customer}").content.decode()
    assert (
        f'<a href="/desk/c/{customer}">ada@example.org</a>' in agent.get(f"/desk/c/{customer}/record").content.decode()
    )


def test_a_customer_of_whom_nothing_is_known_has_a_page_that_says_what_to_do(house: House, agent: Client) -> None:
    house.now = now()
    Identifier.objects.create(value="user:1", home="abc", customer="abc", created_at=now())
    page = text_of(agent.get("/desk/c/abc"))
    assert "Nothing is recorded yet" in page
    assert "Record it" in page
    assert "Why" not in page


def test_a_page_brings_what_has_arrived_up_to_date_before_it_is_shown(house: House, agent: Client) -> None:
    customer = lived(house, told(1))
    house.send(told(2, "complaint.filed", days=0.1))
    assert "complained" in text_of(agent.get(f"/desk/c/{customer}"))
    assert not Stale.objects.exists()


def test_while_the_worker_holds_on_the_page_says_that_it_may_be_old(
    house: House, agent: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from collage_web.actions.deriving import NAME
    from collage_web.actions.leasing import turn

    customer = lived(house, told(1))
    house.send(told(2))
    for patience in ("_PATIENCE_S", "_OTHERS_S", "_WORKER_S"):
        monkeypatch.setattr(f"collage_web.actions.catching_up.{patience}", 0.0)
    with turn(NAME, clock=now):
        assert "may be some seconds old" in text_of(agent.get(f"/desk/c/{customer}"))
    assert "may be some seconds old" not in text_of(agent.get(f"/desk/c/{customer}"))


def test_who_turned_out_to_be_somebody_else_is_led_to_them(house: House, agent: Client) -> None:
    customer = lived(house, told(1), told(2, identifier="user:2"))
    other = Identifier.objects.get(value="user:2")
    Identifier.objects.filter(pk=other.pk).update(customer=customer)
    answer = agent.get(f"/desk/c/{other.home}")
    assert (answer.status_code, answer["Location"]) == (302, f"/desk/c/{customer}")
    assert agent.get("/desk/c/nobody").status_code == 404


def test_an_analyst_and_an_outsider_never_see_it(house: House, as_: As) -> None:
    customer = lived(house, told(1))
    for way in ("", "/instances", "/i/t1"):
        assert as_("analyst").get(f"/desk/c/{customer}{way}").status_code == 403
        assert as_(None).get(f"/desk/c/{customer}{way}").status_code in {302, 403}


# ---- the time line


def test_instances_are_the_newest_first_and_fifty_at_once(house: House, agent: Client) -> None:
    customer = lived(house, *(told(number, "page.viewed", days=number) for number in range(1, 121)))
    numbers = dict(Touchpoint.objects.values_list("touchpoint_id", "id"))
    every = [f"t{numbers[f'till:{number}']}" for number in range(1, 121)]
    first = agent.get(f"/desk/c/{customer}")
    assert rows_of(first) == every[:50]
    (more,) = re.findall(r'hx-get="(/desk/c/\w+/instances\?[^"]+)" hx-target="closest .more"', first.content.decode())
    second = agent.get(more, headers={"HX-Request": "true"})
    assert rows_of(second) == every[50:100]
    assert b"<h1" not in second.content
    assert rows_of(agent.get(f"/desk/c/{customer}/instances?before={every[99]}")) == every[100:]
    assert "What was before" not in text_of(agent.get(f"/desk/c/{customer}/instances?before={every[99]}"))


def test_what_happened_at_the_same_moment_is_neither_lost_nor_shown_twice(house: House, agent: Client) -> None:
    customer = lived(house, told(0))
    at = now() - DAY
    for number in range(60):
        Touchpoint.objects.create(touchpoint_id=f"x:{number}", identifier="user:1", kind="page.viewed", occurred_at=at)
        Rating.objects.create(
            rating_id=f"x:{number}", identifier="user:1", rated_at=at, score=4, scale_low=1, scale_high=5
        )
        Promise.objects.create(
            promise_id=f"x:{number}", identifier="user:1", kind="callback", made_at=at, due_at=at, settled_at=at
        )
    seen: list[str] = []
    before = ""
    for _ in range(9):
        rows = rows_of(agent.get(f"/desk/c/{customer}/instances?before={before}"))
        seen += rows
        if len(rows) < 50:
            break
        before = rows[-1]
    assert len(seen) == len(set(seen)) == 60 + 60 + 2 * 60 + 1


def test_no_promise_is_lost_where_a_page_ends_among_some_of_the_same_moment(house: House, agent: Client) -> None:
    customer = lived(house, told(0))
    at = now() - DAY
    for number in range(60):
        # two rows of each; those of numbers 23 to 26 at one moment, around the end of the first page
        moment = at - timedelta(minutes=23 if 23 <= number <= 26 else number)
        Promise.objects.create(
            promise_id=f"x:{number}", identifier="user:1", kind="callback", made_at=moment, due_at=moment,
            settled_at=moment,
        )  # fmt: skip
    seen: list[str] = []
    way = f"/desk/c/{customer}/instances?show=promises"
    while way:  # as the page leads on
        answer = agent.get(way)
        seen += rows_of(answer)
        found = re.search(r'href="([^"]*before=[^"]*)"', answer.content.decode())
        way = html.unescape(found[1]) if found else ""
    assert len(seen) == len(set(seen)) == 2 * 60


def test_what_can_be_chosen(house: House, agent: Client) -> None:
    customer = lived(
        house,
        told(1, "order.placed", days=3, department="Shop"),
        told(2, wait_s=900, days=2, department="Care"),
        told(3, "feedback.given", days=200, department="Care", text="Where is my parcel?"),
    )
    kept = promised(1, due=-DAY, settled_at=now() - 1.5 * DAY)
    rating = Rating.objects.create(
        rating_id="r",
        identifier="user:1",
        rated_at=now() - DAY,
        score=2,
        scale_low=1,
        scale_high=5,
        comment="Too slow.",
    )
    number = dict(Touchpoint.objects.values_list("touchpoint_id", "id"))
    order, wait, letter = (f"t{number[f'till:{each}']}" for each in (1, 2, 3))

    def chosen(query: str) -> set[str]:
        return set(rows_of(agent.get(f"/desk/c/{customer}/instances?{query}")))

    made, done, rated = f"p{kept.pk}.made", f"p{kept.pk}.kept", f"r{rating.pk}"
    assert chosen("") == {order, wait, letter, made, done, rated}
    assert chosen("show=strikes") == {wait}
    assert chosen("show=promises") == {made, done}
    assert chosen("show=orders") == {order}
    assert chosen("show=said") == {letter, rated}
    assert chosen("department=Care") == {wait, letter, made, done}
    assert chosen("days=30") == {order, wait, made, done, rated}
    assert chosen("mark=long_wait") == {wait}
    assert chosen("show=said&department=Care&days=365") == {letter}
    assert chosen("show=everything&days=9999&before=t0") == chosen("")
    assert "Nothing of this kind" in text_of(agent.get(f"/desk/c/{customer}?show=orders&department=Care"))


def test_a_promise_that_is_still_open_is_not_broken_yet_and_is_broken_when_it_is_due(
    house: House, agent: Client
) -> None:
    customer = lived(house, told(1))
    made = promised(1, due=timedelta(hours=1))
    Stale.objects.create(identifier="user:1")
    assert rows_of(agent.get(f"/desk/c/{customer}?show=promises")) == [f"p{made.pk}.made"]
    Promise.objects.update(due_at=now() - timedelta(minutes=1))
    Stale.objects.create(identifier="user:1")
    answer = agent.get(f"/desk/c/{customer}?show=strikes")
    assert rows_of(answer) == [f"p{made.pk}.broken"]
    assert "we broke a promise" in text_of(answer)


def test_a_text_that_is_sensitive_is_read_by_its_own_department_alone(house: House, as_: As) -> None:
    secret: dict[str, Any] = {"text": "I have been ill.", "properties": {"sensitive": True}, "department": "Care"}
    customer = lived(house, told(1, "message.received", **secret))
    key = f"t{Touchpoint.objects.get().pk}"
    for way in ("", "/instances", f"/i/{key}", "?show=said"):
        assert "I have been ill." in as_("agent", "Care").get(f"/desk/c/{customer}{way}").content.decode()
        for role, department in (("agent", "Billing"), ("manager", ""), ("admin", "Sales")):
            page = as_(role, department).get(f"/desk/c/{customer}{way}").content.decode()
            assert "ill" not in re.findall(r"\w+", page), (way, role)
            assert "a text that only Care reads" in page


def test_who_objects_to_being_scored_keeps_the_time_line_and_has_no_index(house: House, agent: Client) -> None:
    customer = lived(house, told(1, wait_s=900, days=2), told(2, "order.placed", days=1))
    key = f"t{Touchpoint.objects.get(touchpoint_id='till:1').pk}"
    assert "strike" in agent.get(f"/desk/c/{customer}").content.decode()
    Consent.objects.create(identifier="user:1", purpose="scoring", given=False, at=now())
    for way in ("", "?show=strikes", "/instances", f"/i/{key}"):
        answer = agent.get(f"/desk/c/{customer}{way}")
        body = answer.content.decode()
        assert answer.status_code == 200
        assert not re.search(r'class="(strike|credit)"|class="ring|id="why"|show=strikes|half-life', body), way
    page = agent.get(f"/desk/c/{customer}")
    assert len(rows_of(page)) == 2
    assert "They object to being scored" in text_of(page)


# ---- why


def test_the_steps_of_the_waterfall_lead_from_neutral_to_the_index(house: House) -> None:
    kinds = ["order.failed", "payment.failed", "goods.damaged", "goods.wrong", "complaint.filed", "search.failed"]
    kinds += ["coupon.refused", "product.fault", "visit.missed", "order.placed", "help.not_found", "price.raised"]
    customer = lived(house, *(told(n, kind, days=n + 1, department=f"D{n}") for n, kind in enumerate(kinds)))
    of = whole_of(customer)
    assert of.standing is not None
    fall = waterfall(of.reasons.groups(), of.standing.index)
    assert len(fall.steps) == 9
    assert fall.steps[-1].group is None
    assert sum(each.n for each in fall.steps) == len(of.reasons)
    at = NEUTRAL
    for step in fall.steps:
        assert step.start == pytest.approx(at)
        at += step.points
        assert step.end == pytest.approx(at)
        assert 0 <= step.x <= step.x + step.width <= 101
    assert at == pytest.approx(of.standing.index)
    sizes = [abs(step.points) for step in fall.steps[:-1]]
    assert sizes == sorted(sizes, reverse=True)


def test_the_page_shows_the_steps_and_the_figures(house: House, agent: Client) -> None:
    customer = lived(house, told(1, wait_s=900, days=2, department="Care"), told(2, wait_s=600, department="Care"))
    answer = agent.get(f"/desk/c/{customer}")
    body, of = answer.content.decode(), whole_of(customer)
    assert of.standing is not None
    assert body.count("<rect ") == 1  # both waits are one step
    assert f"/desk/c/{customer}?mark=long_wait#line" in body
    assert "n = 2 marks" in text_of(answer)


def test_a_department_has_one_colour_and_usual_ones_have_different_ones() -> None:
    names = ["Shop", "Logistics", "Care", "Service", "Billing", "Sales", "Support", "Marketing"]
    assert len({colour(each) for each in names}) == len(names)
    assert (colour(None), colour("")) == ("", "")


# ---- one instance


def test_a_strike_looked_at_says_what_it_weighs_whose_it_is_and_which_rule_made_it(house: House, agent: Client) -> None:
    customer = lived(house, told(1, wait_s=840, days=2, department="Care", channel="phone", agent="kim"))
    of = whole_of(customer)
    assert of.standing is not None
    key = f"t{Touchpoint.objects.get().pk}"
    for headers, alone in (({}, True), ({"HX-Request": "true"}, False)):
        answer = agent.get(f"/desk/c/{customer}/i/{key}", headers=headers)
        page = text_of(answer)
        assert ("<main" in answer.content.decode()) is alone
        for words in ("waited 14 min for an answer", "half-life 21 days", "too few of us", "kim", "contact.answered"):
            assert words in page
        assert f"{of.standing.index:.1f} with it, 50.0 without" in page
        assert "What is wrong with it?" in page
        assert "It was made good" in page
    assert agent.get(f"/desk/c/{customer}/i/t999999").status_code == 404
    assert agent.get(f"/desk/c/{customer}/i/nonsense").status_code == 404


def test_an_instance_of_somebody_else_is_not_found_under_a_customer(house: House, agent: Client) -> None:
    customer = lived(house, told(1), told(2, identifier="user:2"))
    number = Touchpoint.objects.get(touchpoint_id="till:2").pk
    assert agent.get(f"/desk/c/{customer}/i/t{number}").status_code == 404


def test_what_came_again_leads_to_what_was_before(house: House, agent: Client) -> None:
    customer = lived(
        house,
        told(1, "issue.resolved", days=3, issue_id="i", contact_id="a"),
        told(2, days=2, issue_id="i", contact_id="b"),
    )
    key = {each: f"t{pk}" for each, pk in Touchpoint.objects.values_list("touchpoint_id", "id")}
    assert Mark.objects.get(mark="came_back").about == "till:1"
    page = agent.get(f"/desk/c/{customer}/i/{key['till:2']}").content.decode()
    assert f'href="/desk/c/{customer}/i/{key["till:1"]}"' in page


def test_contested_and_struck_out_are_said_and_only_who_may_decides(house: House, as_: As) -> None:
    customer = lived(house, told(1, wait_s=840, days=2, department="Care"))
    key = f"t{Touchpoint.objects.get().pk}"
    lead, agent = as_("lead", "Care"), as_("agent", "Care")
    by = Colleague.objects.get(role="agent")
    contesting.contest("till:1", "long_wait", customer, by=by, now=now(), reason="It was the network.")
    seen = [text_of(each.get(f"/desk/c/{customer}/i/{key}")) for each in (agent, lead, as_("lead", "Billing"))]
    assert ["It stays" in each for each in seen] == [False, True, False]
    assert all("It was the network." in each and "contested" in each for each in seen)
    assert "contested" in text_of(agent.get(f"/desk/c/{customer}"))
    who = Colleague.objects.get(email="lead.care@example.org")
    contesting.decide("till:1", "long_wait", customer, "struck_out", by=who, now=now(), reason="It was.")
    page = text_of(agent.get(f"/desk/c/{customer}"))
    assert "struck out" in page
    assert Correction.objects.filter(withdrawn_at=None).count() == 2
    standing = whole_of(customer).standing
    assert standing is not None
    assert standing.index == pytest.approx(50)


def test_what_was_made_good_is_said(house: House, agent: Client) -> None:
    customer = lived(
        house, told(1, "goods.damaged", days=3, issue_id="i"), told(2, "recovery.confirmed", days=2, issue_id="i")
    )
    answer = agent.get(f"/desk/c/{customer}")
    assert "healed" in text_of(answer)
    assert "we made it good: got something damaged" in text_of(answer)


# ---- words


def test_every_kind_we_know_has_words_of_its_own() -> None:
    from collage.touchpoints import KINDS

    assert KINDS - set(wording.HAPPENED) == set()
    assert wording.happened("robot.greeted_them") == "robot greeted them"


def test_figures_are_told_as_people_say_them() -> None:
    row = {"kind": "delivery.arrived", "late_s": 3 * 86_400.0, "amount": 4886, "currency": "EUR", "wait_s": 840.0}
    with translation.override("en"):
        assert wording.details(row) == ["48.86 EUR", "waited 14 min", "3 days late"]
        assert wording.details({"kind": "delivery.arrived", "late_s": -60.0, "outcome": "on_time"}) == ["on time"]
        assert wording.details({"kind": "issue.resolved", "outcome": "resolved"}) == []


def test_a_text_of_a_customer_is_a_text_and_nothing_else(house: House, agent: Client) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    customer = lived(
        house,
        told(1, "message.received", text=evil, department=evil, channel=evil, agent=evil, issue_id=evil),
        told(2, "evil.kind", text=evil),
    )
    Trait.objects.create(identifier="user:1", name="name", value=evil, said_at=now())
    key = f"t{Touchpoint.objects.get(touchpoint_id='till:1').pk}"
    for way in ("", "/instances", f"/i/{key}", f"?department={evil}"):
        page = agent.get(f"/desk/c/{customer}{way}").content.decode()
        assert "<script>alert" not in page
        assert "<img" not in page.replace('<img src="/static/design/collage.svg"', "")


# ---- quick


def test_a_page_of_a_long_life_is_small_and_asks_little(
    house: House, agent: Client, django_assert_max_num_queries: Any
) -> None:
    kinds = ["contact.answered", "order.placed", "delivery.arrived", "message.received", "complaint.filed"]
    customer = lived(
        house,
        *(
            told(
                n, kinds[n % 5], days=n / 10 + 0.1, wait_s=900, late_s=90_000, department=f"D{n % 7}", text="Hm. " * 40
            )
            for n in range(400)
        ),
    )
    for number in range(20):
        promised(number, due=number * DAY, made=-30 * DAY)
    Stale.objects.all().delete()
    with django_assert_max_num_queries(15):
        answer = agent.get(f"/desk/c/{customer}")
    assert len(rows_of(answer)) == 50
    assert len(gzip.compress(answer.content)) < 200_000
    with django_assert_max_num_queries(15):
        agent.get(f"/desk/c/{customer}/instances?show=strikes&department=D1", headers={"HX-Request": "true"})
    with django_assert_max_num_queries(20):
        agent.get(f"/desk/c/{customer}/i/t{Touchpoint.objects.first().pk}")  # type: ignore[union-attr]  # there are 400


def test_nothing_of_a_customer_is_kept_by_the_browser_or_stands_in_an_address(house: House, agent: Client) -> None:
    customer = lived(house, told(1, identifier="user:1", text="My number is 030 1234"))
    answer = agent.get(f"/desk/c/{customer}")
    assert "no-store" in answer["Cache-Control"]
    links = re.findall(r'(?:href|action|hx-get)="([^"]+)"', answer.content.decode())
    assert not [each for each in links if "user" in each or "1234" in each]
    assert json.loads(json.dumps(links))
