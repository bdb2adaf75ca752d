"""What customers really remember: the marks of the shipped rules by weights of our own, folded as the causes say.

    E = (κ+1)·Σ φ/(κ+D) - π₋·peak      peak = (Σ |φ|⁴)^¼ over strikes      φ = weight·severity·kernel(age)

Peak is taken apart by Euler's rule (model.md §1.9), so that contributions sum to E whatever the causes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collage import experience, promises
from collage.simulate.blocks import Company
from collage.simulate.causes import Ratings
from collage.simulate.columns import PLACES, coded
from collage.simulate.identifying import names, true_identity
from collage.simulate.recording import agents
from collage.simulate.rows import DAY, DEPARTMENTS, NOBODY, Flags, Numbers, Whole

__all__ = ["Ask", "Engine", "Left", "Marks", "faded", "marks", "weighted"]

_AT_ONCE: Final = 2_000_000  # pairs of a moment and a mark
_PROMISE: Final = "promise:"
_OF_PROMISES: Final = ("promise.made", "promise.kept", "promise.exceeded", "promise.broken")
_PART: Final = 20_000  # customers whose marks are derived at a time, so that what is needed for it stays bounded
_TOO_LITTLE: Final = 1e-12  # evidence, below which there is none
_TOLD: Final = ("customer_id", "touchpoint_id", "occurred_at", "fades_from", "weighs_as", "severity", "evidence")
_WHOSE: Final = ("owner", "agent", "contact_id", "agent_controllable")

# Works out an expression, on whatever engine, and gives its rows in any order.
Engine = Callable[[ir.Table], pa.Table]


@dataclass(frozen=True, slots=True)
class Marks:
    """Marks as columns, by customer and then in order of time; numbers for words, NOBODY for none.

    `row` is the place of the touchpoint; those of promises stand behind all others, two places a promise.
    """

    customer: Whole
    row: Whole
    at: Whole
    fades_from: Whole
    weighs: Whole
    severity: Numbers
    evidence: Numbers
    owner: Whole
    agent: Whole
    contact: Whole
    controllable: Flags


@dataclass(frozen=True, slots=True)
class Ask:
    """Whose experience is asked for, and at which moments."""

    customer: Whole
    at: Whole


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of marks at moments: a row for each pair. `ask` and `mark` are places; `phi` sums to E by ask."""

    ask: Whole
    mark: Whole
    phi: Numbers


def weighted(rng: np.random.Generator, catalogue: experience.Catalogue, ratings: Ratings) -> experience.Catalogue:
    """Return a catalogue of the same rules with the weights that are true in this company."""
    factor = rng.uniform(ratings.weight_least, ratings.weight_most, len(catalogue.marks))
    rules = tuple(
        replace(mark, weight=mark.weight * f) for mark, f in zip(catalogue.marks, factor.tolist(), strict=True)
    )
    return replace(catalogue, marks=rules)


def marks(
    company: Company, touchpoints: pa.Table, promised: pa.Table, catalogue: experience.Catalogue, *, ask: Engine
) -> Marks:
    """Return the marks that touchpoints and promises leave with the customers who really are."""
    whole = ibis.memtable(touchpoints).union(promises.touchpoints(ibis.memtable(promised)))
    rules = catalogue.on({*touchpoints["kind"].unique().to_pylist(), *_OF_PROMISES})
    found = []
    for first in range(0, company.people.n, _PART):
        who = _who(company, first, first + _PART)
        # as in `cli.opening.marked_in_parts`: marks of a part are the marks of its customers, whoever else there is
        part = experience.marks(whole, who, rules, whose=True)
        found.append(ask(part.select(*_TOLD, *_WHOSE)))
    return _columns(pa.concat_tables(found), company, catalogue, touchpoints.num_rows)


def _who(company: Company, first: int, last: int) -> ir.Table:
    """Return who really is one customer, for the customers of these numbers."""
    customer, kind = true_identity(company)
    here = (customer >= first) & (customer < last)
    customer, kind = customer[here], kind[here]
    columns = {"customer_id": names(kind * 0, customer), "identifier": names(kind, customer)}
    state = coded(kind * 0, ("plain",)).cast(pa.string())
    return ibis.memtable(pa.table({**columns, "state": state, "number": pa.array(customer)}))


def faded(marks: Marks, ask: Ask, catalogue: experience.Catalogue, ratings: Ratings) -> Iterator[Left]:
    """Yield what is left of each customer's marks at the moments asked for, some moments at a time, in their order."""
    begin, end = _reach(marks, ask)
    upto = np.cumsum(end - begin)
    first = 0
    while first < upto.size:
        done = int(upto[first - 1]) if first else 0
        last = max(first + 1, int(np.searchsorted(upto, done + _AT_ONCE, side="right")))
        n = (end - begin)[first:last]
        which = np.repeat(np.arange(first, last), n)
        mark = np.arange(which.size) - np.repeat(np.cumsum(n) - n, n) + np.repeat(begin[first:last], n)
        yield Left(which, mark, _phi(marks, mark, which - first, ask.at[which], catalogue, ratings))
        first = last


