"""`collage source`: what an administrator can do about sources without a browser."""

from __future__ import annotations

import argparse
import os
from datetime import UTC, datetime

from collage.cli.opening import text_of
from collage.cli.printing import print_table, say, show
from collage.errors import MapError
from collage_web.cli.opening import SetupError, open_database

__all__ = ["source"]


def source(arguments: argparse.Namespace) -> None:
    """Make a source and print its key, or list sources."""
    open_database()
    from collage_web.actions import sourcing  # noqa: PLC0415  # once Django is set up
    from collage_web.ingest.keys import new_key  # noqa: PLC0415  # as above
    from collage_web.records.models import Source  # noqa: PLC0415  # as above

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
    elif arguments.map is None:
        raise SetupError(f"make the source {arguments.name!r}", "a source of this name", "say --new-key, or --map")
    else:
        key = ""
    if arguments.map is not None:
        _give_map(there, text_of(arguments.map, MapError), now)
    if key:
        say("Its key, which is not shown again:")
        show(key)


def _give_map(there: object, text: str, now: datetime) -> None:
    from collage_web.actions import sourcing  # noqa: PLC0415  # once Django is set up
    from collage_web.records.models import Source  # noqa: PLC0415  # as above

    assert isinstance(there, Source)  # noqa: S101  # who calls has one
    sourcing.change(
        there, map_=text, origins=there.origins, rate=there.rate, most_bytes=there.most_bytes,
        quiet_after_s=there.quiet_after_s, by=None, now=now,
    )  # fmt: skip
    say(f"{there.name} is read by this map from now on.")
