"""What machines ask: a customer by their id, and who it is that calls."""

from __future__ import annotations

import random
import re
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any, Final

from django.http import HttpRequest

from collage_web.actions.catching_up import catch_up
from collage_web.actions.leasing import Lost, Taken
from collage_web.api.answers import Refusal, for_machines
from collage_web.api.asked import identifier
from collage_web.api.keys import key_of
from collage_web.api.told import told
from collage_web.bridge.whole import whole
from collage_web.records import gates
from collage_web.records.models import Identifier

__all__ = ["LANGUAGES", "MOST_REASONS", "REASONS", "customer", "who"]

LANGUAGES: Final = ("en", "de")
REASONS, MOST_REASONS = 20, 1_000
_ID: Final = re.compile(r"[0-9a-z]{1,24}")


@for_machines("GET", "HEAD")
def customer(request: HttpRequest, customer: str) -> dict[str, Any]:
    """Tell how a customer stands, why, what they are owed, what they prefer."""
    key_of(request)
    language, limit = _language(request), _limit(request)
    up_to_date = _caught_up(_identifiers(_now(customer)))
    now = _clock()
    # asked again: by now they may have turned out to be one with another
    found = whole(_now(customer), at=now, without=True)
    if found is None:
        told_ = "A customer was asked for by id; found none. Ask /api/v1/who for the id of an identifier."
        raise Refusal(404, "unknown_customer", told_)
    return told(found, language=language, limit=limit, now=now, up_to_date=up_to_date)


@for_machines("GET", "HEAD", "POST")
def who(request: HttpRequest) -> dict[str, Any]:
    """Tell which customer has an identifier."""
    key_of(request)
    name = identifier(request, region=gates.company().region or None)
    up_to_date = _caught_up([name])  # nobody becomes a customer by being asked about: only what waits is derived
    found = Identifier.objects.filter(value=name).values("customer", "state").first()
    if found is None:
        told_ = "A customer was asked for by an identifier; found nobody who has it. Check how it is written."
        raise Refusal(404, "unknown_identifier", told_)
    whole_ = whole(found["customer"], at=_clock())
    index = None if whole_ is None or whole_.standing is None else whole_.standing.index
    return {**found, "index": index, "up_to_date": up_to_date}


def _clock() -> datetime:
    return datetime.now(UTC)


def _language(request: HttpRequest) -> str:
    language = request.GET.get("language", LANGUAGES[0])
    if language not in LANGUAGES:
        told_ = f"`language` was to be one of {', '.join(LANGUAGES)}; found another. Choose one of these."
        raise Refusal(400, "invalid_language", told_)
    return language


def _limit(request: HttpRequest) -> int:
    given = request.GET.get("limit", str(REASONS))
    if not re.fullmatch(r"[0-9]{1,4}", given) or not 1 <= int(given) <= MOST_REASONS:
        told_ = f"`limit` was to be a number from 1 to {MOST_REASONS}; found something else. Choose one of these."
        raise Refusal(400, "invalid_limit", told_)
    return int(given)


def _now(customer: str) -> str:
    """Return the id that a customer has by now: that of somebody who turned out to be one with another leads on."""
    if not _ID.fullmatch(customer):
        return ""
    if Identifier.objects.filter(customer=customer).exists():
        return customer
    return Identifier.objects.filter(home=customer).values_list("customer", flat=True).first() or ""


def _identifiers(customer: str) -> list[str]:
    return list(Identifier.objects.filter(customer=customer).values_list("value", flat=True))


def _caught_up(identifiers: Collection[str]) -> bool:
    """Bring a customer up to date; return False where the worker did not let us, or has too much to do."""
    try:
        return not identifiers or catch_up(identifiers, clock=_clock, chance=random.SystemRandom())
    except (Taken, Lost):
        return False
