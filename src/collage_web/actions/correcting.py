"""What is known of a customer, put right: at which numbers and addresses they are found, and what they told us."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from collage import customers
from collage.errors import CollageError
from collage_web.actions.auditing import note
from collage_web.actions.claiming import end_of
from collage_web.actions.consenting import hold
from collage_web.actions.identifying import foremost, touched
from collage_web.actions.locking import alone
from collage_web.actions.naming import named
from collage_web.bridge.fused import groups
from collage_web.records.models import Claim, Colleague, Consent, Identifier, Trait

__all__ = ["CorrectError", "SomebodyElses", "add", "remove", "say", "ties", "written"]

_MAIL: Final = re.compile(r"email:[^\s@]+@[^\s@]+\.[^\s@]+\Z")
_PHONE: Final = re.compile(r"phone:\+\d{6,15}(;ext=\d{1,8})?\Z")
_LONGEST: Final = {Trait.Name.NAME: 200, Trait.Name.CHANNEL: 16, Trait.Name.LANGUAGE: 8, Trait.Name.HOURS: 200}
_SURE: Final = 0.95


class CorrectError(CollageError):
    """It cannot be put right in this way."""


class SomebodyElses(CorrectError):  # noqa: N818  # named for what it is
    """The number or address is another customer's: perhaps both are one.

    Parameters
    ----------
    asked, found, do
        As of every error.
    customer
        The other customer's id.
    """

    def __init__(self, asked: str, found: str, do: str, *, customer: str) -> None:
        super().__init__(asked, found, do)
        self.customer = customer


def written(namespace: str, value: str, *, region: str | None) -> str:
    """Return an identifier as it is kept.

    Parameters
    ----------
    namespace
        ``phone``, ``email`` or ``user``.
    value
        In any spelling.
    region
        Where numbers without a country's code are dialled; None: such a number is refused.

    Raises
    ------
    CorrectError
        When it is no number, or no address.
    """
    found = customers.normalised(f"{namespace}:{value.strip()}", region=region)
    asked = f"read a value of {namespace}"
    if namespace == "email" and not _MAIL.match(found):
        raise CorrectError(asked, _("what is no e-mail address"), _("write it as name@example.org"))
    if namespace == "phone" and not _PHONE.match(found):
        raise CorrectError(asked, _("what is no phone number"), _("write it with its country, as +49 30 123456"))
    if not found.partition(":")[2].strip():
        raise CorrectError(asked, _("nothing"), _("write the number or address"))
    return found


def add(customer: str, identifier: str, *, by: Colleague, now: datetime, reason: str) -> Claim:
    """Say that a customer can be found under one more number or address.

    Parameters
    ----------
    customer
        The id.
    identifier
        As `written` gives it.
    by, now, reason
        Who says so, when, and how they know.

    Returns
    -------
    Claim
        Between the identifier and one that is the customer's already.

    Raises
    ------
    SomebodyElses
        When it is another customer's.
    CorrectError
        When it is the customer's already, would not become theirs, or no reason is given.
    """
    asked = f"add to the customer {customer}"
    if not reason.strip():
        raise CorrectError(asked, _("no reason"), _("say how you know: others will want to"))
    end = end_of(customer)
    with transaction.atomic():
        alone(end, identifier)
        there = _whose(identifier, end, customer)
        if there == customer:
            raise CorrectError(asked, _("a number or address that is theirs already"), _("nothing is left to do"))
        if there is not None:
            raise SomebodyElses(
                asked,
                _("a number or address of another customer"),
                _("say that both are the same person, if they are"),
                customer=there,
            )
        pair = (end, identifier)
        if not any(set(pair) <= set(group.states) for group in groups(pair, also=[pair])):
            raise CorrectError(
                asked, _("what several customers would share"), _("bring the customers together first, if they are one")
            )
        made = Claim.objects.create(
            claim_id=f"person:{uuid.uuid4().hex}", one=min(pair), other=max(pair), source="person", confidence=1.0,
            claimed_at=now,
        )  # fmt: skip
        touched(pair)
        note("customer.add", made.claim_id, by=by, now=now, reason=reason, details={"customer": customer})
    return made


def _whose(identifier: str, end: str, customer: str) -> str | None:
    """Return whose an identifier is, by the claims that stand now: of some, the digest has not heard yet."""
    group = next(group for group in groups([identifier]) if identifier in group.states)
    rows = Identifier.objects.filter(value__in=group.states).order_by("id")
    whose = dict(rows.values_list("value", "customer"))
    if end in group.states or whose.get(identifier) == customer:
        return customer
    return whose.get(identifier) or next(iter(whose.values()), None)


def ties(identifier: Identifier) -> list[Claim]:
    """Return the claims that tie an identifier to its customer."""
    theirs = Identifier.objects.filter(customer=identifier.customer).values_list("value", flat=True)
    others = [value for value in theirs if value != identifier.value]
    standing = Claim.objects.filter(withdrawn_at=None, confidence__gte=_SURE)
    ends = Q(one=identifier.value, other__in=others) | Q(other=identifier.value, one__in=others)
    return list(standing.filter(ends).order_by("id"))


def remove(identifier: Identifier, *, by: Colleague, now: datetime, reason: str) -> int:
    """Say that a number or address is not this customer's: what came under it is somebody else's from now on.

    What colleagues wrote down of the customer stays with the customer, under whichever identifier it was kept.

    Parameters
    ----------
    identifier
        Which.
    by, now, reason
        Who says so, when, and how they know.

    Returns
    -------
    int
        How many claims were withdrawn for it.

    Raises
    ------
    CorrectError
        When it is the only one they have, or no reason is given.
    """
    asked = f"remove an identifier of the customer {identifier.customer}"
    if not reason.strip():
        raise CorrectError(asked, _("no reason"), _("say how you know: others will want to"))
    with transaction.atomic():
        tied = ties(identifier)
        if not tied:
            raise CorrectError(
                asked, _("the only one by which this customer is known"), _("add the right one, and then look again")
            )
        Claim.objects.filter(pk__in=[claim.pk for claim in tied]).update(withdrawn_at=now)
        touched({end for claim in tied for end in (claim.one, claim.other)})
        _stays(identifier)
        for claim in tied:
            note(
                "customer.remove", claim.claim_id, by=by, now=now, reason=reason,
                details={"customer": identifier.customer},
            )  # fmt: skip
    return len(tied)


def _stays(leaving: Identifier) -> None:
    """Keep under another identifier of the customer what colleagues wrote down under one that leaves."""
    theirs = Identifier.objects.filter(customer=leaving.customer).order_by("id")
    names = list(theirs.values_list("value", flat=True))
    hold(names, but=[leaving.value])
    left = [
        (state != "plain", number, value)
        for number, value, state in theirs.values_list("id", "value", "state")
        if value != leaving.value
    ]
    for kept in (Consent, Trait):
        kept.objects.filter(identifier=leaving.value, by__isnull=False).update(identifier=min(left)[2])
    named([leaving.value, min(left)[2]])
    touched(names)


def say(customer: str, said: Mapping[str, str], known: Mapping[str, str], *, by: Colleague, now: datetime) -> list[str]:
    """Keep what a customer told us about themselves; the former words stay and count no longer.

    Parameters
    ----------
    customer
        The id.
    said
        Value by name (`Trait.Name`); empty: no longer.
    known
        What counted until now, when it was shown.
    by, now
        Who heard it, and when.

    Returns
    -------
    list of str
        The names of what is new.

    Raises
    ------
    CorrectError
        When a name is none, or a value too long to be one.
    """
    asked = f"keep what the customer {customer} said"
    identifier = foremost(customer)
    if identifier is None:
        raise CorrectError(asked, _("nobody of this id"), _("look the customer up again"))
    new = {name: " ".join(value.split()) for name, value in said.items()}
    new = {name: value for name, value in new.items() if value != known.get(name, "")}
    for name, value in new.items():
        if name not in Trait.Name.values or len(value) > _LONGEST[Trait.Name(name)]:
            raise CorrectError(asked, _("what is too long, or nothing that is kept"), _("write less"))
    if not new:
        return []
    with transaction.atomic():
        for name, value in new.items():
            Trait.objects.create(identifier=identifier, name=name, value=value, said_at=now, by=by)
        if Trait.Name.NAME in new:
            # other identifiers of theirs may be called otherwise: they are found by that still
            named([identifier])
        note("customer.say", customer, by=by, now=now, details={"changed": sorted(new)})
    return sorted(new)
