"""The engine on which datasets are opened in these tests."""

from collections.abc import Iterator

import pytest

from collage.store import Engine, connect


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """Open DuckDB for the session."""
    opened = connect()
    yield opened
    opened.close()
