"""A touchpoint packed into one text whose order is the canonical order: `occurred_at`, then `touchpoint_id`.

The latest of several touchpoints is then a plain maximum of texts, which both engines find in a window quickly and
alike: a maximum of structs takes DuckDB twice as long, and the last value that is not null is another thing on Spark.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

__all__ = ["Unpacked", "in_contact", "microseconds", "moment_of", "pack", "unpack"]

_OFFSET = 20_000_000_000_000_000  # puts every time from 1900 to 2200 into 17 digits
_DIGITS = 17
_TIME = dt.Timestamp(timezone="UTC", scale=6)


@ibis.udf.scalar.builtin(name="chr")
def _chr(code: int) -> str:  # type: ignore[empty-body]  # the engines' own function, declared for Ibis
    """Return the character of a code; texts of a table never hold a NUL."""


class Unpacked(NamedTuple):
    """What a packed text holds: the moment in microseconds since 1970, id, contact and department."""

    us: ir.IntegerValue
    touchpoint_id: ir.StringValue
    contact_id: ir.StringValue
    department: ir.StringValue


@ibis.udf.scalar.builtin(name="unix_micros", signature=((_TIME,), dt.int64))
def microseconds(moment: Any) -> Any:
    """Return whole microseconds since 1970: Spark's function, on DuckDB the macro that the store makes of `epoch_us`.

    What Ibis offers is no choice: `delta` costs DuckDB a microsecond a row, a hundred times as much, and an epoch's
    seconds keep fractions on one engine only.
    """


def pack(table: ir.Table) -> ir.StringValue:
    """Return the packed text of each row of a table with the columns that `Unpacked` names, `occurred_at` for `us`."""
    moment = (microseconds(table.occurred_at) + ibis.literal(_OFFSET, type="int64")).cast("string")
    ends = (table.touchpoint_id, _known(table.contact_id), _known(table.department))
    return moment + _chr(0).join(ends)


def moment_of(text: ir.StringValue) -> ir.IntegerValue:
    """Return the moment that `pack` has put into a text, in microseconds since 1970."""
    return text.substr(0, _DIGITS).cast("int64") - ibis.literal(_OFFSET, type="int64")


def in_contact(text: ir.StringValue, contact_id: ir.StringValue) -> ir.BooleanValue:
    """Return whether what `pack` has put into a text is of a contact that is known."""
    return contact_id.notnull() & text.contains(_chr(0) + ibis.literal("=") + contact_id + _chr(0))


def unpack(text: ir.StringValue) -> Unpacked:
    """Return what `pack` has put into a text; all null where the text is."""
    # taken apart by one call each: an expression that stands in a query twice is worked out twice, and so on
    parts = text.substr(_DIGITS).split(_chr(0))
    return Unpacked(moment_of(text), parts[0], _unknown(parts[1]), _unknown(parts[2]))


def _known(text: ir.StringValue) -> ir.StringValue:
    """Return a text that tells null from the empty text."""
    return ibis.ifelse(text.isnull(), "", ibis.literal("=") + text)


def _unknown(text: ir.StringValue) -> ir.StringValue:
    return text.nullif("").substr(1)
