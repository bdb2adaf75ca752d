"""The long proofs: what is kept between runs, what the table says, and the statistics it rests on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from tests.acceptance.__main__ import main
from tests.acceptance.criteria import CRITERIA, Line
from tests.acceptance.measuring import auc, squared
from tests.acceptance.runs import RUNS, code


def write(folder: Path, run: str, *figures: dict[str, float], state: str | None = None) -> None:
    lines = [
        {"run": run, "seed": seed, "code": state or code(run), "seconds": 1.0, "figures": each}
        for seed, each in enumerate(figures)
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / f"{run}.jsonl").write_text(text, encoding="utf-8")


def half_lives(credit: float, strike: float) -> dict[str, float]:
    return {"credit_value": credit, "strike_value": strike}


def test_finished_replicates_are_judged_without_running_any(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, "base-3000", half_lives(40.0, 130.0), half_lives(60.0, 100.0))
    write(tmp_path, "reversed-3000", half_lives(130.0, 40.0))
    write(tmp_path, "equal-3000", half_lives(90.0, 100.0))
    assert main(["AC6", "--table", "--folder", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "| AC6 | half-lives 45 and 120: told in the right order | 1 | ≥ 0.9 | 2 | yes |" in said


def test_a_missed_bar_is_said_and_fails_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, "equal-3000", half_lives(90.0, 30.0), half_lives(90.0, 90.0))
    assert main(["6", "--table", "--folder", str(tmp_path)]) == 1
    assert "| both 90: told as more than 1.6 times apart | 0.5 | ≤ 0.1 | 2 | **no** |" in capsys.readouterr().out


def test_replicates_of_other_mathematics_are_not_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, "equal-3000", half_lives(90.0, 30.0), state="before")
    assert main(["6", "--table", "--folder", str(tmp_path)]) == 0
    assert "| nan | ≤ 0.1 | 0 |  |" in capsys.readouterr().out


def test_a_criterion_that_there_is_not_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="there is no AC99 here, but AC7"):
        main(["99", "--folder", str(tmp_path)])


def test_every_run_is_of_use_and_every_criterion_takes_known_runs() -> None:
    assert {run for criterion in CRITERIA.values() for run in criterion.takes} == set(RUNS)


def test_a_bar_on_both_sides_is_kept_inside_it() -> None:
    assert [Line("slope", each, 1, 0.85, 1.15).kept for each in (0.8, 0.9, 1.2)] == [False, True, False]
    assert Line("slope", 0.9, 1).kept is None


def test_auc_is_that_of_mann_and_whitney() -> None:
    rng = np.random.default_rng(0)
    hit, reading = rng.random(200) < 0.3, rng.integers(0, 9, 200).astype(float)
    u = mannwhitneyu(reading[hit], reading[~hit]).statistic
    assert auc(hit, reading) == pytest.approx(u / (hit.sum() * (~hit).sum()))


def test_a_reading_that_says_the_same_of_all_explains_nothing() -> None:
    assert squared(np.array([1.0, 2.0, 5.0]), np.zeros(3)) == 0.0
    assert squared(np.array([1.0, 2.0, 3.0]), np.array([-2.0, -4.0, -6.0])) == pytest.approx(1.0)
