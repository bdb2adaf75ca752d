"""How results and progress look on a terminal, and in a pipe."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

__all__ = ["SHOWN", "at_work", "plain", "print_table", "say", "show", "show_folded", "strength"]

SHOWN = 20
_PIPE_WIDTH = 200
_READABLE, _LEAST = 120, 24  # characters of a line of prose: more is hard to follow, less is a column of words
# model.md §10.7: below the first evidence is faint, below the second there is some
_FAINT, _SOME = 0.2, 0.5
_SENTENCE, _SENTENCE_WIDTH = "what", 24
_NUMBERS = {"index", "left", "experience", "trend", "marks", "strikes 90 d", "points", "without it", "touchpoints"}
_NUMBERS |= {"customers", "loss 90 d", "gain 90 d"}


def say(words: str) -> None:
    """Talk: a line on stderr."""
    print(words, file=sys.stderr)


def show(words: str) -> None:
    """Print data: a line on stdout."""
    print(words)


def show_folded(first: str, words: str) -> None:
    """Print words behind `first`: on a terminal folded below their beginning, in a pipe as one line."""
    if not sys.stdout.isatty():
        show(f"{first}{words}")
        return
    width = min(shutil.get_terminal_size().columns, _READABLE)
    # neither ids nor dotted kinds are ever cut
    lines = textwrap.wrap(words, max(width - len(first), _LEAST), break_long_words=False, break_on_hyphens=False) or [
        ""
    ]
    show(first + f"\n{' ' * len(first)}".join(lines))


def print_table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table on stdout.

    Only sentences are folded; no id and no number is ever cut. Where a terminal is too narrow, columns are left out
    from the right, and that is said.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    class Quiet(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # for the command to end on, as everywhere; Rich would exit with 1

    console = Quiet(highlight=False)
    if not console.is_terminal:  # a pipe has no width: give it lines that nothing is cut from
        console = Quiet(width=_PIPE_WIDTH, highlight=False)
    shown = _fitting(names, rows, console.width)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in names[:shown]:
        side = "right" if name in _NUMBERS else "left"
        table.add_column(name, justify=side, no_wrap=name != _SENTENCE, overflow="fold")  # type: ignore[arg-type]  # a literal, to mypy
    for row in rows:
        table.add_row(*(Text(cell) for cell in row[:shown]))
    console.print(table)
    if shown < len(names):
        say(f"Too narrow for {', '.join(names[shown:])}: widen the terminal, or ask with --format csv.")


def _fitting(names: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> int:
    """Return how many columns, from the left, fit into a width; at least one."""
    used, shown = -1, 0
    for column, name in enumerate(names):
        longest = max([len(name), *(len(row[column]) for row in rows)])
        used += 1 + (min(longest, _SENTENCE_WIDTH) if name == _SENTENCE else longest)
        if used > width:
            break
        shown = column + 1
    return max(shown, 1)


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
