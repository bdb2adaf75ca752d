"""The loop of the worker: it digests and derives, and rests when there is nothing to do."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

import structlog
from django.db import Error, close_old_connections, connection

from collage_web.actions.deriving import NAME, derive
from collage_web.actions.digesting import digest
from collage_web.actions.leasing import Lost, Taken, turn
from collage_web.bridge import standing

__all__ = ["run", "step"]

_REST_S: Final = 0.2
_TROUBLE_S: Final = 2.0
_log = structlog.get_logger()


def run(*, clock: Callable[[], datetime], chance: random.Random, stop: threading.Event) -> None:
    """Work until told to stop.

    Parameters
    ----------
    clock
        Gives the moment (UTC).
    chance
        Draws the ids of new customers.
    stop
        Set from elsewhere; what has begun is ended first.
    """
    while not stop.is_set():
        try:
            if not step(clock=clock, chance=chance):
                stop.wait(_REST_S)
        except Taken:
            stop.wait(_REST_S)
        except (Error, Lost) as error:  # the database is locked, full or gone: it may come back
            _log.warning("digest.trouble", error=type(error).__name__)
            connection.close()
            stop.wait(_TROUBLE_S)
        close_old_connections()


def step(*, clock: Callable[[], datetime], chance: random.Random) -> bool:
    """Digest some of what has arrived and derive what follows; return whether there was anything.

    Raises
    ------
    Taken
        When another process is at it.
    """
    if not standing.anything():
        return False
    with turn(NAME, clock=clock) as mine:
        began = time.perf_counter()
        taken = digest(mine)
        customers = derive(mine, chance=chance)
        _log.info("digest", arrivals=taken, customers=customers, seconds=round(time.perf_counter() - began, 3))
    return True
