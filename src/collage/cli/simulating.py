"""The command `simulate`."""

from __future__ import annotations

import argparse
import json
from datetime import date
from typing import TYPE_CHECKING, Any

from collage.cli.opening import running
from collage.cli.printing import at_work, say

if TYPE_CHECKING:
    from collage.simulate import Simulated

__all__ = ["END", "simulate"]

END = date(2026, 1, 1)


def simulate(arguments: argparse.Namespace) -> None:
    """Write a company whose causes are known, as a dataset with the truth beside it."""
    from collage import experience, store
    from collage.simulate import Causes, Size, simulated

    out = arguments.out
    store.in_the_way(out, replace=arguments.replace)
    with running("duckdb") as engine, at_work() as step:
        engine.unordered()
        size, rules = Size(arguments.customers, arguments.days, arguments.end), experience.default()
        ask = engine.backend.to_pyarrow
        made = simulated(Causes(), size, seed=arguments.seed, catalogue=rules, ask=ask, progress=step)
        beside = {f"truth/{name}.parquet": table for name, table in made.truth.items()}
        beside |= {f"truth/{name}": _text(note) for name, note in made.notes.items()}
        again = arguments.replace
        store.write_dataset(out, made.tables, engine, notes={}, files=beside, replace=again, progress=step)
    _tell(arguments, made)


def _text(note: Any) -> str:
    return json.dumps(note, indent=1, ensure_ascii=False) + "\n"


def _tell(arguments: argparse.Namespace, made: Simulated) -> None:
    """Say what was written, and what to do with it."""
    out, last = arguments.out, arguments.end
    rows = ", ".join(f"{table.num_rows:,} {name}" for name, table in made.tables.items())
    say(f"Written to {out}: {arguments.customers:,} customers, {arguments.days:,} days before {last}: {rows}.")
    say(f"Why they are as they are stands in {out / 'truth'}.")
    say(f"Next: collage score {out}")
