"""Laws of marks, scores, contributions, groups, on tables of a thousand generated customers: 20, in make prove 500."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any, Literal

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from collage.experience import contributions, group_sums, groups, groups_of, load, marks, score
from collage.tables import CONTRACTS
from tests.core.experience import oracle, oracle_fold
from tests.core.experience.generated import AT, US, World, as_customers, as_table, as_toml, world

Rows = list[dict[str, Any]]

WORLDS = st.builds(world, st.integers(0, 2**32 - 1), st.sampled_from([8.0, 0.5, math.inf, 0.0]))
# one connection serves all tables: nothing is left in it between them; a world is its seed: nothing to shrink
ON_ONE_ENGINE = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
SCORES = [column.name for column in CONTRACTS["scores"].columns if column.name not in {"customer_id", "at"}]
PARTS = ["customer_id", "occurred_at", "owner", "channel", "contribution", "points"]
By = Literal["owner", "channel", "company"]
GROUPS: dict[By, list[str]] = {
    "owner": ["department", "at", "customers", "marks", "experience", "low", "high", "loss", "gain"],
    "channel": ["channel", "at", "customers", "marks", "experience", "low", "high", "loss", "gain"],
    "company": ["at", "customers", "marks", "experience", "low", "high", "loss", "gain", "index"],
}


def rows_of(duckdb: Any, table: ir.Table) -> Rows:
    found: Rows = duckdb.to_pyarrow(table).to_pylist()
    return found


def near(one: object, other: object, within: float = 1e-9) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= within * max(1.0, abs(other))
    return one == other


def all_finite(rows: Rows) -> bool:
    return all(math.isfinite(value) for row in rows for value in row.values() if isinstance(value, float))


def by_key(rows: Rows) -> dict[tuple[Any, ...], dict[str, Any]]:
    found = {oracle.key(row): row for row in rows}
    assert len(found) == len(rows), "two marks of a name at one touchpoint"
    return found


def in_order(keys: set[Any]) -> list[Any]:
    return sorted(keys, key=lambda key: [str(part) for part in key])


def same_mark(one: dict[str, Any] | None, other: dict[str, Any] | None) -> bool:
    """Return whether two marks are the same, to the last digit but for what a sum over the issue decides."""
    if one is None or other is None or one.keys() != other.keys():
        return False
    summed = {"severity", "evidence"} if one["issue_id"] is not None or one["uncapped"] is None else set()
    return all(near(one[name], other[name]) if name in summed else one[name] == other[name] for name in one)


def assert_same_marks(found: Rows, expected: Rows) -> None:
    mine, theirs = by_key(found), by_key(expected)
    different = [key for key in in_order({*mine, *theirs}) if not same_mark(mine.get(key), theirs.get(key))]
    assert [(mine.get(key), theirs.get(key)) for key in different[:3]] == [], f"{len(different)} of {len(theirs)} marks"


@dataclass(frozen=True)
class Derived:
    """A world, or some of its rows, as the library takes them, and the marks: fetched, so derived only once."""

    a: World
    touchpoints: ir.Table
    who: ir.Table
    catalogue: Any
    found: pa.Table

    @property
    def marks(self) -> ir.Table:
        return ibis.memtable(self.found)

    def scored(self, duckdb: Any) -> Rows:
        return rows_of(duckdb, score(self.marks, self.touchpoints, self.who, self.catalogue, at=AT))


def derived(duckdb: Any, a: World, rows: Rows | None = None) -> Derived:
    catalogue = load(as_toml(a.catalogue), file="generated.toml")
    # put together by number or by id: that changes nothing
    touchpoints, who = as_table(a.touchpoints if rows is None else rows), as_customers(a.who, numbered=a.seed % 2 == 0)
    corrections = as_table(a.corrections, "corrections") if a.corrections else None
    found = duckdb.to_pyarrow(marks(touchpoints, who, catalogue, corrections))
    return Derived(a, touchpoints, who, catalogue, found)


# ---- against the oracle


def check_everything_against_the_oracle(duckdb: Any, a: World) -> None:
    one = derived(duckdb, a)
    assert one.found.column_names == list(CONTRACTS["marks"].names)
    expected = oracle.marks(a.touchpoints, a.who, a.catalogue, a.corrections)
    found = one.found.to_pylist()
    assert_same_marks(found, expected)
    assert all_finite(found)
    scored, parts = one.scored(duckdb), rows_of(duckdb, contributions(one.marks, one.who, one.catalogue, at=AT))
    check_scores(scored, oracle_fold.scores(expected, a.touchpoints, a.who, a.catalogue, AT))
    check_contributions(parts, oracle_fold.contributions(expected, a.who, a.catalogue, AT), a)
    check_sums(parts, scored)
    check_groups(duckdb, one, expected, list(GROUPS)[a.seed % len(GROUPS)])


def check_scores(found: Rows, expected: dict[str, dict[str, Any]]) -> None:
    assert sorted({row["customer_id"] for row in found} ^ set(expected))[:3] == []
    assert len(found) == len(expected)
    assert all_finite(found)
    for row in found:
        for column in SCORES:
            assert near(row[column], expected[row["customer_id"]][column]), (row, column, expected[row["customer_id"]])
        assert row["at"] == AT
        assert 0 <= row["index"] <= 100


def check_contributions(found: Rows, expected: dict[tuple[Any, ...], dict[str, Any]], a: World) -> None:
    mine = by_key(found)
    assert in_order(set(mine) ^ set(expected))[:3] == []
    assert all_finite(found)
    for key, row in mine.items():
        other = expected[key]
        # beside less evidence than that a difference has no nine digits
        columns = [*PARTS, "without"] if a.kappa + other["evidence_left"] >= 1e-5 else PARTS
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


def check_groups(duckdb: Any, one: Derived, expected_marks: Rows, by: By) -> None:
    found = duckdb.to_pyarrow(groups(one.marks, one.touchpoints, one.who, one.catalogue, by=by, at=AT))
    assert found.column_names == GROUPS[by]
    expected = oracle_fold.groups(expected_marks, one.a.touchpoints, one.a.who, one.a.catalogue, by, AT)
    rows: Rows = found.to_pylist()
    named = [row[GROUPS[by][0]] if by != "company" else None for row in rows]
    assert sorted(map(str, named)) == sorted(map(str, expected))
    assert all_finite(rows)
    for name, row in zip(named, rows, strict=True):
        for column, value in expected[name].items():
            assert near(row[column], value), (row, column, expected[name])
        assert row["at"] == AT
    (company,) = oracle_fold.groups(
        *(expected_marks, one.a.touchpoints, one.a.who, one.a.catalogue, "company", AT)
    ).values()
    for column in ("marks", "experience", "loss", "gain"):
        assert near(math.fsum(row[column] for row in rows), float(company[column])), (column, rows, company)


@ON_ONE_ENGINE
@given(WORLDS)
def test_marks_scores_contributions_and_groups_are_what_plain_python_says(duckdb: Any, a: World) -> None:
    check_everything_against_the_oracle(duckdb, a)


# ---- what changes nothing


def halves(a: World) -> tuple[Rows, Rows]:
    """Return the touchpoints of half of the customers and those of the others, in another order."""
    random = Random(a.seed)
    customers = sorted(set(a.who.values()))
    chosen = set(random.sample(customers, len(customers) // 2))
    rows = random.sample(a.touchpoints, len(a.touchpoints))
    return (
        [row for row in rows if a.who[row["identifier"]] in chosen],
        [row for row in rows if a.who[row["identifier"]] not in chosen],
    )


def moments(a: World, found: Rows) -> dict[str, datetime]:
    """Return a moment for each customer: of one of their touchpoints or marks, or the microsecond before, or `AT`."""
    random = Random(a.seed)
    theirs: dict[str, list[datetime]] = defaultdict(list)
    for row in [*a.touchpoints, *found]:
        theirs[a.who[row["identifier"]]].append(row["occurred_at"])
    return {
        customer: random.choice([AT, *(random.choice(sorted(when)) - random.choice([0, 1]) * US for _ in range(3))])
        for customer, when in sorted(theirs.items())
    }


def check_that_halves_and_order_change_nothing(duckdb: Any, whole: Derived, found: Rows, parts: list[Derived]) -> None:
    assert_same_marks([row for part in parts for row in part.found.to_pylist()], found)
    scored = {row["customer_id"]: row for row in whole.scored(duckdb)}
    apart = [row for part in parts for row in part.scored(duckdb)]
    assert sorted(row["customer_id"] for row in apart) == sorted(scored)
    for row in apart:
        other = scored[row["customer_id"]]
        assert all(near(row[column], other[column], within=1e-11) for column in row), (row, other)


def check_that_sums_of_halves_are_those_of_the_whole(duckdb: Any, whole: Derived, parts: list[Derived]) -> None:
    by: By = list(GROUPS)[whole.a.seed % len(GROUPS)]
    sums = [group_sums(part.marks, part.touchpoints, part.who, part.catalogue, by=by, at=AT) for part in parts]
    fetched = pa.concat_tables([duckdb.to_pyarrow(each) for each in sums])
    found = rows_of(duckdb, groups_of(ibis.memtable(fetched), whole.catalogue, by=by))
    expected = rows_of(duckdb, groups(whole.marks, whole.touchpoints, whole.who, whole.catalogue, by=by, at=AT))
    name = GROUPS[by][0]
    mine, theirs = ({str(row[name]): row for row in rows} for rows in (found, expected))
    assert mine.keys() == theirs.keys()
    for key, row in mine.items():
        assert all(near(row[column], theirs[key][column]) for column in row), (row, theirs[key])


def check_that_what_lies_ahead_changes_nothing(duckdb: Any, whole: Derived, found: Rows) -> None:
    until = moments(whole.a, found)

    def known(rows: Rows) -> Rows:
        return [row for row in rows if row["occurred_at"] <= until[whole.a.who[row["identifier"]]]]

    then = derived(duckdb, whole.a, known(whole.a.touchpoints))
    assert_same_marks(known(then.found.to_pylist()), known(found))


# a quarter of the tables: each is derived four times, and those above are mixed and look ahead as well
@settings(ON_ONE_ENGINE, max_examples=settings().max_examples // 4)
@given(WORLDS)
def test_order_halves_and_what_lies_ahead_change_no_mark_and_no_score(duckdb: Any, a: World) -> None:
    whole = derived(duckdb, a)
    found = whole.found.to_pylist()
    parts = [derived(duckdb, a, rows) for rows in halves(a)]
    check_that_halves_and_order_change_nothing(duckdb, whole, found, parts)
    check_that_sums_of_halves_are_those_of_the_whole(duckdb, whole, parts)
    check_that_what_lies_ahead_changes_nothing(duckdb, whole, found)
