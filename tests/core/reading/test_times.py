"""Local times become moments as the standard library's zoneinfo says: told twice the earlier, never told moved on."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collage.errors import MapError
from collage.reading import parse_map
from collage.store import Engine
from tests.core.reading.through import Read, read

ReadFiles = Callable[..., Read]
ROWS = 1000
SECOND = timedelta(seconds=1)
ZONES = (
    "Europe/Berlin",  # an hour at 02:00
    "America/Sao_Paulo",  # at midnight, until 2019
    "Australia/Lord_Howe",  # half an hour
    "Asia/Jerusalem",  # other days every year, for long
    "America/New_York",
    "Asia/Kolkata",  # none since 1945, and half an hour aside
)
TOP = """
name = "x"
[[rows]]
[[rows.emit]]
into = "touchpoints"
touchpoint_id = "{_row|05}"
identifier = "user:1"
occurred_at = "2024-05-01"
kind = "a"
"""
FORMATS = 'formats = ["%d.%m.%Y", "%Y-%m-%d %H:%M:%S.%f"]'
FORMS = "".join(
    f'properties.z{i} = {{ time = "{{t{i}}}", zone = "{zone}"{", " + FORMATS if i % 2 else ""} }}\n'
    for i, zone in enumerate(ZONES)
)


def offset(local: datetime, zone: str, fold: int) -> timedelta:
    return local.replace(tzinfo=ZoneInfo(zone), fold=fold).utcoffset() or timedelta(0)


@cache
def switches(zone: str, year: int) -> tuple[datetime, ...]:
    """Return the local midnights before the days of a year on which the clock of a zone is set."""
    days = [datetime(year, 1, 1) + timedelta(days=n) for n in range(366)]  # noqa: DTZ001  # local times are what is meant
    return tuple(day for day in days if offset(day, zone, 0) != offset(day + timedelta(days=1), zone, 0))


def some_local(dice: Random, zone: str) -> datetime:
    """Return a local time between 1970 and 2100, mostly near a day on which clocks are set."""
    year = dice.randint(1970, 2099)
    near = switches(zone, year)
    if near and dice.random() < 0.8:
        half_hours = timedelta(minutes=30 * dice.choice([*range(9), *range(44, 52)]))
        return (
            dice.choice(near)
            + half_hours
            + dice.choice([-1, 0, 0, 1, dice.randint(0, 1799 * 10**6)]) * (SECOND / 10**6)
        )
    start = datetime(year, 1, 1)  # noqa: DTZ001  # as above
    return start + dice.randint(0, 365 * 86_400 * 10**6) * (SECOND / 10**6)


@given(seed=st.integers(0, 2**32))
@settings(max_examples=settings().max_examples // 6, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_local_time_of_every_zone_is_the_moment_that_zoneinfo_says_and_odd_ones_are_counted(
    engine: Engine, tmp_path: Path, seed: int
) -> None:
    dice = Random(seed)
    rows = [[some_local(dice, zone) for zone in ZONES] for _ in range(ROWS)]
    lines = [",".join(at.strftime("%Y-%m-%d %H:%M:%S.%f") for at in row) for row in rows]
    header = ",".join(f"t{i}" for i in range(len(ZONES)))
    found = read(engine, tmp_path, TOP + FORMS, {"times.csv": "\n".join([header, *lines])})
    moments = [[datetime.fromisoformat(row[f"z{i}"]) for i in range(len(ZONES))] for row in found.properties()]
    assert moments == [
        [(at - offset(at, zone, 0)).replace(tzinfo=UTC) for at, zone in zip(row, ZONES, strict=True)] for row in rows
    ]
    later = [[offset(at, zone, 1) - offset(at, zone, 0) for at, zone in zip(row, ZONES, strict=True)] for row in rows]
    assert found.reading.note()["times"] == {
        "ambiguous": sum(any(gap < timedelta(0) for gap in row) for row in later),
        "skipped": sum(any(gap > timedelta(0) for gap in row) for row in later),
    }


COUNTED = """
name = "x"
zone = "Europe/Berlin"
[[rows]]
drop = { kind = "out" }
[rows.derive]
until = { time = "{at}" }
[rows.common]
identifier = "user:1"
[[rows.emit]]
into = "touchpoints"
touchpoint_id = "{_row}.1"
occurred_at = "{at}"
received_at = "{until}"
kind = "{kind}"
[[rows.emit]]
into = "touchpoints"
when = { twice = true }
touchpoint_id = "{_row}.2"
occurred_at = "{at}"
kind = "{kind}"
"""


def test_odd_times_are_counted_as_rows_that_were_used_however_often_the_map_reads_them(read_files: ReadFiles) -> None:
    lines = [
        "at,kind,twice",
        "2024-10-27T02:30:00,a,true",  # told twice, read thrice
        "2024-10-27T02:30:00+02:00,a,true",  # says itself which it is
        "2024-10-27T02:59:59.999999,a,false",
        "2024-10-27T03:00:00,a,false",
        "2024-10-27T02:30:00,out,true",  # filtered
        "2024-10-27T02:30:00,A,true",  # quarantined
        "2024-03-31T02:00:00,a,true",  # never told
        "2024-03-31T01:59:59,a,true",
        "2024-03-31T03:00:00,a,true",
    ]
    found = read_files(COUNTED, {"times.csv": "\n".join(lines)})
    assert found.reading.note()["times"] == {"ambiguous": 2, "skipped": 1}
    assert tuple(found.reading.note()["files"]["times.csv"].values()) == (9, 7, 1, 1)
    assert found.column("occurred_at")[0] == datetime(2024, 10, 27, 0, 30, tzinfo=UTC)
    skipped = next(row for row in found.rows() if row["touchpoint_id"] == "x:7.1")
    assert skipped["occurred_at"] == skipped["received_at"] == datetime(2024, 3, 31, 1, tzinfo=UTC)


WRITINGS = {
    "31.12.2023 23:59": ("%d.%m.%Y %H:%M", datetime(2023, 12, 31, 23, 59)),  # noqa: DTZ001  # local, in UTC below
    "1/2/24 3:04 PM": ("%-m/%-d/%y %-I:%M %p", datetime(2024, 1, 2, 15, 4)),  # noqa: DTZ001  # as above
    "05-Jan-2024 01:02:03.5": ("%d-%b-%Y %H:%M:%S.%f", datetime(2024, 1, 5, 1, 2, 3, 500_000)),  # noqa: DTZ001  # as above
    "2024 060": ("%Y %j", datetime(2024, 2, 29)),  # noqa: DTZ001  # as above
    "3 March 2024": ("%-d %B %Y", datetime(2024, 3, 3)),  # noqa: DTZ001  # as above
    "2024-05-01T10:00:00 +0530": ("%Y-%m-%dT%H:%M:%S %z", datetime(2024, 5, 1, 4, 30)),  # noqa: DTZ001  # as above
    "20240501T100000Z": ("%Y%m%dT%H%M%S%z", datetime(2024, 5, 1, 10)),  # noqa: DTZ001  # as above
}


def test_formats_are_tried_in_order_and_each_directive_is_read(read_files: ReadFiles) -> None:
    lines = ["at", *(f'"{text}"' for text in WRITINGS), "nothing"]
    top = f"times = {[form for form, _ in WRITINGS.values()]}\n{TOP}".replace('"2024-05-01"', '"{at}"')
    found = read_files(top, {"times.csv": "\n".join(lines)})
    assert [at.replace(tzinfo=None) for at in found.column("occurred_at")] == [at for _, at in WRITINGS.values()]
    assert [(row, found) for row, _, _, found in found.faults()] == [(len(WRITINGS) + 1, "nothing")]


@pytest.mark.parametrize("zone", ["Europe/Berln", "../etc/passwd", "", "CEST+2", "/etc/localtime"])
def test_a_zone_that_nobody_knows_is_refused(zone: str) -> None:
    with pytest.raises(
        MapError, match="no zone that is known\n  to do: give an IANA name such as Europe/Berlin or UTC"
    ):
        parse_map(f'zone = "{zone}"\n{TOP}', file="map.toml")


@pytest.mark.parametrize("form", ["%Q", "%H:%M %", "plain", "%U"])
def test_a_format_that_is_none_is_refused(form: str) -> None:
    with pytest.raises(MapError, match=r"read the map map\.toml: times\n"):
        parse_map(f'times = ["{form}"]\n{TOP}', file="map.toml")
