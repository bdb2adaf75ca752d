"""Queries prepared once on DuckDB and run in milliseconds, on tables of a few rows that change each time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import duckdb
import pyarrow as pa

from collage.errors import EngineError
from collage.store.engine import MACROS, said

__all__ = ["Prepared", "Queries", "prepare"]


class Queries(Protocol):
    """What can be prepared: `experience.Compiled`, for one."""

    @property
    def statements(self) -> Mapping[str, str]:
        """Return the queries by name."""

    @property
    def inputs(self) -> Mapping[str, pa.Schema]:
        """Return the tables that are filled anew for each run."""

    @property
    def fixed(self) -> Mapping[str, pa.Table]:
        """Return the tables that never change."""


class _Filling:
    """Rows that change under one name: DuckDB reads those of the moment, and what was prepared of it stays."""

    def __init__(self, rows: pa.Table) -> None:
        self.rows = rows

    def __arrow_c_schema__(self) -> object:
        return self.rows.schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.rows.__arrow_c_stream__(requested_schema)


class Prepared:
    """An open DuckDB of its own with prepared queries; not to be shared by threads at the same moment."""

    def __init__(self, queries: Queries) -> None:
        self._inputs = queries.inputs
        self._connection = duckdb.connect(":memory:", config={"threads": 1, "autoinstall_known_extensions": False})
        self._connection.execute("SET TimeZone = 'UTC'")
        for macro in MACROS:
            self._connection.execute(macro)
        for name, table in queries.fixed.items():
            self._make(name, table)
        self._filling: dict[str, _Filling] = {}
        for name, schema in queries.inputs.items():
            self._filling[name] = _Filling(schema.empty_table())
            self._connection.register(name, self._filling[name])
        # For a few rows the order of joins does not matter, and looking for the best costs ten times the run. A query
        # that is prepared and not optimised is neither parsed nor bound again, while no table is made or dropped.
        self._connection.execute("PRAGMA disable_optimizer")
        for name, query in queries.statements.items():
            self._connection.execute(f"PREPARE {_quoted(name)} AS {query}")

    def fill(self, name: str, rows: pa.Table) -> None:
        """Replace the rows of an input.

        Parameters
        ----------
        name
            One of the inputs.
        rows
            By its schema.

        Raises
        ------
        EngineError
            When the rows do not fit.
        """
        try:
            like = self._inputs[name]
            self._filling[name].rows = rows.select(like.names).cast(like)
        except (pa.ArrowException, KeyError, ValueError) as error:
            raise EngineError(f"fill {name}", said(error), "give rows by the contract of this name") from error

    def run(self, name: str) -> pa.Table:
        """Return what one of the queries gives on the rows that were filled in.

        Parameters
        ----------
        name
            One of the statements.

        Returns
        -------
        pyarrow.Table
            Its rows, in no particular order.
        """
        return self._connection.sql(f"EXECUTE {_quoted(name)}").to_arrow_table()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _make(self, name: str, table: pa.Table) -> None:
        self._connection.register("made", table)
        self._connection.execute(f"CREATE TABLE {_quoted(name)} AS FROM made")
        self._connection.unregister("made")


def prepare(queries: Queries) -> Prepared:
    """Return queries prepared on a DuckDB of their own, to be closed by whoever prepared them.

    Parameters
    ----------
    queries
        For DuckDB.

    Returns
    -------
    Prepared
        Ready to be filled and run.
    """
    return Prepared(queries)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
