"""How long a score takes, beside hand-written SQL that works out nothing but the faded sum."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ibis

from bench.inputs import CUSTOMERS, TOUCHPOINTS
from bench.measure import Line, rated, together
from collage import customers, experience, store

__all__ = ["score"]

_AT = datetime(2026, 1, 1, tzinfo=UTC)
_SUM = """
SELECT identifier,
       sum(weight * severity * pow(2, (epoch(fades_from) - epoch(TIMESTAMPTZ '2026-01-01 00:00:00+00')) / half_life))
FROM {marks} JOIN weights ON weighs_as = mark_name
WHERE occurred_at <= TIMESTAMPTZ '2026-01-01 00:00:00+00'
GROUP BY identifier
"""


def score(place: Path, rows: int, repeat: int) -> list[Line]:  # noqa: ARG001  # no file is written
    """Measure marks and scores of half as many touchpoints as rows, and of the marks alone."""
    rows = max(1, rows // 2)
    engine = store.connect()
    try:
        return _lines(engine.backend, rows, min(CUSTOMERS, rows), repeat)
    finally:
        engine.close()


def _lines(backend: Any, rows: int, people: int, repeat: int) -> list[Line]:
    touchpoints = _kept(backend, TOUCHPOINTS.format(rows=rows, customers=people))
    who = customers.customers(touchpoints)
    catalogue = experience.default()
    marks = backend.create_table("bench_marks", obj=experience.marks(touchpoints, who, catalogue), temp=True)
    weights = [(mark.name, mark.weight, catalogue.classes[mark.class_] * 86_400) for mark in catalogue.marks]
    told = ", ".join(f"('{name}', {weight}::DOUBLE, {life}::DOUBLE)" for name, weight, life in weights)
    backend.raw_sql(f"CREATE TEMP TABLE weights AS FROM (VALUES {told}) AS t(mark_name, weight, half_life)").fetchall()
    bare = _SUM.format(marks=marks.get_name())

    def whole() -> object:
        fresh = experience.marks(touchpoints, who, catalogue)
        return experience.score(fresh, touchpoints, who, catalogue, at=_AT).to_pyarrow()

    def fold() -> object:
        return experience.score(marks, touchpoints, who, catalogue, at=_AT).to_pyarrow()

    def floor() -> object:
        return backend.raw_sql(bare).fetchall()

    def line(measured: str, ours: Callable[[], object]) -> Line:
        size = f"{rows:,} touchpoints, {people:,} customers"
        taken = together(ours, floor, repeat)
        return rated(measured, rows, "touchpoints", taken, floor="the sum alone, in SQL", size=size)

    return [line("score: marks and scores", whole), line("score: from marks that are there", fold)]


def _kept(backend: Any, query: str) -> Any:
    name = ibis.util.gen_name("bench")
    backend.raw_sql(f"CREATE TEMP TABLE {name} AS {query}").fetchall()
    return backend.table(name)
