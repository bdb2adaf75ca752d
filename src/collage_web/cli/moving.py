"""`collage import` and `collage export`."""

from __future__ import annotations

import argparse
import random
import time
from datetime import UTC, datetime

from collage.cli.printing import at_work, say
from collage_web.cli.opening import open_database

__all__ = ["export", "import_"]


def import_(arguments: argparse.Namespace) -> None:
    """Take a dataset folder in, and derive what follows."""
    open_database()
    from collage_web.actions.importing import take_in
    from collage_web.jobs import loop

    began = time.perf_counter()
    with at_work() as step:
        upload = take_in(arguments.dataset, by=None, now=datetime.now(UTC), progress=step)
        stored = time.perf_counter()
        loop.finish(
            clock=lambda: datetime.now(UTC), chance=random.SystemRandom(), progress=lambda n: step(f"marks, part {n}")
        )
    for name, seen in upload.counts.items():
        say(f"{name}: {seen['rows']:,} rows, {seen['new']:,} of them new")
    took = time.perf_counter()
    say(f"Stored in {stored - began:.1f} s, marks derived in {took - stored:.1f} s more.")


def export(arguments: argparse.Namespace) -> None:
    """Write the database as a dataset folder."""
    open_database()
    from collage_web.bridge import snapshot

    with at_work() as step:
        rows = snapshot.write(arguments.out, replace=arguments.replace, progress=step)
    for name, n in rows.items():
        say(f"{name}: {n:,} rows")
    say(f"Written to {arguments.out}.")
