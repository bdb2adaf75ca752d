"""Whom somebody means: customers found by what was typed, or by what a telephone shows."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.db import connection

from collage import customers
from collage.customers import naming
from collage_web.bridge.called import called, names
from collage_web.bridge.derived import identifiers_of
from collage_web.bridge.whole import objecting
from collage_web.records import bulk
from collage_web.records.models import Identifier, NameKey, Score, Source, Touchpoint

__all__ = ["MOST", "Hit", "briefly", "found"]

MOST: Final = 20
_LEAST_LIKE: Final = 0.55
_CLOSE: Final = 40  # words that are looked for instead of one that was typed
_PEOPLE: Final = 20_000  # rows of one question about names: seldom so many are called alike
_LONGEST: Final = 200
_BEGINNING: Final = 3  # characters from which on the beginning of a mail address is enough
_ID: Final = re.compile(r"[0-9a-z]{20}\Z")
_PLAIN: Final = re.compile(r"[^\s:@]+\Z")
_SHOWN: Final = 4  # identifiers of somebody in a list
_CONTACT: Final = ("phone", "email")  # what is shown first of somebody


@dataclass(frozen=True, slots=True)
class Hit:
    """A customer who may be meant.

    `why` is what was found: ``id``, ``identifier``, ``issue``, ``phone``, ``mail`` or ``name`` (empty: nothing was
    asked); `what` is it, as it is written. `sure`: it is exactly what was asked for. `index` and `evidence` are those
    of the last derivation, which was at `at`: None where there is none or they object to being scored.
    """

    customer: str
    name: str
    identifiers: Sequence[str]
    why: str
    what: str
    sure: bool
    index: float | None
    evidence: float | None
    last_at: datetime | None
    at: datetime | None

    @property
    def title(self) -> str:
        """Return the name, or what stands in for it."""
        return self.name or self.identifiers[0]

    @property
    def also(self) -> list[str]:
        """Return some of the identifiers beside what was found."""
        return [each for each in self.identifiers if each not in {self.what, self.title}][:_SHOWN]


@dataclass(frozen=True, slots=True)
class _Lead:
    """An identifier that leads to somebody; the larger `like`, the earlier."""

    identifier: str
    why: str
    what: str
    like: float


_SURE: Final = 2.0  # of what is exactly what was asked for
_ISSUE, _END, _BEGUN = 1.9, 1.2, 1.1


def found(asked: str, *, region: str | None) -> list[Hit]:
    """Return who may be meant.

    Parameters
    ----------
    asked
        A phone number, a mail address or its beginning, any identifier, with or without its namespace, an order's or
        another matter's number, a name, or a customer's id.
    region
        Where numbers without a country's code are dialled; None: they are found by how they end.

    Returns
    -------
    list of Hit
        The likeliest first, no more than 20.
    """
    text = " ".join(asked.split())[:_LONGEST]
    if not text:
        return []
    leads = [*_exact(text, region), *_issues(text)]
    if not leads or customers.meant(text, region=region) is None:
        leads += [*_ends(text), *_begins(text), *_names(text)]
    best: dict[str, _Lead] = {}
    for lead in leads:
        best[lead.identifier] = max(lead, best.get(lead.identifier, lead), key=lambda each: each.like)
    whose = _customers(best)
    by_customer: dict[str, _Lead] = {}
    for identifier, customer in whose.items():
        lead = best[identifier]
        by_customer[customer] = max(by_customer.get(customer, lead), lead, key=lambda each: each.like)
    order = sorted(by_customer, key=lambda each: (-by_customer[each].like, by_customer[each].what, each))
    return _described({each: by_customer[each] for each in order[:MOST]})


def briefly(ids: Sequence[str]) -> list[Hit]:
    """Return customers by their ids, in the order given, as they are listed; whoever is there no longer is left out."""
    return _described(dict.fromkeys(ids[:MOST], _Lead("", "", "", 0.0)))


# ---- where what was typed leads


def _exact(text: str, region: str | None) -> list[_Lead]:
    """Return what is written exactly so, given a namespace if need be; and the customer who has this very id."""
    meant = customers.meant(text, region=region)
    written = {each for each in (meant, text if ":" in text else None, f"phone:{text}") if each}
    if _PLAIN.match(text):
        written |= {customers.normalised(f"{each}:{text}", region=region) for each in _namespaces()}
    there = bulk.within(Identifier, ("value",), "value", sorted(written))
    leads = [_Lead(value, "identifier", value, _SURE) for (value,) in there]
    if _ID.match(text):
        ids = Identifier.objects.filter(home=text).values_list("value", flat=True)
        leads += [_Lead(value, "id", text, _SURE) for value in ids]
    return leads


def _namespaces() -> list[str]:
    """Return the namespaces of all identifiers, by a few steps through their index."""
    if connection.vendor == "sqlite":
        following, namespace = "value >= {} ORDER BY value LIMIT 1", "substr(n.value, 1, instr(n.value, ':') - 1)"
    else:
        following, namespace = "value ~>=~ {} ORDER BY value USING ~<~ LIMIT 1", "split_part(n.value, ':', 1)"
    table, after = bulk.table(Identifier), f"({namespace} || ';')"  # the character behind the colon
    first = f"(SELECT value FROM {table} WHERE {following.format(chr(39) * 2)})"  # noqa: S608  # names of our own
    more = f"(SELECT value FROM {table} WHERE {following.format(after)})"  # noqa: S608  # as above
    query = f"WITH RECURSIVE n(value) AS (SELECT {first} UNION ALL SELECT {more} FROM n WHERE n.value LIKE '%%:%%')"  # noqa: S608  # as above
    query += " SELECT value FROM n WHERE value IS NOT NULL LIMIT 50"
    with connection.cursor() as cursor:
        cursor.execute(query, [])
        return [value.partition(":")[0] for (value,) in cursor.fetchall()]


def _issues(text: str) -> list[_Lead]:
    """Return whose matter has this number, as the customer says it or with the source's name before it."""
    if " " in text or not any(map(str.isdecimal, text)):
        return []
    sources = Source.objects.values_list("name", flat=True)[:_CLOSE]
    numbers = [text, *(f"{source}:{text}" for source in sources)]
    there = Touchpoint.objects.filter(issue_id__in=numbers).order_by().values_list("identifier", "issue_id").distinct()
    return [_Lead(identifier, "issue", issue or "", _ISSUE) for identifier, issue in there[:MOST]]


