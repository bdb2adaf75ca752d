"""The forms of a value in a map: each builds an Ibis expression on a row (`forms` parses them).

A form builds a `Built`: the value, and the ways in which it can fail (`Wrong`). A text is null where one of its columns
is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import ibis
import ibis.expr.types as ir

from collage.conditions import Condition
from collage.reading import times
from collage.reading.built import (
    Built,
    Row,
    Wrong,
    alike,
    as_number,
    as_text,
    as_time,
    double,
    locals_of,
    rounded,
    where,
    wrongs_of,
)
from collage.tables import from_text, json_object

__all__ = [
    "Cased",
    "Changed",
    "Constant",
    "First",
    "KindOf",
    "Mapped",
    "Mean",
    "Number",
    "Object",
    "Previous",
    "RowNumber",
    "Seconds",
    "Template",
    "Time",
    "Value",
    "When",
]

_FAR_S = 1e10  # some 300 years
# what the contract takes for a kind
_KIND = r"^[a-z0-9_]+(\.[a-z0-9_]+)*$"
# letters and digits that are not ASCII's: no accents, dashes, quotes, arrows, pictures. By the blocks that these stand
# in: what Unicode calls a letter costs milliseconds to compile, each time a query runs
_OTHER_LETTERS = (
    r"[^\x00-\xbf\x{d7}\x{f7}\x{300}-\x{36f}\x{2000}-\x{2bff}\x{3000}-\x{303f}\x{fe00}-\x{fe6f}\x{1f000}-\x{1faff}]"
)
_CLOCK = r"^\d{1,2}:\d{2}(:\d{2}([.]\d+)?)?$"


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
        texts = [ibis.literal(p) if isinstance(p, str) else _padded(as_text(row[p[0]], row), p[1]) for p in self.parts]
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
            built.append(where(earlier, row.settled(option.build(row))))
            earlier = earlier & built[-1].value.isnull()
        values = alike([one.value for one in built], row)
        return Built(ibis.coalesce(*values), wrongs_of(built), locals_of(built))


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
        text = row.once(as_text(inner.value, row))
        known = text.isin([before for before, _ in self.texts])
        rest = Built(ibis.null("string"))
        if self.other is None:
            reason = "is a text which the map's value map does not know"
            rest = Built(rest.value, (Wrong(text.notnull() & ~known, reason, text),))
        elif self.other == "keep":
            rest = Built(text)
        elif not isinstance(self.other, str):
            rest = where(text.notnull() & ~known, self.other.build(row))
        other = ibis.ifelse(text.isnull(), ibis.null("string"), as_text(rest.value, row))
        value = ibis.cases(*((text == b, a) for b, a in self.texts), else_=other)
        return Built(value, wrongs_of([inner, rest]), locals_of([inner, rest]))


@dataclass(frozen=True, slots=True)
class Cased:
    """A text in lower or in upper case."""

    value: Value
    upper: bool

    def columns(self) -> Iterator[str]:
        yield from self.value.columns()

    def build(self, row: Row) -> Built:
        built = self.value.build(row)
        text = as_text(built.value, row)
        return Built(text.upper() if self.upper else text.lower(), built.wrongs, built.locals)


@dataclass(frozen=True, slots=True)
class KindOf:
    """A kind of touchpoint made of any name: small Latin letters and digits joined by ``_``.

    A name that is a kind stays one (``contact.answered``). Letters that are no a to z, accents aside, leave nothing
    behind; so that two such names are two kinds, eight digits of the name's hash stand for them.
    """

    value: Value

    def columns(self) -> Iterator[str]:
        yield from self.value.columns()

    def build(self, row: Row) -> Built:
        built = self.value.build(row)
        low = row.once(as_text(built.value, row).lower())
        plain = row.once(_strip_accents(low))
        words = row.once(plain.re_replace("[^a-z0-9]+", "_").re_replace("^_|_$", ""))
        more = ibis.ifelse(plain.re_search(_OTHER_LETTERS), ibis.literal("_").concat(low.hexdigest("md5").left(8)), "")
        value = row.once(words.concat(more))
        kind = ibis.cases((low.re_search(_KIND), low), (value == "", "_"), else_=value)
        return Built(kind, built.wrongs, built.locals)


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
        then = where(holds, self.then.build(row))
        if self.otherwise is None:
            value = ibis.ifelse(holds, then.value, ibis.null(then.value.type()))
            return Built(value, then.wrongs, then.locals)
        both = [then, where(~holds, self.otherwise.build(row))]
        return Built(ibis.ifelse(holds, *alike([one.value for one in both], row)), wrongs_of(both), locals_of(both))


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
        plus = as_number(self.plus_s.build(row), row)
        near = row.once(ibis.ifelse(plus.value.abs() < double(_FAR_S), plus.value, ibis.null("float64")))
        far = Wrong(plus.value.notnull() & near.isnull(), "moves a time too far", plus.value.cast("string"))
        microseconds = (near * double(1_000_000)).round().cast("int64")
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
        built = as_number(self.number.build(row), row, self.decimal)
        value = built.value
        if self.times != 1:
            value = value * double(self.times)
        if self.plus != 0:
            value = value + double(self.plus)
        return Built(rounded(row.once(value)) if self.rounded else value, built.wrongs, built.locals)


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
        start, end = (row.settled(one.build(row)) for one in (self.start, self.end))
        clocks = [row.once(_clock(row.once(as_text(one.value, row)))) for one in (start, end)]
        between = row.once(clocks[1] - clocks[0])
        if self.past_midnight:
            between = ibis.ifelse(between < double(0), between + double(86_400), between)
        told = [one.value.notnull() for one in (start, end)]
        both = clocks[0].notnull() & clocks[1].notnull()
        moments = [as_time(one, row, self.formats, None) for one in (start, end)]
        apart = times.moment_us(moments[1].value) - times.moment_us(moments[0].value)
        value = ibis.ifelse(both, between, apart.cast("float64") / double(1_000_000))
        wrongs = [
            Wrong(w.when & c.isnull(), w.reason, w.found)
            for c, m in zip(clocks, moments, strict=True)
            for w in m.wrongs
        ]
        mixed = told[0] & told[1] & (clocks[0].notnull() != clocks[1].notnull())
        wrongs.append(Wrong(mixed, "is a clock time beside a full time", as_text(end.value, row)))
        return Built(value, tuple(wrongs), locals_of(moments))


@dataclass(frozen=True, slots=True)
class Mean:
    """The mean of the numbers in a text."""

    value: Value
    split: str

    def columns(self) -> Iterator[str]:
        yield from self.value.columns()

    def build(self, row: Row) -> Built:
        built = self.value.build(row)
        text = row.once(as_text(built.value, row))
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
        built = self.value.build(row)
        value, window = row.of_key(built.value)
        first = ibis.row_number().over(window) == 0
        return Built(~first & ~value.identical_to(value.lag().over(window)), built.wrongs, built.locals)


@dataclass(frozen=True, slots=True)
class Previous:
    """The value on the row before of the same key."""

    value: Value

    def columns(self) -> Iterator[str]:
        yield from self.value.columns()

    def build(self, row: Row) -> Built:
        built = self.value.build(row)
        value, window = row.of_key(built.value)
        return Built(value.lag().over(window), built.wrongs, built.locals)


@dataclass(frozen=True, slots=True)
class RowNumber:
    """The place of the row within its key: 1, 2, 3 …, or whether it is the first."""

    first_only: bool

    def columns(self) -> Iterator[str]:
        yield from ()

    def build(self, row: Row) -> Built:
        number = ibis.row_number().over(row.of_key(row.table["_row"])[1])
        return Built(number == 0 if self.first_only else number + 1)


@dataclass(frozen=True, slots=True)
class Object:
    """A table of values which becomes a JSON object without its nulls."""

    entries: tuple[tuple[str, Value], ...]

    def columns(self) -> Iterator[str]:
        for _, value in self.entries:
            yield from value.columns()

    def build(self, row: Row) -> Built:
        built = {name: row.settled(value.build(row)) for name, value in self.entries}
        every = list(built.values())
        return Built(json_object({name: one.value for name, one in built.items()}), wrongs_of(every), locals_of(every))


@ibis.udf.scalar.builtin(name="strip_accents")  # type: ignore[untyped-decorator]  # Ibis publishes no types
def _strip_accents(text: str) -> str:  # type: ignore[empty-body]  # DuckDB's own function, declared for Ibis
    """Return a text with é as e (DuckDB)."""


def _padded(text: ir.StringValue, width: int) -> ir.StringValue:
    return ibis.ifelse(text.length() < width, text.lpad(width, "0"), text) if width else text


def _clock(text: ir.StringValue) -> ir.FloatingValue:
    """Return seconds since midnight of a clock time such as 23:59:50; null where it is none."""
    day = ibis.ifelse(text.re_search(_CLOCK), ibis.literal("2000-01-01 ").concat(text), ibis.null("string"))
    at = day.try_cast("timestamp(6)")
    return (times.epoch_us(at) - 946_684_800_000_000).cast("float64") / double(1_000_000)
