"""What was promised and is due: to whom, by whom, and by when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from collage_web.bridge.called import names
from collage_web.bridge.derived import identifiers_of
from collage_web.records.models import Identifier, Promise

__all__ = ["Due", "due"]

_AHEAD: Final = timedelta(hours=24)
_BEHIND: Final = timedelta(days=14)  # what was due longer ago is beyond keeping: the customer's page has it
_MOST: Final = 20


@dataclass(frozen=True, slots=True)
class Due:
    """A promise that is open. `name` is empty where it is not known; then there is the `identifier`."""

    customer: str
    name: str
    identifier: str
    kind: str
    department: str | None
    agent: str | None
    issue_id: str | None
    due_at: datetime
    is_late: bool


def due(*, now: datetime, department: str) -> list[Due]:
    """Return the promises to keep within a day, and those that should have been kept in the last two weeks.

    Parameters
    ----------
    now
        The moment.
    department
        Whose; empty: everybody's.

    Returns
    -------
    list of Due
        What was due first comes first, no more than 20.
    """
    these = Promise.objects.filter(settled_at=None, due_at__gte=now - _BEHIND, due_at__lte=now + _AHEAD)
    if department:
        these = these.filter(department=department)
    rows = list(these.order_by("due_at", "id")[:_MOST])
    whose = dict(Identifier.objects.filter(value__in={r.identifier for r in rows}).values_list("value", "customer"))
    known = {value: customer for value, (customer, _) in identifiers_of(set(whose.values())).items()}
    called = names(known)
    return [
        Due(
            customer=whose[row.identifier],
            name=called.get(whose[row.identifier], ""),
            identifier=row.identifier,
            kind=row.kind,
            department=row.department,
            agent=row.agent,
            issue_id=row.issue_id,
            due_at=row.due_at,
            is_late=row.due_at < now,
        )
        for row in rows
        if row.identifier in whose
    ]
