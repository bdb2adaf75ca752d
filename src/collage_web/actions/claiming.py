"""Customers brought together, and apart again, by somebody who knows: reasons are kept, nothing is lost."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import transaction

from collage import customers
from collage.errors import CollageError
from collage_web.actions.auditing import note
from collage_web.actions.identifying import touched
from collage_web.records.models import Claim, Colleague, Identifier

__all__ = ["ClaimError", "merge", "unmerge"]


class ClaimError(CollageError):
    """Customers cannot be brought together or apart in this way."""


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
        Withdrawn, it is as if it had never been made.

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
        made = Claim.objects.create(
            claim_id=f"person:{uuid.uuid4().hex}", one=ends[0], other=ends[1], source="person", confidence=1.0,
            claimed_at=now,
        )  # fmt: skip
        touched(ends)
        note("customer.merge", made.claim_id, by=by, now=now, reason=reason)
    return made


def unmerge(claim: Claim, *, by: Colleague | None, now: datetime, reason: str) -> None:
    """Withdraw a claim, whoever made it: its ends are one customer no longer, unless others say so.

    Raises
    ------
    ClaimError
        When it is withdrawn already, or no reason is given.
    """
    asked = f"withdraw the claim {claim.claim_id}"
    if not reason.strip():
        raise ClaimError(asked, "no reason", "say how you know: others will want to")
    with transaction.atomic():
        if not Claim.objects.filter(pk=claim.pk, withdrawn_at=None).update(withdrawn_at=now):
            raise ClaimError(asked, "one that is withdrawn already", "look at who its ends are now")
        touched([claim.one, claim.other])
        note("customer.unmerge", claim.claim_id, by=by, now=now, reason=reason)
