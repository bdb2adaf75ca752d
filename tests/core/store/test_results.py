"""A result as a file: the columns exactly, times in UTC, nothing that a spreadsheet would run, whole or not at all."""

import io
import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from collage.errors import DatasetError
from collage.store import render, write_result

AT = datetime(2024, 5, 1, 12, 0, 0, 250_000, tzinfo=timezone(timedelta(hours=2)))
TEXTS = ["plain", "=1+1", "+1", "-1", "@x", "\tx", "\rx", 'a "b", c\nd', "", None]
TABLE = pa.table(
    {
        "text": TEXTS,
        "at": pa.array([AT, None] * 5, pa.timestamp("us", "UTC")),
        "number": [1.5, float("nan"), float("inf"), None, -0.25, 0.0, 1e300, 0.1, 2.0, 3.0],
        "whole": [2**60, None, 3, 4, 5, 6, 7, 8, 9, 10],
        "yes": [True, False, None] * 3 + [True],
    }
)
Z = "2024-05-01T10:00:00.250000Z"


def test_json_is_a_list_of_objects_with_exactly_the_columns_and_nothing_that_json_lacks() -> None:
    rows = json.loads(render(TABLE, "json"), parse_constant=pytest.fail)
    assert [list(row) for row in rows] == [TABLE.column_names] * 10
    assert [row["text"] for row in rows] == TEXTS
    assert [row["at"] for row in rows] == [Z, None] * 5
    assert [row["number"] for row in rows] == [1.5, None, None, None, -0.25, 0.0, 1e300, 0.1, 2.0, 3.0]
    assert rows[0]["whole"] == 2**60
    assert json.loads(render(TABLE.slice(0, 0), "json")) == []
    assert "ü" in render(pa.table({"ü": ["ü"]}), "json").decode()


def test_csv_is_harmless_to_a_spreadsheet_and_gives_the_same_values_back() -> None:
    text = render(TABLE, "csv")
    options = pa.csv.ConvertOptions(column_types={"text": pa.string(), "at": pa.string()}, strings_can_be_null=False)
    back = pa.csv.read_csv(
        io.BytesIO(text), parse_options=pa.csv.ParseOptions(newlines_in_values=True), convert_options=options
    )
    safe = ["plain", "'=1+1", "'+1", "'-1", "'@x", "'\tx", "'\rx", 'a "b", c\nd', "", ""]
    assert back.column_names == TABLE.column_names
    assert back["text"].to_pylist() == safe
    assert back["at"].to_pylist() == [Z, ""] * 5
    assert back["whole"].to_pylist() == TABLE["whole"].to_pylist()
    coded = pa.table(
        {"kind": pa.array(["=x", "y"]).dictionary_encode(), "view": pa.array(["=x", "y"], pa.string_view())}
    )
    assert render(coded, "csv").decode().splitlines()[1:] == ['"\'=x","\'=x"', '"y","y"']


def test_parquet_keeps_every_type() -> None:
    assert pq.read_table(io.BytesIO(render(TABLE, "parquet"))).schema == TABLE.schema


@pytest.mark.parametrize("format_", ["json", "csv", "parquet"])
def test_a_result_replaces_a_file_whole_or_leaves_it(tmp_path: Path, format_: str) -> None:
    file = tmp_path / "result"
    file.write_text("old")
    write_result(TABLE, file, format_)
    assert file.read_bytes() == render(TABLE, format_)
    assert list(tmp_path.iterdir()) == [file]
    with pytest.raises(DatasetError, match=r"(?s)write .*nowhere.*\n  to do: choose another place with --out"):
        write_result(TABLE, tmp_path / "nowhere" / "result", format_)
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(DatasetError, match="to do: choose another place with --out"):
        write_result(TABLE, folder, format_)
    assert sorted(tmp_path.iterdir()) == [folder, file]


def test_a_time_without_a_zone_is_in_utc_wherever_the_machine_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        naive = pa.table({"at": pa.array([datetime(2024, 5, 1, 10)], pa.timestamp("us"))})  # noqa: DTZ001  # is meant
        assert json.loads(render(naive, "json")) == [{"at": "2024-05-01T10:00:00Z"}]
        aware = pa.table({"at": pa.array([datetime(2024, 5, 1, 10, tzinfo=UTC)], pa.timestamp("us", "UTC"))})
        assert json.loads(render(aware, "json")) == [{"at": "2024-05-01T10:00:00Z"}]
    finally:
        monkeypatch.undo()
        time.tzset()
