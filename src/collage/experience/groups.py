"""The experience of the company, and what its departments and channels have put into it."""

from __future__ import annotations

from typing import Literal, TypeAlias

import ibis
import ibis.expr.types as ir

from collage.experience.catalogue import Catalogue
from collage.experience.fold import At, age_days, faded, up_to
from collage.experience.index import double, indexed
from collage.experience.people import keyed
from collage.experience.score import totals

__all__ = ["By", "group_sums", "groups", "groups_of", "members"]

By: TypeAlias = Literal["owner", "channel", "company"]

_ACTIVE_DAYS, _LOSS_DAYS = 365.0, 90.0
_NINETY_FIVE_PERCENT = 1.96
_NAMES = {"owner": "department", "channel": "channel"}


def groups(
    marks: ir.Table,
    touchpoints: ir.Table,
    customers: ir.Table,
    catalogue: Catalogue,
    *,
    by: By,
    at: At,
) -> ir.Table:
    """Return the experience of the company, whole or by what its departments or channels have put into it.

    The company are the customers with a touchpoint in the 365 days before `at`. Source: tables.md "score --by",
    model.md §10.6 to 10.8.

    Parameters
    ----------
    marks, touchpoints, customers
        By the contracts of these names; of touchpoints only `identifier` and `occurred_at` are read.
    catalogue
        The one by which the marks were derived.
    by
        ``owner`` of the marks, ``channel``, or ``company``.
    at
        The moment of asking, with its zone, or a table of moments.

    Returns
    -------
    Table
        `department` or `channel` (null: not known; neither for the company); `at`; `customers` with a mark of the
        group (of the company: all); `marks`; `experience`, the mean over **all** customers of the company of Σφ
        of the group's marks, so that groups add up to the company; `low` and `high`, mean ± 1.96 sd/√n over
        all customers (null below two); `loss` and `gain`, Σ weight·severity of the marks of the 90 days before `at`,
        in points of satisfaction; for the company also `index`, 100·Φ(experience/index_sd).

    Raises
    ------
    UsageError
        When `at` has no zone.
    """
    n, summed = _summed(marks, touchpoints, customers, catalogue, by=by, at=at)
    return _put_together(n, summed, catalogue, by=by)


def group_sums(
    marks: ir.Table,
    touchpoints: ir.Table,
    customers: ir.Table,
    catalogue: Catalogue,
    *,
    by: By,
    at: At,
) -> ir.Table:
    """Return what `groups` is worked out from, for some of the customers: sums, which add up over parts of a company.

    Parameters
    ----------
    marks, touchpoints, customers, catalogue, by, at
        As `groups` has them; `customers` are those of the part, `marks` theirs.

    Returns
    -------
    Table
        `at`; for each group (`group`, null where it is not known) how many customers it `touched`, its `marks`, and
        `summed`, `squares` (of contributions), `loss`, `gain`, with `n` null; and one row with `n`, the customers of
        the company, and all else null.
    """
    n, summed = _summed(marks, touchpoints, customers, catalogue, by=by, at=at)
    nothing = {name: ibis.null(summed[name].type()) for name in summed.columns if name != "at"}
    return ibis.union(summed.mutate(n=ibis.null("int64")), n.mutate(**nothing).select(*summed.columns, "n"))


def groups_of(sums: ir.Table, catalogue: Catalogue, *, by: By) -> ir.Table:
    """Return what `groups` returns, from the sums of all parts of a company.

    Parameters
    ----------
    sums
        As `group_sums` gives them, of all parts one below the other.
    catalogue, by
        As `group_sums` had them.

    Returns
    -------
    Table
        As `groups` gives it.
    """
    n = sums.filter(sums.n.notnull()).group_by("at").agg(n=ibis._.n.sum())
    parts = sums.filter(sums.n.isnull())
    names = ("touched", "marks", "summed", "squares", "loss", "gain")
    return _put_together(
        n, parts.group_by("group", "at").agg(**{name: parts[name].sum() for name in names}), catalogue, by=by
    )


def _summed(
    marks: ir.Table, touchpoints: ir.Table, customers: ir.Table, catalogue: Catalogue, *, by: By, at: At
) -> tuple[ir.Table, ir.Table]:
    """Return how many customers the company has, and the sums of its groups."""
    company = members(touchpoints, customers, at=at)
    each = faded(marks, customers, catalogue, at=at).join(company, ["customer_id", "at"])
    scale = totals(each, catalogue).select("customer_id", "at", "scale")
    met = each.join(scale, ["customer_id", "at"])
    weight = met.weight * met.severity
    recent = age_days(met.occurred_at, met["at"]) <= double(_LOSS_DAYS)
    met = met.mutate(
        group=met.owner if by == "owner" else met.channel if by == "channel" else ibis.null("string"),
        phi=met.scale * met.weighed,
        lost=ibis.ifelse(recent & (weight < 0), weight, double(0.0)),
        gained=ibis.ifelse(recent & (weight > 0), weight, double(0.0)),
    )
    people = met.group_by("group", "at", "customer_id").agg(
        phi=met.phi.sum(), marks=met.count(), lost=met.lost.sum(), gained=met.gained.sum()
    )
    summed = people.group_by("group", "at").agg(
        touched=people.count(),
        marks=people.marks.sum(),
        summed=people.phi.sum(),
        squares=(people.phi * people.phi).sum(),
        loss=people.lost.sum(),
        gain=people.gained.sum(),
    )
    return company.group_by("at").agg(n=company.count()), summed


def _put_together(n: ir.Table, summed: ir.Table, catalogue: Catalogue, *, by: By) -> ir.Table:
    if by != "company":
        return _means(summed.join(n, "at")).select(
            *(ibis._.group.name(_NAMES[by]), "at", ibis._.touched.name("customers"), "marks"),
            *("experience", "low", "high", "loss", "gain"),
        )
    whole = n.left_join(summed.drop("group"), "at").drop("at_right")
    whole = whole.mutate(
        **{name: whole[name].fill_null(ibis.literal(0, type=whole[name].type())) for name in summed.columns[2:]}
    )
    found = indexed(_means(whole), sd=catalogue.index_sd)
    return found.select(
        *("at", ibis._.n.name("customers"), "marks", "experience", "low", "high", "loss", "gain", "index")
    )


def members(touchpoints: ir.Table, customers: ir.Table, *, at: At) -> ir.Table:
    """Return who the company are: the customers with a touchpoint in the 365 days before.

    Parameters
    ----------
    touchpoints, customers
        By the contracts of these names.
    at
        The moment of asking, with its zone, or a table of moments.

    Returns
    -------
    Table
        `customer_id` (as `people.keyed` gives it) and `at`, each pair once.
    """
    each = up_to(touchpoints.select("identifier", "occurred_at"), at=at)
    each = (
        each.filter(age_days(each.occurred_at, each["at"]) <= double(_ACTIVE_DAYS))
        .select("identifier", "at")
        .distinct()
    )
    return each.join(keyed(customers), "identifier").select("customer_id", "at").distinct()


def _means(summed: ir.Table) -> ir.Table:
    """Return the mean over all `n` customers, those without a mark of the group at 0, with its interval."""
    n = summed.n.cast("float64")
    mean = summed.summed / n
    spare = ibis.greatest(double(0.0), summed.squares - n * mean * mean) / (n - double(1.0)).nullif(double(0.0))
    reach = double(_NINETY_FIVE_PERCENT) * (spare / n).sqrt()
    return summed.mutate(experience=mean, low=mean - reach, high=mean + reach)
