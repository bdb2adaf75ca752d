"""From tables to columns of numbers: the expressions of the fit on both engines, and which ratings can be used."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from collage import customers, experience, store
from collage.errors import UsageError
from collage.experience import default, learning
from collage.experience.learning.histories import Histories, recalled
from collage.experience.learning.ratings import Ratings, Remembered
from collage.simulate import Causes, Size, simulated
from collage.tables import CONTRACTS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

AT = datetime(2026, 1, 1, tzinfo=UTC)
MULTIPLIERS = (0.5, 1.0, 2.7)
KINDS = learning.kinds_of(default())
PARTS = ("whole", "own", "since", "evidence", "before")


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a small company's tables, customers and marks among them."""
    folder = tmp_path_factory.mktemp("company")
    engine = store.connect()
    ask = engine.backend.to_pyarrow
    made = simulated(Causes(), Size(400, 365, date(2026, 1, 1)), seed=5, catalogue=default(), ask=ask)
    for name in ("touchpoints", "ratings"):
        pq.write_table(made.tables[name], folder / f"{name}.parquet")
    touchpoints = engine.backend.read_parquet(str(folder / "touchpoints.parquet"))
    who = engine.kept(customers.customers(touchpoints, ibis.memtable(made.tables["claims"]), kept=engine.kept))
    left = engine.kept(experience.marks(touchpoints, who, default(), kept=engine.kept))
    for name, table in (("customers", who), ("marks", left)):
        pq.write_table(ask(table), folder / f"{name}.parquet")
    engine.close()
    return folder


def asked_of(backend: Any, folder: Path) -> tuple[Ratings, Histories, Remembered]:
    """Return what the expressions say of the company's ratings."""
    names = ("ratings", "marks", "touchpoints", "customers")
    rated, left, touchpoints, who = (backend.read_parquet(str(folder / f"{name}.parquet")) for name in names)
    usable = backend.to_pyarrow(learning.usable(rated, left, touchpoints, who, at=AT))
    ratings, asked = learning.as_ratings(usable)
    rows = backend.to_pyarrow(learning.features(asked, left, who, KINDS, MULTIPLIERS))
    remembered = learning.remembered(rows, ratings.n, KINDS, MULTIPLIERS)
    return ratings, learning.histories(asked, left, who, KINDS), remembered


def test_the_expression_says_what_the_marks_say_one_by_one(company: Path, duckdb: Any) -> None:
    ratings, histories, left = asked_of(duckdb, company)
    by_hand = recalled(histories, ratings, KINDS, MULTIPLIERS)
    assert ratings.n > 100
    for part in PARTS:
        assert getattr(left, part) == pytest.approx(getattr(by_hand, part), rel=1e-12, abs=1e-12), part


