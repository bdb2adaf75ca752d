"""The outbox of webhooks: what waits is sent, signed by the Standard Webhooks specification, until it was taken.

Each address has a thread of its own while it is told, eight of them at once, and what is due for one is begun whether
or not another has answered: a slow or dead address holds up nobody but itself. What cannot be reached is not tried
again for each thing that waits for it: a try of the first is a try of all that are due. Whoever is killed has sent
some of it and noted it nowhere, so it is sent again, under the same id.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

import structlog
from django.db import transaction

from collage_web.actions import reacting
from collage_web.actions.auditing import note
from collage_web.actions.hooking import secret_of, unscored
from collage_web.actions.reaching import Answer
from collage_web.records import bulk
from collage_web.records.models import Delivery, Hook, Reaction

__all__ = ["TRIED_AFTER_S", "Send", "clear", "deliver", "due", "signed"]

# seconds after the try before: the first is made at once, and after the eighth it is given up
TRIED_AFTER_S: Final = (0, 5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 10 * 3600)
_JITTER: Final = 0.1
_THREADS: Final = 8
_OF_ONE: Final = 50  # deliveries to one address before they are noted
_ONE_S: Final = 5.0  # as above
_LOOK_S: Final = 0.5
_GONE: Final = 410
_KEPT: Final = timedelta(days=30)  # what is done, to be looked at and sent again
_log = structlog.get_logger()


class Send(Protocol):
    """Posts a body with headers to an address."""

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes, /) -> Answer:
        """Return what came of it."""


@dataclass(frozen=True, slots=True)
class _Letter:
    """A delivery as a thread needs it, which must not ask the database."""

    id: int
    message_id: str
    body: bytes


@dataclass(frozen=True, slots=True)
class _Tried:
    """What came of some deliveries to one address; `unreached` were not even sent, since another was not."""

    hook: int
    answers: Mapping[int, Answer]
    unreached: Answer | None


def due(*, now: datetime) -> bool:
    """Return whether anything waits to be sent."""
    return Delivery.objects.filter(next_at__lte=now, hook__revoked_at=None).exists()


def deliver(
    *,
    clock: Callable[[], datetime],
    chance: random.Random,
    send: Send,
    key: str,
    going: Callable[[], bool] = lambda: True,
) -> int:
    """Send what is due, until nothing is.

    Parameters
    ----------
    clock
        Gives the moment (UTC).
    chance
        Spreads the tries, so that what failed together does not come again together.
    send
        Posts; it is called by several threads at once, and asks the database nothing.
    key
        The server's secret, of which those of the webhooks are made.
    going
        Whether to begin with more.

    Returns
    -------
    int
        How many tries were made.
    """
    tries, flying = 0, dict[Future[_Tried], int]()
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="collage-hook") as pool:
        while True:
            if going():
                for hook, letters in _waiting(clock(), set(flying.values())):
                    secret = secret_of(hook, key=key)
                    flying[pool.submit(_tell, hook, letters, secret, clock, send)] = hook.pk
            if not flying:
                return tries
            for each in wait(flying, timeout=_LOOK_S, return_when=FIRST_COMPLETED).done:
                del flying[each]
                tries += _noted(each.result(), clock(), chance)


def _waiting(now: datetime, busy: Collection[int]) -> list[tuple[Hook, list[_Letter]]]:
    """Return what is due for each address that is not being told already."""
    these = Delivery.objects.filter(next_at__lte=now).exclude(hook__in=busy)
    hooks = Hook.objects.filter(pk__in=these.values("hook").distinct(), revoked_at=None)
    found = []
    for hook in hooks:
        mine = list(these.filter(hook=hook).order_by("next_at", "id")[:_OF_ONE])
        out = unscored({each.pk: each.body for each in mine})
        for each in (each for each in mine if each.pk in out):
            _unscored(each)
        letters = [_Letter(each.pk, each.message_id, each.body.encode()) for each in mine if each.next_at is not None]
        if letters:
            found.append((hook, letters))
    return found


def _unscored(delivery: Delivery) -> None:
    """Leave out of a delivery what the index of somebody was who objects to it since; nothing may be left to send."""
    if delivery.event == reacting.FELL:
        delivery.next_at, delivery.problem = None, "objects"
    body = json.loads(delivery.body)
    body["data"] |= {name: None for name in ("from", "to", "points") if name in body["data"]}
    delivery.body = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    delivery.save(update_fields=["next_at", "problem", "body"])


def clear(*, now: datetime) -> int:
    """Delete what was told, or given up, more than 30 days ago; return how much it was."""
    before = now - _KEPT
    deliveries = Delivery.objects.filter(next_at=None, created_at__lt=before).exclude(done_at__gte=before)
    reactions = Reaction.objects.filter(done_at__lt=before)
    numbers = [list(rows.values_list("pk", flat=True)) for rows in (deliveries, reactions)]
    for rows, old in zip((deliveries, reactions), numbers, strict=True):
        for some in bulk.chunks(old):  # whoever else writes does not wait for thousands
            rows.filter(pk__in=some).delete()  # unless it is sent again meanwhile
    return sum(map(len, numbers))


def _tell(hook: Hook, letters: Sequence[_Letter], secret: str, clock: Callable[[], datetime], send: Send) -> _Tried:
    """Send some deliveries to one address, one after the other, until it cannot be reached or takes too long."""
    answers: dict[int, Answer] = {}
    until = time.monotonic() + _ONE_S
    for letter in letters:
        headers = signed(letter.message_id, letter.body, secret=secret, now=clock())
        try:
            answer = send(hook.url, headers, letter.body)
        except Exception as error:  # noqa: BLE001  # whatever it is, the others are told
            _log.error("hook.failed", kind=type(error).__name__)  # no text of it: an address can be a secret
            answer = Answer(0, "broken")
        answers[letter.id] = answer
        if answer.status == 0:
            return _Tried(hook.pk, answers, answer)
        if answer.status == _GONE or time.monotonic() >= until:
            break
    return _Tried(hook.pk, answers, None)


def signed(message_id: str, body: bytes, *, secret: str, now: datetime) -> dict[str, str]:
    """Return the headers by which a receiver knows that something is ours, whole and fresh.

    Parameters
    ----------
    message_id
        The same for every try.
    body
        As it is sent.
    secret
        ``whsec_`` and base64.
    now
        The moment of the try.

    Returns
    -------
    dict of str
        By the Standard Webhooks specification 1.0.0: `webhook-id`, `webhook-timestamp`, `webhook-signature`.
    """
    at = str(int(now.timestamp()))
    raw = base64.b64decode(secret.removeprefix("whsec_"))
    made = hmac.digest(raw, f"{message_id}.{at}.".encode() + body, hashlib.sha256)
    signature = f"v1,{base64.b64encode(made).decode()}"
    return {"webhook-id": message_id, "webhook-timestamp": at, "webhook-signature": signature}


def _noted(tried: _Tried, now: datetime, chance: random.Random) -> int:
    """Note what came of it, each in a moment."""
    with transaction.atomic():
        for number, answer in tried.answers.items():
            _note_one(Delivery.objects.filter(pk=number, next_at__isnull=False).first(), answer, now, chance)
        if any(answer.status == _GONE for answer in tried.answers.values()):
            _gone(tried.hook, now)
    if tried.unreached is not None:
        rest = Delivery.objects.filter(hook=tried.hook, next_at__lte=now).exclude(pk__in=tried.answers)
        for some in bulk.chunks(rest):  # whoever else writes does not wait for thousands
            with transaction.atomic():
                for each in some:
                    _note_one(each, tried.unreached, now, chance)
    return len(tried.answers)


def _note_one(delivery: Delivery | None, answer: Answer, now: datetime, chance: random.Random) -> None:
    if delivery is None:  # revoked meanwhile
        return
    tries = delivery.tries + 1
    new: dict[str, object] = {"tries": tries, "next_at": None, "problem": ""}
    if 200 <= answer.status < 300:  # noqa: PLR2004  # what every status of success is
        new["done_at"] = now
    else:
        new["problem"] = answer.problem or str(answer.status)
        if tries < len(TRIED_AFTER_S):
            seconds = TRIED_AFTER_S[tries] * (1 + chance.uniform(0, _JITTER))
            new["next_at"] = now + timedelta(seconds=seconds)
    Delivery.objects.filter(pk=delivery.pk).update(**new)


def _gone(hook: int, now: datetime) -> None:
    """Tell an address nothing more that says it is gone for good."""
    if Hook.objects.filter(pk=hook, revoked_at=None).update(revoked_at=now):
        Delivery.objects.filter(hook=hook, next_at__isnull=False).update(next_at=None, problem="revoked")
        note("hook.revoke", f"hook {hook}", by=None, now=now, reason="it answered 410 Gone")
        reacting.forget()
