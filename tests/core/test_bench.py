"""The benchmark runs, on files so small that its figures say nothing."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from bench.__main__ import MEASUREMENTS, main
from bench.claims import RIVALS, foretelling, held_to_truth, nothing_found
from bench.companies import Truth
from bench.dialogues import CORPORA, crossed, lead
from bench.memory import memory
from collage.experience.model import Gain
from tests.core.report.taught import SHARES, model

SERVED = {
    "ingest",
    "ingest-postgresql",
    "import",
    "pages",
    "pages-postgresql",
    "crowd",
    "crowd-postgresql",
}  # tests/web/test_bench.py has those


READING = ["csv", "xes", "jsonl", "parquet"]
READ = ["CSV", "CSV", "CSV.gz", "CSV by the slow reader", "XES", "JSONL", "Parquet"]
ALL = [name for name in MEASUREMENTS if name not in {"memory", "claims", *SERVED}]
MEASURED = [
    *READ,
    "identity: customers",
    "score: claims",
    "score: adding marks up",
    "score: one customer",
    "score: the command",
    "score: the command",
    "simulate",
    "report",
    "fit: the command",
    "attribute: shared out",
    "attribute: the command",
    "score: the command on many",
    "fit: the command on many ratings",
    "attribute: many ratings: shared out",
    "attribute: many ratings: the command",
]


@pytest.mark.parametrize(
    ("asked", "measured"),
    [
        pytest.param(READING, READ, id="of reading"),
        pytest.param(ALL, MEASURED, id="all", marks=pytest.mark.prove),  # most of a minute
    ],
)
def test_measurements_give_their_lines_in_one_table_and_as_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], asked: list[str], measured: list[str]
) -> None:
    figures = tmp_path / "figures.json"
    lines = main([*asked, "--rows", "200", "--repeat", "1", "--json", str(figures)])
    assert [line.measured.split(",")[0] for line in lines] == measured
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


@pytest.mark.slow
def test_claims_are_listed_with_the_reason_where_there_is_nothing_to_measure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLLAGE_DATA", str(tmp_path))
    lines = main(["claims", "--rows", "200", "--json", str(tmp_path / "claims.json")])
    told = capsys.readouterr().out
    assert "too few" in told
    assert told.count(f"skipped: {tmp_path}") == 3
    assert set(json.loads((tmp_path / "claims.json").read_text(encoding="utf-8"))["lines"]) == {
        line.measured for line in lines
    }


def test_a_model_is_claimed_to_foretell_better_only_where_its_interval_says_so() -> None:
    taught = model()
    checked = replace(
        taught.validation,
        out_of_time_log_loss=dict.fromkeys(["model", *RIVALS], 1.0),
        gains=[Gain("default", 0.002, 0.002), Gain("last_contact", 0.03, 0.01), Gain("peak_end", -0.03, 0.01)],
    )
    lines = foretelling("here", replace(taught, validation=checked))
    assert [(line.beside.partition(" (")[0], line.holds) for line in lines] == [
        ("peak and end", "no"),
        ("the catalogue's own numbers", "open"),
        ("the last contact alone", "yes"),
    ]


def test_a_model_is_held_to_the_true_share_and_the_true_weights() -> None:
    taught = model()
    exact = Truth(0.45, {name: 2.0 * each.weight for name, each in taught.marks.items()})
    assert [line.holds for line in held_to_truth("here", taught, exact)] == ["yes", "yes", "yes"]
    off = Truth(0.80, {name: 1.0 / (0.1 + abs(each.weight)) for name, each in taught.marks.items()})
    assert [line.holds for line in held_to_truth("here", taught, off)] == ["yes", "no", "no"]


@pytest.mark.parametrize(("right", "holds"), [("nothing", "yes"), ("last_contact", "no")])
def test_finding_something_where_nothing_is_does_not_hold(right: str, holds: str) -> None:
    taught = model("nothing", inherited_share=SHARES["nothing"])
    verdict, lost = nothing_found("here", taught, right=right)
    assert (verdict.holds, lost.holds) == (holds, "yes")


@pytest.mark.slow
def test_a_fit_to_one_corpus_is_held_to_the_other(tmp_path: Path) -> None:
    file = tmp_path / "dialogues.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["corpus", "dialogue", "turn", "role", "text", "action", "sat"])
        for corpus in CORPORA:
            for number in range(40):
                turns = [1 + (number * 7 + turn * 3) % 5 for turn in range(4)]
                rows = [("USER", f"{turn},{turn}") for turn in turns]
                rows.append(("OVERALL", f"{turns[-1]},{turns[-1]}"))
                writer.writerows((corpus, number, place, role, "", "", sat) for place, (role, sat) in enumerate(rows))
    held = crossed(file, tmp_path)
    assert [each.corpus for each in held] == ["ReDial", "SGD"]
    for each in held:
        assert each.rating.size == 40
        assert each.rank(each.readings["the last turn"]) == pytest.approx(1.0)
        # forty ratings teach nothing, so the numbers are the catalogue's
        assert not each.model.fitted
        assert each.experience == pytest.approx(each.readings["the catalogue's own numbers"], abs=1e-12)
        ahead, low, high = lead(each, each.readings["the plain mean of all turns"], seed=1)
        assert low <= ahead <= high
