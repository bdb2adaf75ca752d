"""The derivation as text gives what the expressions give, and answers again and again."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from collage.errors import EngineError
from collage.experience import compiled, contributions, load, marks, score
from collage.store import prepare
from collage.tables import CONTRACTS
from tests.core.experience.generated import AT, as_customers, as_table, as_toml, world


def rows_of(table: pa.Table, *keys: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = table.to_pylist()
    return sorted(rows, key=lambda row: tuple(str(row[key]) for key in keys))


def test_prepared_queries_give_what_the_expressions_give(duckdb: Any) -> None:
    a = world(11, 8.0, customers=60)
    catalogue = load(as_toml(a.catalogue), file="generated.toml")
    touchpoints, who = as_table(a.touchpoints), as_customers(a.who)
    corrections = as_table(a.corrections, "corrections")
    left = marks(touchpoints, who, catalogue, corrections)
    scores = score(left, touchpoints, who, catalogue, at=AT)
    explained = scores.left_join(contributions(left, who, catalogue, at=AT), "customer_id").drop("customer_id_right")
    expected = {
        "marks": duckdb.to_pyarrow(left),
        "score": duckdb.to_pyarrow(scores),
        "explained": duckdb.to_pyarrow(explained),
        "shares": duckdb.to_pyarrow(explained.drop("without")),
    }
    queries = compiled(catalogue, "duckdb")
    prepared = prepare(queries)
    try:
        given = {"touchpoints": touchpoints, "customers": who, "corrections": corrections}
        rows = {name: duckdb.to_pyarrow(table) for name, table in given.items()}
        for _ in range(2):  # each run finds nothing of those before, and nobody is found where nobody is given
            for name, table in rows.items():
                prepared.fill(name, table.slice(0, 0))
            assert prepared.run("marks").num_rows == 0
            for name, table in rows.items():
                prepared.fill(name, table)
            prepared.fill("asked", pa.table({"at": [AT]}, schema=queries.inputs["asked"]))
            found = {"marks": prepared.run("marks")}
            prepared.fill("marks", found["marks"])
            found |= {name: prepared.run(name) for name in ("score", "explained", "shares")}
            for name, keys in (("marks", CONTRACTS["marks"].names), ("score", ("customer_id",))):
                assert_alike(rows_of(found[name], *keys), rows_of(expected[name], *keys))
            unique = ("customer_id", "touchpoint_id", "mark", "about", "weighs_as")
            for name in ("explained", "shares"):
                assert_alike(rows_of(found[name], *unique), rows_of(expected[name], *unique))
                assert None in found[name]["mark"].to_pylist()  # somebody without any
    finally:
        prepared.close()


def assert_alike(found: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    assert len(found) == len(expected) > 0
    for one, other in zip(found, expected, strict=True):
        near = {key: pytest.approx(v, abs=1e-12) if isinstance(v, float) else v for key, v in other.items()}
        assert one == near


def test_rows_that_do_not_fit_are_refused(duckdb: Any) -> None:
    assert duckdb is not None
    prepared = prepare(compiled(load(as_toml(world(1, 8.0, customers=1).catalogue), file="generated.toml"), "duckdb"))
    try:
        with pytest.raises(EngineError, match="fill touchpoints"):
            prepared.fill("touchpoints", pa.table({"touchpoint_id": ["s:1"]}))
    finally:
        prepared.close()


def test_spark_has_its_own_text() -> None:
    queries = compiled(load(as_toml(world(1, 8.0, customers=1).catalogue), file="generated.toml"), "spark")
    assert set(queries.statements) == {"marks", "score", "explained", "shares"}
    assert "`touchpoints`" in queries.statements["marks"]
