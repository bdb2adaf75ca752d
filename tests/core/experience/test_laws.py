"""Laws of marks, scores and contributions, each on tables of a thousand generated customers: 20, in make prove 500."""

from __future__ import annotations

import math
from collections import defaultdict
from datetime import timedelta
from random import Random
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from collage.customers import customers
from collage.experience import Catalogue, contributions, load, marks, score
from collage.tables import CONTRACTS
from tests.core.experience import oracle
from tests.core.experience.generated import AT, World, as_table, as_toml, touchpoint, world

Rows = list[dict[str, Any]]

WORLDS = st.builds(world, st.integers(0, 2**32 - 1), st.sampled_from([8.0, 0.5, math.inf, 0.0]))
# one connection serves all tables: nothing is left in it between them; a world is its seed: nothing to shrink
ON_ONE_ENGINE = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
SCORES = [column.name for column in CONTRACTS["scores"].columns if column.name not in {"customer_id", "at"}]


def rows_of(duckdb: Any, table: ir.Table) -> Rows:
    found: Rows = duckdb.to_pyarrow(table).to_pylist()
    return found


def near(one: object, other: object, within: float = 1e-9) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= within * max(1.0, abs(other))
    return one == other


def derived(duckdb: Any, rows: Rows, catalogue: Catalogue) -> tuple[ir.Table, ir.Table, pa.Table]:
    """Return touchpoints, customers and marks; the marks fetched, so that they are worked out once."""
    touchpoints = as_table(rows)
    who = customers(touchpoints)
    return touchpoints, who, duckdb.to_pyarrow(marks(touchpoints, who, catalogue))


def check_everything_against_the_oracle(duckdb: Any, a: World) -> None:
    catalogue = load(as_toml(a.catalogue), file="generated.toml")
    touchpoints, who, found = derived(duckdb, a.touchpoints, catalogue)
    check_marks(found.to_pylist(), a)
    left = ibis.memtable(found)
    expected, expected_parts = oracle.scores(a.touchpoints, a.catalogue, AT)
    scored = rows_of(duckdb, score(left, touchpoints, who, catalogue, at=AT))
    check_scores(scored, expected)
    parts = rows_of(duckdb, contributions(left, who, catalogue, at=AT))
    check_contributions(parts, expected_parts, a)
    check_sums(parts, scored)


def check_marks(found: Rows, a: World) -> None:
    mine, theirs = (
        {(mark["touchpoint_id"], mark["mark"]): mark for mark in marks_}
        for marks_ in (found, oracle.marks(a.touchpoints, a.catalogue))
    )
    assert len(found) == len(mine), "two marks of a name at one touchpoint"
    different = [key for key in sorted({*mine, *theirs}) if mine.get(key) != theirs.get(key)]
    assert [(mine.get(key), theirs.get(key)) for key in different[:3]] == []


def check_scores(found: Rows, expected: dict[str, dict[str, Any]]) -> None:
    assert sorted({row["customer_id"] for row in found} ^ set(expected))[:3] == []
    assert len(found) == len(expected)
    for row in found:
        for column in SCORES:
            assert near(row[column], expected[row["customer_id"]][column]), (row, column, expected[row["customer_id"]])
        assert row["at"] == AT
        assert all(math.isfinite(row[column]) for column in SCORES if isinstance(row[column], float))
        assert 0 <= row["index"] <= 100


def check_contributions(found: Rows, expected: dict[tuple[str, str], dict[str, Any]], a: World) -> None:
    assert sorted({(row["touchpoint_id"], row["mark"]) for row in found} ^ set(expected))[:3] == []
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


def mixed(a: World) -> tuple[Rows, Rows]:
    """Return the rows up to now, each once, and the same mixed, a third repeated, with others that lie ahead."""
    random = Random(a.seed)
    past = list({row["touchpoint_id"]: row for row in a.touchpoints if row["occurred_at"] <= AT}.values())
    ahead = [touchpoint(random, f"user:{n}", 100) for n in range(900, 1100)]
    ahead = [{**row, "occurred_at": AT + timedelta(days=random.uniform(1e-9, 9))} for row in ahead]
    mixed_ = [*past, *random.choices(past, k=len(past) // 3), *ahead]
    random.shuffle(mixed_)
    return past, mixed_


def check_that_marks_stay_the_same(duckdb: Any, a: World) -> None:
    catalogue = load(as_toml(a.catalogue), file="generated.toml")
    once, again = (derived(duckdb, rows, catalogue)[2] for rows in mixed(a))
    then = again.filter(pc.field("occurred_at") <= pa.scalar(AT, pa.timestamp("us", "UTC")))
    order = [("touchpoint_id", "ascending"), ("mark", "ascending")]
    assert then.sort_by(order).equals(once.sort_by(order))


@ON_ONE_ENGINE
@given(WORLDS)
def test_marks_scores_and_contributions_are_what_plain_python_says(duckdb: Any, a: World) -> None:
    check_everything_against_the_oracle(duckdb, a)


# a quarter of the tables: those above are mixed, repeat rows and look ahead as well
@settings(ON_ONE_ENGINE, max_examples=settings().max_examples // 4)
@given(WORLDS)
def test_order_repetition_and_what_lies_ahead_change_no_mark(duckdb: Any, a: World) -> None:
    check_that_marks_stay_the_same(duckdb, a)


def test_order_repetition_and_what_lies_ahead_change_no_score(duckdb: Any) -> None:
    a = world(4711, 8.0)
    catalogue = load(as_toml(a.catalogue), file="generated.toml")
    scored = []
    for rows in mixed(a):
        touchpoints, who, left = derived(duckdb, rows, catalogue)
        table = score(ibis.memtable(left), touchpoints, who, catalogue, at=AT)
        scored.append(rows_of(duckdb, table.order_by("customer_id")))
    for one, other in zip(*scored, strict=True):
        assert all(near(one[column], other[column], within=1e-12) for column in one), (one, other)
