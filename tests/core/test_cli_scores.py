"""`score` and `explain` with all that a dataset may hold: claims, promises, corrections; groups and earlier moments."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from collage.cli.scoring import every
from tests.core.test_cli import collage

TOUCHPOINTS = """\
touchpoint_id,identifier,occurred_at,kind,channel,department,issue_id,wait_s
s:1,user:1,2025-01-10T09:00:00Z,contact.answered,phone,Care,,900
s:2,email:a@example.org,2025-02-10T09:00:00Z,goods.damaged,shop,Parcels,order 1,
s:3,user:2,2025-03-01T09:00:00Z,order.placed,shop,,,
"""
CLAIMS = "claim_id,one,other,source,confidence\nc1,user:1,email:A@Example.org,shop,0.99\n"
PROMISES = """\
promise_id,identifier,kind,department,channel,made_at,due_at,settled_at,outcome
p1,user:2,callback,Care,phone,2025-02-01,2025-02-02,,
p2,user:2,callback,Care,phone,2025-02-01,2025-02-20,2025-02-19,kept
p3,user:2,callback,Care,phone,2025-02-25,2025-04-01,,
"""
CORRECTIONS = """\
correction_id,touchpoint_id,mark,verdict,by,reason,at
k1,s:1,long_wait,contested,agent,,2025-01-11
k2,s:2,goods_damaged,struck_out,lead,another parcel,2025-02-11
"""


@pytest.fixture
def company(tmp_path: Path) -> Path:
    (tmp_path / "touchpoints.csv").write_text(TOUCHPOINTS)
    return tmp_path


def rows(company: Path, *words: object) -> list[dict[str, Any]]:
    said = collage(words[0], company, *words[1:], "--format", "json")
    assert said.code == 0, said.talk
    found: list[dict[str, Any]] = json.loads(said.data)
    return found


def test_claims_make_one_customer_of_two_identifiers(company: Path) -> None:
    assert [row["customer_id"] for row in rows(company, "score")] == ["email:a@example.org", "user:1", "user:2"]
    (company / "claims.csv").write_text(CLAIMS)
    assert [row["customer_id"] for row in rows(company, "score")] == ["email:a@example.org", "user:2"]
    for name in ("user:1", "email:a@example.org", "email:A@Example.org"):
        assert {row["mark"] for row in rows(company, "explain", name)} == {"long_wait", "goods_damaged"}
    talk = collage("explain", company, "user:1").talk
    assert "Known as email:A@Example.org, email:a@example.org, user:1." in talk


def test_claims_without_a_confidence_are_not_followed_and_that_is_said(company: Path) -> None:
    (company / "claims.csv").write_text("claim_id,one,other,source\nc1,user:1,email:a@example.org,shop\n")
    said = collage("score", company, "--format", "json")
    assert len(json.loads(said.data)) == 3
    assert "1 claims give no confidence" in said.talk


def test_promises_leave_marks_when_they_are_kept_or_broken_and_not_before(company: Path) -> None:
    (company / "promises.csv").write_text(PROMISES)
    found = {row["mark"]: row for row in rows(company, "explain", "user:2")}
    assert set(found) == {"ordered", "promise_kept", "promise_broken"}
    assert found["promise_broken"]["occurred_at"] == "2025-02-02T00:00:00Z"
    assert found["promise_broken"]["owner"] == "Care"
    later = {row["mark"] for row in rows(company, "explain", "user:2", "--at", "2025-04-02")}
    assert later == {"ordered", "promise_kept", "promise_broken", "promise_broken_again"}


def test_what_is_struck_out_is_no_mark_and_what_is_contested_counts(company: Path) -> None:
    (company / "corrections.csv").write_text(CORRECTIONS)
    assert {row["mark"] for row in rows(company, "explain", "user:1")} == {"long_wait"}
    assert rows(company, "explain", "email:a@example.org") == []


@pytest.mark.parametrize(("by", "name"), [("owner", "department"), ("channel", "channel")])
def test_groups_sum_to_the_company(company: Path, by: str, name: str) -> None:
    figures = ["at", "customers", "marks", "experience", "low", "high", "loss", "gain"]
    (whole,) = rows(company, "score", "--by", "company")
    assert list(whole) == [*figures, "index"]
    parts = rows(company, "score", "--by", by)
    assert list(parts[0]) == [name, *figures]
    for figure in ("marks", "experience", "loss", "gain"):
        assert sum(part[figure] for part in parts) == pytest.approx(whole[figure], abs=1e-12)
    assert whole["customers"] == 3


def test_groups_are_told_in_words_with_what_is_not_known_and_what_is_not_enough(company: Path) -> None:
    said = collage("score", company, "--by", "owner")
    assert "(not known)" in said.text
    assert "they sum to the company's" in said.talk
    (company / "touchpoints.csv").write_text("".join(TOUCHPOINTS.splitlines(keepends=True)[:2]))
    assert "not enough data" in collage("score", company, "--by", "company").text


def test_every_month_asks_at_earlier_moments_as_well_and_each_is_as_asked_alone(company: Path) -> None:
    found = rows(company, "score", "--every", "month")
    moments = sorted({row["at"] for row in found})
    assert moments == ["2025-02-01T09:00:00Z", "2025-03-01T09:00:00Z"]
    alone = rows(company, "score", "--at", "2025-02-01T09:00:00Z")
    assert [row for row in found if row["at"] == moments[0]] == [
        {key: pytest.approx(v, abs=1e-12) if isinstance(v, float) else v for key, v in row.items()} for row in alone
    ]
    assert "and 1 earlier moments" in collage("score", company, "--every", "month").talk


def test_moments_go_back_by_weeks_and_by_months_of_unequal_length() -> None:
    at, first = datetime(2024, 3, 31, 12, tzinfo=UTC), datetime(2024, 1, 15, tzinfo=UTC)
    assert every(None, first, at) == [at]
    assert every("month", first, at) == [datetime(2024, m, d, 12, tzinfo=UTC) for m, d in ((1, 31), (2, 29), (3, 31))]
    weeks = every("week", first, at)
    assert weeks[-1] == at
    assert {later - earlier for earlier, later in pairwise(weeks)} == {timedelta(weeks=1)}
    assert first <= weeks[0] < first + timedelta(weeks=1)
    assert every("week", at + timedelta(days=1), at) == [at]


@pytest.mark.parametrize("by", ["customer", "owner", "channel", "company"])
def test_a_dataset_too_large_for_one_go_is_scored_in_parts(
    company: Path, by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (company / "claims.csv").write_text(CLAIMS)
    (company / "promises.csv").write_text(PROMISES)
    (company / "corrections.csv").write_text(CORRECTIONS)
    whole = rows(company, "score", "--by", by, "--every", "month")
    monkeypatch.setattr("collage.cli.opening._EACH", 1e10)
    parts = rows(company, "score", "--by", by, "--every", "month")
    assert len(parts) == len(whole) > 1
    for one, other in zip(parts, whole, strict=True):
        numbers = {name: value for name, value in other.items() if isinstance(value, float)}
        assert {name: one[name] for name in numbers} == pytest.approx(numbers, rel=1e-12, abs=1e-12)
        assert one.keys() == other.keys()
        assert all(one[name] == other[name] for name in other if name not in numbers)
