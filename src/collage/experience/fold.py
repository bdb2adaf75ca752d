"""The fold: marks up to a moment, each faded to that moment.

    N = Σ weight·severity·2^(-age/h)      D = Σ evidence·2^(-age/h)      E = (κ+1)·N/(κ+D)

over marks with occurred_at ≤ at; age = at - fades_from, h the half-life of the class of `weighs_as`
(tables.md "marks").
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TypeAlias

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from collage.errors import UsageError
from collage.experience.catalogue import Catalogue
from collage.experience.fitted import prior_sd
from collage.experience.index import double
from collage.experience.packed import microseconds
from collage.experience.people import keyed

__all__ = ["At", "age_days", "evidence_share", "faded", "moments", "per_evidence", "up_to", "weighing"]

# One moment, or a table with a column `at`, as `moments` gives it.
At: TypeAlias = datetime | ir.Table

_DAY_US = 86_400_000_000.0
# 2^-1000 is 1e-301: nothing beside anything, and still a normal number, so that no engine meets an underflow.
_GONE = 1000.0
_TOO_LITTLE = 1e-12
_WEIGHTS = pa.schema(
    [
        pa.field("weighs_as", pa.string()),
        pa.field("number", pa.int32()),
        pa.field("weight", pa.float64()),
        pa.field("half_life_us", pa.float64()),
        pa.field("weight_sd", pa.float64()),
        pa.field("salience", pa.float64()),
    ]
)
# by a model, the issue cap still goes by what the catalogue says
_OWN_WEIGHT = pa.field("own_weight", pa.float64())


def moments(*at: datetime) -> ir.Table:
    """Return moments of asking as a table.

    Parameters
    ----------
    *at
        Moments with their zone.

    Returns
    -------
    Table
        One column, `at`, in UTC.

    Raises
    ------
    UsageError
        When one has no zone.
    """
    for each in at:
        if each.tzinfo is None:
            found = f"{each.isoformat()}, a time without a zone"
            raise UsageError("score at a moment", found, "give the time its zone")
    return ibis.memtable(pa.table({"at": pa.array([each.astimezone(UTC) for each in at], pa.timestamp("us", "UTC"))}))


def up_to(table: ir.Table, *, at: At) -> ir.Table:
    """Return the rows with `occurred_at` ≤ `at`, once for each moment asked about, with the moment as `at`."""
    met = table.cross_join(moments(at) if isinstance(at, datetime) else at)
    return met.filter(met.occurred_at <= met["at"])


def faded(marks: ir.Table, customers: ir.Table, catalogue: Catalogue, *, at: At) -> ir.Table:
    """Return marks up to `at` with their customer and what is left of them at `at`.

    Parameters
    ----------
    marks, customers
        By the contracts of these names; marks that tell their `customer_id` are taken at their word. A mark whose
        identifier is no customer's, or which the catalogue does not know, is left out: derive marks and score them by
        the same catalogue.
    catalogue
        Weights and half-lives.
    at
        The moment of asking, with its zone, or a table of moments.

    Returns
    -------
    Table
        The columns of `marks`, and `customer_id` as `people.keyed` gives it, `at`, `number` (of `weighs_as`), `weight`,
        `weight_sd` (.5·|weight| + .05, model.md §10.8; 0 where a model's covariance says more), `salience`, `share`
        (2^(-age/h)), `left` (severity·share), `weighed` (weight·left), `weighty` (evidence·share); by a model also
        `own_weight`, the catalogue's.
    """
    met = up_to(marks, at=at)
    met = met if "customer_id" in marks.columns else met.join(keyed(customers), "identifier")
    met = met.join(weighing(catalogue), "weighs_as")
    met = met.mutate(lives=_age_us(met.fades_from, met["at"]) / met.half_life_us)
    met = met.mutate(share=ibis.ifelse(met.lives > double(_GONE), double(0.0), double(2.0) ** (-met.lives)))
    left = met.severity * met.share
    return met.mutate(left=left, weighed=met.weight * left, weighty=met.evidence * met.share)


def age_days(moment: ir.TimestampValue, at: ir.TimestampValue) -> ir.FloatingValue:
    """Return how many days a moment lies before another."""
    return _age_us(moment, at) / double(_DAY_US)


def per_evidence(evidence: ir.FloatingValue, kappa: float) -> ir.FloatingValue:
    """Return (κ+1)/(κ+D), which turns N into E; 0 where κ+D < 1e-12, 1 where κ is infinite."""
    if math.isinf(kappa):
        return double(1.0)
    whole = evidence + double(kappa)
    return ibis.ifelse(whole < double(_TOO_LITTLE), double(0.0), double(kappa + 1.0) / whole)


def evidence_share(evidence: ir.FloatingValue, kappa: float) -> ir.FloatingValue:
    """Return D/(κ+D), the share of the customer's own history; 0 where κ+D < 1e-12 or κ is infinite."""
    if math.isinf(kappa):
        return double(0.0)
    whole = evidence + double(kappa)
    return ibis.ifelse(whole < double(_TOO_LITTLE), double(0.0), evidence / whole)


def weighing(catalogue: Catalogue) -> ir.Table:
    """Return by name of mark (`weighs_as`) what it weighs and how it fades.

    Parameters
    ----------
    catalogue
        Its marks that weigh.

    Returns
    -------
    Table
        `number`, `weight`, `half_life_us`, `salience`, and `weight_sd`: what is uncertain about the weight beside all
        others; by a model also `own_weight`, the catalogue's.
    """
    together = () if catalogue.fitted is None else catalogue.fitted.order
    rows = [
        {
            "weighs_as": mark.name,
            "number": number,
            "weight": catalogue.weight_of(mark.name),
            "half_life_us": catalogue.half_life_of(mark.name) * _DAY_US,
            "weight_sd": 0.0 if mark.name in together else prior_sd(mark.weight),
            "salience": mark.salience,
            "own_weight": mark.weight,
        }
        for number, mark in enumerate(catalogue.weighing)
    ]
    schema = _WEIGHTS if catalogue.fitted is None else _WEIGHTS.append(_OWN_WEIGHT)
    return ibis.memtable(pa.Table.from_pylist(rows, schema=schema))


def _age_us(moment: ir.TimestampValue, at: ir.TimestampValue) -> ir.FloatingValue:
    return (microseconds(at) - microseconds(moment)).cast("float64")
