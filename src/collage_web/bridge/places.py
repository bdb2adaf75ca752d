"""Where the instances of a customer stand: the newest first, each by a key; and their rows, no more than are shown."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import nlargest
from typing import Any, Final, Literal, TypeVar

from django.db.models import Model, Q, QuerySet, Value

from collage.touchpoints.vocabulary import STAGES
from collage_web.bridge.arrows import schema
from collage_web.bridge.whole import Whole
from collage_web.records import models
from collage_web.records.numbers import number_of

__all__ = [
    "AT_ONCE",
    "COLUMNS",
    "RATING",
    "Asked",
    "Filter",
    "Place",
    "Placed",
    "Show",
    "became",
    "key_of",
    "of_key",
    "promised",
    "rated",
    "stored",
    "touched",
]

AT_ONCE: Final = 50
RATING: Final = "rating"  # the kind of what they said when asked for a number, which is no touchpoint
COLUMNS: Final = ("id", *schema("touchpoints").names)
Show = Literal["all", "strikes", "promises", "orders", "said"]
# when, of which kind of row, its number, what became of it: the largest is the newest
Place = tuple[datetime, int, int, str]
Placed = tuple[Place, Mapping[str, Any]]
_Row = TypeVar("_Row", bound=Model)
_LETTERS: Final = "tpr"  # of the kinds of rows: touchpoints, what became of promises, ratings
_BUYING: Final = (*STAGES["buy"], *STAGES["receive"])
_SAYING: Final = ("complaint.filed", "feedback.given")
_PROMISE: Final = "promise:"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which: what of, of which department (empty: any), of how many days (None: ever), with which mark (empty: any)."""

    show: Show = "all"
    department: str = ""
    days: int | None = None
    mark: str = ""

    @property
    def by_mark(self) -> bool:
        """Return whether only what left a mark is meant."""
        return self.show == "strikes" or bool(self.mark)


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose instances are asked for, which, as of when, and after which place (None: the newest)."""

    of: Whole
    which: Filter
    at: datetime
    after: Place | None

    @property
    def since(self) -> datetime | None:
        """Return the moment before which nothing is asked for."""
        return None if self.which.days is None else self.at - timedelta(days=self.which.days)


def stored(of: Whole) -> QuerySet[models.Touchpoint]:
    """Return all touchpoints of a customer; those that promises become are not among them."""
    return models.Touchpoint.objects.filter(identifier__in=of.identifiers)


def touched(asked: Asked, also: Collection[str]) -> tuple[list[Placed], list[Mapping[str, Any]]]:
    """Return the touchpoints asked for, one more than are shown, and others by their ids: all by one query."""
    of, which = asked.of, asked.which
    theirs = _narrowed(stored(of), "occurred_at", "t", asked)
    if which.show == "promises":
        theirs = theirs.none()
    elif which.show == "orders":
        theirs = theirs.filter(kind__in=_BUYING)
    elif which.show == "said":
        theirs = theirs.filter(Q(text__gt="") | Q(kind__in=_SAYING))
    if which.by_mark:
        theirs = theirs.filter(touchpoint_id__in=_that_left(asked).values("touchpoint_id"))
    # numbers first, which an index has, and only then the rows
    newest = theirs.order_by("-occurred_at", "-id").values("id")[: AT_ONCE + 1]
    every = models.Touchpoint.objects
    shown = every.filter(id__in=newest).annotate(shown=Value(1)).values(*COLUMNS, "shown")
    beside = stored(of).filter(touchpoint_id__in=set(also)).annotate(shown=Value(0)).values(*COLUMNS, "shown")
    rows: list[Mapping[str, Any]] = [dict(row) for row in (shown.union(beside, all=True) if also else shown)]
    return [((row["occurred_at"], 0, row["id"], ""), row) for row in rows if row["shown"]], rows


def _that_left(asked: Asked) -> QuerySet[models.Mark]:
    """Return the marks by which it is chosen: none, of somebody who is not scored."""
    of, which = asked.of, asked.which
    strikes = [mark.name for mark in of.by.weighing if of.by.weight_of(mark.name) < 0]
    names = [which.mark] if which.mark else strikes
    marks = models.Mark.objects.filter(customer=of.customer, mark__in=names, occurred_at__lte=asked.at)
    return marks if of.is_scored else marks.none()


def promised(asked: Asked) -> list[Placed]:
    """Return what became of promises and is asked for, one more than are shown."""
    which = asked.which
    if which.show in {"orders", "said"}:
        return []
    rows = [
        row
        for row in asked.of.promised
        if row["occurred_at"] <= asked.at
        and (asked.since is None or row["occurred_at"] >= asked.since)
        and (asked.after is None or row["occurred_at"] <= asked.after[0])
        and (not which.department or row["department"] == which.department)
    ]
    if which.by_mark:
        left = asked.of.reasons.left_by(which.mark)
        rows = [row for row in rows if row["touchpoint_id"] in left]
    placed = (each for each in became(asked.of, rows) if asked.after is None or each[0] < asked.after)
    return nlargest(AT_ONCE + 1, placed, key=lambda each: each[0])


def became(of: Whole, rows: Iterable[Mapping[str, Any]]) -> list[Placed]:
    """Return what became of promises with its places.

    Parameters
    ----------
    of
        The customer.
    rows
        Some of what their promises became.
    """
    numbers = {each["promise_id"]: each["id"] for each in of.promises}
    return [((row["occurred_at"], 1, numbers[promise], kind), row) for row in rows for promise, kind in [_parts(row)]]


def _parts(row: Mapping[str, Any]) -> tuple[str, str]:
    promise, _, kind = row["touchpoint_id"].removeprefix(_PROMISE).rpartition(":")
    return promise, kind.removeprefix("promise.")


def rated(asked: Asked) -> list[Placed]:
    """Return the ratings asked for, one more than are shown."""
    if asked.which.show not in {"all", "said"} or asked.which.mark:
        return []
    theirs = _narrowed(_ratings(asked.of), "rated_at", "r", asked).order_by("-rated_at", "-id")
    return [_as_instance(row) for row in theirs.values()[: AT_ONCE + 1]]


def _ratings(of: Whole) -> QuerySet[models.Rating]:
    return models.Rating.objects.filter(identifier__in=of.identifiers)


def _as_instance(row: Mapping[str, Any]) -> Placed:
    """Return a rating with the names that touchpoints give to the same."""
    names = {"touchpoint_id": "", "occurred_at": row["rated_at"], "kind": RATING, "text": row["comment"]}
    return (row["rated_at"], 2, row["id"], ""), {**row, **names}


def _narrowed(rows: QuerySet[_Row], moment: str, letter: str, asked: Asked) -> QuerySet[_Row]:
    """Return the rows of a kind that are asked for, by their moment and department, after the place."""
    rows = rows.filter(**{f"{moment}__lte": asked.at})
    if asked.which.department:
        rows = rows.filter(department=asked.which.department)
    if asked.since is not None:
        rows = rows.filter(**{f"{moment}__gte": asked.since})
    if asked.after is None:
        return rows
    at, kind, number, _ = asked.after
    mine = _LETTERS.index(letter)
    rows = rows.filter(**{f"{moment}__lte": at})
    if mine == kind:
        return rows.filter(Q(**{f"{moment}__lt": at}) | Q(id__lt=number))
    return rows if mine < kind else rows.filter(**{f"{moment}__lt": at})


def key_of(place: Place) -> str:
    """Return the key of an instance: ``t12`` a touchpoint, ``p3.broken`` what became of a promise, ``r7`` a rating."""
    _, kind, number, what = place
    return f"{_LETTERS[kind]}{number}.{what}" if what else f"{_LETTERS[kind]}{number}"


def of_key(of: Whole, key: str) -> Placed | None:
    """Return the instance of a customer that a key names; None: they have none."""
    letter, (number, dot, _) = key[:1], key[1:].partition(".")
    if letter == "p":
        return next((each for each in became(of, of.promised) if key_of(each[0]) == key), None)
    if dot:
        return None
    if letter == "t":
        row = stored(of).filter(id=number_of(number)).values(*COLUMNS).first()
        return None if row is None else ((row["occurred_at"], 0, row["id"], ""), dict(row))
    row_ = _ratings(of).filter(id=number_of(number)).values().first() if letter == "r" else None
    return None if row_ is None else _as_instance(row_)
