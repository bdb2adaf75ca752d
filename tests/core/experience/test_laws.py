"""Laws of marks, scores and contributions, each on tables of a thousand generated customers."""

from __future__ import annotations

import math
from collections import defaultdict
from datetime import timedelta
from random import Random
from typing import Any

import ibis
import ibis.expr.types as ir
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collage.customers import customers
from collage.experience import Catalogue, contributions, load, marks, score
from collage.tables import CONTRACTS
from tests.core.experience import oracle
from tests.core.experience.generated import AT, World, as_table, as_toml, touchpoint, world

Rows = list[dict[str, Any]]

WORLDS = st.builds(world, st.integers(0, 2**32 - 1), st.sampled_from([8.0, 0.5, math.inf, 0.0]))
# one connection serves all tables: nothing is left in it between them
ON_ONE_ENGINE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
SCORES = [column.name for column in CONTRACTS["scores"].columns if column.name not in {"customer_id", "at"}]


def rows_of(duckdb: Any, table: ir.Table) -> Rows:
    found: Rows = duckdb.to_pyarrow(table).to_pylist()
    return found


def near(one: object, other: object, within: float = 1e-9) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= within * max(1.0, abs(other))
    return one == other


def derived(duckdb: Any, rows: Rows, catalogue: Catalogue) -> tuple[ir.Table, ir.Table, ir.Table]:
    """Return touchpoints, customers and marks; the marks worked out once, as a dataset would hold them."""
    touchpoints = as_table(rows)
    who = customers(touchpoints)
    return touchpoints, who, ibis.memtable(duckdb.to_pyarrow(marks(touchpoints, who, catalogue)))


def check_everything_against_the_oracle(duckdb: Any, a: World) -> None:
    catalogue = load(as_toml(a.catalogue), file="generated.toml")
    touchpoints, who, left = derived(duckdb, a.touchpoints, catalogue)
    check_marks(rows_of(duckdb, left), a)
    expected, expected_parts = oracle.scores(a.touchpoints, a.catalogue, AT)
    scored = rows_of(duckdb, score(left, touchpoints, who, catalogue, at=AT))
    check_scores(scored, expected)
    parts = rows_of(duckdb, contributions(left, who, catalogue, at=AT))
    check_contributions(parts, expected_parts, a)
    check_sums(parts, scored)


def check_marks(found: Rows, a: World) -> None:
    def key(mark: dict[str, Any]) -> tuple[str, str]:
        return mark["touchpoint_id"], mark["mark"]

    expected = oracle.marks(a.touchpoints, a.catalogue)
    assert sorted(found, key=key) == sorted(expected, key=key)


def check_scores(found: Rows, expected: dict[str, dict[str, Any]]) -> None:
    assert {row["customer_id"] for row in found} == set(expected)
    assert len(found) == len(expected)
    for row in found:
        for column in SCORES:
            assert near(row[column], expected[row["customer_id"]][column]), (row, column, expected[row["customer_id"]])
        assert row["at"] == AT
        assert all(math.isfinite(row[column]) for column in SCORES if isinstance(row[column], float))
        assert 0 <= row["index"] <= 100


def check_contributions(found: Rows, expected: dict[tuple[str, str], dict[str, Any]], a: World) -> None:
    assert {(row["touchpoint_id"], row["mark"]) for row in found} == set(expected)
    for row in found:
        other = expected[row["touchpoint_id"], row["mark"]]
        columns = ["customer_id", "occurred_at", "owner", "channel", "contribution", "points"]
        if a.kappa + other["evidence_left"] >= 1e-5:  # beside less than that a difference has no nine digits
            columns.append("without")
        for column in columns:
            assert near(row[column], other[column]), (row, column, other)


def check_sums(parts: Rows, scored: Rows) -> None:
    summed: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for row in parts:
        summed[row["customer_id"]].append((row["contribution"], row["points"]))
    for row in scored:
        mine = summed.get(row["customer_id"], [])
        assert near(math.fsum(phi for phi, _ in mine), row["experience"])
        assert near(math.fsum(points for _, points in mine), row["index"] - 50)


def check_that_only_the_past_counts_and_only_once(duckdb: Any, a: World) -> None:
    """Mix the rows, repeat some, add some that lie ahead: the marks until now and the scores stay as they are."""
    random = Random(a.seed)
    catalogue = load(as_toml(a.catalogue), file="generated.toml")
    past = [row for row in a.touchpoints if row["occurred_at"] <= AT]
    ahead = [touchpoint(random, f"user:{n}", 100) for n in range(900, 1100)]
    ahead = [{**row, "occurred_at": AT + timedelta(days=random.uniform(1e-9, 9))} for row in ahead]
    mixed = [*past, *random.choices(past, k=len(past) // 3), *ahead]
    random.shuffle(mixed)
    once, again = (derived(duckdb, rows, catalogue) for rows in (past, mixed))
    then = again[2].filter(again[2].occurred_at <= AT)
    names = CONTRACTS["marks"].names
    before, after = (rows_of(duckdb, t.order_by("touchpoint_id", "mark").select(*names)) for t in (once[2], then))
    assert before == after
    first, second = (
        rows_of(duckdb, score(left, t, who, catalogue, at=AT).order_by("customer_id")) for t, who, left in (once, again)
    )
    assert len(first) == len(second)
    for one, other in zip(first, second, strict=True):
        assert all(near(one[column], other[column], within=1e-12) for column in one), (one, other)


@ON_ONE_ENGINE
@given(WORLDS)
def test_marks_scores_and_contributions_are_what_plain_python_says(duckdb: Any, a: World) -> None:
    check_everything_against_the_oracle(duckdb, a)


@ON_ONE_ENGINE
@given(WORLDS)
def test_order_repetition_and_what_lies_ahead_change_nothing(duckdb: Any, a: World) -> None:
    check_that_only_the_past_counts_and_only_once(duckdb, a)


@pytest.mark.prove
@pytest.mark.timeout(3600)
@settings(ON_ONE_ENGINE, max_examples=500)
@given(WORLDS)
def test_over_500_tables_marks_scores_and_contributions_are_what_plain_python_says(duckdb: Any, a: World) -> None:
    check_everything_against_the_oracle(duckdb, a)


@pytest.mark.prove
@pytest.mark.timeout(3600)
@settings(ON_ONE_ENGINE, max_examples=500)
@given(WORLDS)
def test_over_500_tables_order_repetition_and_what_lies_ahead_change_nothing(duckdb: Any, a: World) -> None:
    check_that_only_the_past_counts_and_only_once(duckdb, a)
