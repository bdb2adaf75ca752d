"""Survey arithmetic by hand, against published and foreign numbers, and under changes that must not matter."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from collage.errors import UsageError
from collage.feedback import survey
from tests.core.feedback.asking import Rows, table_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SCALES = {"nps": (0.0, 10.0), "csat": (1.0, 5.0), "ces": (1.0, 7.0), "resolved": (0.0, 1.0), "stars": (1.0, 5.0)}


def rated(instrument: str, scores: Iterable[float], **more: Any) -> list[dict[str, Any]]:
    low, high = SCALES[instrument]
    of_all = {"identifier": "user:1", "instrument": instrument, "scale_low": low, "scale_high": high, **more}
    return [{"rating_id": f"{n}", "score": float(score), **of_all} for n, score in enumerate(scores)]


def told(rows: Rows, **how: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = survey(ibis.memtable(table_of("ratings", rows)), **how).to_pylist()
    return found


def one(rows: Rows, **how: Any) -> dict[str, Any]:
    (found,) = told(rows, **how)
    return found


# ---- by hand


def test_five_answers_to_the_nps_question_by_hand() -> None:
    found = one(rated("nps", [10, 9, 8, 3, 0]), fewest=5)
    assert (found["metric"], found["n"], found["effective"], found["verdict"]) == ("nps", 5, 5.0, "enough")
    # p = d = 2/5: (p + d - (p - d)²)/n = .8/5 = .16
    assert found["score"] == 0.0
    assert (found["low"], found["high"]) == (pytest.approx(-78.3986, abs=1e-4), pytest.approx(78.3986, abs=1e-4))
    # squares about 6: 16 + 9 + 4 + 9 + 36 = 74; √(74/4/5)·2.7764 = 5.3406
    assert (found["mean"], found["mean_low"], found["mean_high"]) == pytest.approx((6.0, 0.6594, 11.3406), abs=1e-4)


@pytest.mark.parametrize(
    ("instrument", "scores", "share"),
    [
        ("csat", [1, 2, 3, 4, 5], 0.4),
        ("ces", [1, 4, 5, 6, 7], 0.6),
        ("resolved", [0, 0.5, 1, 1, 1], 0.6),
        ("stars", [1, 3, 3.5, 4, 5], 0.4),
    ],
)
def test_what_counts_as_high_depends_on_the_question(instrument: str, scores: list[float], share: float) -> None:
    found = one(rated(instrument, scores), fewest=1)
    assert (found["metric"], found["score"]) == (instrument if instrument != "stars" else "other", pytest.approx(share))
    assert found["mean"] == pytest.approx(float(np.mean(scores)))


def test_a_known_question_on_another_scale_is_told_like_any_other() -> None:
    rows = [*rated("csat", [1, 7, 8, 10], scale_high=10.0), *rated("nps", [5], scale_high=5.0)]
    assert [row["metric"] for row in told(rows)] == ["other", "other"]
    assert told(rows, fewest=1)[0]["score"] == 0.5  # from 7.75 up


def test_kishs_number_by_hand() -> None:
    rows = [{**row, "weight": weight} for row, weight in zip(rated("csat", [5, 1, 1]), [2.0, None, 1.0], strict=True)]
    found = one(rows, fewest=1)
    assert (found["n"], found["effective"], found["score"]) == (3, pytest.approx(16 / 6), 0.5)
    assert found["mean"] == pytest.approx(3.0)
    # the variance is 4; times n/(n - 1) and over n with n = 8/3: 4/(5/3)
    assert found["mean_high"] - 3.0 == pytest.approx(scipy.stats.t.ppf(0.975, 5 / 3) * np.sqrt(4 / (5 / 3)))


# ---- against other people's numbers


def test_a_share_has_the_interval_of_newcombes_table() -> None:
    # Newcombe, Statistics in Medicine 17 (1998) 857–872, table I, method 3: 81 of 263
    found = one(rated("csat", [5] * 81 + [1] * 182))
    assert (round(found["low"], 4), round(found["high"], 4)) == (0.2553, 0.3662)


def test_the_error_of_nps_is_that_of_a_mean_of_ones_noughts_and_minus_ones() -> None:
    scores = np.random.default_rng(1).integers(0, 11, 400)
    found = one(rated("nps", scores))
    sides = np.where(scores >= 9, 1.0, np.where(scores <= 6, -1.0, 0.0))
    reach = 1.959963984540054 * 100 * sides.std() / np.sqrt(400)
    assert found["score"] == pytest.approx(100 * sides.mean())
    assert (found["low"], found["high"]) == pytest.approx((found["score"] - reach, found["score"] + reach))


def test_a_mean_has_the_interval_of_scipys_t_test() -> None:
    scores = np.random.default_rng(2).integers(1, 8, 23).astype(float)
    found = one(rated("ces", scores))
    interval = scipy.stats.ttest_1samp(scores, 4.0).confidence_interval(0.95)
    assert (found["mean_low"], found["mean_high"]) == pytest.approx((interval.low, interval.high))


# ---- the rules


def test_below_ten_there_is_a_number_and_no_figure() -> None:
    rows = [*rated("csat", [5, 1, 4] * 3), *rated("nps", [5, 9] * 5)]
    few, enough = told(rows)
    figures = ("score", "low", "high", "mean", "mean_low", "mean_high")
    assert (few["n"], few["verdict"], {few[name] for name in figures}) == (9, "too few", {None})
    assert (enough["n"], enough["verdict"]) == (10, "enough")
    assert None not in [enough[name] for name in figures]
    assert one(rated("csat", [5, 1, 4] * 3), fewest=9)["verdict"] == "enough"


def test_ten_answers_are_enough_whatever_equal_weight_they_have_and_fewer_where_one_outweighs_all() -> None:
    rows = rated("csat", [5, 1] * 5)
    assert one([{**row, "weight": 0.1} for row in rows])["verdict"] == "enough"
    heavy = one([{**row, "weight": 100.0 if row["rating_id"] == "0" else 1.0} for row in rows])
    assert (heavy["n"], heavy["verdict"]) == (10, "too few")


def test_a_total_is_worked_out_from_the_rows_and_not_from_the_groups() -> None:
    rows = [*rated("nps", [10] * 90 + [0] * 10, channel="phone"), *rated("nps", [0] * 8 + [7] * 2, channel="email")]
    by_channel = {row["channel"]: row["score"] for row in told(rows, by=["channel"])}
    assert by_channel == {"phone": pytest.approx(80.0), "email": pytest.approx(-80.0)}
    assert one(rows)["score"] == pytest.approx(100 * (90 - 18) / 110)


def test_other_words_another_scale_and_another_item_are_another_question() -> None:
    scores = [1, 2, 3, 4, 5] * 2
    rows = [
        *rated("csat", scores, wording="How satisfied were you?"),
        *rated("csat", scores, wording="Were you satisfied?"),
        *rated("csat", scores),
        *rated("csat", scores, scale_high=7.0),
        *rated("csat", scores, item="company"),
    ]
    found = told(rows)
    assert [row["n"] for row in found] == [10] * 5
    question = ("instrument", "item", "wording", "scale_low", "scale_high")
    assert len({tuple(row[name] for name in question) for row in found}) == 5


def test_where_all_are_on_one_side_the_error_of_nps_is_what_wilson_leaves_open() -> None:
    unseen = 100 * 1.959963984540054**2 / (12 + 1.959963984540054**2)
    all_high, all_low, all_between = (one(rated("nps", scores)) for scores in ([9, 10] * 6, [0, 6] * 6, [7, 8] * 6))
    assert (all_high["low"], all_high["high"]) == (pytest.approx(100 - 2 * unseen), 100.0)
    assert (all_low["low"], all_low["high"]) == (-100.0, pytest.approx(2 * unseen - 100))
    assert (all_between["low"], all_between["high"]) == pytest.approx((-unseen, unseen))


def test_answers_that_are_all_alike_give_no_interval_of_the_mean() -> None:
    found = one(rated("csat", [4] * 30))
    assert (found["mean"], found["mean_low"], found["mean_high"]) == (4.0, None, None)
    assert (found["score"], found["high"]) == (1.0, 1.0)
    assert 0.88 < found["low"] < 0.89


def test_what_lies_off_its_scale_or_weighs_nothing_is_counted_apart() -> None:
    rows = rated("csat", [5, 1] * 6)
    wrong = [*rated("csat", [6, 0]), *rated("csat", [3], weight=0.0)]
    found = one([*rows, *wrong])
    assert (found["n"], found["left_out"]) == (12, 3)
    assert {**found, "left_out": 0} == one(rows)
    none = one(rated("csat", [3], scale_high=1.0))
    assert (none["n"], none["effective"], none["left_out"], none["verdict"]) == (0, 0.0, 1, "too few")


def test_of_no_rating_nothing_is_told() -> None:
    found = survey(ibis.memtable(table_of("ratings", [])), by=["channel"])
    assert found.num_rows == 0
    assert found.schema.field("n").type == pa.int64()
    assert found.column_names[0] == "channel"


@pytest.mark.parametrize("how", [{"by": ["colour"]}, {"by": ["instrument"]}, {"by": ["score"]}, {"fewest": 0}])
def test_what_cannot_be_meant_is_refused(how: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="add up ratings"):
        told(rated("csat", [1]), **how)


def test_nothing_stands_twice() -> None:
    with pytest.raises(UsageError, match="by channel"):
        told(rated("csat", [1]), by=["channel", "channel"])


# ---- laws


def many(seed: int, n: int = 1000) -> list[dict[str, Any]]:
    random = Random(seed)
    rows = []
    for number in range(n):
        instrument = random.choice(list(SCALES))
        low, high = SCALES[instrument]
        more = {"weight": random.choice([None, 0.5, 2.0]), "channel": random.choice(["phone", "email", None])}
        rows += rated(instrument, [random.randint(int(low), int(high))], **more)
        rows[-1]["rating_id"] = f"{number}"
    return rows


def alike(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> bool:
    return len(one) == len(other) and all(a == pytest.approx(b, abs=1e-9) for a, b in zip(one, other, strict=True))


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.01, 3.0, 250.0]))
def test_neither_the_order_of_ratings_nor_the_unit_of_weights_changes_anything(seed: int, unit: float) -> None:
    rows = many(seed)
    mixed = [{**row, "weight": unit * (row["weight"] or 1.0)} for row in Random(seed).sample(rows, len(rows))]
    found = told(rows, by=["channel"], fewest=2)
    assert alike(told(mixed, by=["channel"], fewest=2), found)
    for row in found:  # and figures lie within their intervals, these within the possible
        low, high = (-100.0, 100.0) if row["metric"] == "nps" else (0.0, 1.0)
        assert low <= row["low"] <= row["score"] + 1e-12
        assert row["score"] - 1e-12 <= row["high"] <= high
        assert row["mean_low"] is None or row["mean_low"] <= row["mean"] <= row["mean_high"]


@pytest.mark.parametrize("ends", [(0.0, 4.0), (0.0, 100.0), (-2.0, 2.0)])
def test_other_numbers_beside_the_same_answers_change_the_mean_alone(ends: tuple[float, float]) -> None:
    scores = np.random.default_rng(3).integers(1, 6, 40).astype(float)
    plain, factor = one(rated("stars", scores)), (ends[1] - ends[0]) / 4.0
    moved = one(rated("stars", ends[0] + factor * (scores - 1.0), scale_low=ends[0], scale_high=ends[1]))
    assert [moved[name] for name in ("score", "low", "high")] == [plain[name] for name in ("score", "low", "high")]
    for name in ("mean", "mean_low", "mean_high"):
        assert moved[name] == pytest.approx(ends[0] + factor * (plain[name] - 1.0))


def test_every_answer_twice_is_the_same_figure_with_a_smaller_error() -> None:
    rows = rated("nps", [10, 9, 8, 3, 0, 7] * 5)
    once, twice = one(rows), one([*rows, *rows])
    assert (twice["n"], twice["score"], twice["mean"]) == (2 * once["n"], once["score"], pytest.approx(once["mean"]))
    assert twice["high"] - twice["score"] == pytest.approx((once["high"] - once["score"]) / np.sqrt(2))


@pytest.mark.spark
@pytest.mark.slow
def test_duckdb_and_spark_agree(duckdb: Any, spark: SparkSession, tmp_path: Path) -> None:
    pq.write_table(table_of("ratings", many(7)), tmp_path / "ratings.parquet")
    found = [
        survey(backend.read_parquet(str(tmp_path / "ratings.parquet")), by=["channel"]).to_pylist()
        for backend in (duckdb, ibis.pyspark.connect(spark))
    ]
    assert len(found[0]) == 15
    assert alike(*found)
