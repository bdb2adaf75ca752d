"""Before somebody looks at a customer: what has arrived is digested, and what follows for this customer is derived.

While a worker is there, the digest is its work: done here it would hold up whoever else wants a page of this process.
Whose an arrival is shows only when it is digested, and where touchpoints arrive all the time there is always one that
waits. So the worker is waited for, a moment, where something that waits names this customer; what does not is in
within two seconds.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from time import monotonic, sleep
from typing import Final

from django.db import connection

from collage_web.actions.deriving import NAME, derive_of
from collage_web.actions.digesting import digest
from collage_web.actions.leasing import is_there, turn
from collage_web.records import bulk
from collage_web.records.models import Arrival, Stale

__all__ = ["WORKER", "catch_up", "waits"]

WORKER: Final = "worker"  # who is there, by `leasing.there`

_PATIENCE_S: Final = 1.0  # where something of the customer's own waits: a server has few threads, and others wait too
_OTHERS_S: Final = 0.0  # where it may be anybody's: whoever is at it will have it done
_WORKER_S, _LOOK_S = 0.7, 0.05  # the worker rests half a second at most
_WAITS: Final = "digested_at IS NULL AND quarantined_at IS NULL"
_NAMED: Final = 200  # arrivals that are looked through
_DIGESTED_S: Final = 0.5  # where there is no worker: what waits longer than that can be digested waits on
_FRESH: Final = timedelta(seconds=2)  # so long after its 200 a touchpoint may be on its way to a score


def catch_up(identifiers: Collection[str], *, clock: Callable[[], datetime], chance: random.Random) -> bool:
    """Bring a customer up to date.

    Parameters
    ----------
    identifiers
        The customer's, in normal form.
    clock
        Gives the moment (UTC).
    chance
        Draws the ids of customers who are new.

    Returns
    -------
    bool
        Whether all that had arrived is in it. While a worker is there, what arrived in the last two seconds may be on
        its way still.

    Raises
    ------
    Taken
        When the worker did not let go for a second.
    """
    newest, noted = _waiting(identifiers)
    if newest is None and not noted:
        return True
    if not is_there(WORKER, now=clock()):
        return _done_here(identifiers, clock=clock, chance=chance)
    is_own = noted or _named(identifiers)
    if is_own and not _waited(identifiers, newest) and _noted(identifiers):
        with turn(NAME, clock=clock, patience_s=_PATIENCE_S) as mine:
            derive_of(set(identifiers), mine, chance=chance)
    return not _late(clock())


def _done_here(identifiers: Collection[str], *, clock: Callable[[], datetime], chance: random.Random) -> bool:
    """Do what a worker would; return whether it was all that waits."""
    with turn(NAME, clock=clock, patience_s=_PATIENCE_S if _noted(identifiers) else _OTHERS_S) as mine:
        until = monotonic() + _DIGESTED_S
        while (more := digest(mine) > 0) and monotonic() < until:
            pass
        if _noted(identifiers):
            derive_of(set(identifiers), mine, chance=chance)
    return not more


def _waited(identifiers: Collection[str], newest: int | None) -> bool:
    """Give the worker a moment; return whether it has done what waited, up to the newest arrival."""
    until = monotonic() + _WORKER_S
    while monotonic() < until:
        sleep(_LOOK_S)
        oldest, noted = _waiting(identifiers, oldest=True)
        if not noted and (oldest is None or newest is None or oldest > newest):
            return True
    return False


def _named(identifiers: Collection[str]) -> bool:
    """Return whether one of the newest arrivals that wait says one of a customer's identifiers, as we write it."""
    said = [f'{before}{each.partition(":")[2]}"' for each in identifiers for before in '":']
    newest = f"SELECT body FROM {bulk.table(Arrival)} WHERE {_WAITS} ORDER BY id DESC LIMIT {_NAMED}"  # noqa: S608  # names of our own
    place = "instr" if connection.vendor == "sqlite" else "strpos"
    found = " OR ".join([f"{place}(body, %s) > 0"] * len(said))
    with connection.cursor() as cursor:  # one row: SQLite's driver lets others go first at each
        cursor.execute(f"SELECT EXISTS(SELECT 1 FROM ({newest}) AS newest WHERE {found})", said)  # noqa: S608  # as above
        return bool(cursor.fetchone()[0])


def _late(now: datetime) -> bool:
    """Return whether the worker is behind: something waits that came more than two seconds ago."""
    oldest = Arrival.objects.filter(digested_at=None, quarantined_at=None).order_by("id")
    came = oldest.values_list("received_at", flat=True).first()
    return came is not None and now - came > _FRESH


def waits(identifiers: Collection[str]) -> bool:
    """Return whether anything waits: to be digested, whoever it is about, or to be derived for a customer.

    Parameters
    ----------
    identifiers
        The customer's, in normal form.
    """
    newest, noted = _waiting(identifiers)
    return newest is not None or noted


def _noted(identifiers: Collection[str]) -> bool:
    return Stale.objects.filter(identifier__in=identifiers).exists()


def _waiting(identifiers: Collection[str], *, oldest: bool = False) -> tuple[int | None, bool]:
    """Return the newest (or the oldest) arrival that waits to be digested, and whether anything of a customer waits."""
    if not identifiers:
        return None, False
    which = "ORDER BY id LIMIT 1" if oldest else "ORDER BY id DESC LIMIT 1"
    arrived = f"SELECT id FROM {bulk.table(Arrival)} WHERE {_WAITS} {which}"  # noqa: S608  # names of our own
    noted = f"SELECT 1 FROM {bulk.table(Stale)} WHERE identifier IN ({', '.join(['%s'] * len(identifiers))})"  # noqa: S608  # as above
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT ({arrived}), EXISTS({noted})", list(identifiers))
        number, own = cursor.fetchone()
    return number, bool(own)
