"""Times of an export: texts in stated formats and zones become moments in UTC."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from collage.tables import from_text

__all__ = ["NEVER", "TWICE", "check", "epoch_us", "in_sql", "make_timestamptz", "moment", "moment_us", "of_local"]

_UTC = dt.Timestamp(timezone="UTC", scale=6)
_OFFSET = r"(Z|[+-]\d{2}(:?\d{2})?)$"
_FAR_OFFSET = r"[+-](1[6-9]|[2-9]\d)(:?\d{2})?$"
_TIME_OF_DAY = r"\d:\d{2}"
_FIRST_YEAR, _LAST_YEAR = 1900, 2200
TWICE, NEVER = 1, 2
_ODD, _BITS = 3, 2
_ZONE = "zone"
_Whole = npt.NDArray[np.int64]


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


@ibis.udf.scalar.builtin(name="epoch_us", signature=((_UTC,), dt.int64))
def moment_us(moment: Any) -> Any:  # as above
    """Return whole microseconds since 1970 of a moment (DuckDB); casting it to a time without a zone costs far more."""


@ibis.udf.scalar.builtin(signature=((dt.int64,), _UTC))
def make_timestamptz(us: Any) -> Any:  # as above
    """Return the moment that lies so many microseconds after 1970 (DuckDB)."""


def moment(
    text: ir.StringValue, formats: Sequence[str], zone: str, *, once: Callable[[ir.Value], ir.Value]
) -> tuple[ir.TimestampValue, ir.IntegerValue | None]:
    """Return a text as a moment in UTC, and what is odd about the local time it was.

    Parameters
    ----------
    text
        Times as texts.
    formats
        Formats in the order they are tried; none: ISO 8601. A format with ``%z`` brings its own offset.
    zone
        IANA name of the zone of the others. An ambiguous local time is the earlier, a skipped one moves forward by
        the gap.
    once
        Has a value that is used several times worked out once.

    Returns
    -------
    tuple of TimestampValue and IntegerValue
        The moment (UTC, null where no format fits), and 1 where the local time is told twice, 2 where it is never
        told, else 0 or null; None where the zone is UTC, which has no such times.
    """
    if not formats:
        whole = once(from_text(text, "timestamp"))
        if zone == "UTC":
            return whole, None
        own = once(text.re_search(_OFFSET) & text.re_search(_TIME_OF_DAY))
        told = once(_function(zone)(ibis.ifelse(own, ibis.null("int64"), moment_us(whole))))
        return ibis.ifelse(own, whole, _at(told)), told & _ODD
    # DuckDB reads "epoch" and "infinity" as 1900, whatever the format
    text = once(ibis.ifelse(text.re_search(r"\d"), text, ibis.null("string")))
    plain = [form for form in formats if "%z" not in form]
    offset = [(form, _near(text) if form.endswith("%z") else text) for form in formats if "%z" in form]
    moments = [_aware(near, form).cast(_UTC) for form, near in offset]
    local = epoch_us(_local(text, ibis.array(plain)).cast(_NAIVE)) if plain else ibis.null("int64")
    if zone == "UTC":
        return ibis.coalesce(*moments, make_timestamptz(local)), None
    told = once(_function(zone)(local))
    return ibis.coalesce(*moments, _at(told)), told & _ODD


def of_local(
    local: ir.TimestampValue, zone: str, *, once: Callable[[ir.Value], ir.Value]
) -> tuple[ir.TimestampValue, ir.IntegerValue]:
    """Return local times of a zone as `moment` does; null where they are infinite."""
    told = once(_function(zone)(epoch_us(local)))
    return _at(told), told & _ODD


def _near(text: ir.StringValue) -> ir.StringValue:
    """Return a text that ends in an offset as DuckDB wants it: +00 for Z, null where no zone is so far from UTC."""
    return ibis.ifelse(text.re_search(_FAR_OFFSET), ibis.null("string"), text.re_replace("Z$", "+00"))


def check(zone: str) -> None:
    """Raise KeyError, ValueError or OSError when no zone of this name is known."""
    ZoneInfo(zone)


def _at(told: ir.IntegerValue) -> ir.TimestampValue:
    return make_timestamptz(told >> _BITS)


@cache
def _function(zone: str) -> Any:  # as above
    """Return an Ibis function from local microseconds of a zone to UTC's, shifted by two bits that say what is odd."""
    edges, offsets, odd = _stretches(zone)

    def told(local: pa.ChunkedArray) -> pa.ChunkedArray:
        known = pc.fill_null(local, 0).to_numpy(zero_copy_only=False)
        at = np.searchsorted(edges, known, side="right")
        return pa.array(
            ((known - offsets[at]) << _BITS) | odd[at], mask=pc.is_null(local).to_numpy(zero_copy_only=False)
        )

    told.__name__ = f"utc_{''.join(c if c.isalnum() else '_' for c in zone)}"
    told.__annotations__ = {"local": dt.int64, "return": dt.int64}
    vars(told)[_ZONE] = zone
    return ibis.udf.scalar.pyarrow(told)


def in_sql(table: ir.Table) -> tuple[ir.Table, dict[str, pa.Table]]:
    """Return rows whose local times the engine turns by itself, without Python: slower by the row, and plain SQL.

    Parameters
    ----------
    table
        Rows made with `moment` or `of_local`.

    Returns
    -------
    tuple of Table and dict
        The same rows, and the tables, by name, in which their zones are looked up.
    """
    lookups: dict[str, pa.Table] = {}

    def replaced(node: ops.Node, arguments: Mapping[str, Any] | None) -> ops.Node:
        node = node.__recreate__(arguments) if arguments else node
        zone = vars(node.__func__).get(_ZONE) if isinstance(node, ops.ScalarUDF) and node.args else None
        if zone is None:
            return node
        name = f"zone {zone}"
        lookups[name] = _lookup(zone)
        return _looked_up(node.args[0].to_expr(), name).op()

    return table.op().replace(replaced).to_expr(), lookups


def _lookup(zone: str) -> pa.Table:
    """Return where the stretches of a zone's local time end, and what each adds to it, shifted as `_function` does."""
    edges, offsets, odd = _stretches(zone)
    return pa.table({"edges": [edges.tolist()], "added": [(odd - (offsets << _BITS)).tolist()]})


def _looked_up(local: ir.IntegerValue, name: str) -> ir.IntegerValue:
    zone = ibis.table({"edges": "array<int64>", "added": "array<int64>"}, name=name)
    at = zone["edges"].as_scalar().filter(lambda edge: edge <= local).length()
    return (local << _BITS) + zone["added"].as_scalar()[at]


def _stretches(zone: str) -> tuple[_Whole, _Whole, _Whole]:
    """Return where the stretches of a zone's local time end, and the offset (µs) and oddness of each."""
    switches, before, after, moved = _zone(zone)
    # what is told twice, or never, is as long as the clock moves, and ends where it switches for good
    odd = np.where(moved < 0, TWICE, NEVER) * (moved != 0)
    begins = switches - np.abs(moved)
    edges = np.maximum.accumulate(np.column_stack([begins, switches]).ravel())
    offsets = np.append(np.repeat(before, 2), after[-1:])
    return edges, offsets, np.append(np.column_stack([np.zeros_like(odd), odd]).ravel(), 0)


@cache
def _zone(name: str) -> tuple[_Whole, _Whole, _Whole, _Whole]:
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
