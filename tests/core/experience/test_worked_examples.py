"""The five customers of docs/explanation/worked-examples.md: the sums of that page, written out once more."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ibis.expr.types as ir
import pytest

from collage.customers import customers
from collage.experience import contributions, default, marks, score
from collage.store import connect, open_dataset

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
PAGE = Path(__file__).resolve().parents[3] / "docs" / "explanation" / "worked-examples.md"
PERSON = "7,email:sam@example.org,anon:77,person,0.99\n"

# 9 · N / (8 + D), summand by summand as on the page
EXPERIENCE = {
    "user:11": 9 * (-1.20 - 1.20 - 0.80 - 0.80 - 0.05) / (8 + 4 + 0.5),
    "user:12": 9 * (-0.40 - 0.40 - 0.10) / (8 + (1 + 1 + 1 / 3 + 0) / 2),
    "user:13": 9 * (-0.30 + 0.21) / (8 + 0.5),
    "user:14": 9 * 0.03 / (8 + 0.25),
    "phone:+49301234567": 9 * -0.05 * 8 / (8 + 1),
    "user:15": 9 * -0.20 / (8 + 1),
    "email:sam@example.org": 9 * (0.03 - 0.60) / (8 + 0.25 + 1),
    "anon:77": 9 * -0.05 / (8 + 0.25),
    "phone:+49307654321": 9 * (-0.30 + 0.20) / (8 + 2),
}
WITHOUT = {
    "s:15": 9 * -4.00 / (8 + 4),
    "s:21": 9 * (-0.80 - 0.60 - 0.30) / 2 / (8 + 3 / 2),
    "s:31": 0.0,
    "s:32": 9 * -0.30 / (8 + 0.5),
    "s:41": 0.0,
    "s:42": 0.0,
}


def files() -> dict[str, str]:
    """Return the files that the page writes, by name."""
    text = PAGE.read_text(encoding="utf-8")
    return dict(re.findall(r"<!-- file: five/(\S+) -->\n```text\n(.*?)```", text, re.DOTALL))


def worked_out(folder: Path, more_claims: str = "") -> tuple[dict[str, Any], dict[str, Any], list[dict[str, Any]]]:
    for name, text in files().items():
        (folder / name).write_text(text + (more_claims if name == "claims.csv" else ""), encoding="utf-8")
    engine = connect()
    try:
        dataset = open_dataset(folder, engine)
        touchpoints = dataset.table("touchpoints")
        who = customers(touchpoints, dataset.table("claims"))
        left = marks(touchpoints, who, default())

        def rows(table: ir.Table) -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = engine.backend.to_pyarrow(table).to_pylist()
            return found

        scored = {row["customer_id"]: row for row in rows(score(left, touchpoints, who, default(), at=AT))}
        parts = {row["touchpoint_id"]: row for row in rows(contributions(left, who, default(), at=AT))}
        return scored, parts, rows(who)
    finally:
        engine.close()


def test_five_customers_are_scored_as_by_hand(tmp_path: Path) -> None:
    scored, parts, _ = worked_out(tmp_path)
    found = {name: row["experience"] for name, row in scored.items()}
    assert found == {name: pytest.approx(value, abs=1e-12) for name, value in EXPERIENCE.items()}
    assert {id_: parts[id_]["without"] for id_ in WITHOUT} == {
        id_: pytest.approx(value, abs=1e-12) for id_, value in WITHOUT.items()
    }


def test_the_mild_strike_is_a_strike_and_yet_the_score_is_better_for_it(tmp_path: Path) -> None:
    scored, parts, _ = worked_out(tmp_path)
    assert parts["s:15"]["contribution"] == pytest.approx(9 * -0.05 / 12.5, abs=1e-12)
    assert parts["s:15"]["without"] < scored["user:11"]["experience"]


def test_the_complaint_belongs_to_whom_it_was_about(tmp_path: Path) -> None:
    _, parts, _ = worked_out(tmp_path)
    assert (parts["s:22"]["owner"], parts["s:22"]["about"]) == ("Parcels", "s:21")


def test_the_shared_and_the_contested_are_who_the_page_says(tmp_path: Path) -> None:
    _, _, who = worked_out(tmp_path)
    found = {row["identifier"]: (row["customer_id"], row["state"]) for row in who}
    assert found["phone:+49301234567"] == ("phone:+49301234567", "shared")
    assert found["user:16"] == ("email:sam@example.org", "contested")
    assert found["anon:77"] == ("anon:77", "contested")
    assert found["user:17"] == ("phone:+49307654321", "contested")
    assert found["user:14"] == ("user:14", "plain")


def test_a_persons_claim_joins_what_the_cookie_alone_did_not_and_withdrawing_it_undoes_all(tmp_path: Path) -> None:
    before = worked_out(tmp_path)
    scored, _, who = worked_out(tmp_path, PERSON)
    together = scored["anon:77"]  # the smallest identifier
    assert together["experience"] == pytest.approx(9 * (-0.57 - 0.05) / (8 + 1.25 + 0.25), abs=1e-12)
    assert {row["identifier"] for row in who if row["customer_id"] == "anon:77"} == {
        "anon:77",
        "email:sam@example.org",
        "user:16",
    }
    again = worked_out(tmp_path)
    order = [sorted(map(repr, rows)) for rows in (before[2], again[2])]
    assert order[0] == order[1]
    assert before[0] == {
        name: {
            key: pytest.approx(value, abs=1e-12) if isinstance(value, float) else value for key, value in row.items()
        }
        for name, row in again[0].items()
    }


def test_the_page_prints_these_numbers() -> None:
    text = PAGE.read_text(encoding="utf-8").replace("\N{MINUS SIGN}", "-")
    for value in (*EXPERIENCE.values(), *WITHOUT.values()):
        assert f"{value:+.3f}".lstrip("+") in text or f"{value:+.3f}" in text or value == 0
