"""What all strikes of one issue may cost together: a room that strikes fill in canonical order (model.md §10.2)."""

from __future__ import annotations

import math

import ibis
import ibis.expr.types as ir

from collage.experience.index import double

__all__ = ["capped", "magnitude", "rounded"]

# Sizes are counted in whole billionths of a thousandth of a point. Sums of up to 9,007 points of these are exact in a
# double, in whatever order they are added, so that shares are the same to the last bit however rows are spread; and
# weights with a few digits fill the room to the brim, not to a crumb below it.
_UNIT = 1e12


def rounded(points: float) -> float:
    """Return points as the cap counts them."""
    return float(round(points * _UNIT))


def magnitude(weight: ir.FloatingValue, severity: ir.FloatingValue) -> ir.FloatingValue:
    """Return how much room a strike takes: |weight · severity|, as the cap counts it."""
    # adding and taking away 1.5·2^52 rounds to a whole number, on both engines alike
    whole = double(1.5 * 2.0**52)
    return (weight * severity).abs() * double(_UNIT) + whole - whole


def capped(found: ir.Table, *, room: float) -> ir.Table:
    """Return marks with what the cap leaves of `severity` and `evidence`; `uncapped` keeps the severity as it was.

    Parameters
    ----------
    found
        Marks before the cap.
    room
        `Catalogue.issue_cap`: points that the strikes of one issue of one customer may cost together.
    """
    found = found.mutate(uncapped=found.severity)
    if math.isinf(room):
        return found
    bound = (found.weight < double(0.0)) & found.issue_id.notnull()
    strikes = found.filter(bound)
    strikes = strikes.mutate(size=magnitude(strikes.weight, strikes.severity))
    # few issues reach the bound, and only their strikes need to be put in order
    costs = strikes.group_by("customer_id", "issue_id").agg(costs=strikes.size.sum())
    full = costs.filter(costs.costs > double(rounded(room))).drop("costs").mutate(full=ibis.literal(value=True))
    met = strikes.left_join(full.view(), ["customer_id", "issue_id"])
    free, crowded = met.filter(met.full.isnull()), met.filter(met.full.notnull())
    parts = (free, _shared(crowded, room))
    return ibis.union(found.filter(~bound), *(each.select(*found.columns) for each in parts))


def _shared(strikes: ir.Table, room: float) -> ir.Table:
    """Return the strikes of issues that are full with what is left of each."""
    strikes = strikes.mutate(size=magnitude(strikes.weight, strikes.severity))
    earlier = ibis.window(
        group_by=["customer_id", "issue_id"], order_by=["occurred_at", "touchpoint_id", "mark"], preceding=(None, 1)
    )
    strikes = strikes.mutate(left_over=double(rounded(room)) - strikes.size.sum().over(earlier).fill_null(double(0.0)))
    part = ibis.greatest(double(0.0), ibis.least(double(1.0), strikes.left_over / strikes.size.nullif(double(0.0))))
    share = part.fill_null(double(1.0))  # a strike of no size takes no room
    return strikes.mutate(severity=strikes.severity * share, evidence=strikes.evidence * share)
