"""DuckDB for tests of rooms that are handed tables, opened as the command opens it: in UTC on any machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import ibis
import pytest

from collage.store import connect

__all__ = ["duckdb"]


@pytest.fixture(scope="module", autouse=True)
def duckdb() -> Iterator[Any]:
    """Open DuckDB for a module; the Ibis backend behind it, which tables in memory use as well."""
    engine, before = connect("duckdb"), ibis.options.default_backend
    ibis.set_backend(engine.backend)
    yield engine.backend
    ibis.options.default_backend = before
    engine.close()
