"""A dataset appears whole or not at all, and nothing else is ever touched."""

import json
from pathlib import Path

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from collage.errors import DatasetError
from collage.store import Engine, in_the_way, open_dataset, write_dataset
from collage.tables import contract_hash
from tests.core.store.folders import AT, Row, as_table, rows_of, touchpoint

ROWS = [touchpoint(1), touchpoint(2, wait_s=1.5, properties='{"a": 1}')]
CLAIMS: list[Row] = [{"claim_id": "c:1", "one": "user:1", "other": "user:2", "claimed_at": AT}]


class KilledError(Exception):
    """Stands for whatever ends the process in the middle."""


def write(engine: Engine, folder: Path, rows: list[Row] = ROWS, *, replace: bool = False) -> dict[str, int]:
    tables = {"touchpoints": as_table(rows), "claims": as_table(CLAIMS, "claims")}
    notes, files = {"read.json": {"ä": [1]}}, {"catalogue.toml": 'version = "1"\n'}
    return write_dataset(folder, tables, engine, notes=notes, files=files, replace=replace)


def everything(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_dataset_is_written_with_its_notes_and_a_description_of_itself(engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "it's [1] company"
    assert write(engine, folder) == {"touchpoints": 2, "claims": 1}
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    write(engine, tmp_path / "new" / "it's 1 company", ROWS[:1])  # which the other's name would fit as a pattern
    names = {"touchpoints.parquet", "claims.parquet", "read.json", "dataset.json", "catalogue.toml"}
    assert {path.name for path in folder.iterdir()} == names
    assert json.loads((folder / "read.json").read_text(encoding="utf-8")) == {"ä": [1]}
    assert json.loads((folder / "dataset.json").read_text(encoding="utf-8")) == {
        "contract": contract_hash(),
        "tables": {
            name: {"rows": n, "files": {f"{name}.parquet": (folder / f"{name}.parquet").stat().st_size}}
            for name, n in (("touchpoints", 2), ("claims", 1))
        },
    }
    dataset = open_dataset(folder, engine)
    assert (rows_of(dataset), rows_of(dataset, "claims")) == (ROWS, CLAIMS)
    assert dataset.text("catalogue.toml") == 'version = "1"\n'
    assert dataset.text("nothing.toml") is None


def test_rows_in_memory_are_the_same_bytes_each_time_and_may_stand_beside_the_dataset(
    engine: Engine, tmp_path: Path
) -> None:
    rows = as_table(ROWS).to_pyarrow()
    files = {"truth/agents.parquet": pa.table({"agent": ["care-01"]}), "truth/causes.json": "{}"}
    for name in ("one", "two"):
        assert write_dataset(tmp_path / name, {"touchpoints": rows}, engine, notes={}, files=files) == {
            "touchpoints": 2
        }
    assert everything(tmp_path / "one") == everything(tmp_path / "two")
    dataset = open_dataset(tmp_path / "one", engine)
    assert rows_of(dataset) == ROWS
    assert dataset.checked["touchpoints"].verified
    assert pq.read_table(tmp_path / "one" / "truth" / "agents.parquet").to_pylist() == [{"agent": "care-01"}]
    in_the_way(tmp_path / "one", replace=True)


def test_a_folder_called_truth_that_is_somebodys_own_is_not_replaced(engine: Engine, tmp_path: Path) -> None:
    write(engine, tmp_path / "new")
    (tmp_path / "new" / "truth").mkdir()
    with pytest.raises(DatasetError, match="which would be lost: truth"):
        in_the_way(tmp_path / "new", replace=True)


@pytest.mark.parametrize("at", ["touchpoints", "claims"])
def test_what_ends_in_the_middle_leaves_nothing_behind_and_an_old_dataset_as_it_was(
    engine: Engine, tmp_path: Path, at: str
) -> None:
    def progress(name: str) -> None:
        if name == at:
            raise KilledError

    old = tmp_path / "old"
    write(engine, old, ROWS[:1])
    before = everything(tmp_path)
    tables = {"touchpoints": as_table(ROWS), "claims": as_table(CLAIMS, "claims")}
    for folder in (tmp_path / "deep" / "new", old):
        with pytest.raises(KilledError):
            write_dataset(folder, tables, engine, notes={}, replace=True, progress=progress)
        assert everything(tmp_path) == before
        assert [path.name for path in tmp_path.iterdir()] == ["old"]


def test_a_table_that_cannot_be_worked_out_is_an_error_and_leaves_nothing(engine: Engine, tmp_path: Path) -> None:
    bad = as_table(ROWS).mutate(text=ibis.literal("x").cast("int64").cast("string"))
    with pytest.raises(DatasetError, match=r"write the dataset .*new\n  found: .*Could not convert"):
        write_dataset(tmp_path / "new", {"touchpoints": bad}, engine, notes={})
    assert list(tmp_path.iterdir()) == []


def test_a_dataset_is_replaced_only_when_that_is_said(engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "company"
    write(engine, folder)
    before = everything(folder)
    with pytest.raises(DatasetError, match=r"a dataset is there already\n  to do: .*--replace"):
        write(engine, folder, ROWS[:1])
    assert everything(folder) == before
    write(engine, folder, ROWS[:1], replace=True)
    assert rows_of(open_dataset(folder, engine)) == ROWS[:1]
    assert [path.name for path in tmp_path.iterdir()] == ["company"]


def test_what_is_no_dataset_of_ours_is_never_touched(engine: Engine, tmp_path: Path) -> None:
    file, other, mixed, empty = (tmp_path / name for name in ("file", "other", "mixed", "empty"))
    file.write_text("mine")
    other.mkdir()
    (other / "thesis.txt").write_text("mine")
    write(engine, mixed)
    (mixed / "thesis.txt").write_text("mine")
    empty.mkdir()
    before = everything(tmp_path)
    for folder, found in ((file, "not a dataset"), (other, "not a dataset"), (mixed, "would be lost: thesis.txt")):
        with pytest.raises(DatasetError, match=f"{found}.*\n  to do: choose another --out; nothing was touched"):
            in_the_way(folder, replace=True)
        with pytest.raises(DatasetError, match=found):
            write(engine, folder, replace=True)
    assert everything(tmp_path) == before
    in_the_way(empty, replace=False)
    in_the_way(tmp_path / "nowhere" / "at" / "all", replace=False)
    assert write(engine, empty)["touchpoints"] == 2
