"""The engine on which this room's tests run, opened as the command opens it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from collage.store import connect


@pytest.fixture(scope="session")
def duckdb() -> Iterator[Any]:
    """Open DuckDB for the session; the Ibis backend behind it."""
    engine = connect("duckdb")
    yield engine.backend
    engine.close()
