"""Reading a set of real records through the map of its example."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collage import reading, store
from tests.real.records import ROOT, Read

# Long after the last of these records, so that none lies in the future.
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def read_set() -> Iterator[Callable[..., Read]]:
    """Read files through the map of an example."""
    engines: list[store.Engine] = []

    def read(example: str, *sources: Path) -> Read:
        engine = store.connect()
        engines.append(engine)
        text = (ROOT / "examples" / example / "map.toml").read_text(encoding="utf-8")
        map_ = reading.parse_map(text, file=f"examples/{example}/map.toml")
        return Read(reading.read(engine.backend, sources, map_, now=NOW, max_bad=0.05), engine)

    yield read
    for engine in engines:
        engine.close()
