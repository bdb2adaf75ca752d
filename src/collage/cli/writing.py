"""How a command puts a text into a file: whole, or not at all; and whether it may is asked before the work."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from collage.errors import CollageError

__all__ = ["check_place", "write_text"]


def check_place(file: Path) -> None:
    """Raise an error where nothing can be put into a place, before the work is done whose result goes there.

    Parameters
    ----------
    file
        Where it will go; folders above it are made.

    Raises
    ------
    CollageError
        When it is a folder, or none in which a file can be made.
    """
    with _refused(file):
        if file.is_dir() or not file.name:
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(file))
        file.parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=file.parent).close()


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
    beside = file.parent / f".{file.name}.part"
    with _refused(file):
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            beside.write_text(text, encoding="utf-8")
            beside.replace(file)
        except OSError:
            with suppress(OSError):
                beside.unlink()
            raise


@contextmanager
def _refused(file: Path) -> Iterator[None]:
    """Turn what the system says against a file into a refusal."""
    try:
        yield
    except OSError as error:
        raise CollageError(f"write {file}", error.strerror or str(error), "choose another place with --out") from None
