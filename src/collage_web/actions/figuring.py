"""The company's figures worked out over a snapshot of the database, and kept."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

import structlog
from django.conf import settings
from django.db import Error, transaction

from collage_web.actions.asking import note_failure
from collage_web.actions.leasing import turn
from collage_web.bridge import figures, snapshot
from collage_web.bridge.derived import catalogue
from collage_web.bridge.figured import figured
from collage_web.records.models import Figures

__all__ = ["NAME", "figure", "figure_if_due"]

NAME: Final = "figures"  # of the lease
_KEPT, _BEFORE = 30, 1  # rows; snapshots beside the newest
_log = structlog.get_logger()


def figure(clock: Callable[[], datetime], progress: Callable[[str], None] = lambda _: None) -> Figures:
    """Work the figures out now.

    Parameters
    ----------
    clock
        Gives the moment (UTC): figures are those of the moment at which the work begins.
    progress
        Told what is being done.

    Returns
    -------
    Figures
        The row that is stored.

    Raises
    ------
    Taken
        When another process is at it.
    CollageError
        When the snapshot cannot be written or read.
    """
    with turn(NAME, clock=clock, kept=True):
        return _worked_out(clock, progress)


def figure_if_due(clock: Callable[[], datetime]) -> bool:
    """Work the figures out where that is due; return whether it was. What goes wrong is noted.

    Raises
    ------
    Taken
        When another process is at it.
    """
    with turn(NAME, clock=clock, kept=True):
        if not figures.due(now=clock()):
            return False
        try:
            _worked_out(clock, lambda _: None)
        except Error:  # the database is not to be had: it is due still
            raise
        except Exception as error:  # noqa: BLE001  # whatever it is, the page says that it went wrong
            note_failure(type(error).__name__, now=clock())
            _log.error("figures.failed", kind=type(error).__name__)  # no text of it: it may be somebody's
    return True


def _worked_out(clock: Callable[[], datetime], progress: Callable[[str], None]) -> Figures:
    at, seen, by = clock(), figures.seen(), catalogue()
    folder = _snapshot(at, progress)
    body = figured(folder, by, at=at, memory=settings.COLLAGE_FIGURES_MEMORY, progress=progress)
    with transaction.atomic():
        made = Figures.objects.create(
            name=figures.COMPANY, at=at, made_at=clock(), catalogue=by.version, body={**body, "seen": seen}
        )
        Figures.objects.filter(name__in=(figures.ASKED, figures.FAILED), made_at__lte=at).delete()
        every = Figures.objects.filter(name=figures.COMPANY).order_by("-made_at", "-id")
        Figures.objects.filter(id__in=list(every.values_list("id", flat=True)[_KEPT:])).delete()
    _log.info("figures", seconds=round((made.made_at - at).total_seconds(), 1))
    return made


def _snapshot(at: datetime, progress: Callable[[str], None]) -> Path:
    """Write the database as a dataset folder, keep it and the one before, and return where it is.

    Whoever holds the lease is alone: what another began to write here was left by somebody who died.
    """
    place = Path(settings.VAR) / "snapshots"
    place.mkdir(mode=0o700, exist_ok=True)
    for half in place.glob(".*"):
        shutil.rmtree(half, ignore_errors=True)
    folder = place / f"{at:%Y%m%dT%H%M%S.%f}"
    snapshot.write(folder, replace=True, progress=progress)
    others = [each for each in place.iterdir() if each.is_dir() and each != folder]
    for old in sorted(others, key=lambda each: -each.stat().st_mtime_ns)[_BEFORE:]:
        shutil.rmtree(old, ignore_errors=True)
    return folder
