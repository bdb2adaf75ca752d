"""`collage doctor` and `collage rebuild`."""

from __future__ import annotations

import argparse
import platform
import random
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, Final

from collage.cli.printing import at_work, print_table, say
from collage.errors import CollageError
from collage_web.cli.opening import open_database

__all__ = ["doctor", "rebuild"]

_LEAST_FREE: Final = 2**30
_LATE_S: Final = 60.0
_SHOWN: Final = 3  # ids: enough to begin to look


class UnwellError(CollageError):
    """Something is not as it should be."""


def doctor(_: argparse.Namespace) -> None:
    """Print what there is, and refuse where something is not as it should be."""
    open_database()
    rows = list(_findings())
    print_table(["what", "is", ""], [[what, found, "" if fine else "look here"] for what, found, fine in rows])
    bad = [what for what, _, fine in rows if not fine]
    if bad:
        raise UnwellError("find all well", ", ".join(bad), "see the lines marked: look here")


def _findings() -> Iterator[tuple[str, str, bool]]:
    from django.conf import settings

    from collage_web.actions.auditing import broken_at
    from collage_web.bridge import standing
    from collage_web.records.models import Colleague, Role, Source

    yield "Collage", f"{version('collage')}, Python {platform.python_version()}, Django {version('django')}", True
    yield from _durability()
    free = shutil.disk_usage(settings.VAR).free
    yield "disk", f"{free / 2**30:.1f} GiB free for {settings.VAR}", free >= _LEAST_FREE
    now = standing.waiting(datetime.now(UTC))
    late = now["oldest_s"] > _LATE_S
    yield "digest", f"{now['waiting']} arrivals wait, the oldest for {now['oldest_s']:.0f} s", not late
    admins = Colleague.objects.filter(role=Role.ADMIN, is_active=True).count()
    yield "administrators", str(admins), admins > 0
    yield "sources", str(Source.objects.filter(revoked_at=None).count()), True
    broken = broken_at()
    yield (
        "audit log",
        "whole" if broken is None else f"entry {broken} does not follow from the one before",
        broken is None,
    )
    yield (
        "address",
        settings.PUBLIC_URL,
        settings.PUBLIC_URL.startswith("https://") or "localhost" in settings.PUBLIC_URL,
    )


def _durability() -> Iterator[tuple[str, str, bool]]:
    from django.db import connection

    if connection.vendor == "sqlite":
        mode, sync = (_asked(f"PRAGMA {name}") for name in ("journal_mode", "synchronous"))
        words = {0: "OFF", 1: "NORMAL", 2: "FULL", 3: "EXTRA"}[sync]
        yield "database", f"SQLite {sqlite3.sqlite_version}, {mode}, synchronous {words}", mode == "wal" and sync >= 2  # noqa: PLR2004  # FULL
        return
    told = {
        name: _asked(f"SHOW {name}") for name in ("server_version", "fsync", "synchronous_commit", "full_page_writes")
    }
    fine = told["fsync"] == "on" and told["synchronous_commit"] != "off" and told["full_page_writes"] == "on"
    yield "database", "PostgreSQL " + ", ".join(f"{name} {value}" for name, value in told.items()), fine


def _asked(query: str) -> Any:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()[0]


def rebuild(arguments: argparse.Namespace) -> None:
    """Derive everything anew, or say what would differ."""
    open_database()
    from collage_web.actions.naming import name_all
    from collage_web.actions.rebuilding import differing, stale_all
    from collage_web.jobs import loop

    with at_work() as step:
        if not arguments.verify:
            left = stale_all()
            say(f"{left:,} identifiers to go through.")
            name_all(progress=step)
            loop.finish(
                clock=lambda: datetime.now(UTC),
                chance=random.SystemRandom(),
                progress=lambda n: step(f"marks, part {n}"),
            )
            return
        found = differing(at=datetime.now(UTC), progress=step)
    say(f"{found.customers:,} customers looked at: {found.n:,} differ.")
    if found.n:
        told = {"identity": found.identity, "marks": found.marks, "scores": found.unscored}
        what = "; ".join(
            f"{name}: {', '.join(ids[:_SHOWN])}{' …' if len(ids) > _SHOWN else ''}" for name, ids in told.items() if ids
        )
        raise UnwellError(
            "find all as it would be derived", what or f"{found.orphans} rows of nobody", "run collage rebuild"
        )
