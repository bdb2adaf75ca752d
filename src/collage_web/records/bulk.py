"""Many rows in and out at once: SQL that SQLite and PostgreSQL read alike, where the ORM would take far longer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain, islice
from typing import Any, Final

from django.db import connection, models

__all__ = [
    "KnownError",
    "add",
    "add_new",
    "analyze",
    "changed",
    "chunks",
    "counted",
    "delete",
    "moment",
    "moments",
    "names",
    "rows",
    "selected",
    "table",
    "within",
]

_AT_ONCE: Final = 500  # values in one list
_PARAMETERS: Final = 5_000  # of one statement; SQLite takes 32,766
_ROUND: Final = 32  # rows: of so many times as much, and of each rest, there is a statement that can be used again


class KnownError(Exception):
    """A row of this key is there already; whose is not known."""


def add_new(model: type[models.Model], columns: Sequence[str], values: Sequence[Sequence[Any]]) -> None:
    """Insert rows all of which are new.

    Parameters
    ----------
    model, columns, values
        As `add` has them.

    Raises
    ------
    KnownError
        When the key of one is there already, or two of them share a key. Some may have gone in by then: whoever calls
        rolls back.
    """
    for asked, n in _parts(model, columns, values):
        if n < asked:
            raise KnownError


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
    return sum(n for _, n in _parts(model, columns, values))


def _parts(
    model: type[models.Model], columns: Sequence[str], values: Iterable[Sequence[Any]]
) -> Iterator[tuple[int, int]]:
    """Insert rows part by part; yield how many were to go in, and how many did."""
    # many rows a statement: each of them lets other threads in, and is waited for
    for some in chunks(values, max(_ROUND, _PARAMETERS // len(columns) // _ROUND * _ROUND)):
        whole = len(some) // _ROUND * _ROUND
        for part in (some[:whole], some[whole:]):
            if part:
                query = _insert(model, tuple(columns), len(part))
                yield len(part), _executed(query, list(chain.from_iterable(part)))


def _executed(query: str, given: list[Any]) -> int:
    """Run a statement and return how many rows it changed.

    Its placeholders are the database's own: to put hundreds of them into another writing takes Django longer than
    SQLite takes to store the rows.
    """
    connection.ensure_connection()
    with connection.wrap_database_errors, closing(connection.connection.cursor()) as cursor:
        cursor.execute(query, given)
        return max(0, int(cursor.rowcount))


@lru_cache(maxsize=256)
def _insert(model: type[models.Model], columns: tuple[str, ...], n: int) -> str:
    row = f"({', '.join(['?' if connection.vendor == 'sqlite' else '%s'] * len(columns))})"
    return f"INSERT INTO {table(model)} ({names(columns)}) VALUES {', '.join([row] * n)} ON CONFLICT DO NOTHING"  # noqa: S608  # names of our own


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
    insert = f"INSERT INTO {table(model)} ({names(columns)}) VALUES ({marks})"  # noqa: S608  # as above
    query = f"{insert} ON CONFLICT ({names(key)}) DO UPDATE SET {set_}"
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


def counted(model: type[models.Model], column: str, values: Iterable[Any]) -> list[tuple[Any, int]]:
    """Return how many rows have each of the values in a column; a value that none has is left out."""
    found: list[tuple[Any, int]] = []
    for some in chunks(values):
        name, marks = names([column]), ", ".join(["%s"] * len(some))
        query = f"SELECT {name}, count(*) FROM {table(model)} WHERE {name} IN ({marks}) GROUP BY {name}"  # noqa: S608  # as above
        with connection.cursor() as cursor:
            cursor.execute(query, some)
            found += cursor.fetchall()
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
    return moments()(value)


def moments() -> Callable[[datetime | None], Any]:
    """Return `moment` for many: which database it is is asked once."""
    return _written if connection.vendor == "sqlite" else _as_it_is


def _as_it_is(value: datetime | None) -> datetime | None:
    return value


def _written(value: datetime | None) -> str | None:
    if value is None:
        return None
    return (value if value.tzinfo is UTC else value.astimezone(UTC)).isoformat(" ").removesuffix("+00:00")


def analyze() -> None:
    """Have PostgreSQL look how rows are spread: after very many new ones its plans would be those for hardly any.

    It would do so by itself within a minute or two, where nobody has turned that off.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def table(model: type[models.Model]) -> str:
    """Return a table's name, quoted."""
    return connection.ops.quote_name(model._meta.db_table)  # noqa: SLF001  # Django's public way to it


def names(columns: Sequence[str] | Mapping[str, Any]) -> str:
    """Return names of columns, quoted, with commas between them."""
    return ", ".join(connection.ops.quote_name(name) for name in columns)
