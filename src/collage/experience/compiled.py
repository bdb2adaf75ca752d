"""The same derivation as text: compiled once for a catalogue and an engine, run again and again in milliseconds.

Building the expression takes Ibis about a second, running what it says about one customer some milliseconds. So who
answers requests keeps the text. There is no second implementation: the text is what `marks`, `score` and
`contributions` compile to, on tables by these names. Running it costs by the number of steps, not of rows; so who asks
for the contributions gets the scores with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa

from collage.experience.catalogue import Catalogue
from collage.experience.explain import contributed, shares
from collage.experience.fold import faded
from collage.experience.marks import marks
from collage.experience.score import score, scored, totals
from collage.tables import CONTRACTS

__all__ = ["Compiled", "compiled"]

_ASKED = ibis.schema({"at": "timestamp('UTC', 6)"})
_READ = ("touchpoints", "customers", "corrections", "marks")


@dataclass(frozen=True, slots=True)
class Compiled:
    """Queries as text, and what they read.

    `statements` maps ``marks``, ``score``, ``explained`` and ``shares`` to a query. They read tables of the names in
    `inputs` (by the contracts of these names; `asked` has one row, the moment `at`), which whoever runs them fills:
    ``marks`` reads touchpoints, customers and corrections; the others read marks, touchpoints and customers.
    ``explained`` gives the columns of ``score`` with those of `contributions` behind, a row for each contribution; a
    customer without any has one row, in which these are null. ``shares`` is ``explained`` but for `without`, and takes
    half of its time. `fixed` are small tables that never change: the catalogue's rules, under names of their own.
    """

    engine: Literal["duckdb", "spark"]
    statements: Mapping[str, str]
    inputs: Mapping[str, pa.Schema]
    fixed: Mapping[str, pa.Table] = field(hash=False)


def compiled(catalogue: Catalogue, engine: Literal["duckdb", "spark"]) -> Compiled:
    """Return the queries that derive marks and fold them, as text.

    Parameters
    ----------
    catalogue
        The rules.
    engine
        ``duckdb`` or ``spark``; its session's zone must be UTC.

    Returns
    -------
    Compiled
        `store.prepare` runs it.
    """
    read = {name: ibis.table(CONTRACTS[name].schema(), name=name) for name in _READ}
    asked = ibis.table(_ASKED, name="asked")
    touchpoints, customers = read["touchpoints"], read["customers"]
    tables = {
        "marks": marks(touchpoints, customers, catalogue, read["corrections"]),
        "score": score(read["marks"], touchpoints, customers, catalogue, at=asked),
        **_explained(read["marks"], touchpoints, customers, catalogue, at=asked),
    }
    fixed = {name: table for each in tables.values() for name, table in _in_memory(each).items()}
    dialect = "pyspark" if engine == "spark" else engine
    getattr(ibis, dialect)  # loads the backend, without whose options Ibis writes no text for it
    fused = ibis.options.sql.fuse_selects
    ibis.options.sql.fuse_selects = True  # slower to compile, and quicker to plan each time it is run
    try:
        statements = {name: str(ibis.to_sql(table, dialect=dialect, pretty=False)) for name, table in tables.items()}
    finally:
        ibis.options.sql.fuse_selects = fused
    inputs = {name: table.schema().to_pyarrow() for name, table in {**read, "asked": asked}.items()}
    return Compiled(engine, statements, inputs, fixed)


def _explained(
    marks: ir.Table, touchpoints: ir.Table, customers: ir.Table, catalogue: Catalogue, *, at: ir.Table
) -> dict[str, ir.Table]:
    """Return ``explained`` and ``shares``: for scores and contributions alike marks are faded and added up once."""
    each = faded(marks, customers, catalogue, at=at)
    whole = totals(each, catalogue)
    scores = scored(whole, touchpoints, customers, at=at)
    found = {
        "explained": contributed(each, whole, customers, catalogue),
        "shares": shares(each, whole, customers),
    }
    met = {name: scores.left_join(parts, "customer_id") for name, parts in found.items()}
    return {name: table.drop("customer_id_right") for name, table in met.items()}


def _in_memory(table: ir.Table) -> dict[str, pa.Table]:
    """Return the tables in memory on which an expression stands, by the names they have in its text."""
    found = table.op().find(ops.InMemoryTable)
    return {each.name: each.data.to_pyarrow(each.schema) for each in found}
