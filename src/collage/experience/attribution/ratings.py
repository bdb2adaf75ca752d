"""Which ratings are shared out, and the whole way from tables to credits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from collage.experience.attribution.credits import Credits, credited
from collage.experience.attribution.parts import gathered, parts
from collage.experience.attribution.served import served
from collage.experience.catalogue import Catalogue
from collage.experience.learning.weights import OWN
from collage.experience.model import Model
from collage.experience.rated import by_customer, first_contacts, rated

__all__ = ["asked", "attributed", "rows"]

_NAMES = ("rating_id", "customer_id", "rated_us", "started_us", "contact_id", "score", "scale_low", "scale_high")
_ALSO = ("department", "agent", "participants", "instrument", "item", "wording", "channel", "weight")


def rows(ratings: ir.Table, touchpoints: ir.Table, customers: ir.Table, *, at: datetime) -> ir.Table:
    """Return the ratings that are shared out: all up to a moment whose scale is known and holds the score.

    Parameters
    ----------
    ratings, touchpoints, customers
        By the contracts of these names; of touchpoints only who, when and which contact.
    at
        The moment of asking, with its zone.

    Raises
    ------
    UsageError
        When `at` has no zone.
    """
    firsts = first_contacts(touchpoints, customers)
    return rated(ratings, firsts, customers, at=at).select(*_NAMES, *_ALSO)


def asked(found: pa.Table) -> pa.Table:
    """Return rows of `rows` by customer, with `customer` from 0, their `place`, and who served, frozen as told.

    Parameters
    ----------
    found
        In any order.
    """
    found, customer = by_customer(found)
    department, agent = served(found)
    told = found.drop_columns(["department", "agent", "participants"])
    columns = {"department": department, "agent": agent, "customer": customer, "place": np.arange(len(customer))}
    for name, column in columns.items():
        told = told.append_column(name, column if isinstance(column, pa.Array) else pa.array(column))
    return told


def attributed(
    found: pa.Table,
    marks: ir.Table,
    customers: ir.Table,
    catalogue: Catalogue,
    model: Model | None,
    *,
    ask: Callable[[ir.Table], pa.Table],
) -> Credits:
    """Return ratings shared out. Source: model.md §1.11, 10.9.

    Parameters
    ----------
    found
        Rows of `rows`.
    marks, customers
        By the contracts of these names, of those who rated at least.
    catalogue
        The one by which the marks were derived; by a model, where there is one.
    model
        What ratings have taught; None: the line.
    ask
        Fetches a table.
    """
    every = asked(found)
    columns = ["place", "customer_id", "rated_us", "started_us", "contact_id", "department", "agent"]
    left = ask(parts(every.select(columns), marks, customers, catalogue))
    own = OWN if model is None else model.rho.value
    return credited(every, gathered(left, every.num_rows, kappa=catalogue.kappa, own=own), model)
