"""What the page shows of who earned the ratings: sentences, rows and pictures put together for its template."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from markupsafe import Markup

from collage.report import earned_pictures as drawing
from collage.report.earned import Agent, Department
from collage.report.earned_readings import (
    agents_read,
    departments_read,
    fairness_read,
    lead_read,
)
from collage.report.figures import FEWEST, Figures
from collage.report.pictures import WIDE, thrice
from collage.report.silent_readings import late_read, silence_read, unasked_read, unknowable_read
from collage.report.taken import Instance, Taken
from collage.report.taken_readings import owner_named, part_named, taken_read
from collage.report.telling import Telling

__all__ = ["DIGITS", "Before", "EarnedPart", "Line", "earned_drawings", "earned_part", "summing"]

DIGITS: Final = 3  # of the parts of a rating
_HALF: Final = (WIDE - 40) // 2
_DEPARTMENTS, _RANKED, _UNRANKED = 14, 30, 15  # in the pictures
_INSTANCES: Final = 5  # of each department


@dataclass(frozen=True, slots=True)
class Line:
    """A part of a rating as its table has it: `so_far` is the sum down to it, `anchor` where its instances are."""

    part: str
    name: str
    points: float
    so_far: float
    anchor: str | None


@dataclass(frozen=True, slots=True)
class Before:
    """What one department had left behind before the contact: the strongest `instances`, and how many are `hidden`."""

    anchor: str
    name: str
    instances: Sequence[Instance]
    hidden: int


@dataclass(frozen=True, slots=True)
class EarnedPart:
    """All that the page says of who earned the ratings, told in its language.

    `empty` is what to do where there are too few ratings; then there is nothing else. `ranked` and `unranked` are the
    agents in the pictures, `hidden` how many are in the table alone. `lines` are the shown rating's parts, rounded so
    that they add up. `silent` is said of who did not answer.
    """

    empty: str
    lead: str = ""
    departments: Sequence[Department] = ()
    departments_read: Sequence[str] = ()
    ranked: Sequence[Agent] = ()
    unranked: Sequence[Agent] = ()
    hidden: int = 0
    agents_read: Sequence[str] = ()
    fairness: Sequence[str] = ()
    taken_read: Sequence[str] = ()
    lines: Sequence[Line] = ()
    before: Sequence[Before] = ()
    silent: Sequence[str] = ()
    unknowable: Sequence[str] = ()
    late: str = ""


def earned_part(figures: Figures, tell: Telling) -> EarnedPart | None:
    """Return all that the page says of who earned the ratings.

    Parameters
    ----------
    figures
        With ratings shared out, or there is only what to do.
    tell
        Of the page's language.

    Returns
    -------
    EarnedPart or None
        None where it is not known whether there are ratings.
    """
    found = figures.earned
    if found is None and figures.ratings is None:
        return None
    if found is None or found.customers < FEWEST:
        return EarnedPart(empty=_empty(figures, tell))
    ranked, unranked = _shown(found.ranked), _most_rated(found.unranked)
    taken, silence = found.taken, figures.silence
    return EarnedPart(
        empty="",
        lead=lead_read(found, tell),
        departments=_largest(found.departments),
        departments_read=departments_read(found, tell),
        ranked=ranked,
        unranked=unranked,
        hidden=len(found.agents) - len(ranked) - len(unranked),
        agents_read=agents_read(found, tell),
        fairness=fairness_read(found, tell) if found.agents else [],
        taken_read=[] if taken is None else taken_read(taken, tell),
        lines=[] if taken is None else _lines(taken, tell),
        before=[] if taken is None else _before(taken, tell),
        silent=[unasked_read(tell)] if silence is None else silence_read(silence, tell),
        unknowable=[] if silence is None else unknowable_read(silence.found, tell),
        late="" if silence is None else late_read(silence.found, tell),
    )


def _empty(figures: Figures, tell: Telling) -> str:
    """Return what there is, and what to do."""
    if figures.earned is not None:
        return tell._(
            "Usable ratings: {n}, customers who gave them: {m}. Below {least} customers nothing is shared out: ask "
            "more of them, or choose a later moment with --at.",
            n=tell.number(figures.earned.ratings),
            m=tell.number(figures.earned.customers),
            least=tell.number(FEWEST),
        )
    if figures.ratings:
        return tell._(
            "None of {n} ratings can be used up to {day}: a rating needs a scale that holds its score, and a customer "
            "with touchpoints. Choose a later moment with --at, or look at the scales.",
            n=tell.number(figures.ratings),
            day=tell.day(figures.at),
        )
    return tell._(
        "There are no ratings in the dataset. Read yours into its table “ratings”: then it can be said who earned them."
    )


def _largest(rows: Sequence[Department]) -> Sequence[Department]:
    """Return the departments that are drawn, in their order: of many those with the most ratings."""
    enough = [row for row in rows if row.customers >= FEWEST]
    most = sorted(enough, key=lambda row: (-row.ratings, row.name))[:_DEPARTMENTS]
    return [row for row in enough if row in most]


def _shown(rows: Sequence[Agent]) -> Sequence[Agent]:
    """Return the ranked agents that are drawn: of many those at both ends."""
    half = _RANKED // 2
    return rows if len(rows) <= _RANKED else [*rows[:half], *rows[-half:]]


def _most_rated(rows: Sequence[Agent]) -> Sequence[Agent]:
    """Return the others that are drawn, by name: of many those with the most ratings."""
    enough = [row for row in rows if row.ratings >= FEWEST]
    most = sorted(enough, key=lambda row: (-row.ratings, row.name))[:_UNRANKED]
    return [row for row in enough if row in most]


def _lines(of: Taken, tell: Telling) -> Sequence[Line]:
    """Return the parts of a rating, its base first, with numbers that add up as they are written."""
    values = summing([of.base, *(each.value for each in of.steps)], of.score, DIGITS)
    anchors = {group.name: group.anchor for group in _before(of, tell)}
    base = Line("base", tell._("expected of whoever has met with nothing"), values[0], values[0], None)
    found, so_far = [base], values[0]
    for step, value in zip(of.steps, values[1:], strict=True):
        so_far = round(so_far + value, DIGITS)
        owner = of.department if step.part == "inherited_self" else step.owner
        inherited = step.part in {"inherited", "inherited_self"}
        anchor = anchors.get(owner_named(owner, tell)) if inherited else None
        found.append(Line(step.part, part_named(step, of, tell), value, so_far, anchor))
    return found


def summing(values: Sequence[float], total: float, digits: int) -> Sequence[float]:
    """Return numbers rounded so that they add up to their rounded total: none is moved by a whole last digit.

    Parameters
    ----------
    values
        Numbers that add up to `total`.
    total
        Their sum.
    digits
        Behind the point.
    """
    times = 10**digits
    lower = [math.floor(value * times + 1e-9) for value in values]
    missing = round(total * times) - sum(lower)
    order = sorted(range(len(values)), key=lambda at: (lower[at] - values[at] * times, at))
    for at in order[: max(0, missing)]:
        lower[at] += 1
    return [each / times for each in lower]


def _before(of: Taken, tell: Telling) -> Sequence[Before]:
    """Return what each department had left behind, in the order of the parts."""
    groups: dict[str, list[Instance]] = {}
    for each in of.instances:
        groups.setdefault(owner_named(each.owner, tell), []).append(each)
    order = sorted(groups, key=lambda name: (sum(each.points for each in groups[name]), name))
    return [
        Before(f"before-{at}", name, groups[name][:_INSTANCES], max(0, len(groups[name]) - _INSTANCES))
        for at, name in enumerate(order, start=1)
    ]


def earned_drawings(figures: Figures, found: EarnedPart, tell: Telling) -> dict[str, Mapping[str, Markup]]:
    """Return the pictures of who earned the ratings, each for a wide page, a narrow one, and for paper.

    Parameters
    ----------
    figures
        With ratings shared out.
    found
        What `earned_part` has made of them.
    tell
        Of the page's language.

    Returns
    -------
    dict
        ``handed``, ``added``, ``ranked``, ``unranked``, ``taken``, ``tipping``: as far as there is something to draw.
    """
    drawn: dict[str, Mapping[str, Markup]] = {}
    if found.empty or figures.earned is None:
        return drawn
    if found.departments:
        drawn["handed"] = thrice(partial(drawing.handed, found.departments, tell), _HALF)
    if len(found.departments) > 1:
        reach = drawing.widest(found.departments)
        drawn["added"] = thrice(partial(drawing.added, found.departments, tell, reach=reach), _HALF)
    reach = drawing.widest([*found.ranked, *found.unranked])
    for name, rows in (("ranked", found.ranked), ("unranked", found.unranked)):
        if rows:
            drawn[name] = thrice(partial(drawing.added, rows, tell, reach=reach), WIDE)
    if figures.earned.taken is not None:
        drawn["taken"] = thrice(partial(drawing.taken_apart, figures.earned.taken, tell), WIDE)
    silence = figures.silence
    if silence is not None and silence.found.adjusted is not None and silence.found.adjusted.tipping:
        drawn["tipping"] = thrice(partial(drawing.tipping, silence.found, tell), WIDE)
    return drawn
