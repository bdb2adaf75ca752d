"""How long claims take to become customers, beside SciPy's components alone on the same claims as whole numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from bench.measure import Line, rated, together
from collage import customers, store

__all__ = ["identity"]

_BAR = 250_000  # five million in twenty seconds
_USERS_TOUCHED = 1_000_000
# Each user has five claims: a mail address, a phone that strangers share now and then, a browser, a device, a second
# mail address. One in a thousand is written with capitals; one in a hundred is a person's claim, which guards weigh.
# The browser's claim names the mail address instead of the user, so that chains are longer than one step.
_CLAIMS = """
SELECT 'c:' || i AS claim_id,
       CASE i % 5 WHEN 2 THEN mail ELSE 'user:' || who END AS one,
       CASE i % 5 WHEN 0 THEN mail
                  WHEN 1 THEN 'phone:+4930' || (1000000 + hash(i // 5) % 9000000)
                  WHEN 2 THEN 'anon:' || hash(i)
                  WHEN 3 THEN 'device:' || hash(i)
                  ELSE 'email:' || CASE WHEN i % 1000 = 4 THEN 'Other' ELSE 'other' END || hash(i) || '@example.org' END
           AS other,
       CASE WHEN i % 100 = 0 THEN 'person' ELSE 'crm' END AS source,
       1::DOUBLE AS confidence,
       NULL::TIMESTAMPTZ AS claimed_at,
       NULL::TIMESTAMPTZ AS withdrawn_at
FROM (SELECT i, hash(i // 5) % 1000000000000 AS who, 'email:some' || hash(i // 5) || '@example.org' AS mail
      FROM range({rows}) AS rows(i))
"""
_TOUCHED = "SELECT 'user:' || hash(i // 4) % 1000000000000 AS identifier FROM range({rows}) AS rows(i)"


def identity(place: Path, rows: int, repeat: int) -> list[Line]:  # noqa: ARG001  # no file is written
    """Measure two and a half times as many claims as rows, from the table of claims to the table of customers."""
    rows = max(5, rows * 5 // 2)
    engine = store.connect()
    try:
        return [_line(engine.backend, rows, repeat)]
    finally:
        engine.close()


def _line(backend: Any, rows: int, repeat: int) -> Line:
    said = _kept(backend, _CLAIMS.format(rows=rows))
    touched = _kept(backend, _TOUCHED.format(rows=min(rows, _USERS_TOUCHED)))
    n, one, other = _as_numbers(backend.to_pyarrow(said.select("one", "other")))

    def ours() -> None:
        made = backend.create_table(ibis.util.gen_name("bench"), obj=customers.customers(touched, said), temp=True)
        backend.raw_sql(f"DROP TABLE {made.get_name()}").fetchall()

    def floor() -> object:
        return connected_components(coo_array((np.ones(len(one)), (one, other)), shape=(n, n)), directed=False)

    taken = together(ours, floor, repeat)
    size = f"{rows:,} claims, {n:,} identifiers"
    return rated("identity: customers", rows, "claims", taken, floor="components alone", bar=_BAR, size=size)


def _as_numbers(table: pa.Table) -> tuple[int, Any, Any]:
    """Return how many identifiers claims name, and both ends of each claim as places among them."""
    ends = pa.chunked_array([*table["one"].chunks, *table["other"].chunks]).dictionary_encode().combine_chunks()
    places = ends.indices.to_numpy()
    return len(ends.dictionary), places[: len(table)], places[len(table) :]


def _kept(backend: Any, query: str) -> Any:
    name = ibis.util.gen_name("bench")
    backend.raw_sql(f"CREATE TEMP TABLE {name} AS {query}").fetchall()
    return backend.table(name)
