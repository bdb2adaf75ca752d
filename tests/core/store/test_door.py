"""The door: what it takes and how it takes it, and what it refuses, with file, column, row and what to do."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from collage.errors import ContractError, EngineError
from collage.store import Engine, open_dataset
from tests.core.store.folders import AT, Row, arrow, as_csv, as_jsonl, parquet, rows_of, touchpoint

N = 3
ROWS = [touchpoint(n) for n in range(N)]
NAIVE = [(AT + timedelta(minutes=n)).replace(tzinfo=None) for n in range(N)]


def columns(**others: pa.Array | None) -> dict[str, pa.Array]:
    """Return the columns of three sound touchpoints, some of them others, or (None) left out."""
    table = arrow(ROWS)
    named = {name: table[name] for name in ("touchpoint_id", "identifier", "occurred_at", "kind")}
    return {name: array for name, array in {**named, **others}.items() if array is not None}


# ---- what is taken

TAKEN: dict[str, dict[str, pa.Array]] = {
    "milliseconds": {"occurred_at": pa.array(NAIVE, pa.timestamp("ms", "UTC"))},
    "seconds without a zone": {"occurred_at": pa.array(NAIVE, pa.timestamp("s"))},
    "microseconds without a zone": {"occurred_at": pa.array(NAIVE, pa.timestamp("us"))},
    "another zone": {
        "occurred_at": pa.array([at.replace(tzinfo=UTC) for at in NAIVE], pa.timestamp("us", "Asia/Tokyo"))
    },
    "a dictionary": {"kind": pa.array(["a.b"] * N).dictionary_encode()},
    "large strings": {"kind": pa.array(["a.b"] * N, pa.large_string())},
    "string views": {"kind": pa.array(["a.b"] * N, pa.string_view())},
    "all null": {"text": pa.nulls(N), "amount": pa.nulls(N), "wait_s": pa.nulls(N), "received_at": pa.nulls(N)},
}


@pytest.mark.parametrize("sentence", TAKEN)
def test_a_parquet_file_is_taken_with(engine: Engine, tmp_path: Path, sentence: str) -> None:
    parquet(tmp_path / "touchpoints.parquet", columns(**TAKEN[sentence]))
    assert rows_of(open_dataset(tmp_path, engine)) == ROWS


def test_numbers_of_any_width_become_the_contracts(engine: Engine, tmp_path: Path) -> None:
    numbers = {
        "wait_s": pa.array([1, 2, None], pa.int8()),
        "duration_s": pa.array([0.5, 2, None], pa.float32()),
        "late_s": pa.array([Decimal("-1.25"), None, None], pa.decimal128(6, 2)),
        "amount": pa.array([1, 2, None], pa.uint32()),
        "currency": pa.array(["EUR", "EUR", None]),
    }
    parquet(tmp_path / "touchpoints.parquet", columns(**numbers))
    assert [[row.get(name) for name in numbers] for row in rows_of(open_dataset(tmp_path, engine))] == [
        [1.0, 0.5, -1.25, 1, "EUR"],
        [2.0, 2.0, None, 2, "EUR"],
        [None] * 5,
    ]


@pytest.mark.parametrize("ending", ["parquet", "csv", "jsonl"])
def test_unknown_columns_go_to_properties_beside_what_is_there(engine: Engine, tmp_path: Path, ending: str) -> None:
    extra: list[Row] = [
        {"colour": "red", "it's": "2", "properties": '{"a": "old", "colour": "blue"}'},
        {"colour": None, "it's": None, "properties": '{"a": "old", "colour": "blue"}'},
        {"colour": "green", "it's": None, "properties": None},
    ]
    rows = [{**row, **more} for row, more in zip(ROWS, extra, strict=True)]
    if ending == "parquet":
        parquet(tmp_path / "touchpoints.parquet", rows)
    else:
        (tmp_path / f"touchpoints.{ending}").write_bytes({"csv": as_csv, "jsonl": as_jsonl}[ending](rows))
    dataset = open_dataset(tmp_path, engine)
    assert [row.get("properties") for row in rows_of(dataset)] == [
        '{"a":"old","colour":"red","it\'s":"2"}',
        '{"a":"old","colour":"blue"}',
        '{"colour":"green"}',
    ]
    assert set(dataset.checked["touchpoints"].unknown) == {"colour", "it's"}


def test_a_table_without_properties_drops_unknown_columns_and_says_so(engine: Engine, tmp_path: Path) -> None:
    parquet(tmp_path / "touchpoints.parquet", ROWS)
    parquet(tmp_path / "claims.parquet", [{"claim_id": "1", "one": "user:1", "other": "user:2", "why": "x"}])
    dataset = open_dataset(tmp_path, engine)
    assert dataset.checked["claims"].unknown == ("why",)
    assert rows_of(dataset, "claims") == [{"claim_id": "1", "one": "user:1", "other": "user:2"}]


def test_a_row_that_stands_twice_is_dropped_and_counted(engine: Engine, tmp_path: Path) -> None:
    parquet(tmp_path / "touchpoints" / "a.parquet", [*ROWS, ROWS[0]])
    parquet(tmp_path / "touchpoints" / "b.parquet", [ROWS[1]])
    dataset = open_dataset(tmp_path, engine)
    assert rows_of(dataset) == ROWS
    assert (dataset.checked["touchpoints"].rows, dataset.checked["touchpoints"].duplicates) == (5, 2)


# ---- what is refused

TYPES: dict[str, tuple[dict[str, pa.Array], str, str]] = {
    "nanoseconds": (
        {"occurred_at": pa.array(NAIVE, pa.timestamp("ns", "UTC"))},
        r"column occurred_at\n  found: nanosecond times",
        "collage read, which rounds them down",
    ),
    "times as texts": (
        {"occurred_at": pa.array(["2024-05-01"] * N)},
        r"column occurred_at\n  found: type string",
        "write the column as timestamp",
    ),
    "days": ({"occurred_at": pa.array([at.date() for at in NAIVE])}, "found: type date32", "as timestamp"),
    "numbers as texts": ({"wait_s": pa.array(["1"] * N)}, r"column wait_s\n  found: type string", "as double"),
    "fractions as money": ({"amount": pa.array([1.5] * N)}, "column amount\n  found: type double", "as int64"),
    "more than a whole number holds": ({"amount": pa.array([1] * N, pa.uint64())}, "found: type uint64", "as int64"),
    "texts as numbers": ({"text": pa.array([1] * N)}, "column text\n  found: type int64", "as string"),
    "lists": ({"text": pa.array([["a"]] * N)}, "found: type list", "as string"),
    "a dictionary of numbers": ({"text": pa.array([1] * N).dictionary_encode()}, "found: type int64", "as string"),
    "no required column": ({"kind": None}, r"as touchpoints\n  found: no column kind", "required columns"),
}


@pytest.mark.parametrize("sentence", TYPES)
def test_a_parquet_file_is_refused_for(engine: Engine, tmp_path: Path, sentence: str) -> None:
    others, found, advice = TYPES[sentence]
    parquet(tmp_path / "touchpoints.parquet", columns(**others))
    with pytest.raises(ContractError, match=rf"(?s)^read touchpoints\.parquet.*{found}") as refused:
        open_dataset(tmp_path, engine)
    assert advice in refused.value.do


# ROWS with a change in the second, and what is said of it
ROWS_REFUSED: dict[str, tuple[Row, str, str]] = {
    "null where it must be known": ({"identifier": None}, "identifier", "null, which is null but must be known"),
    "no identifier": ({"identifier": "nobody"}, "identifier", "'nobody', which is not namespace:value"),
    "a negative wait": ({"wait_s": -1.0}, "wait_s", "'-1.0', which is below 0"),
    "a severity above three": ({"severity": 3.5}, "severity", "'3.5', which is above 3"),
    "a time long ago": (
        {"occurred_at": datetime(1000, 1, 1, tzinfo=UTC)},
        "occurred_at",
        "which is not a time between",
    ),
    "properties that are a list": ({"properties": "[]"}, "properties", "which is not a JSON object"),
    "money without a currency": ({"amount": 5}, "currency", "'5', which is null beside an amount"),
}
WRITTEN: dict[str, Callable[[list[Row]], bytes]] = {"csv": as_csv, "jsonl": as_jsonl}


@pytest.mark.parametrize("ending", ["parquet", "csv", "jsonl"])
def test_the_first_offending_row_is_told_with_its_place_in_its_file(
    engine: Engine, tmp_path: Path, ending: str
) -> None:
    few = list(ROWS_REFUSED.values())[:: 1 if ending == "parquet" else 3]
    for number, (change, column, found) in enumerate(few):
        rows = [ROWS[0], {**ROWS[1], **change}, {**ROWS[2], **change}]
        folder = tmp_path / str(number)
        name = f"touchpoints.{ending}"
        if ending == "parquet":
            name = "b.parquet"
            parquet(folder / "touchpoints" / "a.parquet", arrow([touchpoint(n) for n in range(10, 15)]).to_pylist())
            parquet(folder / "touchpoints" / "b.parquet", arrow(rows).to_pylist())
        else:
            folder.mkdir()
            (folder / name).write_bytes(WRITTEN[ending](rows))
        with pytest.raises(ContractError) as refused:
            open_dataset(folder, engine)
        assert refused.value.asked == f"read {name} as touchpoints: column {column}, row 2"
        assert found in refused.value.found
        assert refused.value.found.endswith("(2 rows in all)")
        assert refused.value.do.startswith(f"{column} holds ")


TEXTS_REFUSED: dict[str, tuple[str, str, str]] = {
    "a word as a number": ("wait_s", "long", "'long', which is not a number"),
    "infinity": ("wait_s", "inf", "'inf', which is not a number"),
    "a fraction as money": ("amount", "1.5", "'1.5', which is not a whole number"),
    "a day that never was": ("received_at", "2023-02-29", "'2023-02-29', which is not a time"),
}


def test_a_text_of_another_type_is_told_as_it_stands(engine: Engine, tmp_path: Path) -> None:
    for number, (column, text, found) in enumerate(TEXTS_REFUSED.values()):
        folder = tmp_path / str(number)
        folder.mkdir()
        rows: list[dict[str, Any]] = [
            {**row, "currency": "EUR", column: "" if row is not ROWS[2] else text} for row in ROWS
        ]
        (folder / "touchpoints.csv").write_bytes(as_csv(rows))
        with pytest.raises(ContractError, match=rf"touchpoints\.csv as touchpoints: column {column}, row 3") as refused:
            open_dataset(folder, engine)
        assert refused.value.found.startswith(found)


def test_an_id_that_stands_for_two_rows_refuses_the_table(engine: Engine, tmp_path: Path) -> None:
    parquet(tmp_path / "touchpoints.parquet", [*ROWS, {**ROWS[1], "kind": "b"}, ROWS[0]])
    with pytest.raises(ContractError, match=r"column touchpoint_id\n  found: 's:1' stands for 2 different rows"):
        open_dataset(tmp_path, engine)


def test_what_is_no_whole_file_is_refused_with_its_name(engine: Engine, tmp_path: Path) -> None:
    broken: dict[str, bytes] = {
        "touchpoints.parquet": b"PAR1 and no more",
        "touchpoints.csv": as_csv(ROWS).replace(b"a.b\n", b"a.b,more\n", 1),
        "touchpoints.csv.gz": b"\x1f\x8b\x08",
        "touchpoints.jsonl": as_jsonl(ROWS)[:-5],
    }
    for name, content in broken.items():
        file = tmp_path / name
        file.write_bytes(content)
        with pytest.raises(ContractError, match=f"read {name}") as refused:
            open_dataset(tmp_path, engine)
        assert refused.value.do
        file.unlink()


@pytest.mark.spark
def test_spark_refuses_what_it_cannot_read_as_duckdb_would(spark: object, tmp_path: Path) -> None:
    from collage.store import connect

    assert spark is not None
    other = connect("spark")
    (tmp_path / "touchpoints.csv").write_bytes(as_csv(ROWS))
    with pytest.raises(EngineError, match=r"touchpoints\.csv, which is no Parquet\n  to do: use --engine duckdb"):
        open_dataset(tmp_path, other).table("touchpoints")
    (tmp_path / "touchpoints.csv").unlink()
    parquet(tmp_path / "touchpoints.parquet", [{**row, "properties": "{}", "colour": "red"} for row in ROWS])
    with pytest.raises(EngineError, match="unknown columns beside properties with Spark\n  found: colour"):
        open_dataset(tmp_path, other).table("touchpoints")
