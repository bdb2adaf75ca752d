"""What causes may be: numbers within their bounds, words that are known, and what must come before what."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from itertools import pairwise
from typing import Any, Final

from collage.errors import UsageError

__all__ = ["check_numbers", "check_rising", "check_words"]

_ASKED: Final = "simulate a company"
_SHARES: Final = ("_share", "_shares", "tiers", "below", "season", "seniority_routing", "contacts.gap", "practice.gain")
_AT_LEAST_NOTHING: Final = ("_days", "_h", "_s", "_sd", "_year", "outages", "kappa", "own", "peak", "hardness")
_MORE_THAN_NOTHING: Final = ("an_hour", "handle_s", "patience_s", "credit_days", "strike_days", "power_days")


def check_numbers(causes: Any) -> None:
    """Refuse a number that its name does not allow, wherever it stands in a value of values.

    Parameters
    ----------
    causes
        A dataclass whose fields are numbers, tuples of them, words, or dataclasses of the same kind.

    Raises
    ------
    UsageError
        With the dotted name of the field, what stands there and what may.
    """
    for name, value in _flat(causes):
        for number in value if isinstance(value, tuple) else (value,):
            if isinstance(number, int | float) and not isinstance(number, bool):
                _check(name, number)


def check_words(given: Mapping[str, tuple[str, Sequence[str]]]) -> None:
    """Refuse a word that is none of those known.

    Parameters
    ----------
    given
        Dotted name of a field → what stands there, and what may.

    Raises
    ------
    UsageError
        With the name, the word and the words that may stand there.
    """
    for name, (word, known) in given.items():
        if word not in known:
            raise UsageError(_ASKED, f"{name} = {word!r}", f"choose one of {', '.join(known)}")


def check_rising(given: Mapping[str, tuple[tuple[float, ...], str]]) -> None:
    """Refuse numbers that do not rise from one to the next.

    Parameters
    ----------
    given
        What is wrong where they do not → the numbers, and what to do.

    Raises
    ------
    UsageError
        With what is wrong and what to do.
    """
    for found, (numbers, do) in given.items():
        if any(left >= right for left, right in pairwise(numbers)):
            raise UsageError(_ASKED, found, do)


def _flat(value: Any, within: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the fields of a value and of the values in it, with their dotted names."""
    for each in fields(value):
        inner, name = getattr(value, each.name), f"{within}{each.name}"
        if dataclasses.is_dataclass(inner):
            yield from _flat(inner, f"{name}.")
        else:
            yield name, inner


def _check(name: str, number: float) -> None:
    share, positive = name.endswith(_SHARES), name.endswith(_MORE_THAN_NOTHING)
    least = 0.0 if share or positive or name.endswith(_AT_LEAST_NOTHING) else -math.inf
    most = 1.0 if share else math.inf
    finite = math.isfinite(number) or (name == "ratings.kappa" and number == math.inf)
    if finite and least <= number <= most and not (positive and number == 0):
        return
    kinds = {share: "a share from 0 to 1", positive: "a number above 0", least == 0.0: "a number of 0 or more"}
    raise UsageError(_ASKED, f"{name} = {number}", f"give {kinds.get(True, 'a finite number')}")
