"""The time line as it is shown: days with their rows, what can be chosen, and the way to what comes next."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from itertools import groupby
from typing import Any, Final, cast, get_args
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from collage_web.bridge.timeline import Filter, Instance, Marked, Page, Show
from collage_web.bridge.whole import Whole
from collage_web.design.spoken import CHANNELS
from collage_web.desk import wording
from collage_web.desk.colours import colour

__all__ = ["Choice", "Choices", "Day", "Row", "asked", "choices", "days", "more", "query", "row"]

_SHOWN: Final[Mapping[Show, Any]] = {
    "all": _("All"), "strikes": _("Strikes"), "promises": _("Promises"), "orders": _("Orders"), "said": _("Said"),
}  # fmt: skip
_DAYS: Final[Mapping[int | None, Any]] = {
    30: _("30 days"), 90: _("90 days"), 365: _("1 year"), None: _("ever since"),
}  # fmt: skip
_USUAL: Final = tuple((each.name, getattr(Filter(), each.name)) for each in fields(Filter))
_LONGEST: Final = 120  # characters of a department or of a mark in an address


@dataclass(frozen=True, slots=True)
class Row:
    """An instance as it is shown. `says` are its marks, or where it has none what happened; `aside` is all the rest."""

    key: str
    href: str
    at: datetime
    clock: str
    iso: str
    marks: Sequence[Marked]
    happened: str
    aside: Sequence[str]
    channel: str
    department: str
    colour: str
    quote: str
    is_secret: bool

    @property
    def tone(self) -> str:
        """Return whether it adds or takes, by the sum of its marks."""
        points = sum(each.points for each in self.marks)
        return "takes" if points < 0 else "adds" if points > 0 else ""


@dataclass(frozen=True, slots=True)
class Day:
    """A day with its rows; `words` are empty where it goes on from the page before."""

    words: str
    on: date
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Choice:
    """A way to choose: what it is called, its address, that of the part of the page alone, whether it is chosen."""

    words: str
    href: str
    part: str
    here: bool
    colour: str = ""


@dataclass(frozen=True, slots=True)
class Choices:
    """All that can be chosen, and the mark that is (empty: none), with the way to take it off again."""

    shown: Sequence[Choice]
    departments: Sequence[Choice]
    days: Sequence[Choice]
    department: str
    span: str
    mark: str
    without: Choice
    nothing: Choice


def asked(given: QueryDict, *, is_scored: bool) -> Filter:
    """Return which instances an address asks for; what it asks in no way that we know is left out.

    Parameters
    ----------
    given
        The query.
    is_scored
        Whether there are strikes to be chosen.
    """
    show, days_ = given.get("show", ""), given.get("days", "")
    known = cast("Show", show) if show in get_args(Show) and (is_scored or show != "strikes") else "all"
    days = int(days_) if days_.isascii() and days_.isdecimal() and len(days_) < 4 and int(days_) in _DAYS else None  # noqa: PLR2004  # digits of 365
    mark = given.get("mark", "")[:_LONGEST] if is_scored else ""
    return Filter(known, given.get("department", "")[:_LONGEST].replace("\0", ""), days, mark.replace("\0", ""))


def query(which: Filter, **more: str) -> str:
    """Return the query of an address that asks for this; empty where it is the usual."""
    said = {name: str(value) for name, usual in _USUAL if (value := getattr(which, name)) != usual}
    return f"?{urlencode(said | more)}" if said | more else ""


def choices(of: Whole, which: Filter, seen: Collection[str]) -> Choices:
    """Return what can be chosen.

    Parameters
    ----------
    of
        The customer.
    which
        What is chosen now.
    seen
        Departments that are on the page.
    """
    page, part = reverse("customer", args=[of.customer]), reverse("customer_instances", args=[of.customer])

    def way(words: Any, to: Filter, *, here: bool | None = None, colour_: str = "") -> Choice:
        asked_ = query(to)
        return Choice(
            str(words), f"{page}{asked_}#line", f"{part}{asked_}", to == which if here is None else here, colour_
        )

    theirs = of.reasons.owners() | {each["department"] for each in of.promises} | set(seen)
    names = sorted(name for name in theirs | {which.department} if name)
    return Choices(
        shown=[
            way(words, replace(which, show=show, mark=""), here=show == which.show and not which.mark)
            for show, words in _SHOWN.items()
            if of.is_scored or show != "strikes"
        ],
        departments=[
            way(_("all"), replace(which, department="")),
            *(way(name, replace(which, department=name), colour_=colour(name)) for name in names),
        ],
        days=[way(words, replace(which, days=days)) for days, words in _DAYS.items()],
        department=which.department,
        span=str(_DAYS[which.days]),
        mark=which.mark,
        without=way("", replace(which, mark="")),
        nothing=way("", Filter()),
    )


def days(of: Whole, page: Page, *, now: datetime) -> list[Day]:
    """Return the instances of a page by day, as the clocks in force have it.

    Parameters
    ----------
    of
        The customer.
    page
        Instances, the newest first.
    now
        The moment.
    """
    today = timezone.localtime(now).date()
    before = None if page.after is None else timezone.localtime(page.after).date()
    promises = {each["id"]: each for each in of.promises}
    rows = [row(of, each, promises) for each in page.instances]
    found = []
    for on, these in groupby(rows, key=lambda each: timezone.localtime(each.at).date()):
        found.append(Day("" if on == before else wording.day(on, today=today), on, list(these)))
    return found


def more(of: Whole, which: Filter, page: Page) -> Choice | None:
    """Return the way to the next instances; None: there are none."""
    if not page.last:
        return None
    part = reverse("customer_instances", args=[of.customer]) + query(which, before=page.last)
    return Choice("", part, part, here=False)


def row(of: Whole, each: Instance, promises: Mapping[int, Mapping[str, Any]]) -> Row:
    """Return an instance as it is shown.

    Parameters
    ----------
    of
        The customer.
    each
        One of theirs.
    promises
        Promises by the numbers of their rows.
    """
    facts, department = each.row, each.row.get("department") or ""
    promise = promises.get(_number(each.key)) if each.key[:1] == "p" else None
    told = wording.details(facts)
    if promise is not None:
        told = [wording.promise(promise["kind"]), *_until(promise, each.key)]
    elif each.marks and facts.get("amount") is not None and facts.get("currency"):
        told = [wording.money(facts)]
    elif each.marks:
        told = []
    channel, here = facts.get("channel") or "", timezone.localtime(each.occurred_at)
    return Row(
        key=each.key,
        href=reverse("customer_instance", args=[of.customer, each.key]),
        at=each.occurred_at,
        clock=f"{here:%H:%M}",
        iso=here.isoformat(timespec="seconds"),
        marks=each.marks,
        happened=wording.happened(each.kind),
        aside=told,
        channel=str(CHANNELS.get(channel, channel)),
        department=department,
        colour=colour(department),
        quote=" ".join((facts.get("text") or "").split()),
        is_secret=each.is_secret,
    )


def _number(key: str) -> int:
    return int(key[1:].partition(".")[0])


def _until(promise: Mapping[str, Any], key: str) -> list[str]:
    if not key.endswith(".made"):
        return []
    return [_("by %(when)s") % {"when": wording.moment(promise["due_at"])}]
