"""Who may do what at the desk: every address, every role, and those who have the role and not the right."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver

from collage_web.actions import contesting
from collage_web.records.models import (
    AuditEntry,
    Claim,
    Colleague,
    Consent,
    Correction,
    Identifier,
    Mark,
    Promise,
    Role,
    Touchpoint,
    Trait,
)
from tests.web.conftest import NOW, House, touchpoint

SERVE = {Role.AGENT, Role.LEAD, Role.MANAGER, Role.ADMIN}
DECIDE = {Role.LEAD, Role.MANAGER}
ALLOWED: dict[str, set[Role]] = {
    "desk": SERVE, "find": SERVE, "who": SERVE, "customer_new": SERVE,
    "customer": SERVE, "customer_instances": SERVE, "customer_instance": SERVE,
    "record": SERVE, "take_back": SERVE, "customer_about": SERVE, "customer_consent": SERVE,
    "promise_make": SERVE, "promise_settle": SERVE, "promise_withdraw": SERVE,
    "contest": SERVE, "heal": SERVE, "same_person": SERVE, "apart": SERVE,
    "decide": DECIDE, "contested": DECIDE,
}  # fmt: skip
VERBS = {
    "record", "take_back", "customer_about", "customer_consent", "promise_make", "promise_settle", "promise_withdraw",
    "contest", "decide", "heal", "same_person", "apart",
}  # fmt: skip
WRITTEN = (Touchpoint, Promise, Correction, Claim, Trait, Consent, AuditEntry)
As = Callable[..., Client]


@pytest.fixture
def as_(settings: Any) -> As:
    """Return a client that is logged in by role; None: an outsider."""
    settings.COLLAGE_SECOND_FACTOR_ROLES = frozenset()

    def logged_in(role: str | None, name: str = "", department: str = "Care", agent: str = "") -> Client:
        client = Client()
        if role is not None:
            email = f"{name or role}@example.org"
            more = {"name": name or role, "role": role, "department": department, "agent": agent}
            who, _ = Colleague.objects.get_or_create(email=email, defaults=more)
            client.force_login(who, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return logged_in


@pytest.fixture
def given(house: House) -> dict[str, Any]:
    """What stands in addresses: a customer, the number of a promise, the key of a touchpoint with a strike."""
    house.send(
        touchpoint(1, "user:1", "delivery.arrived", department="Logistics", agent="joe", issue_id="o1", late_s=300_000),
        touchpoint(2, "user:2", "delivery.arrived", department="Logistics", issue_id="o2", late_s=300_000),
    )
    due = NOW + timedelta(days=400_000)  # whatever the clock on the wall says, it is open
    made = Promise.objects.create(
        promise_id="p1", identifier="user:1", kind="callback", made_at=NOW, due_at=min(due, NOW.replace(year=9000))
    )
    house.digest()
    customer = Identifier.objects.get(value="user:1").customer
    mark = next(each for each in Mark.objects.filter(touchpoint_id="till:1") if contesting.is_strike(each))
    row = Touchpoint.objects.get(touchpoint_id="till:1")
    return {
        "customer": customer, "number": made.pk, "key": f"t{row.pk}", "mark": mark.mark,
        "other": Identifier.objects.get(value="user:2").customer,
        "foreign": f"t{Touchpoint.objects.get(touchpoint_id='till:2').pk}",
    }  # fmt: skip


def addresses() -> Iterator[tuple[str, str]]:
    """Yield the name and the pattern of every address of the desk."""
    for each in get_resolver().url_patterns:
        if isinstance(each, URLPattern) and each.callback.__module__.startswith("collage_web.desk"):
            yield str(each.name), str(each.pattern)


def filled(given: dict[str, Any], found: re.Match[str]) -> str:
    return str(given[found[1]])


def address(given: dict[str, Any], pattern: str) -> str:
    return "/" + re.sub(r"<\w+:(\w+)>", partial(filled, given), pattern)


def rows() -> list[int]:
    return [model.objects.count() for model in WRITTEN]


def test_every_address_of_the_desk_is_in_the_table_of_who_may() -> None:
    assert {name for name, _ in addresses()} == set(ALLOWED)
    assert set(ALLOWED) > VERBS


@pytest.mark.parametrize("role", [None, *Role.values])
def test_every_address_lets_in_whom_it_should_and_nobody_else(given: dict[str, Any], as_: As, role: str | None) -> None:
    client, strike = as_(role, department="Logistics"), {"i": given["key"], "mark": given["mark"]}
    for name, pattern in addresses():
        path = address(given, pattern)
        asked = strike if name in VERBS - {"take_back"} else {}
        for answer in (client.get(path, asked), client.post(path, asked)):
            if role in ALLOWED[name]:
                # what is not from the desk is not there to be taken back, and some pages are only looked at
                assert answer.status_code in {200, 302, 303, 405} or (answer.status_code, name) == (404, "take_back"), (
                    name, answer.status_code,
                )  # fmt: skip
            else:
                assert answer.status_code in {403, 404, 405}, (name, role, answer.status_code)


@pytest.mark.parametrize("role", [None, Role.ANALYST])
def test_a_telephone_is_told_nothing_for_whoever_may_not_see(given: dict[str, Any], as_: As, role: str | None) -> None:
    answer = as_(role).get("/desk/who", {"phone": "+4930123456"})
    assert (answer.status_code, answer["Location"]) == (303, "/desk/who")
    assert given["customer"] not in answer["Location"]


@pytest.mark.parametrize("role", [None, Role.ANALYST])
def test_who_may_not_serve_customers_changes_nothing_by_a_form_that_is_right(
    given: dict[str, Any], as_: As, role: str | None
) -> None:
    client, before = as_(role), rows()
    forms: list[dict[str, Any]] = [
        {"what": "note", "text": "x"},
        {"kind": "callback", "due_at": "2900-01-01T10:00"},
        {"outcome": "kept"},
        {"reason": "x", "i": given["key"], "mark": given["mark"]},
        {"reason": "x", "i": given["key"], "mark": given["mark"], "verdict": "struck_out"},
        {"reason": "x", "other_id": given["other"]},
        {"do": "say", "name": "x"},
        {"do": "add", "namespace": "email", "value": "a@example.org", "reason": "x"},
        {"purpose": "offers", "channel": "", "given": "no", "basis": "x"},
    ]
    for name, pattern in addresses():
        if name not in VERBS:
            continue
        for form in forms:
            assert client.post(address(given, pattern), form).status_code in {403, 404}, name
    assert rows() == before


def test_the_row_of_another_customer_is_not_there(given: dict[str, Any], as_: As) -> None:
    client, before = as_(Role.MANAGER), rows()
    theirs = {**given, "customer": given["other"]}
    foreign = {"i": given["key"], "mark": given["mark"], "reason": "x", "verdict": "upheld", "outcome": "kept"}
    for name, pattern in addresses():
        if name in {"promise_settle", "promise_withdraw", "contest", "decide", "heal", "take_back"}:
            path = address(theirs, pattern)
            assert client.get(path, foreign).status_code == 404, name
            assert client.post(path, foreign).status_code == 404, name
    for key in ("", "t", "t0", "x1", "t1.made", "p1", "p1.dropped", f"p{given['number']}.made", "t9" * 30, "t٣"):
        assert client.get(f"/desk/c/{given['customer']}/heal", {"i": key}).status_code in {302, 404}, key
    assert rows() == before


def test_nobody_is_served_under_an_id_that_nobody_has(as_: As, given: dict[str, Any]) -> None:
    client = as_(Role.ADMIN)
    nobody = {**given, "customer": "0" * 20}
    for name, pattern in addresses():
        if "<slug:customer>" in pattern and name != "decide":
            assert client.get(address(nobody, pattern)).status_code == 404, name


@pytest.mark.parametrize(
    ("role", "department", "agent"),
    [
        (Role.LEAD, "Billing", ""),
        (Role.LEAD, "", ""),
        (Role.LEAD, "Logistics", "joe"),
        (Role.MANAGER, "", "joe"),
    ],
)
def test_who_is_of_another_department_or_named_in_the_strike_decides_nothing(
    given: dict[str, Any], as_: As, role: str, department: str, agent: str
) -> None:
    path, which = f"/desk/c/{given['customer']}", {"i": given["key"], "mark": given["mark"]}
    assert as_(Role.AGENT).post(f"{path}/contest", {**which, "reason": "it came in time"}).status_code == 302
    client, before = as_(role, "somebody", department, agent), rows()
    assert client.get(f"{path}/decide", which).status_code == 403
    answer = client.post(f"{path}/decide", {**which, "verdict": "struck_out", "reason": "mine"})
    assert answer.status_code == 403
    assert "ask" in answer.content.decode()
    assert rows() == before
    assert "it came in time" not in client.get("/desk/contested").content.decode()


def test_a_lead_of_the_department_finds_what_is_contested_and_decides(given: dict[str, Any], as_: As) -> None:
    path, which = f"/desk/c/{given['customer']}", {"i": given["key"], "mark": given["mark"]}
    agent, lead = as_(Role.AGENT), as_(Role.LEAD, "lea", "Logistics")
    agent.post(f"{path}/contest", {**which, "reason": "it came in time"})
    page = lead.get("/desk/contested").content.decode()
    assert "it came in time" in page
    assert f"{path}/decide?i={given['key']}&amp;mark={given['mark']}" in page
    assert agent.get("/desk/contested").status_code == 403
    assert lead.post(f"{path}/decide", {**which, "verdict": "upheld", "reason": "it did not"}).status_code == 302
    assert [each.verdict for each in Correction.objects.order_by("id")] == ["contested", "upheld"]
    assert "it came in time" not in lead.get("/desk/contested").content.decode()


def test_what_somebody_else_recorded_is_not_taken_back_by_an_agent(given: dict[str, Any], as_: As) -> None:
    path = f"/desk/c/{given['customer']}"
    as_(Role.AGENT, "ada").post(f"{path}/record", {"what": "note", "text": "likes tea"})
    key = f"t{Touchpoint.objects.get(source='desk').pk}"
    as_(Role.AGENT, "bob").post(f"{path}/take-back", {"i": key, "reason": "no"})
    assert Touchpoint.objects.filter(source="desk").exists()
    assert as_(Role.AGENT, "ada").post(f"{path}/take-back", {"i": key, "reason": ""}).status_code == 302
    assert not Touchpoint.objects.filter(source="desk").exists()
