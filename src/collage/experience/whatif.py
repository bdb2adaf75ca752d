"""What a customer's sums would be without one mark: its recovery goes with it, and its issue's cap runs again.

Taking a strike out makes room for later strikes of a full issue. Only strikes within the room (I) make room, and only
those that reach beyond it, by less than the largest strike (J), can move into it; so pairs I × J stay few however long
an issue is.
"""

from __future__ import annotations

import math

import ibis
import ibis.expr.types as ir

from collage.experience.cap import magnitude, rounded
from collage.experience.catalogue import Catalogue
from collage.experience.forms import Recovers
from collage.experience.index import double

__all__ = ["moved"]

_KEY = ("customer_id", "touchpoint_id", "mark")


def moved(each: ir.Table, catalogue: Catalogue) -> ir.Table:
    """Return marks with what leaving each out would move beside itself.

    Parameters
    ----------
    each
        As `fold.faded` gives it, at one moment.
    catalogue
        Its `issue_cap` and the share that a recovery takes back.

    Returns
    -------
    Table
        `each`, and `undone` (what its `recovered` row adds to N), `gained` and `gained_evidence` (what later strikes of
        its issue would add to N and D, were it not there): all 0 for most.
    """
    back = each.filter(each.mark != each.weighs_as)
    back = back.group_by("customer_id", touchpoint_id=back.about, mark=back.weighs_as).agg(
        undone=back.weighed.sum(), taken_back=back.count()
    )
    met = each.left_join(back, _KEY).drop([f"{name}_right" for name in _KEY])
    none = ibis.literal(0, type="int64")
    met = met.mutate(undone=met.undone.fill_null(double(0.0)), taken_back=met.taken_back.fill_null(none))
    if math.isinf(catalogue.issue_cap):
        return met.mutate(gained=double(0.0), gained_evidence=double(0.0))
    own = _own_weight(met, catalogue)
    gains = _gains(met.filter(own < double(0.0), met.issue_id.notnull(), met.uncapped.notnull()), catalogue)
    met = met.left_join(gains, _KEY).drop([f"{name}_right" for name in _KEY])
    named = ("gained", "gained_evidence")
    return met.mutate(**{name: met[name].fill_null(double(0.0)) for name in named})


def _gains(strikes: ir.Table, catalogue: Catalogue) -> ir.Table:
    """Return what later strikes would count more, by the strike left out; only where that is anything."""
    room = double(rounded(catalogue.issue_cap))
    strikes = strikes.mutate(size=magnitude(_own_weight(strikes, catalogue), strikes.uncapped))
    order = ["occurred_at", "touchpoint_id", "mark"]
    group = ["customer_id", "issue_id"]
    earlier = ibis.window(group_by=group, order_by=order, preceding=(None, 1))
    whole = ibis.window(group_by=group)
    placed = strikes.mutate(
        before=strikes.size.sum().over(earlier).fill_null(double(0.0)),
        largest=strikes.size.max().over(whole),
        total=strikes.size.sum().over(whole),
        place=ibis.row_number().over(ibis.window(group_by=group, order_by=order)),
    )
    placed = placed.filter(placed.total > room, placed.size > double(0.0))
    taken = double(1.0) - _recovered_share(placed, catalogue)
    full = placed.mutate(
        whole_weighed=placed.weight * placed.uncapped * placed.share * taken,
        whole_weighty=placed.salience * ibis.least(double(1.0), placed.uncapped) * placed.share,
    )
    out = full.filter(full.before < room).select(*group, "touchpoint_id", "mark", out="size", out_place="place")
    within = (full.before + full.size > room) & (full.before < room + full.largest)
    rest = full.filter(within).select(*group, "place", "size", "before", "whole_weighed", "whole_weighty")
    met = out.join(rest, group)
    met = met.filter(met.place > met.out_place)
    more = _counted(room - (met.before - met.out), met.size) - _counted(room - met.before, met.size)
    met = met.mutate(more_weighed=more * met.whole_weighed, more_weighty=more * met.whole_weighty)
    return met.group_by(*_KEY).agg(gained=met.more_weighed.sum(), gained_evidence=met.more_weighty.sum())


def _own_weight(each: ir.Table, catalogue: Catalogue) -> ir.FloatingValue:
    """Return the weight by which the cap goes: the catalogue's, also where a model says what marks weigh."""
    return each.weight if catalogue.fitted is None else each.own_weight


def _counted(left_over: ir.FloatingValue, size: ir.FloatingValue) -> ir.FloatingValue:
    return ibis.greatest(double(0.0), ibis.least(double(1.0), left_over / size))


def _recovered_share(strikes: ir.Table, catalogue: Catalogue) -> ir.FloatingValue:
    """Return how much of each strike is taken back: a strike that counts nothing may have been recovered as well."""
    rule = catalogue.recovered
    share = rule.form.share if rule is not None and isinstance(rule.form, Recovers) else 0.0
    return ibis.ifelse(strikes.taken_back > 0, double(share), double(0.0))
