"""Asking a table whether it keeps its contract, and turning texts into the contract's types.

`faults` turns a contract into conditions, so that the reader (row by row) and the door of a dataset (first offending
row) ask the same questions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from collage.tables.contracts import Column, Contract

__all__ = ["Fault", "faults", "from_text", "json_object", "to_json", "without_nul"]

_TIME = dt.Timestamp(timezone="UTC", scale=6)
_LOCAL = dt.Timestamp(scale=6)
# Times outside are slips (year 0001, 9999), never instances a customer remembers.
_EARLIEST, _LATEST = "1900-01-01T00:00:00+00:00", "2200-01-01T00:00:00+00:00"
_ISO = r"^\d{4}-\d{1,2}-\d{1,2}([T ]\d{1,2}:\d{2}(:\d{2}([.,]\d{1,9})?)?( ?(Z|[+-](0\d|1[0-5])(:?[0-5]\d)?))?)?$"
_ISO_LOCAL = r"^\d{4}-\d{1,2}-\d{1,2}([T ]\d{1,2}:\d{2}(:\d{2}([.]\d{1,9})?)?)?$"
_ISO_OFFSET = r"^\d{4}-\d{1,2}-\d{1,2}[T ]\d{1,2}:\d{2}(:\d{2}([.]\d{1,9})?)?(Z|[+-](0\d|1[0-5])(:?[0-5]\d)?)$"
_JSON_TEXT, _NO_JSON = r'"(\\.|[^"\\])*"', r"(?i)nan|inf|,\s*[}\]]"
_PLAIN_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"


@ibis.udf.scalar.builtin(name="chr")
def _chr(code: int) -> str:  # type: ignore[empty-body]  # the engines' own function, declared for Ibis
    """Return the character of a code; DuckDB 1.5 takes no NUL within a query."""


@ibis.udf.scalar.builtin(name="epoch_us", signature=((_LOCAL,), dt.int64))
def _us(local: Any) -> Any:  # DuckDB's own function
    """Return whole microseconds since 1970 (DuckDB)."""


@ibis.udf.scalar.builtin(name="make_timestamptz", signature=((dt.int64,), _TIME))
def _at_us(us: Any) -> Any:  # DuckDB's own function
    """Return the moment that lies so many microseconds after 1970 (DuckDB)."""


@ibis.udf.scalar.builtin(name="json_valid")
def _json_valid(text: str) -> bool:  # type: ignore[empty-body]  # DuckDB's own function, declared for Ibis
    """Return whether a text is JSON (DuckDB)."""


@ibis.udf.scalar.builtin(name="json_merge_patch")
def _json_merge_patch(one: str, other: str) -> str:  # type: ignore[empty-body]  # DuckDB's own function
    """Return a JSON object with the entries of another put over it, those that are null taken out (DuckDB)."""


@ibis.udf.scalar.builtin
def to_json(value) -> str:  # type: ignore[no-untyped-def,empty-body]  # noqa: ANN001  # any struct
    """Return a struct as a JSON object (DuckDB, Spark).

    Parameters
    ----------
    value
        The struct.

    Returns
    -------
    StringValue
        The object; DuckDB writes entries that are null, Spark leaves them out.
    """


def json_object(values: Mapping[str, ir.Value], *, over: ir.StringValue | None = None) -> ir.StringValue:
    """Return a JSON object of the values that are not null (DuckDB).

    Parameters
    ----------
    values
        Name of an entry → its value, of any type.
    over
        JSON objects whose entries stay where `values` has none of the name, or null.

    Returns
    -------
    StringValue
        Null where the object is empty.
    """
    # joined with nothing, DuckDB's JSON becomes the plain text that Ibis takes it for
    whole = to_json(ibis.struct(values)).concat("")
    if values:
        # most objects have no null to take out, and merging costs five times as much as writing
        known = _json_merge_patch("{}", whole).concat("")
        whole = ibis.ifelse(ibis.or_(*(value.isnull() for value in values.values())), known, whole)
    if over is not None:
        # the nulls are out by now: merged in, they would take the entries of `over` with them
        whole = _json_merge_patch(over.fill_null("{}"), whole).concat("")
    return whole.nullif("{}")


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to break a contract: true in `when`, about `column`, with the value `found` as text."""

    column: str
    reason: str
    when: ir.BooleanValue
    found: ir.StringValue


def from_text(
    value: ir.StringValue, type_: str, *, once: Callable[[ir.Value], ir.Value] = lambda same: same
) -> ir.Value:
    """Return a text as a value of a contract's type; null where it cannot be turned.

    Parameters
    ----------
    value
        Texts; times are ISO 8601, no offset means UTC (the session's zone must be UTC).
    type_
        One of string, timestamp, double, int64, bool.
    once
        Has a value that is used several times worked out once, where the caller can.

    Returns
    -------
    Value
        Of the type's Ibis type. ``nan``, ``inf``, ``1_000`` and ``infinity``, which DuckDB would take, give null.
    """
    if type_ == "string":
        return value
    if type_ == "timestamp":
        return _moment(value)
    if type_ == "bool":
        low = once(value.lower())
        return ibis.cases(
            (low.isin(["true", "t", "yes", "1"]), True),
            (low.isin(["false", "f", "no", "0"]), False),
            else_=None,
        )
    number = once(ibis.ifelse(value.re_search(_PLAIN_NUMBER), value, ibis.null("string")).try_cast("float64"))
    number = ibis.ifelse(number.isinf(), ibis.null("float64"), number)
    if type_ == "double":
        return number
    # beyond 2^53 no whole number is told from its neighbour, and Ibis would round into an overflow
    number = once(number)
    small = once(ibis.ifelse(number.abs() < ibis.literal(2.0**53, type="float64"), number, ibis.null("float64")))
    return ibis.ifelse(small == small.round().cast("float64"), small, ibis.null("float64")).try_cast("int64")


