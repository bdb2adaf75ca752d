"""The loop of the worker: it digests and derives, and rests when there is nothing to do."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Final

import structlog
from django.conf import settings
from django.db import Error, close_old_connections, connection

from collage_web.actions import delivering, reaching, reacting
from collage_web.actions.asking import note_failure
from collage_web.actions.catching_up import WORKER
from collage_web.actions.deriving import NAME, derive
from collage_web.actions.digesting import AT_ONCE, digest, warm
from collage_web.actions.leasing import Lost, Taken, there, turn
from collage_web.actions.uploading import take_next
from collage_web.bridge import figures, standing

__all__ = ["beside", "finish", "run", "step"]

_REST_S: Final = 0.2
_GATHERED_S, _BEHIND_S = 0.5, 1.0
_TROUBLE_S: Final = 2.0
_DIGESTED_S, _DERIVED_S = 3.0, 2.0  # a page that wants its customer derived waits five seconds at most
_LOOK_S: Final = 1.0
_FIGURES_S: Final = 3.0
_THERE_S: Final = 3.0
_ENDING_S: Final = 5.0
_OLD_S: Final = 3600.0
_UPLOADS, _REACTIONS, _WEBHOOKS = "uploads", "react", "webhooks"  # the leases
_log = structlog.get_logger()

_Beside = Callable[[Callable[[], datetime], threading.Event], None]


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
    for name, every, call in _BESIDE:
        threading.Thread(
            target=beside, args=(name, every, call, clock, stop), name=f"collage-{name}", daemon=True
        ).start()
    while not stop.is_set():
        began = time.monotonic()
        try:
            if not step(clock=clock, chance=chance):
                stop.wait(_REST_S)
            elif time.monotonic() - began < _BEHIND_S:  # a step for a few arrivals costs hardly less than one for all
                stop.wait(_GATHERED_S)
        except Taken:
            stop.wait(_REST_S)
        except (Error, Lost) as error:  # the database is locked, full or gone: it may come back
            _log.warning("digest.trouble", error=type(error).__name__)
            connection.close()
            stop.wait(_TROUBLE_S)
        close_old_connections()


def beside(name: str, every: float, call: _Beside, clock: Callable[[], datetime], stop: threading.Event) -> None:
    """Do something again and again beside the digest, which does not wait for it."""
    while not stop.is_set():
        try:
            call(clock, stop)
        except Taken:
            pass
        except (Error, Lost) as error:
            _log.warning(f"{name}.trouble", error=type(error).__name__)
            connection.close()
        except Exception as error:  # noqa: BLE001  # a thread that ends is missed by nobody until all is started anew
            _log.error(f"{name}.failed", kind=type(error).__name__)  # no text of it: it may be somebody's
            connection.close()
        close_old_connections()
        stop.wait(every)


def _there(clock: Callable[[], datetime], _stop: threading.Event) -> None:
    """Let whoever looks at a customer know that there is a worker to wait for."""
    there(WORKER, now=clock())


def _files(clock: Callable[[], datetime], stop: threading.Event) -> None:
    """Take in the files that were uploaded: a large one takes minutes."""
    if standing.files():
        with turn(_UPLOADS, clock=clock, kept=True):
            while not stop.is_set() and take_next(clock=clock):
                pass


def _figures(clock: Callable[[], datetime], stop: threading.Event) -> None:
    """Have the company's figures worked out when it is time, by a process of their own.

    It takes a minute, much memory, and would often have the interpreter for itself while the digest waits for it.
    """
    if not figures.due(now=clock()):
        return
    connection.close()
    working = subprocess.Popen([sys.executable, "-m", "collage.cli", "figures", "--if-due"])
    while working.poll() is None:
        if stop.wait(_LOOK_S):
            working.terminate()
            try:
                working.wait(_ENDING_S)
            except subprocess.TimeoutExpired:
                working.kill()
            return
    if working.returncode:  # killed for its memory, or something that it could not note itself
        note_failure(f"exit {working.returncode}", now=clock())


def _reactions(clock: Callable[[], datetime], stop: threading.Event) -> None:
    """Put what is due to be told into the outboxes of those who listen."""
    if reacting.due(now=clock()):
        with turn(_REACTIONS, clock=clock, kept=True):
            while not stop.is_set() and reacting.react(now=clock()):
                pass


def _webhooks(clock: Callable[[], datetime], stop: threading.Event) -> None:
    """Send what waits in the outboxes."""
    if delivering.due(now=clock()):
        send = partial(reaching.tell, private=settings.COLLAGE_HOOKS_PRIVATE)
        with turn(_WEBHOOKS, clock=clock, kept=True):
            delivering.deliver(
                clock=clock, chance=random.SystemRandom(), send=send, key=settings.SECRET_KEY,
                going=lambda: not stop.is_set(),
            )  # fmt: skip


def _old(clock: Callable[[], datetime], _stop: threading.Event) -> None:
    """Delete what was told long ago."""
    delivering.clear(now=clock())


# what is done beside the digest, each in a thread of its own: its name, after how many seconds again, and what
_BESIDE: Final[tuple[tuple[str, float, _Beside], ...]] = (
    ("there", _THERE_S, _there),
    ("upload", _LOOK_S, _files),
    ("figures", _FIGURES_S, _figures),
    ("react", _LOOK_S, _reactions),
    ("hooks", _LOOK_S, _webhooks),
    ("told", _OLD_S, _old),
)


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
        taken = _again(_DIGESTED_S, lambda: digest(mine), full=AT_ONCE)
        customers = _again(_DERIVED_S, lambda: derive(mine, chance=chance))
        _log.info("digest", arrivals=taken, customers=customers, seconds=round(time.perf_counter() - began, 3))
    return True


def _again(seconds: float, work: Callable[[], int], *, full: int = 1) -> int:
    """Do work again and again while there is as much as `full`, for about so many seconds; return how much it was.

    Whoever is derived has their whole history read. So where much waits, much is digested before: then whoever comes
    again and again in it is derived once.
    """
    until, done = time.monotonic() + seconds, 0
    while True:
        n = work()
        done += n
        if n < full or time.monotonic() >= until:
            return done
