"""The help desk: CSV and XES of one log give the same touchpoints, and these are the log's own events."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from collage.tables import CONTRACTS
from tests.real.records import Read, Row, kinds, plain

pytestmark = pytest.mark.real

CSV, XES = "eventlogs/helpdesk.csv.gz", "eventlogs/helpdesk.xes.gz"
SETTLED = {"Resolve ticket", "Closed"}
WORK = {"Take in charge ticket", "Assign seriousness", "Wait", "Require upgrade", "Create SW anomaly"}
KINDS = {
    "Assign seriousness": "issue.ranked",
    "Take in charge ticket": "issue.taken",
    "Wait": "issue.paused",
    "Resolve ticket": "issue.resolved",
    "Closed": "issue.closed",
    "Create SW anomaly": "product.fault",
    "Resolve SW anomaly": "product.repaired",
    "Require upgrade": "product.upgrade_asked",
    "Schedule intervention": "visit.agreed",
}


def kind(activity: str, before: str | None) -> str:
    if before is None:
        return "issue.opened"
    if before in SETTLED and activity in WORK:
        return "issue.reopened"
    if activity == before == "Resolve ticket":
        return "issue.updated"
    return KINDS.get(activity, "issue.updated")


@pytest.fixture(scope="module")
def from_csv(read_set: Callable[[str], Read]) -> Read:
    return read_set("helpdesk")


@pytest.fixture(scope="module")
def from_xes(read_set: Callable[[str], Read]) -> Read:
    return read_set("helpdesk-from-xes")


@pytest.fixture(scope="module")
def tickets(shared_data: Path) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in plain(shared_data / CSV):
        found.setdefault(row["case:concept:name"], []).append(row)
    return {case: sorted(rows, key=lambda row: str(row["time:timestamp"])) for case, rows in found.items()}


def test_csv_and_xes_give_the_same_touchpoints_in_every_column(from_csv: Read, from_xes: Read) -> None:
    columns = CONTRACTS["touchpoints"].names
    assert from_csv.rows("touchpoints", *columns) == from_xes.rows("touchpoints", *columns)


def test_every_event_is_one_touchpoint_in_the_order_of_the_log(from_csv: Read, tickets: dict[str, list[Row]]) -> None:
    expected = {
        case: [
            (
                f"helpdesk:{case}.{n:04}",
                kind(row["concept:name"], rows[n - 2]["concept:name"] if n > 1 else None),
                datetime.fromisoformat(row["time:timestamp"]),
                f"user:{row['customer']}",
            )
            for n, row in enumerate(rows, 1)
        ]
        for case, rows in tickets.items()
    }
    assert from_csv.in_order("touchpoint_id", "kind", "occurred_at", "identifier") == expected


def test_the_rows_add_up(from_csv: Read, from_xes: Read, tickets: dict[str, list[Row]]) -> None:
    assert (len(tickets), sum(map(len, tickets.values()))) == (4_580, 21_348)
    assert from_csv.totals == {Path(CSV).name: (21_348, 21_348, 0, 0)}
    assert from_xes.totals == {Path(XES).name: (21_348, 21_348, 0, 0)}


def test_the_kinds_are_as_many_as_the_how_to_page_says(from_csv: Read) -> None:
    assert Counter(kind for (kind,) in from_csv.rows("touchpoints", "kind")) == kinds("helpdesk")
