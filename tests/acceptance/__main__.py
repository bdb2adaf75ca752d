"""Run the acceptance criteria at their stated size, replicate by replicate, and print what was measured.

    python -m tests.acceptance [AC ...] [--replicates N] [--folder .acceptance] [--processes 2] [--table]

Each finished replicate is a line of JSON in the folder, so what was stopped goes on where it was. A line tells by which
state of the mathematics it was made; those of another state are not taken.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from tests.acceptance.criteria import CRITERIA, Line
from tests.acceptance.measuring import Figures
from tests.acceptance.runs import RUNS, alone, code, prepared, replicate


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is missing, print the table; return 1 where a bar is not kept."""
    asked = _parser().parse_args(arguments)
    names = [each.upper().removeprefix("AC") for each in asked.criteria] or list(CRITERIA)
    if unknown := [each for each in names if each not in CRITERIA]:
        sys.exit(f"there is no AC{unknown[0]} here, but {', '.join('AC' + each for each in CRITERIA)}")
    if not asked.table:
        _run(_missing(names, asked.replicates, asked.folder), asked.folder, asked.processes)
    lines = [(name, line) for name in names for line in CRITERIA[name].judge(_taken(name, asked))]
    sys.stdout.write(_table(lines))
    return int(any(line.kept is False for _, line in lines))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.acceptance", description=__doc__.splitlines()[0])
    parser.add_argument("criteria", nargs="*", metavar="AC", help="such as 6 or AC6; default: all")
    parser.add_argument("--replicates", type=int, help="of each run, at most (default: as each criterion says)")
    parser.add_argument("--folder", type=Path, default=Path(".acceptance"), help="of finished replicates and worlds")
    parser.add_argument("--processes", type=int, default=2, help="how many replicates at a time")
    parser.add_argument("--table", action="store_true", help="run nothing, print what is there")
    return parser


def _missing(names: Sequence[str], most: int | None, folder: Path) -> list[tuple[str, int]]:
    """Return the replicates still to be run, those of the first criterion first."""
    wanted = dict.fromkeys(
        (run, seed)
        for name in names
        for run, count in CRITERIA[name].takes.items()
        for seed in range(count if most is None else min(count, most))
    )
    there = {(run, line["seed"]) for run in {run for run, _ in wanted} for line in _lines(run, folder)}
    return [task for task in wanted if task not in there]


def _lines(run: str, folder: Path) -> list[dict[str, Any]]:
    """Return the finished replicates of a run, by the present mathematics."""
    file = folder / f"{run}.jsonl"
    if not file.exists():
        return []
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line["code"] == code(run)]


def _taken(name: str, asked: argparse.Namespace) -> dict[str, list[Figures]]:
    """Return the figures by which a criterion is judged: as many replicates as it takes, more where they are there."""
    taken = {}
    for run in CRITERIA[name].takes:
        lines = sorted(_lines(run, asked.folder), key=lambda line: line["seed"])
        taken[run] = [line["figures"] for line in lines][: asked.replicates]
    return taken


def _run(tasks: Sequence[tuple[str, int]], folder: Path, processes: int) -> None:
    """Run replicates, so many at a time with one thread each, and write each as it is done."""
    folder.mkdir(parents=True, exist_ok=True)
    context, began = multiprocessing.get_context("spawn"), time.monotonic()
    with ProcessPoolExecutor(processes, context, initializer=alone) as pool:
        places = dict.fromkeys(RUNS[run].place for run, _ in tasks)
        for ready in [pool.submit(prepared, place, folder) for place in places]:
            ready.result()
        futures: list[Future[dict[str, Any]]] = [pool.submit(replicate, run, seed, folder) for run, seed in tasks]
        for done, future in enumerate(as_completed(futures), 1):
            line = future.result()
            with (folder / f"{line['run']}.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
            left = (time.monotonic() - began) / done * (len(tasks) - done) / 60.0
            sys.stderr.write(f"{done} of {len(tasks)} replicates, {line['run']} {line['seed']}, {left:.0f} min left\n")


def _table(lines: Sequence[tuple[str, Line]]) -> str:
    rows = [("", "what", "measured", "bar", "n", "kept"), ("---",) * 6]
    words = {None: "", True: "yes", False: "**no**"}
    for name, line in lines:
        told = f"{line.measured:.3g}" if abs(line.measured) < 100.0 else f"{line.measured:.0f}"
        rows.append((f"AC{name}", line.what, told, line.bar, str(line.n), words[line.kept]))
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


if __name__ == "__main__":
    sys.exit(main())
