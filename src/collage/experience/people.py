"""Customers while marks are derived and added up: put together by a number where they have one, by their id otherwise.

Windows, joins and sums of ten million rows spend much of their time comparing keys, and a number is compared at once.
"""

from __future__ import annotations

import ibis.expr.types as ir

__all__ = ["keyed", "named"]


def keyed(customers: ir.Table) -> ir.Table:
    """Return `customer_id` and `identifier`, with the number of the customer in the place of the id where there is one.

    Parameters
    ----------
    customers
        By the contract ``customers``, and perhaps `number`, as `customers.numbered` gives it.
    """
    if "number" in customers.columns:
        return customers.select("identifier", customer_id=customers.number)
    return customers.select("identifier", "customer_id")


def named(table: ir.Table, customers: ir.Table) -> ir.Table:
    """Return a table with the ids of customers in the place of the numbers that `keyed` gave them.

    Parameters
    ----------
    table
        Any, with `customer_id` as `keyed` gives it.
    customers
        The same customers.
    """
    if "number" not in customers.columns:
        return table
    # one row a customer: that of the identifier from which the customer has its id, or of the first of several writings
    ids = customers.group_by("number").agg(id=customers.customer_id.min())
    met = table.rename(number="customer_id").join(ids, "number")
    return met.rename(customer_id="id").select(*table.columns)
