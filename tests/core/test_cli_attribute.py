"""`collage attribute`: what it prints and hands out, and that no credit is lost or moved."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.core.test_cli import collage

HEAD = "touchpoint_id,identifier,occurred_at,kind,channel,department,agent,issue_id,contact_id,wait_s"
# The parcel came broken. Anna takes the chat and settles it, Bert of Sales adds a word; then both are taken off the
# conversation and a bot says goodbye. The customer rates Anna's work an hour later.
HAPPENED = [
    "s:1,user:1,2025-03-01T09:00:00Z,goods.damaged,post,Logistics,,m1,,",
    "s:2,user:1,2025-03-03T09:00:00Z,contact.answered,chat,Care,anna,m1,c1,200",
    "s:3,user:1,2025-03-03T09:05:00Z,repeat.asked,chat,Care,anna,m1,c1,",
    "s:4,user:1,2025-03-03T09:20:00Z,handover.connected,chat,Sales,bert,m1,c1,",
    "s:5,user:1,2025-03-03T09:30:00Z,issue.resolved,chat,Care,anna,m1,c1,",
    "s:6,user:1,2025-03-03T09:31:00Z,message.sent,chat,Care,,m1,c1,",
]
# Afterwards: the matter is opened again, served by Cleo, and the department has another name.
LATER = [
    "s:7,user:1,2025-03-05T09:00:00Z,issue.reopened,chat,Happiness,cleo,m1,c2,",
    "s:8,user:1,2025-03-05T09:05:00Z,contact.answered,chat,Happiness,cleo,m1,c2,400",
]
RATING = {
    "rating_id": "r:1",
    "identifier": "user:1",
    "rated_at": "2025-03-03T10:30:00Z",
    "contact_id": "c1",
    "contact_started_at": "2025-03-03T09:00:00Z",
    "participants": json.dumps(
        [
            {"department": "Sales", "agent": "bert", "from": "2025-03-03T09:15:00Z", "to": "2025-03-03T09:20:00Z"},
            {"department": "Care", "agent": "anna", "from": "2025-03-03T09:00:00Z", "to": "2025-03-03T09:30:00Z"},
            {"department": "Care", "bot": True, "from": "2025-03-03T09:31:00Z", "to": "2025-03-03T09:31:00Z"},
        ]
    ),
    "instrument": "csat",
    "score": 2,
    "scale_low": 1,
    "scale_high": 5,
}
OTHERS = [
    {**RATING, "rating_id": f"r:{n}", "identifier": "user:2", "contact_id": None, "participants": None, "score": 4}
    for n in (2, 3)
]
KEYS = [
    *("rating_id", "score", "base", "expected", "inherited", "inherited_self", "contact_other", "contact_process"),
    *("own_agent", "since", "customer", "instrument", "unexplained"),
]


def dataset(folder: Path, happened: list[str], rating: dict[str, Any]) -> Path:
    folder.mkdir()
    everybody = [*happened, "s:9,user:2,2025-03-01T08:00:00Z,order.placed,web,Sales,,m9,,"]
    (folder / "touchpoints.csv").write_text("\n".join([HEAD, *everybody]) + "\n")
    (folder / "ratings.jsonl").write_text("".join(json.dumps(each) + "\n" for each in (rating, *OTHERS)))
    return folder


def shared(folder: Path, *words: object) -> dict[str, Any]:
    said = collage("attribute", folder, "--by", "rating", "--format", "json", *words)
    assert said.code == 0, said.talk
    rows: list[dict[str, Any]] = json.loads(said.data)
    assert all(list(row) == KEYS for row in rows)
    return next(row for row in rows if row["rating_id"] == "r:1")


# ---- the lost credit


def test_who_did_the_work_keeps_the_credit_when_taken_off_before_the_answer(tmp_path: Path) -> None:
    row = shared(dataset(tmp_path / "one", HAPPENED, RATING))
    named = shared(dataset(tmp_path / "two", HAPPENED, RATING | {"department": "Care", "agent": "anna"}))
    assert row == named
    # settled (a credit) and asked again (a strike) are Anna's, waiting is the department's, the broken parcel another's
    assert row["own_agent"] != 0.0
    assert row["contact_process"] < 0.0
    assert row["inherited"]["Logistics"] < 0.0
    assert row["inherited_self"] == 0.0
    assert row["contact_other"] != 0.0


def test_two_departments_served_and_neither_has_the_others_credit(tmp_path: Path) -> None:
    care = shared(dataset(tmp_path / "care", HAPPENED, RATING))
    sales = shared(dataset(tmp_path / "sales", HAPPENED, RATING | {"department": "Sales", "agent": "bert"}))
    assert care["own_agent"] + care["contact_process"] + care["contact_other"] == pytest.approx(
        sales["own_agent"] + sales["contact_process"] + sales["contact_other"], abs=1e-9
    )
    assert care["inherited"] == pytest.approx(sales["inherited"], abs=1e-9)


def test_what_happens_later_moves_no_credit(tmp_path: Path) -> None:
    before = shared(dataset(tmp_path / "before", HAPPENED, RATING))
    after = shared(dataset(tmp_path / "after", [*HAPPENED, *LATER], RATING))
    assert after == before
    assert "Happiness" not in after["inherited"]


def test_parts_and_base_are_the_score(tmp_path: Path) -> None:
    row = shared(dataset(tmp_path / "one", HAPPENED, RATING))
    parts = [value for name, value in row.items() if name not in {"rating_id", "score", "expected", "inherited"}]
    assert sum(parts) + sum(row["inherited"].values()) == pytest.approx(row["score"], abs=1e-9)


# ---- the command


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("attributed") / "company"
    said = collage("simulate", out, "--customers", 1500, "--days", 365, "--seed", 4)
    assert said.code == 0, said.talk
    return out


def test_departments_are_compared_and_it_is_said_how_far_that_carries(company: Path) -> None:
    said = collage("attribute", company)
    assert said.code == 0, said.talk
    assert said.text.splitlines()[0].split() == (
        ["department", "ratings", "mean", "rating", "value", "added", "95", "%", "interval", "reliability", "verdict"]
    )
    for words in ("Value added:", "Only reliabilities of .7 and more are ranked", "below .8", "Balance:"):
        assert words in said.talk


def test_agents_below_a_reliability_of_seven_tenths_stand_by_name(company: Path) -> None:
    said = collage("attribute", company, "--by", "agent", "--format", "json")
    rows = json.loads(said.data)
    assert list(rows[0]) == ["agent", "n", "raw_mean", "value_added", "low", "high", "reliability", "verdict"]
    unsure = [row["agent"] for row in rows if row["reliability"] < 0.7]
    shown = [line.split()[0] for line in collage("attribute", company, "--by", "agent").text.splitlines()[1:]]
    assert [name for name in shown if name in unsure] == sorted(unsure)
    assert all(row["verdict"] in {"too few", "not distinguishable"} for row in rows if row["reliability"] < 0.7)


def test_as_csv_each_department_has_a_column_of_what_was_inherited_from_it(company: Path, tmp_path: Path) -> None:
    said = collage("attribute", company, "--by", "rating", "--out", tmp_path / "all.csv")
    assert said.code == 0, said.talk
    rows = list(csv.DictReader(io.StringIO((tmp_path / "all.csv").read_text())))
    assert {"inherited.Care", "inherited.unknown", "own_agent"} <= set(rows[0])
    for row in rows:
        parts = [float(value) for name, value in row.items() if name not in {"rating_id", "score", "expected"}]
        assert sum(parts) == pytest.approx(float(row["score"]), abs=1e-9)


def test_the_latest_ratings_are_shown_first(company: Path) -> None:
    said = collage("attribute", company, "--by", "rating")
    assert len(said.text.splitlines()) == 21
    assert "the latest first" in said.talk


def test_ratings_after_the_moment_of_asking_are_not_there(company: Path) -> None:
    whole = json.loads(collage("attribute", company, "--by", "rating", "--format", "json").data)
    half = json.loads(collage("attribute", company, "--by", "rating", "--format", "json", "--at", "2025-06-30").data)
    assert 0 < len(half) < len(whole)


def test_a_dataset_without_ratings_says_what_to_do(tmp_path: Path) -> None:
    folder = dataset(tmp_path / "one", HAPPENED, RATING)
    (folder / "ratings.jsonl").unlink()
    said = collage("attribute", folder)
    assert said.code == 1
    assert "a dataset without ratings" in said.talk
    assert 'table = "ratings"' in said.talk


def test_asked_before_the_first_rating_there_is_none(tmp_path: Path) -> None:
    said = collage("attribute", dataset(tmp_path / "one", HAPPENED, RATING), "--at", "2025-03-02")
    assert said.code == 1
    assert "no usable rating up to 2025-03-02" in said.talk
    assert "choose a later --at" in said.talk


def test_three_ratings_compare_nobody(tmp_path: Path) -> None:
    said = collage("attribute", dataset(tmp_path / "one", HAPPENED, RATING), "--by", "agent")
    assert said.code == 0, said.talk
    assert "too few" in said.text
