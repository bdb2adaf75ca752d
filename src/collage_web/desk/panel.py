"""One instance, looked at closely: as it was recorded, what it left behind and by which rule, and what can be done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.urls import reverse

from collage import experience
from collage_web.bridge.marked import Left, left
from collage_web.bridge.timeline import Instance, Marked
from collage_web.bridge.whole import Whole
from collage_web.design.spoken import CAUSES
from collage_web.desk import wording
from collage_web.desk.instances import Row, row
from collage_web.records import verdicts
from collage_web.records.models import Colleague, Role

__all__ = ["Panel", "Weighed", "panel"]

_DESK: Final = "desk"  # the source of what colleagues record
_RECORDED: Final = (
    "occurred_at", "identifier", "channel", "department", "agent", "site", "issue_id", "contact_id", "wait_s",
    "duration_s", "late_s", "amount", "outcome", "severity", "instrument", "item", "wording", "score", "source",
    "received_at", "touchpoint_id", "rating_id", "properties",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Weighed:
    """A mark of an instance, and all that can be asked about it.

    `is_strike` is whether it counts against us. `weight` is that of the catalogue (None: as the strike's that it takes
    back). `halved_at` is when half of what it weighs today will be left (None: a recovery fades as its strike does),
    `without` the index without it, `about` the address of the earlier instance that it points at. `may` says what can
    be done: contest, decide, take back (one contested it oneself), undo (a decision).
    """

    marked: Marked
    is_strike: bool
    words: experience.Words | None
    weight: float | None
    half_life: float | None
    halved_at: datetime | None
    without: float | None
    cause: str
    controllable: bool | None
    about: str
    contested_by: str
    contested_why: str
    may: Sequence[str]


@dataclass(frozen=True, slots=True)
class Panel:
    """What is shown: the instance as in the time line, its columns in words, its marks."""

    row: Row
    columns: Sequence[tuple[str, str]]
    text: str
    weighed: Sequence[Weighed]
    index: float | None
    heal: bool
    recorded_here: bool


def panel(of: Whole, found: Instance, by: Colleague, *, now: datetime) -> Panel:
    """Return what is shown of an instance.

    Parameters
    ----------
    of
        The customer.
    found
        One of their instances.
    by
        Who looks.
    now
        The moment.
    """
    promises = {each["id"]: each for each in of.promises}
    kept = left(of, found.touchpoint_id)
    weighed = [_weighed(of, each, kept, by, now) for each in found.marks]
    return Panel(
        row=row(of, found, promises),
        columns=[told for name in _RECORDED if (told := wording.column(name, found.row)) is not None],
        text=(found.row.get("text") or "").strip(),
        weighed=weighed,
        index=None if of.standing is None else of.standing.index,
        heal=any(each.is_strike and not each.marked.healed and each.marked.points for each in weighed),
        recorded_here=found.row.get("source") == _DESK and found.key.startswith("t"),
    )


def _weighed(of: Whole, each: Marked, kept: Left, by: Colleague, now: datetime) -> Weighed:
    mark, said = kept.marks.get(each.mark), kept.said.get(each.mark)
    key = kept.keys.get(each.about or "")
    half_life = _half_life(of, each)
    is_strike = each.contribution < 0 or (each.state == verdicts.STRUCK_OUT and _weight(of, each.mark) < 0)
    may = []
    if is_strike and not each.state and each.points:
        may.append("contest")
    if each.state == verdicts.CONTESTED and mark is not None and not verdicts.barred(by, mark, said):
        may.append("decide")
    if each.state == verdicts.CONTESTED and said is not None and said.by == verdicts.said_by(by):
        may.append("take back")
    is_decided = each.state in {verdicts.UPHELD, verdicts.STRUCK_OUT}
    if is_decided and by.role == Role.MANAGER and said is not None and not verdicts.named(by, said):
        may.append("undo")
    return Weighed(
        marked=each,
        is_strike=is_strike,
        words=(words := _words(of, each)),
        weight=None if words is None or of.by[each.mark].recovers else _weight(of, each.mark),
        half_life=half_life,
        halved_at=None if half_life is None or not each.points else now + timedelta(days=half_life),
        without=None if each.without is None else experience.index_of(each.without, sd=of.by.index_sd),
        cause=str(CAUSES.get(mark.cause, mark.cause)) if mark is not None and mark.cause else "",
        controllable=None if mark is None else mark.agent_controllable,
        about=reverse("customer_instance", args=[of.customer, key]) if key else "",
        contested_by="" if said is None else kept.names.get(said.by or "", ""),
        contested_why="" if said is None else said.reason or "",
        may=may,
    )


def _weight(of: Whole, name: str) -> float:
    try:
        return of.by.weight_of(name)
    except KeyError:
        return 0.0


def _half_life(of: Whole, each: Marked) -> float | None:
    try:
        return of.by.half_life_of(each.weighs_as)
    except KeyError:
        return None


def _words(of: Whole, each: Marked) -> experience.Words | None:
    try:
        return experience.in_words(of.by[each.mark], of.by)
    except KeyError:  # a mark that the catalogue in force has no longer
        return None
