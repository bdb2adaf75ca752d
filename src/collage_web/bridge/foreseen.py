"""What would be if: customers brought together or apart, a strike taken back. Worked out in memory, nothing written."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from collage_web.bridge.arrows import schema
from collage_web.bridge.derived import Known, catalogue, derived, folded, identifiers_of, known, promised
from collage_web.bridge.fused import groups
from collage_web.bridge.whole import scored
from collage_web.records import bulk
from collage_web.records.models import Identifier

__all__ = ["Back", "Healed", "Party", "healed", "parties", "parties_if"]


@dataclass(frozen=True, slots=True)
class Party:
    """A customer as they are or would be: `index` is None where there is none, `customer` empty where they are new."""

    customer: str
    identifiers: tuple[str, ...]
    touchpoints: int
    index: float | None


@dataclass(frozen=True, slots=True)
class Back:
    """A strike that would be taken back, and by how many points on the scale of the index."""

    touchpoint_id: str
    mark: str
    occurred_at: datetime
    points: float


@dataclass(frozen=True, slots=True)
class Healed:
    """What a recovery would do: the strikes it takes back, the index `before` and `after` (None: there is none)."""

    strikes: tuple[Back, ...]
    before: float | None
    after: float | None


def parties(customers: Collection[str], *, at: datetime) -> list[Party]:
    """Return customers as they are.

    Parameters
    ----------
    customers
        Ids.
    at
        The moment of the index.
    """
    return _parties(identifiers_of(customers), at)


def parties_if(
    identifiers: Collection[str],
    *,
    at: datetime,
    also: Collection[tuple[str, str]] = (),
    without: Collection[str] = (),
) -> list[Party]:
    """Return the customers of identifiers as they would be.

    Parameters
    ----------
    identifiers
        In normal form.
    at
        The moment of the index.
    also
        Pairs of identifiers of which a person would say that they are one customer.
    without
        Ids of claims that would be withdrawn.
    """
    asked = {*identifiers, *(end for pair in also for end in pair)}
    met = [group for group in groups(identifiers, also=also, without=without) if asked & set(group.states)]
    names = [name for group in met for name in group.states]
    there = {value: rest for value, *rest in bulk.within(Identifier, ("value", "id", "home"), "value", names)}
    whose: dict[str, tuple[str, str]] = {}
    for group in met:
        old = [there[name] for name in group.states if name in there]
        home = min(old)[1] if old else ""
        whose |= {name: (home, state) for name, state in group.states.items()}
    return _parties(whose, at)


def _parties(whose: Mapping[str, tuple[str, str]], at: datetime) -> list[Party]:
    everything = known(whose)
    scores = derived(everything, catalogue(), at=at).scores
    index = dict(zip(scores["customer_id"].to_pylist(), scores["index"].to_pylist(), strict=True))
    counted: dict[str, int] = {}
    for each in pc.value_counts(everything.touchpoints["identifier"].combine_chunks()).to_pylist():
        customer = whose[each["values"]][0]
        counted[customer] = counted.get(customer, 0) + each["counts"]
    found = []
    for customer in dict.fromkeys(customer for customer, _ in whose.values()):
        names = tuple(name for name, (theirs, _) in whose.items() if theirs == customer)
        number = index.get(customer) if scored(names) else None
        found.append(Party(customer, names, counted.get(customer, 0), number))
    return found


def healed(customer: str, recovery: Mapping[str, Any], *, at: datetime) -> Healed:
    """Return what a recovery would take back.

    Parameters
    ----------
    customer
        The id.
    recovery
        Its touchpoint, with columns of the contract; what is not there is null.
    at
        The moment of the index, not before the recovery.
    """
    whose = identifiers_of([customer])
    there = known(whose)
    row = pa.Table.from_pylist([dict(recovery)], schema=schema("touchpoints"))
    after = replace(there, touchpoints=pa.concat_tables([there.touchpoints, row]))
    by = catalogue()
    marks = derived(after, by, at=at).marks.drop(["customer"])
    found = folded(there.customers, marks, _seen(after, at), by, at=at, without=False)
    if not found.scores.num_rows:
        return Healed((), None, None)
    before = derived(there, by, at=at).scores["index"].to_pylist()
    mine = marks.filter(pc.equal(marks["touchpoint_id"], recovery["touchpoint_id"])).to_pylist()
    struck = {(each["about"], each["weighs_as"]): each["fades_from"] for each in mine}  # when the strike was
    backs = [
        Back(each["about"], each["weighs_as"], struck[each["about"], each["weighs_as"]], each["points"])
        for each in found.contributions.to_pylist()
        if each["touchpoint_id"] == recovery["touchpoint_id"] and each["about"] is not None
    ]
    backs.sort(key=lambda back: (-back.points, back.touchpoint_id, back.mark))
    if not scored(whose):
        return Healed(tuple(backs), None, None)
    return Healed(tuple(backs), before[0] if before else None, found.scores["index"][0].as_py())


def _seen(of: Known, at: datetime) -> pa.Table:
    """Return when each identifier was met last up to a moment."""
    tables: Sequence[pa.Table] = (of.touchpoints, promised(of.promises, catalogue()))
    met = pa.concat_tables([table.select(["identifier", "occurred_at"]) for table in tables])
    met = met.filter(pc.less_equal(met["occurred_at"], pa.scalar(at, pa.timestamp("us", "UTC"))))
    return met.group_by("identifier").aggregate([("occurred_at", "max")]).rename_columns(["identifier", "occurred_at"])
