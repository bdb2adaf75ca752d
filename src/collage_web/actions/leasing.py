"""Whose turn it is: work that one process does at a time, and another takes over when it dies."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction

from collage_web.records import bulk
from collage_web.records.models import Lease

__all__ = ["Lost", "Taken", "Turn", "turn"]

_HELD: Final = timedelta(seconds=10)
_PAUSE_S: Final = 0.05


class Taken(Exception):  # noqa: N818  # it is another's turn: no error
    """Another process is at it."""


class Lost(Exception):  # noqa: N818  # as above
    """The lease ran out and another took over: what was worked out must not be written."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A lease that is held."""

    name: str
    token: str
    clock: Callable[[], datetime]

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Open a transaction in which nobody can take over, and hold on for longer.

        Raises
        ------
        Lost
            When another has taken over already.
        """
        with transaction.atomic():
            until = bulk.moment(self.clock() + _HELD)
            with connection.cursor() as cursor:
                cursor.execute(
                    f"UPDATE {bulk.table(Lease)} SET until = %s WHERE name = %s AND token = %s",  # noqa: S608  # names of our own
                    [until, self.name, self.token],
                )
                if cursor.rowcount != 1:
                    raise Lost(self.name)
            yield


@contextmanager
def turn(name: str, *, clock: Callable[[], datetime], patience_s: float = 0.0) -> Iterator[Turn]:
    """Hold a lease while something is done.

    Parameters
    ----------
    name
        Of the work.
    clock
        Gives the moment (UTC).
    patience_s
        How long to wait for another to end.

    Raises
    ------
    Taken
        When another is at it still.
    """
    mine = Turn(name, secrets.token_hex(16), clock)
    waited_until = time.monotonic() + patience_s
    while not _took(mine):
        if time.monotonic() >= waited_until:
            raise Taken(name)
        time.sleep(_PAUSE_S)
    try:
        yield mine
    finally:
        Lease.objects.filter(name=name, token=mine.token).delete()


def _took(mine: Turn) -> bool:
    now = mine.clock()
    row = [(mine.name, mine.token, bulk.moment(now + _HELD))]
    with transaction.atomic():
        free = bulk.add(Lease, ("name", "token", "until"), row)
        return bool(
            free or Lease.objects.filter(name=mine.name, until__lt=now).update(token=mine.token, until=now + _HELD)
        )
