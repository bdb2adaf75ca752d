"""Marks and scores of some customers, by the core's own expressions, compiled once for a catalogue."""

from __future__ import annotations

import os
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

import ibis
import pyarrow as pa
import pyarrow.compute as pc

from collage import experience, promises, store
from collage.experience import Catalogue
from collage.tables import CONTRACTS
from collage_web.bridge.arrows import as_table, of_values, schema
from collage_web.records import bulk, models

__all__ = [
    "Derived",
    "Folded",
    "Known",
    "catalogue",
    "derived",
    "folded",
    "identifiers_of",
    "known",
    "promised",
    "summed",
    "warm",
]

_COMPILING: Final = threading.Lock()
_AT_ONCE: Final = min(4, max(2, os.cpu_count() or 1))  # who work something out at the same moment, in one process


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


@dataclass(frozen=True, slots=True)
class Folded:
    """What marks come to at a moment: `scores` by its contract, and `contributions` as `experience` gives them."""

    scores: pa.Table
    contributions: pa.Table


@dataclass(frozen=True)
class _Queries:
    """What `store.prepare` runs: the core's derivation, and what promises become before it."""

    statements: Mapping[str, str]
    inputs: Mapping[str, pa.Schema]
    fixed: Mapping[str, pa.Table]


class _Pool:
    """The queries of a catalogue, prepared as often as they are run at the same moment: each DuckDB is for one."""

    def __init__(self, queries: _Queries) -> None:
        self._queries = queries
        self._free: list[store.Prepared] = []
        self._room = threading.BoundedSemaphore(_AT_ONCE)

    @contextmanager
    def one(self) -> Iterator[store.Prepared]:
        with self._room:
            try:
                prepared = self._free.pop()
            except IndexError:
                prepared = store.prepare(self._queries)
            try:
                yield prepared
            finally:
                self._free.append(prepared)


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
    with _prepared(by) as prepared:
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


def promised(promises: pa.Table, by: Catalogue) -> pa.Table:
    """Return the touchpoints that promises become, by the contract ``touchpoints``."""
    if not promises.num_rows:
        return schema("touchpoints").empty_table()
    with _prepared(by) as prepared:
        prepared.fill("promises", promises)
        return prepared.run("promised").cast(schema("touchpoints"))


def folded(
    customers: pa.Table, marks: pa.Table, seen: pa.Table, by: Catalogue, *, at: datetime, without: bool
) -> Folded:
    """Return what marks come to, and what each contributes.

    Parameters
    ----------
    customers, marks
        By the contracts of these names.
    seen
        Identifiers with `occurred_at`, the latest moment up to `at` at which each was met: whoever has none has no
        score, and no contributions.
    by
        The rules by which the marks were derived.
    at
        The moment.
    without
        Whether contributions say what the experience would be without each.
    """
    with _filled(customers, marks, seen, by, at) as prepared:
        explained = prepared.run("explained" if without else "shares")
    like = schema("scores")
    # to group them by name would start an execution plan, which a few rows wait for
    places = {customer: place for place, customer in enumerate(explained["customer_id"].to_pylist())}
    scores = explained.select(like.names).take(pa.array(places.values(), pa.int64())).cast(like)
    more = [name for name in explained.column_names if name not in like.names or name == "customer_id"]
    return Folded(scores, explained.filter(explained["mark"].is_valid()).select(more))


def summed(customers: pa.Table, marks: pa.Table, seen: pa.Table, by: Catalogue, *, at: datetime) -> pa.Table:
    """Return the `scores` of `folded` alone, for which there is less to do."""
    with _filled(customers, marks, seen, by, at) as prepared:
        return prepared.run("score").cast(schema("scores"))


@contextmanager
def _filled(
    customers: pa.Table, marks: pa.Table, seen: pa.Table, by: Catalogue, at: datetime
) -> Iterator[store.Prepared]:
    like = schema("touchpoints")
    columns = [
        seen[field.name].cast(field.type) if field.name in seen.column_names else pa.nulls(seen.num_rows, field.type)
        for field in like
    ]
    with _prepared(by) as prepared:
        prepared.fill("customers", customers)
        prepared.fill("marks", marks)
        prepared.fill("touchpoints", pa.table(columns, schema=like))
        prepared.fill("asked", pa.table({"at": pa.array([at], pa.timestamp("us", "UTC"))}))
        yield prepared


@contextmanager
def _prepared(by: Catalogue) -> Iterator[store.Prepared]:
    with _COMPILING:
        pool = _pool(by)
    with pool.one() as prepared:
        yield prepared


@lru_cache(maxsize=2)
def _pool(by: Catalogue) -> _Pool:
    core = experience.compiled(by, "duckdb")
    table = ibis.table(CONTRACTS["promises"].schema(), name="promises")
    text = str(ibis.to_sql(promises.touchpoints(table), dialect="duckdb", pretty=False))
    statements = {**core.statements, "promised": text}
    return _Pool(_Queries(statements, {**core.inputs, "promises": schema("promises")}, core.fixed))


def warm(by: Catalogue) -> None:
    """Compile the queries of a catalogue, for which the first who needs them would wait some seconds."""
    with _prepared(by):
        pass


def identifiers_of(customers: Collection[str]) -> dict[str, tuple[str, str]]:
    """Return all identifiers of customers, with whose they are and their state."""
    found = bulk.within(models.Identifier, ("value", "customer", "state"), "customer", customers, "ORDER BY id")
    return {value: (customer, state) for value, customer, state in found}
