"""What promises become: by hand, to the microsecond; the law of causality; and the same on both engines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from collage.promises import touchpoints
from collage.tables import CONTRACTS, faults
from collage.touchpoints import KINDS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MADE, DUE = datetime(2026, 3, 1, 9, tzinfo=UTC), datetime(2026, 3, 2, 17, 0, 0, 123456, tzinfo=UTC)
US, HOUR = timedelta(microseconds=1), timedelta(hours=1)
SEEDED = settings(suppress_health_check=[HealthCheck.too_slow], phases=[Phase.explicit, Phase.reuse, Phase.generate])

Rows = list[dict[str, Any]]


def promise(**more: Any) -> dict[str, Any]:
    known = {"promise_id": "desk:1", "identifier": "user:1", "kind": "callback", "made_at": MADE, "due_at": DUE}
    return {**dict.fromkeys(CONTRACTS["promises"].names), **known, **more}


def table_of(rows: Rows) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=CONTRACTS["promises"].schema().to_pyarrow())


def found(rows: Rows) -> pa.Table:
    return touchpoints(ibis.memtable(table_of(rows))).to_pyarrow().sort_by("touchpoint_id")


def came_of(**more: Any) -> list[tuple[str, datetime]]:
    """Return what came of one promise, beside that it was made."""
    every = [(row["kind"], row["occurred_at"]) for row in found([promise(**more)]).to_pylist()]
    every.remove(("promise.made", MADE))
    return every


def test_a_promise_is_told_with_all_that_is_known_of_it() -> None:
    more = {"department": "Hotline", "agent": "a1", "channel": "phone", "issue_id": "order 7", "quoted_share": 0.9}
    made, kept = sorted(found([promise(**more, settled_at=DUE)]).to_pylist(), key=lambda row: str(row["occurred_at"]))
    of_both = {"identifier": "user:1", "source": "promise", **more}
    del of_both["quoted_share"]
    for row, kind, at in ((made, "promise.made", MADE), (kept, "promise.kept", DUE)):
        known = {name: value for name, value in row.items() if value is not None}
        assert known == {**of_both, "touchpoint_id": f"promise:desk:1:{kind}", "kind": kind, "occurred_at": at}


@pytest.mark.parametrize("outcome", [None, "kept"])
def test_settled_by_the_moment_it_is_due_a_promise_is_kept(outcome: str | None) -> None:
    for settled in (MADE, DUE - US, DUE):
        assert came_of(settled_at=settled, outcome=outcome) == [("promise.kept", settled)]


def test_a_promise_exceeded_in_time_is_told_so() -> None:
    assert came_of(settled_at=DUE, outcome="exceeded") == [("promise.exceeded", DUE)]


@pytest.mark.parametrize("outcome", [None, "kept", "exceeded", "withdrawn"])
def test_settled_a_microsecond_late_a_promise_was_broken_when_it_was_due(outcome: str | None) -> None:
    assert came_of(settled_at=DUE + US, outcome=outcome) == [("promise.broken", DUE)]


def test_an_open_promise_is_broken_when_it_is_due() -> None:
    assert came_of() == [("promise.broken", DUE)]


def test_of_a_promise_withdrawn_in_time_nothing_comes() -> None:
    assert came_of(settled_at=DUE, outcome="withdrawn") == []
    assert came_of(settled_at=MADE, outcome="withdrawn") == []


@pytest.mark.parametrize("kind", ["delivery", "appointment"])
@pytest.mark.parametrize("settled", [None, DUE, DUE + US])
def test_what_a_delivery_or_a_visit_tells_itself_is_not_told_twice(kind: str, settled: datetime | None) -> None:
    assert came_of(kind=kind, settled_at=settled) == []


def test_the_touchpoints_keep_their_contract_and_are_of_known_kinds(duckdb: Any) -> None:
    rows = found(ledger(1))
    assert len(rows) == len(set(rows["touchpoint_id"].to_pylist()))
    assert set(rows["kind"].to_pylist()) == {kind for kind in KINDS if kind.startswith("promise.")}
    assert rows.schema.equals(CONTRACTS["touchpoints"].schema().to_pyarrow())
    table = ibis.memtable(rows)
    wrong = {f"w{n}": fault.when.sum() for n, fault in enumerate(faults(table, CONTRACTS["touchpoints"]))}
    assert set(duckdb.to_pyarrow(table.aggregate(**wrong)).to_pylist()[0].values()) == {0}


def test_no_promise_is_no_touchpoint() -> None:
    assert found([]).num_rows == 0


# ---- laws


def ledger(seed: int, promises: int = 1000) -> Rows:
    """Return the promises of a thousand customers, settled on all sides of the moment they are due, or open."""
    random = Random(seed)
    rows = []
    for number in range(promises):
        due = MADE + timedelta(hours=random.randint(0, 48))
        settled = random.choice([None, due, due + US, due - US, due + 5 * HOUR, due - HOUR])
        settled = settled if settled is None else max(settled, MADE)
        outcome = random.choice([None, "kept", "exceeded", "withdrawn"]) if settled else None
        kind = random.choice(["callback", "callback", "refund", "delivery", "appointment"])
        known = {"due_at": due, "settled_at": settled, "outcome": outcome, "kind": kind}
        rows.append(promise(promise_id=f"desk:{number}", identifier=f"user:{number}", **known))
    return rows


def known_at(at: datetime, rows: Rows) -> Rows:
    """Return the promises as they stood in the ledger at a moment."""
    here = [row for row in rows if row["made_at"] <= at]
    return [
        {**row, "settled_at": None, "outcome": None}
        if row["settled_at"] is not None and row["settled_at"] > at
        else row
        for row in here
    ]


def up_to(at: datetime, rows: pa.Table) -> pa.Table:
    return rows.filter(pc.field("occurred_at") <= pa.scalar(at, pa.timestamp("us", "UTC")))


@SEEDED
@given(st.integers(0, 2**32 - 1), st.integers(0, 48), st.sampled_from([-US, timedelta(0), US]))
def test_what_is_settled_later_changes_nothing_up_to_now(seed: int, hours: int, by: timedelta) -> None:
    rows, at = ledger(seed), MADE + timedelta(hours=hours) + by
    assert up_to(at, found(rows)).equals(up_to(at, found(known_at(at, rows))))


@SEEDED
@given(st.integers(0, 2**32 - 1))
def test_the_order_of_promises_changes_nothing(seed: int) -> None:
    rows = ledger(seed)
    mixed = Random(seed).sample(rows, len(rows))
    assert found(mixed).equals(found(rows))


@pytest.mark.spark
@pytest.mark.slow
def test_duckdb_and_spark_agree(duckdb: Any, spark: SparkSession, tmp_path: Path) -> None:
    pq.write_table(table_of(ledger(7)), tmp_path / "promises.parquet")
    tables = []
    for backend in (duckdb, ibis.pyspark.connect(spark)):
        made: ir.Table = touchpoints(backend.read_parquet(str(tmp_path / "promises.parquet")))
        tables.append(backend.to_pyarrow(made).sort_by("touchpoint_id"))
    assert tables[0].num_rows > 1000
    assert tables[0].equals(tables[1])
