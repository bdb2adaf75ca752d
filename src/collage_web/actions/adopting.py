"""A company's own catalogue comes into force: everything is derived anew by it."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.db import transaction

from collage import experience
from collage_web.actions.auditing import note
from collage_web.actions.rebuilding import stale_all
from collage_web.records.models import Catalogue, Colleague

__all__ = ["adopt"]


def adopt(text: str, *, file: str, by: Colleague | None, now: datetime) -> int:
    """Put a catalogue in force.

    Parameters
    ----------
    text
        Its TOML.
    file
        What it is called, for messages.
    by, now
        Who, and when.

    Returns
    -------
    int
        How many identifiers are derived anew; 0 where this very catalogue is in force already.

    Raises
    ------
    CatalogueError
        When something in it is wrong: the one before stays in force.
    """
    version = experience.load(text, file=file).version
    digest = hashlib.sha256(text.encode()).hexdigest()
    with transaction.atomic():
        in_force = Catalogue.objects.order_by("-since", "-id").first()
        if in_force is not None and in_force.digest == digest:
            return 0
        Catalogue.objects.update_or_create(digest=digest, defaults={"version": version, "text": text, "since": now})
        n = stale_all()
        note("catalogue.adopt", version, by=by, now=now, details={"digest": digest[:16]})
    return n
