"""Small statistics against published numbers, by hand, and under changes that must not matter."""

from random import Random
from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.types as ir
import pytest

from collage.stats import reliability, shrunken, wilson

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Newcombe, Statistics in Medicine 17 (1998) 857–872, table I, method 3 (score): k, n, lower, upper
NEWCOMBE = [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0000, 0.1611), (1, 29, 0.0061, 0.1718)]
# Efron and Morris, Scientific American 236 (1977) 119–127: batting averages after 45 at bats, drawn to .265 by .212
BATTERS = [(0.400, 0.294), (0.378, 0.289), (0.244, 0.261), (0.222, 0.256), (0.156, 0.242)]
FIVE: list[dict[str, Any]] = [
    {"id": 0, "k": 0, "n": 0, "mean": None},
    {"id": 1, "k": 0, "n": 4, "mean": 5.0},
    {"id": 2, "k": 2, "n": 4, "mean": 1.0},
    {"id": 3, "k": 4, "n": 4, "mean": 3.0},
    {"id": 4, "k": 50, "n": 100, "mean": 5.0},
]


def table(rows: list[dict[str, Any]]) -> ir.Table:
    return ibis.memtable(rows, schema={"id": "int64", "k": "int64", "n": "int64", "mean": "float64"})


def statistics(rows: ir.Table) -> ir.Table:
    low, high = wilson(rows.k, rows.n, confidence=0.9)
    spread = {"between": 0.5, "within": 2.0}
    drawn = shrunken(rows.mean, rows.n, overall=3.0, **spread)
    return rows.select("id", low=low, high=high, reliability=reliability(rows.n, **spread), drawn=drawn).order_by("id")


def worked_out(rows: ir.Table) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = statistics(rows).to_pyarrow().to_pylist()
    return found


def test_wilsons_bounds_are_those_of_newcombes_table() -> None:
    rows = table([{"id": i, "k": k, "n": n, "mean": None} for i, (k, n, _, _) in enumerate(NEWCOMBE)])
    low, high = wilson(rows.k, rows.n)
    found = rows.select(low=low, high=high, id=rows.id).order_by("id").to_pyarrow().to_pylist()
    assert [(round(row["low"], 4), round(row["high"], 4)) for row in found] == [bounds[2:] for bounds in NEWCOMBE]


def test_means_are_drawn_to_the_middle_as_efron_and_morris_drew_the_batting_averages() -> None:
    rows = table([{"id": i, "k": 0, "n": 45, "mean": mean} for i, (mean, _) in enumerate(BATTERS)])
    within = 0.265 * (1 - 0.265)
    between = 0.212 / (1 - 0.212) * within / 45
    drawn = shrunken(rows.mean, rows.n, overall=0.265, between=between, within=within)
    found = rows.select(drawn=drawn, id=rows.id).order_by("id").to_pyarrow()["drawn"].to_pylist()
    assert [round(value, 3) for value in found] == [value for _, value in BATTERS]


def test_five_rows_by_hand() -> None:
    z2 = 1.6448536269514722**2
    half = (4 * z2 / 4 + z2 * z2 / 4) ** 0.5 / (4 + z2)  # of two in four: ±√(z²·k(n−k)/n + z⁴/4)/(n + z²), k(n−k)/n = 1
    found = worked_out(table(FIVE))
    assert found[0] == {"id": 0, "low": None, "high": None, "reliability": 0.0, "drawn": 3.0}
    assert (found[1]["low"], found[1]["high"]) == (0.0, pytest.approx(z2 / (4 + z2)))
    assert (found[2]["low"], found[2]["high"]) == (pytest.approx(0.5 - half), pytest.approx(0.5 + half))
    assert (found[3]["low"], found[3]["high"]) == (pytest.approx(4 / (4 + z2)), 1.0)
    assert [row["reliability"] for row in found[1:]] == pytest.approx([0.5, 0.5, 0.5, 50 / 52])
    assert [row["drawn"] for row in found[1:]] == pytest.approx([4.0, 2.0, 3.0, 3 + 2 * 50 / 52])


def test_neither_order_nor_unit_nor_counting_the_others_instead_changes_what_is_said() -> None:
    dice = Random(5)
    rows = [{"id": i, "n": n, "k": dice.randint(0, n), "mean": dice.gauss(3, 1)} for i in range(200) if (n := i + 1)]
    mixed = dice.sample(rows, len(rows))
    assert worked_out(table(mixed)) == worked_out(table(rows))
    others = worked_out(table([{**row, "k": row["n"] - row["k"]} for row in rows]))
    plain = worked_out(table(rows))
    assert [1 - row["high"] for row in others] == pytest.approx([row["low"] for row in plain], abs=1e-12)
    scaled = table([{**row, "mean": 25 * row["mean"] - 25} for row in rows])
    drawn = shrunken(scaled.mean, scaled.n, overall=50.0, between=0.5 * 25**2, within=2.0 * 25**2)
    found = scaled.select(drawn=drawn, id=scaled.id).order_by("id").to_pyarrow()["drawn"].to_pylist()
    assert found == pytest.approx([25 * row["drawn"] - 25 for row in plain])


@pytest.mark.spark
def test_spark_says_the_same(spark: "SparkSession") -> None:
    backend = ibis.pyspark.connect(spark)
    there = backend.to_pyarrow(statistics(table(FIVE))).to_pylist()
    assert [pytest.approx(row, abs=1e-12) for row in worked_out(table(FIVE))] == there
