"""The database as a dataset folder, and a dataset folder as rows for the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa
from django.db import connection, models

from collage import customers, store
from collage_web.bridge.arrows import WHO, as_table, schema
from collage_web.records import bulk
from collage_web.records.models import Catalogue, Claim, Correction, Invitation, Promise, Rating, Touchpoint

__all__ = ["TABLES", "of_folder", "table", "write"]

TABLES: Final[dict[str, type[models.Model]]] = {
    "touchpoints": Touchpoint,
    "claims": Claim,
    "ratings": Rating,
    "invitations": Invitation,
    "promises": Promise,
    "corrections": Correction,
}
_AT_ONCE: Final = 50_000


def table(name: str) -> pa.Table:
    """Return a whole table of the database, by the contract of its name."""
    like, parts = schema(name), []
    with connection.chunked_cursor() as cursor:  # on PostgreSQL any other has the whole table in memory
        cursor.execute(f"SELECT {bulk.selected(TABLES[name], like.names)} FROM {bulk.table(TABLES[name])} ORDER BY id")  # noqa: S608  # names of our own
        while rows := cursor.fetchmany(_AT_ONCE):
            parts.append(as_table(rows, like))
    return pa.concat_tables(parts) if parts else like.empty_table()


def write(folder: Path, *, replace: bool, progress: Callable[[str], None] = lambda _: None) -> dict[str, int]:
    """Write the database as a dataset folder that every command on files can read.

    Parameters
    ----------
    folder
        Where to.
    replace
        Whether a dataset that is there may be replaced.
    progress
        Called with the name of each table.

    Returns
    -------
    dict
        Name of a table → its rows.

    Raises
    ------
    DatasetError
        When something is in the way, or the place cannot be written.
    """
    store.in_the_way(folder, replace=replace)
    engine = store.connect("duckdb")
    try:
        tables = {}
        for name in TABLES:
            progress(f"reading {name}")
            rows = table(name)
            if rows.num_rows or name == "touchpoints":
                tables[name] = rows
        own = Catalogue.objects.order_by("-since", "-id").values_list("text", flat=True).first()
        files = {"catalogue.toml": own} if own is not None else {}
        return store.write_dataset(folder, tables, engine, notes={}, files=files, replace=replace, progress=progress)
    finally:
        engine.close()


def of_folder(folder: Path, *, progress: Callable[[str], None]) -> Iterator[tuple[str, pa.Table]]:
    """Yield the tables of a dataset folder in parts, identifiers in their one writing.

    The rows of one identifier stand together: in the order of time each transaction would be about nearly everybody,
    and write nearly every page of the database's indexes anew.

    Raises
    ------
    DatasetError, ContractError
        When it is no dataset, or breaks a contract: before anything is yielded.
    """
    engine = store.connect("duckdb")
    try:
        with store.answered():
            dataset = store.open_dataset(folder, engine, progress=lambda name: progress(f"checking {name}"))
            for name in (name for name in TABLES if name in dataset.files):
                rows = dataset.table(name)
                whose = [who for who in WHO if who in rows.columns]
                rows = rows.mutate(**{who: customers.in_normal_form(rows[who]) for who in whose})
                order = [each for each in (*whose, "occurred_at", rows.columns[0]) if each in rows.columns]
                for part in engine.parts(rows.order_by(order), _AT_ONCE):
                    yield name, part.cast(schema(name))
    finally:
        engine.close()
