"""What marks have cost and brought the company, by name and owner: now, in the time before, and week by week."""

from __future__ import annotations

from datetime import datetime

import ibis
import ibis.expr.types as ir

from collage.experience.catalogue import Catalogue
from collage.experience.fold import At, age_days, faded, moments
from collage.experience.groups import members
from collage.experience.index import double
from collage.experience.people import named

__all__ = ["changes", "losses", "weekly"]

_DAYS = 90.0
_NINETY_FIVE_PERCENT = 1.96


def losses(marks: ir.Table, touchpoints: ir.Table, customers: ir.Table, catalogue: Catalogue, *, at: At) -> ir.Table:
    """Return what marks of each name and owner add up to in 90 days, beside the 90 days before.

    Σ weight·severity of the marks of the company's customers, as `groups` has it for `loss` and `gain`: what marks cost
    when they were new, whatever has faded since.

    Parameters
    ----------
    marks, touchpoints, customers
        By the contracts of these names.
    catalogue
        The one by which the marks were derived.
    at
        The moment of asking, with its zone (or a table of one moment).

    Returns
    -------
    Table
        `mark`, `owner` (null: not known), `strike` (whether it is below zero), `marks` and `customers` of the 90 days,
        `value` (Σ weight·severity in points), `marks_before`, `customers_before`, `before` (the same for the 90 days
        before those), `rise`
        (value - before: below zero, where more was lost), `reach` (half the width of its 95 % interval,
        1.96·sqrt(Σd² - (Σd)²/n)
        over all n customers of the company, d being each one's difference; null below two customers).

    Raises
    ------
    UsageError
        When `at` has no zone.
    """
    each, company = _valued(marks, touchpoints, customers, catalogue, at=at)
    days = age_days(each.occurred_at, each["at"])
    now, before = days <= double(_DAYS), (days > double(_DAYS)) & (days <= double(2 * _DAYS))
    each = each.filter(now | before)
    nothing = double(0.0)
    people = each.group_by("mark", "owner", "strike", "customer_id").agg(
        value=ibis.ifelse(now, each.value, nothing).sum(),
        before=ibis.ifelse(before, each.value, nothing).sum(),
        marks=now.sum(),
        marks_before=before.sum(),
    )
    people = people.mutate(rise=people.value - people.before)
    n = company.aggregate(n=company.count())
    summed = people.group_by("mark", "owner", "strike").agg(
        marks=people.marks.sum(),
        customers=(people.marks > 0).sum(),
        customers_before=(people.marks_before > 0).sum(),
        value=people.value.sum(),
        marks_before=people.marks_before.sum(),
        before=people.before.sum(),
        rise=people.rise.sum(),
        squares=(people.rise * people.rise).sum(),
    )
    met = summed.cross_join(n)
    size = met.n.cast("float64")
    spread = ibis.greatest(nothing, met.squares - met.rise * met.rise / size).sqrt()
    reach = ibis.ifelse(met.n < 2, ibis.null("float64"), double(_NINETY_FIVE_PERCENT) * spread)  # noqa: PLR2004  # one differs from nobody
    return met.mutate(reach=reach).drop("squares", "n")


def weekly(
    marks: ir.Table, touchpoints: ir.Table, customers: ir.Table, catalogue: Catalogue, *, at: At, weeks: int
) -> ir.Table:
    """Return what marks of each name and owner add up to in each of the last weeks.

    Parameters
    ----------
    marks, touchpoints, customers, catalogue, at
        As `losses` has them.
    weeks
        How many.

    Returns
    -------
    Table
        `mark`, `owner`, `strike`, `week` (0 is the seven days before `at`), `marks` and `value` (Σ weight·severity); no
        row for a week without a mark.
    """
    each, _ = _valued(marks, touchpoints, customers, catalogue, at=at)
    week = (age_days(each.occurred_at, each["at"]) / double(7.0)).floor().cast("int64")
    each = each.mutate(week=week)
    each = each.filter(each.week < weeks)
    return each.group_by("mark", "owner", "strike", "week").agg(marks=each.count(), value=each.value.sum())


def changes(scores: ir.Table, touchpoints: ir.Table, customers: ir.Table, *, at: At) -> ir.Table:
    """Return how the experience of those has changed who were customers of the company at both of two moments.

    Parameters
    ----------
    scores
        By the contract ``scores``, at two moments.
    touchpoints, customers
        By the contracts of these names.
    at
        The same two moments, as a table.

    Returns
    -------
    Table
        One row: `customers` at both moments, `earlier` and `later` (mean experience), `change`, `reach` (half the width
        of its 95 % interval, paired: 1.96 sd/√n; null below two). Source: model.md §10.8.
    """
    company = named(members(touchpoints, customers, at=at), customers)
    met = scores.select("customer_id", "at", "experience").semi_join(company, ["customer_id", "at"])
    asked = moments(at) if isinstance(at, datetime) else at
    first, last = asked.aggregate(at=asked["at"].min()), asked.aggregate(at=asked["at"].max())
    one = met.semi_join(first, "at").select("customer_id", earlier=met.experience)
    other = met.semi_join(last, "at").select("customer_id", later=met.experience)
    both = one.join(other, "customer_id")
    both = both.mutate(change=both.later - both.earlier)
    found = both.aggregate(
        customers=both.count(),
        earlier=both.earlier.mean(),
        later=both.later.mean(),
        change=both.change.mean(),
        spread=both.change.std(how="sample"),
    )
    reach = double(_NINETY_FIVE_PERCENT) * found.spread / found.customers.cast("float64").sqrt()
    return found.mutate(reach=reach).drop("spread")


def _valued(
    marks: ir.Table, touchpoints: ir.Table, customers: ir.Table, catalogue: Catalogue, *, at: At
) -> tuple[ir.Table, ir.Table]:
    """Return the marks of the company's customers with their `value`, and the company."""
    company = members(touchpoints, customers, at=at)
    each = faded(marks, customers, catalogue, at=at).semi_join(company, ["customer_id", "at"])
    each = each.mutate(value=each.weight * each.severity)
    each = each.filter(each.value != double(0.0))
    return each.mutate(strike=each.value < double(0.0)), company
