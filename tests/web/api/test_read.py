"""What machines that ask are told: the truth of the command and of the page; and no more than the key allows."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from django.db import OperationalError

from collage import cli
from collage_web.actions import keying
from collage_web.actions.claiming import merge, unmerge
from collage_web.actions.identifying import touched
from collage_web.actions.leasing import Taken
from collage_web.api import keys, views
from collage_web.bridge import snapshot
from collage_web.bridge.whole import say, whole
from collage_web.ingest.openapi import schema
from collage_web.records.keys import READ_PREFIX, new_read_key
from collage_web.records.models import (
    Claim,
    Colleague,
    Company,
    Consent,
    Correction,
    Identifier,
    Mark,
    Promise,
    ReadKey,
    Touchpoint,
    Trait,
)
from tests.web.actions.test_same_truth import lived
from tests.web.conftest import NOW, House, touchpoint

Ask = Callable[..., Any]


@pytest.fixture
def reading(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ask]:
    """Return how to ask, with a key that reads, at the moment of the house."""
    keys.forget()
    _, key = keying.create("telephone", by=None, now=NOW, new_key=lambda: new_read_key(random.Random(3).randbytes))
    monkeypatch.setattr(views, "_clock", house.clock)
    headers = {"Authorization": f"Bearer {key}"}

    def ask(path: str, body: Any = None, *, status: int = 200, **more: str) -> Any:
        asked = {"headers": {**headers, **more}}
        if body is None:
            answer = house.client.get(path, **asked)  # type: ignore[arg-type]  # django-stubs wants its own kind of mapping
        else:
            text = body if isinstance(body, bytes) else json.dumps(body)
            answer = house.client.post(path, text, content_type="application/json", **asked)  # type: ignore[arg-type]  # as above
        assert answer.status_code == status, answer.content
        assert answer["Content-Type"] == "application/json"
        assert answer["Cache-Control"] == "no-store"
        return answer.json()

    yield ask
    keys.forget()


def id_of(identifier: str) -> str:
    return str(Identifier.objects.get(value=identifier).customer)


def lived_a_little(house: House) -> str:
    """Let somebody have something of everything; return their id."""
    house.send(
        touchpoint(1, "phone:+4930123456", wait_s=700, department="Care", channel="phone"),
        touchpoint(2, "phone:+4930123456", "delivery.arrived", days=3, late_s=200_000, channel="store"),
        touchpoint(3, "phone:+4930123456", "issue.resolved", days=2, issue_id="i"),
    )
    for number, due, settled in ((1, 2, None), (2, -1, None), (3, -2, NOW - timedelta(days=3))):
        Promise.objects.create(
            promise_id=f"p{number}", identifier="phone:+4930123456", kind="callback", department="Care",
            made_at=NOW - timedelta(days=9), due_at=NOW + timedelta(days=due), settled_at=settled,
        )  # fmt: skip
    touched(["phone:+4930123456"])
    house.digest()
    return id_of("phone:+4930123456")


# ---- what is told


def test_a_customer_is_told_with_the_columns_of_the_tables(house: House, reading: Ask) -> None:
    customer = lived_a_little(house)
    told = reading(f"/api/v1/customers/{customer}")
    of = whole(customer, at=NOW)
    assert of is not None
    assert of.standing is not None
    assert list(told["score"]) == [
        "customer_id", "at", "experience", "index", "evidence", "low", "high", "trend", "n_marks", "strikes_90d",
        "last_touchpoint_at",
    ]  # fmt: skip
    assert told["score"]["index"] == of.standing.index
    assert told["score"]["at"] == "2026-11-29T12:00:00Z"
    assert [list(each) for each in told["reasons"]] == [
        ["touchpoint_id", "mark", "occurred_at", "owner", "channel", "contribution", "points", "without", "says"]
    ] * len(of.reasons)
    assert [each["says"] for each in told["reasons"]] == say(of, of.reasons, language="en")
    assert sum(each["points"] for each in told["reasons"]) == pytest.approx(told["score"]["index"] - 50, abs=1e-9)
    assert [(each["promise_id"], each["overdue"]) for each in told["promises"]] == [("p2", True), ("p1", False)]
    assert told["preferences"] == {"channel": None, "language": None, "hours": None}
    assert (told["up_to_date"], told["absent"], told["reasons_total"]) == (True, {}, len(of.reasons))


def test_reasons_are_told_in_german_and_as_many_as_are_asked_for(house: House, reading: Ask) -> None:
    customer = lived_a_little(house)
    all_ = reading(f"/api/v1/customers/{customer}?language=de&limit=1000")
    one = reading(f"/api/v1/customers/{customer}?language=de&limit=1")
    assert one["reasons"] == all_["reasons"][:1]
    assert one["reasons_total"] == len(all_["reasons"]) > 1
    assert any("wartete" in each["says"] for each in all_["reasons"])


def test_what_has_just_arrived_is_in_the_answer(house: House, reading: Ask) -> None:
    customer = lived_a_little(house)
    before = reading(f"/api/v1/customers/{customer}")["score"]["index"]
    house.send(touchpoint(9, "phone:+4930123456", "conduct.reported", days=0.1))
    after = reading(f"/api/v1/customers/{customer}")
    assert after["score"]["index"] < before
    assert after["up_to_date"] is True


def test_where_the_worker_does_not_let_go_the_answer_says_that_it_is_not_up_to_date(
    house: House, reading: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = lived_a_little(house)
    house.send(touchpoint(9, "phone:+4930123456", "conduct.reported", days=0.1))

    def taken(*_: Any, **__: Any) -> bool:
        raise Taken

    monkeypatch.setattr(views, "catch_up", taken)
    assert reading(f"/api/v1/customers/{customer}")["up_to_date"] is False
    assert reading("/api/v1/who", {"phone": "+49 30 123456"})["up_to_date"] is False


def test_preferences_are_those_said_last_a_colleagues_before_a_systems_and_only_where_they_may_be_used(
    house: House, reading: Ask
) -> None:
    customer = lived_a_little(house)
    who, by = "phone:+4930123456", Colleague.objects.create(email="bo@example.org", name="Bo")
    for name, value, days, said_by in (
        ("channel", "chat", 3, by), ("channel", "email", 1, None), ("language", "en", 3, None),
        ("language", "de", 2, None), ("hours", "mornings", 3, by), ("hours", "", 1, by), ("name", "Kim", 1, by),
    ):  # fmt: skip
        Trait.objects.create(identifier=who, name=name, value=value, said_at=NOW - timedelta(days=days), by=said_by)
    told = reading(f"/api/v1/customers/{customer}")
    assert told["preferences"] == {"channel": "chat", "language": "de", "hours": None}
    assert "Kim" not in json.dumps(told)
    Consent.objects.create(identifier=who, purpose="profile", given=False, at=NOW)
    told = reading(f"/api/v1/customers/{customer}")
    assert (told["preferences"], told["absent"]) == (None, {"preferences": "refused"})
    Consent.objects.create(identifier=who, purpose="profile", given=True, at=NOW + timedelta(seconds=1))
    assert reading(f"/api/v1/customers/{customer}")["preferences"] is not None


def test_who_objects_to_the_index_has_none_anywhere(house: House, reading: Ask) -> None:
    customer = lived_a_little(house)
    Consent.objects.create(identifier="phone:+4930123456", purpose="scoring", given=False, at=NOW)
    told = reading(f"/api/v1/customers/{customer}")
    assert (told["score"], told["reasons"], told["absent"]) == (None, [], {"score": "objection"})
    assert len(told["promises"]) == 2
    assert reading("/api/v1/who", {"identifier": "phone:+4930123456"})["index"] is None


def test_of_whom_nothing_was_heard_there_is_no_score_and_the_reason_is_said(house: House, reading: Ask) -> None:
    Identifier.objects.create(value="user:new", home="h" * 20, customer="h" * 20, created_at=NOW)
    told = reading(f"/api/v1/customers/{'h' * 20}")
    assert (told["score"], told["absent"]) == (None, {"score": "no_touchpoint"})
    assert house.digest() == 0


def test_the_id_of_somebody_who_is_one_with_another_leads_on(house: House, reading: Ask) -> None:
    house.send(touchpoint(1, "user:1"), touchpoint(2, "user:2", wait_s=700))
    house.digest()
    one, other = id_of("user:1"), id_of("user:2")
    claim = merge("user:1", "user:2", by=None, now=NOW, reason="said so")
    told = reading(f"/api/v1/customers/{other}")
    assert told["customer"] == one == reading("/api/v1/who", {"identifier": "user:2"})["customer"]
    assert told["reasons_total"] == 1
    unmerge(claim, by=None, now=NOW, reason="not so")
    assert reading(f"/api/v1/customers/{other}")["customer"] == other


# ---- who it is


@pytest.mark.parametrize(
    "asked",
    [
        {"identifier": "phone:+4930123456"}, {"identifier": "phone:0049 30 123456"}, {"phone": "+49 (30) 123-456"},
        {"phone": "030 123456"}, {"phone": "030/123456", "email": None}, {"identifier": " phone:030 12 34 56 "},
    ],
)  # fmt: skip
def test_a_caller_is_known_however_their_number_is_written(house: House, reading: Ask, asked: dict[str, Any]) -> None:
    customer = lived_a_little(house)
    Company.objects.create(pk=1, region="DE")
    told = reading("/api/v1/who", asked)
    of = whole(customer, at=NOW)
    assert of is not None
    assert of.standing is not None
    assert told == {"customer": customer, "state": "plain", "index": of.standing.index, "up_to_date": True}


def test_a_header_asks_too(house: House, reading: Ask) -> None:
    house.send(touchpoint(1, "email:kim@bücher.example"))
    house.digest()
    sent = "email:Kim@BÜCHER.example".encode().decode("latin-1")  # as a server gives the bytes of a header
    assert reading("/api/v1/who", **{"Collage-Identifier": sent})["customer"] == id_of("email:kim@bücher.example")


def test_who_is_shared_or_contested_is_said(house: House, reading: Ask) -> None:
    house.send(touchpoint(1, "phone:+4930123456"), touchpoint(2, "user:1"), touchpoint(3, "user:2"))
    for number in (1, 2):
        Claim.objects.create(
            claim_id=str(number), one="phone:+4930123456", other=f"user:{number}", source="crm", confidence=1.0
        )
    touched(["phone:+4930123456"])
    house.digest()
    assert reading("/api/v1/who", {"phone": "+4930123456"})["state"] == "shared"


def test_who_is_asked_for_before_they_were_digested_is_known(house: House, reading: Ask) -> None:
    house.send(touchpoint(1, "user:new", wait_s=700))
    assert reading("/api/v1/who", {"identifier": "user:new"})["index"] < 50


def test_nobody_becomes_a_customer_by_being_asked_about(house: House, reading: Ask) -> None:
    house.send(touchpoint(1, "user:1"))
    told = reading("/api/v1/who", {"identifier": "user:nobody"}, status=404)
    assert told["code"] == "unknown_identifier"
    assert "nobody" not in told["message"].replace("nobody who has it", "")
    assert not Identifier.objects.filter(value="user:nobody").exists()


# ---- what is refused

SECRETS = ("4930777888", "lee@example.net", "clr_live", "clg_live")
WRONG: list[tuple[str, Any, dict[str, str], int, str]] = [
    ("/api/v1/who?phone=%2B4930777888", None, {}, 400, "in_address"),
    ("/api/v1/who?identifier=phone:%2B4930777888", None, {"Collage-Identifier": "user:1"}, 400, "in_address"),
    ("/api/v1/who?email=lee@example.net", {"phone": "+4930777888"}, {}, 400, "in_address"),
    ("/api/v1/who", None, {}, 400, "no_identifier"),
    ("/api/v1/who?q=lee@example.net", None, {}, 400, "no_identifier"),
    ("/api/v1/who", None, {"Collage-Identifier": "lee@example.net"}, 400, "invalid_identifier"),
    ("/api/v1/who", None, {"Collage-Identifier": "phone: "}, 400, "invalid_identifier"),
    ("/api/v1/who", None, {"Collage-Identifier": ":4930777888"}, 400, "invalid_identifier"),
    ("/api/v1/who", {}, {}, 400, "invalid_body"),
    ("/api/v1/who", [], {}, 400, "invalid_body"),
    ("/api/v1/who", "phone:+4930777888", {}, 400, "invalid_body"),
    ("/api/v1/who", {"phone": 4930777888}, {}, 400, "invalid_body"),
    ("/api/v1/who", {"phone": {"a": 1}}, {}, 400, "invalid_body"),
    ("/api/v1/who", {"phone": "+4930777888", "email": "lee@example.net"}, {}, 400, "invalid_body"),
    ("/api/v1/who", {"identifier": "user:\x00"}, {}, 400, "invalid_identifier"),
    ("/api/v1/who", {"identifier": "user:\ud800"}, {}, 400, "invalid_identifier"),
    ("/api/v1/who", {"identifier": "user:" + "x" * 600}, {}, 400, "invalid_identifier"),
    ("/api/v1/who", b"", {}, 400, "invalid_json"),
    ("/api/v1/who", b"\xff\xfe", {}, 400, "invalid_json"),
    ("/api/v1/who", b'{"phone": "+4930777888"', {}, 400, "invalid_json"),
    ("/api/v1/who", b"[" * 4_000, {}, 400, "invalid_json"),
    ("/api/v1/who", b" " * 5_000, {}, 413, "too_large"),
    ("/api/v1/who", {"phone": "+49307778887"}, {}, 404, "unknown_identifier"),
    ("/api/v1/customers/nobody", None, {}, 404, "unknown_customer"),
    ("/api/v1/customers/phone:+4930777888", None, {}, 404, "unknown_customer"),
    ("/api/v1/customers/%00", None, {}, 404, "unknown_customer"),
    ("/api/v1/customers/%ff%fe", None, {}, 404, "unknown_customer"),
    ("/api/v1/customers/" + "x" * 3_000, None, {}, 404, "unknown_customer"),
    ("/api/v1/customers/nobody?limit=0", None, {}, 400, "invalid_limit"),
    ("/api/v1/customers/nobody?limit=1001", None, {}, 400, "invalid_limit"),
    ("/api/v1/customers/nobody?limit=٣", None, {}, 400, "invalid_limit"),
    ("/api/v1/customers/nobody?limit=-1", None, {}, 400, "invalid_limit"),
    ("/api/v1/customers/nobody?limit=", None, {}, 400, "invalid_limit"),
    ("/api/v1/customers/nobody?language=fr", None, {}, 400, "invalid_language"),
    ("/api/v1/customers/nobody", None, {"Authorization": ""}, 401, "unknown_key"),
    ("/api/v1/customers/nobody", None, {"Authorization": "Bearer"}, 401, "unknown_key"),
    ("/api/v1/customers/nobody", None, {"Authorization": "Bearer clr_live_" + "0" * 48}, 401, "unknown_key"),
    ("/api/v1/customers/nobody", None, {"Authorization": "Bearer " + "x" * 9_000}, 401, "unknown_key"),
    ("/api/v1/who", {"phone": "+4930777888"}, {"Authorization": "Basic Y2xyX2xpdmU6"}, 401, "unknown_key"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "body", "headers", "status", "code"), WRONG)
def test_what_cannot_be_answered_is_refused_with_what_to_do_and_repeats_nothing(
    house: House, reading: Ask, path: str, body: Any, headers: dict[str, str], status: int, code: str
) -> None:
    lived_a_little(house)
    told = reading(path, body, status=status, **headers)
    assert told["code"] == code
    assert not any(secret in told["message"] for secret in SECRETS)
    assert re.search(r"found .*\. [A-Z]", told["message"])


@pytest.mark.parametrize("path", ["/api/v1/customers/nobody", "/api/v1/who"])
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
def test_other_methods_are_refused_with_those_that_are_taken(house: House, path: str, method: str) -> None:
    answer = house.client.generic(method, path)
    assert (answer.status_code, answer.json()["code"]) == (405, "method")
    assert "GET" in answer["Allow"]


def test_the_key_of_a_source_may_not_read_and_a_key_that_reads_may_not_send(house: House, reading: Ask) -> None:
    told = reading("/api/v1/customers/nobody", status=403, Authorization=f"Bearer {house.key}")
    assert told["code"] == "source_key"
    key = new_read_key(random.Random(3).randbytes)
    assert key.startswith(READ_PREFIX)
    sent = house.client.post(
        "/api/v1/touchpoints", [], content_type="application/json", headers={"Authorization": f"Bearer {key}"}
    )
    assert sent.status_code == 401


def test_a_key_that_was_revoked_is_answered_no_more(house: House, reading: Ask) -> None:
    customer = lived_a_little(house)
    reading(f"/api/v1/customers/{customer}")
    keying.revoke(ReadKey.objects.get(), by=None, now=NOW, reason="the system is gone")
    assert reading(f"/api/v1/customers/{customer}", status=401)["code"] == "unknown_key"


def test_a_key_is_kept_as_a_digest_alone(reading: Ask) -> None:  # noqa: ARG001  # for the key that it makes
    key = new_read_key(random.Random(3).randbytes)
    assert key not in json.dumps(list(ReadKey.objects.values()), default=str)
    for name in ("telephone", "Telephone", "a b", "", "x" * 41):
        with pytest.raises(keying.ReadKeyError):
            keying.create(name, by=None, now=NOW, new_key=lambda: key)


def test_who_asks_too_often_is_told_when_to_come_again(reading: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [10.0]
    monkeypatch.setattr("collage_web.api.keys.monotonic", lambda: now[0])
    for _ in range(keys.MOST_PER_S):
        reading("/api/v1/customers/nobody", status=404)
    assert reading("/api/v1/customers/nobody", status=429)["code"] == "too_many_requests"
    _, other = keying.create("other", by=None, now=NOW, new_key=lambda: new_read_key(random.Random(4).randbytes))
    reading("/api/v1/customers/nobody", status=404, Authorization=f"Bearer {other}")
    now[0] = 11.0
    reading("/api/v1/customers/nobody", status=404)


def test_where_the_database_cannot_be_had_it_is_said_so(
    reading: Ask, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def locked(*_: Any, **__: Any) -> None:
        raise OperationalError("database is locked: kim@example.org")

    monkeypatch.setattr(views, "whole", locked)
    assert reading("/api/v1/customers/nobody", status=503)["code"] == "unavailable"
    assert "kim" not in "".join(capsys.readouterr())


def test_machines_need_no_session(house: House, reading: Ask) -> None:
    customer = lived_a_little(house)
    reading(f"/api/v1/customers/{customer}")
    assert not house.client.cookies


# ---- as the document says


def test_every_answer_is_as_the_document_describes_it(house: House, reading: Ask) -> None:
    document = schema()
    customer = lived_a_little(house)
    answers = [
        ("/api/v1/customers/{customer}", "get", "200", reading(f"/api/v1/customers/{customer}")),
        ("/api/v1/customers/{customer}", "get", "404", reading("/api/v1/customers/nobody", status=404)),
        ("/api/v1/who", "post", "200", reading("/api/v1/who", {"phone": "+4930123456"})),
        ("/api/v1/who", "get", "200", reading("/api/v1/who", **{"Collage-Identifier": "phone:+4930123456"})),
        ("/api/v1/who", "post", "400", reading("/api/v1/who", {}, status=400)),
    ]
    Consent.objects.create(identifier="phone:+4930123456", purpose="scoring", given=False, at=NOW)
    Consent.objects.create(identifier="phone:+4930123456", purpose="profile", given=False, at=NOW)
    answers.append(("/api/v1/customers/{customer}", "get", "200", reading(f"/api/v1/customers/{customer}")))
    for path, method, status, answer in answers:
        described = document["paths"][path][method]["responses"][status]["content"]["application/json"]["schema"]
        valid = jsonschema_rs.validator_for({**described, "components": document["components"]}, validate_formats=True)
        assert list(valid.iter_errors(answer)) == []
        assert not valid.is_valid({})


# ---- one truth


def explained(folder: Path, customer: str, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    capsys.readouterr()
    words = ["explain", str(folder), customer, "--at", NOW.isoformat(), "--format", "json"]
    assert cli.main(words) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.slow
def test_the_answer_is_what_the_command_explains_on_the_export(
    house: House, reading: Ask, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "MOST_PER_S", 1_000_000)
    lived(house, tmp_path)
    chance = random.Random(5)
    strikes = list(Mark.objects.filter(mark="long_wait").order_by("id"))
    for number, mark in enumerate(chance.sample(strikes, 40)):
        Correction.objects.create(
            correction_id=str(number), touchpoint_id=mark.touchpoint_id, mark=mark.mark,
            verdict=chance.choice(("struck_out", "contested", "upheld")), at=NOW,
        )  # fmt: skip
        touched([mark.identifier])
    house.digest()
    folder = tmp_path / "export"
    snapshot.write(folder, replace=False)
    names = sorted(Touchpoint.objects.values_list("identifier", flat=True).distinct())
    compared = 0
    for name in chance.sample(names, 14):
        told = reading(f"/api/v1/customers/{id_of(name)}?limit=1000")
        command = explained(folder, name, capsys)
        key = ("touchpoint_id", "mark", "occurred_at")
        rest = {tuple(each[part] for part in key): each for each in command}
        assert len(command) == told["reasons_total"] == len(told["reasons"])
        for each in told["reasons"]:
            row = rest[tuple(each[part] for part in key)]
            for figure in ("contribution", "points", "without"):
                assert each[figure] == pytest.approx(row[figure], abs=1e-9)
            assert (each["says"], each["owner"], each["channel"]) == (row["says"], row["owner"], row["channel"])
            compared += 1
        assert sum(each["points"] for each in told["reasons"]) == pytest.approx(told["score"]["index"] - 50, abs=1e-9)
    assert compared > 40
