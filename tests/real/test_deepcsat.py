"""The rated support contacts, counted a second time in plain Python."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.core.test_cli import collage
from tests.real.records import Read, Row, figures, kinds, plain

pytestmark = pytest.mark.real

FILE = "deepcsat_shopzilla/customer_support_open.csv.gz"
ZONE = ZoneInfo("Asia/Kolkata")


def at(text: str, form: str = "%d/%m/%Y %H:%M") -> datetime:
    return datetime.strptime(text, form).replace(tzinfo=ZONE).astimezone(UTC)


def who(row: Row) -> str:
    return f"order:{row['Order_id']}" if row["Order_id"] else f"anon:{row['Unique id']}"


@pytest.fixture(scope="module")
def contacts(read_set: Callable[[str], Read]) -> Read:
    return read_set("deepcsat")


@pytest.fixture(scope="module")
def rows(shared_data: Path) -> list[Row]:
    return plain(shared_data / FILE)


def test_every_touchpoint_is_the_one_counted_by_hand(contacts: Read, rows: list[Row]) -> None:
    expected: list[tuple[object, ...]] = []
    for row in rows:
        reported, responded = at(row["Issue_reported at"]), at(row["issue_responded"])
        kind = "message.sent" if row["channel_name"] == "Email" else "contact.answered"
        frozen = (who(row), row["Supervisor"], row["Agent_name"])
        wait = (responded - reported).total_seconds()
        expected += [
            (f"deepcsat:{row['Unique id']}.1", "issue.opened", reported, *frozen, None),
            (f"deepcsat:{row['Unique id']}.2", kind, responded, *frozen, wait),
        ]
    columns = ("touchpoint_id", "kind", "occurred_at", "identifier", "department", "agent", "wait_s")
    assert contacts.rows("touchpoints", *columns) == sorted(expected, key=repr)


def test_every_rating_keeps_who_served(contacts: Read, rows: list[Row]) -> None:
    day = timedelta(seconds=86_399)
    expected = [
        (
            f"deepcsat:{row['Unique id']}",
            who(row),
            at(row["Survey_response_Date"], "%d-%b-%y") + day,
            row["Supervisor"],
            row["Agent_name"],
            float(row["CSAT Score"]),
            row["Customer Remarks"].strip() or None,
        )
        for row in rows
    ]
    columns = ("rating_id", "identifier", "rated_at", "department", "agent", "score", "comment")
    assert contacts.rows("ratings", *columns) == sorted(expected, key=repr)


def test_no_rating_comes_before_its_contact_was_answered(contacts: Read) -> None:
    answered = {
        contact: when
        for contact, kind, when in contacts.rows("touchpoints", "contact_id", "kind", "occurred_at")
        if kind != "issue.opened"
    }
    assert all(when >= answered[contact] for contact, when in contacts.rows("ratings", "contact_id", "rated_at"))


def test_the_rows_add_up_and_a_wait_below_zero_would_be_quarantined(contacts: Read, rows: list[Row]) -> None:
    negative = sum(at(row["issue_responded"]) < at(row["Issue_reported at"]) for row in rows)
    assert (len(rows), negative) == (10_734, 0)
    assert contacts.totals == {Path(FILE).name: (len(rows), len(rows) - negative, 0, negative)}


def test_the_kinds_are_as_many_as_the_how_to_page_says(contacts: Read) -> None:
    assert Counter(kind for (kind,) in contacts.rows("touchpoints", "kind")) == kinds("deepcsat")


def test_no_agent_can_be_ranked_but_groups_differ_as_the_page_says(contacts: Read) -> None:
    said = figures("deepcsat", "who")
    for by, row in zip(("department", "agent"), said.values(), strict=True):
        rows = json.loads(collage("attribute", contacts.folder, "--by", by, "--format", "json").data)
        reliable = [each["reliability"] for each in rows if each["reliability"] >= 0.7]
        verdicts = Counter(each["verdict"] for each in rows)
        assert row["compared"] == f"{len(rows):,}"
        assert row["reliability ≥ .7"].split()[0] == str(len(reliable))
        assert (row["better"], row["worse"]) == (str(verdicts["better"]), str(verdicts["worse"]))
    assert max(each["reliability"] for each in rows) < 0.8
