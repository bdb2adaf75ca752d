"""The benchmark runs, on files so small that its figures say nothing."""

import json
from pathlib import Path

import pytest

from bench.__main__ import MEASUREMENTS, main
from bench.memory import memory


def test_every_measurement_gives_its_lines_in_one_table_and_as_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quick = [name for name in MEASUREMENTS if name != "memory"]
    figures = tmp_path / "figures.json"
    lines = main([*quick, "--rows", "200", "--repeat", "1", "--json", str(figures)])
    assert [line.measured.split(",")[0] for line in lines] == [
        *["CSV", "CSV", "CSV.gz", "CSV by the slow reader", "XES", "JSONL", "Parquet"],
        *[
            "claims: customers",
            "score: claims",
            "score: adding marks up",
            "score: one customer",
            "score: the command",
            "score: the command",
            "simulate",
            "report",
            "score: the command on many",
        ],
    ]
    written = json.loads(figures.read_text(encoding="utf-8"))["lines"]
    assert set(written) == {line.measured for line in lines}
    assert all(line["ours_s"] > 0 and line.get("floor_s", 1) > 0 for line in written.values())
    told = capsys.readouterr().out.splitlines()
    assert len(told) == 4 + len(lines)  # the machine, a blank line, the head and its rule
    assert "≥ 400,000" in told[4]


def test_memory_is_measured_in_a_process_of_its_own(tmp_path: Path) -> None:
    (line,) = memory(tmp_path, 2000, 1, times=(1,), only=("JSONL",))
    assert line.figures["growth"] == 1
    assert line.kept
    assert 0 < float(line.figures["own_mb_20"]) < float(line.figures["process_mb_20"])