def test_what_is_left_at_a_rating_adds_up_to_the_score_at_that_moment(company: Path, duckdb: Any) -> None:
    ratings, _, left = asked_of(duckdb, company)
    names = ("marks", "touchpoints", "customers", "ratings")
    marks, touchpoints, who, rated = (duckdb.read_parquet(str(company / f"{name}.parquet")) for name in names)
    usable = duckdb.to_pyarrow(learning.usable(rated, marks, touchpoints, who, at=AT))
    _, asked_for = learning.as_ratings(usable)
    own = (default().kappa + 1) / (default().kappa + left.evidence[1].sum(axis=1)) * (left.whole[1] @ KINDS.weight)
    places = list(range(0, ratings.n, ratings.n // 7))
    moments = [
        datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(ratings.rated_at[place])) for place in places
    ]
    asked = experience.moments(*moments)
    scores = duckdb.to_pyarrow(experience.score(marks, touchpoints, who, default(), at=asked)).to_pylist()
    found = {(row["customer_id"], row["at"]): row["experience"] for row in scores}
    for place, moment_ in zip(places, moments, strict=True):
        assert found[asked_for["customer_id"][place].as_py(), moment_] == pytest.approx(own[place], abs=1e-9)


@pytest.mark.spark
@pytest.mark.slow
def test_spark_says_the_same(company: Path, duckdb: Any, spark: SparkSession) -> None:
    one, other = asked_of(duckdb, company), asked_of(ibis.pyspark.connect(spark), company)
    assert one[0].rated_at.tolist() == other[0].rated_at.tolist()
    assert one[0].contacts_year.tolist() == other[0].contacts_year.tolist()
    assert one[0].started_at.tolist() == other[0].started_at.tolist()
    assert one[1].occurred_at.tolist() == other[1].occurred_at.tolist()
    for part in PARTS:
        assert getattr(one[2], part) == pytest.approx(getattr(other[2], part), rel=1e-12, abs=1e-12), part


def test_numbers_of_customers_do_not_matter(company: Path, duckdb: Any) -> None:
    names = ("ratings", "marks", "touchpoints", "customers")
    rated, left, touchpoints, who = (duckdb.read_parquet(str(company / f"{name}.parquet")) for name in names)
    usable = duckdb.to_pyarrow(learning.usable(rated, left, touchpoints, who, at=AT))
    ids = usable["customer_id"].unique().to_pylist()
    other = dict(zip(ids, np.random.default_rng(2).permutation(len(ids)).tolist(), strict=True))
    renamed = pa.array([f"{other[each]:06}" for each in usable["customer_id"].to_pylist()])
    place = usable.schema.get_field_index("customer_id")
    one, _ = learning.as_ratings(usable)
    another, asked = learning.as_ratings(usable.set_column(place, "customer_id", renamed))
    for column in ("customer", "rated_at", "started_at", "score", "contact", "contacts"):
        assert getattr(one, column).tolist() == getattr(another, column).tolist(), column
    assert len(set(asked["customer_id"].to_pylist())) == one.begins.size == len(ids)


def test_the_order_of_rows_does_not_matter(company: Path, duckdb: Any, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for name in ("ratings", "marks", "touchpoints", "customers"):
        table = pq.read_table(company / f"{name}.parquet")
        pq.write_table(table.take(pa.array(rng.permutation(table.num_rows))), tmp_path / f"{name}.parquet")
    one, other = asked_of(duckdb, company), asked_of(duckdb, tmp_path)
    assert one[0].rated_at.tolist() == other[0].rated_at.tolist()
    assert one[0].way.tolist() == other[0].way.tolist()
    assert one[1].kind.tolist() == other[1].kind.tolist()
    assert one[2].whole == pytest.approx(other[2].whole, rel=1e-12)


def moment(day: float) -> datetime:
    return AT - timedelta(days=100) + timedelta(days=day)


def tables(rated: list[dict[str, object]]) -> tuple[Any, Any, Any, Any]:
    """Return ratings with two customers: one with two contacts and a mark on day 3, one without a mark."""
    happened = [
        ("a1", "user:1", 1, "k1"),
        ("a2", "user:1", 3, "k2"),
        ("a3", "user:1", 4, "k2"),
        ("b1", "user:2", 2, "k3"),
    ]
    rows = [
        {"touchpoint_id": id_, "identifier": who, "occurred_at": moment(day), "kind": "x", "contact_id": contact}
        for id_, who, day, contact in happened
    ]
    left = [{**rows[1], "mark": "late", "fades_from": moment(3), "weighs_as": "delivered_late", "severity": 1.0}]
    left = [{**left[0], "evidence": 1.0, "agent_controllable": False, "catalogue": "1", "cause": "product"}]
    who = [{"customer_id": name, "identifier": name, "state": "plain"} for name in ("user:1", "user:2")]
    usual = {"score": 4.0, "scale_low": 1.0, "scale_high": 5.0, "identifier": "user:1", "rated_at": moment(5)}
    given = [{"rating_id": f"r{n}", **usual, **row} for n, row in enumerate(rated)]
    found: list[tuple[str, list[dict[str, Any]]]]
    found = [("ratings", given), ("marks", left), ("touchpoints", rows), ("customers", who)]

    def table(name: str, rows: list[dict[str, Any]]) -> pa.Table:
        schema = CONTRACTS[name].schema().to_pyarrow()
        return pa.Table.from_pylist([{k: v for k, v in row.items() if k in schema.names} for row in rows], schema)

    one, two, three, four = (ibis.memtable(table(name, rows)) for name, rows in found)
    return one, two, three, four


def usable(duckdb: Any, *rated: dict[str, object]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = duckdb.to_pyarrow(learning.usable(*tables(list(rated)), at=AT)).to_pylist()
    return sorted(found, key=lambda row: row["rating_id"])


def test_ratings_that_cannot_be_used_are_left_out(duckdb: Any) -> None:
    rated: list[dict[str, object]] = [
        {},
        {"rated_at": moment(101)},  # after the moment of asking
        {"rated_at": moment(2)},  # before any mark
        {"identifier": "user:2"},  # a customer without a mark
        {"identifier": "user:9"},  # nobody's
        {"scale_low": 5.0},  # no scale
        {"score": 6.0},  # off the scale
        {"weight": 0.0},  # counts for nothing
    ]
    assert [row["rating_id"] for row in usable(duckdb, *rated)] == ["r0"]


def test_a_contact_begins_when_it_is_said_to_else_with_its_first_touchpoint_else_with_the_rating(duckdb: Any) -> None:
    told, first, none, later = usable(
        duckdb,
        {"contact_id": "k2", "contact_started_at": moment(2)},
        {"contact_id": "k2"},
        {},
        {"contact_started_at": moment(6)},
    )
    days = [(row["started_us"] / 86_400e6) - (moment(0).timestamp() / 86_400) for row in (told, first, none, later)]
    assert days == pytest.approx([2.0, 3.0, 5.0, 5.0], abs=1e-9)


def test_contacts_so_far_are_counted_once_each(duckdb: Any) -> None:
    early, late = usable(duckdb, {"rated_at": moment(3)}, {"rated_at": AT})
    assert (early["contacts"], late["contacts"], late["contacts_year"]) == (2, 2, 2)


def test_a_score_takes_the_nearest_category_of_its_scale_and_means_get_finer_ones() -> None:
    rows = {
        "rating_id": ["a", "b", "c", "d"],
        "customer_id": ["1", "2", "3", "4"],
        "rated_us": [1, 2, 3, 4],
        "started_us": [1, 2, 3, 4],
        "score": [3.5, 10.0, 1.0, 61.0],
        "scale_low": [1.0, 0.0, 1.0, 0.0],
        "scale_high": [5.0, 10.0, 5.0, 100.0],
        "instrument": ["csat", "nps", None, "csat"],
        "channel": ["mail"] * 4,
        "weight": [1.0, 1.0, 1.0, 5.0],
        "contacts": [0] * 4,
        "contacts_year": [0] * 4,
    }
    empty = {name: pa.nulls(4, pa.string()) for name in ("contact_id", "item", "wording")}
    table = pa.table({**rows, **empty})
    found, _ = learning.as_ratings(table)
    assert [found.instruments[place] for place in found.instrument] == ["csat 1–5", "nps", "rating", "csat 0–100"]
    assert [found.categories[place] for place in found.instrument] == [11, 11, 5, 11]
    assert found.category.tolist() == [6, 10, 0, 6]
    assert found.score == pytest.approx([3.5, 5.0, 1.0, 1 + 4 * 0.61])
    assert found.weight.sum() == pytest.approx((1 + 1 + 1 + 5) ** 2 / (1 + 1 + 1 + 25))
    assert found.ways == ("other ways",)


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(UsageError, match="a time without a zone"):
        learning.usable(*tables([{}]), at=datetime(2026, 1, 1))  # noqa: DTZ001  # this is the point
