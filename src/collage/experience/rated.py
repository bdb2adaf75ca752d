"""Ratings with whose they are and when the contact that they rate began."""

from __future__ import annotations

from datetime import datetime
from typing import Final, TypeAlias

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from collage.experience.fold import moments
from collage.experience.packed import microseconds
from collage.experience.people import keyed

__all__ = ["by_customer", "first_contacts", "rated"]

Whole: TypeAlias = npt.NDArray[np.int64]

_ORDER: Final = ("rated_us", "rating_id")


def rated(ratings: ir.Table, firsts: ir.Table, customers: ir.Table, *, at: datetime) -> ir.Table:
    """Return the ratings up to a moment whose scale is known and holds the score.

    Parameters
    ----------
    ratings, customers
        By the contracts of these names.
    firsts
        As `first_contacts` gives them.
    at
        The moment of asking, with its zone: later ratings are not there.

    Returns
    -------
    Table
        The columns of `ratings`, `customer_id` as `people.keyed` gives it, `rated_us`, and `started_us`: when the rated
        contact began as told, else its first touchpoint, else the rating itself, and never after the rating.

    Raises
    ------
    UsageError
        When `at` has no zone.
    """
    asked = ratings.cross_join(moments(at))
    asked = asked.filter(asked.rated_at <= asked["at"], asked.scale_high > asked.scale_low)
    asked = asked.filter(asked.score >= asked.scale_low, asked.score <= asked.scale_high)
    met = asked.join(keyed(customers), "identifier")
    met = met.mutate(rated_us=microseconds(met.rated_at))
    met = met.left_join(firsts, ["customer_id", "contact_id"])
    started = ibis.coalesce(microseconds(met.contact_started_at), met.first_us, met.rated_us)
    met = met.mutate(started_us=ibis.least(started, met.rated_us))
    return met.select(*ratings.columns, "customer_id", "rated_us", "started_us")


def first_contacts(touchpoints: ir.Table, customers: ir.Table) -> ir.Table:
    """Return `first_us`, when each contact of each customer began, by `customer_id` and `contact_id`."""
    each = touchpoints.filter(touchpoints.contact_id.notnull()).select("identifier", "contact_id", "occurred_at")
    each = each.join(keyed(customers), "identifier")
    return each.group_by("customer_id", "contact_id").agg(first_us=microseconds(each.occurred_at.min()))


def by_customer(found: pa.Table) -> tuple[pa.Table, Whole]:
    """Return ratings by customer and by time, and whose they are: whoever rated first is 0.

    Numbers of customers differ from one asking to the next (`customers.numbered`); the same ratings give the same fit.

    Parameters
    ----------
    found
        Rows with `customer_id`, `rated_us` and `rating_id`, in any order.
    """
    found = found.sort_by([(name, "ascending") for name in _ORDER])
    ids = np.asarray(found["customer_id"].to_numpy(zero_copy_only=False))
    _, first, inverse = np.unique(ids, return_index=True, return_inverse=True)
    rank = np.empty(first.size, np.int64)
    rank[np.argsort(first)] = np.arange(first.size)
    order = np.argsort(rank[inverse], kind="stable")
    return found.take(order), rank[inverse][order]
