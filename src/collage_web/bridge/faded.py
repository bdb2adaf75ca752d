"""What marks that were derived before come to at a later moment: they fade whether or not anybody looks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa

from collage.experience import Catalogue
from collage_web.bridge.arrows import as_table, schema
from collage_web.bridge.derived import summed

__all__ = ["faded"]


def faded(
    rows: Iterable[Sequence[Any]], columns: Sequence[str], met: Mapping[str, datetime], by: Catalogue, *, at: datetime
) -> dict[str, tuple[float, float]]:
    """Return index and evidence of customers at a moment, of marks that are there.

    Parameters
    ----------
    rows
        Marks as the database gives them: the customer first, then `columns`.
    columns
        Those of ``marks`` that were read, `identifier` among them; the others are nothing to the index.
    met
        When each customer was met last, no later than `at`: whoever has no such moment has no index.
    by
        The rules by which the marks were derived.
    at
        The moment.
    """
    there = [row for row in rows if row[0] in met]
    like, of = schema("marks"), columns.index("identifier") + 1
    read = as_table([row[1:] for row in there], pa.schema([like.field(name) for name in columns]))
    marks = pa.table(
        [read[each.name] if each.name in columns else pa.nulls(read.num_rows, each.type) for each in like], schema=like
    )
    whose = {row[of]: row[0] for row in there} | {_alone(customer): customer for customer in met}
    customers = pa.table(
        {"customer_id": list(whose.values()), "identifier": list(whose), "state": ["plain"] * len(whose)},
        schema=schema("customers"),
    )
    seen = pa.table(
        {
            "identifier": pa.array([_alone(customer) for customer in met], pa.string()),
            "occurred_at": pa.array(list(met.values()), pa.timestamp("us", "UTC")),
        }
    )
    scores = summed(customers, marks, seen, by, at=at).select(["customer_id", "index", "evidence"])
    return {row["customer_id"]: (row["index"], row["evidence"]) for row in scores.to_pylist()}


def _alone(customer: str) -> str:
    """Return an identifier that a customer has only here, and by which they were met."""
    return f"customer:{customer}"
