"""The real records as our reader and as the standard library see them."""

import csv
import gzip
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

from collage import store
from collage.reading import Reading

ROOT = Path(__file__).resolve().parents[2]
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


def figures(page: str, first: str) -> dict[str, dict[str, str]]:
    """Return the table of a how-to page whose first column is called `first`, by its first cells."""
    lines = (ROOT / "docs" / "how-to" / f"{page}.md").read_text(encoding="utf-8").splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith(f"| {first} |"))
    header, _, *body = takewhile(lambda line: line.startswith("|"), lines[start:])
    names, *rows = ([cell.strip(" `") for cell in line.strip("|").split("|")] for line in (header, *body))
    return {row[0]: dict(zip(names, row, strict=True)) for row in rows}


def kinds(page: str) -> dict[str, int]:
    """Return how many touchpoints of each kind a how-to page speaks of."""
    return {kind: int(row["touchpoints"].replace(",", "")) for kind, row in figures(page, "kind").items()}
