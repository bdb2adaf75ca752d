"""The real records as our reader and as the standard library see them."""

import csv
import gzip
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collage import store
from collage.reading import Reading

Row = dict[str, Any]


@dataclass(frozen=True)
class Read:
    """One set after reading: the counts, and the rows of each table as Python values."""

    reading: Reading
    engine: store.Engine

    def rows(self, table: str, *columns: str) -> list[tuple[Any, ...]]:
        """Return some columns of a table, sorted."""
        found = self.engine.backend.to_pyarrow(self.reading.tables[table].select(*columns))
        return sorted(zip(*(found[name].to_pylist() for name in columns), strict=True), key=repr)

    def in_order(self, *columns: str) -> dict[str, list[tuple[Any, ...]]]:
        """Return some columns of the touchpoints of each issue, in the order that rules see them in."""
        table = self.reading.tables["touchpoints"].order_by("occurred_at", "touchpoint_id")
        found = self.engine.backend.to_pyarrow(table.select("issue_id", *columns))
        issues: dict[str, list[tuple[Any, ...]]] = {}
        for issue, *values in zip(*(found[name].to_pylist() for name in found.column_names), strict=True):
            issues.setdefault(issue, []).append(tuple(values))
        return issues

    @property
    def totals(self) -> dict[str, tuple[int, int, int, int]]:
        """Return rows, used, filtered and quarantined of each file."""
        return {
            name: (count.rows, count.used, count.filtered, count.quarantined)
            for name, count in self.reading.files.items()
        }


def plain(path: Path) -> list[Row]:
    """Return the rows of a gzipped CSV as the standard library reads them."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
