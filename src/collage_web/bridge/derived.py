"""Marks and scores of some customers, by the core's own expressions, compiled once for a catalogue."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import ibis
import pyarrow as pa
import pyarrow.compute as pc

from collage import experience, promises, store
from collage.experience import Catalogue
from collage.tables import CONTRACTS
from collage_web.bridge.arrows import as_table, of_values, schema
from collage_web.records import bulk, models

__all__ = ["Derived", "Known", "catalogue", "derived", "identifiers_of", "known", "warm"]

_LOCK = threading.Lock()


@dataclass(frozen=True, slots=True)
class Known:
    """All that is known of some customers, by the contracts; `customers` says who they are."""

    customers: pa.Table
    touchpoints: pa.Table
    promises: pa.Table
    corrections: pa.Table


@dataclass(frozen=True, slots=True)
class Derived:
    """What follows from it: `marks` with the column `customer` in front, and `scores`."""

    marks: pa.Table
    scores: pa.Table


@dataclass(frozen=True)
class _Queries:
    """What `store.prepare` runs: the core's derivation, and what promises become before it."""

    statements: Mapping[str, str]
    inputs: Mapping[str, pa.Schema]
    fixed: Mapping[str, pa.Table]


def catalogue() -> Catalogue:
    """Return the catalogue in force: the company's newest, else the shipped one."""
    found = models.Catalogue.objects.order_by("-since", "-id").values_list("digest", "text").first()
    return experience.default() if found is None else _loaded(*found)


@lru_cache(maxsize=4)
def _loaded(digest: str, text: str) -> Catalogue:
    return experience.load(text, file=f"catalogue {digest[:8]}")


def known(identifiers: Mapping[str, tuple[str, str]]) -> Known:
    """Return what is known of customers.

    Parameters
    ----------
    identifiers
        All identifiers of each: their customer's id and their state.
    """
    return Known(
        customers=pa.table(
            {
                "customer_id": [customer for customer, _ in identifiers.values()],
                "identifier": list(identifiers),
                "state": [state for _, state in identifiers.values()],
            },
            schema=schema("customers"),
        ),
        touchpoints=of_values(models.Touchpoint, "touchpoints", "identifier", identifiers),
        promises=of_values(models.Promise, "promises", "identifier", identifiers),
        corrections=_corrections(),
    )


def _corrections() -> pa.Table:
    """Return all corrections: there are few, and some are of touchpoints that promises become only later."""
    like = schema("corrections")
    return as_table(bulk.rows(models.Correction, like.names), like)


def derived(of: Known, by: Catalogue, *, at: datetime) -> Derived:
    """Return marks and scores.

    Parameters
    ----------
    of
        All that is known of the customers asked about.
    by
        The rules.
    at
        The moment of the scores.
    """
    with _LOCK:  # one DuckDB, one at a time
        prepared = _prepared(by)
        touchpoints = of.touchpoints
        if of.promises.num_rows:
            prepared.fill("promises", of.promises)
            touchpoints = pa.concat_tables([touchpoints, prepared.run("promised").cast(touchpoints.schema)])
        prepared.fill("touchpoints", touchpoints)
        prepared.fill("customers", of.customers)
        prepared.fill("corrections", of.corrections)
        marks = prepared.run("marks").cast(schema("marks"))
        prepared.fill("marks", marks)
        prepared.fill("asked", pa.table({"at": pa.array([at], pa.timestamp("us", "UTC"))}))
        scores = prepared.run("score").cast(schema("scores"))
    place = pc.index_in(marks["identifier"], value_set=of.customers["identifier"])
    customer = of.customers["customer_id"].take(place)
    return Derived(marks.add_column(0, "customer", customer), scores)


@lru_cache(maxsize=2)
def _prepared(by: Catalogue) -> store.Prepared:
    core = experience.compiled(by, "duckdb")
    table = ibis.table(CONTRACTS["promises"].schema(), name="promises")
    text = str(ibis.to_sql(promises.touchpoints(table), dialect="duckdb", pretty=False))
    statements = {**core.statements, "promised": text}
    return store.prepare(_Queries(statements, {**core.inputs, "promises": schema("promises")}, core.fixed))


def warm(by: Catalogue) -> None:
    """Compile the queries of a catalogue, for which the first who needs them would wait some seconds."""
    with _LOCK:
        _prepared(by)


def identifiers_of(customers: Collection[str]) -> dict[str, tuple[str, str]]:
    """Return all identifiers of customers, with whose they are and their state."""
    found = bulk.within(models.Identifier, ("value", "customer", "state"), "customer", customers, "ORDER BY id")
    return {value: (customer, state) for value, customer, state in found}
