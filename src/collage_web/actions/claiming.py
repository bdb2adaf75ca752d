"""Customers brought together, and apart again, by somebody who knows: reasons are kept, nothing is lost."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from collage import customers
from collage.errors import CollageError
from collage_web.actions.auditing import note
from collage_web.actions.consenting import hold
from collage_web.actions.identifying import foremost, touched
from collage_web.actions.locking import alone
from collage_web.bridge.foreseen import Party, parties, parties_if
from collage_web.bridge.fused import groups
from collage_web.bridge.whole import scored
from collage_web.records.models import Claim, Colleague, Identifier

__all__ = ["Change", "ClaimError", "end_of", "join", "merge", "preview", "preview_apart", "unmerge"]

_USER = "user:"
_SAID = Claim.objects.filter(source="person", withdrawn_at=None)


class ClaimError(CollageError):
    """Customers cannot be brought together or apart in this way."""


@dataclass(frozen=True, slots=True)
class Change:
    """Who is who before and after: customers with their identifiers, how often they were met, and their index."""

    before: list[Party]
    after: list[Party]


def merge(one: str, other: str, *, by: Colleague | None, now: datetime, reason: str) -> Claim:
    """Say that two identifiers are one customer.

    Parameters
    ----------
    one, other
        Identifiers that are known.
    by, now, reason
        Who says so, when, and how they know.

    Returns
    -------
    Claim
        Withdrawn, it is as if it had never been made. Where a person has said it already, it is that one.

    Raises
    ------
    ClaimError
        When one of them is not known, they are the same, or no reason is given.
    """
    ends = sorted(customers.normalised(each) for each in (one, other))
    asked = f"bring {ends[0]} and {ends[1]} together"
    known = set(Identifier.objects.filter(value__in=ends).values_list("value", flat=True))
    unknown = next((end for end in ends if end not in known), None)
    if unknown is not None:
        raise ClaimError(asked, f"nobody known as {unknown}", "check how it is written")
    if ends[0] == ends[1]:
        raise ClaimError(asked, "the same identifier twice", "give two")
    if not reason.strip():
        raise ClaimError(asked, "no reason", "say how you know: others will want to")
    with transaction.atomic():
        alone(*ends)
        # a second one of the same pair would stand when the first is withdrawn
        there = _SAID.filter(one=ends[0], other=ends[1]).order_by("id").first()
        if there is not None:
            return there
        made = Claim.objects.create(
            claim_id=f"person:{uuid.uuid4().hex}", one=ends[0], other=ends[1], source="person", confidence=1.0,
            claimed_at=now,
        )  # fmt: skip
        touched(ends)
        note("customer.merge", made.claim_id, by=by, now=now, reason=reason)
    return made


def unmerge(claim: Claim, *, by: Colleague | None, now: datetime, reason: str) -> None:
    """Withdraw a claim, whoever made it: its ends are one customer no longer, unless others say so.

    Where they object to being scored, both do from then on.

    Raises
    ------
    ClaimError
        When it is withdrawn already, or no reason is given.
    """
    asked = f"withdraw the claim {claim.claim_id}"
    if not reason.strip():
        raise ClaimError(asked, "no reason", "say how you know: others will want to")
    ends = [claim.one, claim.other]
    with transaction.atomic():
        alone(*ends)
        together = groups(ends)
        if not Claim.objects.filter(pk=claim.pk, withdrawn_at=None).update(withdrawn_at=now):
            raise ClaimError(asked, "one that is withdrawn already", "look at who its ends are now")
        for group in together:
            hold(group.states)
        touched(ends)
        note("customer.unmerge", claim.claim_id, by=by, now=now, reason=reason)


def end_of(customer: str) -> str:
    """Return the identifier of a customer that a claim by a person ties best: a customer number where there is one.

    Raises
    ------
    ClaimError
        When nobody has this id.
    """
    theirs = Identifier.objects.filter(customer=customer, value__startswith=_USER, state__in=("plain", "contested"))
    found = theirs.order_by("id").values_list("value", flat=True).first() or foremost(customer)
    if found is None:
        raise ClaimError(f"find the customer {customer}", _("nobody of this id"), _("look the customer up again"))
    return found


def preview(one: str, other: str, *, at: datetime) -> Change:
    """Return what would change if two customers were brought together; nothing is written.

    Parameters
    ----------
    one, other
        Their ids.
    at
        The moment of the indexes.

    Raises
    ------
    ClaimError
        When they are the same, or no claim would make them one.
    """
    pair = _pair(one, other)
    return Change(parties([one, other], at=at), parties_if(_identifiers([one, other]), at=at, also=[pair]))


def _pair(one: str, other: str) -> tuple[str, str]:
    """Return the ends of the claim that would make two customers one."""
    asked = f"bring the customers {one} and {other} together"
    if one == other:
        raise ClaimError(asked, _("the same customer twice"), _("give two"))
    pair = end_of(one), end_of(other)
    if not any(set(pair) <= set(group.states) for group in groups(pair, also=[pair])):
        raise ClaimError(
            asked,
            _("an identifier that several customers share, which makes nobody one"),
            _("give an identifier that is theirs alone"),
        )
    return pair


def _identifiers(ids: Collection[str]) -> list[str]:
    return list(Identifier.objects.filter(customer__in=ids).values_list("value", flat=True))


def join(one: str, other: str, *, by: Colleague, now: datetime, reason: str) -> Claim:
    """Say that two customers are one.

    Parameters
    ----------
    one, other
        Their ids.
    by, now, reason
        Who says so, when, and how they know.

    Returns
    -------
    Claim
        Withdrawn (`unmerge`), it is as if it had never been made.

    Raises
    ------
    ClaimError
        When they are the same, no claim would make them one, or no reason is given.
    """
    return merge(*_pair(one, other), by=by, now=now, reason=reason)


def preview_apart(claims: Collection[Claim], customer: str, *, at: datetime) -> Change:
    """Return what would change if claims were withdrawn; nothing is written.

    Parameters
    ----------
    claims
        Those that would be.
    customer
        The id of whom they hold together.
    at
        The moment of the indexes.
    """
    without, theirs = {claim.claim_id for claim in claims}, _identifiers([customer])
    after = parties_if(theirs, at=at, without=without)
    if not scored(theirs):  # whoever objects has no index, in whatever parts
        after = [replace(each, index=None) for each in after]
    return Change(parties([customer], at=at), after)
