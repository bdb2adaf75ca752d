"""What a source sent, counted by what became of it: an arrival that becomes another thing later is counted as that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from django.db import models

from collage_web.records.models import SourceHour

__all__ = ["hour_of", "moved"]


def hour_of(moment: datetime) -> datetime:
    """Return the hour in which something is counted."""
    return moment.replace(minute=0, second=0, microsecond=0)


def moved(source: int, received: Iterable[datetime], *, into: Literal["accepted", "quarantined"]) -> None:
    """Count arrivals as another thing than before.

    Parameters
    ----------
    source
        Id of their source.
    received
        When each was received.
    into
        What they are now; before they were the other of the two.
    """
    out_of = "quarantined" if into == "accepted" else "accepted"
    for hour, n in Counter(map(hour_of, received)).items():
        counted = SourceHour.objects.filter(source=source, hour=hour)
        counted.update(**{into: models.F(into) + n, out_of: models.F(out_of) - n})
