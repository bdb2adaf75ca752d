"""What a source sent, counted by what became of it: an arrival that becomes another thing later is counted as that."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, Literal

from collage_web.records import bulk
from collage_web.records.models import SourceHour

__all__ = ["count", "hour_of", "moved"]

_KEY: Final = ("source_id", "hour", "writer")
_COUNTED: Final = ("accepted", "duplicate", "quarantined", "refused")
_WRITERS: Final = 64
_THREAD = threading.local()


def hour_of(moment: datetime) -> datetime:
    """Return the hour in which something is counted."""
    return moment.replace(minute=0, second=0, microsecond=0)


def count(rows: Iterable[Sequence[Any]]) -> None:
    """Add to what sources sent.

    Parameters
    ----------
    rows
        Source, hour, accepted, duplicate, quarantined, refused, last moment; ordered by source and hour, or two who
        count could wait for each other.
    """
    writer, written = _writer(), bulk.moments()
    mine = [(source, written(hour), writer, *n, written(last)) for source, hour, *n, last in rows]
    here = bulk.table(SourceHour)
    added = ", ".join(f"{name} = {here}.{name} + excluded.{name}" for name in _COUNTED)
    later = f"CASE WHEN excluded.last_at > {here}.last_at THEN excluded.last_at ELSE {here}.last_at END"
    bulk.changed(SourceHour, _KEY, (*_KEY, *_COUNTED, "last_at"), mine, set_=f"{added}, last_at = {later}")


def _writer() -> int:
    """Return which rows this thread counts in: those of another are seldom the same."""
    if not hasattr(_THREAD, "writer"):
        _THREAD.writer = random.randrange(_WRITERS)  # noqa: S311  # nothing depends on it but who waits for whom
    writer: int = _THREAD.writer
    return writer


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
    seen: dict[datetime, tuple[int, datetime]] = {}
    for moment in received:
        n, last = seen.get(hour_of(moment), (0, moment))
        seen[hour_of(moment)] = n + 1, max(last, moment)
    sign = 1 if into == "quarantined" else -1
    count((source, hour, -sign * n, 0, sign * n, 0, last) for hour, (n, last) in sorted(seen.items()))
