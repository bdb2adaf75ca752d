"""`collage import`, `collage export` and `collage adopt`."""

from __future__ import annotations

import argparse
import random
import time
from datetime import UTC, datetime
from pathlib import Path

from collage.cli.opening import text_of
from collage.cli.printing import at_work, say
from collage.errors import CatalogueError
from collage_web.cli.opening import open_database

__all__ = ["adopt", "export", "import_"]

_CATALOGUE = "catalogue.toml"


def import_(arguments: argparse.Namespace) -> None:
    """Take a dataset folder in, and derive what follows."""
    open_database()
    from collage_web.actions.importing import take_in
    from collage_web.jobs import loop
    from collage_web.records import bulk

    began = time.perf_counter()
    with at_work() as step:
        own = _own(arguments.dataset / _CATALOGUE)
        upload = take_in(arguments.dataset, by=None, now=datetime.now(UTC), progress=step)
        _first(own)
        stored = time.perf_counter()
        loop.finish(
            clock=lambda: datetime.now(UTC), chance=random.SystemRandom(), progress=lambda n: step(f"marks, part {n}")
        )
        bulk.analyze()
    for name, seen in upload.counts.items():
        say(f"{name}: {seen['rows']:,} rows, {seen['new']:,} of them new")
    took = time.perf_counter()
    say(f"Stored in {stored - began:.1f} s, marks derived in {took - stored:.1f} s more.")


def _own(file: Path) -> str | None:
    """Return a dataset's own catalogue, looked at before anything is stored; None: it has none."""
    from collage import experience

    if not file.is_file():
        return None
    text = text_of(file, CatalogueError)
    experience.load(text, file=file.name)
    return text


def _first(own: str | None) -> None:
    """Put a dataset's own catalogue in force, unless the company has one already."""
    from collage_web.actions.adopting import adopt as put_in_force
    from collage_web.records.models import Catalogue

    if own is None:
        return
    in_force = Catalogue.objects.order_by("-since", "-id").first()
    if in_force is None:
        put_in_force(own, file=_CATALOGUE, by=None, now=datetime.now(UTC))
        say(f"{_CATALOGUE} of the dataset is in force.")
    elif in_force.text != own:
        say(f"{_CATALOGUE} of the dataset is left aside: one of your own is in force. To change that: collage adopt")


def export(arguments: argparse.Namespace) -> None:
    """Write the database as a dataset folder."""
    open_database()
    from collage_web.bridge import snapshot

    with at_work() as step:
        rows = snapshot.write(arguments.out, replace=arguments.replace, progress=step)
    for name, n in rows.items():
        say(f"{name}: {n:,} rows")
    say(f"Written to {arguments.out}.")


def adopt(arguments: argparse.Namespace) -> None:
    """Put a catalogue in force; the worker derives everything anew."""
    open_database()
    _adopt(arguments.catalogue)


def _adopt(file: Path) -> None:
    from collage_web.actions.adopting import adopt as put_in_force

    n = put_in_force(text_of(file, CatalogueError), file=file.name, by=None, now=datetime.now(UTC))
    say(f"{file.name} is in force; {n:,} identifiers are derived anew." if n else f"{file.name} is in force already.")
