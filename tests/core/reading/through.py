"""Small exports read through a map: the same front door as the command's, on files written for one test."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from collage import customers, reading
from collage.reading import Reading
from collage.store import Engine

# Later than every time in these exports, so that none of them lies in the future by chance.
NOW = datetime(2026, 1, 1, tzinfo=UTC)
Row = dict[str, Any]


# A map whose every row becomes one touchpoint, to which a test adds what it is about.
TOP = """
name = "desk"
nulls = ["", "?"]
[[rows]]
"""
EMIT = """
[[rows.emit]]
into = "touchpoints"
touchpoint_id = "{_row|04}"
identifier = "user:1"
occurred_at = "2024-05-01"
kind = "message.received"
"""


def as_properties(forms: dict[str, str]) -> str:
    """Return forms as the properties of a touchpoint, each under its name."""
    return "".join(f"properties.{name} = {form}\n" for name, form in forms.items())


@dataclass(frozen=True)
class Read:
    """What came of reading: the counts, and the tables as Python values."""

    reading: Reading

    def rows(self, table: str = "touchpoints") -> list[Row]:
        """Return the rows of a table, sorted by its first column, without what is null."""
        found = self.reading.tables[table]
        rows = found.order_by(found.columns[0]).to_pyarrow().to_pylist()
        return [{name: value for name, value in row.items() if value is not None} for row in rows]

    def column(self, name: str, table: str = "touchpoints") -> list[Any]:
        """Return a column of a table, in the order of its first column."""
        return [row.get(name) for row in self.rows(table)]

    def properties(self) -> list[Row]:
        """Return the properties of each touchpoint, in the order of their ids."""
        return [json.loads(text or "{}") for text in self.column("properties")]

    def faults(self) -> list[tuple[int, str | None, str, str | None]]:
        """Return row, column, reason and found text of each row in quarantine, by file and row."""
        rows = self.reading.quarantine.to_pyarrow().to_pylist()
        rows.sort(key=lambda row: (row["file"], row["row"]))
        return [(row["row"], row["column"], row["reason"], row["found"]) for row in rows]


def read(
    engine: Engine, folder: Path, map_text: str, files: Mapping[str, str | bytes], *, max_bad: float = 1.0
) -> Read:
    """Write files into a folder and read it through a map."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    map_ = reading.parse_map(map_text, file="map.toml")
    normalise = customers.in_normal_form
    return Read(reading.read(engine.backend, [folder], map_, now=NOW, max_bad=max_bad, normalise=normalise))
