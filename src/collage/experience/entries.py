"""Entries of a catalogue taken out of its TOML with a check; every error names the place."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from collage.errors import CatalogueError

__all__ = ["Place", "flag", "near", "number", "one_of", "required", "text"]


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a catalogue, for messages: the file, and the mark where it is about one."""

    file: str
    mark: str = ""

    def asked(self, key: str) -> str:
        """Return the place in words."""
        where = f"{self.file}, mark {self.mark}" if self.mark else self.file
        return f"read {where}: {key}"

    def wrong(self, key: str, found: str, do: str) -> CatalogueError:
        """Return the error that says what is wrong at `key`."""
        return CatalogueError(self.asked(key), found, do)


def near(word: object, known: Iterable[str]) -> str:
    """Return what to do about an unknown word: the near one, or all there are."""
    words = sorted(known)
    close = get_close_matches(str(word), words, n=1)
    if close:
        return f"did you mean {close[0]}?"
    return f"choose one of {', '.join(words)}" if words else "there is none to choose from; leave it out"


def required(entries: Mapping[str, object], key: str, place: Place) -> object:
    """Return an entry that must be there."""
    if key not in entries:
        inside, _, bare = key.rpartition(".")
        raise place.wrong(key, "it is missing", f"add {bare} = … to {inside}" if inside else f"add {bare} = …")
    return entries[key]


def text(entries: Mapping[str, object], key: str, place: Place) -> str:
    """Return a text that must be there and not be empty."""
    value = required(entries, key, place)
    if not isinstance(value, str) or not value.strip():
        raise place.wrong(key, f"{value!r}", f'write a text: {_bare(key)} = "…"')
    return value


def one_of(entries: Mapping[str, object], key: str, place: Place, known: Collection[str]) -> str:
    """Return a text that must be there and be known."""
    value = text(entries, key, place)
    if value not in known:
        raise place.wrong(key, f"{value!r}", near(value, known))
    return value


def flag(entries: Mapping[str, object], key: str, place: Place) -> bool:
    """Return true or false; false where there is no entry."""
    value = entries.get(key, False)
    if not isinstance(value, bool):
        raise place.wrong(key, f"{value!r}", f"write {_bare(key)} = true or {_bare(key)} = false")
    return value


def number(
    entries: Mapping[str, object],
    key: str,
    place: Place,
    *,
    default: float | None = None,
    above: float = -math.inf,
    least: float = -math.inf,
    most: float = math.inf,
) -> float:
    """Return a finite number greater than `above`, at least `least`, at most `most`."""
    value = required(entries, key, place) if default is None else entries.get(key, default)
    bounds = [(above, "greater than"), (least, "at least"), (most, "at most")]
    bounded = " and ".join(f"{words} {bound:g}" for bound, words in bounds if math.isfinite(bound))
    do = f"write a finite number {bounded}".rstrip()
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise place.wrong(key, f"{value!r}", do)
    if not (value > above and least <= value <= most):
        raise place.wrong(key, f"{value:g}", do)
    return float(value)


def _bare(key: str) -> str:
    """Return a key as it stands within its own braces."""
    return key.rpartition(".")[2]
