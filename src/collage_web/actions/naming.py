"""By which customers are found although they are not written quite so: names by their words, phones by their end.

Rows of `NameKey`, each key with a letter in front that says what it is:

    w<word>     an identifier is called so
    v<word>     the word is known: its keys are there, in rows whose identifier is the word
    d<key>      a word is found by this, also where it is written wrongly
    p<letters>  a word begins so
    t<digits>   an identifier is a phone number that ends so

So a word that many are called by has its keys once, and what was typed is compared with words, not with people.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Final

from django.db import transaction

from collage import customers
from collage.customers import naming
from collage_web.bridge.called import called
from collage_web.records import bulk
from collage_web.records.models import Identifier, NameKey, Trait

__all__ = ["dialled", "name_all", "named"]

_ROW: Final = ("identifier", "key")
_PHONE: Final = "phone:"
_AT_ONCE: Final = 2_000


def named(identifiers: Collection[str]) -> None:
    """Derive anew by which words identifiers are found, from what they are called.

    Parameters
    ----------
    identifiers
        In normal form, such as those whose name somebody changed.
    """
    there = {
        (identifier, key): number
        for number, identifier, key in bulk.within(NameKey, ("id", *_ROW), "identifier", sorted(set(identifiers)))
        if key.startswith("w")
    }
    now = {
        (identifier, f"w{word}")
        for identifier, said in called(identifiers).items()
        for word in naming.words(said.value)
    }
    gone = there.keys() - now
    with transaction.atomic():
        bulk.delete(NameKey, "id", [there[each] for each in gone])
        _learn({key[1:] for _, key in now - there.keys()})
        bulk.add(NameKey, _ROW, sorted(now - there.keys()))
        _unlearn({key[1:] for _, key in gone})


def _learn(words: Collection[str]) -> None:
    """Add the keys of words that nobody was called by."""
    known = {word for (word,) in bulk.within(NameKey, ("identifier",), "key", sorted(f"v{word}" for word in words))}
    rows = []
    for word in sorted(set(words) - known):
        rows.append((word, f"v{word}"))
        rows += [(word, f"d{key}") for key in sorted(naming.keys(word))]
        rows += [(word, f"p{letters}") for letters in naming.beginnings(word)]
    bulk.add(NameKey, _ROW, rows)


def _unlearn(words: Collection[str]) -> None:
    """Remove words that nobody is called by any longer: a rare name would be somebody's data still."""
    used = {key[1:] for (key,) in bulk.within(NameKey, ("key",), "key", sorted(f"w{word}" for word in words))}
    bulk.delete(NameKey, "identifier", sorted(set(words) - used))


def dialled(identifiers: Iterable[str]) -> None:
    """Note by which digits phone numbers are found that were not known before; all else is left out."""
    numbers = [(each, customers.tail(each)) for each in sorted(set(identifiers)) if each.startswith(_PHONE)]
    bulk.add(NameKey, _ROW, [(each, f"t{digits}") for each, digits in numbers if digits])


def name_all(progress: Callable[[str], None] = lambda _: None) -> int:
    """Derive all keys anew, and return of how many identifiers.

    Parameters
    ----------
    progress
        Told how far it is.
    """
    n = 0
    with transaction.atomic():
        NameKey.objects.all().delete()
        people = Trait.objects.filter(name=Trait.Name.NAME).order_by().values_list("identifier", flat=True).distinct()
        for some in bulk.chunks(sorted(people), _AT_ONCE):
            named(some)
            n += len(some)
            progress(f"names of {n:,} identifiers")
        numbers = Identifier.objects.filter(value__startswith=_PHONE).order_by().values_list("value", flat=True)
        for some in bulk.chunks(list(numbers), _AT_ONCE):
            dialled(some)
            n += len(some)
    return n
