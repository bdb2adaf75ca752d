"""The forms of a value in a map: each builds an Ibis expression on a row (`forms` parses them).

A form builds a `Built`: the value, and the ways in which it can fail (`Wrong`). A text is null where one of its columns
is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir

from collage.conditions import Condition
from collage.reading import times
from collage.tables import from_text, json_object

__all__ = [
    "Built",
    "Changed",
    "Constant",
    "First",
    "Mapped",
    "Mean",
    "Number",
    "Object",
    "Previous",
    "Row",
    "RowNumber",
    "Seconds",
    "Template",
    "Time",
    "Value",
    "When",
    "Wrong",
    "as_time",
    "as_type",
]

_ONCE = "_once_"
_FAR_S = 1e10  # some 300 years
_GROUPED = r"^[+-]?\d{1,3}([. ]\d{3})+(,\d*)?$"
_CLOCK = r"^\d{1,2}:\d{2}(:\d{2}([.]\d+)?)?$"


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
    """What a value is built on: the rows, the map's formats and zone, and the window over the rows of one key.

    Whoever builds values goes on with `table`, to which `once` adds columns, and at last takes these out (`bare`).
    """

    table: ir.Table
    formats: tuple[str, ...]
    zone: str
    window: Any = None
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


class Value(Protocol):
    """One form of a value."""

    def columns(self) -> Iterator[str]:
        """Yield the columns it mentions."""

    def build(self, row: Row) -> Built:
        """Return the value on a row."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A text, number or truth value that no row changes."""

    constant: str | float | bool

    def columns(self) -> Iterator[str]:
        yield from ()

    def build(self, row: Row) -> Built:  # noqa: ARG002  # a constant needs no row
        kind = {bool: "boolean", str: "string"}.get(type(self.constant), "float64")
        return Built(ibis.literal(self.constant, type=kind))


@dataclass(frozen=True, slots=True)
class Template:
    """A text with columns in it; null where one of them is."""

    parts: tuple[str | tuple[str, int], ...]

    def columns(self) -> Iterator[str]:
        yield from (part[0] for part in self.parts if not isinstance(part, str))

    def build(self, row: Row) -> Built:
        if len(self.parts) == 1 and not isinstance(self.parts[0], str) and not self.parts[0][1]:
            return Built(row[self.parts[0][0]])
        texts = [ibis.literal(p) if isinstance(p, str) else _padded(_as_text(row[p[0]], row), p[1]) for p in self.parts]
        return Built(texts[0].concat(*texts[1:]) if len(texts) > 1 else texts[0])


@dataclass(frozen=True, slots=True)
class First:
    """The first of several values that is not null."""

    options: tuple[Value, ...]

    def columns(self) -> Iterator[str]:
        for option in self.options:
            yield from option.columns()

    def build(self, row: Row) -> Built:
        built: list[Built] = []
        earlier: ir.BooleanValue = ibis.literal(value=True)
        for option in self.options:
            built.append(_where(earlier, _settled(option.build(row), row)))
            earlier = earlier & built[-1].value.isnull()
        values = _alike([one.value for one in built], row)
        return Built(ibis.coalesce(*values), _wrongs(built), _locals(built))


@dataclass(frozen=True, slots=True)
class Mapped:
    """A text looked up in a table of texts."""

    value: Value
    texts: tuple[tuple[str, str], ...]
    other: Value | str | None

    def columns(self) -> Iterator[str]:
        yield from self.value.columns()
        if self.other is not None and not isinstance(self.other, str):
            yield from self.other.columns()

    def build(self, row: Row) -> Built:
        inner = self.value.build(row)
        text = row.once(_as_text(inner.value, row))
        known = text.isin([before for before, _ in self.texts])
        rest = Built(ibis.null("string"))
        if self.other is None:
            reason = "is a text which the map's value map does not know"
            rest = Built(rest.value, (Wrong(text.notnull() & ~known, reason, text),))
        elif self.other == "keep":
            rest = Built(text)
        elif not isinstance(self.other, str):
            rest = _where(text.notnull() & ~known, self.other.build(row))
        other = ibis.ifelse(text.isnull(), ibis.null("string"), _as_text(rest.value, row))
        value = ibis.cases(*((text == b, a) for b, a in self.texts), else_=other)
        return Built(value, _wrongs([inner, rest]), _locals([inner, rest]))


@dataclass(frozen=True, slots=True)
class When:
    """One value or another, by a condition."""

    condition: Condition
    then: Value
    otherwise: Value | None

    def columns(self) -> Iterator[str]:
        yield from self.condition.columns
        yield from self.then.columns()
        if self.otherwise is not None:
            yield from self.otherwise.columns()

    def build(self, row: Row) -> Built:
        holds = row.once(self.condition.holds(row))
        then = _where(holds, self.then.build(row))
        if self.otherwise is None:
            value = ibis.ifelse(holds, then.value, ibis.null(then.value.type()))
            return Built(value, then.wrongs, then.locals)
        both = [then, _where(~holds, self.otherwise.build(row))]
        return Built(ibis.ifelse(holds, *_alike([one.value for one in both], row)), _wrongs(both), _locals(both))


