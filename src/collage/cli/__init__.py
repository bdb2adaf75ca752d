"""The command `collage`: on files, without a server. Data goes to stdout, talk to stderr.

`arguments` says what can be asked, `commands` does it, `printing` shows it. Nothing heavy is imported before a command
runs, so that ``--help`` is quick.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from collage.cli.arguments import parser
from collage.cli.printing import say
from collage.errors import CollageError, UsageError

__all__ = ["main", "parser", "run"]

_RARELY = 50_000  # objects made before the collector looks for circles among them; a query makes many, and no circles


def run() -> NoReturn:
    """Run the command as a process, and end the process without tidying up: that would take a fifth of a short run."""
    gc.set_threshold(_RARELY)
    code = main()
    if "pyspark" in sys.modules:  # its Java must be told
        sys.exit(code)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    argv
        The words behind ``collage``; default: those the process was called with.

    Returns
    -------
    int
        The exit code: 0 done, 1 refused, 2 wrong usage.
    """
    try:
        try:
            return _run(argv)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # whoever read our output has seen enough; Python must not complain again while closing
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _run(argv: Sequence[str] | None) -> int:
    arguments = parser().parse_args(argv)
    try:
        arguments.run(arguments)
    except UsageError as error:
        say(f"collage: {error}")
        return 2
    except CollageError as error:
        say(f"collage: could not {error}")
        return 1
    except KeyboardInterrupt:
        say("collage: stopped; nothing was written")
        return 130
    return 0
