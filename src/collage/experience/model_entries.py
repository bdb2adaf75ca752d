"""Entries of MODEL.json taken out with a check; every error names the file and the place in it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from collage.errors import ModelError
from collage.experience.entries import near

__all__ = ["Entry", "parsed"]

T = TypeVar("T")
_SHOWN = 80  # characters of what was found


@dataclass(frozen=True, slots=True)
class Entry:
    """A value of the file, and where it stands: `place` is such as ``kappa.low``, empty for the whole."""

    file: str
    place: str
    value: Any

    def wrong(self, found: str, do: str) -> ModelError:
        """Return the error that says what is wrong here."""
        asked = f"read {self.file}: {self.place or 'the file'}"
        return ModelError(asked, found, f"{do}; or fit the model anew: collage fit DATASET --out {self.file}")

    def unlike(self, wanted: str) -> ModelError:
        """Return the error that says that something else is wanted here."""
        found = "null" if self.value is None else repr(self.value)
        return self.wrong(found if len(found) <= _SHOWN else f"{found[:_SHOWN]} …", f"write {wanted}")

    def __getitem__(self, key: str) -> Entry:
        """Return an entry that must be there."""
        if key not in self.fields():
            raise self._at(key, None).wrong("it is missing", "add it as docs/reference/model.md says")
        return self._at(key, self.value[key])

    def get(self, key: str, otherwise: Any) -> Entry:
        """Return an entry that may be left out, which means `otherwise`."""
        return self._at(key, self.fields().get(key, otherwise))

    def only(self, known: Collection[str]) -> Entry:
        """Return the same, once it has been checked that it has entries of these names alone."""
        for key in self.fields():
            if key not in known:
                raise self._at(key, None).wrong("a model has no such entry", near(key, known))
        return self

    def fields(self) -> Mapping[str, Any]:
        """Return the entries of an object."""
        if not isinstance(self.value, dict):
            raise self.unlike("an object, { … }")
        return self.value

    def named(self, read: Callable[[Entry], T]) -> dict[str, T]:
        """Return all entries of an object, read one by one."""
        return {key: read(self._at(key, value)) for key, value in self.fields().items()}

    def listed(self, read: Callable[[Entry], T]) -> tuple[T, ...]:
        """Return all entries of a list, read one by one."""
        if not isinstance(self.value, list):
            raise self.unlike("a list, [ … ]")
        return tuple(read(Entry(self.file, f"{self.place}[{n}]", value)) for n, value in enumerate(self.value))

    def number(self, *, above: float = -math.inf, least: float = -math.inf, most: float = math.inf) -> float:
        """Return a finite number greater than `above`, at least `least`, at most `most`."""
        bounds = [(above, "greater than"), (least, "at least"), (most, "at most")]
        words = " and ".join(f"{words} {bound:g}" for bound, words in bounds if math.isfinite(bound))
        found = _finite(self.value)
        if found is None or not (found > above and least <= found <= most):
            raise self.unlike(f"a finite number {words}".rstrip())
        return found

    def unbounded(self, *, least: float) -> float:
        """Return a number of at least `least`, or infinity, which is the text "inf"."""
        if self.value == "inf":
            return math.inf
        found = _finite(self.value)
        if found is None or found < least:
            raise self.unlike(f'a finite number at least {least:g}, or the text "inf"')
        return found

    def maybe(self, read: Callable[[Entry], T]) -> T | None:
        """Return what is read, or None where there is null."""
        return None if self.value is None else read(self)

    def count(self) -> int:
        """Return a whole number, 0 or more."""
        if isinstance(self.value, bool) or not isinstance(self.value, int) or self.value < 0:
            raise self.unlike("a whole number, 0 or more")
        return self.value

    def flag(self) -> bool:
        """Return true or false."""
        if not isinstance(self.value, bool):
            raise self.unlike("true or false")
        return self.value

    def text(self, *, empty: bool = False) -> str:
        """Return a text, which is not empty unless it may be."""
        if not isinstance(self.value, str) or not (empty or self.value.strip()):
            raise self.unlike("a text")
        if not _is_text(self.value):
            raise self.unlike("a text of whole characters")
        return self.value

    def one_of(self, known: Iterable[str]) -> str:
        """Return one of some texts."""
        words = tuple(known)
        if self.text() not in words:
            raise self.unlike(f"one of {', '.join(words)}")
        return str(self.value)

    def _at(self, key: str, value: Any) -> Entry:
        return Entry(self.file, f"{self.place}.{key}" if self.place else key, value)


def parsed(text: str, *, file: str) -> Entry:
    """Return the whole of a JSON text as an entry.

    Parameters
    ----------
    text
        Any.
    file
        Its name, for messages.

    Raises
    ------
    ModelError
        When the text is no JSON, or says something twice.
    """
    whole = Entry(file, "", None)

    def once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
        for key, _ in pairs:
            if not _is_text(key):
                raise whole.wrong(f"the entry {key!r}", "write a name of whole characters")
        found = dict(pairs)
        if len(found) < len(pairs):
            twice = next(key for key, _ in pairs if [name for name, _ in pairs].count(key) > 1)
            raise whole.wrong(f"{twice!r} twice in one object", "leave one of them out")
        return found

    try:
        return Entry(file, "", json.loads(text, object_pairs_hook=once))
    except (ValueError, RecursionError) as error:
        found = "objects within objects without end" if isinstance(error, RecursionError) else str(error)
        raise whole.wrong(f"no JSON: {found}", "correct it where named") from None


def _finite(value: Any) -> float | None:
    """Return a number as a double; None where it is none, or has no double."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def _is_text(value: str) -> bool:
    """Return whether a text is made of whole characters, none of them NUL: half a pair cannot be printed."""
    return "\0" not in value and not any("\ud800" <= character <= "\udfff" for character in value)
