"""How a command puts a text into a file: whole, or not at all."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from collage.errors import CollageError

__all__ = ["write_text"]


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
    beside = file.with_name(f".{file.name}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(text, encoding="utf-8")
        beside.replace(file)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        raise CollageError(f"write {file}", str(error), "choose another place with --out") from None
