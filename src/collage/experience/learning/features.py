"""What was left of marks at the moment of each rating, as one expression on either engine; and the marks themselves.

The sums are those of the fold (`experience.fold`): Σ severity·2^(-age/h) and Σ evidence·2^(-age/h) over marks up to the
rating, by mark and by where it stands: before the rated contact began, in it, or since.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collage.experience.index import double
from collage.experience.learning.histories import Histories
from collage.experience.learning.ratings import Kinds, Numbers, Remembered, Whole
from collage.experience.packed import microseconds
from collage.experience.people import keyed

__all__ = ["features", "histories", "remembered"]

_BEFORE, _OWN, _SINCE = 0, 1, 2
_GONE: Final = 1000.0  # half-lives after which nothing is left, and no engine meets an underflow
_DAY_US: Final = 86_400_000_000.0


def features(
    asked: pa.Table, marks: ir.Table, customers: ir.Table, kinds: Kinds, multipliers: Sequence[float]
) -> ir.Table:
    """Return what is left at each rating, for several multipliers of all half-lives.

    Parameters
    ----------
    asked
        A row for each rating: `place`, `customer_id` (as `people.keyed` gives it), `rated_us`, `started_us`,
        `contact_id`.
    marks, customers
        By the contracts of these names; marks that tell their `customer_id` are taken at their word.
    kinds
        What is asked for, and its half-lives.
    multipliers
        Of the half-lives.

    Returns
    -------
    Table
        `place`, `kind` (place among `kinds`), `stands` (0 before the rated contact began, 1 in it, 2 since), and for
        each multiplier `left_<n>` and `evidence_<n>`. A mark counts where it occurred at or before the rating.
    """
    each = _known(marks, customers, kinds)
    met = each.join(ibis.memtable(asked), "customer_id")
    met = met.filter(met.occurred_us <= met.rated_us)
    inside = (met.contact_id == met.contact_id_right).fill_null(ibis.literal(value=False))
    stands = ibis.cases((met.occurred_us < met.started_us, _BEFORE), (inside, _OWN), else_=_SINCE)
    lives = (met.rated_us - met.fades_us).cast("float64") / met.half_life_us
    met = met.mutate(stands=stands.cast("int64"), lives=lives)
    sums = {}
    for number, multiplier in enumerate(multipliers):
        aged = met.lives / double(multiplier)
        share = ibis.ifelse(aged > double(_GONE), double(0.0), double(2.0) ** (-aged))
        sums[f"left_{number}"] = (met.severity * share).sum()
        sums[f"evidence_{number}"] = (met.evidence * share).sum()
    return met.group_by("place", "kind", "stands").agg(**sums)


def remembered(
    found: pa.Table, n: int, kinds: Kinds, multipliers: Sequence[float], *, light: bool = False
) -> Remembered:
    """Return rows of `features` as arrays.

    Parameters
    ----------
    found
        The rows, in any order.
    n
        How many ratings there are.
    kinds, multipliers
        As `features` had them.
    light
        In half the memory, to seven digits: for a search.
    """
    p, m = len(kinds.names), len(multipliers)
    rating, kind, stands = (found[name].to_numpy() for name in ("place", "kind", "stands"))
    cell, sign = rating * p + kind, rating * 2 + np.where(kinds.weight > 0.0, 0, 1)[kind]
    whole, own, since = (np.zeros((m, n * p), np.float32 if light else np.float64) for _ in range(3))
    evidence, before = np.zeros((m, n * 2)), np.zeros((m, n * 2))
    old = stands == _BEFORE
    for number in range(m):
        left, weighty = found[f"left_{number}"].to_numpy(), found[f"evidence_{number}"].to_numpy()
        whole[number] = np.bincount(cell, left, n * p)
        for part, here in ((own, stands == _OWN), (since, stands == _SINCE)):
            part[number, cell[here]] = left[here]  # a rating and mark stand in one row
        evidence[number] = np.bincount(sign, weighty, n * 2)
        before[number] = np.bincount(sign[old], weighty[old], n * 2)
    shape, both = (m, n, p), (m, n, 2)
    left_ = (whole.reshape(shape), own.reshape(shape), since.reshape(shape))
    return Remembered(tuple(multipliers), *left_, evidence=evidence.reshape(both), before=before.reshape(both))


def histories(asked: pa.Table, marks: ir.Table, customers: ir.Table, kinds: Kinds) -> Histories:
    """Fetch the marks of those who rated, one by one.

    Parameters
    ----------
    asked, marks, customers, kinds
        As `features` has them; `asked` also has `customer`, which counts customers from 0.
    """
    who = asked.group_by("customer_id").aggregate([("customer", "min")])
    ids = ibis.memtable(pa.table({"customer_id": who["customer_id"], "customer": who["customer_min"]}))
    each = _known(marks, customers, kinds).join(ids, "customer_id")
    names = ("customer", "occurred_us", "fades_us", "kind", "severity", "evidence", "contact_id")
    found = each.select(*names).to_pyarrow()
    # by all there is, so that the order is nobody's choice
    found = found.sort_by([(name, "ascending") for name in names])
    contacts = pc.unique(asked["contact_id"].combine_chunks()).drop_null()
    contact = pc.index_in(found["contact_id"], value_set=contacts).fill_null(-1)
    counts = np.bincount(_whole(found["customer"]), minlength=len(who))
    return Histories(
        np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        _whole(found["occurred_us"]),
        _whole(found["fades_us"]),
        _whole(found["kind"]),
        _numbers(found["severity"]),
        _numbers(found["evidence"]),
        _whole(contact),
    )


def _known(marks: ir.Table, customers: ir.Table, kinds: Kinds) -> ir.Table:
    """Return marks with their customer, their kind and its half-life, moments in microseconds."""
    rows = {
        "weighs_as": pa.array(kinds.names, pa.string()),
        "kind": pa.array(range(len(kinds.names)), pa.int64()),
        "half_life_us": pa.array(kinds.half_life_days * _DAY_US),
    }
    each = marks if "customer_id" in marks.columns else marks.join(keyed(customers), "identifier")
    met = each.join(ibis.memtable(pa.table(rows)), "weighs_as")
    return met.select(
        *("customer_id", "kind", "half_life_us", "severity", "evidence", "contact_id"),
        occurred_us=microseconds(met.occurred_at),
        fades_us=microseconds(met.fades_from),
    )


def _whole(column: pa.ChunkedArray) -> Whole:
    found: Whole = column.to_numpy().astype(np.int64)
    return found


def _numbers(column: pa.ChunkedArray) -> Numbers:
    found: Numbers = column.to_numpy().astype(np.float64)
    return found
