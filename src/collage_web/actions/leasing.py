"""Whose turn it is: work that one process does at a time, and another takes over when it dies.

The lease in the database decides: whoever does not hold its token writes nothing. A lease runs out, so that nobody
waits for the dead for ever; and beside it stands a lock that goes when its process does, so that nobody waits for the
dead at all: whoever has the lock takes the lease at once. The lock is a courtesy. Where it cannot be had, as on a disk
that is read-only or behind a pooler of connections, the lease is taken when it has run out.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from django.db import Error, connection, transaction

from collage_web.records import bulk
from collage_web.records.models import Lease

__all__ = ["Lost", "Taken", "Turn", "is_there", "there", "turn"]

_HELD: Final = timedelta(seconds=10)
_PAUSE_S: Final = 0.05
_LEASE: Final = ("name", "token", "until")


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
def turn(name: str, *, clock: Callable[[], datetime], patience_s: float = 0.0, kept: bool = False) -> Iterator[Turn]:
    """Hold a lease while something is done.

    Parameters
    ----------
    name
        Of the work.
    clock
        Gives the moment (UTC).
    patience_s
        How long to wait for another to end.
    kept
        Of long work that writes seldom: only the lock decides, and nobody takes over because time has run out.

    Raises
    ------
    Taken
        When another is at it still.
    """
    mine = Turn(name, secrets.token_hex(16), clock)
    lock = _lock(name)
    try:
        _wait_for(mine, lock, patience_s, kept=kept)
        try:
            yield mine
        finally:
            Lease.objects.filter(name=name, token=mine.token).delete()
    finally:
        lock.free()


def there(name: str, *, now: datetime) -> None:
    """Note that whoever does some work lives, for ten seconds to come.

    Parameters
    ----------
    name
        Of whoever it is; not that of a turn.
    now
        The moment (UTC).
    """
    row = [(name, "", bulk.moment(now + _HELD))]
    with transaction.atomic():
        bulk.changed(Lease, ("name",), _LEASE, row, set_="until = excluded.until")


def is_there(name: str, *, now: datetime) -> bool:
    """Return whether whoever does some work was there in the last ten seconds."""
    return Lease.objects.filter(name=name, until__gt=now).exists()


def _wait_for(mine: Turn, lock: _Lock, patience_s: float, *, kept: bool) -> None:
    waited_until = time.monotonic() + patience_s
    while not ((alone := lock.taken()) or not kept) or not _took(mine, alone=alone):
        if time.monotonic() >= waited_until:
            raise Taken(mine.name)
        time.sleep(_PAUSE_S)


def _took(mine: Turn, *, alone: bool) -> bool:
    now = mine.clock()
    row = [(mine.name, mine.token, bulk.moment(now + _HELD))]
    with transaction.atomic():
        if alone:  # whoever had it lives no longer, or had let go of the lock, and will find out when writing
            bulk.changed(Lease, ("name",), _LEASE, row, set_="token = excluded.token, until = excluded.until")
            return True
        free = bulk.add(Lease, _LEASE, row)
        return bool(
            free or Lease.objects.filter(name=mine.name, until__lt=now).update(token=mine.token, until=now + _HELD)
        )


class _Lock(Protocol):
    """What goes when its process does."""

    def taken(self) -> bool:
        """Return whether it is ours; try to get it where it is not."""

    def free(self) -> None:
        """Let go of it."""


class _OfFile:
    """A lock of a file beside an SQLite database, which only processes of one machine have in common anyway."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._handle: int | None = None
        self._ours = False

    def taken(self) -> bool:
        try:
            if self._handle is None:
                self._handle = os.open(self._path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._ours = True
        except OSError:  # another's, or a disk on which no file can be made
            return self._ours
        return True

    def free(self) -> None:
        if self._handle is not None:
            os.close(self._handle)


class _OfSession:
    """A lock of a session of PostgreSQL, which ends when the other side of the connection is gone."""

    def __init__(self, name: str) -> None:
        self._key = zlib.crc32(f"collage {name}".encode())
        self._ours = False

    def taken(self) -> bool:
        if not self._ours:  # a session may have its own lock twice: that is asked first
            mine = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND pid = pg_backend_pid()"
            self._ours = self._asked(
                f"SELECT CASE WHEN EXISTS ({mine}) THEN false ELSE pg_try_advisory_lock(%s) END", [self._key] * 2
            )
        return self._ours

    def free(self) -> None:
        if self._ours:
            with suppress(Error):  # a connection that broke has let go
                self._asked("SELECT pg_advisory_unlock(%s)", [self._key])

    def _asked(self, query: str, given: list[int]) -> bool:
        with connection.cursor() as cursor:
            cursor.execute(query, given)
            return bool(cursor.fetchone()[0])


def _lock(name: str) -> _Lock:
    if connection.vendor == "sqlite":
        return _OfFile(f"{connection.settings_dict['NAME']}-{name}")
    return _OfSession(name)
