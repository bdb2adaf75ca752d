"""Names of people: how one is found although it is not written quite so.

A name is a set of words. Each is brought into one writing: no capitals, accents or umlauts (ü, ue and u are one).
What a word is found by are its keys: itself with up to two letters left out. Two words of which each becomes the same
when a letter or two are left out are close to one another, so a typing error is found by looking up equal texts, which
every database does at once (the symmetric deletion of W. Garbe's SymSpell). How close is then measured.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import combinations
from typing import Final

from rapidfuzz.distance import DamerauLevenshtein

__all__ = ["beginnings", "closeness", "keys", "likeness", "words"]

_MOST_WORDS, _LONGEST = 6, 40  # of a name, and of a word: more is no name
_LETTERS: Final = 8  # of a word's beginning that keys are made of
_SHORT, _LONG = 3, 6  # letters from which on one, and two errors are forgiven
_BEGINNING: Final = 0.9  # how close a word is to its beginning
_APOSTROPHES: Final = str.maketrans("", "", "'`\u2018\u2019\u00b4\u02bc")
_OTHERS: Final = str.maketrans("øłđðıħ", "olddih") | {ord("þ"): "th", ord("æ"): "ae", ord("œ"): "oe"}
_ACCENTS: Final = re.compile("[\u0300-\u036f]")
_UMLAUT: Final = re.compile("([aou])e")
_WORD: Final = re.compile(r"[^\W_]+")


def words(name: str) -> list[str]:
    """Return the words of a name in their one writing.

    Parameters
    ----------
    name
        As somebody wrote it.

    Returns
    -------
    list of str
        In the order of the name, each once, no more than six.
    """
    plain = unicodedata.normalize("NFKD", name.casefold().translate(_APOSTROPHES).translate(_OTHERS))
    plain = _UMLAUT.sub(r"\1", _ACCENTS.sub("", plain))
    return list(dict.fromkeys(word[:_LONGEST] for word in _WORD.findall(plain)))[:_MOST_WORDS]


def keys(word: str) -> set[str]:
    """Return the keys of a word.

    Parameters
    ----------
    word
        One of `words`.

    Returns
    -------
    set of str
        Its first eight letters, and those with one left out (of three letters and more) or two (of six and more).
    """
    stem, letters = word[:_LETTERS], range(min(len(word), _LETTERS))
    found = {stem}
    for n in range(1, _errors(len(word)) + 1):
        found |= {"".join(stem[at] for at in letters if at not in gone) for gone in combinations(letters, n)}
    return found


def beginnings(word: str) -> list[str]:
    """Return by what a word is found while it is still being typed: its first three to eight letters."""
    return [word[:n] for n in range(_SHORT, min(len(word), _LETTERS) + 1)]


def closeness(typed: str, word: str) -> float:
    """Return how close a word is to what was typed.

    Parameters
    ----------
    typed, word
        Words as `words` gives them.

    Returns
    -------
    float
        1: the same; 0: another word. A letter too many, too few or wrong, or two neighbours in each other's place,
        count once each (Damerau and Levenshtein).
    """
    if typed == word:
        return 1.0
    longer = max(len(typed), len(word))
    errors = _errors(longer)
    distance = DamerauLevenshtein.distance(typed, word, score_cutoff=errors)
    close = 1.0 - distance / longer if distance <= errors else 0.0
    if len(typed) >= _SHORT and word.startswith(typed):
        close = max(close, _BEGINNING)
    return close


def likeness(asked: Sequence[str], name: Sequence[str]) -> float:
    """Return how alike what is asked and a name are, in whatever order their words stand.

    Parameters
    ----------
    asked, name
        Words as `words` gives them.

    Returns
    -------
    float
        0 to 1: the mean closeness of the words asked, each with another word of the name. What the name has beyond
        them costs a little, so that the shorter of two names comes first.
    """
    if not asked or not name:
        return 0.0
    pairs = sorted(((closeness(one, other), one, other) for one in asked for other in name), reverse=True)
    left, free, total = set(asked), set(name), 0.0
    for close, one, other in pairs:
        if one in left and other in free:
            left.discard(one)
            free.discard(other)
            total += close
    return max(0.0, total / len(asked) - 0.01 * len(free))


def _errors(length: int) -> int:
    """Return how many errors are forgiven in a word of so many letters."""
    return 0 if length < _SHORT else 1 if length < _LONG else 2
