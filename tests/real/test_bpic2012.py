"""The loan applications: every event of the log is one touchpoint, in the log's order."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from tests.real.records import Read, Row, kinds, plain

pytestmark = pytest.mark.real

FILE = "eventlogs/bpic2012.csv.gz"
CALLS = {"W_Nabellen offertes", "W_Nabellen incomplete dossiers"}
KINDS = {
    "A_SUBMITTED": "order.placed",
    "A_PARTLYSUBMITTED": "application.received",
    "A_DECLINED": "policy.denied",
    "A_CANCELLED": "order.cancelled",
    "O_SENT": "message.sent",
    "O_SENT_BACK": "message.received",
}


def kind(row: Row) -> str:
    activity, step = row["concept:name"], row["lifecycle:transition"]
    if not activity.startswith("W_"):
        group, name = activity.split("_", 1)
        return KINDS.get(activity, f"{'application' if group == 'A' else 'offer'}.{name.lower()}")
    if step != "COMPLETE":
        return {"SCHEDULE": "work.scheduled", "START": "work.started"}[step]
    return "followup.made" if activity in CALLS else "work.completed"


@pytest.fixture(scope="module")
def log(read_set: Callable[[str], Read]) -> Read:
    return read_set("bpic2012")


@pytest.fixture(scope="module")
def applications(shared_data: Path) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in plain(shared_data / FILE):
        found.setdefault(row["case:concept:name"], []).append(row)
    return found


def test_every_event_is_one_touchpoint_in_the_order_of_the_log(log: Read, applications: dict[str, list[Row]]) -> None:
    expected = {
        case: [
            (
                f"bpic2012:{case}.{n:04}",
                kind(row),
                datetime.fromisoformat(row["time:timestamp"]),
                f"anon:application-{case}",
                row["org:resource"] or None,
            )
            for n, row in enumerate(rows, 1)
        ]
        for case, rows in applications.items()
    }
    found = log.in_order("touchpoint_id", "kind", "occurred_at", "identifier", "agent")
    assert found == expected


def test_the_rows_add_up(log: Read, applications: dict[str, list[Row]]) -> None:
    assert (len(applications), sum(map(len, applications.values()))) == (13_087, 262_200)
    assert log.totals == {Path(FILE).name: (262_200, 262_200, 0, 0)}


def test_the_amount_stands_once_an_application_and_in_cents(log: Read, applications: dict[str, list[Row]]) -> None:
    found = [row for row in log.rows("touchpoints", "issue_id", "amount", "currency") if row[1] is not None]
    assert found == sorted(
        ((case, 100 * int(rows[0]["case:AMOUNT_REQ"]), "EUR") for case, rows in applications.items()),
        key=repr,
    )


def test_the_kinds_are_as_many_as_the_how_to_page_says(log: Read) -> None:
    assert Counter(kind for (kind,) in log.rows("touchpoints", "kind")) == kinds("bpic2012")
