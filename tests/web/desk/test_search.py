"""Who is calling: found by whatever is typed, led to by whatever a telephone shows, begun where nobody is known."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from collage_web.actions import introducing, welcoming
from collage_web.actions.naming import named
from collage_web.bridge.due import due
from collage_web.bridge.found import found
from collage_web.desk.opened import opened, remember
from collage_web.records.models import (
    AuditEntry,
    Claim,
    Colleague,
    Company,
    Consent,
    Identifier,
    Promise,
    Role,
    Score,
    Source,
    Trait,
)
from tests.web.conftest import NOW, House, touchpoint

PASSWORD = "correct horse battery staple"  # noqa: S105  # of nobody
NUMBER = "phone:+4930123456"


@pytest.fixture
def as_(settings: Any) -> Callable[..., Client]:
    """Return a client that is logged in by role; None: an outsider."""
    settings.COLLAGE_SECOND_FACTOR_ROLES = frozenset()

    def logged_in(role: str | None, department: str = "") -> Client:
        client = Client()
        if role is not None:
            client.force_login(
                colleague(role, department), backend="allauth.account.auth_backends.AuthenticationBackend"
            )
        return client

    return logged_in


def colleague(role: str, department: str = "") -> Colleague:
    there = Colleague.objects.filter(email=f"{role}@example.org").first()
    return there or welcoming.admit(
        f"{role}@example.org", role, role, PASSWORD, department=department, by=None, now=NOW
    )


@pytest.fixture
def people(house: House) -> dict[str, str]:
    """Let three be known, and return their ids by what they are called."""
    house.send(
        touchpoint(1, "user:4711", issue_id="order-77", wait_s=400),
        touchpoint(2, NUMBER, wait_s=400),
        touchpoint(3, "email:karl.berg@example.org", issue_id="till:88"),
        touchpoint(4, "phone:+4989123456"),
    )
    house.digest()
    called = {"user:4711": "Anna Müller", NUMBER: "Karla Berg", "email:karl.berg@example.org": "Karl Berg"}
    for identifier, name in called.items():
        Trait.objects.create(identifier=identifier, name="name", value=name, said_at=NOW)
    named(called)
    return {name: whose(identifier) for identifier, name in called.items()} | {"nobody": whose("phone:+4989123456")}


def whose(identifier: str) -> str:
    return Identifier.objects.get(value=identifier).customer


# ---- what is typed


@pytest.mark.parametrize(
    ("asked", "who", "why"),
    [
        ("+49 (0)30 123456", "Karla Berg", "identifier"), ("0049 30 12 34 56", "Karla Berg", "identifier"),
        ("tel:+4930123456", "Karla Berg", "identifier"), ("030 123456", "Karla Berg", "phone"),
        ("4711", "Anna Müller", "identifier"), ("user:4711", "Anna Müller", "identifier"),
        ("KARL.BERG@example.org", "Karl Berg", "identifier"), ("karl.b", "Karl Berg", "mail"),
        ("order-77", "Anna Müller", "issue"), ("88", "Karl Berg", "issue"),
        ("Anna Müller", "Anna Müller", "name"), ("mueller anna", "Anna Müller", "name"),
        ("Muler Ana", "Anna Müller", "name"), ("ANNA MULLER", "Anna Müller", "name"), ("mül", "Anna Müller", "name"),
        ("Karla Brg", "Karla Berg", "name"),
    ],
)  # fmt: skip
def test_a_customer_is_found_by_whatever_is_known(people: dict[str, str], asked: str, who: str, why: str) -> None:
    hits = found(asked, region=None)
    assert (hits[0].customer, hits[0].why) == (people[who], why)
    assert hits[0].name == who


def test_a_customer_is_found_by_their_id(people: dict[str, str]) -> None:
    (hit,) = found(people["Karl Berg"], region=None)
    assert (hit.name, hit.why, hit.sure) == ("Karl Berg", "id", True)


def test_a_number_dialled_within_the_country_is_known_where_the_country_is(people: dict[str, str]) -> None:
    (hit,) = found("030 / 123456", region="DE")
    assert (hit.customer, hit.sure) == (people["Karla Berg"], True)
    both = found("123456", region=None)
    assert {hit.customer for hit in both} == {people["Karla Berg"], people["nobody"]}
    assert {hit.sure for hit in both} == {False}


@pytest.mark.parametrize(
    "asked", ["", "  ", "xyqwvu", "999", "%", "_", "phone:", "'; DROP", "\u0000", "a" * 5000, "::"]
)
def test_what_means_nobody_finds_nobody(people: dict[str, str], asked: str) -> None:  # noqa: ARG001  # who are there
    assert found(asked, region="DE") == []


def test_no_more_than_twenty_are_told_and_the_likeliest_first(house: House) -> None:
    house.send(*(touchpoint(n, f"user:{n}") for n in range(30)))
    house.digest()
    for n in range(30):
        name = "Anna Müller" if n == 17 else f"Hanna Müller{'s' * (n % 2)}"
        Trait.objects.create(identifier=f"user:{n}", name="name", value=name, said_at=NOW)
    named([f"user:{n}" for n in range(30)])
    hits = found("anna muller", region=None)
    assert hits[0].name == "Anna Müller"
    assert found("müller", region=None)[0].name in {"Anna Müller", "Hanna Müller"}
    assert len(found("hanna", region=None)) == 20


def test_whoever_objects_to_being_scored_has_no_index_in_a_list(people: dict[str, str]) -> None:
    (hit,) = found("4711", region=None)
    score = Score.objects.get(customer=people["Anna Müller"])
    assert (hit.index, hit.evidence, hit.last_at) == (score.index, score.evidence, score.last_touchpoint_at)
    assert hit.at == score.at
    Consent.objects.create(identifier="user:4711", purpose="scoring", given=False, at=NOW)
    (hit,) = found("4711", region=None)
    assert (hit.index, hit.evidence, hit.last_at) == (None, None, score.last_touchpoint_at)


@pytest.mark.parametrize("asked", ["anna müller", "4711", "030 123456", "karl", "nobody at all"])
def test_a_search_asks_the_database_few_questions(
    people: dict[str, str],  # noqa: ARG001  # who are there
    as_: Callable[..., Client],
    asked: str,
) -> None:
    client = as_("agent")
    with CaptureQueriesContext(connection) as asks:
        client.post("/desk/find", {"q": asked}, headers={"HX-Request": "true"})
    assert len(asks) <= 18, [each["sql"] for each in asks]


# ---- the box


def test_the_one_who_is_meant_is_opened_and_several_are_listed(
    people: dict[str, str], as_: Callable[..., Client]
) -> None:
    client = as_("agent")
    answer = client.post("/desk/find", {"q": "4711"})
    assert (answer.status_code, answer["Location"]) == (303, f"/desk/c/{people['Anna Müller']}")
    page = client.post("/desk/find", {"q": "Karl"}).content.decode()
    assert re.findall(r'href="/desk/c/(\w+)"', page) == [people["Karl Berg"], people["Karla Berg"]]
    assert client.get("/desk/find?q=4711")["Location"] == "/desk/"
    assert client.post("/desk/find", {"q": "  "})["Location"] == "/desk/"


def test_a_list_for_the_box_is_no_whole_page(people: dict[str, str], as_: Callable[..., Client]) -> None:
    part = as_("agent").post("/desk/find", {"q": "4711"}, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert f'href="/desk/c/{people["Anna Müller"]}"' in part
    assert 'data-asked="4711"' in part


def test_every_page_of_whoever_may_see_customers_has_the_box_and_no_others(
    house: House,  # noqa: ARG001  # for its database
    as_: Callable[..., Client],
) -> None:
    for role, path in (("agent", "/accounts/password/change/"), ("admin", "/sources/"), ("agent", "/desk/")):
        page = as_(role).get(path).content.decode()
        assert page.count("data-search") == 1, path
        assert 'method="post" action="/desk/find"' in page
    assert "data-search" not in as_("analyst").get("/sources/").content.decode()
    assert "data-search" not in as_(None).get("/accounts/login/").content.decode()


def test_what_is_typed_is_shown_as_text(house: House, as_: Callable[..., Client]) -> None:  # noqa: ARG001  # as above
    bad = '"><script>alert(1)</script>'
    for more in ({}, {"HX-Request": "true"}):
        page = as_("agent").post("/desk/find", {"q": bad}, headers=more).content.decode()
        assert "<script>alert" not in page
    client = as_("agent")
    assert client.post("/desk/who", {"name": bad}).status_code == 303
    assert "<script>alert" not in client.get("/desk/who").content.decode()


# ---- what a telephone shows


@pytest.mark.parametrize(
    "query",
    ["phone=%2B4930123456", "phone=+4930123456", "phone=0049%2030%20123456", "email=x@example.org&phone=%2B4930123456"],
)
def test_a_telephone_that_asks_by_address_is_led_to_the_customer(
    people: dict[str, str], as_: Callable[..., Client], query: str
) -> None:
    answer = as_("agent").get(f"/desk/who?{query}")
    assert (answer.status_code, answer["Location"]) == (303, f"/desk/c/{people['Karla Berg']}")
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer["Cache-Control"]


def test_a_page_that_has_read_the_fragment_asks_by_its_body(people: dict[str, str], as_: Callable[..., Client]) -> None:
    client = as_("agent")
    page = client.get("/desk/who").content.decode()
    assert "data-from-address" in page
    answer = client.post("/desk/who", {"phone": "+4930123456"})
    assert (answer.status_code, answer["Location"]) == (303, f"/desk/c/{people['Karla Berg']}")


def test_an_unknown_number_goes_by_the_session_and_is_begun_by_one_key(
    people: dict[str, str],  # noqa: ARG001  # who are there
    as_: Callable[..., Client],
) -> None:
    client = as_("agent")
    answer = client.get("/desk/who?phone=%2B4930999999&name=Eva+Stern")
    assert (answer.status_code, answer["Location"]) == (303, "/desk/who")
    page = client.get("/desk/who").content.decode()
    assert "Nobody is known as this" in page
    assert re.search(r'name="identifier" value="\+4930999999"', page)
    assert re.search(r'name="name" value="Eva Stern"', page)
    assert re.search(r'<button[^>]*data-key="n"', page)
    assert "4930999999" not in client.get("/desk/who").content.decode()  # it is shown once


def test_several_who_may_be_calling_are_listed_and_a_name_alone_opens_nobody(
    people: dict[str, str], as_: Callable[..., Client]
) -> None:
    client = as_("agent")
    for asked, n in (({"phone": "123456"}, 2), ({"name": "Anna Müller"}, 1)):
        assert client.post("/desk/who", asked)["Location"] == "/desk/who"
        page = client.get("/desk/who").content.decode()
        assert len(set(re.findall(r'href="/desk/c/(\w+)"', page))) == n
    assert people["Anna Müller"] in page


def test_an_outsider_is_told_nothing_and_leaves_nothing_in_an_address(
    people: dict[str, str],  # noqa: ARG001  # as above
    as_: Callable[..., Client],
) -> None:
    for role in (None, "analyst"):
        client = as_(role)
        answer = client.get("/desk/who?phone=%2B4930123456")
        assert (answer.status_code, answer["Location"], answer["Referrer-Policy"]) == (303, "/desk/who", "no-referrer")
        assert client.get("/desk/who").status_code == 403
        assert "4930123456" not in client.get("/desk/who").content.decode()
        for path in ("/desk/find", "/desk/who", "/desk/new"):
            assert client.post(path, {"q": "4711", "phone": "4711", "identifier": "user:4711"}).status_code == 403


# ---- whoever is not known yet


def test_a_customer_is_begun_and_there_at_once(house: House, as_: Callable[..., Client]) -> None:  # noqa: ARG001  # for its database
    Company.objects.create(pk=1, region="DE")
    answer = as_("agent").post("/desk/new", {"identifier": "030 999999", "name": " Eva  Stern "})
    customer = whose("phone:+4930999999")
    assert (answer.status_code, answer["Location"]) == (303, f"/desk/c/{customer}")
    (hit,) = found("stern eva", region=None)
    assert (hit.customer, hit.name, hit.index, hit.last_at) == (customer, "Eva Stern", None, None)
    assert found("999999", region=None)[0].customer == customer
    told = AuditEntry.objects.get(verb="customer.introduce")
    assert (told.subject, told.details) == (f"customer {customer}", {"named": True})
    assert Trait.objects.get().by == Colleague.objects.get(role=Role.AGENT)


def test_whoever_is_known_is_not_begun_again(people: dict[str, str], as_: Callable[..., Client]) -> None:
    before = AuditEntry.objects.count(), Trait.objects.count()
    client = as_("agent")
    before = AuditEntry.objects.count(), Trait.objects.count()
    answer = client.post("/desk/new", {"identifier": "+49 30 123456", "name": "Somebody Else"})
    assert answer["Location"] == f"/desk/c/{people['Karla Berg']}"
    assert (AuditEntry.objects.count(), Trait.objects.count()) == before


def test_a_customer_is_begun_while_claims_wait_that_part_others(house: House, as_: Callable[..., Client]) -> None:
    house.send(touchpoint(1, "user:1"), touchpoint(2, "user:2"))
    house.digest()
    for n, user in enumerate(("user:1", "user:2")):
        Claim.objects.create(claim_id=f"c{n}", one=NUMBER, other=user, source="crm", confidence=1.0, claimed_at=NOW)
    answer = as_("agent").post("/desk/new", {"identifier": NUMBER.removeprefix("phone:"), "name": "Erika Muster"})
    assert answer.status_code == 303
    assert answer["Location"].endswith(f"/desk/c/{whose(NUMBER)}")


@pytest.mark.parametrize("typed", ["Eva Stern", "4711", "030 999999", "x" * 199 + "@example.org"])
def test_what_is_no_identifier_begins_nobody_and_says_what_would(
    house: House,  # noqa: ARG001  # as above
    as_: Callable[..., Client],
    typed: str,
) -> None:
    page = as_("agent").post("/desk/new", {"identifier": typed})
    assert page.status_code == 200
    assert 'class="errorlist"' in page.content.decode()
    assert not Identifier.objects.exists()


def test_a_touchpoint_that_comes_later_is_of_the_customer_who_was_begun(house: House) -> None:
    customer, is_new = introducing.introduce(
        "eva@example.org", "", region=None, by=colleague("agent"), clock=house.clock, chance=random.Random(1)
    )
    assert is_new
    house.send(touchpoint(1, "email:Eva@Example.org"))
    house.digest()
    assert whose("email:eva@example.org") == customer
    assert Score.objects.get().customer == customer


# ---- the first page


def promise(number: int, hours: float, department: str = "Care", **more: Any) -> None:
    now = datetime.now(UTC)
    Promise.objects.create(
        promise_id=str(number), identifier="user:4711", kind="callback", department=department,
        made_at=now - timedelta(days=30), due_at=now + timedelta(hours=hours), **more,
    )  # fmt: skip


def test_what_is_due_now_is_told_to_the_department_that_promised_it(people: dict[str, str]) -> None:
    now = datetime.now(UTC)
    promise(1, 5)
    promise(2, -30)
    promise(3, 30)  # not yet
    promise(4, -15 * 24)  # long ago
    promise(5, 1, settled_at=now, outcome="kept")
    promise(6, 2, "Billing")
    assert [(each.department, each.is_late) for each in due(now=now, department="Care")] == [
        ("Care", True), ("Care", False),
    ]  # fmt: skip
    every = due(now=now, department="")
    assert [each.department for each in every] == ["Care", "Billing", "Care"]
    assert {(each.customer, each.name) for each in every} == {(people["Anna Müller"], "Anna Müller")}


def test_the_first_page_shows_what_is_due_and_who_was_opened_last(
    people: dict[str, str], as_: Callable[..., Client]
) -> None:
    promise(1, 5)
    promise(2, 6, "Billing")
    agent, manager = as_("agent", "Care"), as_("manager", "Care")
    empty = agent.get("/desk/").content.decode()
    assert empty.count("to call back") == 1
    assert "Nobody yet" in empty
    assert manager.get("/desk/").content.decode().count("to call back") == 2
    whose = Colleague.objects.get(email__startswith="agent").pk
    agent.cookies["opened"] = f"{whose}.{people['Karl Berg']}.gone"
    page = agent.get("/desk/").content.decode()
    assert "Nobody yet" not in page
    assert "Karl Berg" in page


def test_the_last_eight_who_were_opened_are_remembered_the_latest_first() -> None:
    request: Any = HttpRequest()
    request.user = Colleague(pk=3)
    for each in [*"abcdefghij", "d", "d"]:
        response = HttpResponse()
        remember(request, response, each)
        request.COOKIES |= {name: cookie.value for name, cookie in response.cookies.items()}
    assert opened(request) == ["d", *"jihgfec"]
    request.user = Colleague(pk=4)
    assert opened(request) == []


def test_a_source_has_a_number_of_its_own_for_matters(people: dict[str, str]) -> None:
    Source.objects.create(name="shop", kind="native", created_at=NOW)
    assert [hit.customer for hit in found("till:88", region=None)] == [people["Karl Berg"]]