def _phi(
    marks: Marks, mark: Whole, ask: Whole, at: Whole, catalogue: experience.Catalogue, ratings: Ratings
) -> Numbers:
    weights = np.array([rule.weight for rule in catalogue.weighing])
    weighs = marks.weighs[mark]
    kernel = _kernel((at - marks.fades_from[mark]) / DAY, weighs, catalogue, ratings)
    weighed = weights[weighs] * marks.severity[mark] * kernel
    if np.isinf(ratings.kappa):
        phi = weighed
    else:
        whole = ratings.kappa + np.bincount(ask, marks.evidence[mark] * kernel)
        phi = weighed * np.divide(ratings.kappa + 1.0, whole, out=np.zeros_like(whole), where=whole > _TOO_LITTLE)[ask]
    if ratings.peak > 0.0:
        fourth = np.where((weights[weighs] < 0.0) & (marks.severity[mark] > 0.0), weighed, 0.0) ** 4
        worst = np.bincount(ask, fourth)
        share = np.divide(1.0, worst**0.75, out=np.zeros_like(worst), where=worst > 0.0)
        phi = phi - ratings.peak * fourth * share[ask]
    found: Numbers = phi
    return found


def _kernel(age: Numbers, weighs: Whole, catalogue: experience.Catalogue, ratings: Ratings) -> Numbers:
    """Return what is left of marks of an age (in days) of one that is new."""
    if ratings.kernel == "power":
        return np.asarray((1.0 + age / ratings.power_days) ** -ratings.power)
    if ratings.kernel == "classes":
        half = np.array([catalogue.classes[rule.class_] for rule in catalogue.weighing])
    else:
        half = np.array(
            [ratings.strike_days if rule.weight < 0.0 else ratings.credit_days for rule in catalogue.weighing]
        )
    return np.asarray(np.exp2(-age / half[weighs]))


def _reach(marks: Marks, ask: Ask) -> tuple[Whole, Whole]:
    """Return from which place to which the marks stand that each customer had by the moment."""
    moments = np.unique(marks.at)  # by their rank: microseconds times customers would not fit into 64 bits
    apart = moments.size + 1
    key = marks.customer * apart + np.searchsorted(moments, marks.at)
    begin = ask.customer * apart
    end = begin + np.searchsorted(moments, ask.at, side="right")
    return np.searchsorted(key, begin), np.searchsorted(key, end)


def _columns(found: pa.Table, company: Company, catalogue: experience.Catalogue, n: int) -> Marks:
    """Return marks as columns in an order that no engine decides."""
    rules = [rule.name for rule in catalogue.weighing]
    whole = {
        "customer": _whole(found["customer_id"]),
        "row": _rows(found["touchpoint_id"], n),
        "at": _whole(found["occurred_at"].cast(pa.int64())),
        "fades_from": _whole(found["fades_from"].cast(pa.int64())),
        "weighs": _places(found["weighs_as"], rules),
        "severity": found["severity"].to_numpy(),
        "evidence": found["evidence"].to_numpy(),
        "owner": _places(found["owner"], DEPARTMENTS),
        "agent": _places(found["agent"], agents(company)),
        "contact": _numbers(found["contact_id"]),
        "controllable": _whole(found["agent_controllable"].cast(pa.int64()).fill_null(0)) > 0,
    }
    names_ = ("severity", "fades_from", "weighs", "row", "at", "customer")
    order = np.lexsort([whole[name] for name in names_])
    return Marks(**{name: column[order] for name, column in whole.items()})


def _rows(ids: pa.ChunkedArray, n: int) -> Whole:
    """Return the places of touchpoints by their ids: ``source:number``, and ``promise:number:kind`` behind the `n`."""
    promised, begin = pc.starts_with(ids, _PROMISE), len(_PROMISE)
    inside, last = pc.utf8_slice_codeunits(ids, begin, begin + PLACES), pc.utf8_slice_codeunits(ids, -PLACES, None)
    number = _whole(pc.if_else(promised, inside, last).cast(pa.int64()))
    later = _whole(pc.invert(pc.ends_with(ids, "promise.made")).cast(pa.int64()))
    return np.where(promised.to_numpy(), n + 2 * number + later, number)


def _numbers(ids: pa.ChunkedArray) -> Whole:
    return _whole(pc.utf8_slice_codeunits(ids, -PLACES, None).cast(pa.int64()).fill_null(NOBODY))


def _places(words: pa.ChunkedArray, known: object) -> Whole:
    return _whole(pc.index_in(words, value_set=pa.array(known)).cast(pa.int64()).fill_null(NOBODY))


def _whole(column: pa.ChunkedArray) -> Whole:
    found: Whole = column.to_numpy().astype(np.int64)
    return found
