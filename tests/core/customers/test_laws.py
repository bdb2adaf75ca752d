"""Laws of customers, each on tables of a thousand and more: 20, in make prove 500."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from collage.customers import customers
from tests.core.customers import oracle
from tests.core.customers.generated import AT, Rows, World, table_of, touchpoints_of, world

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

WORLDS = st.builds(world, st.integers(0, 2**32 - 1))
# a world is its seed: nothing to shrink
SEEDED = settings(suppress_health_check=[HealthCheck.too_slow], phases=[Phase.explicit, Phase.reuse, Phase.generate])


def found(touched: list[str], claims: Rows) -> pa.Table:
    """Return the customers, sorted."""
    tables = (ibis.memtable(touchpoints_of(touched)), ibis.memtable(table_of("claims", claims)))
    return customers(*tables).to_pyarrow().sort_by("identifier")


def test_a_generated_world_has_a_thousand_customers_of_every_kind() -> None:
    rows = found(world(1).touched, world(1).claims).to_pylist()
    assert len({row["customer_id"] for row in rows}) >= 1000
    counts = {state: sum(row["state"] == state for row in rows) for state in ("plain", "shared", "contested")}
    assert min(counts.values()) >= 20, counts
    several = {row["customer_id"] for row in rows if row["customer_id"] != row["identifier"]}
    assert len(several) >= 200
    users = [row["customer_id"] for row in rows if row["identifier"].startswith("user:")]
    assert len(users) > len(set(users)), "no two accounts of one customer"


@SEEDED
@given(WORLDS)
def test_customers_are_those_of_plain_python(a: World) -> None:
    expected = oracle.customers(a.touched, a.claims, a.normal.__getitem__)
    rows = found(a.touched, a.claims)
    mine = set(zip(*(rows[name].to_pylist() for name in rows.column_names), strict=True))
    assert sorted(mine ^ expected)[:5] == []
    assert rows.num_rows == len(expected)


@SEEDED
@given(WORLDS)
def test_order_repetition_and_direction_of_claims_change_nothing(a: World) -> None:
    random = Random(a.seed)
    again = [*a.claims, *random.choices(a.claims, k=len(a.claims) // 2)]
    turned = [{**claim, "one": claim["other"], "other": claim["one"]} for claim in again]
    mixed = [random.choice(both) for both in zip(again, turned, strict=True)]
    random.shuffle(mixed)
    touched = random.choices(a.touched, k=len(a.touched)) + a.touched
    assert found(touched, mixed).equals(found(a.touched, a.claims))


@SEEDED
@given(WORLDS)
def test_claims_withdrawn_are_as_claims_never_made(a: World) -> None:
    random = Random(a.seed)
    gone = {claim["claim_id"] for claim in a.claims if random.random() < random.choice([0.05, 0.5, 0.95])}
    withdrawn = [{**claim, "withdrawn_at": AT} if claim["claim_id"] in gone else claim for claim in a.claims]
    never = [claim for claim in a.claims if claim["claim_id"] not in gone]
    assert found(a.touched, withdrawn).equals(found(a.touched, never))


@pytest.mark.spark
@pytest.mark.slow
def test_duckdb_and_spark_agree(duckdb: Any, spark: SparkSession, tmp_path: Path) -> None:
    a = world(7, pools=1000)
    files = {"touchpoints": touchpoints_of(a.touched), "claims": table_of("claims", a.claims)}
    rows = {}
    for name, table in files.items():
        pq.write_table(table, tmp_path / f"{name}.parquet")
    for backend in (duckdb, ibis.pyspark.connect(spark)):
        tables = [backend.read_parquet(str(tmp_path / f"{name}.parquet")) for name in files]
        who = customers(*tables)
        rows[backend.name] = backend.to_pyarrow(who).sort_by("identifier")
        assert backend.to_pyarrow(customers(tables[0]).count()).as_py() > 1000
    assert rows["duckdb"].num_rows > 4000
    assert rows["duckdb"].equals(rows["pyspark"])
