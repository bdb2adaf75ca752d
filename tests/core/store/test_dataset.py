"""Which file is which table, in every format a dataset may have, and when the door may be skipped."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from collage.errors import ContractError, DatasetError
from collage.store import Dataset, Engine, open_dataset, write_dataset
from tests.core.store.folders import AT, Row, arrow, as_csv, as_gzip, as_jsonl, as_table, parquet, rows_of, touchpoint

ROWS = [
    touchpoint(1, received_at=AT, severity=0.5, amount=1999, currency="EUR", text='said "hi",\nthen ünd 😀 '),
    touchpoint(2, late_s=-1.0, properties='{"a":[1,null],"b":"c"}', site="007"),
    touchpoint(3),
]
FORMATS: dict[str, Callable[[list[Row]], bytes]] = {"csv": as_csv, "csv.gz": as_gzip, "jsonl": as_jsonl}


def opened(folder: Path, engine: Engine) -> tuple[Dataset, list[str]]:
    """Open a dataset; return it and the tables that went through the door."""
    checked: list[str] = []
    return open_dataset(folder, engine, progress=checked.append), checked


# ---- formats


@pytest.mark.parametrize("ending", FORMATS)
def test_texts_of_the_same_columns_are_read_like_parquet(engine: Engine, tmp_path: Path, ending: str) -> None:
    (tmp_path / f"touchpoints.{ending}").write_bytes(FORMATS[ending](ROWS))
    dataset, checked = opened(tmp_path, engine)
    assert rows_of(dataset) == ROWS
    assert checked == ["touchpoints"]
    assert dataset.checked["touchpoints"].rows == 3


def test_a_folder_of_parquet_files_is_one_table_and_columns_may_lack_in_some(engine: Engine, tmp_path: Path) -> None:
    few = [{name: row[name] for name in ("kind", "occurred_at", "identifier", "touchpoint_id")} for row in ROWS[2:]]
    parquet(tmp_path / "touchpoints" / "a.parquet", few)
    parquet(tmp_path / "touchpoints" / "b.parquet", arrow(ROWS[:2]).to_pylist())
    (tmp_path / "touchpoints" / "_SUCCESS").write_bytes(b"")
    assert rows_of(opened(tmp_path, engine)[0]) == ROWS


def test_a_table_is_found_once_or_refused_and_derived_ones_are_none(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"no such folder\n  to do: make one: collage read"):
        open_dataset(tmp_path / "none", engine)
    (tmp_path / "marks.parquet").write_bytes(b"")
    with pytest.raises(DatasetError, match="none of our tables in it"):
        open_dataset(tmp_path, engine)
    (tmp_path / "touchpoints").mkdir()
    with pytest.raises(DatasetError, match="a folder without Parquet files"):
        open_dataset(tmp_path, engine)
    (tmp_path / "touchpoints.csv").write_bytes(as_csv(ROWS))
    with pytest.raises(DatasetError, match=r"both touchpoints\.csv and touchpoints/\n  to do: keep one of them"):
        open_dataset(tmp_path, engine)
    (tmp_path / "touchpoints").rmdir()
    dataset = open_dataset(tmp_path, engine)
    assert list(dataset.files) == ["touchpoints"]
    assert dataset.has("touchpoints")
    assert not dataset.has("claims")
    with pytest.raises(DatasetError, match=r"read claims of .*\n  found: no such table \(there are: touchpoints\)"):
        dataset.table("claims")


def test_a_table_without_rows_is_there_and_holds_nothing(engine: Engine, tmp_path: Path) -> None:
    write_dataset(tmp_path / "x", {"touchpoints": as_table([])}, engine, notes={})
    dataset, _ = opened(tmp_path / "x", engine)
    assert rows_of(dataset) == []
    assert not dataset.has("touchpoints")


# ---- dataset.json


@pytest.fixture
def company(engine: Engine, tmp_path: Path) -> Path:
    folder = tmp_path / "company"
    write_dataset(folder, {"touchpoints": as_table(ROWS)}, engine, notes={})
    return folder


def test_what_is_as_it_was_written_does_not_go_through_the_door_again(engine: Engine, company: Path) -> None:
    dataset, checked = opened(company, engine)
    assert checked == []
    assert dataset.checked["touchpoints"].verified
    assert rows_of(dataset) == ROWS


Note = dict[str, Any]
LIES: dict[str, Callable[[Note], Any]] = {
    "another contract": lambda note: {**note, "contract": "0"},
    "another size": lambda note: changed(note, files={"touchpoints.parquet": 1}),
    "another file": lambda note: changed(note, files={"touchpoints/a.parquet": 1}),
    "more rows": lambda note: changed(note, rows=4),
    "rows that are no number": lambda note: changed(note, rows="many"),
    "rows without end": lambda note: changed(note, rows=float("inf")),
    "a table that is not there": lambda note: {
        **note,
        "tables": {**note["tables"], "claims": note["tables"]["touchpoints"]},
    },
    "no tables": lambda note: {"contract": note["contract"]},
    "no table": lambda note: {**note, "tables": {}},
    "a list": lambda note: [note],
    "nothing": lambda _: None,
}


def changed(note: Note, **more: Any) -> Note:
    return {**note, "tables": {"touchpoints": {**note["tables"]["touchpoints"], **more}}}


@pytest.mark.parametrize("lie", LIES)
def test_where_the_description_lies_the_door_is_not_skipped(engine: Engine, company: Path, lie: str) -> None:
    file = company / "dataset.json"
    file.write_text(json.dumps(LIES[lie](json.loads(file.read_text(encoding="utf-8")))), encoding="utf-8")
    dataset, checked = opened(company, engine)
    assert checked == ["touchpoints"]
    assert not dataset.checked["touchpoints"].verified
    assert dataset.checked["touchpoints"].rows == 3


def test_where_the_files_are_others_the_door_is_not_skipped(engine: Engine, company: Path) -> None:
    write = json.loads((company / "dataset.json").read_text(encoding="utf-8"))
    parquet(company / "touchpoints.parquet", arrow([*ROWS[:2], touchpoint(3, severity=4.0)]).to_pylist())
    with pytest.raises(ContractError, match="column severity, row 3"):
        opened(company, engine)
    (company / "touchpoints.parquet").unlink()
    parquet(company / "touchpoints" / "a.parquet", arrow(ROWS).to_pylist())
    assert opened(company, engine)[1] == ["touchpoints"]
    (company / "claims.jsonl").write_bytes(as_jsonl([{"claim_id": "1", "one": "user:1", "other": "user:2"}]))
    assert opened(company, engine)[1] == ["touchpoints", "claims"]
    (company / "dataset.json").write_text(json.dumps(write)[:-9], encoding="utf-8")
    assert opened(company, engine)[1] == ["touchpoints", "claims"]
    (company / "dataset.json").unlink()
    assert opened(company, engine)[1] == ["touchpoints", "claims"]


@pytest.mark.spark
def test_spark_reads_the_same_dataset_alike(spark: object, engine: Engine, tmp_path: Path) -> None:
    from collage.store import connect

    assert spark is not None
    other = connect("spark")
    folders = [tmp_path / name for name in ("company[1]", "company1", "parts")]
    write_dataset(folders[0], {"touchpoints": as_table(ROWS)}, engine, notes={})
    write_dataset(folders[1], {"touchpoints": as_table(ROWS[:1])}, engine, notes={})
    parquet(folders[2] / "touchpoints" / "a.parquet", [touchpoint(3)])
    parquet(folders[2] / "touchpoints" / "b.parquet", arrow(ROWS[:2]).to_pylist())
    for folder in folders:
        assert rows_of(open_dataset(folder, other)) == rows_of(open_dataset(folder, engine))
