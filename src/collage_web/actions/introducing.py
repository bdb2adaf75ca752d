"""Somebody who is not known yet: a customer is begun with an identifier, and perhaps a name."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _

from collage import customers
from collage.errors import CollageError
from collage_web.actions.auditing import note
from collage_web.actions.deriving import NAME
from collage_web.actions.identifying import resolve
from collage_web.actions.leasing import turn
from collage_web.actions.naming import named
from collage_web.records.models import Colleague, Identifier, Trait

__all__ = ["IntroductionError", "introduce"]

_PATIENCE_S: Final = 5.0
_LONGEST: Final = 200


class IntroductionError(CollageError):
    """No customer can be begun in this way."""


def introduce(
    typed: str,
    name: str,
    *,
    region: str | None,
    by: Colleague,
    clock: Callable[[], datetime],
    chance: random.Random,
) -> tuple[str, bool]:
    """Begin a customer, whose page is there at once.

    Parameters
    ----------
    typed
        A phone number, a mail address, or another identifier with its namespace.
    name
        What they are called; nothing: not known. Of somebody who is known already it is left aside.
    region
        Where numbers without a country's code are dialled; None: such a number is refused.
    by
        Who begins.
    clock
        Gives the moment (UTC).
    chance
        Draws the id.

    Returns
    -------
    tuple of str and bool
        The customer's id, and whether they are new: somebody may have begun them meanwhile.

    Raises
    ------
    IntroductionError
        When it is no identifier.
    Taken
        When the worker did not let go for five seconds.
    """
    identifier, name = customers.meant(typed, region=region), " ".join(name.split())
    _check(identifier, name, region)
    assert identifier is not None  # noqa: S101  # checked
    there = _customer_of(identifier)
    if there is not None:
        return there, False
    with turn(NAME, clock=clock, patience_s=_PATIENCE_S) as mine, mine.writing():
        there = _customer_of(identifier)
        if there is not None:
            return there, False
        now = mine.clock()
        if name:
            Trait.objects.create(identifier=identifier, name=Trait.Name.NAME, value=name, said_at=now, by=by)
            named([identifier])
        resolve([identifier], mine, chance=chance)  # claims that wait can part others: theirs is not the only one
        customer = Identifier.objects.get(value=identifier).customer
        note("customer.introduce", f"customer {customer}", by=by, now=now, details={"named": bool(name)})
    return customer, True


def _customer_of(identifier: str) -> str | None:
    return Identifier.objects.filter(value=identifier).values_list("customer", flat=True).first()


def _check(identifier: str | None, name: str, region: str | None) -> None:
    asked = "begin a customer"
    if identifier is None:
        do = (
            _("give a phone number, a mail address, or an identifier such as user:4711")
            if region
            else _(
                "give a phone number with the country's code, such as +49 30 123456, a mail address, or an identifier "
                "such as user:4711"
            )
        )
        raise IntroductionError(asked, _("nothing by which somebody could be known again"), do)
    if max(len(identifier), len(name)) > _LONGEST:
        raise IntroductionError(asked, _("more than %(n)s characters") % {"n": _LONGEST}, _("give less"))
