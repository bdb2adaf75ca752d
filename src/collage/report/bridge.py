"""The bridge from the old measure to the new: one company told by the catalogue and by a model."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import ibis
import ibis.expr.types as ir

from collage import experience
from collage.experience import Catalogue, index_of

__all__ = ["Bridge", "Month", "bridge"]

_MONTHS: Final = 12
_ACTIVE_DAYS: Final = 365  # who the company is: experience.groups
_NINETY_FIVE_PERCENT: Final = 1.96


@dataclass(frozen=True, slots=True)
class Month:
    """The company's index at a moment by the catalogue and by the model, with 95 % intervals over customers."""

    at: datetime
    customers: int
    catalogue: float
    catalogue_low: float | None
    catalogue_high: float | None
    model: float
    model_low: float | None
    model_high: float | None


@dataclass(frozen=True, slots=True)
class Bridge:
    """The index by both measures, month by month, the latest last.

    `shift` is how many points of the index the model puts the company above the catalogue at the last moment, `reach`
    its 95 % either way, paired over `customers` (None: fewer than two).
    """

    months: Sequence[Month]
    shift: float
    reach: float | None
    customers: int


def bridge(
    tables: tuple[ir.Table, ir.Table, ir.Table],
    *,
    plain: Catalogue,
    by_model: Catalogue,
    at: datetime,
    kept: Callable[[ir.Table], ir.Table],
) -> Bridge | None:
    """Return how the index moves because the method changes, and nothing else.

    Parameters
    ----------
    tables
        `marks`, `touchpoints` and `customers`, by the contracts of these names.
    plain, by_model
        The catalogue by which the marks were derived, without and with the model's numbers.
    at
        The moment of asking, with its zone.
    kept
        Keeps a table that is asked several times.

    Returns
    -------
    Bridge or None
        Of `at` and the beginnings of the twelve months up to it; None where nobody was there at `at`.

    Raises
    ------
    UsageError
        When `at` has no zone.
    """
    asked = kept(experience.moments(*_moments(at)))
    old, new = (_by_moment(experience.groups(*tables, each, by="company", at=asked)) for each in (plain, by_model))
    if at not in old or at not in new:
        return None
    months = [_month(old[when], plain, new[when], by_model) for when in sorted(old.keys() & new.keys())]
    one, other = (experience.score(*tables, each, at=at) for each in (plain, by_model))
    customers, reach = _paired(one, other, plain, by_model, at=at)
    return Bridge(months, months[-1].model - months[-1].catalogue, reach, customers)


def _moments(at: datetime) -> list[datetime]:
    """Return the moment, and the beginnings of twelve months up to it."""
    begins = at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    found = [at]
    while len(found) <= _MONTHS:
        if begins < at:
            found.append(begins)
        begins = (begins - timedelta(days=1)).replace(day=1)
    return found


def _by_moment(table: ir.Table) -> dict[datetime, dict[str, Any]]:
    # Spark's moments come without their zone, which is UTC
    return {
        row["at"].replace(tzinfo=UTC): {**row, "at": row["at"].replace(tzinfo=UTC)}
        for row in table.to_pyarrow().to_pylist()
    }


def _month(old: dict[str, Any], plain: Catalogue, new: dict[str, Any], by_model: Catalogue) -> Month:
    def on_index(value: float | None, catalogue: Catalogue) -> float | None:
        return None if value is None else index_of(value, sd=catalogue.index_sd)

    return Month(
        at=old["at"],
        customers=old["customers"],
        catalogue=index_of(old["experience"], sd=plain.index_sd),
        catalogue_low=on_index(old["low"], plain),
        catalogue_high=on_index(old["high"], plain),
        model=index_of(new["experience"], sd=by_model.index_sd),
        model_low=on_index(new["low"], by_model),
        model_high=on_index(new["high"], by_model),
    )


def _paired(
    one: ir.Table, other: ir.Table, plain: Catalogue, by_model: Catalogue, *, at: datetime
) -> tuple[int, float | None]:
    """Return of how many customers both scores are, and the width of the difference of their indexes."""
    since = ibis.literal(at - timedelta(days=_ACTIVE_DAYS))
    one = one.filter(one.last_touchpoint_at >= since).select("customer_id", old="experience")
    both = one.join(other.select("customer_id", new="experience"), "customer_id")
    asked = both.aggregate(
        n=both.count(),
        old=both.old.sum(),
        new=both.new.sum(),
        olds=(both.old * both.old).sum(),
        news=(both.new * both.new).sum(),
        mixed=(both.old * both.new).sum(),
    )
    (row,) = asked.to_pyarrow().to_pylist()
    n = row["n"]
    if n < 2:  # noqa: PLR2004  # one customer has no spread
        return n, None
    old, new = row["old"] / n, row["new"] / n
    a, b = _slope(old, plain.index_sd), _slope(new, by_model.index_sd)
    squares = (
        a * a * (row["olds"] - n * old * old)
        + b * b * (row["news"] - n * new * new)
        - 2.0 * a * b * (row["mixed"] - n * old * new)
    )
    return n, _NINETY_FIVE_PERCENT * math.sqrt(max(0.0, squares) / (n - 1) / n)


def _slope(mean: float, sd: float) -> float:
    """Return how many points of the index a point of experience is worth at a mean."""
    return 100.0 * math.exp(-0.5 * (mean / sd) ** 2) / math.sqrt(2.0 * math.pi) / sd
