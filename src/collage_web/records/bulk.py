"""Many rows in and out at once: plain SQL that SQLite and PostgreSQL read alike, where the ORM would take ten times as long."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

from django.db import connection, models

__all__ = ["add", "changed", "chunks", "delete", "moment", "names", "rows", "selected", "table", "within"]

_AT_ONCE: Final = 500  # values in one list; SQLite takes 32,766 parameters


def add(model: type[models.Model], columns: Sequence[str], values: Iterable[Sequence[Any]]) -> int:
    """Insert rows; one whose key is there already is left out.

    Parameters
    ----------
    model
        The table.
    columns
        Names of its columns.
    values
        A tuple a row, moments as `moment` gives them.

    Returns
    -------
    int
        How many went in.
    """
    marks = ", ".join(["%s"] * len(columns))
    query = f"INSERT INTO {table(model)} ({names(columns)}) VALUES ({marks}) ON CONFLICT DO NOTHING"  # noqa: S608  # names of our own
    with connection.cursor() as cursor:
        cursor.executemany(query, values if isinstance(values, list) else list(values))
        return max(0, cursor.rowcount)


def changed(
    model: type[models.Model], key: Sequence[str], columns: Sequence[str], values: Iterable[Sequence[Any]], *, set_: str
) -> None:
    """Insert rows, or change those whose key is there already.

    Parameters
    ----------
    model
        The table.
    key
        The columns of the key.
    columns
        Names of its columns, those of the key among them.
    values
        A tuple a row.
    set_
        What a row that is there becomes, in SQL; `excluded` is the row that would have gone in.
    """
    marks = ", ".join(["%s"] * len(columns))
    query = f"INSERT INTO {table(model)} ({names(columns)}) VALUES ({marks}) ON CONFLICT ({names(key)}) DO UPDATE SET {set_}"  # noqa: S608  # as above
    with connection.cursor() as cursor:
        cursor.executemany(query, list(values))


def within(
    model: type[models.Model], columns: Sequence[str], column: str, values: Iterable[Any], where: str = ""
) -> list[tuple[Any, ...]]:
    """Return the rows that have one of the values in a column, as tuples.

    Parameters
    ----------
    model
        The table.
    columns
        What of each row.
    column
        By which they are found.
    values
        Which.
    where
        What else holds and how they are ordered, in SQL.
    """
    found = []
    for some in chunks(values):
        marks = ", ".join(["%s"] * len(some))
        found += rows(model, columns, f"WHERE {names([column])} IN ({marks}) {where}", some)
    return found


def rows(
    model: type[models.Model], columns: Sequence[str], where: str = "", given: Sequence[Any] = ()
) -> list[tuple[Any, ...]]:
    """Return rows as tuples.

    Parameters
    ----------
    model
        The table.
    columns
        Names of its columns.
    where
        What follows the table's name, in SQL.
    given
        Values of its placeholders.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {selected(model, columns)} FROM {table(model)} {where}", given)  # noqa: S608  # as above
        return list(cursor.fetchall())


def selected(model: type[models.Model], columns: Sequence[str]) -> str:
    """Return columns as they are selected: on SQLite as they are kept, which is quicker than to make Python's values.

    Moments are then texts in UTC, true and false are 1 and 0.
    """
    if connection.vendor != "sqlite":
        return names(columns)
    kinds = {field.column: field for field in model._meta.concrete_fields}  # noqa: SLF001  # as below
    made = (models.DateTimeField, models.BooleanField)
    return ", ".join(f"{'+' if isinstance(kinds[name], made) else ''}{names([name])}" for name in columns)


def delete(model: type[models.Model], column: str, values: Iterable[Any]) -> None:
    """Delete the rows that have one of the values in a column."""
    for some in chunks(values):
        marks = ", ".join(["%s"] * len(some))
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {table(model)} WHERE {names([column])} IN ({marks})", some)  # noqa: S608  # as above


def chunks(values: Iterable[Any], size: int = _AT_ONCE) -> Iterator[list[Any]]:
    """Yield values in lists that are short enough for one query."""
    rest = iter(values)
    while some := list(islice(rest, size)):
        yield some


def moment(value: datetime | None) -> Any:
    """Return a moment as the database keeps it: SQLite as text in UTC, in Django's own writing."""
    if value is None or connection.vendor != "sqlite":
        return value
    return str(value.astimezone(UTC).replace(tzinfo=None))


def table(model: type[models.Model]) -> str:
    """Return a table's name, quoted."""
    return connection.ops.quote_name(model._meta.db_table)  # noqa: SLF001  # Django's public way to it


def names(columns: Sequence[str] | Mapping[str, Any]) -> str:
    """Return names of columns, quoted, with commas between them."""
    return ", ".join(connection.ops.quote_name(name) for name in columns)
