"""The tree of errors: everything Collage refuses, it refuses with one of these.

CollageError
├── UsageError             what was asked cannot be meant (exit 2)
├── EngineError            the engine (DuckDB, Spark) is missing or not set as needed
├── DatasetError           a dataset folder is missing, ambiguous or in the way
│   └── ContractError      a table of it breaks its contract
├── ReadingError           raw exports could not become a dataset
│   ├── MapError           the map itself is wrong
│   ├── SourceError        a file cannot be read at all
│   └── TooManyBadRows     more rows are bad than allowed
├── ConditionError         a condition of a map or a catalogue is wrong
├── CatalogueError         the catalogue is wrong
├── ModelError             a model cannot be used: its file is wrong, or it was fitted by another catalogue
└── UnknownCustomer        nobody of this name in the dataset
"""

from __future__ import annotations

__all__ = [
    "CatalogueError",
    "CollageError",
    "ConditionError",
    "ContractError",
    "DatasetError",
    "EngineError",
    "MapError",
    "ModelError",
    "ReadingError",
    "SourceError",
    "TooManyBadRows",
    "UnknownCustomer",
    "UsageError",
]

_LONGEST = 1500  # characters of what was found that a person would still look at


class CollageError(Exception):
    """Something was refused; nothing was lost and nothing half-written.

    Parameters
    ----------
    asked
        What was asked for, with file, row and column where there are any.
    found
        What was found instead.
    do
        What the reader of the message can do about it.
    """

    def __init__(self, asked: str, found: str, do: str) -> None:
        super().__init__(asked, found, do)
        self.asked = asked
        self.found = found
        self.do = do

    def __str__(self) -> str:
        """Return the three parts, a line each."""
        found = self.found if len(self.found) <= _LONGEST else f"{self.found[:_LONGEST]} …"
        return f"{self.asked}\n  found: {found}\n  to do: {self.do}"

    @property
    def in_short(self) -> str:
        """Return what was found and what to do in one line, for whoever has just asked and sees what."""
        first, space, rest = self.found.partition(" ")
        words = f"{first.capitalize()}{space}{rest}" if first.islower() and first.isalpha() else self.found
        return f"{words}: {self.do}."


class UsageError(CollageError):
    """The command was called in a way that cannot be meant."""


class EngineError(CollageError):
    """The engine is missing, or not set as it must be."""


class DatasetError(CollageError):
    """A dataset folder is missing, ambiguous or in the way."""


class ContractError(DatasetError):
    """A table of a dataset breaks its contract."""


class ReadingError(CollageError):
    """Raw exports could not become a dataset."""


class MapError(ReadingError):
    """The map is wrong: a key, a form, or a column which no file has."""


class SourceError(ReadingError):
    """A file cannot be read at all."""


class TooManyBadRows(ReadingError):  # noqa: N818  # named for what happened, like the rest of the tree reads
    """More rows are bad than allowed; reading was given up and nothing written."""


class ConditionError(CollageError):
    """A condition of a map or a catalogue is wrong."""


class CatalogueError(CollageError):
    """The catalogue is wrong."""


class ModelError(CollageError):
    """A model cannot be used: its file is wrong, or it was fitted by another catalogue."""


class UnknownCustomer(CollageError):  # noqa: N818  # named for what happened
    """The dataset knows nobody by this customer id or identifier."""
