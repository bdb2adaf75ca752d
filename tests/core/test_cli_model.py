"""`--model`: the commands weigh by a model, say what is to be known about it, and refuse what is none."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from collage.experience import Model, default, model_json
from tests.core.experience.models import refitted, unchanged
from tests.core.test_cli import collage

TOUCHPOINTS = """\
touchpoint_id,identifier,occurred_at,kind,channel,department,issue_id,wait_s
s:1,user:1,2025-01-10T09:00:00Z,contact.answered,phone,Care,,900
s:2,user:1,2025-02-10T09:00:00Z,goods.damaged,shop,Parcels,order 1,
s:3,user:2,2025-03-01T09:00:00Z,order.placed,shop,,,
s:4,user:2,2025-03-02T09:00:00Z,issue.resolved,phone,Care,order 2,
s:5,user:3,2025-03-03T09:00:00Z,page.viewed,web,,,
"""
BY = ("customer", "owner", "channel", "company")
CATALOGUE = 'version = "ours 1"\nextends = "default"\n[[mark]]\nname = "{name}"\noff = true\n'
FITTED = replace(refitted(default(), 4), validation=replace(unchanged(default()).validation, accepted=True, reasons=()))


@pytest.fixture
def company(tmp_path: Path) -> Path:
    folder = tmp_path / "company"
    folder.mkdir()
    (folder / "touchpoints.csv").write_text(TOUCHPOINTS)
    return folder


def written(company: Path, model: Model) -> Path:
    file = company.parent / "MODEL.json"
    file.write_text(model_json.dumps(model), encoding="utf-8")
    return file


def rows(*words: object) -> list[dict[str, Any]]:
    said = collage(*words, "--format", "json")
    assert said.code == 0, said.talk
    found: list[dict[str, Any]] = json.loads(said.data)
    return found


def near(row: dict[str, Any]) -> dict[str, Any]:
    return {
        key: pytest.approx(value, rel=1e-12, abs=1e-12) if isinstance(value, float) else value
        for key, value in row.items()
    }


def test_a_model_with_the_catalogues_numbers_gives_what_the_catalogue_gives(company: Path) -> None:
    model = written(company, unchanged(default()))
    for by in BY:
        plain = rows("score", company, "--by", by)
        assert rows("score", company, "--by", by, "--model", model) == [near(row) for row in plain]
    plain = rows("explain", company, "user:1")
    assert rows("explain", company, "user:1", "--model", model) == [near(row) for row in plain]


def test_scores_and_explanations_go_by_the_model_and_agree(company: Path) -> None:
    model = written(company, FITTED)
    plain, scored = rows("score", company), rows("score", company, "--model", model)
    assert [row["n_marks"] for row in scored] == [row["n_marks"] for row in plain]
    assert [row["experience"] for row in scored] != [row["experience"] for row in plain]
    for row in scored:
        parts = rows("explain", company, row["customer_id"], "--model", model)
        assert sum(part["contribution"] for part in parts) == pytest.approx(row["experience"], abs=1e-9)
        assert sum(part["points"] for part in parts) == pytest.approx(row["index"] - 50, abs=1e-9)
    (whole,) = rows("score", company, "--by", "company", "--model", model)
    assert whole["experience"] == pytest.approx(sum(row["experience"] for row in scored) / 3, abs=1e-12)
    for by in ("owner", "channel"):
        parts = rows("score", company, "--by", by, "--model", model)
        assert sum(part["experience"] for part in parts) == pytest.approx(whole["experience"], abs=1e-12)


def test_what_is_remembered_for_one_model_is_not_given_for_another(company: Path) -> None:
    found = []
    for kappa in (1.0, 2.0, 1.0):
        model = written(company, replace(FITTED, kappa=replace(FITTED.kappa, value=kappa)))
        found.append(rows("score", company, "--model", model))
    assert found[0] == found[2] != found[1]


def test_a_model_weighs_a_dataset_that_is_scored_in_parts(company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = written(company, replace(FITTED, catalogue_hash="another"))
    whole = rows("score", company, "--model", model)
    monkeypatch.setattr("collage.cli.opening._EACH", 1e10)
    said = collage("score", company, "--model", model, "--format", "json")
    assert json.loads(said.data) == [near(row) for row in whole]
    assert said.talk.count("Note:") == 1


@pytest.mark.parametrize("command", ["score", "explain", "report"])
def test_help_offers_the_model_where_it_counts(command: str) -> None:
    assert "--model MODEL.json" in collage(command, "--help").text


# ---- what is to be known about a model

REJECTED = replace(FITTED.validation, accepted=False, reasons=("no_better_than_default", "weights_at_their_bound"))
NOTES = {
    "all is well": (FITTED, []),
    "too few ratings": (
        unchanged(default()),
        ["the model unchanged has only 12 ratings, too few for a fit: its numbers are the catalogue's"],
    ),
    "not accepted": (
        replace(FITTED, validation=REJECTED),
        [
            "has not passed its test (it foretells later ratings no better than the catalogue's own numbers; too",
            "many weights are nothing, because the ratings pull them to the other side of what was assumed); its",
        ],
    ),
    "not accepted, for a reason without words": (
        replace(FITTED, validation=replace(REJECTED, reasons=("the moon",))),
        ["has not passed its test (the moon)"],
    ),
    "not accepted, for no reason": (
        replace(FITTED, validation=replace(REJECTED, reasons=())),
        ["has not passed its test (no reason is given)"],
    ),
    "fitted by another catalogue": (
        replace(FITTED, catalogue="ours 0", catalogue_hash="abc"),
        [f"marks are left by catalogue {default().version}, and the model {FITTED.version} was fitted by catalogue"],
    ),
    "fitted by another state of the catalogue": (replace(FITTED, catalogue_hash="abc"), ["by another state of it; "]),
}


@pytest.mark.parametrize(("model", "notes"), NOTES.values(), ids=NOTES.keys())
@pytest.mark.parametrize("words", [("score",), ("explain", "user:1")], ids=["score", "explain"])
def test_what_is_to_be_known_about_a_model_is_said_once_and_it_is_used(
    company: Path, words: tuple[str, ...], model: Model, notes: list[str]
) -> None:
    command, *who = words
    said = collage(command, company, *who, "--model", written(company, model), "--format", "json")
    assert said.code == 0
    assert json.loads(said.data)
    assert said.talk.count("Note:") == min(1, len(notes))
    for note in notes:
        assert note in said.talk


def test_marks_that_the_model_does_not_know_are_counted(company: Path) -> None:
    known = {name: weight for name, weight in unchanged(default()).marks.items() if name != "long_wait"}
    order, covariance = ("came_back",), ((0.01,),)
    model = replace(FITTED, catalogue="ours 0", catalogue_hash="a", marks=known, order=order, covariance=covariance)
    said = collage("score", company, "--model", written(company, replace(model, multiplier=1.25)))
    assert "ours 0; 1 marks that it does not know weigh as the catalogue says, times 1.25.\n" in said.talk


def test_a_catalogue_that_leaves_a_mark_out_can_be_weighed_by_a_model_that_knows_it(company: Path) -> None:
    (company / "catalogue.toml").write_text(CATALOGUE.format(name="long_wait"))
    said = collage("explain", company, "user:1", "--model", written(company, FITTED), "--format", "json")
    assert [row["mark"] for row in json.loads(said.data)] == ["goods_damaged"]
    assert "marks are left by catalogue ours 1, and the model" in said.talk


# ---- what is refused


def refused(*words: object) -> str:
    said = collage(*words)
    assert (said.code, said.data) == (1, b"")
    assert "Traceback" not in said.talk
    assert [line.split(":")[0] for line in said.talk.splitlines()[-3:]] == ["collage", "  found", "  to do"]
    return said.talk


@pytest.mark.parametrize("words", [("score",), ("explain", "user:1")], ids=["score", "explain"])
def test_a_file_that_is_no_model_is_refused_and_nothing_is_printed(company: Path, words: tuple[str, ...]) -> None:
    command, *who = words
    file = company.parent / "MODEL.json"
    for content, says in [
        (b"", "no JSON"),
        (b"\xff\xfe\x00", "check the path; the file is UTF-8 text"),
        (b"{}", "found: it is missing"),
        (model_json.dumps(FITTED).replace('"depth": "full"', '"depth": NaN').encode(), "depth\n  found: nan"),
    ]:
        file.write_bytes(content)
        assert says in refused(command, company, *who, "--model", file)
    assert "No such file" in refused(command, company, *who, "--model", company / "nowhere.json")
    assert "Is a directory" in refused(command, company, *who, "--model", company)


def test_a_model_of_a_catalogue_that_is_too_different_is_refused(company: Path) -> None:
    strikes = {name: replace(mark, default=-mark.default, weight=-mark.weight) for name, mark in FITTED.marks.items()}
    file = written(company, replace(FITTED, marks=strikes))
    assert "then and is a" in refused("score", company, "--model", file)
    other = {"of_another_world": next(iter(FITTED.marks.values()))}
    file = written(company, replace(FITTED, marks=other, order=(), covariance=()))
    assert "no mark in common with this catalogue" in refused("score", company, "--model", file)
