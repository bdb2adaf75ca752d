"""`collage source`: what an administrator can do about sources without a browser."""

from __future__ import annotations

import argparse
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from collage.cli.opening import text_of
from collage.cli.printing import print_table, say, show
from collage.errors import MapError
from collage_web.cli.opening import SetupError, open_database

if TYPE_CHECKING:
    from collage_web.records.models import Source

__all__ = ["source"]


def source(arguments: argparse.Namespace) -> None:
    """Make a source and print its key, or list sources."""
    open_database()
    from collage_web.actions import sourcing
    from collage_web.records.keys import new_key
    from collage_web.records.models import Source

    if arguments.name is None:
        rows = [[each.name, each.kind, "revoked" if each.revoked_at else "takes"] for each in Source.objects.all()]
        print_table(["source", "kind", "state"], rows)
        return
    now, there = datetime.now(UTC), Source.objects.filter(name=arguments.name).first()
    if there is None:
        there, key = sourcing.create(
            arguments.name, arguments.kind, by=None, now=now, new_key=lambda: new_key(os.urandom)
        )
    elif arguments.new_key:
        key = sourcing.new_key_for(there, by=None, now=now, new_key=lambda: new_key(os.urandom))
    elif arguments.map is None and arguments.rate is None:
        raise SetupError(f"make the source {arguments.name!r}", "a source of this name", "say --new-key, or --map")
    else:
        key = ""
    if arguments.map is not None or arguments.rate is not None:
        _change(there, arguments, now)
    if key:
        say("Its key, which is not shown again:")
        show(key)


def _change(there: Source, arguments: argparse.Namespace, now: datetime) -> None:
    from collage_web.actions import sourcing

    sourcing.change(
        there,
        map_=there.map if arguments.map is None else text_of(arguments.map, MapError),
        origins=there.origins,
        rate=arguments.rate or there.rate,
        most_bytes=there.most_bytes,
        quiet_after_s=there.quiet_after_s,
        by=None,
        now=now,
    )
    say(f"{there.name} is changed.")
