"""Survey arithmetic: what ratings of one question add up to, always with how many there are and an interval.

A question is an instrument with its item, its wording and its scale: what was asked in other words or on another scale
stands in a row of its own. A total is worked out from the rows, never from the figures of groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import Final

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
from scipy.special import stdtrit

from collage.errors import UsageError
from collage.feedback.scales import HIGH_SHARE, usable
from collage.stats import wilson

__all__ = ["FEWEST_SHOWN", "survey"]

FEWEST_SHOWN: Final = 10

_QUESTION: Final = ("instrument", "item", "wording", "scale_low", "scale_high")
_COUNTS: Final = ("metric", "n", "effective", "left_out", "verdict")
_FIGURES: Final = ("score", "low", "high", "mean", "mean_low", "mean_high")
_RESOLUTION: Final = ("resolved", "resolution")
_PROMOTER, _DETRACTOR, _SATISFIED, _EASY = 9.0, 6.0, 4.0, 5.0
_Z: Final = NormalDist().inv_cdf(0.975)
_NEAR: Final = 1e-9


def survey(ratings: ir.Table, *, by: Sequence[str] = (), fewest: int = FEWEST_SHOWN) -> pa.Table:
    """Return what the ratings of each question add up to, whole or by groups.

    The metric goes by instrument and scale, `score` by the metric:

    - nps (0 to 10): 100·(p - d), from -100 to 100; p gave 9 or more, d 6 or less; ± 1.96·100·√((p + d - (p - d)²)/n)
    - csat (1 to 5): share of 4 or more, by Wilson
    - ces (1 to 7): share of 5 or more, by Wilson
    - resolved (the instrument resolved or resolution, any scale): share of the highest score, which is yes, by Wilson
    - other (all else): share from three quarters of the scale up (4 of 1 to 5, 8 of 0 to 10), by Wilson

    Shares are 0 to 1. The mean of the scores stands beside each on its own scale, with Student's interval. With
    weights, shares and means are weighted, and n in the intervals is Kish's effective number (Σw)²/Σw². Where all
    answers are of one group (p is 1, or d, or neither gave any) the variance of nps is 0 and says nothing: its bounds
    are then what z²/(n + z²) others would make of it, by Wilson the most there may be. Answers that are all one score
    give no interval of the mean: it is null. Sources: docs/explanation/feedback.md.

    Parameters
    ----------
    ratings
        A table by the contract ``ratings``, from DuckDB or Spark; it is asked for here.
    by
        Columns of `ratings` to group by, beside those of the question. None: the total.
    fewest
        Below so many answers (with weights: effective answers) the figures are null; 1 or more.

    Returns
    -------
    pyarrow.Table
        The columns `by`; `instrument`, `item`, `wording`, `scale_low`, `scale_high`; `metric`; `n`; `effective`;
        `left_out` (ratings that count nowhere: a score off its scale, a scale without width, a weight of 0); `verdict`
        (enough, or too few: then the figures are null); `score`, `low`, `high`; `mean`, `mean_low`, `mean_high`.
        Ordered by group and question, null last.

    Raises
    ------
    UsageError
        When `by` names what is no column of `ratings` or would stand twice, or `fewest` is below 1.
    """
    _check(ratings, by, fewest)
    keys = (*by, *_QUESTION)
    found = _figures(_summed(_placed(ratings), keys), keys)
    rows = found.to_pyarrow()
    if not rows.num_rows:  # Ibis may lose the types of an empty answer
        rows = found.schema().to_pyarrow().empty_table()
    return _shown(rows.sort_by([(key, "ascending") for key in keys]), keys, fewest)


def _check(ratings: ir.Table, by: Sequence[str], fewest: int) -> None:
    asked = "add up ratings"
    unknown = [name for name in by if name not in ratings.columns]
    if unknown:
        known = ", ".join(ratings.columns)
        raise UsageError(asked, f"by {', '.join(unknown)}", f"group by columns of ratings: {known}")
    taken = {*_QUESTION, *_COUNTS, *_FIGURES}
    twice = [name for place, name in enumerate(by) if name in taken or name in by[:place]]
    if twice:
        raise UsageError(asked, f"by {', '.join(twice)}", "leave it out: the result has a column of this name anyway")
    if fewest < 1:
        raise UsageError(asked, f"fewest = {fewest}", "show figures from 1 answer on, or more")


def _placed(ratings: ir.Table) -> ir.Table:
    """Return ratings with `metric`, `place` on the scale (0 to 1), `side` (1, 0, -1), and whether each counts."""
    weight = ratings.weight.fill_null(_double(1.0))
    width = (ratings.scale_high - ratings.scale_low).nullif(_double(0.0))
    place = (ratings.score - ratings.scale_low) / width
    metric = _metric(ratings)
    high = ibis.cases(
        (metric == "nps", ratings.score >= _double(_PROMOTER)),
        (metric == "csat", ratings.score >= _double(_SATISFIED)),
        (metric == "ces", ratings.score >= _double(_EASY)),
        (metric == "resolved", ratings.score >= ratings.scale_high),
        else_=place >= _double(HIGH_SHARE),
    )
    low = (metric == "nps") & (ratings.score <= _double(_DETRACTOR))
    side = ibis.cases((high, _double(1.0)), (low, _double(-1.0)), else_=_double(0.0))
    counts = usable(ratings) & (weight > _double(0.0))
    return ratings.mutate(metric=metric, side=side, place=place, weighs=weight, counts=counts)


def _metric(ratings: ir.Table) -> ir.StringValue:
    instrument = ratings.instrument.lower()

    def on(low: float, high: float) -> ir.BooleanValue:
        return (ratings.scale_low == _double(low)) & (ratings.scale_high == _double(high))

    return ibis.cases(
        ((instrument == "nps") & on(0.0, 10.0), "nps"),
        ((instrument == "csat") & on(1.0, 5.0), "csat"),
        ((instrument == "ces") & on(1.0, 7.0), "ces"),
        (instrument.isin(_RESOLUTION), "resolved"),
        else_="other",
    )


def _summed(placed: ir.Table, keys: Sequence[str]) -> ir.Table:
    """Return sums by group and question; what does not count is null in them."""

    def sums(value: ir.NumericValue) -> ir.FloatingScalar:
        return value.sum(where=placed.counts)

    weight, side, place = placed.weighs, placed.side, placed.place
    return placed.group_by(*keys, "metric").agg(
        n=placed.counts.sum(),
        left_out=(~placed.counts).sum(),
        weight=sums(weight),
        squares=sums(weight * weight),
        sides=sums(weight * side),
        taken=sums(weight * side.abs()),
        places=sums(weight * place),
        spread=sums(weight * place * place),
        alike=placed.score.min(where=placed.counts) == placed.score.max(where=placed.counts),
        one_side=side.min(where=placed.counts) == side.max(where=placed.counts),
    )


def _figures(summed: ir.Table, keys: Sequence[str]) -> ir.Table:
    """Return the figures, and what Student's interval is made of: the standard error `se`."""
    effective = summed.weight * summed.weight / summed.squares
    share, taken = summed.sides / summed.weight, summed.taken / summed.weight
    low, high = wilson(share.clip(lower=_double(0.0)) * effective, effective)
    nps_low, nps_high = _nps_bounds(share, taken, effective, summed.one_side)
    nps = summed.metric == "nps"
    width = summed.scale_high - summed.scale_low
    middle = summed.places / summed.weight
    variance = (summed.spread / summed.weight - middle * middle).clip(lower=_double(0.0))
    se = width * (variance / (effective - _double(1.0)).nullif(_double(0.0)).clip(lower=_double(0.0))).sqrt()
    return summed.select(
        *keys,
        *("metric", summed.n.cast("int64"), summed.left_out.cast("int64")),
        effective=effective.fill_null(_double(0.0)),
        score=ibis.ifelse(nps, _double(100.0) * share, share),
        low=ibis.ifelse(nps, nps_low, low),
        high=ibis.ifelse(nps, nps_high, high),
        mean=summed.scale_low + width * middle,
        se=ibis.ifelse(summed.alike, ibis.null("float64"), se),
    )


