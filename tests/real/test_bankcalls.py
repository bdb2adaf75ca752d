"""The bank's telephone: every call's touchpoints, counted a second time in plain Python."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.real.records import Read, Row, kinds, plain

pytestmark = pytest.mark.real

FILE = "bankcalls/bank_calls_3_weeks.csv.gz"
ZONE = ZoneInfo("Asia/Jerusalem")
NO_CLOCK = "0:00:00"


def clock(text: str) -> int:
    hours, minutes, seconds = (int(part) for part in text.split(":"))
    return 3600 * hours + 60 * minutes + seconds


def apart(start: str, end: str) -> int:
    return (clock(end) - clock(start)) % 86_400


def touchpoints(row: Row) -> list[tuple[object, ...]]:
    """Return (id, kind, occurred_at, identifier, wait_s, duration_s) of one call."""
    if row["outcome"] == "PHANTOM":
        return []
    call = f"{row['date']}.{row['vru_entry']:0>8}.{row['call_id']:0>5}"
    who = f"user:{row['customer_id']}" if row["customer_id"] else f"anon:{call}"
    day = datetime.fromisoformat(row["date"]).replace(tzinfo=ZONE)
    left_menu = (day + timedelta(seconds=clock(row["vru_entry"]))).astimezone(UTC)
    left_menu += timedelta(seconds=int(row["vru_time"]))
    queued = row["q_start"] != NO_CLOCK
    wait = float(apart(row["q_start"], row["q_exit"])) if queued else 0.0
    left_queue = left_menu + timedelta(seconds=wait)
    talked = float(apart(row["ser_start"], row["ser_exit"]))
    first = f"bankcalls:{call}.1"
    if row["outcome"] == "AGENT":
        made: list[tuple[object, ...]] = [(first, "contact.answered", left_queue, who, wait, None)]
        if talked > 0:
            end = left_queue + timedelta(seconds=talked)
            made.append((f"bankcalls:{call}.2", "contact.ended", end, who, None, talked))
        return made
    if queued:
        return [(first, "contact.abandoned", left_queue, who, wait, None)]
    return [(first, "contact.ended", left_menu, who, None, None)]


@pytest.fixture(scope="module")
def calls(read_set: Callable[[str], Read]) -> Read:
    return read_set("bankcalls")


@pytest.fixture(scope="module")
def rows(shared_data: Path) -> list[Row]:
    return plain(shared_data / FILE)


def test_every_touchpoint_is_the_one_counted_by_hand(calls: Read, rows: list[Row]) -> None:
    columns = ("touchpoint_id", "kind", "occurred_at", "identifier", "wait_s", "duration_s")
    expected = sorted((one for row in rows for one in touchpoints(row)), key=repr)
    assert calls.rows("touchpoints", *columns) == expected


def test_the_rows_add_up_and_what_is_left_out_are_the_phantoms(calls: Read, rows: list[Row]) -> None:
    phantoms = sum(row["outcome"] == "PHANTOM" for row in rows)
    assert (len(rows), phantoms) == (30_138, 239)
    assert calls.totals == {Path(FILE).name: (len(rows), len(rows) - phantoms, phantoms, 0)}


def test_a_wait_from_two_clock_times_is_the_one_that_the_bank_counted_also_past_midnight(
    calls: Read, rows: list[Row]
) -> None:
    past = [row for row in rows if clock(row["q_exit"]) < clock(row["q_start"])]
    assert len(past) == 11
    waits = dict(calls.rows("touchpoints", "touchpoint_id", "wait_s"))
    for row in rows:
        for touchpoint_id, kind, *_ in touchpoints(row):
            if kind in {"contact.answered", "contact.abandoned"}:
                assert waits[touchpoint_id] == float(row["q_time"])


def test_calls_without_a_customer_stay_single(calls: Read, rows: list[Row]) -> None:
    unknown = [row for row in rows if not row["customer_id"]]
    assert len(unknown) == 14_395
    nobody = {who for (who,) in calls.rows("touchpoints", "identifier") if who.startswith("anon:")}
    assert len(nobody) == sum(row["outcome"] != "PHANTOM" for row in unknown)


def test_the_kinds_are_as_many_as_the_how_to_page_says(calls: Read) -> None:
    assert Counter(kind for (kind,) in calls.rows("touchpoints", "kind")) == kinds("bankcalls")
