"""One language of conditions, for maps and catalogues alike.

A condition is a table (every entry must hold) or a list of tables (one must hold):

    {outcome = "AGENT", wait_s = "> 90"}
    [{outcome = ["AGENT", "HANG"]}, {note = "is null"}]
    {agent = "contains bot"}

A comparison with null never holds, so a condition is always true or false.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Protocol, TypeGuard

import ibis
import ibis.expr.types as ir

from collage.errors import ConditionError

__all__ = ["Columns", "Condition", "Test", "parse"]

_COMPARE: dict[str, Callable[[ir.Value, ir.Value], ir.BooleanValue]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_CONTAINS = re.compile(r"contains\s+(.+)", re.DOTALL)
_COMPARISON = re.compile(r"(>=|<=|>|<)\s*(.*)", re.DOTALL)
_LARGEST = 1e300
# what Python and the engines would take besides (nan, inf, 1_000) is a word, no number
_NUMBER = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$"


class Columns(Protocol):
    """Whatever gives a column by its name: an Ibis table, or a row of a map."""

    def __getitem__(self, name: str, /) -> ir.Value:
        """Return the column."""


@dataclass(frozen=True, slots=True)
class Test:
    """One entry of a condition: `column` compared by `op` with `value`.

    `op` is one of ``in`` (value: a tuple of texts, numbers or booleans), ``!=``, ``contains`` (a text), ``null``,
    ``not null`` (value unused) and ``>``, ``>=``, ``<``, ``<=`` (a number).
    """

    column: str
    op: str
    value: tuple[str | float | bool, ...] | str | float | None


@dataclass(frozen=True, slots=True)
class Condition:
    """Alternatives of entries: holds when all entries of one alternative hold."""

    alternatives: tuple[tuple[Test, ...], ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the names of all columns asked about, each once, in order of mention."""
        return tuple(dict.fromkeys(test.column for tests in self.alternatives for test in tests))

    def holds(self, table: Columns) -> ir.BooleanValue:
        """Return where the condition holds.

        Parameters
        ----------
        table
            An Ibis table, or whatever gives columns by name.

        Returns
        -------
        BooleanValue
            True or false, never null.
        """
        each = [
            reduce(operator.and_, (_entry(table[test.column], test) for test in tests), ibis.literal(value=True))
            for tests in self.alternatives
        ]
        return reduce(operator.or_, each)


def parse(spec: object, *, where: str) -> Condition:
    """Return the condition that `spec`, a value out of a TOML file, spells.

    Parameters
    ----------
    spec
        A table of entries, or a list of such tables.
    where
        The place of the condition, for messages, such as ``mark long_wait, when``.

    Raises
    ------
    ConditionError
        When an entry has a form that the language does not know.

    Returns
    -------
    Condition
        Ready to be asked of tables.
    """
    tables = spec if isinstance(spec, list) else [spec]
    if not tables:
        raise ConditionError(where, "an empty list", "give at least one table of entries, or leave the key out")
    alternatives = []
    for table in tables:
        if not isinstance(table, Mapping):
            raise ConditionError(where, f"{table!r}", 'write a table such as { outcome = "AGENT" }')
        alternatives.append(tuple(_test(str(column), value, f"{where}.{column}") for column, value in table.items()))
    return Condition(tuple(alternatives))


def _test(column: str, value: object, where: str) -> Test:
    if isinstance(value, list):
        if not value or not all(_is_plain(v) for v in value):
            raise ConditionError(where, f"{value!r}", 'a list holds texts, numbers or true/false: ["A", "B"]')
        return Test(column, "in", tuple(value))
    if _is_plain(value) and not isinstance(value, str):
        return Test(column, "in", (value,))
    if isinstance(value, Mapping):
        do = f'a column whose name has a dot is quoted: "{column}.{next(iter(value), "…")}" = …'
        raise ConditionError(where, f"{dict(value)!r}", do)
    if not isinstance(value, str):
        raise ConditionError(
            where, f"{value!r}", 'write a text, a number, true/false, a list, or a comparison as "> 90"'
        )
    return _from_text(column, value.strip(), where)


def _is_plain(value: object) -> TypeGuard[str | float | bool]:
    """Return whether a value is a text, a number that an engine can hold, or true/false."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return -_LARGEST < value < _LARGEST
    return isinstance(value, str | bool)


def _from_text(column: str, text: str, where: str) -> Test:
    if text in {"is null", "is not null"}:
        return Test(column, text.removeprefix("is "), None)
    if text.startswith("!="):
        return Test(column, "!=", text[2:].strip())
    if text.startswith("="):
        return Test(column, "in", (text[1:].strip(),))
    part = _CONTAINS.fullmatch(text)
    if part is not None:
        return Test(column, "contains", part[1])
    match = _COMPARISON.fullmatch(text)
    if match is None:
        return Test(column, "in", (text,))
    if not re.match(_NUMBER, match[2]) or not _is_plain(float(match[2])):
        found, do = f"{text!r}", f'compare with a number ("> 90"), or write "= {text}" for this very text'
        raise ConditionError(where, found, do)
    return Test(column, match[1], float(match[2]))


def _entry(column: ir.Value, test: Test) -> ir.BooleanValue:
    if test.op == "null":
        return column.isnull()
    if test.op == "not null":
        return column.notnull()
    if isinstance(test.value, tuple):
        holds = _is_one_of(column, test.value)
    elif test.op == "contains":
        # both are lowered by the engine: Python's rules for capitals are others
        holds = column.cast("string").lower().contains(ibis.literal(str(test.value)).lower())
    elif isinstance(test.value, str):
        holds = column.cast("string") != test.value
    else:
        holds = _COMPARE[test.op](_number(column), _float(test.value))
    return holds.fill_null(ibis.literal(value=False))


def _is_one_of(column: ir.Value, values: Sequence[str | float | bool]) -> ir.BooleanValue:
    """Return whether a column is one of several values; a long list is no deeper an expression than a short one."""
    flags = [value for value in values if isinstance(value, bool)]
    texts = [value for value in values if isinstance(value, str)]
    numbers = [_float(value) for value in values if not isinstance(value, bool | str)]
    found: list[ir.BooleanValue] = []
    if flags and column.type().is_boolean():
        found.append(column.isin(flags))
    elif flags:
        found.append(column.cast("string").lower().isin([str(flag).lower() for flag in flags]))
    if texts:
        found.append(column.cast("string").isin(texts))
    if numbers:
        found.append(_number(column).isin(numbers))
    return reduce(operator.or_, found)


def _number(column: ir.Value) -> ir.Value:
    if column.type().is_numeric():
        return column.cast("float64")
    text = column.cast("string")
    return ibis.ifelse(text.re_search(_NUMBER), text, ibis.null("string")).try_cast("float64")


def _float(value: float | None) -> ir.Value:
    # a bare literal becomes DECIMAL on DuckDB
    return ibis.literal(value, type="float64")
