"""The verbs as pages: each has a form of its own, says what happened, and leads back to the customer."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client

from collage_web.actions import contesting
from collage_web.actions.leasing import Lost
from collage_web.desk import customer as customer_page
from collage_web.desk import search, whom
from collage_web.records import gates
from collage_web.records.models import (
    Claim,
    Colleague,
    Company,
    Consent,
    Correction,
    Identifier,
    Mark,
    Promise,
    Role,
    Score,
    Stale,
    Touchpoint,
    Trait,
)
from tests.web.conftest import House, touchpoint

Served = tuple[Client, str]


@pytest.fixture
def as_(settings: Any) -> Callable[..., Client]:
    settings.COLLAGE_SECOND_FACTOR_ROLES = frozenset()

    def logged_in(name: str, role: str = "agent", department: str = "Care") -> Client:
        more = {"name": name, "role": role, "department": department, "agent": name}
        who, _ = Colleague.objects.get_or_create(email=f"{name}@example.org", defaults=more)
        client = Client()
        client.force_login(who, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return logged_in


@pytest.fixture
def served(house: House, as_: Callable[..., Client]) -> Served:
    """An agent, and the address of a customer with a late parcel."""
    Company.objects.create(pk=1, zone="Europe/Berlin", region="DE")
    house.now = datetime.now(UTC)
    at = (house.now - timedelta(days=2)).isoformat()
    late = touchpoint(1, "user:1", "delivery.arrived", department="Logistics", issue_id="o1", late_s=300_000)
    house.send({**late, "occurred_at": at})
    house.digest()
    return as_("ada"), f"/desk/c/{customer_of('user:1')}"


def customer_of(identifier: str) -> str:
    return Identifier.objects.get(value=identifier).customer


def strike() -> dict[str, str]:
    mark = next(each for each in Mark.objects.filter(touchpoint_id="till:1") if contesting.is_strike(each))
    return {"i": f"t{Touchpoint.objects.get(touchpoint_id='till:1').pk}", "mark": mark.mark}


def said(answer: Any, path: str) -> str:
    """Return what is said on the page to which a form leads back."""
    assert (answer.status_code, answer["Location"]) == (302, path), answer.content.decode()
    return " ".join(str(each) for each in get_messages(answer.wsgi_request))


def test_a_call_is_recorded_as_the_companys_clocks_show_it_and_taken_back(served: Served) -> None:
    client, path = served
    assert "user:1" in client.get(f"{path}/record").content.decode()
    form = {"what": "call", "text": "asked", "occurred_at": "2026-07-01T10:30", "issue": "o1", "sensitive": "on"}
    words = said(client.post(f"{path}/record", form), path)
    made = Touchpoint.objects.get(source="desk")
    assert made.occurred_at == datetime(2026, 7, 1, 8, 30, tzinfo=UTC)
    assert (made.issue_id, made.department, made.agent) == ("o1", "Care", "ada")
    back = f"{path}/take-back?i=t{made.pk}"
    assert back in words
    assert "spoke with us" in client.get(back).content.decode()
    said(client.post(f"{path}/take-back", {"i": f"t{made.pk}", "reason": ""}), path)
    assert not Touchpoint.objects.filter(source="desk").exists()


def test_what_cannot_be_recorded_is_said_in_the_form_with_all_that_was_written(served: Served) -> None:
    client, path = served
    page = client.post(f"{path}/record", {"what": "note", "text": ""}).content.decode()
    assert "A note needs a text." in page
    form = {"what": "call", "text": "x < y", "occurred_at": "2999-01-01T10:00"}
    page = client.post(f"{path}/record", form).content.decode()
    assert "lies ahead" in page
    assert "x &lt; y" in page
    assert client.post(f"{path}/record", {"what": "call", "issue": "of somebody else"}).status_code == 200
    assert not Touchpoint.objects.filter(source="desk").exists()


def test_a_promise_is_made_settled_and_opened_again(served: Served) -> None:
    client, path = served
    page = client.get(f"{path}/promise").content.decode()
    assert 'type="datetime-local"' in page
    assert 'list="id_department_offered"' in page
    assert (
        '<datalist id="id_department_offered"><option value="Care"></option><option value="Logistics"></option>' in page
    )
    due = datetime.now(ZoneInfo("Europe/Berlin")).replace(microsecond=0, second=0) + timedelta(days=30)
    form = {"kind": "other", "other": "sample", "due_at": f"{due:%Y-%m-%dT%H:%M}", "issue": "", "department": ""}
    made_words = said(client.post(f"{path}/promise", form), path)
    made = Promise.objects.get()
    assert (made.kind, made.department) == ("sample", "Care")
    assert made.due_at == due
    assert f"{path}/promise/{made.pk}/withdraw" in made_words
    settle = f"{path}/promise/{made.pk}/settle"
    assert "sample" in client.get(settle).content.decode()
    assert "was kept" in said(client.post(settle, {"outcome": "kept"}), path)
    assert "settled already" in said(client.post(settle, {"outcome": "exceeded"}), path)
    assert "open again" in said(client.post(settle, {"outcome": "open"}), path)
    withdraw = f"{path}/promise/{made.pk}/withdraw"
    assert client.post(withdraw, {"reason": ""}).status_code == 200
    assert "Withdrawn" in said(client.post(withdraw, {"reason": "no need"}), path)
    assert Promise.objects.get().outcome == "withdrawn"


def test_what_is_offered_is_of_colleagues_and_of_the_customer_alone(served: Served, house: House) -> None:
    client, path = served
    house.send(touchpoint(2, "user:2", department="Repair", issue_id="o2"))
    house.digest()
    Colleague.objects.create(email="gone@example.com", name="gone", department="Gone", is_active=False)
    Colleague.objects.filter(email__startswith="ada").update(department="<b>Care")
    page = client.get(f"{path}/promise").content.decode()
    assert "Empty: your own, &lt;b&gt;Care." in page
    assert re.findall('<option value="([^"]*)"></option>', page) == ["&lt;b&gt;Care", "Logistics"]
    page = client.get(f"{path}/record").content.decode()
    assert re.findall('<option value="(o.)">([^<,]*), ', page) == [("o1", "o1 · parcel arrived")]


def test_a_promise_that_says_nothing_is_not_made(served: Served) -> None:
    client, path = served
    page = client.post(f"{path}/promise", {"kind": "other", "other": "", "due_at": "2999-01-01T10:00"}).content.decode()
    assert "Say what is promised." in page
    page = client.post(f"{path}/promise", {"kind": "refund", "due_at": "2001-01-01T10:00"}).content.decode()
    assert "due already" in page
    assert not Promise.objects.exists()


def test_a_broken_promise_is_not_withdrawn_and_stays_broken_when_it_is_settled(served: Served, house: House) -> None:
    client, path = served
    long_ago = house.now - timedelta(days=9)
    made = Promise.objects.create(
        promise_id="p1", identifier="user:1", kind="callback", made_at=long_ago, due_at=long_ago + timedelta(days=1)
    )
    withdraw = f"{path}/promise/{made.pk}/withdraw"
    assert "cannot be withdrawn" in client.get(withdraw).content.decode()
    assert "is broken" in said(client.post(withdraw, {"reason": "late"}), path)
    assert "stays broken" in said(client.post(f"{path}/promise/{made.pk}/settle", {"outcome": "exceeded"}), path)


def test_a_strike_is_contested_withdrawn_contested_decided_and_decided_anew(
    served: Served, as_: Callable[..., Client]
) -> None:
    client, path = served
    which, boss = strike(), as_("max", Role.MANAGER)
    assert "3 days late" in client.get(f"{path}/contest", which).content.decode()
    assert "Contested" in said(client.post(f"{path}/contest", {**which, "reason": "came in time"}), path)
    page = client.get(f"{path}/contest", which).content.decode()
    assert "You contest this strike" in page
    said(client.post(f"{path}/contest", {**which, "reason": "it did not", "do": "withdraw"}), path)
    assert "Contested" in said(client.post(f"{path}/contest", {**which, "reason": "came in time"}), path)
    assert "contested already" in said(boss.post(f"{path}/contest", {**which, "reason": "too"}), path)

    assert "came in time" in boss.get(f"{path}/decide", which).content.decode()
    decision = {**which, "verdict": "struck_out", "reason": "so it was"}
    assert boss.post(f"{path}/decide", {**which, "verdict": "", "reason": "so"}).status_code == 200
    assert "is gone" in said(boss.post(f"{path}/decide", decision), path)
    assert "just decided" in said(as_("moe", Role.MANAGER).post(f"{path}/decide", decision), path)
    assert "so it was" in boss.get(f"{path}/decide", which).content.decode()
    assert "so it was" in as_("lea", Role.LEAD, "Logistics").get(f"{path}/decide", which).content.decode()
    words = said(boss.post(f"{path}/decide", {**which, "do": "withdraw", "reason": "no"}), path)
    assert "contested again" in words
    assert [each.withdrawn_at is None for each in Correction.objects.order_by("id")] == [False, True, False]


def test_a_strike_is_healed_after_the_page_has_shown_what_that_takes_back(served: Served) -> None:
    client, path = served
    which = strike()
    page = client.get(f"{path}/heal", which).content.decode()
    assert "The index goes from" in page
    assert not Touchpoint.objects.filter(kind="recovery.confirmed").exists()
    words = said(client.post(f"{path}/heal", {**which, "reason": "sent another"}), path)
    made = Touchpoint.objects.get(kind="recovery.confirmed")
    assert f"{path}/take-back?i=t{made.pk}" in words
    assert made.issue_id == "o1"


def test_customers_are_brought_together_after_a_preview_and_apart_again(served: Served, house: House) -> None:
    client, path = served
    at = (house.now - timedelta(days=1)).isoformat()
    house.send({**touchpoint(2, "phone:+4930123456", "contact.answered", wait_s=900), "occurred_at": at})
    house.digest()
    other = customer_of("phone:+4930123456")
    one = path.rpartition("/")[2]
    index = Score.objects.get(customer=other).index
    page = client.post(f"{path}/same", {"other": "030 12 34 56"}).content.decode()
    assert "Afterwards" in page
    assert f'value="{other}"' in page
    assert "Afterwards" in client.get(f"{path}/same", {"other": other}).content.decode()
    assert Claim.objects.count() == 0
    assert client.post(f"{path}/same", {"other_id": other, "reason": ""}).status_code == 200
    said(client.post(f"{path}/same", {"other_id": other, "reason": "she said so"}), path)
    assert customer_of("phone:+4930123456") == one
    # an address of before leads on
    assert client.get(f"/desk/c/{other}/about").status_code == 200
    claim = Claim.objects.get()
    assert "phone:+4930123456" in client.get(f"{path}/apart").content.decode()
    assert "Afterwards" in client.get(f"{path}/apart", {"claim": claim.pk}).content.decode()
    assert client.get(f"{path}/apart", {"claim": claim.pk + 1}).status_code == 404
    said(client.post(f"{path}/apart", {"claim": claim.pk, "reason": "her sister"}), path)
    assert customer_of("phone:+4930123456") == other
    assert Score.objects.get(customer=other).index == pytest.approx(index, abs=0.01)  # a little later


def test_nobody_is_the_same_as_themselves_or_as_nobody(served: Served) -> None:
    client, path = served
    one = path.rpartition("/")[2]
    assert "The same customer twice" in said(client.get(f"{path}/same", {"other": one}), path)
    assert "Nobody else is known by that" in client.post(f"{path}/same", {"other": "user:1"}).content.decode()
    assert client.get(f"{path}/same", {"other": "0" * 20}).status_code == 404


def test_contact_data_and_wishes_are_put_right(served: Served) -> None:
    client, path = served
    form = {"do": "say", "name": "Erika Muster", "channel": "chat", "language": "de", "hours": "mornings"}
    said(client.post(f"{path}/about", form), path)
    assert Trait.objects.count() == 4
    page = client.get(f"{path}/about").content.decode()
    assert 'value="Erika Muster"' in page
    said(client.post(f"{path}/about", form), path)
    assert Trait.objects.count() == 4  # nothing was new

    add = {"do": "add", "namespace": "phone", "value": "030/123456", "reason": "told me"}
    said(client.post(f"{path}/about", add), path)
    number = Identifier.objects.get(value="phone:+4930123456")
    assert number.customer == path.rpartition("/")[2]
    assert "with its country" in client.post(f"{path}/about", {**add, "value": "12"}).content.decode()
    assert "Afterwards" in client.get(f"{path}/about", {"remove": number.pk}).content.decode()
    said(client.post(f"{path}/about", {"do": "remove", "remove": number.pk, "reason": "her sister's"}), path)
    assert customer_of("phone:+4930123456") != number.customer
    offer = client.post(f"{path}/about", add)
    assert offer.status_code == 409
    assert f"{path}/same?other={customer_of('phone:+4930123456')}" in offer.content.decode()
    assert client.get(f"{path}/about", {"remove": 999_999}).status_code == 404


def test_who_refuses_to_be_scored_has_no_index_and_the_page_says_so(served: Served, house: House) -> None:
    client, path = served
    form = {"purpose": "scoring", "channel": "", "given": "no", "basis": "on the phone"}
    said(client.post(f"{path}/consent", form), path)
    house.digest()
    assert not Score.objects.exists()
    assert "on the phone" in client.get(f"{path}/consent").content.decode()
    assert "leave the channel out" in client.post(f"{path}/consent", {**form, "channel": "email"}).content.decode()
    assert client.post(f"{path}/consent", {**form, "given": ""}).status_code == 200
    assert Consent.objects.count() == 1
    assert Mark.objects.exists()


def test_the_clocks_of_the_company_are_in_a_zone_that_is_known(db: None) -> None:  # noqa: ARG001  # for its database
    assert gates.zone().key == "UTC"
    Company.objects.create(pk=1, zone="Mars/Olympus")
    assert gates.zone().key == "UTC"


def test_what_somebody_wrote_is_text_on_every_page(served: Served) -> None:
    client, path = served
    bad = "<script>alert(1)</script>"
    which = strike()
    said(client.post(f"{path}/about", {"do": "say", "name": bad, "hours": bad}), path)
    said(client.post(f"{path}/contest", {**which, "reason": bad}), path)
    said(client.post(f"{path}/consent", {"purpose": "offers", "given": "no", "basis": bad}), path)
    due = {"kind": "other", "other": "x", "due_at": f"{datetime.now(UTC).year + 1}-01-01T10:00", "department": bad}
    said(client.post(f"{path}/promise", due), path)
    number = Promise.objects.get().pk
    for page in (
        "record",
        "about",
        "consent",
        "contest",
        "decide",
        "heal",
        f"promise/{number}/settle",
        "same",
        "apart",
    ):
        Colleague.objects.update(role=Role.MANAGER)
        text = client.get(f"{path}/{page}", which).content.decode()
        assert "alert(1)" in text
        assert bad not in text


def test_a_form_that_is_shown_within_another_page_still_goes_to_its_own_address(served: Served) -> None:
    client, path = served
    which = strike()
    for page in ("record", "promise", "contest", "heal", "consent", "about", "same"):
        text = client.get(f"{path}/{page}", which).content.decode()
        main = text[text.index("<main") :]
        assert main.count('<form method="post"') == main.count(f'<form method="post" action="{path}/{page}"') > 0


# ---- what no request should be able to do


def without_nul(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001  # Django's
    assert r"\x00" not in repr(params), sql
    return execute(sql, params, many, context)


@pytest.mark.parametrize(
    ("method", "path", "given", "status"),
    [
        ("post", "/desk/find", {"q": "user:\x001"}, 303),
        ("post", "/desk/find", {"q": "\0"}, 303),
        ("post", "/desk/find", {"q": "zz\0zz"}, 200),
        ("post", "/desk/who", {"name": "Er\0ika", "email": "\0"}, 303),
        ("get", "/desk/who", {"phone": "+49\x0030123"}, 303),
        ("get", "{c}/same", {"other": "a\0b"}, 404),
        ("post", "{c}/same", {"other_id": "a\0b", "reason": "so"}, 404),
        ("post", "{c}/same", {"other": "a\0b"}, 200),
        ("get", "{c}/apart", {"claim": "1\0"}, 404),
        ("get", "{c}/contest", {"i": "{i}", "mark": "long\0wait"}, 404),
        ("post", "{c}/decide", {"i": "{i}\0", "mark": "\0", "verdict": "upheld", "reason": "so"}, 404),
        ("get", "{c}/heal", {"i": "t\0"}, 404),
        ("get", "{c}/take-back", {"i": "t\0"}, 404),
        ("get", "{c}/about", {"remove": "\0"}, 404),
        ("get", "{c}/instances", {"before": "t\0", "mark": "\0", "department": "\0"}, 200),
    ],
)
def test_what_no_database_takes_reaches_none(
    served: Served, as_: Callable[..., Client], method: str, path: str, given: dict[str, str], status: int
) -> None:
    client = as_("lead", "lead", "Logistics")
    filled = {name: value.replace("{i}", strike()["i"]) for name, value in given.items()}
    with connection.execute_wrapper(without_nul):
        answer = getattr(client, method)(path.format(c=served[1]), filled)
    assert answer.status_code == status


@pytest.mark.parametrize("number", ["9" * 5000, "9" * 30, "²", "٣"])
def test_a_number_that_is_none_of_a_row_is_not_found(served: Served, number: str) -> None:
    client, path = served
    Correction.objects.create(
        correction_id="x", touchpoint_id="till:1", mark=strike()["mark"], verdict="contested", at=datetime.now(UTC),
        by=f"colleague:{number}",
    )  # fmt: skip
    assert client.get(f"{path}/i/{strike()['i']}").status_code == 200
    for of in (f"apart?claim={number}", f"about?remove={number}", f"take-back?i=t{number}", f"heal?i=p{number}.broken",
               f"i/t{number}"):  # fmt: skip
        assert client.get(f"{path}/{of}").status_code == 404, of
    assert client.get(f"{path}/instances?before=t{number}").status_code == 200


def test_who_loses_the_turn_to_another_is_told_and_sees_the_page(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, path = served

    def lost(*_: Any, **__: Any) -> Any:
        raise Lost

    for of in (customer_page, whom):
        monkeypatch.setattr(of, "catch_up", lost)
    monkeypatch.setattr(search, "introduce", lost)
    Stale.objects.create(identifier="user:1")
    answer = client.get(path)
    assert answer.status_code == 200
    assert "some seconds old" in answer.content.decode()
    answer = client.post("/desk/new", {"identifier": "user:77", "name": "New"})
    assert answer.status_code == 200
    assert "nothing was changed" in answer.content.decode()
    form = {"do": "add", "namespace": "user", "value": "78", "reason": "told me"}
    assert client.post(f"{path}/about", form).status_code == 302


def test_all_clocks_are_those_of_the_colleague_who_reads(served: Served) -> None:
    client, path = served
    Colleague.objects.filter(name="ada").update(zone="America/New_York")
    client.post(f"{path}/record", {"what": "call", "text": "asked", "occurred_at": "2026-07-01T10:30"})
    made = Touchpoint.objects.get(source="desk")
    assert made.occurred_at == datetime(2026, 7, 1, 14, 30, tzinfo=UTC)
    assert "1 Jul 2026, 10:30" in client.get(f"{path}/take-back?i=t{made.pk}").content.decode()
    assert ">10:30<" in client.get(f"{path}/instances").content.decode()


def test_no_page_for_whoever_is_logged_in_is_kept_by_the_browser(served: Served) -> None:
    client, path = served
    for of in (
        "/desk/",
        path,
        f"{path}/about",
        f"{path}/record",
        f"{path}/consent",
        "/desk/new",
        "/settings/own",
        "/no",
    ):
        assert "no-store" in client.get(of).get("Cache-Control", ""), of


def test_who_is_named_in_a_strike_is_not_offered_to_withdraw_a_decision_on_it(
    served: Served, as_: Callable[..., Client]
) -> None:
    client, path = served
    Touchpoint.objects.filter(touchpoint_id="till:1").update(agent="joe")
    Mark.objects.filter(touchpoint_id="till:1").update(agent="joe")
    which, lead = strike(), as_("lead", "lead", "Logistics")
    client.post(f"{path}/contest", {**which, "reason": "wrong"})
    lead.post(f"{path}/decide", {**which, "verdict": "upheld", "reason": "so it was"})
    query = f"i={which['i']}&mark={which['mark']}"
    for name, may in (("joe", False), ("boss", True)):
        manager = as_(name, "manager", "")
        assert ('value="withdraw"' in manager.get(f"{path}/decide?{query}").content.decode()) is may
        offered = (
            f"{path}/decide?{query}".replace("&", "&amp;") in manager.get(f"{path}/i/{which['i']}").content.decode()
        )
        assert offered is may


def test_what_customers_prefer_is_not_used_where_they_refused_that(served: Served) -> None:
    client, path = served
    client.post(f"{path}/about", {"do": "say", "name": "Erika Muster", "channel": "chat", "hours": "after six"})
    shown = client.get(path).content.decode()
    assert shown.count("after six") >= 1
    client.post(f"{path}/consent", {"purpose": "profile", "given": "no", "basis": "on the phone"})
    assert Consent.objects.get().given is False
    shown = client.get(path).content.decode()
    assert "after six" not in shown
    assert "Erika Muster" in shown
    assert "they refused that" in shown
