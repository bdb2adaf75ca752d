"""Which identifiers are one customer."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from collage.errors import NotYet, UnknownCustomer
from collage.tables import CONTRACTS

__all__ = ["customer_of", "customers"]

_OFFERED, _SLIPS = 3, 2


def customers(touchpoints: ir.Table, claims: ir.Table | None = None) -> ir.Table:
    """Return who is one customer, a row for each identifier that was ever touched.

    Each identifier is a customer of its own (`state` is ``plain``): claims that two identifiers are one
    customer are not joined yet, and a dataset that makes such claims is refused, because its scores would be
    those of halves of customers.

    Parameters
    ----------
    touchpoints
        A table by the contract ``touchpoints``; only `identifier` is read.
    claims
        A table by the contract ``claims``, or None. It is asked at once whether it has a row.

    Returns
    -------
    Table
        By the contract ``customers``: `customer_id`, `identifier` (unique), `state`.

    Raises
    ------
    NotYet
        When `claims` has a row.
    """
    if claims is not None and claims.limit(1).count().to_pyarrow().as_py():
        raise NotYet(
            "join identifiers into customers by the table claims",
            "a table claims with rows, which this version cannot follow: it comes with the next release",
            "until then take claims out of the dataset (each identifier is then a customer of its own), or "
            "let the map write one identifier for each customer",
        )
    each = touchpoints.select(customer_id=touchpoints.identifier, identifier=touchpoints.identifier)
    return each.distinct().mutate(state=ibis.literal("plain")).cast(CONTRACTS["customers"].schema())


def customer_of(customers: ir.Table, wanted: str) -> str:
    """Return the customer id of a customer id or of any identifier.

    Parameters
    ----------
    customers
        By the contract ``customers``.
    wanted
        A customer id or an identifier, exactly as the dataset has it.

    Returns
    -------
    str
        The customer id. A customer id goes before another customer's identifier of the same text.

    Raises
    ------
    UnknownCustomer
        When there is none; the message offers the nearest identifiers.
    """
    named = customers.filter((customers.customer_id == wanted) | (customers.identifier == wanted))
    # sorted here: Ibis 12 cannot order, on Spark, a table that takes two columns from one
    found = {str(row["customer_id"]) for row in named.select("customer_id").distinct().to_pyarrow().to_pylist()}
    if not found:
        offered = ", ".join(_nearest(customers, wanted))
        do = f"did you mean {offered}?" if offered else "give a customer id or an identifier of the dataset"
        raise UnknownCustomer(f"find the customer {wanted}", "nobody of this customer id or identifier", do)
    return wanted if wanted in found else min(found)


def _nearest(customers: ir.Table, wanted: str) -> list[str]:
    """Return identifiers that hold what is wanted, or differ from it by a slip or two."""
    name = customers.identifier
    slips, within = name.levenshtein(wanted), max(1, min(_SLIPS, len(wanted) // 4))
    close = customers.select("identifier", bare=name.endswith(f":{wanted}"), slips=slips)
    rows = close.filter(close.bare | (close.slips <= within)).to_pyarrow().to_pylist()
    best = sorted((not row["bare"], row["slips"], str(row["identifier"])) for row in rows)
    return [identifier for _, _, identifier in best[:_OFFERED]]
