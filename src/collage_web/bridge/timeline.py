"""The instances of a customer, the newest first: what happened, what became of promises, what they said when asked.

However many there are, no more are read than are shown.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from heapq import nlargest
from typing import Any

from collage import experience
from collage_web.bridge.places import (
    AT_ONCE,
    COLUMNS,
    RATING,
    Asked,
    Filter,
    Place,
    Show,
    became,
    key_of,
    of_key,
    promised,
    rated,
    stored,
    touched,
)
from collage_web.bridge.reasons import Reason
from collage_web.bridge.whole import Whole
from collage_web.records import verdicts

__all__ = ["RATING", "Filter", "Instance", "Marked", "Page", "Reader", "Show", "instance", "page", "said"]


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: their department, whose sensitive texts they may read, and their language, ``en`` or ``de``."""

    department: str
    language: str


@dataclass(frozen=True, slots=True)
class Marked:
    """A mark that an instance left: in words, what it weighs now, and what people said of it.

    `state` is empty, or one of contested, upheld, struck_out; what is struck out weighs nothing and has no `without`.
    `healed` is whether a recovery took some of it back.
    """

    mark: str
    says: str
    contribution: float
    points: float
    without: float | None
    owner: str | None
    about: str | None
    weighs_as: str
    state: str
    healed: bool


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance. `row` has the columns of its contract; where it `is_secret`, what was said is not among them."""

    key: str
    touchpoint_id: str
    occurred_at: datetime
    kind: str
    row: Mapping[str, Any]
    is_secret: bool
    marks: Sequence[Marked] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """Some instances, and what else was asked for with them.

    `last` is the key after which the next begin, empty where there are none; `after` is when the one happened after
    which these begin. `facts` and `keys` are those of all touchpoints that were read, by their ids, and `verdicts` what
    people said of their marks.
    """

    instances: Sequence[Instance]
    last: str
    after: datetime | None
    facts: Mapping[str, Mapping[str, Any]]
    keys: Mapping[str, str]
    verdicts: Mapping[verdicts.Pair, str]


def page(
    of: Whole, which: Filter, reader: Reader, *, at: datetime, before: str = "", also: Collection[str] = ()
) -> Page:
    """Return the next instances.

    Parameters
    ----------
    of
        The customer.
    which
        Which of theirs.
    reader
        Who reads.
    at
        The moment; nothing later is shown.
    before
        The key of the last instance shown; empty, or of none of theirs: the newest come first.
    also
        Ids of touchpoints whose facts, keys and verdicts are wanted beside.
    """
    there = of_key(of, before) if before else None
    asked = Asked(of, which, at, None if there is None else there[0])
    stored_, rows = touched(asked, also := {*also, *_taken_back(of)})
    found = nlargest(AT_ONCE + 1, [*stored_, *promised(asked), *rated(asked)], key=lambda each: each[0])
    shown = [_instance(place, row, reader) for place, row in found[:AT_ONCE]]
    facts = _readable(rows, reader) | {row["touchpoint_id"]: row for row in of.promised}
    seen = {each.touchpoint_id for each in shown}
    spoken = {pair: each.verdict for pair, each in verdicts.latest(seen | also).items()}
    marked = _marked(of, seen, facts, spoken, reader)
    return Page(
        [replace(each, marks=marked[each.touchpoint_id]) for each in shown],
        shown[-1].key if len(found) > AT_ONCE else "",
        None if there is None else there[0][0],
        facts,
        {row["touchpoint_id"]: f"t{row['id']}" for row in rows}
        | {row["touchpoint_id"]: key_of(place) for place, row in became(of, _named(of, also))},
        spoken,
    )


def instance(of: Whole, key: str, reader: Reader, *, at: datetime) -> Instance | None:
    """Return the instance that a key names.

    Parameters
    ----------
    of
        The customer.
    key
        As instances have it.
    reader
        Who reads.
    at
        The moment.

    Returns
    -------
    Instance or None
        None where they have none of this key, or not yet.
    """
    found = of_key(of, key)
    if found is None or found[0][0] > at:
        return None
    place, row = found
    one, name = _instance(place, row, reader), row["touchpoint_id"]
    if not name:
        return one
    back = [each.about for each in of.reasons.of({name}) if each.mark != each.weighs_as]
    beside = list(stored(of).filter(touchpoint_id__in=back).values(*COLUMNS)) if back else []
    facts = _readable([*beside, row], reader) | {each["touchpoint_id"]: each for each in _named(of, [*back, name])}
    spoken = {pair: each.verdict for pair, each in verdicts.latest([name]).items()}
    return replace(one, marks=_marked(of, {name}, facts, spoken, reader)[name])


def said(of: Whole, reasons: Sequence[Reason], facts: Mapping[str, Mapping[str, Any]], language: str) -> list[str]:
    """Return what reasons are in words, by the facts of a `Page`: nothing is in them that must not be read."""
    rows = [
        {"touchpoint_id": each.touchpoint_id, "mark": each.mark, "about": each.about, "weighs_as": each.weighs_as}
        for each in reasons
    ]
    return experience.said(rows, facts, of.by, language=language)


def _named(of: Whole, names: Collection[str | None]) -> list[Mapping[str, Any]]:
    """Return what became of promises, of some ids."""
    wanted = set(names)
    return [row for row in of.promised if row["touchpoint_id"] in wanted]


def _taken_back(of: Whole) -> set[str]:
    """Return the touchpoints that the latest recoveries point at: they are told with them."""
    return {str(each.about) for each in of.reasons.recoveries(AT_ONCE)}


def _instance(place: Place, row: Mapping[str, Any], reader: Reader) -> Instance:
    seen = _as_read(row, reader)
    return Instance(key_of(place), row["touchpoint_id"], row["occurred_at"], row["kind"], seen, seen is not row)


def _readable(rows: Sequence[Mapping[str, Any]], reader: Reader) -> dict[str, Mapping[str, Any]]:
    """Return touchpoints by their id, as somebody may read them: a sentence of a catalogue can quote a text."""
    return {row["touchpoint_id"]: _as_read(row, reader) for row in rows}


def _as_read(row: Mapping[str, Any], reader: Reader) -> Mapping[str, Any]:
    """Return a row as somebody may read it: itself, or without what was said."""
    return {**row, "text": None, "properties": None} if _is_sensitive(row) and not _may_read(row, reader) else row


def _may_read(row: Mapping[str, Any], reader: Reader) -> bool:
    return bool(reader.department) and reader.department == row["department"]


def _is_sensitive(row: Mapping[str, Any]) -> bool:
    properties = row.get("properties")
    if not properties or "sensitive" not in properties:
        return False
    try:
        found = json.loads(properties)
    except ValueError:  # the door refuses it; should it be there all the same, nobody else reads it
        return True
    return not isinstance(found, dict) or bool(found.get("sensitive"))


def _marked(
    of: Whole,
    seen: Collection[str],
    facts: Mapping[str, Mapping[str, Any]],
    spoken: Mapping[verdicts.Pair, str],
    reader: Reader,
) -> dict[str, list[Marked]]:
    """Return the marks of touchpoints, the largest first, and after them those that are struck out."""
    healed = of.reasons.recovered(seen)
    theirs = of.reasons.of(seen)
    found: dict[str, list[Marked]] = defaultdict(list)
    for each, says in zip(theirs, said(of, theirs, facts, reader.language), strict=True):
        pair = (each.touchpoint_id, each.mark)
        weight = (each.contribution, each.points, each.without, each.owner, each.about, each.weighs_as)
        found[each.touchpoint_id].append(Marked(each.mark, says, *weight, spoken.get(pair, ""), pair in healed))
    struck = [pair for pair, verdict in spoken.items() if verdict == verdicts.STRUCK_OUT and pair[0] in seen]
    rows = [{"touchpoint_id": name, "mark": mark, "about": None, "weighs_as": mark} for name, mark in struck]
    words = experience.said(rows, facts, of.by, language=reader.language)
    for (name, mark), says in zip(struck, words, strict=True):
        if of.is_scored:
            nothing = (0.0, 0.0, None, None, None, mark)
            found[name].append(Marked(mark, says, *nothing, verdicts.STRUCK_OUT, healed=False))
    return found