def _ends(text: str) -> list[_Lead]:
    """Return the phone numbers that end as what was typed, whatever is dialled before it."""
    digits = "".join(filter(str.isdecimal, text)).lstrip("0")
    last = customers.tail(digits)
    if last is None or any(map(str.isalpha, text)):
        return []
    numbers = NameKey.objects.filter(key=f"t{last}").values_list("identifier", flat=True)
    return [
        _Lead(each, "phone", each, _END)
        for each in numbers
        if "".join(filter(str.isdecimal, each.partition(";")[0])).endswith(digits)
    ]


def _begins(text: str) -> list[_Lead]:
    """Return the mail addresses that begin as what was typed."""
    if len(text) < _BEGINNING or " " in text or ":" in text:
        return []
    begun = customers.normalised(f"email:{text}")
    if connection.vendor == "sqlite":  # whose LIKE knows no index
        these = Identifier.objects.filter(value__gte=begun, value__lt=f"{begun}\U0010ffff")
    else:
        these = Identifier.objects.filter(value__startswith=begun)
    return [_Lead(each, "mail", each, _BEGUN) for each in these.values_list("value", flat=True)[:MOST]]


# ---- names


def _names(text: str) -> list[_Lead]:
    """Return who is called so, or nearly: first by the very words, then by those close to them."""
    typed = naming.words(text)
    if not any(map(str.isalpha, text)) or "@" in text:
        return []
    alike = [{word: 1.0} for word in typed]
    people = _called(alike)
    if len(people) < MOST:
        alike = _close(typed)
        people |= _called(alike)
    return _alike(typed, people)


