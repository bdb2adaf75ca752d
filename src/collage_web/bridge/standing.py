"""How things stand: what waits, what is set aside, whether the tables are those of this version."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from collage_web.records.models import Arrival, Score, Stale, Touchpoint, Upload

__all__ = ["anything", "counted", "files", "migrated", "waiting"]


def migrated() -> bool:
    """Return whether the tables are those that this version needs."""
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def waiting(now: datetime) -> dict[str, Any]:
    """Return how many arrivals wait for the digest, and for how long the oldest has."""
    these = Arrival.objects.filter(digested_at=None, quarantined_at=None)
    oldest = these.order_by("id").values_list("received_at", flat=True).first()
    age = max(0.0, (now - oldest).total_seconds()) if oldest is not None else 0.0
    return {"waiting": these.count(), "oldest_s": round(age, 3), "stale": Stale.objects.count()}


def counted(now: datetime) -> dict[str, float]:
    """Return what is counted in the database, by the names of the gauges."""
    return {
        **waiting(now),
        "quarantined": Arrival.objects.filter(quarantined_at__isnull=False).count(),
        "touchpoints": Touchpoint.objects.count(),
        "customers": Score.objects.count(),
    }


def anything() -> bool:
    """Return whether there is anything to digest or to derive."""
    return Stale.objects.exists() or Arrival.objects.filter(digested_at=None, quarantined_at=None).exists()


def files() -> bool:
    """Return whether a file waits to be taken in."""
    return Upload.objects.filter(state__in=(Upload.State.WAITING, Upload.State.RUNNING)).exists()
