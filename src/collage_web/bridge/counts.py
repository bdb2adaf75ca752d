"""What sources sent, hour by hour, and whether one of them has fallen silent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Max, Sum

from collage_web.records.models import Source, SourceHour

__all__ = ["COUNTED", "HOURS", "Counts", "Hour", "counts"]

HOURS: Final = 48
COUNTED: Final = ("accepted", "duplicate", "quarantined", "refused")


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of a source."""

    begins: datetime
    accepted: int = 0
    duplicate: int = 0
    quarantined: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Counts:
    """A source and what it sent: each of the last 48 hours, when it was heard last, whether it is silent."""

    source: Source
    hours: tuple[Hour, ...]
    last_at: datetime | None
    silent: bool

    @property
    def accepted(self) -> int:
        """Return how many were accepted."""
        return sum(hour.accepted for hour in self.hours)

    @property
    def duplicate(self) -> int:
        """Return how many came again."""
        return sum(hour.duplicate for hour in self.hours)

    @property
    def quarantined(self) -> int:
        """Return how many were set aside."""
        return sum(hour.quarantined for hour in self.hours)

    @property
    def refused(self) -> int:
        """Return how many were refused."""
        return sum(hour.refused for hour in self.hours)


def counts(sources: Iterable[Source], *, now: datetime) -> list[Counts]:
    """Return what each source sent within the last 48 hours.

    Parameters
    ----------
    sources
        Which.
    now
        The moment of asking.
    """
    these = list(sources)
    first = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)
    told: dict[int, dict[datetime, Hour]] = defaultdict(dict)
    summed = SourceHour.objects.filter(source__in=these, hour__gte=first).values_list("source_id", "hour")
    for source, hour, *n in summed.annotate(*map(Sum, COUNTED)):
        told[source][hour] = Hour(hour, *n)
    last = dict(SourceHour.objects.filter(source__in=these).values_list("source").annotate(last=Max("last_at")))
    every = [first + timedelta(hours=n) for n in range(HOURS)]
    return [
        Counts(
            each,
            tuple(told[each.pk].get(hour, Hour(hour)) for hour in every),
            last.get(each.pk),
            _silent(each, last.get(each.pk), now),
        )
        for each in these
    ]


def _silent(source: Source, last_at: datetime | None, now: datetime) -> bool:
    if source.quiet_after_s is None or source.revoked_at is not None:
        return False
    return now - (last_at or source.created_at) > timedelta(seconds=source.quiet_after_s)
