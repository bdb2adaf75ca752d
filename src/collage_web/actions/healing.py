"""Strikes made good: the customer confirms it, and most of what a strike has cost comes back."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from collage.errors import CollageError
from collage_web.actions.auditing import note
from collage_web.actions.contesting import is_strike
from collage_web.actions.identifying import touched
from collage_web.actions.locking import alone
from collage_web.bridge.foreseen import Healed, healed
from collage_web.records.models import Colleague, Identifier, Mark, Touchpoint
from collage_web.records.verdicts import said_by

__all__ = ["HealError", "confirm", "preview"]

_KIND: Final = "recovery.confirmed"
_SOURCE: Final = "desk"


class HealError(CollageError):
    """A strike cannot be taken back in this way."""


def preview(touchpoint_id: str, customer: str, *, at: datetime) -> Healed:
    """Return what a recovery confirmed now would take back; nothing is written.

    It takes back every earlier strike of the same issue that no recovery before it has taken back; where the strike is
    of no issue, every one of the customer's.

    Parameters
    ----------
    touchpoint_id, customer
        What left the strike, and whose it is.
    at
        The moment at which it would be confirmed.

    Raises
    ------
    HealError
        When there is no such strike by then, or it has been taken back already.
    """
    return _foreseen(touchpoint_id, customer, _recovery(touchpoint_id, customer, at), at)


def _recovery(touchpoint_id: str, customer: str, at: datetime) -> dict[str, Any]:
    asked = f"take back the strike of {touchpoint_id}"
    marks = Mark.objects.filter(customer=customer, touchpoint_id=touchpoint_id).order_by("occurred_at", "id")
    strikes = [mark for mark in marks if is_strike(mark)]
    if not strikes:
        raise HealError(asked, _("no such strike of this customer"), _("look at the customer's page again"))
    if strikes[0].occurred_at >= at:
        raise HealError(asked, _("a strike that is still to come"), _("wait until it has happened"))
    return {
        "touchpoint_id": f"{_SOURCE}:{uuid.uuid4().hex}",
        "identifier": strikes[0].identifier,
        "issue_id": strikes[0].issue_id,
        "occurred_at": at,
        "received_at": at,
        "source": _SOURCE,
        "kind": _KIND,
    }


def _foreseen(touchpoint_id: str, customer: str, recovery: dict[str, Any], at: datetime) -> Healed:
    found = healed(customer, recovery, at=at)
    if touchpoint_id not in {back.touchpoint_id for back in found.strikes}:
        raise _taken_back(touchpoint_id)
    return found


def _taken_back(touchpoint_id: str) -> HealError:
    asked = f"take back the strike of {touchpoint_id}"
    return HealError(asked, _("one that has been taken back already"), _("look at the customer's page again"))


def _overtaken(customer: str, recovery: Mapping[str, Any]) -> bool:
    """Return whether a colleague was quicker: what they recorded is not before what is to be recorded now."""
    theirs = Identifier.objects.filter(customer=customer).values("value")
    since = Touchpoint.objects.filter(identifier__in=theirs, occurred_at__gte=recovery["occurred_at"])
    return since.filter(source=_SOURCE, kind=_KIND, issue_id=recovery["issue_id"]).exists()


def confirm(touchpoint_id: str, customer: str, *, by: Colleague, now: datetime, reason: str) -> Touchpoint:
    """Record that the customer confirmed that it was made good.

    Parameters
    ----------
    touchpoint_id, customer
        What left the strike, and whose it is.
    by, now, reason
        Who heard it, when, and what was done.

    Returns
    -------
    Touchpoint
        Of the kind ``recovery.confirmed``; taken back (`recording.take_back`), the strikes count again.

    Raises
    ------
    HealError
        When there is no such strike, it has been taken back already, or nothing is said.
    """
    if not reason.strip():
        raise HealError(
            f"take back the strike of {touchpoint_id}",
            _("no reason"),
            _("say what was done, and how the customer took it"),
        )
    with transaction.atomic():
        alone(f"strikes of {customer}")
        recovery = _recovery(touchpoint_id, customer, now)
        if _overtaken(customer, recovery):
            raise _taken_back(touchpoint_id)
        found = _foreseen(touchpoint_id, customer, recovery, now)
        made = Touchpoint.objects.create(
            **recovery, department=by.department or None, agent=by.agent or None, text=reason.strip(),
            properties=json.dumps({"by": said_by(by)}),
        )  # fmt: skip
        touched([made.identifier])
        note(
            "strike.heal", made.touchpoint_id, by=by, now=now, reason=reason,
            details={"of": touchpoint_id, "strikes": len(found.strikes)},
        )  # fmt: skip
    return made
