"""The exports of the little company: the same each time, dirty as said, and with causes that can be found."""

import csv
import json
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from statistics import mean

import pytest

from collage.errors import UsageError
from collage.simulate import Export, Exports, write_exports

END = date(2026, 1, 1)
NOT_SEEN = "-"


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Exports:
    return write_exports(tmp_path_factory.mktemp("exports"), customers=2_000, seed=1, end=END)


@pytest.fixture(scope="module")
def calls(exports: Exports) -> list[dict[str, str]]:
    return rows_of(exports.care_calls, ";")


@pytest.fixture(scope="module")
def parcels(exports: Exports) -> list[dict[str, str]]:
    return rows_of(exports.parcels, ",")


@pytest.fixture(scope="module")
def shop(exports: Exports) -> list[dict[str, object]]:
    return [json.loads(line) for line in exports.shop.path.read_text(encoding="utf-8").splitlines()]


def rows_of(export: Export, delimiter: str) -> list[dict[str, str]]:
    with export.path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def good_calls(calls: list[dict[str, str]]) -> list[dict[str, str]]:
    return [
        row
        for row in calls
        if row["outcome"] != "test" and row["queued"] < "24" and not row["on_hold_s"].startswith("-4")
    ]


def seconds(clock: str) -> int:
    hours, minutes, rest = clock.split(":")
    return 3600 * int(hours) + 60 * int(minutes) + int(rest)


def wait(row: dict[str, str]) -> int:
    until = row["ended"] if row["answered"] == NOT_SEEN else row["answered"]
    return (seconds(until) - seconds(row["queued"])) % 86_400


def is_late(row: dict[str, str]) -> bool:
    return row["delivered"] > row["promised"]


def test_the_same_seed_gives_the_same_bytes_and_another_gives_others(exports: Exports, tmp_path: Path) -> None:
    again = write_exports(tmp_path / "again", customers=2_000, seed=1, end=END)
    other = write_exports(tmp_path / "other", customers=2_000, seed=2, end=END)
    for name in ("care_calls", "parcels", "shop"):
        first = getattr(exports, name).path.read_bytes()
        assert getattr(again, name).path.read_bytes() == first
        assert getattr(other, name).path.read_bytes() != first


def test_the_counts_are_those_of_the_files(
    exports: Exports,
    calls: list[dict[str, str]],
    parcels: list[dict[str, str]],
    shop: list[dict[str, object]],
) -> None:
    assert (len(calls), len(parcels), len(shop)) == (
        exports.care_calls.rows,
        exports.parcels.rows,
        exports.shop.rows,
    )
    assert sum(row["outcome"] == "test" for row in calls) == exports.care_calls.tests
    assert sum(row["customer"] == "INTERNAL" for row in parcels) == exports.parcels.tests
    assert sum(row["test"] is True for row in shop) == exports.shop.tests
    bad = [row for row in shop if row["at"] in {None, "1970-01-00T00:00:00+00:00"} or row["event"] == "legacy_ping"]
    assert len(bad) == exports.shop.bad


@pytest.mark.parametrize("name", ["care_calls", "parcels", "shop"])
def test_a_repeated_row_stands_right_after_the_row_it_repeats(exports: Exports, name: str) -> None:
    export = getattr(exports, name)
    lines = export.path.read_text(encoding="utf-8").splitlines()
    repeated = sum(line == before for before, line in pairwise(lines))
    assert repeated == export.repeated
    assert len(set(lines)) == len(lines) - repeated


@pytest.mark.parametrize("name", ["care_calls", "parcels", "shop"])
def test_three_rows_in_a_thousand_are_bad(exports: Exports, name: str) -> None:
    export = getattr(exports, name)
    assert 0 < export.bad <= 0.004 * export.rows


def test_some_calls_pass_midnight(calls: list[dict[str, str]]) -> None:
    assert any(row["ended"] < row["queued"] for row in good_calls(calls))


def test_the_evening_line_lets_customers_wait(calls: list[dict[str, str]]) -> None:
    waits = {line: mean(wait(row) for row in good_calls(calls) if row["line"] == line) for line in ("day", "evening")}
    assert waits["evening"] > 3 * waits["day"]


def test_the_east_depot_is_late_for_ten_weeks(parcels: list[dict[str, str]]) -> None:
    arrived = [row for row in parcels if row["delivered"] not in {NOT_SEEN, "0000-00-00 00:00"}]
    bad_weeks = [row for row in arrived if row["depot"] == "east" and "2025-09-14" < row["shipped"] < "2025-11-20"]
    others = [row for row in arrived if row["depot"] != "east"]
    assert mean(map(is_late, bad_weeks)) > 5 * mean(map(is_late, others))


def test_the_coupon_is_refused_for_twelve_days(shop: list[dict[str, object]]) -> None:
    days = [str(row["at"])[:10] for row in shop if row["event"] == "coupon_refused"]
    inside = [day for day in days if "2025-04-14" <= day <= "2025-04-26"]
    assert len(inside) > 3 * len(days) * 12 / 365


def test_the_shop_writes_the_offset_of_central_europe(shop: list[dict[str, object]]) -> None:
    by_day: dict[date, set[str]] = {}
    for row in shop:
        if row["at"] not in {None, "1970-01-00T00:00:00+00:00"}:
            at = datetime.fromisoformat(str(row["at"]))
            by_day.setdefault(at.date(), set()).add(str(at.utcoffset()))
    for day, offsets in by_day.items():
        if day in {date(2025, 3, 30), date(2025, 10, 26)}:
            continue
        assert offsets == {"2:00:00" if date(2025, 3, 30) < day < date(2025, 10, 26) else "1:00:00"}, day


def test_nothing_happens_outside_the_year(shop: list[dict[str, object]], parcels: list[dict[str, str]]) -> None:
    times = [str(row["at"]) for row in shop if row["at"] and not str(row["at"]).startswith("1970")]
    assert min(times) >= "2025-01-01"
    assert max(times) < "2026-01-01"
    assert max(row["delivered"] for row in parcels if row["delivered"] != NOT_SEEN) < "2026-01-01"


def test_rows_of_a_file_stand_in_order_of_time(shop: list[dict[str, object]]) -> None:
    times = [
        datetime.fromisoformat(str(row["at"])) for row in shop if row["at"] and not str(row["at"]).startswith("1970")
    ]
    assert times == sorted(times)


def test_very_few_customers_are_enough_to_write_and_fewer_are_refused(tmp_path: Path) -> None:
    small = write_exports(tmp_path, customers=10, seed=3, end=END)
    assert small.care_calls.rows > 0
    with pytest.raises(UsageError, match="at least 10"):
        write_exports(tmp_path, customers=9, seed=3, end=END)
