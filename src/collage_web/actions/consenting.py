"""What a customer allows or refuses: every word is kept, the latest counts."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from collage.errors import CollageError
from collage.touchpoints import CHANNELS
from collage_web.actions.auditing import note
from collage_web.actions.identifying import foremost, touched
from collage_web.bridge.fused import groups
from collage_web.bridge.whole import scored
from collage_web.records.models import Colleague, Consent, Identifier

__all__ = ["ConsentError", "hold", "say"]

_WHOLLY: Final = (Consent.Purpose.SCORING, Consent.Purpose.PROFILE)  # not by channel


class ConsentError(CollageError):
    """It cannot be allowed or refused in this way."""


def say(customer: str, purpose: str, channel: str, *, given: bool, basis: str, by: Colleague, now: datetime) -> Consent:
    """Keep that a customer allows something, or refuses it.

    Who refuses to be scored keeps all that happened and has no index from then on, until they allow it again. That is
    kept under each of their identifiers: it holds of all of them, also when they turn out to be several people's.

    Parameters
    ----------
    customer
        The id.
    purpose
        One of `Consent.Purpose`.
    channel
        By which channel; empty: by every one.
    given
        Whether they allow it.
    basis
        How it was said.
    by, now
        Who heard it, and when.

    Raises
    ------
    ConsentError
        When the purpose or channel is none, the channel has nothing to do with it, or it is not said how it was said.
    """
    asked = f"keep what the customer {customer} allows"
    if purpose not in Consent.Purpose.values or (channel and channel not in CHANNELS):
        raise ConsentError(asked, _("a purpose or a channel that is none"), _("choose one of those shown"))
    if channel and purpose in _WHOLLY:
        raise ConsentError(asked, _("a channel where there is none"), _("leave the channel out for this purpose"))
    if not basis.strip():
        raise ConsentError(asked, _("nothing about how it was said"), _("say how, such as: on the phone"))
    identifier = foremost(customer)
    if identifier is None:
        raise ConsentError(asked, _("nobody of this id"), _("look the customer up again"))
    with transaction.atomic():
        names = [identifier]
        if purpose == Consent.Purpose.SCORING:
            theirs = Identifier.objects.filter(customer=customer).exclude(value=identifier).order_by("id")
            names += theirs.values_list("value", flat=True)
            touched(names)
        said, *_also = [
            Consent.objects.create(
                identifier=name, purpose=purpose, channel=channel, given=given, basis=basis.strip(), at=now, by=by
            )
            for name in names
        ]
        note(
            "consent.give" if given else "consent.refuse", customer, by=by, now=now,
            details={"purpose": purpose, "channel": channel},
        )  # fmt: skip
    return said


def hold(together: Collection[str], *, but: Collection[str] = ()) -> None:
    """Let everybody into whom a customer falls apart object to being scored as they did, with the same words.

    Parameters
    ----------
    together
        All identifiers that were one customer's before claims were withdrawn.
    but
        Of whom it was never said.
    """
    words = Consent.objects.filter(identifier__in=together, purpose=Consent.Purpose.SCORING)
    last = words.order_by("-at", "-id").first()
    if last is None or last.given:
        return
    for part in groups(together):
        names = sorted(set(part.states) & set(together))
        if names and not set(but) & set(names) and scored(part.states):
            same = {"purpose": last.purpose, "given": False, "basis": last.basis, "at": last.at, "by": last.by}
            Consent.objects.bulk_create(Consent(identifier=name, **same) for name in names)
            touched(names)
