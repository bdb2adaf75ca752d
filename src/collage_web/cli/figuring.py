"""`collage figures`."""

from __future__ import annotations

import argparse
import os
from datetime import UTC, datetime
from typing import Final

from collage.cli.printing import at_work, say, show
from collage_web.cli.opening import open_database, set_up

__all__ = ["figures"]

_NICER: Final = 5  # than the worker: whoever waits for a page or sends a touchpoint goes before


def figures(arguments: argparse.Namespace) -> None:
    """Work the company's figures out."""
    if arguments.if_due:
        os.nice(_NICER)
    open_database()
    from collage_web.actions import figuring
    from collage_web.actions.leasing import Taken

    try:
        if arguments.if_due:
            set_up(log=True)
            figuring.figure_if_due(_now)
            return
        with at_work() as step:
            made = figuring.figure(_now, step)
    except Taken:
        say("Another process is at it.")
        return
    show(made.body["sentence"]["en"])
    say(f"Worked out in {(made.made_at - made.at).total_seconds():.1f} s.")


def _now() -> datetime:
    return datetime.now(UTC)
