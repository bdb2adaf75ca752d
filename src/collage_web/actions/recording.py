"""What a colleague tells of a customer: a call, a visit, a note; and taken back, where it was told wrongly."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from collage.errors import CollageError
from collage_web.actions.auditing import note
from collage_web.actions.identifying import foremost, touched
from collage_web.records import gates
from collage_web.records.models import Colleague, Identifier, Promise, Touchpoint
from collage_web.records.verdicts import colleague_of, said_by

__all__ = ["NEW_ISSUE", "SOURCE", "RecordError", "Told", "issue_of", "record", "recorded_by", "take_back"]

SOURCE: Final = "desk"
NEW_ISSUE: Final = "new"
_KINDS: Final = {
    "call": ("contact.answered", "phone"),
    "visit": ("service.visit", "visit"),
    "note": ("note.made", None),
}
_EPISODES: Final = {"call", "visit"}  # a note is no meeting
_OUTCOMES: Final = {"", "resolved", "unresolved"}
_AHEAD: Final = timedelta(minutes=5)
_FIRST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_OWN: Final = timedelta(days=1)


class RecordError(CollageError):
    """It cannot be recorded, or taken back, in this way."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is told: `what` is call, visit or note; `issue` one of the customer's, or `NEW_ISSUE`, or empty.

    `occurred_at` None is now, an empty `identifier` the one by which the customer is known first.
    """

    what: str
    text: str = ""
    outcome: str = ""
    issue: str = ""
    sensitive: bool = False
    occurred_at: datetime | None = None
    identifier: str = ""


def record(customer: str, told: Told, *, by: Colleague, now: datetime) -> Touchpoint:
    """Record a touchpoint.

    Parameters
    ----------
    customer
        The id.
    told
        What happened.
    by, now
        Who tells it, and when.

    Raises
    ------
    RecordError
        When it is of no kind that is known, empty, of another time than it can be, or of another customer's.
    """
    asked = f"record for the customer {customer}"
    if told.what not in _KINDS or told.outcome not in _OUTCOMES:
        raise RecordError(asked, _("something that is no call, visit or note"), _("choose one of them"))
    if told.what == "note" and not told.text.strip():
        raise RecordError(asked, _("a note without a text"), _("write what is to be known"))
    if told.sensitive and not by.department:
        raise RecordError(
            asked, _("a sensitive text of no department, which nobody could read"), _("leave it out, or not sensitive")
        )
    happened = told.occurred_at or now
    if not _FIRST <= happened <= now + _AHEAD:
        raise RecordError(asked, _("a moment that lies ahead, or before the year 2000"), _("say when it happened"))
    theirs = list(Identifier.objects.filter(customer=customer).values_list("value", flat=True))
    identifier = told.identifier or foremost(customer)
    if identifier is None or identifier not in theirs:
        raise RecordError(asked, _("an identifier that is not theirs"), _("choose one of the customer's"))
    issue = issue_of(theirs, told.issue, asked)
    kind, channel = _KINDS[told.what]
    with transaction.atomic():
        made = Touchpoint(
            touchpoint_id=f"{SOURCE}:{uuid.uuid4().hex}", identifier=identifier, occurred_at=happened, received_at=now,
            source=SOURCE, kind=kind, channel=channel, department=by.department or None, agent=by.agent or None,
            issue_id=issue, outcome=told.outcome or None, text=told.text.strip() or None,
            properties=_properties(by, sensitive=told.sensitive),
        )  # fmt: skip
        made.contact_id = made.touchpoint_id if told.what in _EPISODES else None
        made.save(force_insert=True)
        touched([identifier])
        note("touchpoint.record", made.touchpoint_id, by=by, now=now, details={"kind": kind})
    return made


def _properties(by: Colleague, *, sensitive: bool) -> str:
    more: dict[str, Any] = {"by": said_by(by), **({"sensitive": True} if sensitive else {})}
    return json.dumps(more, sort_keys=True)


def issue_of(theirs: list[str], issue: str, asked: str) -> str | None:
    """Return the id of the issue that is meant.

    Parameters
    ----------
    theirs
        All identifiers of the customer.
    issue
        One of the customer's, or `NEW_ISSUE`, or nothing.
    asked
        What for, as the error says it.

    Raises
    ------
    RecordError
        When it is another customer's.
    """
    if not issue:
        return None
    if issue == NEW_ISSUE:
        return f"{SOURCE}:{uuid.uuid4().hex}"
    kept = (each.objects.filter(identifier__in=theirs, issue_id=issue).exists() for each in (Touchpoint, Promise))
    if not any(kept):
        raise RecordError(asked, _("a matter that is not theirs"), _("choose one of the customer's, or a new one"))
    return issue


def recorded_by(touchpoint: Touchpoint) -> int | None:
    """Return the number of the colleague who recorded a touchpoint; None: it came from elsewhere."""
    if touchpoint.source != SOURCE:
        return None
    try:
        found = json.loads(touchpoint.properties or "{}")
    except ValueError:
        return None
    return colleague_of(found.get("by")) if isinstance(found, dict) else None


def take_back(touchpoint: Touchpoint, *, by: Colleague, now: datetime, reason: str) -> None:
    """Take back what was recorded at the desk: within a day who recorded it may, a lead or a manager always.

    Parameters
    ----------
    touchpoint
        Which.
    by, now, reason
        Who takes it back, when, and why; who corrects their own of today owes nobody a reason.

    Raises
    ------
    RecordError
        When it is not from the desk, not theirs to take back, gone already, or no reason is given.
    """
    asked = f"take back the touchpoint {touchpoint.touchpoint_id}"
    if touchpoint.source != SOURCE:
        raise RecordError(asked, _("one that a system sent"), _("correct it in that system, or contest its strikes"))
    own = recorded_by(touchpoint) == by.pk and now - (touchpoint.received_at or _FIRST) <= _OWN
    if not own and not gates.may(by, "decide"):
        raise RecordError(
            asked,
            _("what somebody else recorded, or more than a day ago"),
            _("ask a lead or a manager to take it back"),
        )
    if not own and not reason.strip():
        raise RecordError(asked, _("no reason"), _("say why: others will want to know"))
    with transaction.atomic():
        gone, _of_which = Touchpoint.objects.filter(pk=touchpoint.pk, source=SOURCE).delete()
        if not gone:
            raise RecordError(asked, _("nothing: it was taken back already"), _("look at the customer's page"))
        touched([touchpoint.identifier])
        note(
            "touchpoint.take_back", touchpoint.touchpoint_id, by=by, now=now, reason=reason,
            details={"kind": touchpoint.kind},
        )  # fmt: skip
