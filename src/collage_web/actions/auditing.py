"""The audit log: who did what, to what, and why."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from django.db import connection, transaction

from collage_web.records.models import AuditEntry, Colleague

__all__ = ["broken_at", "note"]

_FIRST: Final = "0" * 64


def note(
    verb: str,
    subject: str,
    *,
    by: Colleague | None,
    now: datetime,
    reason: str = "",
    details: Mapping[str, Any] | None = None,
) -> None:
    """Add a deed to the log, in the transaction of the deed.

    Parameters
    ----------
    verb
        What was done, such as ``source.create``.
    subject
        To what: an id or a name, nobody's data.
    by
        Who; None: Collage itself, or whoever has the machine.
    now
        When.
    reason
        Why, as they wrote it.
    details
        What else, without personal data.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":  # one after the other, or two would follow the same entry
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(hashtext('collage audit'))")
        last = AuditEntry.objects.order_by("-id").values_list("chain", flat=True).first() or _FIRST
        entry = AuditEntry(at=now, by=by, verb=verb, subject=subject, reason=reason, details=dict(details or {}))
        entry.chain = _chain(entry, last)
        entry.save(force_insert=True)


def broken_at() -> int | None:
    """Return the id of the first entry that does not follow from the one before it; None: the log is whole."""
    last = _FIRST
    for entry in AuditEntry.objects.order_by("id").iterator():
        if entry.chain != _chain(entry, last):
            return int(entry.pk)
        last = entry.chain
    return None


def _chain(entry: AuditEntry, last: str) -> str:
    at = entry.at.astimezone(UTC).isoformat()
    told = [last, at, entry.by_id, entry.verb, entry.subject, entry.reason, entry.details]
    return hashlib.sha256(json.dumps(told, sort_keys=True, ensure_ascii=True).encode()).hexdigest()
