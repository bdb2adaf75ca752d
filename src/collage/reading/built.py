"""What a form builds: an Ibis expression on a row, and the ways in which it can fail; and its turning into a type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir

from collage.reading import times
from collage.tables import from_text

__all__ = [
    "Built",
    "Row",
    "Wrong",
    "alike",
    "as_number",
    "as_text",
    "as_time",
    "as_type",
    "double",
    "locals_of",
    "rounded",
    "where",
    "wrongs_of",
]

_ONCE = "_once_"
_GROUPED = r"^[+-]?\d{1,3}([. ]\d{3})+(,\d*)?$"


@dataclass(frozen=True, slots=True)
class Wrong:
    """A way to fail: true in `when`, with the reason in words and the text found."""

    when: ir.BooleanValue
    reason: str
    found: ir.StringValue


@dataclass(frozen=True, slots=True)
class Built:
    """A value on a row, how it can fail, and what is odd about the local times behind it (see `times.moment`)."""

    value: ir.Value
    wrongs: tuple[Wrong, ...] = ()
    locals: tuple[ir.IntegerValue, ...] = ()


@dataclass(slots=True)
class Row:
    """What a value is built on: the rows, the map's formats and zone, and the columns its key goes by.

    Whoever builds values goes on with `table`, to which `once` adds columns, and at last takes these out (`bare`).
    """

    table: ir.Table
    formats: tuple[str, ...]
    zone: str
    window: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    rename: Mapping[str, str] = field(default_factory=dict)
    _first: ir.Table = field(init=False)
    _known: dict[ops.Node, ir.Value] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Remember the table as it came: what is built on it alike is alike, and `once` knows it again."""
        self._first = self.table

    def __getitem__(self, name: str) -> ir.Value:
        """Return a column by the name the map gives it."""
        return self._first[self.rename.get(name, name)]

    def once(self, value: ir.Value) -> ir.Value:
        """Return a column with the value, which is then worked out once, however often it is used or asked for.

        Without it an expression that is used twice stands twice in the query, and one made of such ones 2ⁿ times.
        """
        if isinstance(value.op(), ops.Field | ops.Literal):
            return value
        if value.op() not in self._known:
            name = f"{_ONCE}{len(self.table.columns)}"
            self.table = self.table.mutate(**{name: value})
            self._known[value.op()] = self.table[name]
        return self._known[value.op()]

    def bare(self, table: ir.Table) -> ir.Table:
        """Return a table without the columns that `once` has added."""
        return table.drop(*(name for name in table.columns if name.startswith(_ONCE)))

    def of_key(self, value: ir.Value) -> tuple[ir.Value, Any]:
        """Return a value as a column of the table as it is now, and the window over the rows of one key."""
        name = self.once(value).get_name()  # which may give `table` a column
        groups, order = ([self.table[name] for name in names] for names in self.window)
        return self.table[name], ibis.window(group_by=groups, order_by=order)

    def settled(self, built: Built) -> Built:
        """Return a built value that is worked out once."""
        return Built(self.once(built.value), built.wrongs, built.locals)


def as_time(built: Built, row: Row, formats: Sequence[str] | None, zone: str | None) -> Built:
    """Return a built value as a moment; a text is read by the formats and zone given, else by the map's."""
    wanted, place = row.formats if formats is None else tuple(formats), zone or row.zone
    if built.value.type().is_timestamp():
        return _in_utc(row.settled(built), row, place)
    text = row.once(as_text(built.value, row))
    value, odd = times.moment(text, wanted, place, once=row.once)
    value = row.once(value)
    expected = f"is not a time as {' or '.join(wanted)}" if wanted else "is not a time (ISO 8601)"
    wrong = Wrong(text.notnull() & value.isnull(), expected, text)
    return Built(value, (*built.wrongs, wrong), built.locals if odd is None else (*built.locals, odd))


def _in_utc(built: Built, row: Row, zone: str) -> Built:
    """Return a time that is none of text as a moment; without a zone of its own it is in the one given."""
    if built.value.type().timezone is not None or zone == "UTC":
        return built
    value, odd = times.of_local(built.value, zone, once=row.once)
    value = row.once(value)
    reason = "is not a time between the years 1900 and 2200"
    wrong = Wrong(built.value.notnull() & value.isnull(), reason, built.value.cast("string"))
    return Built(value, (*built.wrongs, wrong), (*built.locals, odd))


