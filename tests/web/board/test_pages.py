"""The board: who sees what, and what can be done there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from collage_web.actions import uploading, welcoming
from collage_web.records.models import (
    Arrival,
    AuditEntry,
    Colleague,
    Hook,
    Mark,
    ReadKey,
    Role,
    Source,
    Touchpoint,
    Upload,
)
from tests.web.conftest import NOW, House, touchpoint

PASSWORD = "correct horse battery staple"  # noqa: S105  # of nobody


@pytest.fixture
def as_(settings: Any) -> Callable[[str | None], Client]:
    """Return a client that is logged in by role; None: an outsider."""
    settings.COLLAGE_SECOND_FACTOR_ROLES = frozenset()

    def logged_in(role: str | None) -> Client:
        client = Client()
        if role is not None:
            there = Colleague.objects.filter(email=f"{role}@example.org").first()
            who = there or welcoming.admit(f"{role}@example.org", role, role, PASSWORD, by=None, now=NOW)
            client.force_login(who, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return logged_in


# ---- every address × every role

READ = {Role.MANAGER, Role.ANALYST, Role.ADMIN}
WRITE = {Role.MANAGER, Role.ADMIN}
BOARD = set(Role) - {Role.AGENT}
ALLOWED: dict[str, set[Role]] = {
    "sources": READ, "source": READ, "quarantine": READ, "arrival": READ,
    "source_new": {Role.ADMIN}, "source_change": {Role.ADMIN}, "source_key": {Role.ADMIN},
    "source_revoke": {Role.ADMIN},
    "source_replay": WRITE, "arrival_replay": WRITE,
    "uploads": WRITE, "upload_new": WRITE, "upload": WRITE, "upload_begin": WRITE, "upload_discard": WRITE,
    "upload_undo": WRITE, "upload_quarantine": WRITE,
    "board": BOARD, "board_age": BOARD, "board_ask": WRITE, "board_figure": BOARD, "board_strike": BOARD,
    "board_strike_csv": BOARD, "board_csv": BOARD, "board_own": set(Role) - {Role.ANALYST},
    "company_settings": {Role.ADMIN}, "my_settings": set(Role),
    "colleagues": {Role.ADMIN}, "colleague_new": {Role.ADMIN}, "colleague": {Role.ADMIN}, "audit": WRITE,
    "hooks": {Role.ADMIN}, "hook_new": {Role.ADMIN}, "hook": {Role.ADMIN}, "hook_revoke": {Role.ADMIN},
    "hook_again": {Role.ADMIN}, "read_keys": {Role.ADMIN}, "read_key_new": {Role.ADMIN},
    "read_key_revoke": {Role.ADMIN},
}  # fmt: skip
OPEN = {"home"}
POSTS = {
    name
    for name in ALLOWED
    if name.endswith(("_change", "_key", "_revoke", "_replay", "_begin", "_discard", "_undo", "_ask", "_again"))
}


def addresses() -> Iterator[tuple[str, str]]:
    """Yield the name and the pattern of every address for people that is ours."""
    for each in get_resolver().url_patterns:
        if isinstance(each, URLPattern) and each.callback.__module__.startswith("collage_web.board"):
            yield str(each.name), str(each.pattern)
        elif isinstance(each, URLResolver):
            assert str(each.pattern) == "accounts/"  # tests/web/design has those


def test_every_address_of_the_board_is_in_the_table_of_who_may() -> None:
    assert {name for name, _ in addresses()} == set(ALLOWED) | OPEN


@pytest.mark.parametrize("role", [None, *Role.values])
def test_every_address_lets_in_whom_it_should_and_nobody_else(
    house: House, as_: Callable[[str | None], Client], role: str | None
) -> None:
    house.send(touchpoint(1, "user:1", wait_s=-5))
    house.digest()
    upload = Upload.objects.create(source=house.source, file="calls.csv", created_at=NOW, state=Upload.State.DONE)
    client, given = as_(role), {"name": "till", "number": 0, "figure": "weeks", "mark": "long_wait"}
    numbers = {"arrival": Arrival.objects.get().pk, "upload": upload.pk, "colleague": 999_999, "hook": hook()}
    ReadKey.objects.create(name="till", key_digest="0", created_at=NOW)
    for name, pattern in addresses():
        number = next((n for what, n in numbers.items() if what in name), 0)
        path = "/" + re.sub(r"<\w+:(\w+)>", partial(filled, {**given, "number": number}), pattern)
        answer = client.post(path) if name in POSTS else client.get(path)
        if name in OPEN:
            assert answer.status_code in {200, 302}
        elif role in ALLOWED[name]:
            # what somebody may do is done, shown, or not there: a colleague of this number, a file that was set aside
            assert answer.status_code in {200, 302} or (answer.status_code, name) in {
                (404, "colleague"), (404, "upload_quarantine"),
            }, (name, answer.status_code)  # fmt: skip
        else:
            assert answer.status_code in {403, 404}, (name, role, answer.status_code)


def hook() -> int:
    return int(Hook.objects.create(url="https://example.org/", events=["strike.recorded"], created_at=NOW).pk)


def filled(given: dict[str, Any], found: re.Match[str]) -> str:
    return str(given[found[1]])


# ---- sources


def test_a_source_is_made_and_its_key_is_shown_this_once(house: House, as_: Callable[[str | None], Client]) -> None:  # noqa: ARG001  # for its database
    client = as_("admin")
    answer = client.post("/sources/new", {"name": "shop", "kind": "segment"})
    key = re.search(r"clg_live_[0-9a-f]{48}", answer.content.decode())
    assert key is not None
    assert answer["Cache-Control"] == "no-store, private"
    assert key[0] not in client.get("/sources/shop").content.decode()
    assert not Source.objects.filter(key_digest=key[0]).exists()
    sent = client.post(
        "/v1/track",
        {"userId": "1", "event": "x"},
        content_type="application/json",
        headers={"Authorization": f"Bearer {key[0]}"},
    )
    assert sent.status_code == 200
    assert (
        client.post("/sources/new", {"name": "shop", "kind": "segment"}).content.decode().count("A source of this name")
        == 1
    )


def test_a_map_that_is_none_is_refused_with_what_to_do(house: House, as_: Callable[[str | None], Client]) -> None:
    client = as_("admin")
    form = {"map": "name = 'till'\n[[rows]]\n", "origins": "", "rate": 5, "most_bytes": 5000, "quiet_after_min": 3}
    page = client.post("/sources/till/change", form).content.decode()
    assert "No emit" in page
    assert "write at least one [[rows.emit]]" in page
    assert client.post("/sources/till/change", {**form, "map": ""}).status_code == 302
    house.source.refresh_from_db()
    assert (house.source.rate, house.source.quiet_after_s) == (5, 180)
    assert "silent" in client.get("/sources/").content.decode()


@pytest.mark.parametrize(("language", "says"), [("en", "The origin"), ("de", "Die Herkunft")])
def test_an_origin_that_is_none_is_said_at_the_origins_in_every_language(
    house: House,  # noqa: ARG001  # for its database
    as_: Callable[[str | None], Client],
    language: str,
    says: str,
) -> None:
    client = as_("admin")
    Colleague.objects.update(language=language)
    form = {"map": "", "origins": "shop.example", "rate": 5, "most_bytes": 5000, "quiet_after_min": 3}
    answer = client.post("/sources/till/change", form)
    assert [(name, error[0].startswith(says)) for name, error in answer.context["form"].errors.items()] == [
        ("origins", True)
    ]


def test_a_revoked_source_is_refused(house: House, as_: Callable[[str | None], Client]) -> None:
    from collage_web.ingest import sources

    client = as_("admin")
    client.post("/sources/till/revoke", {"reason": "the till is sold"})
    sources.forget()
    answer = client.post(
        "/api/v1/touchpoints", [], content_type="application/json", headers={"Authorization": f"Bearer {house.key}"}
    )
    assert answer.status_code == 401
    assert AuditEntry.objects.latest("id").reason == "the till is sold"


def test_a_page_says_when_the_database_cannot_be_had(
    house: House, as_: Callable[[str | None], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = as_("manager")

    def locked(*_: object) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr("collage_web.records.gates.sources", locked)
    answer = client.get("/sources/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    assert "cannot be had just now" in answer.content.decode()
    assert house.key not in answer.content.decode()


# ---- quarantine


def test_what_is_in_quarantine_is_shown_as_it_came_and_digested_again(
    house: House, as_: Callable[[str | None], Client]
) -> None:
    house.send(touchpoint(1, "user:1", wait_s=-5, text="<script>alert(1)</script>"))
    house.digest()
    client, number = as_("manager"), Arrival.objects.get().pk
    assert "wait_s" in client.get("/quarantine/").content.decode()
    page = client.get(f"/arrivals/{number}").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    client.post(f"/arrivals/{number}/replay")
    assert Arrival.objects.get().quarantined_at is None


# ---- files

CALLS = "id;customer;at;wait\n1;4711;2026-11-01T10:00:00Z;500\n2;4711;2026-11-02T10:00:00Z;20\n3;4712;soon;20\n"
MAP = """
name = "pbx"
[tables.calls]
files = "*.csv"
delimiter = ";"
[[rows]]
of = "calls"
[[rows.emit]]
into = "touchpoints"
touchpoint_id = "{id}"
identifier = "user:{customer}"
occurred_at = { time = "{at}" }
kind = "contact.answered"
contact_id = "{id}"
wait_s = "{wait}"
"""


@pytest.fixture
def pbx(house: House, new_key: Callable[[], str], settings: Any, tmp_path: Any) -> Source:  # noqa: ARG001  # for its database
    from collage_web.actions import sourcing

    settings.VAR = tmp_path
    source, _ = sourcing.create("pbx", "files", by=None, now=NOW, new_key=new_key)
    sourcing.change(source, map_=MAP, origins="", rate=10, most_bytes=1000, quiet_after_s=None, by=None, now=NOW)
    return source


def test_a_file_is_looked_at_tried_taken_in_and_taken_out_again(
    house: House, pbx: Source, as_: Callable[[str | None], Client]
) -> None:
    client = as_("manager")
    file = SimpleUploadedFile("calls.csv", CALLS.encode())
    at = client.post("/uploads/new", {"source": pbx.pk, "file": file}).headers["Location"]
    page = client.get(at).content.decode()
    assert "pbx:1" in page
    assert "is not a time" in page
    assert not Touchpoint.objects.exists()

    client.post(f"{at}/begin", {"how": "try"})
    assert uploading.take_next(clock=house.clock)
    assert (Upload.objects.get().state, Touchpoint.objects.count()) == ("tried", 0)

    client.post(f"{at}/begin", {"how": "take"})
    assert "hx-trigger" in client.get(at).content.decode()
    assert uploading.take_next(clock=house.clock)
    assert not uploading.take_next(clock=house.clock)
    house.digest()
    done = Upload.objects.get()
    assert (done.state, done.rows, done.done) == ("done", 3, 2)
    assert Mark.objects.filter(touchpoint_id="pbx:1", mark="long_wait").exists()
    aside = b"".join(client.get(f"{at}/quarantine").streaming_content).decode()  # type: ignore[attr-defined]  # of a file
    assert aside.count("\n") == 1
    assert '"row": 3' in aside

    client.post(f"{at}/undo", {"reason": "of last year"})
    house.digest()
    assert (Upload.objects.get().state, Touchpoint.objects.count(), Mark.objects.count()) == ("undone", 0, 0)


def test_a_file_that_cannot_be_read_says_why_and_stores_nothing(
    house: House, pbx: Source, as_: Callable[[str | None], Client]
) -> None:
    client = as_("manager")
    file = SimpleUploadedFile("calls.csv", b"a;b\n1;2\n")
    at = client.post("/uploads/new", {"source": pbx.pk, "file": file}).headers["Location"]
    assert "the columns a, b" in client.get(at).content.decode()
    client.post(f"{at}/begin", {"how": "take"})
    assert uploading.take_next(clock=house.clock)
    failed = Upload.objects.get()
    assert failed.state == "failed"
    assert "the columns a, b" in failed.problem
    client.post(f"{at}/discard")
    assert not Upload.objects.exists()


def test_an_upload_whose_worker_died_begins_anew(
    house: House, pbx: Source, as_: Callable[[str | None], Client]
) -> None:
    client = as_("manager")
    file = SimpleUploadedFile("calls.csv", CALLS.encode())
    at = client.post("/uploads/new", {"source": pbx.pk, "file": file}).headers["Location"]
    client.post(f"{at}/begin", {"how": "take"})
    found = Upload.objects.get()
    Upload.objects.update(state=Upload.State.RUNNING)
    Touchpoint.objects.create(touchpoint_id="pbx:half", identifier="user:1", occurred_at=NOW, kind="x", upload=found)
    assert uploading.take_next(clock=house.clock)
    assert set(Touchpoint.objects.values_list("touchpoint_id", flat=True)) == {"pbx:1", "pbx:2"}


# ---- colleagues


@pytest.mark.usefixtures("house")
def test_a_colleague_is_admitted_and_the_last_administrator_stays(as_: Callable[[str | None], Client]) -> None:
    client = as_("admin")
    form = {"email": "New@Example.org", "name": "New", "role": "agent", "department": "Care", "password": "short"}
    assert "too short" in client.post("/colleagues/new", form).content.decode()
    assert client.post("/colleagues/new", {**form, "password": PASSWORD}).status_code == 302
    new = Colleague.objects.get(email="new@example.org")
    assert new.check_password(PASSWORD)
    me = Colleague.objects.get(role=Role.ADMIN)
    kept = client.post(f"/colleagues/{me.pk}", {"role": "agent", "is_active": "on"}).content.decode()
    assert "The last administrator" in kept
    assert "colleague.admit" in client.get("/audit/").content.decode()
