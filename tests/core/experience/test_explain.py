"""A score taken apart: for one customer, for those who lost most, in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import ibis
import ibis.expr.types as ir
import pytest

from collage.customers import customers
from collage.errors import UnknownCustomer, UsageError
from collage.experience import Catalogue, contributions, default, explain, load, lost_most, marks, score, told
from tests.core.experience.generated import COLUMNS, as_table, world
from tests.core.experience.test_laws import rows_of

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def touchpoint(who: str, days: float, kind: str, **facts: object) -> dict[str, Any]:
    named = {"identifier": who, "kind": kind, "occurred_at": AT - timedelta(days=days)}
    id_ = {"touchpoint_id": f"s:{who}/{kind}/{days}"}
    return {**dict.fromkeys(COLUMNS), **id_, **named, **facts}


ROWS = [
    touchpoint("user:1", 1, "contact.answered", wait_s=840.0, department="Hotline", channel="phone"),
    touchpoint("user:1", 2, "delivery.arrived", late_s=3 * 86400.0, department="Parcel"),
    touchpoint("user:1", 3, "order.placed", department="Shop", channel="web"),
    touchpoint("user:1", -1, "complaint.filed"),
    touchpoint("user:2", 1, "complaint.filed"),
    touchpoint("user:2", 1, "goods.damaged"),
    touchpoint("user:2", 1, "invoice.corrected"),
    touchpoint("user:2", 1, "search.failed"),
    touchpoint("user:3", 5, "issue.resolved"),
    touchpoint("email:b@example.org", 5, "page.viewed"),
]


@pytest.fixture(scope="module")
def tables(duckdb: Any) -> tuple[ir.Table, ir.Table, ir.Table, Catalogue]:
    touchpoints = as_table(ROWS)
    who = customers(touchpoints)
    left = duckdb.to_pyarrow(marks(touchpoints, who, default()))  # worked out once for all tests
    return touchpoints, who, ibis.memtable(left), default()


Tables = tuple[ir.Table, ir.Table, ir.Table, Catalogue]


def explained(tables: Tables, customer: str, language: str = "en", at: datetime = AT) -> list[dict[str, Any]]:
    touchpoints, who, left, catalogue = tables
    found = explain(left, touchpoints, who, catalogue, at=at, customer=customer, language=language)
    rows: list[dict[str, Any]] = found.to_pylist()
    return rows


def test_one_customer_is_explained_largest_first_in_words_a_caller_would_understand(tables: Tables) -> None:
    found = explained(tables, "user:1")
    assert [(row["mark"], row["owner"], row["channel"], row["says"]) for row in found] == [
        ("delivered_late", "Parcel", None, "a delivery came 3 days late"),
        ("long_wait", "Hotline", "phone", "waited 14 min for an answer"),
        ("ordered", "Shop", "web", "placed an order"),
    ]
    columns = ["touchpoint_id", "mark", "occurred_at", "owner", "channel", "contribution", "points", "without", "says"]
    assert list(found[0]) == columns


def test_the_same_in_german(tables: Tables) -> None:
    assert [row["says"] for row in explained(tables, "user:1", "de")] == [
        "eine Lieferung kam 3 Tage zu spät",
        "wartete 14 min auf eine Antwort",
        "gab eine Bestellung auf",
    ]


def test_contributions_of_one_customer_are_those_of_all(duckdb: Any, tables: Tables) -> None:
    _, who, left, catalogue = tables
    everyone = rows_of(duckdb, contributions(left, who, catalogue, at=AT))
    together = {row["touchpoint_id"]: row for row in everyone if row["customer_id"] == "user:1"}
    alone = explained(tables, "user:1")
    assert {row["touchpoint_id"] for row in alone} == set(together)
    for row in alone:
        for column in ("contribution", "points", "without"):
            assert row[column] == pytest.approx(together[row["touchpoint_id"]][column], abs=1e-12)


def test_a_customer_with_nothing_but_glances_has_nothing_to_explain(tables: Tables) -> None:
    assert explained(tables, "email:b@example.org") == []


def test_nothing_of_tomorrow_is_explained_today(tables: Tables) -> None:
    assert "complaint" not in {row["mark"] for row in explained(tables, "user:1")}
    assert "complaint" in {row["mark"] for row in explained(tables, "user:1", at=AT + timedelta(days=1))}


def test_an_unknown_customer_is_refused_with_those_that_are_near(tables: Tables) -> None:
    for wanted in ("user:11", "1"):
        with pytest.raises(UnknownCustomer, match="did you mean user:1") as refused:
            explained(tables, wanted)
        assert wanted in refused.value.asked
    with pytest.raises(UnknownCustomer, match=r"did you mean email:b@example\.org"):
        explained(tables, "b@example.org")
    with pytest.raises(UnknownCustomer, match="give a customer id or an identifier"):
        explained(tables, "somebody else entirely")


def test_a_time_without_a_zone_and_an_unknown_language_are_refused(tables: Tables) -> None:
    with pytest.raises(UsageError, match="without a zone"):
        explained(tables, "user:1", at=AT.replace(tzinfo=None))
    with pytest.raises(UsageError, match="choose one of de, en"):
        explained(tables, "user:1", language="fr")


def test_a_moment_may_be_given_in_any_zone(tables: Tables) -> None:
    from zoneinfo import ZoneInfo

    berlin = AT.astimezone(ZoneInfo("Europe/Berlin"))
    assert explained(tables, "user:1", at=berlin) == explained(tables, "user:1")


def test_those_who_lost_most_come_first_with_their_largest_contributions(tables: Tables) -> None:
    touchpoints, who, left, catalogue = tables
    worst = lost_most(contributions(left, who, catalogue, at=AT), customers=2, reasons=3)
    found = told(worst, touchpoints, catalogue).to_pylist()
    assert [(row["place"], row["customer_id"], row["reason"], row["says"]) for row in found] == [
        (1, "user:2", 1, "complained"),
        (1, "user:2", 2, "got something damaged"),
        (1, "user:2", 3, "got an invoice that had to be corrected"),
        (2, "user:1", 1, "a delivery came 3 days late"),
        (2, "user:1", 2, "waited 14 min for an answer"),
        (2, "user:1", 3, "placed an order"),
    ]
    assert found[0]["lost"] == pytest.approx(sum(row["contribution"] for row in explained(tables, "user:2")))
    assert told(worst, touchpoints, catalogue, language="de")["says"][0].as_py() == "beschwerte sich"


def test_the_ten_who_lost_most_of_a_thousand_are_the_ten_whose_strikes_sum_lowest(duckdb: Any) -> None:
    touchpoints = as_table(world(7, 8.0).touchpoints)
    who = customers(touchpoints)
    parts = contributions(marks(touchpoints, who, default()), who, default(), at=AT)
    lost: dict[str, float] = {}
    for row in rows_of(duckdb, parts):
        if row["contribution"] < 0:
            lost[row["customer_id"]] = lost.get(row["customer_id"], 0.0) + row["contribution"]
    found = rows_of(duckdb, lost_most(parts))
    expected = sorted(lost, key=lambda customer: (lost[customer], customer))[:10]
    assert list(dict.fromkeys(row["customer_id"] for row in found)) == expected
    assert all(row["reason"] <= 3 for row in found)


def test_a_mild_strike_out_of_a_bad_memory_makes_it_worse_yet_its_contribution_stays_a_strike(duckdb: Any) -> None:
    bad = [touchpoint("user:1", n / 10, "privacy.breached") for n in range(20)]
    mild = touchpoint("user:1", 3, "handover.connected", severity=1.0)
    touchpoints = as_table([*bad, mild])
    who = customers(touchpoints)
    left = marks(touchpoints, who, default())
    (row,) = [r for r in rows_of(duckdb, contributions(left, who, default(), at=AT)) if r["mark"] == "warm_transfer"]
    (whole,) = rows_of(duckdb, score(left, touchpoints, who, default(), at=AT))
    assert row["contribution"] < 0
    assert row["without"] < whole["experience"]


def test_a_mark_without_a_german_text_is_told_in_english() -> None:
    catalogue = load(
        'version = "own"\nextends = "default"\n[[mark]]\nname = "turn_bad"\nclass = "everyday"\nweight = -0.2\n'
        'when = { kind = "turn.bad" }\nsays = { en = "was not helped by {agent}" }\n',
        file="ours.toml",
    )
    touchpoints = as_table([touchpoint("user:1", 1, "turn.bad", agent="a7")])
    who = customers(touchpoints)
    tables = (touchpoints, who, marks(touchpoints, who, catalogue), catalogue)
    assert [row["says"] for row in explained(tables, "user:1", "de")] == ["was not helped by a7"]
