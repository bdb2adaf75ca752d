"""What arrives is stored: committed before anybody is told so.

In each process one thread writes for all: it takes whatever waits, stores it in one transaction, and lets those who
wait know after the commit. So the disk is asked once for many requests, and on SQLite, which has one process, no two
writers are in each other's way.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, TypeAlias

from django.db import Error, OperationalError, connection, transaction

from collage_web.actions.counting import count, hour_of
from collage_web.records import bulk
from collage_web.records.arriving import Arriving
from collage_web.records.models import Arrival

__all__ = ["Batch", "Outcome", "Prepared", "StorageError", "prepared", "receive", "stored"]

_MOST: Final = 5_000  # arrivals in one transaction
_PATIENCE_S: Final = 20.0
_ONE: Final = threading.Lock()
_COLUMNS: Final = (
    "source_id", "message_id", "type", "received_at", "sent_at", "occurred_at", "clock", "body",
    "became", "quarantined_at", "column", "reason", "found",
)  # fmt: skip


class StorageError(Exception):
    """Nothing was stored, or nobody knows whether it was: the database is locked, full, gone or slow. Send again."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one request brought; `refused` counts what was not even looked at."""

    source: int
    received_at: datetime
    arrivals: Sequence[Arriving]
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a batch, each arrival counted once."""

    accepted: int
    duplicate: int
    quarantined: int


def receive(batch: Batch) -> Outcome:
    """Store what one request brought.

    Parameters
    ----------
    batch
        Of one source.

    Returns
    -------
    Outcome
        It is on the disk by now.

    Raises
    ------
    StorageError
        When it is not, or may not be.
    """
    try:
        return _writer().store(batch)
    except (Error, TimeoutError) as error:
        raise StorageError(str(error)) from error


@dataclass(frozen=True, slots=True)
class Prepared:
    """A batch with the rows that are made of it: of its sound arrivals, and of those at fault."""

    batch: Batch
    good: Sequence[tuple[Any, ...]]
    bad: Sequence[tuple[Any, ...]]


def stored(these: Sequence[Prepared]) -> list[Outcome]:
    """Store batches in one transaction.

    What several brought goes in together, since each statement waits until it has the interpreter again. Where one of
    them is there already it does not tell whose, and they are stored one after the other.
    """
    if len(these) > 1:
        with suppress(bulk.KnownError), transaction.atomic():
            return _counted(these, _all_new(these))
    with transaction.atomic():
        return _counted(these, [_added(each) for each in these])


def _all_new(these: Sequence[Prepared]) -> list[Outcome]:
    bulk.add_new(Arrival, _COLUMNS, [row for each in these for some in (each.good, each.bad) for row in some])
    return [Outcome(len(each.good), 0, len(each.bad)) for each in these]


def _added(one: Prepared) -> Outcome:
    """Store what one batch brought, but for what is there already."""
    accepted, quarantined = (bulk.add(Arrival, _COLUMNS, rows) for rows in (one.good, one.bad))
    return Outcome(accepted, len(one.batch.arrivals) - accepted - quarantined, quarantined)


def prepared(batch: Batch) -> Prepared:
    """Return a batch with the rows that are made of it."""
    written = bulk.moments()
    received = written(batch.received_at)
    good: list[tuple[Any, ...]] = []
    bad: list[tuple[Any, ...]] = []
    for each in batch.arrivals:
        row = (
            batch.source, each.message_id, each.type, received, written(each.sent_at), written(each.occurred_at),
            each.clock, each.body,
        )  # fmt: skip
        if each.fault is None:
            good.append((*row, "", None, "", "", ""))
        else:
            bad.append((*row, "", received, each.fault.column, each.fault.reason, each.fault.found))
    return Prepared(batch, good, bad)


def _counted(these: Sequence[Prepared], outcomes: list[Outcome]) -> list[Outcome]:
    """Count what became of batches, and return it."""
    hours: dict[tuple[int, datetime], list[Any]] = {}
    for batch, outcome in zip((each.batch for each in these), outcomes, strict=True):
        hour = hour_of(batch.received_at)
        seen = hours.setdefault((batch.source, hour), [0, 0, 0, 0, batch.received_at])
        for place, n in enumerate((outcome.accepted, outcome.duplicate, outcome.quarantined, batch.refused)):
            seen[place] += n
        seen[4] = max(seen[4], batch.received_at)
    count([(source, hour, *seen) for (source, hour), seen in sorted(hours.items())])
    return outcomes


_Waiting: TypeAlias = tuple[Prepared, "Future[Outcome]"]


def _told(taken: Sequence[_Waiting], *, last: bool = False) -> bool:
    """Store what waits and tell whoever waits; return whether they were told.

    What has failed together and may be stored apart is not told, but where this was the `last` try.
    """
    try:
        outcomes = stored([each for each, _ in taken])
    except Exception as error:  # noqa: BLE001  # whoever waits must be told, whatever it was
        with suppress(Error):  # the next try opens another; a writer that dies would leave all to wait
            connection.close()
        if not last and len(taken) > 1 and not isinstance(error, OperationalError):
            return False
        for _, told in taken:
            told.set_exception(error)
    else:
        for (_, told), outcome in zip(taken, outcomes, strict=True):
            told.set_result(outcome)
    return True


class _Writer:
    """The one thread that writes what arrives."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[_Waiting] = queue.SimpleQueue()
        threading.Thread(target=self._run, name="collage-writer", daemon=True).start()

    def store(self, batch: Batch) -> Outcome:
        """Wait until a batch is on the disk."""
        told: Future[Outcome] = Future()
        self._waiting.put((prepared(batch), told))  # here: all wait for the one that writes
        return told.result(_PATIENCE_S)

    def _run(self) -> None:
        while True:
            taken = self._taken()
            if not _told(taken) and len(taken) > 1:  # one that cannot be stored is no reason to refuse its neighbours
                for each in taken:
                    _told([each], last=True)

    def _taken(self) -> list[_Waiting]:
        """Return what waits, as much as one transaction takes; wait for something where nothing does."""
        taken = [self._waiting.get()]
        n = len(taken[0][0].batch.arrivals)
        while n < _MOST and not self._waiting.empty():
            taken.append(self._waiting.get())
            n += len(taken[-1][0].batch.arrivals)
        return taken


@lru_cache(maxsize=1)
def _the_writer() -> _Writer:
    return _Writer()


def _writer() -> _Writer:
    with _ONE:  # two threads could both be the first
        return _the_writer()
