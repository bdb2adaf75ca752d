"""DuckDB and Spark give the same marks, scores, contributions, and figures of a company."""

from __future__ import annotations

import math
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from collage.errors import UnknownCustomer
from collage.experience import (
    Catalogue,
    changes,
    contributions,
    default,
    explain,
    groups,
    load,
    losses,
    lost_most,
    marks,
    moments,
    score,
    told,
    weekly,
)
from collage.store import Engine
from collage.tables import CONTRACTS
from tests.core.experience.generated import AT, World, as_toml, world
from tests.core.experience.models import refitted

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [pytest.mark.spark, pytest.mark.slow, pytest.mark.timeout(900)]  # Spark plans for minutes

UNIQUE = ("touchpoint_id", "mark", "about", "weighs_as")
KEYS = {
    "marks": UNIQUE,
    "scores": ("customer_id",),
    "contributions": UNIQUE,
    "groups": ("department",),
    "losses": ("mark", "owner", "strike"),
    "weekly": ("week", "mark", "owner", "strike"),
    "changes": ("customers",),
    "company": ("at",),
    "channels": ("channel",),
}


def everything(
    backend: Any, folder: Path, catalogue: Catalogue, *, corrected: bool, told_too: bool, company_too: bool
) -> dict[str, pa.Table]:
    touchpoints, who = (backend.read_parquet(str(folder / f"{name}.parquet")) for name in ("touchpoints", "customers"))
    corrections = backend.read_parquet(str(folder / "corrections.parquet")) if corrected else None
    kept = Engine("spark" if backend.name == "pyspark" else "duckdb", backend).kept
    left = kept(marks(touchpoints, who, catalogue, corrections, kept=kept))
    parts = contributions(left, who, catalogue, at=AT)
    tables = {
        "marks": left,
        "scores": score(left, touchpoints, who, catalogue, at=AT),
        "contributions": parts,
        "groups": groups(left, touchpoints, who, catalogue, by="owner", at=AT),
    }
    if company_too:
        both = moments(AT - timedelta(days=90), AT)
        tables |= {
            "losses": losses(left, touchpoints, who, catalogue, at=AT),
            "weekly": weekly(left, touchpoints, who, catalogue, at=AT, weeks=26),
            "company": groups(left, touchpoints, who, catalogue, by="company", at=both),
            "channels": groups(left, touchpoints, who, catalogue, by="channel", at=AT),
            "changes": changes(score(left, touchpoints, who, catalogue, at=both), touchpoints, who, at=both),
        }
    found = {name: backend.to_pyarrow(table) for name, table in tables.items()}
    found = {name: rows.sort_by([(key, "ascending") for key in KEYS[name]]) for name, rows in found.items()}
    if told_too:
        found["lost most"] = told(lost_most(parts), touchpoints, catalogue)
        worst = found["lost most"]["customer_id"][0].as_py()
        found["explained"] = explain(left, touchpoints, who, catalogue, at=AT, customer=worst)
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
            assert [a is None for a in mine] == [b is None for b in theirs], name
            known = [(a, b) for a, b in zip(mine, theirs, strict=True) if a is not None]
            largest = max([largest, *(abs(a - b) / max(1.0, abs(a)) for a, b in known)])
        else:
            different = [(a, b) for a, b in zip(mine, theirs, strict=True) if a != b]
            assert different[:3] == [], f"{name}: {len(different)} of {len(mine)}"
    return largest


def check_both(
    duckdb: Any,
    spark: SparkSession,
    folder: Path,
    a: World,
    catalogue: Catalogue,
    *,
    told_too: bool,
    company_too: bool = False,
) -> None:
    who = [{"customer_id": id_, "identifier": name, "state": "plain"} for name, id_ in a.who.items()]
    for name, rows in (("touchpoints", a.touchpoints), ("customers", who), ("corrections", a.corrections)):
        schema = CONTRACTS[name].schema().to_pyarrow()
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), folder / f"{name}.parquet")
    asked = {"corrected": bool(a.corrections), "told_too": told_too, "company_too": company_too}
    one = everything(duckdb, folder, catalogue, **asked)
    other = everything(ibis.pyspark.connect(spark), folder, catalogue, **asked)
    for name, rows in one.items():
        assert rows.num_rows > 0, name
        assert largest_difference(rows, other[name]) <= 1e-12, name


def test_duckdb_and_spark_agree_by_the_shipped_catalogue(duckdb: Any, spark: SparkSession, tmp_path: Path) -> None:
    check_both(duckdb, spark, tmp_path, world(1, 8.0, customers=3000), default(), told_too=True, company_too=True)


def test_duckdb_and_spark_agree_by_a_generated_catalogue_and_a_plain_sum(
    duckdb: Any, spark: SparkSession, tmp_path: Path
) -> None:
    a = world(2, math.inf, customers=3000)
    check_both(duckdb, spark, tmp_path, a, load(as_toml(a.catalogue), file="generated.toml"), told_too=False)


def test_duckdb_and_spark_agree_by_a_model(duckdb: Any, spark: SparkSession, tmp_path: Path) -> None:
    by_model = default().by(refitted(default(), 3))
    check_both(duckdb, spark, tmp_path, world(3, 8.0, customers=1500), by_model, told_too=True)
