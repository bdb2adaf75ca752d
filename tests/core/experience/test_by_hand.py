"""One customer worked out by hand in docs/explanation/experience.md, and the scale against other people's Φ."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pytest
from scipy.special import erf, ndtr

from collage.customers import customers
from collage.experience import contributions, default, explain, load, marks, score
from collage.experience.index import indexed
from collage.tables import CONTRACTS
from tests.core.experience.generated import COLUMNS, as_table, as_toml, some_catalogue

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
MARKS = CONTRACTS["marks"].schema().to_pyarrow()
PAGE = Path(__file__).resolve().parents[3] / "docs" / "explanation" / "experience.md"


def row(n: int, days: float, kind: str, **facts: object) -> dict[str, Any]:
    named = {"touchpoint_id": f"s:{n}", "identifier": "user:1", "kind": kind, "occurred_at": AT - timedelta(days=days)}
    return {**dict.fromkeys(COLUMNS), **named, **facts}


FIVE = [
    row(1, 21, "contact.answered", wait_s=840.0, department="Hotline", channel="phone"),
    row(2, 60, "delivery.arrived", late_s=4 * 86400.0, department="Parcel"),
    row(3, 42, "search.failed"),
    row(4, 0, "issue.resolved", department="Hotline"),
    row(5, 1, "page.viewed"),
]


def derived(rows: list[dict[str, Any]]) -> tuple[ir.Table, ir.Table, ir.Table]:
    touchpoints = as_table(rows)
    who = customers(touchpoints)
    return touchpoints, who, marks(touchpoints, who, default())


def scored(duckdb: Any, rows: list[dict[str, Any]], at: datetime = AT) -> list[dict[str, Any]]:
    touchpoints, who, left = derived(rows)
    found = score(left, touchpoints, who, default(), at=at).order_by("customer_id")
    rows_: list[dict[str, Any]] = duckdb.to_pyarrow(found).to_pylist()
    return rows_


def test_five_touchpoints_give_the_score_worked_out_by_hand(duckdb: Any) -> None:
    (found,) = scored(duckdb, FIVE)
    assert found == {
        "customer_id": "user:1",
        "at": AT,
        "experience": pytest.approx(9 * -0.3625 / 10.0625, abs=1e-12),
        "index": pytest.approx(29.447, abs=1e-3),
        "evidence": pytest.approx(2.0625 / 10.0625, abs=1e-12),
        "low": pytest.approx(-0.87696, abs=1e-5),
        "high": pytest.approx(0.22851, abs=1e-5),
        "trend": pytest.approx(9 * -0.05 / 10.0625, abs=1e-12),
        "n_marks": 4,
        "strikes_90d": 3,
        "last_touchpoint_at": AT,
    }


def test_the_explanation_prints_the_numbers_that_are_worked_out(duckdb: Any) -> None:
    (found,) = scored(duckdb, FIVE)
    page = PAGE.read_text(encoding="utf-8").replace("\N{MINUS SIGN}", "-")
    for text in (
        f"= {found['experience']:.4f}",
        f"= {found['index']:.2f}",
        f"= {found['evidence']:.4f}",
        f"from {found['low']:.4f} to {found['high']:.4f}",
        f"({found['trend']:.4f} here)",
    ):
        assert text in page
    touchpoints, who, left = derived(FIVE)
    for part in explain(left, touchpoints, who, default(), at=AT, customer="user:1").to_pylist():
        line = f"| {part['says']} | {part['contribution']:.4f} | {part['points']:.2f} | {part['without']:.4f} |"
        assert line in page


def test_a_single_fresh_mark_is_worth_its_weight_times_its_severity(duckdb: Any) -> None:
    (found,) = scored(duckdb, [row(1, 0, "contact.answered", wait_s=630.0)])
    assert found["experience"] == pytest.approx(-0.05 * 8, abs=1e-12)
    (found,) = scored(duckdb, [row(1, 0, "contact.answered", wait_s=270.0)])
    assert found["experience"] == pytest.approx(-0.05 * 3, abs=1e-12)


def test_a_customer_without_a_mark_is_neutral_and_one_not_seen_yet_is_absent(duckdb: Any) -> None:
    unmarked = {**row(1, 1, "page.viewed"), "identifier": "user:unmarked"}
    tomorrow = {**row(2, -1, "issue.resolved"), "identifier": "user:tomorrow"}
    (found,) = scored(duckdb, [unmarked, tomorrow])
    assert found["customer_id"] == "user:unmarked"
    assert [found[name] for name in ("experience", "index", "evidence", "low", "high", "trend")] == [0, 50, 0, 0, 0, 0]
    assert [found["n_marks"], found["strikes_90d"]] == [0, 0]


def test_thirty_years_of_marks_leave_finite_numbers(duckdb: Any) -> None:
    old = [row(n, n * 30.5, "contact.abandoned") for n in range(360)]
    (found,) = scored(duckdb, old)
    assert found["n_marks"] == 360
    assert -1 < found["experience"] < 0
    (oldest,) = scored(duckdb, [row(1, 365.25 * 30, "contact.abandoned")])
    assert -1e-150 < oldest["experience"] <= 0
    assert oldest["index"] == 50


def test_a_value_that_is_not_known_weighs_as_the_mildest_case(duckdb: Any) -> None:
    _, _, left = derived(
        [row(1, 0, "outage"), row(2, 0, "outage", duration_s=7200.0), row(3, 0, "outage", duration_s=600.0)]
    )
    found = duckdb.to_pyarrow(left.order_by("touchpoint_id")).to_pylist()
    assert [(mark["touchpoint_id"], mark["severity"]) for mark in found] == [("s:1", 1.0), ("s:2", 2.0)]


def test_a_mark_belongs_to_its_touchpoints_department_or_to_a_named_one(duckdb: Any) -> None:
    text = (
        'version = "own"\nextends = "default"\n[owners]\nlogistics = "Parcel team"\n[[mark]]\nname = "delivered_late"\n'
    )
    text += (
        'class = "everyday"\nweight = -0.4\nwhen = { kind = "delivery.arrived", late_s = "> 0" }\nowner = "logistics"\n'
    )
    catalogue = load(f'{text}says = {{ en = "late" }}\n', file="catalogue.toml")
    touchpoints = as_table(FIVE)
    found = duckdb.to_pyarrow(marks(touchpoints, customers(touchpoints), catalogue)).to_pylist()
    assert {mark["mark"]: mark["owner"] for mark in found} == {
        "long_wait": "Hotline",
        "delivered_late": "Parcel team",
        "search_failed": None,
        "resolved": "Hotline",
    }


def test_a_matter_is_settled_at_the_first_contact_only_where_the_contact_is_known(duckdb: Any) -> None:
    call = row(1, 3, "contact.answered", issue_id="twice", contact_id="c1")
    settled = [
        row(2, 2, "issue.resolved", issue_id="twice", contact_id="c2"),
        row(3, 2, "issue.resolved", issue_id="twice"),
        row(4, 2, "issue.resolved", issue_id="once", contact_id="c3"),
        row(5, 2, "issue.resolved", issue_id="nobody called"),  # a log of incidents knows no contacts
        row(6, 2, "issue.resolved", contact_id="c4"),
        row(7, 2, "issue.resolved"),
    ]
    _, _, left = derived([call, *settled])
    found = duckdb.to_pyarrow(left.select("touchpoint_id", "mark").order_by("touchpoint_id")).to_pylist()
    said = ["resolved_later", "resolved_later", "resolved_first_contact", "resolved", "resolved", "resolved"]
    assert [each["mark"] for each in found] == said


def test_the_tables_keep_their_contracts(duckdb: Any) -> None:
    touchpoints, who, left = derived(FIVE)
    tables = {"customers": who, "marks": left, "scores": score(left, touchpoints, who, default(), at=AT)}
    for name, table in tables.items():
        assert table.schema() == CONTRACTS[name].schema()
        assert duckdb.to_pyarrow(table).column_names == list(CONTRACTS[name].names)


def test_a_catalogue_without_marks_leaves_everybody_neutral(duckdb: Any) -> None:
    empty = {**some_catalogue(Random(1), 8.0), "mark": []}
    catalogue = load(as_toml(empty), file="empty.toml")
    touchpoints = as_table(FIVE)
    who = customers(touchpoints)
    left = marks(touchpoints, who, catalogue)
    assert duckdb.to_pyarrow(left).num_rows == 0
    (found,) = duckdb.to_pyarrow(score(left, touchpoints, who, catalogue, at=AT)).to_pylist()
    assert (found["experience"], found["index"], found["n_marks"]) == (0, 50, 0)
    assert duckdb.to_pyarrow(contributions(left, who, catalogue, at=AT)).num_rows == 0


def test_a_mark_that_fades_from_an_earlier_moment_and_weighs_as_another_is_folded_so(duckdb: Any) -> None:
    since = AT - timedelta(days=60)
    strike = dict.fromkeys(MARKS.names) | {
        "touchpoint_id": "s:1",
        "mark": "complaint",
        "weighs_as": "complaint",
        "identifier": "user:1",
        "occurred_at": since,
        "fades_from": since,
        "severity": 1.0,
        "evidence": 1.0,
        "agent_controllable": False,
        "catalogue": "2026.1",
    }
    undone = {"touchpoint_id": "s:2", "mark": "recovered", "occurred_at": AT, "severity": -0.7, "evidence": 0.0}
    left = ibis.memtable(pa.Table.from_pylist([strike, {**strike, **undone}], schema=MARKS))
    touchpoints = as_table([row(1, 60, "complaint.filed"), row(2, 0, "recovery.confirmed")])
    who = customers(touchpoints)
    (found,) = duckdb.to_pyarrow(score(left, touchpoints, who, default(), at=AT)).to_pylist()
    assert found["experience"] == pytest.approx(9 * -0.8 * 0.3 * 0.5 / 8.5, abs=1e-12)
    assert (found["n_marks"], found["strikes_90d"]) == (2, 1)
    assert found["trend"] == pytest.approx(9 * 0.8 * 0.7 * 0.5 / 8.5, abs=1e-12)
    before = score(left, touchpoints, who, default(), at=AT - timedelta(microseconds=1))
    assert duckdb.to_pyarrow(before)["experience"][0].as_py() == pytest.approx(9 * -0.8 * 0.5 / 8.5, abs=1e-9)


# ---- the scale


def on_the_scale(duckdb: Any, z: np.ndarray[Any, Any]) -> tuple[Any, Any]:
    found = duckdb.to_pyarrow(indexed(ibis.memtable(pa.table({"experience": z})), sd=1.0))
    return found["index"].to_numpy(), found["per_point"].to_numpy()


def test_the_index_is_the_normal_distribution_of_the_printed_tables(duckdb: Any) -> None:
    found, _ = on_the_scale(duckdb, np.array([-1.96, -1.0, 0.0, 0.25, 1.0, 1.644854, 2.575829, 8.0]))
    printed = [2.49979, 15.86553, 50.0, 59.87063, 84.13447, 95.0, 99.5, 100.0]
    assert found == pytest.approx(printed, abs=1e-5)


def test_the_index_agrees_with_scipy_to_the_last_digits_everywhere(duckdb: Any) -> None:
    z = np.concatenate([np.linspace(-10, 10, 20_001), [0.5, -0.5, np.nextafter(0.5, 0), 1e5, -1e5, 1e300]])
    found, _ = on_the_scale(duckdb, z)
    assert np.abs(found - 100 * ndtr(z)).max() < 1e-13
    assert found.min() >= 0
    assert found.max() <= 100


def test_the_worth_of_a_contribution_keeps_its_digits_where_experience_is_near_zero(duckdb: Any) -> None:
    z = np.concatenate([np.linspace(-10, 10, 20_000), 10.0 ** np.arange(-250, 3)])
    found, per = on_the_scale(duckdb, z)
    assert np.abs(per / (50 * erf(z / np.sqrt(2)) / z) - 1).max() < 1e-14
    assert np.abs(per * z - (found - 50)).max() < 1e-12
    _, at_zero = on_the_scale(duckdb, np.array([0.0]))
    assert at_zero[0] == pytest.approx(100 / np.sqrt(2 * np.pi), rel=1e-15)
