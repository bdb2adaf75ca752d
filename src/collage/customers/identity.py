"""Which identifiers are one customer."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from collage.errors import NotYet, UnknownCustomer
from collage.tables import CONTRACTS

__all__ = ["customer_of", "customers"]

_OFFERED = 3


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
    named = named.order_by((named.customer_id == wanted).desc(), "customer_id").limit(1)
    found = named.select("customer_id").to_pyarrow().to_pylist()
    if not found:
        offered = ", ".join(_nearest(customers, wanted))
        do = f"did you mean {offered}?" if offered else "give a customer id or an identifier of the dataset"
        raise UnknownCustomer(f"find the customer {wanted}", "nobody of this customer id or identifier", do)
    return str(found[0]["customer_id"])


def _nearest(customers: ir.Table, wanted: str) -> list[str]:
    """Return identifiers that hold what is wanted, or differ from it by a slip or two."""
    name = customers.identifier
    slips = name.levenshtein(wanted)
    close = customers.select("identifier", without_namespace=name.endswith(f":{wanted}"), slips=slips).filter(
        lambda t: t.without_namespace | (t.slips <= max(1, min(3, len(wanted) // 4)))
    )
    first = close.distinct().order_by(close.without_namespace.desc(), "slips", "identifier").limit(_OFFERED)
    return [str(row["identifier"]) for row in first.to_pyarrow().to_pylist()]
