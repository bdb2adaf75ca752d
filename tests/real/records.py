"""The real records as `collage read` and as the standard library see them, and what the how-to pages say."""

import csv
import gzip
import io
import json
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from collage import cli
from collage.experience import Model

ROOT = Path(__file__).resolve().parents[2]
Row = dict[str, Any]


@dataclass(frozen=True)
class Read:
    """One dataset that `collage read` made, and what the command said."""

    folder: Path
    said: str

    def rows(self, table: str, *columns: str) -> list[tuple[Any, ...]]:
        """Return some columns of a table, sorted."""
        found = pq.read_table(self.folder / f"{table}.parquet", columns=list(columns))
        return sorted(zip(*(found[name].to_pylist() for name in columns), strict=True), key=repr)

    def in_order(self, *columns: str) -> dict[str, list[tuple[Any, ...]]]:
        """Return some columns of the touchpoints of each issue, in the order that rules see them in."""
        order = ("occurred_at", "touchpoint_id")
        wanted = list(dict.fromkeys(("issue_id", *order, *columns)))
        table = pq.read_table(self.folder / "touchpoints.parquet", columns=wanted)
        table = table.sort_by([(name, "ascending") for name in order])
        issues: dict[str, list[tuple[Any, ...]]] = {}
        for issue, *values in zip(*(table[name].to_pylist() for name in ("issue_id", *columns)), strict=True):
            issues.setdefault(issue, []).append(tuple(values))
        return issues

    @property
    def note(self) -> dict[str, Any]:
        """Return what stands in read.json."""
        found: dict[str, Any] = json.loads((self.folder / "read.json").read_text(encoding="utf-8"))
        return found

    @property
    def totals(self) -> dict[str, tuple[int, int, int, int]]:
        """Return rows, used, filtered and quarantined of each file."""
        names = ("rows", "used", "filtered", "quarantined")
        return {
            name: (count[names[0]], count[names[1]], count[names[2]], count[names[3]])
            for name, count in self.note["files"].items()
        }


@dataclass(frozen=True)
class Fitted:
    """The model that `collage fit` made of a set, and what the command said."""

    model: Model
    said: str

    @property
    def stands(self) -> set[str]:
        """Return the marks whose interval excludes nothing (0) and of which the ratings say more than the catalogue."""
        return {
            name
            for name, each in self.model.marks.items()
            if each.ratings and not each.prior_driven and not each.low <= 0.0 <= each.high
        }


def collage(*arguments: str) -> str:
    """Run the command in this process and return all that it printed."""
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        code = cli.main(arguments)
    assert code == 0, said.getvalue()
    return said.getvalue()


def plain(path: Path) -> list[Row]:
    """Return the rows of a gzipped CSV as the standard library reads them."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def figures(page: str, first: str, *, of: str = "how-to") -> dict[str, dict[str, str]]:
    """Return the table of a page whose first column is called `first`, by its first cells."""
    lines = (ROOT / "docs" / of / f"{page}.md").read_text(encoding="utf-8").splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith(f"| {first} |"))
    header, _, *body = takewhile(lambda line: line.startswith("|"), lines[start:])
    names, *rows = ([cell.strip(" `") for cell in line.strip("|").split("|")] for line in (header, *body))
    return {row[0]: dict(zip(names, row, strict=True)) for row in rows}


def kinds(page: str) -> dict[str, int]:
    """Return how many touchpoints of each kind a how-to page speaks of."""
    return {kind: int(row["touchpoints"].replace(",", "")) for kind, row in figures(page, "kind").items()}
