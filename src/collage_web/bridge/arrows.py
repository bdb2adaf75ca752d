"""Rows of the database as Arrow tables by the contracts, and back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import chain
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection, models

from collage.tables import CONTRACTS
from collage_web.records import bulk

__all__ = ["WHO", "as_lists", "as_table", "as_tuples", "of_values", "schema", "who_of"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
WHO: Final = ("identifier", "one", "other")  # the columns that say whom a row is about


@cache
def schema(name: str) -> pa.Schema:
    """Return the Arrow schema of a contract."""
    return CONTRACTS[name].schema().to_pyarrow()


def who_of(model: type[models.Model]) -> list[str]:
    """Return the columns of a table that say whom its rows are about."""
    names = {field.name for field in model._meta.get_fields()}  # noqa: SLF001  # Django's public way to it
    return [name for name in WHO if name in names]


def as_table(rows: Sequence[Sequence[Any]], like: pa.Schema) -> pa.Table:
    """Return rows as the database gives them as a table.

    Parameters
    ----------
    rows
        Tuples; SQLite gives moments as texts in UTC.
    like
        The schema, its columns in the order of the tuples.
    """
    if not rows:
        return like.empty_table()
    values = list(chain.from_iterable(rows))  # zip would make an iterator of every row
    width = len(rows[0])
    columns = (values[place::width] for place in range(width))
    return pa.table([_array(column, field) for column, field in zip(columns, like, strict=True)], schema=like)


def _array(values: Sequence[Any], field: pa.Field) -> pa.Array:
    if not pa.types.is_timestamp(field.type):
        if pa.types.is_boolean(field.type):  # SQLite has none
            values = [None if value is None else bool(value) for value in values]
        return pa.array(values, field.type)
    first = next((value for value in values if value is not None), None)
    if first is None or isinstance(first, datetime):
        return pa.array(values, field.type)
    return pc.assume_timezone(pa.array(values, pa.string()).cast(pa.timestamp("us")), "UTC")


def as_lists(table: pa.Table) -> list[list[Any]]:
    """Return the columns of a table as Python has them, moments in UTC: where there are many, far sooner than Arrow."""
    return [_listed(column) for column in table.columns]


def _listed(column: pa.ChunkedArray) -> list[Any]:
    if not pa.types.is_timestamp(column.type):
        return list(column.to_pylist())
    numbers = column.cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_pylist()
    return [None if number is None else _EPOCH + timedelta(microseconds=number) for number in numbers]


def as_tuples(table: pa.Table) -> list[tuple[Any, ...]]:
    """Return a table as tuples, as the database takes them."""
    if not table.num_rows:
        return []
    return list(zip(*(_values(table[name]) for name in table.column_names), strict=True))


def _values(column: pa.ChunkedArray) -> list[Any]:
    if pa.types.is_timestamp(column.type) and connection.vendor == "sqlite":
        written = pc.strftime(column.cast(pa.timestamp("us", "UTC")), "%Y-%m-%d %H:%M:%S")
        # as Django writes it: without a fraction where it is nothing
        return list(pc.replace_substring_regex(written, r"\.000000$", "").to_pylist())
    if pa.types.is_boolean(column.type) and connection.vendor == "sqlite":
        return list(column.cast(pa.int8()).to_pylist())
    return list(column.to_pylist())


def of_values(model: type[models.Model], name: str, column: str, values: Iterable[str], where: str = "") -> pa.Table:
    """Return the rows of a contract's table that have one of the values in a column.

    Parameters
    ----------
    model
        Where they are kept.
    name
        Of the contract.
    column
        By which they are found.
    values
        Which.
    where
        What else holds, in SQL, beginning with AND.
    """
    like = schema(name)
    return as_table(bulk.within(model, like.names, column, values, where), like)
