"""DuckDB and Spark give the same marks, scores and contributions."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from collage.customers import customers
from collage.errors import UnknownCustomer
from collage.experience import Catalogue, contributions, default, explain, load, lost_most, marks, score, told
from collage.tables import CONTRACTS
from tests.core.experience.generated import AT, as_toml, world

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [pytest.mark.spark, pytest.mark.slow]

KEYS = {"marks": ("touchpoint_id", "mark"), "scores": ("customer_id",), "contributions": ("touchpoint_id", "mark")}


def everything(backend: Any, file: Path, catalogue: Catalogue) -> dict[str, pa.Table]:
    touchpoints = backend.read_parquet(str(file))
    who = customers(touchpoints)
    left = marks(touchpoints, who, catalogue)
    parts = contributions(left, who, catalogue, at=AT)
    tables = {"marks": left, "scores": score(left, touchpoints, who, catalogue, at=AT), "contributions": parts}
    found = {name: backend.to_pyarrow(table) for name, table in tables.items()}
    found = {name: rows.sort_by([(key, "ascending") for key in KEYS[name]]) for name, rows in found.items()}
    found["lost most"] = told(lost_most(parts), touchpoints, catalogue)
    found["explained"] = explain(left, touchpoints, who, catalogue, at=AT, customer="user:10")
    with pytest.raises(UnknownCustomer, match="did you mean user:"):
        explain(left, touchpoints, who, catalogue, at=AT, customer="user:99999")
    return found


def largest_difference(one: pa.Table, other: pa.Table) -> float:
    """Return by how much numbers differ; everything else must be equal."""
    assert one.column_names == other.column_names
    assert one.num_rows == other.num_rows
    largest = 0.0
    for name in one.column_names:
        mine, theirs = one[name].to_pylist(), other[name].to_pylist()
        if pa.types.is_floating(one[name].type):
            pairs = zip(mine, theirs, strict=True)
            largest = max([largest, *(abs(a - b) / max(1.0, abs(a)) for a, b in pairs)])
        else:
            assert mine == theirs, name
    return largest


@pytest.mark.parametrize(("seed", "kappa"), [(1, None), (2, math.inf)])
def test_duckdb_and_spark_agree_on_thousands_of_customers(
    duckdb: Any, spark: SparkSession, tmp_path: Path, seed: int, kappa: float | None
) -> None:
    a = world(seed, kappa or 8.0, customers=2000)
    file = tmp_path / "touchpoints.parquet"
    pq.write_table(pa.Table.from_pylist(a.touchpoints, schema=CONTRACTS["touchpoints"].schema().to_pyarrow()), file)
    catalogue = default() if kappa is None else load(as_toml(a.catalogue), file="generated.toml")
    one = everything(duckdb, file, catalogue)
    other = everything(ibis.pyspark.connect(spark), file, catalogue)
    for name, rows in one.items():
        assert rows.num_rows > 0
        assert largest_difference(rows, other[name]) <= 1e-12, name
