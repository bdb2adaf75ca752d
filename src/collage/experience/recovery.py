"""Strikes taken back for good, by a recovery that the customer confirmed or kept quiet about (model.md §10.3)."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from collage.experience.catalogue import Catalogue
from collage.experience.corrections import standing
from collage.experience.fitting import CARRIED
from collage.experience.forms import Quiet, Recovers
from collage.experience.index import double
from collage.experience.packed import microseconds, pack
from collage.experience.rule import Mark

__all__ = ["recovered"]

_ONE = ibis.literal(1, type="int64")


def recovered(
    marks: ir.Table, confirmed: ir.Table, touchpoints: ir.Table, catalogue: Catalogue, corrections: ir.Table | None
) -> ir.Table | None:
    """Return the rows `recovered`, one for each strike that was taken back; None where no rule does so.

    Parameters
    ----------
    marks
        All marks after the cap.
    confirmed
        Touchpoints that fit the rule's `when`, as rows of `fitting.left`.
    touchpoints
        Touchpoints with their `customer_id`: where quiet is sought.
    catalogue
        The rules.
    corrections
        A recovery that was struck out leaves its strikes to the next one.
    """
    rule = catalogue.recovered
    if rule is None or not isinstance(rule.form, Recovers):
        return None
    recoveries = confirmed.select(*CARRIED, "occurred_at")
    if rule.form.quiet is not None:
        recoveries = ibis.union(recoveries, _quiet(touchpoints, rule.form.quiet))
    recoveries = standing(recoveries.mutate(mark=ibis.literal(rule.name)), corrections)
    strikes = marks.filter(marks.weight < double(0.0))
    strikes = strikes.semi_join(recoveries.select("customer_id").distinct(), "customer_id")
    taken = _taken(strikes, recoveries)
    back = recoveries.mutate(recovery=pack(recoveries))
    met = taken.join(back, ["customer_id", "recovery"])
    return met.mutate(owner=_owner(met, rule), severity=double(0.0) - double(rule.form.share) * met.strike_severity)


def _taken(strikes: ir.Table, recoveries: ir.Table) -> ir.Table:
    """Return strikes with the first recovery after each: of its issue, or of its customer where that names none."""
    columns = {
        "about": strikes.touchpoint_id,
        "weighs_as": strikes.mark,
        "fades_from": strikes.occurred_at,
        "strike_severity": strikes.severity,
    }
    one = strikes.select(
        "customer_id", "issue_id", "occurred_at", "touchpoint_id", **columns, packed=ibis.null("string")
    )
    blank = {name: ibis.null(one[name].type()) for name in columns}
    other = recoveries.mutate(**blank, packed=pack(recoveries)).select(*one.columns)
    long = ibis.union(one.mutate(asks=ibis.literal(1)), other.mutate(asks=ibis.literal(0)))
    # at the same touchpoint the recovery stands first: its own strike is not earlier than itself
    order = ["occurred_at", "touchpoint_id", "asks"]
    of_issue = ibis.window(group_by=["customer_id", "issue_id"], order_by=order, following=(1, None))
    of_any = ibis.window(group_by=["customer_id"], order_by=order, following=(1, None))
    whole = ibis.ifelse(long.issue_id.isnull(), long.packed, ibis.null("string"))
    long = long.mutate(next_here=long.packed.min().over(of_issue), next_whole=whole.min().over(of_any))
    met = long.filter(long.asks == 1)
    # without an issue of its own only a recovery that names none is meant for a strike
    here = ibis.ifelse(met.issue_id.isnull(), ibis.null("string"), met.next_here)
    first = ibis.least(here.fill_null(met.next_whole), met.next_whole.fill_null(here))
    met = met.mutate(recovery=first).filter(first.notnull())
    return met.select("customer_id", "recovery", *columns)


def _quiet(touchpoints: ir.Table, quiet: Quiet) -> ir.Table:
    """Return the moments at which customers, after we did something for them, have been quiet for long enough."""
    known = touchpoints.filter(touchpoints.issue_id.notnull())
    tried = known.filter(known.kind.isin(quiet.after))
    issues = tried.select("customer_id", "issue_id").distinct()
    near = known.filter(known.kind.isin((*quiet.after, *quiet.by))).semi_join(issues, ["customer_id", "issue_id"])
    near = near.mutate(us=microseconds(near.occurred_at))
    here = _later(near, quiet, ["customer_id", "issue_id"])
    mine = _later(near, quiet, ["customer_id", "issue_id", "contact_id"])
    near = near.mutate(loud=here, own=ibis.ifelse(near.contact_id.isnull(), ibis.literal(0, type="int64"), mine))
    calm = near.filter(near.kind.isin(quiet.after), near.loud == near.own)
    # a gesture may be of a kind that breaks the silence as well; its own row is not after itself
    return calm.mutate(occurred_at=calm.occurred_at + ibis.interval(quiet.after_us, unit="us")).select(
        *CARRIED, "occurred_at"
    )


def _later(near: ir.Table, quiet: Quiet, group: list[str]) -> ir.IntegerValue:
    """Return how many touchpoints that break the silence come after each, up to the end of the silence."""
    window = ibis.range_window(group_by=group, order_by="us", following=(1, quiet.after_us))
    breaks = ibis.ifelse(near.kind.isin(quiet.by), _ONE, ibis.null("int64"))
    return breaks.count().over(window)


def _owner(met: ir.Table, rule: Mark) -> ir.StringValue:
    if rule.owner_named:
        return ibis.literal(rule.owner)
    return met.department
