"""From marks to one number for each customer, with its evidence and its interval."""

from __future__ import annotations

from functools import reduce

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from collage.experience.catalogue import Catalogue
from collage.experience.fitted import Fitted
from collage.experience.fold import At, age_days, evidence_share, faded, per_evidence, up_to
from collage.experience.index import double, indexed
from collage.experience.people import keyed, named
from collage.tables import CONTRACTS

__all__ = ["score", "scored", "totals"]

_TREND_DAYS, _STRIKES_DAYS = 30.0, 90.0
_NINETY_PERCENT = 1.645
_NEUTRAL = 50.0
_ALONG = "along_"


def score(marks: ir.Table, touchpoints: ir.Table, customers: ir.Table, catalogue: Catalogue, *, at: At) -> ir.Table:
    """Return the experience of every customer with a touchpoint up to `at`.

    Source: tables.md "marks", model.md §10.1, 10.7, 10.8, 10.13.

    Parameters
    ----------
    marks, touchpoints, customers
        By the contracts of these names; of touchpoints only `identifier` and `occurred_at` are read.
    catalogue
        The one by which the marks were derived.
    at
        The moment of asking, with its zone, or a table of moments as `moments` gives it: then there is a row for each
        customer and moment. Nothing that occurs later counts.

    Returns
    -------
    Table
        By the contract ``scores``, a row for each customer, in no particular order. `experience` is in points
        of expected satisfaction (1 to 5), `index` 0 to 100, `evidence` 0 to 1; `low` and `high` are the 90 %
        interval of `experience` that comes from not knowing the weights (half-lives and kappa taken as
        given); `trend` adds up the contributions of marks not older than 30 days, `strikes_90d` counts
        strikes not older than 90. A customer without a mark has experience 0, index 50, evidence 0.

    Raises
    ------
    UsageError
        When `at` has no zone.
    """
    summed = totals(faded(marks, customers, catalogue, at=at), catalogue)
    return scored(summed, touchpoints, customers, at=at)


def scored(summed: ir.Table, touchpoints: ir.Table, customers: ir.Table, *, at: At) -> ir.Table:
    """Return what `score` does, of marks that were added up already (`summed`, as `totals` gives it)."""
    # the latest of each identifier first: far fewer rows meet customers and moments
    each = up_to(touchpoints.select("identifier", "occurred_at"), at=at)
    each = each.group_by("identifier", "at").agg(occurred_at=each.occurred_at.max())
    seen = each.join(keyed(customers), "identifier")
    seen = seen.group_by("customer_id", "at").agg(last_touchpoint_at=seen.occurred_at.max())
    met = seen.left_join(summed, ["customer_id", "at"])
    sums = [name for name in summed.columns if name not in {"customer_id", "at", "index"}]
    met = met.mutate(
        **{name: met[name].fill_null(ibis.literal(0, type=met[name].type())) for name in sums},
        index=met["index"].fill_null(double(_NEUTRAL)),
    )
    met = met.mutate(low=met.experience - met.spread, high=met.experience + met.spread)
    schema = CONTRACTS["scores"].schema()
    return named(met.select(*schema.names), customers).cast(schema)


def totals(remains: ir.Table, catalogue: Catalogue) -> ir.Table:
    """Return what the faded marks of each customer add up to.

    Parameters
    ----------
    remains
        As `fold.faded` gives it.
    catalogue
        Its `kappa` is used, and what a model says of the uncertainty of its weights.

    Returns
    -------
    Table
        `customer_id`, `at`, `summed` (N), `own` (D), `scale` ((κ+1)/(κ+D)), `experience`, `evidence`, `trend`,
        `n_marks`, `strikes_90d`, `spread` (half the width of the 90 % interval), `index` and `per_point`.
    """
    days = age_days(remains.occurred_at, remains["at"])
    recent = days <= double(_TREND_DAYS)
    strike = (remains.weight * remains.severity < 0) & (days <= double(_STRIKES_DAYS))
    related = None if catalogue.fitted is None else _related(catalogue.fitted, catalogue)
    # the interval needs the sum over each mark's name before its square, hence two steps
    by_name = remains.group_by("customer_id", "at", "number").agg(
        summed=remains.weighed.sum(),
        own=remains.weighty.sum(),
        recent=ibis.ifelse(recent, remains.weighed, double(0.0)).sum(),
        spread=remains.left.sum() * remains.weight_sd.max(),
        n_marks=remains.count(),
        strikes_90d=strike.sum(),
        **({} if related is None else {"left": remains.left.sum()}),
    )
    by_name = by_name if related is None else by_name.join(related, "number")
    each = by_name.group_by("customer_id", "at").agg(
        summed=by_name.summed.sum(),
        own=by_name.own.sum(),
        recent=by_name.recent.sum(),
        square=(by_name.spread * by_name.spread).sum(),
        n_marks=by_name.n_marks.sum(),
        strikes_90d=by_name.strikes_90d.sum(),
        **_directions(by_name),
    )
    each = each.mutate(scale=per_evidence(each.own, catalogue.kappa))
    summed = each.select(
        "customer_id",
        "at",
        "summed",
        "own",
        "scale",
        "n_marks",
        "strikes_90d",
        experience=each.scale * each.summed,
        evidence=evidence_share(each.own, catalogue.kappa),
        trend=each.scale * each.recent,
        spread=each.scale * _square(each).sqrt() * double(_NINETY_PERCENT),
    )
    return indexed(summed, sd=catalogue.index_sd)


def _related(fitted: Fitted, catalogue: Catalogue) -> ir.Table | None:
    """Return, by number of mark, how far its weight goes along in each direction in which weights vary together.

    With V = L·L', f'Vf = Σⱼ (Σₖ fₖ·Lₖⱼ)²: sums, one for each column of L, and their squares.
    """
    factor = fitted.factor()
    if not factor.size:
        return None
    rows = dict(zip(fitted.order, factor.tolist(), strict=True))
    none = [0.0] * factor.shape[1]
    listed = [rows.get(mark.name, none) for mark in catalogue.weighing]
    numbers = {"number": pa.array(range(len(listed)), pa.int32())}
    columns = {
        f"{_ALONG}{place}": pa.array(column, pa.float64()) for place, column in enumerate(zip(*listed, strict=True))
    }
    return ibis.memtable(pa.table(numbers | columns))


def _directions(by_name: ir.Table) -> dict[str, ir.FloatingScalar]:
    names = [name for name in by_name.columns if name.startswith(_ALONG)]
    return {name: (by_name.left * by_name[name]).sum() for name in names}


def _square(each: ir.Table) -> ir.FloatingValue:
    """Return the variance of N: what is uncertain of each weight by itself, and of all together."""
    along = [each[name] for name in each.columns if name.startswith(_ALONG)]
    return reduce(lambda whole, one: whole + one * one, along, each.square)