def _nps_bounds(
    net: ir.FloatingValue, taken: ir.FloatingValue, n: ir.FloatingValue, one_side: ir.BooleanValue
) -> tuple[ir.FloatingValue, ir.FloatingValue]:
    variance = (taken - net * net).clip(lower=_double(0.0)) / n
    # of others there may be up to z²/(n + z²): from 9 or 10 to 6 or less they move it by two, from 7 or 8 by one
    unseen = (_double(1.0) + net.abs()) * _double(_Z * _Z) / (n + _double(_Z * _Z))
    reach = ibis.ifelse(one_side, unseen, _double(_Z) * variance.sqrt())
    hundred = _double(100.0)
    return (
        (hundred * (net - reach)).clip(lower=_double(-100.0)),
        (hundred * (net + reach)).clip(upper=_double(100.0)),
    )


def _shown(rows: pa.Table, keys: Sequence[str], fewest: int) -> pa.Table:
    """Return the result, with Student's interval of the mean and without the figures of too few."""
    effective = rows["effective"].to_numpy()
    few = effective < fewest - _NEAR
    figures = {name: rows[name].to_numpy(zero_copy_only=False) for name in ("score", "low", "high", "mean", "se")}
    reach = figures["se"] * stdtrit(np.maximum(effective - 1.0, _NEAR), 0.975)
    reach[effective <= 1.0 + _NEAR] = np.nan
    figures |= {"mean_low": figures["mean"] - reach, "mean_high": figures["mean"] + reach}
    verdict = pa.array(np.where(few, "too few", "enough").tolist(), pa.string())
    columns = {name: rows[name] for name in (*keys, "metric", "n", "effective", "left_out")} | {"verdict": verdict}
    for name in _FIGURES:
        columns[name] = pa.array(figures[name], pa.float64(), mask=few | np.isnan(figures[name]))
    return pa.table(columns)


def _double(value: float) -> ir.FloatingScalar:
    # a bare literal becomes DECIMAL on DuckDB
    return ibis.literal(value, type="float64")
