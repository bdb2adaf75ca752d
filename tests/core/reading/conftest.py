"""The engine on which exports are read in these tests, opened as the command opens it."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from collage.store import Engine, connect
from tests.core.reading.through import Read, read


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """Open DuckDB for the session."""
    opened = connect()
    yield opened
    opened.close()


@pytest.fixture
def read_files(engine: Engine, tmp_path: Path) -> Callable[..., Read]:
    """Read files, given as name → content, through a map."""

    def run(map_text: str, files: Mapping[str, str | bytes], *, max_bad: float = 1.0) -> Read:
        return read(engine, tmp_path, map_text, files, max_bad=max_bad)

    return run
