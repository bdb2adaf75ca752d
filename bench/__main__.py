"""Run measurements and print one table of them."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from bench import claims, company, crediting, desk, fitting, identity, memory, reading, score, web
from bench.inputs import write_calls
from bench.measure import Claim, Line, machine, table

__all__ = ["MEASUREMENTS", "main"]

_ROWS = 2_000_000
MEASUREMENTS: dict[str, Callable[[Path, int, int], Sequence[Line | Claim]]] = {
    "csv": reading.csv,
    "xes": reading.xes,
    "jsonl": reading.jsonl,
    "parquet": reading.parquet,
    "memory": memory.memory,
    "identity": identity.identity,
    "score": score.score,
    "fold": score.fold,
    "customer": score.one_customer,
    "command": score.command,
    "simulate": company.simulate,
    "report": company.report,
    "demo": company.demo,
    "fit": fitting.fit,
    "attribute": crediting.attribute,
    "ingest": web.ingest,
    "ingest-postgresql": web.ingest_postgresql,
    "import": web.taken_in,
    "pages": desk.pages,
    "pages-postgresql": desk.pages_postgresql,
    "crowd": desk.crowd,
    "crowd-postgresql": desk.crowd_postgresql,
    "large": score.large,
    "many-ratings": lambda *asked: [*fitting.many_ratings(*asked), *crediting.attributed_many(*asked)],
    "claims": claims.claims,
}
_ON_REQUEST = (
    "large",
    "many-ratings",
    "claims",
    "ingest-postgresql",
    "pages-postgresql",
    "crowd",
    "crowd-postgresql",
)  # minutes; the first two, gigabytes too


def main(arguments: Sequence[str] | None = None) -> list[Line | Claim]:
    """Measure what is asked for, print the table, and return its lines."""
    asked = _parser().parse_args(arguments)
    lines: list[Line | Claim] = []
    told = machine()
    with tempfile.TemporaryDirectory(prefix="collage-bench-") as folder:
        place = Path(folder)
        # the first read of a process imports the libraries
        reading.made(write_calls(place / "first.csv", 100), "one emit", place / "first")
        for name in asked.what or [name for name in MEASUREMENTS if name not in _ON_REQUEST]:
            print(f"measuring {name} …", file=sys.stderr)
            lines += MEASUREMENTS[name](place, asked.rows, asked.repeat)
    print(f"{told}\n\n{table(lines)}")
    if asked.json is not None:
        found = {"machine": told, "lines": {line.measured: dict(line.figures) for line in lines}}
        asked.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return lines


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Speed and memory beside a floor measured in the same run, claims beside their baselines.",
        epilog="python -m bench csv xes --rows 500000",
    )
    parser.add_argument(
        "what",
        nargs="*",
        choices=[*MEASUREMENTS, []],
        metavar="|".join(MEASUREMENTS),
        help=f"default: all but {', '.join(_ON_REQUEST)}",
    )
    parser.add_argument(
        "--rows",
        type=int,
        default=_ROWS,
        help=f"rows of the largest CSV (default {_ROWS:,}); others measure a tenth to fifty times as many",
    )
    parser.add_argument("--repeat", type=int, default=3, help="how often each time is taken (default 3)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    return parser


if __name__ == "__main__":
    main()
