"""The incident log: what the map makes of its snapshots, counted a second time in plain Python."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.real.records import Read, Row, kinds, plain

pytestmark = pytest.mark.real

FILE = "incidents/incident_events_to_20160430.csv.gz"


def at(text: str) -> datetime:
    day, clock = text.split(" ")
    d, m, y = (int(part) for part in day.split("/"))
    hour, minute = (int(part) for part in clock.split(":"))
    return datetime(y, m, d, hour, minute, tzinfo=UTC)


def known(text: str) -> str | None:
    return None if text in {"", "?"} else text.strip()


def expected(rows: list[Row]) -> tuple[list[tuple[object, ...]], int]:
    """Return (id, kind, occurred_at, identifier, department) of each, and how many rows gave any."""
    incidents: dict[str, list[Row]] = {}
    for row in rows:
        incidents.setdefault(row["number"], []).append(row)
    found: list[tuple[object, ...]] = []
    used = 0
    for number, updates in incidents.items():
        updates.sort(key=lambda row: (at(row["sys_updated_at"]), int(row["sys_mod_count"])))
        for n, row in enumerate(updates, 1):
            before = updates[n - 2] if n > 1 else None
            who = f"user:{row['caller_id']}" if known(row["caller_id"]) else f"anon:{number}"
            made = list(touchpoints(row, before))
            used += bool(made)
            found += [
                (f"incidents:{number}.{n:04}.{place}", kind, when, who, group) for place, kind, when, group in made
            ]
    return found, used


def touchpoints(row: Row, before: Row | None) -> list[tuple[int, str, datetime, str | None]]:
    now, group = at(row["sys_updated_at"]), known(row["assignment_group"])
    state = row["incident_state"]
    found = []
    if before is None:
        found.append((1, "issue.opened", at(row["opened_at"]), group))
    if before and before["reassignment_count"] != row["reassignment_count"]:
        found.append((2, "handover.transferred", now, known(before["assignment_group"])))
    if before and before["reopen_count"] != row["reopen_count"]:
        found.append((3, "issue.reopened", now, known(before["assignment_group"])))
    if before is None or before["incident_state"] != state:
        kind = {"Awaiting User Info": (4, "message.sent"), "Resolved": (5, "issue.resolved")}.get(state)
        if kind:
            found.append((*kind, now, group))
    if row["made_sla"] == "False" and (before is None or before["made_sla"] == "True"):
        found.append((6, "promise.broken", now, group))
    return found


@pytest.fixture(scope="module")
def incidents(read_set: Callable[[str], Read]) -> Read:
    return read_set("incidents")


@pytest.fixture(scope="module")
def truth(shared_data: Path) -> tuple[list[tuple[object, ...]], int, int]:
    rows = plain(shared_data / FILE)
    return *expected(rows), len(rows)


def test_every_touchpoint_is_the_one_counted_by_hand(
    incidents: Read, truth: tuple[list[tuple[object, ...]], int, int]
) -> None:
    found = incidents.rows("touchpoints", "touchpoint_id", "kind", "occurred_at", "identifier", "department")
    assert found == sorted(truth[0], key=repr)


def test_the_rows_add_up(incidents: Read, truth: tuple[list[tuple[object, ...]], int, int]) -> None:
    _, used, rows = truth
    assert rows == 101_045
    assert incidents.totals == {Path(FILE).name: (rows, used, rows - used, 0)}


def test_the_kinds_are_as_many_as_the_how_to_page_says(incidents: Read) -> None:
    assert Counter(kind for (kind,) in incidents.rows("touchpoints", "kind")) == kinds("incidents")


def test_the_touchpoints_of_an_incident_stand_in_the_order_of_its_updates(incidents: Read) -> None:
    # Five incidents of the log were updated before they were opened, by the log's own clocks.
    out_of_order = [
        issue
        for issue, found in incidents.in_order("touchpoint_id", "kind").items()
        if [i for i, kind in found if kind != "issue.opened"]
        != sorted(i for i, kind in found if kind != "issue.opened")
    ]
    assert out_of_order == []
