"""Times of an export: texts in stated formats and zones become moments in UTC."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from collage.tables import from_text

__all__ = ["ambiguous", "check", "epoch_us", "make_timestamptz", "moment", "skipped", "to_utc"]

_UTC = dt.Timestamp(timezone="UTC", scale=6)
_OFFSET = r"(Z|[+-]\d{2}(:?\d{2})?)$"
_TIME_OF_DAY = r"\d:\d{2}"
_FIRST_YEAR, _LAST_YEAR = 1900, 2200
_Seconds = npt.NDArray[np.int64]


_NAIVE = dt.Timestamp(scale=6)


@ibis.udf.scalar.builtin(name="try_strptime", signature=((dt.string, dt.Array(dt.string)), _NAIVE))
def _local(text: Any, formats: Any) -> Any:  # Ibis publishes no types
    """Return a text as a time without a zone, by the first format that fits; null when none does (DuckDB)."""


@ibis.udf.scalar.builtin(name="try_strptime", signature=((dt.string, dt.string), _UTC))
def _aware(text: Any, format_: Any) -> Any:  # as above
    """Return a text as a moment, by a format that holds ``%z`` (DuckDB)."""


@ibis.udf.scalar.builtin(signature=((_NAIVE,), dt.int64))
def epoch_us(local: Any) -> Any:  # as above
    """Return whole microseconds since 1970 (DuckDB)."""


@ibis.udf.scalar.builtin(signature=((dt.int64,), _UTC))
def make_timestamptz(us: Any) -> Any:  # as above
    """Return the moment that lies so many microseconds after 1970 (DuckDB)."""


def moment(text: ir.StringValue, formats: Sequence[str], zone: str) -> tuple[ir.TimestampValue, ir.TimestampValue]:
    """Return a text as a moment in UTC, and as the local time it was before, where it carried no offset.

    Parameters
    ----------
    text
        Times as texts.
    formats
        Formats in the order they are tried; none: ISO 8601. A format with ``%z`` brings its own offset.
    zone
        IANA name of the zone of the others.

    Returns
    -------
    tuple of TimestampValue
        The moment (UTC, null where no format fits) and the local time (null where the text carried an offset).
    """
    if not formats:
        own = text.re_search(_OFFSET) & text.re_search(_TIME_OF_DAY)
        whole = from_text(text, "timestamp")
        if zone == "UTC":
            return whole, ibis.null(_NAIVE)
        local = ibis.ifelse(own, ibis.null(_NAIVE), whole.cast(_NAIVE))
        return ibis.ifelse(own, whole, to_utc(local, zone)), local
    plain = [form for form in formats if "%z" not in form]
    moments = [_aware(text, form).cast(_UTC) for form in formats if "%z" in form]
    local = _local(text, ibis.array(plain)).cast(_NAIVE) if plain else ibis.null(_NAIVE)
    return ibis.coalesce(*moments, to_utc(local, zone)), local


def check(zone: str) -> None:
    """Raise KeyError, ValueError or OSError when no zone of this name is known."""
    ZoneInfo(zone)


def to_utc(local: ir.TimestampValue, zone: str) -> ir.TimestampValue:
    """Return local times of `zone` in UTC: an ambiguous one is the earlier, a skipped one moves forward by the gap."""
    if zone == "UTC":
        return local.cast(_UTC)
    return make_timestamptz(_function(zone, "utc")(epoch_us(local))).cast(_UTC)


def ambiguous(local: ir.TimestampValue, zone: str) -> ir.IntegerValue:
    """Return 1 where the local time occurs twice in `zone` (clocks set back), else 0."""
    return _function(zone, "ambiguous")(epoch_us(local)).fill_null(0)


def skipped(local: ir.TimestampValue, zone: str) -> ir.IntegerValue:
    """Return 1 where the local time does not occur in `zone` (clocks set forward), else 0."""
    return _function(zone, "skipped")(epoch_us(local)).fill_null(0)


@cache
def _function(zone: str, what: str) -> Any:  # as above
    """Return an Ibis function on whole local microseconds of one zone."""
    switches, before, after, moved = _zone(zone)

    def answer(local: pa.ChunkedArray) -> pa.ChunkedArray:
        known = pc.fill_null(local, 0).to_numpy(zero_copy_only=False)
        if what == "utc":
            found = known - np.append(before, after[-1:])[np.searchsorted(switches, known, side="right")]
        else:
            # the stretch that is told twice, or never, ends where the local clock switches for good
            at = np.searchsorted(switches, known, side="right")
            inside = known >= (np.append(switches, np.iinfo(np.int64).max) - np.append(np.abs(moved), 0))[at]
            back = np.append(moved, 0)[at] < 0
            found = (inside & (back if what == "ambiguous" else ~back)).astype(np.int64)
        return pa.array(found, mask=pc.is_null(local).to_numpy(zero_copy_only=False))

    answer.__name__ = f"{what}_{''.join(c if c.isalnum() else '_' for c in zone)}"
    answer.__annotations__ = {"local": dt.int64, "return": dt.int64}
    return ibis.udf.scalar.pyarrow(answer)


@cache
def _zone(name: str) -> tuple[_Seconds, _Seconds, _Seconds, _Seconds]:
    """Return a zone's switches in local microseconds, the offset before and after each, and how far clocks moved."""
    zone = ZoneInfo(name)
    days = [
        datetime(_FIRST_YEAR, 1, 1, tzinfo=UTC) + timedelta(days=d) for d in range(366 * (_LAST_YEAR - _FIRST_YEAR))
    ]
    offsets = [_offset(day, zone) for day in days]
    changes = [i for i in range(1, len(days)) if offsets[i] != offsets[i - 1]]
    moments = [_last_before(days[i - 1], days[i], zone) for i in changes]
    before = np.array([offsets[i - 1] for i in changes] or [offsets[0]], dtype=np.int64)
    after = np.array([offsets[i] for i in changes] or [offsets[0]], dtype=np.int64)
    start = np.array([int(m.timestamp()) for m in moments] or [-(2**40)], dtype=np.int64)
    micro = 1_000_000
    return (
        (start + np.maximum(before, after)) * micro,
        before * micro,
        after * micro,
        (after - before) * micro,
    )


def _offset(moment_: datetime, zone: tzinfo) -> int:
    delta = moment_.astimezone(zone).utcoffset()
    return round(delta.total_seconds()) if delta is not None else 0


def _last_before(low: datetime, high: datetime, zone: tzinfo) -> datetime:
    """Return the first second of the new offset; it lies after `low` and not after `high`."""
    old = _offset(low, zone)
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        low, high = (middle, high) if _offset(middle, zone) == old else (low, middle)
    return high
