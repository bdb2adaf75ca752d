"""The company's figures as they were worked out last: which they are, how old, and whether it is time for new ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import models

from collage_web.records import bulk
from collage_web.records.models import AuditEntry, Claim, Consent, Figures, Identifier, Mark, Rating, Touchpoint

__all__ = ["ASKED", "COMPANY", "FAILED", "FORM", "Known", "anything", "due", "known", "objecting", "seen", "standing"]

COMPANY, ASKED, FAILED = "company", "company.asked", "company.failed"  # names of rows
FORM: Final = 1  # of the body: what another version of Collage worked out is worked out anew
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)  # what nobody adds to fades all the same
_AGAIN: Final = timedelta(minutes=10)
_SEEN: Final[Mapping[str, type[models.Model]]] = {
    "touchpoints": Touchpoint,
    "marks": Mark,
    "claims": Claim,
    "ratings": Rating,
    "consents": Consent,
    "deeds": AuditEntry,
}


@dataclass(frozen=True, slots=True)
class Known:
    """The last figures: `at` is the moment that they are figures of, `body` is as `figured` gives it."""

    at: datetime
    made_at: datetime
    catalogue: str
    body: Mapping[str, Any]


def known() -> tuple[Known | None, datetime | None, datetime | None]:
    """Return the last figures, since when somebody waits for new ones, and when it was last tried in vain.

    Returns
    -------
    tuple
        Each None where there is no such thing.
    """
    row = Figures.objects.filter(name=COMPANY).order_by("-made_at", "-id").first()
    usable = row is not None and row.body.get("form") == FORM
    made = Known(row.at, row.made_at, row.catalogue, row.body) if row is not None and usable else None
    return made, *_others()


def standing() -> tuple[Known | None, datetime | None, datetime | None]:
    """Return the same as `known` with an empty body, which is long and takes time to read."""
    newest = Figures.objects.filter(name=COMPANY).order_by("-made_at", "-id")
    row = newest.values_list("at", "made_at", "catalogue", "body__form").first()
    made = Known(*row[:3], {}) if row is not None and row[3] == FORM else None
    return made, *_others()


def _others() -> tuple[datetime | None, datetime | None]:
    last = dict(
        Figures.objects.filter(name__in=(ASKED, FAILED)).values_list("name").annotate(last=models.Max("made_at"))
    )
    return last.get(ASKED), last.get(FAILED)


def anything() -> bool:
    """Return whether there is anything of which figures could be worked out."""
    return Touchpoint.objects.exists()


def due(*, now: datetime) -> bool:
    """Return whether it is time to work the figures out: somebody asks for it, or something happened and they are old.

    Parameters
    ----------
    now
        The moment.
    """
    last = dict(
        Figures.objects.filter(name__in=(COMPANY, ASKED, FAILED))
        .values_list("name")
        .annotate(last=models.Max("made_at"))
    )
    if FAILED in last and now - last[FAILED] < _AGAIN and last[FAILED] >= last.get(ASKED, last[FAILED]):
        return False
    if ASKED in last:
        return True
    newest = Figures.objects.filter(name=COMPANY).order_by("-made_at", "-id")
    form, before = newest.values_list("body__form", "body__seen").first() or (None, None)
    if form != FORM:
        return anything()
    age = now - last[COMPANY]
    if age < _HOUR:
        return False
    if age >= _DAY:
        return True
    return bool(before != seen())


def seen() -> dict[str, int]:
    """Return how far what figures rest on has been numbered: while this is the same, nothing has happened."""
    return {
        name: int(model.objects.order_by("-pk").values_list("pk", flat=True).first() or 0)  # type: ignore[attr-defined]  # every model has them
        for name, model in _SEEN.items()
    }


def objecting() -> set[str]:
    """Return the ids of the customers who object to being scored: the last word counts, whoever of theirs gave it."""
    said = Consent.objects.filter(purpose=Consent.Purpose.SCORING).order_by("at", "id")
    words = list(said.values_list("identifier", "given"))
    whose = dict(bulk.within(Identifier, ("value", "customer"), "value", {identifier for identifier, _ in words}))
    last = {whose[identifier]: given for identifier, given in words if identifier in whose}
    return {customer for customer, given in last.items() if not given}