def as_type(built: Built, type_: str, row: Row) -> Built:
    """Return a built value as a value of a contract's type."""
    if type_ == "timestamp":
        return as_time(built, row, None, None)
    if type_ == "string":
        return Built(as_text(built.value, row), built.wrongs, built.locals)
    built = row.settled(built)
    if not built.value.type().is_numeric():  # a time or true/false is none, and is told so by its text
        built = Built(row.once(as_text(built.value, row)), built.wrongs, built.locals)
        value = row.once(from_text(built.value, type_, once=row.once))
        words = {"double": "a number", "int64": "a whole number", "bool": "true or false"}[type_]
        wrong = Wrong(built.value.notnull() & value.isnull(), f"is not {words}", built.value)
        return Built(value, (*built.wrongs, wrong), built.locals)
    if type_ == "int64" and built.value.type().is_floating():
        text = as_text(built.value, row)
        return as_type(Built(text, built.wrongs, built.locals), type_, row)
    return Built(
        built.value.cast({"double": "float64", "bool": "boolean"}.get(type_, type_)),
        built.wrongs,
        built.locals,
    )


def as_number(built: Built, row: Row, decimal: str = ".") -> Built:
    """Return a built value as a float64; a text is read in the notation with this decimal sign."""
    if built.value.type().is_numeric():
        return Built(row.once(built.value.cast("float64")), built.wrongs, built.locals)
    text = row.once(as_text(built.value, row))
    plain = text
    if decimal == ",":
        grouped = row.once(ibis.ifelse(text.re_search(_GROUPED), text.re_replace(r"[. ]", ""), text))
        plain = row.once(ibis.ifelse(grouped.contains("."), ibis.null("string"), grouped.replace(",", ".")))
    value = row.once(from_text(plain, "double", once=row.once))
    return Built(value, (*built.wrongs, Wrong(text.notnull() & value.isnull(), "is not a number", text)), built.locals)


def as_text(value: ir.Value, row: Row) -> ir.StringValue:
    """Return a value as text, a whole number without a decimal point."""
    if value.type().is_string():
        return value
    if value.type().is_floating():
        value = row.once(value)
        whole = (value == rounded(value)) & (value.abs() < double(2.0**53))
        return ibis.ifelse(whole, value.try_cast("int64").cast("string"), value.cast("string"))
    return value.cast("string")


def rounded(value: ir.FloatingValue) -> ir.FloatingValue:
    """Return a number rounded half away from zero; beyond 2^53 it is whole already, and Ibis would overflow."""
    small = ibis.ifelse(value.abs() < double(2.0**53), value, ibis.null("float64"))
    return small.round().cast("float64").fill_null(value)


def alike(values: Sequence[ir.Value], row: Row) -> list[ir.Value]:
    """Return values of one type: as they are where they agree, else as texts."""
    kinds = {str(value.type()).lstrip("!") for value in values}
    return list(values) if len(kinds) == 1 else [as_text(value, row) for value in values]


def where(when: ir.BooleanValue, built: Built) -> Built:
    """Return a built value of which only the rows count for which it is meant."""
    wrongs = tuple(Wrong(w.when & when, w.reason, w.found) for w in built.wrongs)
    odd = tuple(ibis.ifelse(when, odd, ibis.null("int64")) for odd in built.locals)
    return Built(built.value, wrongs, odd)


def wrongs_of(built: Sequence[Built]) -> tuple[Wrong, ...]:
    """Return the ways in which any of the built values can fail."""
    return tuple(wrong for one in built for wrong in one.wrongs)


def locals_of(built: Sequence[Built]) -> tuple[ir.IntegerValue, ...]:
    """Return what is odd about the local times behind any of the built values."""
    return tuple(odd for one in built for odd in one.locals)


def double(value: float) -> ir.FloatingScalar:
    """Return a number as a float64, not as the decimal that DuckDB would take it for."""
    return ibis.literal(value, type="float64")
