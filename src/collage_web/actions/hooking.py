"""Webhooks: addresses that are told of what happens, made, tried and revoked; and what they were told, sent again."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from collage.errors import CollageError
from collage_web.actions import reacting
from collage_web.actions.auditing import note
from collage_web.actions.reaching import AddressError, address
from collage_web.bridge.derived import catalogue, identifiers_of
from collage_web.bridge.whole import objecting
from collage_web.records.models import Colleague, Delivery, Hook, Identifier

__all__ = ["TEST", "HookError", "again", "create", "revoke", "secret_of", "test", "unscored"]

TEST: Final = "test"  # an event that says nothing but that it arrived
_SALT: Final = 16  # bytes


class HookError(CollageError):
    """A webhook cannot be as it was asked to be."""


def create(
    url: str,
    events: Sequence[str],
    *,
    private: bool,
    by: Colleague | None,
    now: datetime,
    chance: Callable[[int], bytes],
) -> Hook:
    """Have an address told of what happens from now on.

    Parameters
    ----------
    url
        Where.
    events
        Of what: some of `reacting.REACTIONS`.
    private
        Whether machines of one's own network may be told.
    by, now
        Who says so, and when.
    chance
        Gives so many random bytes.

    Raises
    ------
    HookError
        When the address cannot be told anything, or of nothing.
    """
    try:
        where = address(url, private=private)
    except AddressError as error:
        raise HookError("make a webhook", error.found, error.do) from error
    wanted = [each for each in reacting.REACTIONS if each in events]
    if not wanted or len(wanted) != len(set(events)):
        do = _("choose one or more of %(events)s") % {"events": ", ".join(reacting.REACTIONS)}
        raise HookError("make a webhook", _("nothing that it could be told of"), do)
    ahead = reacting.ahead(wanted, by=catalogue(), now=now)
    with transaction.atomic():
        made = Hook.objects.create(url=url, events=wanted, salt=chance(_SALT).hex(), by=by, created_at=now)
        note("hook.create", f"hook {made.pk}", by=by, now=now, details={"host": where.host, "events": wanted})
        reacting.record(ahead)
    reacting.forget()
    return made


def secret_of(hook: Hook, *, key: str) -> str:
    """Return the secret with which what a webhook is told is signed.

    Parameters
    ----------
    hook
        Which.
    key
        The server's own secret: with another, all webhooks have other secrets.

    Returns
    -------
    str
        ``whsec_`` and 32 bytes in base64.
    """
    made = hmac.digest(key.encode(), f"hook:{hook.salt}".encode(), hashlib.sha256)
    return f"whsec_{base64.b64encode(made).decode()}"


def revoke(hook: Hook, *, by: Colleague | None, now: datetime, reason: str) -> None:
    """Tell an address nothing more, not even what waits.

    Raises
    ------
    HookError
        When it is revoked already, or no reason is given.
    """
    asked = f"revoke webhook {hook.pk}"
    if not reason.strip():
        raise HookError(asked, _("no reason"), _("say why: others will want to know"))
    with transaction.atomic():
        if not Hook.objects.filter(pk=hook.pk, revoked_at=None).update(revoked_at=now):
            raise HookError(asked, _("one that is revoked already"), _("look at the list again"))
        Delivery.objects.filter(hook=hook, next_at__isnull=False).update(next_at=None, problem="revoked")
        note("hook.revoke", f"hook {hook.pk}", by=by, now=now, reason=reason)
    reacting.forget()


def again(delivery: Delivery, *, by: Colleague | None, now: datetime) -> None:
    """Send something again, under the id that it had: whoever has it already can leave it.

    Raises
    ------
    HookError
        When the webhook is revoked, or it says how the index of somebody fell who objects to having one by now.
    """
    asked = f"send {delivery.message_id} again"
    _still(delivery.hook, asked)
    if delivery.event == reacting.FELL and unscored({delivery.pk: delivery.body}):
        raise HookError(
            asked, _("an index of a customer who objects to being scored"), _("leave it: nobody may know it")
        )
    with transaction.atomic():
        Delivery.objects.filter(pk=delivery.pk).update(next_at=now, tries=0, done_at=None, problem="")
        note("hook.again", f"hook {delivery.hook_id}", by=by, now=now, details={"message": delivery.message_id})


def test(hook: Hook, *, by: Colleague | None, now: datetime, chance: Callable[[int], bytes]) -> Delivery:
    """Send something that says nothing but that it arrived.

    Raises
    ------
    HookError
        When the webhook is revoked.
    """
    _still(hook, f"try webhook {hook.pk}")
    body = json.dumps({"type": TEST, "timestamp": reacting.written(now), "data": {}}, separators=(",", ":"))
    with transaction.atomic():
        made = Delivery.objects.create(
            hook=hook, message_id=f"msg_{chance(_SALT).hex()}", event=TEST, body=body, created_at=now, next_at=now
        )  # fmt: skip
        note("hook.test", f"hook {hook.pk}", by=by, now=now)
    return made


def unscored(bodies: Mapping[int, str]) -> set[int]:
    """Return which of some deliveries are of customers who object to being scored by now.

    Parameters
    ----------
    bodies
        What is told, by the number of the delivery.
    """
    told = {number: json.loads(body)["data"].get("customer") for number, body in bodies.items()}
    whose = {customer for customer in told.values() if customer is not None}
    there = Identifier.objects.filter(Q(customer__in=whose) | Q(home__in=whose)).values_list("home", "customer")
    now = dict(there)  # whoever turned out to be one with another objects where that other does
    out = objecting(identifiers_of(set(now.values())))
    return {number for number, customer in told.items() if now.get(customer, customer) in out or customer in out}


def _still(hook: Hook, asked: str) -> None:
    if hook.revoked_at is not None:
        raise HookError(asked, _("a webhook that is revoked"), _("make another one"))
