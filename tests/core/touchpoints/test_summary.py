"""What a table of touchpoints holds, counted; unknown words are kept, counted and shown."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from collage.tables import CONTRACTS
from collage.touchpoints import Summary, summary

AT = datetime(2024, 5, 1, 10, tzinfo=UTC)
SCHEMA = CONTRACTS["touchpoints"].schema()


def table(rows: list[dict[str, Any]]) -> ir.Table:
    return ibis.memtable(pa.Table.from_pylist(rows, SCHEMA.to_pyarrow()), schema=SCHEMA)


def row(n: int, kind: str, **more: Any) -> dict[str, Any]:
    return {
        "touchpoint_id": f"s:{n}",
        "identifier": "user:1",
        "occurred_at": AT + timedelta(days=n),
        "kind": kind,
        **more,
    }


FIVE = [
    row(3, "contact.answered", channel="phone", department="Hotline", issue_id="i1"),
    row(1, "contact.answered", channel="phone", issue_id="i1"),
    row(2, "contact.anwsered", channel="fon", identifier="user:2", issue_id="i2"),
    row(0, "page.viewed", channel="fon"),
    row(4, "zebra", identifier="user:3", department="Zoo"),
]


def test_five_touchpoints_by_hand() -> None:
    found = summary(table(FIVE))
    assert found == Summary(
        touchpoints=5,
        identifiers=3,
        issues=2,
        unattributed=3,
        first_at=AT,
        last_at=AT + timedelta(days=4),
        kinds={"contact.answered": 2, "contact.anwsered": 1, "page.viewed": 1, "zebra": 1},
        channels={"fon": 2, "phone": 2},
    )
    assert list(found.kinds) == ["contact.answered", "contact.anwsered", "page.viewed", "zebra"]
    assert found.unknown_kinds == {"contact.anwsered": 1, "zebra": 1}
    assert found.unknown_channels == {"fon": 2}


def test_an_empty_table_is_counted_too() -> None:
    found = summary(table([]))
    assert (found.touchpoints, found.identifiers, found.unattributed, found.kinds) == (0, 0, 0, {})
    assert (found.first_at, found.last_at) == (None, None)


def test_order_changes_nothing() -> None:
    dice = Random(4)
    assert summary(table(dice.sample(FIVE, 5))) == summary(table(FIVE))


@pytest.mark.spark
def test_spark_counts_alike(spark: object, tmp_path: Path) -> None:
    pq.write_table(table(FIVE).to_pyarrow(), tmp_path / "touchpoints.parquet")
    there = ibis.pyspark.connect(spark).read_parquet(tmp_path / "touchpoints.parquet")
    assert summary(there.cast({"occurred_at": SCHEMA["occurred_at"]})) == summary(table(FIVE))
