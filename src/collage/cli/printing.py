"""How results and progress look on a terminal, and in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

__all__ = ["SHOWN", "at_work", "plain", "print_table", "say", "show", "strength"]

SHOWN = 20
_PIPE_WIDTH = 200
# model.md §10.7: below the first evidence is faint, below the second there is some
_FAINT, _SOME = 0.2, 0.5
_WORDS = {"what", "customer"}
_NUMBERS = {"index", "experience", "trend", "marks", "strikes 90 d", "points", "without it", "touchpoints"}


def say(words: str) -> None:
    """Talk: a line on stderr."""
    print(words, file=sys.stderr)


def show(words: str) -> None:
    """Print data: a line on stdout."""
    print(words)


def print_table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table on stdout; only columns of words are folded, numbers stand to the right."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in names:
        side = "right" if name in _NUMBERS else "left"
        table.add_column(name, justify=side, no_wrap=name not in _WORDS, overflow="fold")  # type: ignore[arg-type]  # a literal, to mypy
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))

    class Quiet(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # for the command to end on, as everywhere; Rich would exit with 1

    console = Quiet(highlight=False)
    # a pipe has no width: give it lines that nothing is cut from
    (console if console.is_terminal else Quiet(width=_PIPE_WIDTH, highlight=False)).print(table)


@contextmanager
def at_work() -> Iterator[Callable[[str], None]]:
    """Show on a terminal what is being done and for how long; elsewhere stay silent."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    parts = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*parts, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda words: bar.update(task, description=words)


def plain(value: Any) -> str:
    """Return a value as text; times in ISO 8601 with ``Z``."""
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else str(value)


def strength(evidence: float) -> str:
    """Return in a word how strong evidence (0 to 1) is."""
    return "faint" if evidence < _FAINT else "some" if evidence < _SOME else "strong"