@dataclass(frozen=True, slots=True)
class Time:
    """A moment, read in a format and zone of its own, moved by seconds."""

    time: Value
    formats: tuple[str, ...] | None
    zone: str | None
    plus_s: Value | None

    def columns(self) -> Iterator[str]:
        yield from self.time.columns()
        if self.plus_s is not None:
            yield from self.plus_s.columns()

    def build(self, row: Row) -> Built:
        built = as_time(self.time.build(row), row, self.formats, self.zone)
        if self.plus_s is None:
            return built
        plus = _as_number(self.plus_s.build(row), row)
        near = row.once(ibis.ifelse(plus.value.abs() < _float(_FAR_S), plus.value, ibis.null("float64")))
        far = Wrong(plus.value.notnull() & near.isnull(), "moves a time too far", plus.value.cast("string"))
        microseconds = (near * _float(1_000_000)).round().cast("int64")
        moved = times.make_timestamptz(times.moment_us(built.value) + microseconds)
        return Built(row.once(moved), (*built.wrongs, *plus.wrongs, far), built.locals)


@dataclass(frozen=True, slots=True)
class Number:
    """A number read in a notation of its own, scaled and moved."""

    number: Value
    decimal: str
    times: float
    plus: float
    rounded: bool

    def columns(self) -> Iterator[str]:
        yield from self.number.columns()

    def build(self, row: Row) -> Built:
        built = _as_number(self.number.build(row), row, self.decimal)
        value = built.value
        if self.times != 1:
            value = value * _float(self.times)
        if self.plus != 0:
            value = value + _float(self.plus)
        return Built(_rounded(row.once(value)) if self.rounded else value, built.wrongs, built.locals)


@dataclass(frozen=True, slots=True)
class Seconds:
    """Seconds from one moment, or clock time, to another."""

    start: Value
    end: Value
    formats: tuple[str, ...] | None
    past_midnight: bool

    def columns(self) -> Iterator[str]:
        yield from self.start.columns()
        yield from self.end.columns()

    def build(self, row: Row) -> Built:
        start, end = (_settled(one.build(row), row) for one in (self.start, self.end))
        clocks = [row.once(_clock(row.once(_as_text(one.value, row)))) for one in (start, end)]
        between = row.once(clocks[1] - clocks[0])
        if self.past_midnight:
            between = ibis.ifelse(between < _float(0), between + _float(86_400), between)
        told = [one.value.notnull() for one in (start, end)]
        both = clocks[0].notnull() & clocks[1].notnull()
        moments = [as_time(one, row, self.formats, None) for one in (start, end)]
        apart = times.moment_us(moments[1].value) - times.moment_us(moments[0].value)
        value = ibis.ifelse(both, between, apart.cast("float64") / _float(1_000_000))
        wrongs = [
            Wrong(w.when & c.isnull(), w.reason, w.found)
            for c, m in zip(clocks, moments, strict=True)
            for w in m.wrongs
        ]
        mixed = told[0] & told[1] & (clocks[0].notnull() != clocks[1].notnull())
        wrongs.append(Wrong(mixed, "is a clock time beside a full time", _as_text(end.value, row)))
        return Built(value, tuple(wrongs), _locals(moments))


@dataclass(frozen=True, slots=True)
class Mean:
    """The mean of the numbers in a text."""

    value: Value
    split: str

    def columns(self) -> Iterator[str]:
        yield from self.value.columns()

    def build(self, row: Row) -> Built:
        built = self.value.build(row)
        text = row.once(_as_text(built.value, row))
        numbers = row.once(text.split(self.split).map(lambda part: from_text(part.strip(), "double")))
        bad = text.notnull() & (numbers.map(lambda n: n.isnull().cast("int64")).sums() > 0)
        wrong = Wrong(
            bad.fill_null(ibis.literal(value=False)),
            f"holds something that is no number between {self.split!r}",
            text,
        )
        return Built(numbers.means(), (*built.wrongs, wrong), built.locals)


@dataclass(frozen=True, slots=True)
class Changed:
    """Whether a value is another than on the row before of the same key."""

    value: Value

    def columns(self) -> Iterator[str]:
        yield from self.value.columns()

    def build(self, row: Row) -> Built:
        built = _settled(self.value.build(row), row)
        first = ibis.row_number().over(row.window) == 0
        other = ~built.value.identical_to(built.value.lag().over(row.window))
        return Built(~first & other, built.wrongs, built.locals)


@dataclass(frozen=True, slots=True)
class Previous:
    """The value on the row before of the same key."""

    value: Value

    def columns(self) -> Iterator[str]:
        yield from self.value.columns()

    def build(self, row: Row) -> Built:
        built = self.value.build(row)
        return Built(built.value.lag().over(row.window), built.wrongs, built.locals)


@dataclass(frozen=True, slots=True)
class RowNumber:
    """The place of the row within its key: 1, 2, 3 …, or whether it is the first."""

    first_only: bool

    def columns(self) -> Iterator[str]:
        yield from ()

    def build(self, row: Row) -> Built:
        number = ibis.row_number().over(row.window)
        return Built(number == 0 if self.first_only else number + 1)


