"""Strikes that somebody doubts: contested by anybody, decided by who answers for the department that owns them."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from collage.errors import CollageError
from collage_web.actions.auditing import note
from collage_web.actions.identifying import touched
from collage_web.actions.locking import alone
from collage_web.bridge.derived import catalogue
from collage_web.records.models import Colleague, Correction, Identifier, Mark, Role
from collage_web.records.verdicts import CONTESTED, STRUCK_OUT, UPHELD, barred, latest, named, said_by

__all__ = ["BARRED", "Barred", "ContestError", "contest", "decide", "is_strike", "withdraw"]

_TICK: Final = timedelta(microseconds=1)
_ASK: Final = gettext_noop("ask the lead of the department that owns it, or a manager")
_ANOTHER: Final = gettext_noop("ask another lead, or a manager")
BARRED: Final = {
    "role": (gettext_noop("somebody who decides on no strikes"), _ASK),
    "owner": (gettext_noop("a strike of another department"), _ASK),
    "named": (gettext_noop("a strike that is about yourself"), _ANOTHER),
    "own": (gettext_noop("a strike that you contested yourself"), _ANOTHER),
}


class ContestError(CollageError):
    """A strike cannot be contested or decided in this way."""


class Barred(ContestError):  # noqa: N818  # named for what they are
    """Somebody else has to decide."""


def is_strike(mark: Mark) -> bool:
    """Return whether a mark counts against us, by the catalogue in force."""
    try:
        return not catalogue()[mark.mark].recovers and catalogue().weight_of(mark.mark) < 0
    except KeyError:
        return False


def contest(touchpoint_id: str, mark: str, customer: str, *, by: Colleague, now: datetime, reason: str) -> Correction:
    """Say that a strike is wrong. It counts until it is decided.

    Parameters
    ----------
    touchpoint_id, mark, customer
        What left it, its name, whose it is.
    by, now, reason
        Who says so, when, and why.

    Raises
    ------
    ContestError
        When there is no such strike, it is contested or decided already, or no reason is given.
    """
    asked = f"contest {mark} of {touchpoint_id}"
    if not reason.strip():
        raise ContestError(asked, _("no reason"), _("say what is wrong: somebody has to decide on it"))
    with transaction.atomic():
        alone(_mark(touchpoint_id, mark))
        found = _strike(touchpoint_id, mark, customer, asked)
        if found.occurred_at > now:
            raise ContestError(asked, _("one that is still to come"), _("wait until it has happened"))
        said = latest([touchpoint_id]).get((touchpoint_id, mark))
        if said is not None and said.verdict == CONTESTED:
            raise ContestError(asked, _("one that is contested already"), _("wait for the decision"))
        if said is not None:
            raise ContestError(asked, _("one that was decided already"), _("ask a manager to withdraw the decision"))
        made = _say(found, CONTESTED, by=by, at=now, reason=reason)
        note("strike.contest", made.correction_id, by=by, now=now, reason=reason, details=_which(found))
    return made


def decide(
    touchpoint_id: str, mark: str, customer: str, verdict: str, *, by: Colleague, now: datetime, reason: str
) -> Correction:
    """Decide on a strike that is contested.

    Parameters
    ----------
    touchpoint_id, mark, customer
        What left it, its name, whose it is.
    verdict
        ``upheld``: it stays; ``struck_out``: it is no mark any more.
    by, now, reason
        Who decides, when, and why.

    Raises
    ------
    Barred
        When they are neither lead of the department that owns it nor a manager, it is about them, or they contested it.
    ContestError
        When it is not contested, decided already, or no reason is given.
    """
    asked = f"decide on {mark} of {touchpoint_id}"
    if verdict not in {UPHELD, STRUCK_OUT}:
        raise ContestError(asked, _("a decision that is none"), _("say whether it stays or goes"))
    if not reason.strip():
        raise ContestError(asked, _("no reason"), _("say why: who contested it will want to know"))
    with transaction.atomic():
        alone(_mark(touchpoint_id, mark))
        found = _strike(touchpoint_id, mark, customer, asked)
        said = latest([touchpoint_id]).get((touchpoint_id, mark))
        why = barred(by, found, said)
        if why:
            raise Barred(asked, *map(_, BARRED[why]))
        if said is None or said.verdict != CONTESTED:
            raise ContestError(
                asked, _("one that nobody contests, or that a colleague has just decided on"), _("look at it again")
            )
        # of two words at the same moment none would be the later
        at = max(now, said.at + _TICK) if said.at is not None else now
        made = _say(found, verdict, by=by, at=at, reason=reason)
        note(
            "strike.decide", made.correction_id, by=by, now=now, reason=reason,
            details={**_which(found), "verdict": verdict},
        )  # fmt: skip
    return made


def withdraw(said: Correction, customer: str, *, by: Colleague, now: datetime, reason: str) -> None:
    """Withdraw a word: one's own that a strike is wrong, or, as a manager, a decision, which is then open again.

    Raises
    ------
    Barred
        When it is not theirs to withdraw.
    ContestError
        When it is not the word that counts any more, or no reason is given.
    """
    asked = f"withdraw the correction {said.correction_id}"
    if not reason.strip():
        raise ContestError(asked, _("no reason"), _("say why: others will want to know"))
    with transaction.atomic():
        alone(_mark(said.touchpoint_id, said.mark))
        if latest([said.touchpoint_id]).get((said.touchpoint_id, said.mark)) != said:
            raise ContestError(asked, _("a word that counts no longer"), _("look at it again"))
        own = said.verdict == CONTESTED and said.by == said_by(by)
        if not own and by.role != Role.MANAGER:
            raise Barred(asked, _("what is not yours to withdraw"), _("ask a manager"))
        if not own and named(by, said):
            raise Barred(asked, *map(_, BARRED["named"]))
        Correction.objects.filter(pk=said.pk).update(withdrawn_at=now)
        touched(Identifier.objects.filter(customer=customer).values_list("value", flat=True))
        note(
            "strike.withdraw", said.correction_id, by=by, now=now, reason=reason,
            details={"mark": said.mark, "verdict": said.verdict},
        )  # fmt: skip


def _mark(touchpoint_id: str, mark: str) -> str:
    return f"mark {mark} of {touchpoint_id}"


def _strike(touchpoint_id: str, mark: str, customer: str, asked: str) -> Mark:
    found = Mark.objects.filter(customer=customer, touchpoint_id=touchpoint_id, mark=mark).first()
    if found is None:
        raise ContestError(asked, _("no such strike of this customer"), _("look at the customer's page again"))
    if not is_strike(found):
        raise ContestError(asked, _("a mark that does not count against us"), _("contest strikes"))
    return found


def _say(mark: Mark, verdict: str, *, by: Colleague, at: datetime, reason: str) -> Correction:
    touched([mark.identifier])
    return Correction.objects.create(
        correction_id=f"desk:{uuid.uuid4().hex}", touchpoint_id=mark.touchpoint_id, mark=mark.mark, verdict=verdict,
        by=said_by(by), reason=reason.strip(), at=at,
    )  # fmt: skip


def _which(mark: Mark) -> dict[str, str]:
    return {"mark": mark.mark, "owner": mark.owner or ""}
