"""Promises: made, settled, withdrawn, and open again where somebody settled the wrong one."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from collage.errors import CollageError
from collage_web.actions.auditing import note
from collage_web.actions.identifying import foremost, touched
from collage_web.actions.recording import issue_of
from collage_web.records.models import AuditEntry, Colleague, Identifier, Promise

__all__ = ["PromiseError", "Promised", "make", "reopen", "settle", "withdraw"]

_SLUG: Final = re.compile(r"[^\W\d_][\w-]{0,39}")
_FARTHEST: Final = timedelta(days=3_660)
_OWN: Final = timedelta(days=1)
_ENDED: Final = ("promise.settle", "promise.withdraw")


class PromiseError(CollageError):
    """A promise cannot be made, or ended, in this way."""


@dataclass(frozen=True, slots=True)
class Promised:
    """What is promised: `kind` a word such as callback; `department` empty: that of who promises; `issue` as told."""

    kind: str
    due_at: datetime
    issue: str = ""
    department: str = ""


def make(customer: str, promised: Promised, *, by: Colleague, now: datetime) -> Promise:
    """Make a promise to a customer. Unless it is settled by then, it is broken when it is due.

    Parameters
    ----------
    customer
        The id.
    promised
        What, and by when.
    by, now
        Who promises, and when.

    Raises
    ------
    PromiseError
        When its kind is no word, or it is due in the past or in ten years.
    RecordError
        When the issue is not the customer's.
    """
    asked = f"promise something to the customer {customer}"
    kind = "-".join(promised.kind.lower().split())
    if not _SLUG.fullmatch(kind):
        raise PromiseError(asked, _("a kind that is no word"), _("use letters, digits and -, such as callback"))
    if promised.due_at <= now:
        raise PromiseError(asked, _("a promise that is due already"), _("say by when it will be kept"))
    if promised.due_at > now + _FARTHEST:
        raise PromiseError(asked, _("a promise for more than ten years"), _("say by when it will be kept"))
    identifier = foremost(customer)
    if identifier is None:
        raise PromiseError(asked, _("nobody of this id"), _("look the customer up again"))
    theirs = list(Identifier.objects.filter(customer=customer).values_list("value", flat=True))
    issue = issue_of(theirs, promised.issue, asked)
    with transaction.atomic():
        made = Promise.objects.create(
            promise_id=f"desk:{uuid.uuid4().hex}", identifier=identifier, kind=kind, made_at=now,
            department=promised.department.strip() or by.department or None, agent=by.agent or None,
            issue_id=issue, due_at=promised.due_at,
        )  # fmt: skip
        touched([identifier])
        note("promise.make", made.promise_id, by=by, now=now, details={"kind": kind})
    return made


def settle(promise: Promise, outcome: str, *, by: Colleague, now: datetime) -> bool:
    """Say that a promise was kept.

    Parameters
    ----------
    promise
        Which.
    outcome
        ``kept`` or ``exceeded``.
    by, now
        Who says so, and when.

    Returns
    -------
    bool
        Whether it was in time: what is settled after it was due stays broken, whatever one says.

    Raises
    ------
    PromiseError
        When it is settled already, or the outcome is none.
    """
    asked = f"settle the promise {promise.promise_id}"
    if outcome not in {"kept", "exceeded"}:
        raise PromiseError(asked, _("an outcome that is none"), _("say whether it was kept, or more than kept"))
    in_time = now <= promise.due_at
    with transaction.atomic():
        _end(promise, outcome if in_time else "kept", asked, now=now)
        note("promise.settle", promise.promise_id, by=by, now=now, details={"outcome": outcome, "in_time": in_time})
    return in_time


def withdraw(promise: Promise, *, by: Colleague, now: datetime, reason: str) -> None:
    """Withdraw a promise before it is due: nothing comes of it.

    Raises
    ------
    PromiseError
        When it was due already and so is broken, is settled, or no reason is given.
    """
    asked = f"withdraw the promise {promise.promise_id}"
    if not reason.strip():
        raise PromiseError(asked, _("no reason"), _("say why: the customer will want to know"))
    if now > promise.due_at:
        raise PromiseError(
            asked, _("one that was due already and is broken"), _("settle it when it is done, or contest its strike")
        )
    with transaction.atomic():
        _end(promise, "withdrawn", asked, now=now)
        note("promise.withdraw", promise.promise_id, by=by, now=now, reason=reason)


def _end(promise: Promise, outcome: str, asked: str, *, now: datetime) -> None:
    """End a promise that is open: of two at once, the first does."""
    if not Promise.objects.filter(pk=promise.pk, settled_at=None).update(settled_at=now, outcome=outcome):
        raise PromiseError(
            asked, _("one that is settled already, perhaps by a colleague just now"), _("look at the customer's page")
        )
    touched([promise.identifier])


def reopen(promise: Promise, *, by: Colleague, now: datetime) -> None:
    """Open a promise again, within a day after one settled or withdrew it oneself.

    Raises
    ------
    PromiseError
        When it is open, somebody else ended it, or more than a day ago.
    """
    asked = f"open the promise {promise.promise_id} again"
    if promise.settled_at is None:
        raise PromiseError(asked, _("one that is open"), _("settle or withdraw it"))
    last = AuditEntry.objects.filter(subject=promise.promise_id, verb__in=_ENDED).order_by("-id").first()
    if last is None or last.by_id != by.pk or now - last.at > _OWN:
        raise PromiseError(
            asked, _("one that somebody else settled, or more than a day ago"), _("make another promise instead")
        )
    with transaction.atomic():
        ended = Promise.objects.filter(pk=promise.pk, settled_at=promise.settled_at)
        if not ended.update(settled_at=None, outcome=None):
            raise PromiseError(asked, _("one that changed just now"), _("look at the customer's page"))
        touched([promise.identifier])
        note("promise.reopen", promise.promise_id, by=by, now=now)
