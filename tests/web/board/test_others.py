"""Who is told and who may ask: made, shown once, tried, revoked, by an administrator alone."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings as set_
from django.test import Client

from collage_web.actions import hooking, reacting
from collage_web.actions.delivering import deliver
from collage_web.actions.reaching import Answer
from collage_web.records.models import AuditEntry, Delivery, Hook, ReadKey
from tests.web.board.test_pages import as_  # noqa: F401  # a fixture
from tests.web.conftest import House

As = Callable[[str | None], Client]
FORM = {"url": "https://crm.example/in?token=s3cret", "events": ["strike.recorded", "score.fell"]}

pytestmark = pytest.mark.usefixtures("house")


def last() -> AuditEntry:
    return AuditEntry.objects.latest("id")


def test_a_webhook_is_made_and_its_secret_is_shown_this_once(as_: As) -> None:  # noqa: F811  # the fixture
    client = as_("admin")
    answer = client.post("/hooks/new", FORM)
    secret = re.search(r"whsec_[A-Za-z0-9+/]{43}=", answer.content.decode())
    made = Hook.objects.get()
    assert secret is not None
    assert secret[0] == hooking.secret_of(made, key=set_.SECRET_KEY)
    assert answer["Cache-Control"] == "no-store, private"
    for page in ("/hooks/", f"/hooks/{made.pk}"):
        assert secret[0] not in client.get(page).content.decode()
    assert (last().verb, last().subject) == ("hook.create", f"hook {made.pk}")
    assert last().details == {"host": "crm.example", "events": FORM["events"]}
    assert "s3cret" not in str(list(AuditEntry.objects.values()))


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"url": "https://127.0.0.1/"}, "only this server can reach"),
        ({"url": "http://example.org/"}, "https://"),
        ({"url": "https://me:you@example.org/"}, "a password in it"),
        ({"url": ""}, "required"),
        ({"events": []}, "required"),
        ({"events": ["all"]}, "not one of the available choices"),
    ],
)
def test_a_webhook_that_cannot_be_is_refused_with_what_is_wrong(as_: As, form: dict[str, Any], said: str) -> None:  # noqa: F811  # the fixture
    page = as_("admin").post("/hooks/new", {**FORM, **form})
    assert page.status_code == 200
    assert said in page.content.decode()
    assert not Hook.objects.exists()


def test_ones_own_network_may_be_told_where_the_company_says_so(as_: As, settings: Any) -> None:  # noqa: F811  # the fixture
    settings.COLLAGE_HOOKS_PRIVATE = True
    as_("admin").post("/hooks/new", {**FORM, "url": "http://10.0.0.7:8080/in"})
    assert Hook.objects.get().url == "http://10.0.0.7:8080/in"


def test_a_test_is_sent_and_what_came_of_it_is_shown_and_sent_again(as_: As, house: House) -> None:  # noqa: F811  # the fixture
    client = as_("admin")
    client.post("/hooks/new", FORM)
    at = f"/hooks/{Hook.objects.get().pk}"
    assert "Nothing yet" in client.get(at).content.decode()
    client.post(f"{at}/again", {"what": "test"})
    assert Delivery.objects.get().event == "test"
    house.now = datetime.now(UTC) + timedelta(seconds=1)

    def tell(answer: Answer) -> None:
        deliver(clock=house.clock, chance=random.Random(1), send=lambda *_: answer, key=set_.SECRET_KEY)

    tell(Answer(503))
    page = client.get(at).content.decode()
    assert "is tried again" in page
    assert "it answered 503" in page
    assert "1 of 8" in page
    Delivery.objects.update(next_at=None)
    assert "given up" in client.get(at).content.decode()
    client.post(f"{at}/again", {"delivery": Delivery.objects.get().pk})
    tell(Answer(200))
    assert "taken, " in client.get(at).content.decode()
    assert [each.verb for each in AuditEntry.objects.order_by("-id")[:2]] == ["hook.again", "hook.test"]


@pytest.mark.parametrize(
    "problem", ["address", "name", "private", "refused", "silent", "tls", "broken", "revoked", "404"]
)
def test_every_problem_is_said_in_words(as_: As, problem: str) -> None:  # noqa: F811  # the fixture
    client = as_("admin")
    client.post("/hooks/new", FORM)
    made = Hook.objects.get()
    Delivery.objects.create(
        hook=made,
        message_id="m",
        event=reacting.STRIKE,
        body="{}",
        created_at=made.created_at,
        problem=problem,
        tries=8,
    )
    page = client.get(f"/hooks/{made.pk}").content.decode()
    told = re.search(r"given up: ([^<]+)", page)
    assert told is not None
    assert len(told[1].split()) >= 3


@pytest.mark.parametrize("given", ["", "0", "999999", "-1", "x", "9" * 40, "\u0661"])
def test_nothing_is_sent_again_that_is_not_there(as_: As, given: str) -> None:  # noqa: F811  # the fixture
    client = as_("admin")
    client.post("/hooks/new", FORM)
    number = Hook.objects.get().pk
    assert client.post(f"/hooks/{number}/again", {"delivery": given}).status_code == 302
    assert not Delivery.objects.exists()


def test_a_webhook_is_revoked_with_a_reason_and_only_once(as_: As) -> None:  # noqa: F811  # the fixture
    client = as_("admin")
    client.post("/hooks/new", FORM)
    at = f"/hooks/{Hook.objects.get().pk}"
    client.post(f"{at}/revoke", {"reason": ""})
    assert Hook.objects.get().revoked_at is None
    client.post(f"{at}/revoke", {"reason": "the CRM is gone"})
    assert Hook.objects.get().revoked_at is not None
    assert (last().verb, last().reason) == ("hook.revoke", "the CRM is gone")
    assert "revoked already" in client.post(f"{at}/revoke", {"reason": "again"}, follow=True).content.decode()
    assert "Send a test" not in client.get(at).content.decode()
    assert "revoked" in client.get("/hooks/").content.decode()


def test_a_key_that_reads_is_made_shown_once_and_revoked(as_: As) -> None:  # noqa: F811  # the fixture
    client = as_("admin")
    answer = client.post("/read-keys/new", {"name": "telephone"})
    key = re.search(r"clr_live_[0-9a-f]{48}", answer.content.decode())
    assert key is not None
    assert answer["Cache-Control"] == "no-store, private"
    page = client.get("/read-keys/").content.decode()
    assert key[0] not in page
    assert key[0][-4:] in page
    assert "A key of this name" in client.post("/read-keys/new", {"name": "telephone"}).content.decode()
    asked = {"headers": {"Authorization": f"Bearer {key[0]}"}}
    assert Client().get("/api/v1/customers/nobody", **asked).status_code == 404  # type: ignore[arg-type]  # django-stubs wants its own kind of mapping
    client.post("/read-keys/telephone/revoke", {"reason": " "})
    assert ReadKey.objects.get().revoked_at is None
    client.post("/read-keys/telephone/revoke", {"reason": "it is sold"})
    assert (last().verb, last().subject, last().reason) == ("read_key.revoke", "telephone", "it is sold")
    assert Client().get("/api/v1/customers/nobody", **asked).status_code == 401  # type: ignore[arg-type]  # as above
