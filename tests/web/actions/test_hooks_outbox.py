"""What waits is sent: signed, again until it was taken, and nobody is held up by anybody else."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
import standardwebhooks
from django.conf import settings as set_

from collage_web.actions import delivering, hooking, reacting
from collage_web.actions.delivering import TRIED_AFTER_S, deliver, signed
from collage_web.actions.hooking import HookError
from collage_web.actions.reaching import Answer
from collage_web.records.models import (
    AuditEntry,
    Delivery,
    Hook,
    Reaction,
)
from tests.house.pages import blocks
from tests.house.repository import ROOT
from tests.web.actions.test_hooks import SECOND, bodies, hook, nobody_is_remembered, struck  # noqa: F401  # one of them a fixture
from tests.web.conftest import NOW, House

# ---- the outbox


@dataclass
class Receiver:
    """Takes what is sent, or does not: answers by address, the last of them for ever."""

    answers: dict[str, list[Answer]]
    got: list[tuple[str, Mapping[str, str], bytes]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        with self.lock:
            self.got.append((url, headers, body))
            mine = self.answers.get(url, [Answer(200)])
            return mine.pop(0) if len(mine) > 1 else mine[0]


def sent(house: House, receiver: Any) -> int:
    return deliver(clock=house.clock, chance=random.Random(1), send=receiver, key=set_.SECRET_KEY)


def waiting(made: Hook, n: int = 1) -> list[Delivery]:
    return [
        hooking.test(made, by=None, now=NOW, chance=random.Random(f"{made.pk} {each}").randbytes) for each in range(n)
    ]


def test_what_is_taken_is_sent_once(house: House) -> None:
    made = hook()
    waiting(made, 3)
    receiver = Receiver({})
    assert sent(house, receiver) == 3
    assert sent(house, receiver) == 0
    assert [body for _, _, body in receiver.got] == [each.body.encode() for each in Delivery.objects.order_by("id")]
    assert {(each.tries, each.next_at, each.done_at, each.problem) for each in Delivery.objects.all()} == {
        (1, None, NOW, "")
    }


def test_what_is_not_taken_is_tried_again_later_and_later_and_given_up_after_a_day(house: House) -> None:
    waiting(hook())
    receiver, tried = Receiver({"https://example.org/hook": [Answer(500)]}), [house.now]
    while (due := Delivery.objects.get().next_at) is not None:
        house.now = due - SECOND
        assert sent(house, receiver) == 0 or len(tried) == 1
        house.now = due
        sent(house, receiver)
        tried.append(house.now)
    lost = Delivery.objects.get()
    assert (lost.tries, lost.problem, lost.done_at) == (len(TRIED_AFTER_S), "500", None)
    assert len({headers["webhook-id"] for _, headers, _ in receiver.got}) == 1
    assert len(receiver.got) == 8
    times = sorted(int(headers["webhook-timestamp"]) for _, headers, _ in receiver.got)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    for gap, least in zip(gaps, TRIED_AFTER_S[1:], strict=True):
        assert least - 1 <= gap <= least * 1.1 + 1


def test_an_address_that_is_gone_is_told_nothing_more(house: House) -> None:
    made = hook()
    waiting(made, 3)
    receiver = Receiver({made.url: [Answer(200), Answer(410)]})
    sent(house, receiver)
    made.refresh_from_db()
    assert made.revoked_at == NOW
    assert len(receiver.got) == 2
    assert not delivering.due(now=NOW + timedelta(days=9))
    assert AuditEntry.objects.latest("id").reason == "it answered 410 Gone"
    struck(house)
    assert not Reaction.objects.exists()


def test_what_cannot_be_reached_is_not_tried_for_each_thing_that_waits(house: House) -> None:
    made = hook()
    waiting(made, 120)
    receiver = Receiver({made.url: [Answer(0, "silent")]})
    assert sent(house, receiver) == 1
    assert {(each.tries, each.problem) for each in Delivery.objects.all()} == {(1, "silent")}


def test_an_address_that_is_slow_holds_up_nobody_else(house: House) -> None:
    slow, quick = hook(url="https://slow.example/"), hook(url="https://quick.example/")
    waiting(slow, 2)
    waiting(quick, 5)
    done, order = threading.Event(), []

    def send(url: str, headers: Mapping[str, str], body: bytes) -> Answer:  # noqa: ARG001  # as `Send` has them
        if url == slow.url:
            assert done.wait(30), "the quick one was held up"
        order.append(url)
        if order.count(quick.url) == 5:
            done.set()
        return Answer(200)

    assert sent(house, send) == 7
    assert order[:5] == [quick.url] * 5


def test_a_mistake_of_ours_is_a_try_like_any_other(house: House) -> None:
    waiting(hook())

    def send(url: str, *_: Any) -> Answer:
        raise KeyError(url)

    assert sent(house, send) == 1
    assert Delivery.objects.get().problem == "broken"


def test_who_dies_before_it_is_noted_sends_again_under_the_same_id(house: House) -> None:
    hook(reacting.STRIKE)
    struck(house)
    reacting.react(now=NOW)
    first = Delivery.objects.get().message_id
    Reaction.objects.update(done_at=None)
    Delivery.objects.all().delete()
    reacting.react(now=NOW)
    assert Delivery.objects.get().message_id == first


def test_a_revoked_webhook_is_told_nothing_and_cannot_be_tried(house: House) -> None:
    made = hook()
    (kept,) = waiting(made)
    with pytest.raises(HookError, match="no reason"):
        hooking.revoke(made, by=None, now=NOW, reason=" ")
    hooking.revoke(made, by=None, now=NOW, reason="the system is gone")
    receiver = Receiver({})
    assert sent(house, receiver) == 0
    made.refresh_from_db()
    kept.refresh_from_db()
    with pytest.raises(HookError, match="revoked already"):
        hooking.revoke(made, by=None, now=NOW, reason="again")
    for act in (lambda: hooking.again(kept, by=None, now=NOW), lambda: waiting(made)):
        with pytest.raises(HookError, match="revoked"):
            act()


def test_what_was_given_up_can_be_sent_again(house: House) -> None:
    made = hook()
    (lost,) = waiting(made)
    Delivery.objects.update(next_at=None, tries=8, problem="500")
    hooking.again(lost, by=None, now=NOW)
    assert sent(house, Receiver({})) == 1
    assert Delivery.objects.get().done_at == NOW
    assert "hook.again" in set(AuditEntry.objects.values_list("verb", flat=True))


@pytest.mark.parametrize(
    ("url", "events", "found"),
    [
        ("http://example.org/", reacting.REACTIONS, "https"),
        ("https://127.0.0.1/", reacting.REACTIONS, "only this server"),
        ("https://example.org/", (), "nothing"),
        ("https://example.org/", ("strike.recorded", "all"), "nothing"),
    ],
)
@pytest.mark.django_db
def test_a_webhook_that_cannot_be_is_refused_with_what_to_do(url: str, events: tuple[str, ...], found: str) -> None:
    with pytest.raises(HookError) as refused:
        hooking.create(url, events, private=False, by=None, now=NOW, chance=random.Random(1).randbytes)
    assert found in refused.value.found
    assert not Hook.objects.exists()


# ---- the signature


def test_what_is_sent_is_good_in_the_eyes_of_standard_webhooks_own_library(house: House) -> None:
    hook(reacting.STRIKE)
    struck(house)
    reacting.react(now=NOW)
    house.now = datetime.now(UTC)  # their library reads the clock
    receiver = Receiver({})
    sent(house, receiver)
    ((_, headers, body),) = receiver.got
    secret = hooking.secret_of(Hook.objects.get(), key=set_.SECRET_KEY)
    assert standardwebhooks.Webhook(secret).verify(body, dict(headers)) == bodies()[0]
    for wrong in (body + b" ", body.replace(b"strike", b"Strike")):
        with pytest.raises(standardwebhooks.WebhookVerificationError):
            standardwebhooks.Webhook(secret).verify(wrong, dict(headers))


def test_the_signature_is_that_of_the_specifications_own_example() -> None:
    # https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md, "Signature scheme"
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105  # published
    body = b'{"test": 2432232314}'
    now = datetime.fromtimestamp(1614265330, UTC)
    headers = signed("msg_p5jXN8AQM9LWM0D4loKWxJek", body, secret=secret, now=now)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-timestamp"] == "1614265330"


def test_every_webhook_has_a_secret_of_its_own_that_stands_nowhere(house: House) -> None:  # noqa: ARG001  # for its database
    one, other = hook(), hook(url="https://example.org/other")
    secrets = {hooking.secret_of(each, key=key) for each in (one, other) for key in ("a", "b")}
    assert len(secrets) == 4
    raw = base64.b64decode(hooking.secret_of(one, key="a").removeprefix("whsec_"))
    assert raw == hmac.new(b"a", f"hook:{one.salt}".encode(), hashlib.sha256).digest()
    kept = json.dumps([*Hook.objects.values(), *AuditEntry.objects.values()], default=str)
    assert not any(secret in kept for secret in secrets)


def test_the_receiver_of_the_documentation_takes_what_we_send_and_nothing_else(house: House) -> None:
    hook()
    struck(house)
    reacting.react(now=NOW)
    receiver = Receiver({})
    sent(house, receiver)
    ((_, headers, body),) = receiver.got
    (example,) = [each for each in blocks(ROOT / "docs/how-to/webhooks.md") if each.language == "python"]
    names: dict[str, Any] = {}
    exec(example.text, names)  # noqa: S102  # a page of ours, and that it works is the point
    secret = hooking.secret_of(Hook.objects.get(), key=set_.SECRET_KEY)
    now = NOW.timestamp()
    assert names["verified"](body, headers, secret, now) == bodies()[0]
    rotated = {**headers, "webhook-signature": f"v1,AAAA v2,x {headers['webhook-signature']}"}
    assert names["verified"](body, rotated, secret, now) == bodies()[0]
    stale = {**headers, "webhook-timestamp": str(int(now) - 301)}
    for wrong in ((body + b" ", headers, secret, now), (body, stale, secret, now), (body, headers, secret, now + 301),
                  (body, {}, secret, now), (body, headers, secret[:-8] + "AAAAAAA=", now)):  # fmt: skip
        with pytest.raises(ValueError, match=r"too old|not signed"):
            names["verified"](*wrong)
