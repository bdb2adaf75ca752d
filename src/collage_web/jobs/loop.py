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
from collage_web.actions.digesting import digest, warm
from collage_web.actions.leasing import Lost, Taken, turn
from collage_web.actions.uploading import take_next
from collage_web.bridge import standing

__all__ = ["finish", "run", "step"]

_REST_S: Final = 0.2
_TROUBLE_S: Final = 2.0
_DIGESTED_S, _DERIVED_S = 3.0, 2.0  # a page that wants its customer derived waits five seconds at most
_LOOK_S: Final = 1.0
_UPLOADS: Final = "uploads"  # the lease
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
    try:
        warm()
    except Error:  # it is compiled when it is needed, then
        connection.close()
    beside = threading.Thread(target=_files, kwargs={"clock": clock, "stop": stop}, name="collage-files", daemon=True)
    beside.start()
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


def _files(*, clock: Callable[[], datetime], stop: threading.Event) -> None:
    """Take in the files that were uploaded, beside the digest: a large one takes minutes."""
    while not stop.is_set():
        try:
            if standing.files():
                with turn(_UPLOADS, clock=clock, kept=True):
                    while not stop.is_set() and take_next(clock=clock):
                        pass
        except Taken:
            pass
        except (Error, Lost) as error:
            _log.warning("upload.trouble", error=type(error).__name__)
            connection.close()
        close_old_connections()
        stop.wait(_LOOK_S)


def finish(
    *, clock: Callable[[], datetime], chance: random.Random, progress: Callable[[int], None] = lambda _: None
) -> None:
    """Work until nothing is left, whoever else is at it too.

    Parameters
    ----------
    clock
        Gives the moment (UTC).
    chance
        Draws the ids of new customers.
    progress
        Told how many steps were done.
    """
    done = 0
    while True:
        try:
            if not step(clock=clock, chance=chance):
                return
            done += 1
            progress(done)
        except (Taken, Lost):
            time.sleep(_REST_S)


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
        taken = _again(_DIGESTED_S, lambda: digest(mine))
        customers = _again(_DERIVED_S, lambda: derive(mine, chance=chance))
        _log.info("digest", arrivals=taken, customers=customers, seconds=round(time.perf_counter() - began, 3))
    return True


def _again(seconds: float, work: Callable[[], int]) -> int:
    """Do work again and again while there is any, for about so many seconds; return how much it was.

    Whoever is derived has their whole history read. So where much waits, much is digested before: then whoever comes
    again and again in it is derived once.
    """
    until, done = time.monotonic() + seconds, 0
    while n := work():
        done += n
        if time.monotonic() >= until:
            break
    return done
