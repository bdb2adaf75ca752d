"""`collage fit`: from a dataset's ratings to a model that the other commands use, and what it says when it cannot."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from collage.experience import default, model_json
from collage.simulate import Causes, Size, simulated
from collage.store import connect
from tests.core.test_cli import collage

TOUCHPOINTS = """\
touchpoint_id,identifier,occurred_at,kind,contact_id
s:1,user:1,2025-01-10T09:00:00Z,goods.damaged,c1
"""
RATINGS = """\
rating_id,identifier,rated_at,score,scale_low,scale_high
r:1,user:1,2025-01-11T09:00:00Z,2,1,5
"""


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a company of which some hundred ratings can be used."""
    folder = tmp_path_factory.mktemp("rated") / "company"
    folder.mkdir()
    engine = connect()
    made = simulated(
        Causes(), Size(1_100, 365, date(2026, 1, 1)), seed=3, catalogue=default(), ask=engine.backend.to_pyarrow
    )
    engine.close()
    for name, table in made.tables.items():
        pq.write_table(table, folder / f"{name}.parquet")
    return folder


@pytest.fixture(scope="module")
def fitted(company: Path) -> tuple[Path, str, str]:
    """Fit it once, and return the model with what was said."""
    file = company.parent / "MODEL.json"
    said = collage("fit", company, "--out", file)
    assert said.code == 0, said.talk
    return file, said.data.decode(), said.talk


@pytest.fixture
def small(tmp_path: Path) -> Path:
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / "touchpoints.csv").write_text(TOUCHPOINTS)
    return tmp_path / "small"


def test_the_model_is_whole_and_says_what_it_stands_on(fitted: tuple[Path, str, str]) -> None:
    model = model_json.loads(fitted[0].read_text(encoding="utf-8"), file="MODEL.json")
    assert model.fitted
    assert model.depth == "weights"
    assert 300 <= model.n_ratings < 2_000
    assert model.catalogue == default().version
    assert (model.index_sd != default().index_sd) == model.validation.accepted
    assert model.marks["delivered_late"].default == default()["delivered_late"].weight
    assert {each.weight <= 0.0 for name, each in model.marks.items() if each.default < 0.0} == {True}
    assert model.kappa.value == default().kappa
    assert not model.kappa.fitted
    assert "half_lives_held" in model.notes
    assert set(model.validation.out_of_time_log_loss) >= {"model", "last_contact", "plain_average", "peak_end"}


def test_what_was_found_is_shown(fitted: tuple[Path, str, str]) -> None:
    _, data, talk = fitted
    for words in (
        "mark",
        "catalogue",
        "fitted",
        "95 % interval",
        "delivered_late",
        "the last contact alone",
        "everyday",
    ):
        assert words in data
    assert "as the catalogue has it" in data
    assert "by the catalogue" in talk
    assert f"--model {fitted[0]}" in talk


def test_the_model_can_be_scored_by(company: Path, fitted: tuple[Path, str, str]) -> None:
    said = collage("score", company, "--by", "company", "--model", fitted[0], "--format", "json")
    plain = collage("score", company, "--by", "company", "--format", "json")
    assert said.code == plain.code == 0
    assert said.data != plain.data


def test_the_report_tells_what_the_ratings_teach(company: Path, fitted: tuple[Path, str, str], tmp_path: Path) -> None:
    said = collage("report", company, "--model", fitted[0], "--out", tmp_path / "report.html")
    assert said.code == 0, said.talk
    model = model_json.loads(fitted[0].read_text(encoding="utf-8"), file="MODEL.json")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert f"{model.n_ratings:,}" in page


def test_a_dataset_without_ratings_is_refused(small: Path) -> None:
    said = collage("fit", small, "--out", small / "MODEL.json")
    assert said.code == 1
    assert "without ratings" in said.talk
    assert not (small / "MODEL.json").exists()


def test_too_few_ratings_give_the_catalogue_s_own_numbers_and_say_so(small: Path) -> None:
    (small / "ratings.csv").write_text(RATINGS)
    said = collage("fit", small, "--out", small / "MODEL.json", "--depth", "full")
    assert said.code == 0, said.talk
    model = model_json.loads((small / "MODEL.json").read_text(), file="MODEL.json")
    assert not model.fitted
    assert model.inherited_share.verdict == "too_few"
    assert not model.validation.accepted
    assert b"too few" in said.data
    assert "Note: 1 usable ratings carry nothing, not full" in said.talk
    assert collage("score", small, "--model", small / "MODEL.json").code == 0


def test_a_place_that_cannot_be_written_is_told_before_the_work_and_leaves_nothing(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collage.cli.fitting.marked", None)
    (small / "ratings.csv").write_text(RATINGS)
    (small / "taken").mkdir()
    said = collage("fit", small, "--out", small / "taken")
    assert said.code == 1
    assert f"could not write {small / 'taken'}" in said.talk
    assert list(small.glob(".*.part")) == []
