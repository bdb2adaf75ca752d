"""Times as clients write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collage_web.ingest.times import EARLIEST, LATEST, moment
from tests.web.ingest.sent import MANY, VALUES

SAID = datetime(2015, 2, 2, 0, 30, 12, 984_000, tzinfo=UTC)
MOMENTS = st.datetimes(EARLIEST.replace(tzinfo=None), LATEST.replace(tzinfo=None) - timedelta(microseconds=1))


@pytest.mark.parametrize(
    "text",
    [
        "2015-02-02T00:30:12.984Z",
        "2015-2-02T00:30:12.984Z",  # as Segment's own documentation has it
        "2015-2-2T0:30:12.984Z",
        "2015-02-02T00:30:12.984",
        "2015-02-02 00:30:12.984",
        "2015-02-02t00:30:12.984z",
        "2015-02-02T00:30:12,984Z",
        "2015-02-02T00:30:12.984000+00:00",
        "2015-02-02T00:30:12.984000999Z",
        "2015-02-02T02:30:12.984+02:00",
        "2015-02-02T02:30:12.984+0200",
        "2015-02-02 02:30:12.984 +0200",
        "2015-02-02T02:30:12.984+02",
        "2015-2-1T19:0:12.984-05:30".replace("19:0:", "19:00:"),
        " 2015-02-02T00:30:12.984Z ",
        1_422_837_012.984,
        1_422_837_012_984,
    ],
)
def test_the_same_moment_is_read_from_every_writing(text: Any) -> None:
    assert moment(text) == SAID


@pytest.mark.parametrize(
    ("value", "when"),
    [
        ("2015-02-02", datetime(2015, 2, 2, tzinfo=UTC)),
        ("2015-2-2", datetime(2015, 2, 2, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),
        ("1900-01-01T00:00:00Z", EARLIEST),
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
        (-86_400, datetime(1969, 12, 31, tzinfo=UTC)),
        (1_422_837_012, datetime(2015, 2, 2, 0, 30, 12, tzinfo=UTC)),
    ],
)
def test_days_leap_seconds_and_numbers_are_moments(value: Any, when: datetime) -> None:
    assert moment(value) == when


@pytest.mark.parametrize(
    "value",
    [
        None, True, "", "soon", "now", "2015", "20150202", "2015-W05-1", "2015-13-02", "2015-02-30T00:00:00Z",
        "2015-02-02T24:61:00Z", "2015-02-02T00:30:12+99:00", "1899-12-31T23:59:59Z", "1900-01-01T00:00:00+05:00",
        "2199-12-31T23:00:00-05:00", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+15:00", "9999-12-31T23:59:60-15:00",
        "1422837012", "٢٠١٥-٠٢-٠٢", "2015-2-2T0:00:00." + "1" * 100, 1e15, -1e13, 1e308, 10**300, [], {},
    ],
)  # fmt: skip
def test_everything_else_is_no_moment(value: Any) -> None:
    assert moment(value) is None


@given(when=MOMENTS, minutes=st.integers(-15 * 60, 15 * 60))
@MANY
def test_a_moment_is_read_as_it_was_written_in_whatever_zone(when: datetime, minutes: int) -> None:
    zone = timezone(timedelta(minutes=minutes))
    written = when.replace(tzinfo=zone)
    expected = written.astimezone(UTC) if EARLIEST <= written < LATEST else None
    unpadded = f"{when.year}-{when.month}-{when.day}T{written.isoformat()[11:]}"
    assert moment(written.isoformat()) == moment(unpadded) == expected


@given(value=VALUES | st.text("0123456789-:TZ+., ", max_size=30))
@MANY
def test_any_value_is_a_moment_in_utc_or_none(value: Any) -> None:
    when = moment(value)
    assert when is None or (when.tzinfo is UTC and EARLIEST <= when < LATEST)
