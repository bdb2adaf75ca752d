"""Broken input through the front door: refused whole, or set aside row by row, and in either case said in words."""

import json
import re
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from collage import cli
from tests.core.reading.broken import csv_files, datasets, jsonl_files, maps, parquet_files, tables, xes_files
from tests.core.reading.broken.cases import Bad, Content, Refused, SetAside

NOW = "2025-01-01T00:00:00Z"
ROOMS = (csv_files, jsonl_files, parquet_files, xes_files, tables, maps)
REFUSED = [case for room in ROOMS for case in room.REFUSED]
SET_ASIDE = [case for room in ROOMS[:-1] for case in room.SET_ASIDE]


def put(folder: Path, files: Mapping[str, Content]) -> list[str]:
    """Write files into a folder and return their paths."""
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        if name.endswith("/"):
            file.mkdir()
        elif isinstance(content, str):
            file.write_bytes(content.encode("utf-8", "surrogatepass"))
        elif isinstance(content, bytes):
            file.write_bytes(content)
        else:
            content(file)
    return [str(folder / name) for name in files]


def read(folder: Path, sources: list[str], *arguments: str, map_: Content) -> tuple[int, str]:
    """Read sources into ``folder/out`` and return the exit code and what was said."""
    put(folder, {"map.toml": map_})
    words = ["read", *sources, "--map", str(folder / "map.toml"), "--out", str(folder / "out"), "--now", NOW]
    said, shown = StringIO(), StringIO()
    with redirect_stderr(said), redirect_stdout(shown):
        code = cli.main([*words, *arguments])
    assert shown.getvalue() == ""
    return code, said.getvalue()


def assert_refused(code: int, said: str, words: tuple[str, ...]) -> None:
    """Check that a message says what was asked, what was found and what to do, a line each."""
    assert code == 1, said
    assert re.fullmatch(r"collage: could not .+\n  found: .+\n  to do: .+\n", said), said
    assert [word for word in words if word not in said] == [], said
    assert max(map(len, said.splitlines())) < 2_000
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]|Traceback|Error:", said), said


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_what_cannot_be_read_is_refused_whole_in_words_and_nothing_is_written(case: Refused, tmp_path: Path) -> None:
    sources = put(tmp_path, case.files)
    code, said = read(tmp_path, sources, *case.arguments, map_=case.map)
    assert_refused(code, said, case.words)
    assert names(tmp_path) == sorted([*case.files, "map.toml"])


@pytest.mark.parametrize("case", SET_ASIDE, ids=lambda case: case.name)
def test_bad_rows_are_set_aside_with_their_reason_and_the_good_ones_beside_them_are_read(
    case: SetAside, tmp_path: Path
) -> None:
    code, said = read(tmp_path, put(tmp_path, case.files), "--max-bad", "1", map_=case.map)
    assert code == 0, said
    only = next(iter(case.files))
    aside = pq.read_table(tmp_path / "out" / "quarantine.parquet").to_pylist()
    assert [Bad(r["row"], r["column"], r["reason"], r["found"], r["file"]) for r in aside] == [
        Bad(bad.row, bad.column, bad.reason, bad.found, bad.file or only) for bad in case.bad
    ]
    assert all(row["raw"] and len(row["raw"]) <= 2**21 and "\0" not in row["raw"] for row in aside)
    ids = pq.read_table(tmp_path / "out" / "touchpoints.parquet", columns=["touchpoint_id"])["touchpoint_id"]
    assert sorted(ids.to_pylist()) == sorted(case.good)
    files = json.loads((tmp_path / "out" / "read.json").read_text(encoding="utf-8"))["files"]
    assert {name: count["quarantined"] for name, count in files.items()} == {
        name: sum((bad.file or only) == name for bad in case.bad) for name in case.files
    }
    assert all(n["rows"] == n["used"] + n["filtered"] + n["quarantined"] for n in files.values())


@pytest.mark.parametrize("case", datasets.REFUSED, ids=lambda case: case.name)
def test_a_dataset_that_breaks_its_contract_is_refused_whole(
    case: Refused, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(tmp_path, case.files)
    before = names(tmp_path)
    code = cli.main(["check", str(tmp_path)])
    shown = capsys.readouterr()
    assert shown.out == ""
    assert_refused(code, shown.err, case.words)
    assert names(tmp_path) == before


def test_there_are_well_over_sixty_broken_inputs() -> None:
    assert len(REFUSED) + len(datasets.REFUSED) + sum(len(case.bad) for case in SET_ASIDE) > 250
    assert len({case.name for case in (*REFUSED, *SET_ASIDE)}) == len(REFUSED) + len(SET_ASIDE)