def _moment(value: ir.StringValue) -> ir.TimestampValue:
    """Return ISO 8601 texts as moments: the common writings first, each by the cheapest cast that reads it."""
    plain = _at_us(_us(value.try_cast(_LOCAL)))  # the same as a cast to UTC, and a third of its price
    # DuckDB reads neither a comma before the fraction nor a blank before the offset
    mended = value.replace(",", ".").re_replace(r" ?(Z|[+-]\d{2}(:?\d{2})?)$", r"\1")
    return ibis.cases(
        (value.re_search(_ISO_LOCAL), plain),
        (value.re_search(_ISO_OFFSET), value.try_cast(_TIME)),
        (value.re_search(_ISO), mended.try_cast(_TIME)),
        else_=ibis.null(_TIME),
    )


def without_nul(text: ir.StringValue) -> ir.StringValue:
    """Return a text with each NUL replaced by its picture, ␀, so that a table can show it.

    Parameters
    ----------
    text
        Texts.

    Returns
    -------
    StringValue
        The same where there is no NUL.
    """
    return text.replace(_chr(0), "␀")


def faults(table: ir.Table, contract: Contract) -> list[Fault]:
    """Return every way in which a row of `table` can break `contract`.

    Parameters
    ----------
    table
        A table with the contract's columns in the contract's types; columns it lacks count as null.
    contract
        The contract.

    Returns
    -------
    list of Fault
        In the order of the contract's columns; `when` is never null. Uniqueness of the key is not among them: it
        is no matter of one row.
    """
    found: list[Fault] = []
    for column in contract.columns:
        if column.name in table.columns:
            found += _column_faults(table[column.name], column)
        elif column.required:
            missing = ibis.literal(value=True)
            found.append(Fault(column.name, "is missing", missing, ibis.null("string")))
    return found + _row_faults(table, contract)


def _column_faults(value: ir.Value, column: Column) -> list[Fault]:
    conditions: list[tuple[str, ir.BooleanValue]] = []
    if column.required:
        conditions.append(("is null but must be known", value.isnull()))
    if column.type == "string":
        conditions += _text_faults(value, column)
    if column.type == "timestamp":
        early, late = (ibis.timestamp(edge, timezone="UTC") for edge in (_EARLIEST, _LATEST))
        conditions.append(("is not a time between the years 1900 and 2200", (value < early) | (value >= late)))
    if column.type == "double":
        conditions.append(("is not a finite number", value.isnan() | value.isinf()))
    if column.low is not None:
        conditions.append((f"is below {column.low:g}", value < ibis.literal(column.low, type="float64")))
    if column.high is not None:
        conditions.append((f"is above {column.high:g}", value > ibis.literal(column.high, type="float64")))
    shown = value.cast("string")
    return [Fault(column.name, reason, _true(when), shown) for reason, when in conditions]


def _text_faults(value: ir.StringValue, column: Column) -> list[tuple[str, ir.BooleanValue]]:
    conditions = [("holds a NUL character", value.contains(_chr(0)))]
    if column.pattern is not None:
        conditions.append((f"is not {column.expected}", ~value.re_search(column.pattern)))
    if column.values:
        conditions.append((f"is none of {', '.join(column.values)}", value.notin(column.values)))
    if column.json:
        opening = "{" if column.json == "object" else "["
        # DuckDB takes NaN, Infinity and a last comma, which others do not
        lax = value.re_replace(_JSON_TEXT, "0").re_search(_NO_JSON)
        sound = _json_valid(value) & value.lstrip().startswith(opening) & ~lax
        conditions.append((f"is not {column.expected}", ~sound))
    return conditions


def _row_faults(table: ir.Table, contract: Contract) -> list[Fault]:
    """Return the faults that are a matter of two columns."""
    pairs: list[tuple[str, str, str]] = []
    if contract.name == "ratings":
        pairs = [
            ("scale_high", "below", "scale_low"),
            ("score", "below", "scale_low"),
            ("score", "above", "scale_high"),
        ]
    if contract.name == "promises":
        pairs = [("due_at", "before", "made_at"), ("settled_at", "before", "made_at")]
    found = []
    for one, how, other in pairs:
        if {one, other} <= set(table.columns):
            wrong = table[one] > table[other] if how == "above" else table[one] < table[other]
            found.append(Fault(one, f"is {how} {other}", _true(wrong), table[one].cast("string")))
    if contract.name == "touchpoints" and "amount" in table.columns:
        currency = table.currency if "currency" in table.columns else ibis.null("string")
        lone = table.amount.notnull() & currency.isnull()
        found.append(Fault("currency", "is null beside an amount", _true(lone), table.amount.cast("string")))
    if contract.name == "promises" and "outcome" in table.columns:
        settled = table.settled_at if "settled_at" in table.columns else ibis.null("timestamp")
        lone = table.outcome.notnull() & settled.isnull()
        found.append(Fault("settled_at", "is null beside an outcome", _true(lone), table.outcome))
    if contract.name == "claims":
        same = _true(table.one == table.other)
        found.append(Fault("other", "is the same identifier as one", same, table.other.cast("string")))
    return found


def _true(when: ir.BooleanValue) -> ir.BooleanValue:
    return when.fill_null(ibis.literal(value=False))