@dataclass(frozen=True, slots=True)
class Object:
    """A table of values which becomes a JSON object without its nulls."""

    entries: tuple[tuple[str, Value], ...]

    def columns(self) -> Iterator[str]:
        for _, value in self.entries:
            yield from value.columns()

    def build(self, row: Row) -> Built:
        built = {name: _settled(value.build(row), row) for name, value in self.entries}
        every = list(built.values())
        return Built(json_object({name: one.value for name, one in built.items()}), _wrongs(every), _locals(every))


def as_time(built: Built, row: Row, formats: Sequence[str] | None, zone: str | None) -> Built:
    """Return a built value as a moment; a text is read by the formats and zone given, else by the map's."""
    wanted, place = row.formats if formats is None else tuple(formats), zone or row.zone
    if built.value.type().is_timestamp():
        return _in_utc(_settled(built, row), row, place)
    text = row.once(_as_text(built.value, row))
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
        return Built(_as_text(built.value, row), built.wrongs, built.locals)
    built = _settled(built, row)
    if not built.value.type().is_numeric():  # a time or true/false is none, and is told so by its text
        built = Built(row.once(_as_text(built.value, row)), built.wrongs, built.locals)
        value = row.once(from_text(built.value, type_, once=row.once))
        words = {"double": "a number", "int64": "a whole number", "bool": "true or false"}[type_]
        wrong = Wrong(built.value.notnull() & value.isnull(), f"is not {words}", built.value)
        return Built(value, (*built.wrongs, wrong), built.locals)
    if type_ == "int64" and built.value.type().is_floating():
        text = _as_text(built.value, row)
        return as_type(Built(text, built.wrongs, built.locals), type_, row)
    return Built(
        built.value.cast({"double": "float64", "bool": "boolean"}.get(type_, type_)),
        built.wrongs,
        built.locals,
    )


def _settled(built: Built, row: Row) -> Built:
    """Return a built value that is worked out once."""
    return Built(row.once(built.value), built.wrongs, built.locals)


def _as_number(built: Built, row: Row, decimal: str = ".") -> Built:
    if built.value.type().is_numeric():
        return Built(row.once(built.value.cast("float64")), built.wrongs, built.locals)
    text = row.once(_as_text(built.value, row))
    plain = text
    if decimal == ",":
        grouped = row.once(ibis.ifelse(text.re_search(_GROUPED), text.re_replace(r"[. ]", ""), text))
        plain = row.once(ibis.ifelse(grouped.contains("."), ibis.null("string"), grouped.replace(",", ".")))
    value = row.once(from_text(plain, "double", once=row.once))
    return Built(value, (*built.wrongs, Wrong(text.notnull() & value.isnull(), "is not a number", text)), built.locals)


def _as_text(value: ir.Value, row: Row) -> ir.StringValue:
    if value.type().is_string():
        return value
    if value.type().is_floating():
        value = row.once(value)
        whole = (value == _rounded(value)) & (value.abs() < _float(2.0**53))
        return ibis.ifelse(whole, value.try_cast("int64").cast("string"), value.cast("string"))
    return value.cast("string")


def _rounded(value: ir.FloatingValue) -> ir.FloatingValue:
    """Return a number rounded half away from zero; beyond 2^53 it is whole already, and Ibis would overflow."""
    small = ibis.ifelse(value.abs() < _float(2.0**53), value, ibis.null("float64"))
    return small.round().cast("float64").fill_null(value)


def _padded(text: ir.StringValue, width: int) -> ir.StringValue:
    return ibis.ifelse(text.length() < width, text.lpad(width, "0"), text) if width else text


def _clock(text: ir.StringValue) -> ir.FloatingValue:
    """Return seconds since midnight of a clock time such as 23:59:50; null where it is none."""
    day = ibis.ifelse(text.re_search(_CLOCK), ibis.literal("2000-01-01 ").concat(text), ibis.null("string"))
    at = day.try_cast("timestamp(6)")
    return (times.epoch_us(at) - 946_684_800_000_000).cast("float64") / _float(1_000_000)


def _alike(values: Sequence[ir.Value], row: Row) -> list[ir.Value]:
    """Return values of one type: as they are where they agree, else as texts."""
    kinds = {str(value.type()).lstrip("!") for value in values}
    return list(values) if len(kinds) == 1 else [_as_text(value, row) for value in values]


def _where(when: ir.BooleanValue, built: Built) -> Built:
    """Return a built value of which only the rows count for which it is meant."""
    wrongs = tuple(Wrong(w.when & when, w.reason, w.found) for w in built.wrongs)
    odd = tuple(ibis.ifelse(when, odd, ibis.null("int64")) for odd in built.locals)
    return Built(built.value, wrongs, odd)


def _wrongs(built: Sequence[Built]) -> tuple[Wrong, ...]:
    return tuple(wrong for one in built for wrong in one.wrongs)


def _locals(built: Sequence[Built]) -> tuple[ir.IntegerValue, ...]:
    return tuple(odd for one in built for odd in one.locals)


def _float(value: float) -> ir.FloatingScalar:
    return ibis.literal(value, type="float64")
