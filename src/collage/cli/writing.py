"""How a command puts a text into a file: whole, or not at all, and whether it can is asked before the work."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from collage.errors import CollageError

__all__ = ["check_place", "write_text"]


def check_place(file: Path) -> None:
    """Raise what `write_text` would, before the work is done whose result goes there.

    Parameters
    ----------
    file
        Where it will go; folders above it are made.

    Raises
    ------
    CollageError
        When the place cannot be written.
    """
    with _refused(file) as beside:
        if file.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(file))
        beside.touch()
        beside.unlink()


def write_text(file: Path, text: str) -> None:
    """Write a text beside its place, then put it there.

    Parameters
    ----------
    file
        Where it goes; folders above it are made.
    text
        What is written, as UTF-8.

    Raises
    ------
    CollageError
        When the place cannot be written; nothing is left behind.
    """
    with _refused(file) as beside:
        beside.write_text(text, encoding="utf-8")
        beside.replace(file)


@contextmanager
def _refused(file: Path) -> Iterator[Path]:
    """Hand out a place beside a file's, in the same folder; what the system says against it becomes a refusal."""
    beside = file.with_name(f".{file.name}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        yield beside
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        raise CollageError(f"write {file}", str(error), "choose another place with --out") from None