def _close(typed: Sequence[str]) -> list[dict[str, float]]:
    """Return for each word typed the words that somebody is called by and that are close to it."""
    keys = {word: [f"d{key}" for key in naming.keys(word)] + [f"p{word}"] for word in typed}
    asked = sorted({key for some in keys.values() for key in some})
    words = sorted({word for (word,) in bulk.within(NameKey, ("identifier",), "key", asked)})
    every = []
    for each in typed:
        close = sorted((-naming.closeness(each, word), word) for word in words)[:_CLOSE]
        every.append({word: -far for far, word in close if far < 0})
    return every


def _called(alike: Sequence[Mapping[str, float]]) -> set[str]:
    """Return the identifiers called by words for as many of those typed as there are any for."""
    places: dict[str, set[int]] = {}
    for place, words in enumerate(alike):
        for word in words:
            places.setdefault(word, set()).add(place)
    rows = bulk.within(NameKey, ("identifier", "key"), "key", [f"w{word}" for word in places], f"LIMIT {_PEOPLE}")
    met: dict[str, set[int]] = {}
    for identifier, key in rows:
        met.setdefault(identifier, set()).update(places[key[1:]])
    most = max(map(len, met.values()), default=0)
    return {identifier for identifier, these in met.items() if len(these) == most}


def _alike(typed: Sequence[str], people: Iterable[str]) -> list[_Lead]:
    """Return those whose name is like what was typed."""
    leads = []
    for identifier, said in called(sorted(people)[: MOST * 20]).items():
        like = naming.likeness(typed, naming.words(said.value))
        if like >= _LEAST_LIKE:
            leads.append(_Lead(identifier, "name", said.value, like))
    leads.sort(key=lambda each: (-each.like, each.identifier))
    return leads[: 2 * MOST]


# ---- what is told of them


def _customers(identifiers: Iterable[str]) -> dict[str, str]:
    rows = bulk.within(Identifier, ("value", "customer"), "value", sorted(identifiers))
    return dict(rows)


def _described(leads: Mapping[str, _Lead]) -> list[Hit]:
    known = identifiers_of(leads)
    whose = {identifier: customer for identifier, (customer, _) in known.items()}
    theirs: dict[str, list[str]] = {}
    for identifier, customer in whose.items():
        theirs.setdefault(customer, []).append(identifier)
    called_so, scores, hidden = names(whose), _scores(list(theirs)), objecting(known)
    hits = []
    for customer, lead in leads.items():
        if customer not in theirs:
            continue
        index, evidence, last_at, at = scores.get(customer, (None, None, None, None))
        if customer in hidden:
            index = evidence = at = None
        by_use = sorted(theirs[customer], key=lambda each: each.partition(":")[0] not in _CONTACT)
        hits.append(
            Hit(
                customer, called_so.get(customer, ""), by_use, lead.why, lead.what, lead.like >= _SURE,
                index, evidence, last_at, at,
            )
        )  # fmt: skip
    return hits


def _scores(
    ids: Collection[str],
) -> dict[str, tuple[float | None, float | None, datetime | None, datetime | None]]:
    rows = bulk.within(Score, ("customer", "index", "evidence", "last_touchpoint_at", "at"), "customer", ids)
    return {
        customer: (index, evidence, _moment(last_at), _moment(at)) for customer, index, evidence, last_at, at in rows
    }


def _moment(value: Any) -> datetime:
    """Return a moment as the database gives it: SQLite as text."""
    return value if isinstance(value, datetime) else datetime.fromisoformat(value).replace(tzinfo=UTC)
