"""How much memory a read takes, at one, four and sixteen times the rows: each in a process of its own.

Python's own memory (`tracemalloc`) is what our code holds; it must not grow with the file. The process's peak holds
DuckDB's as well, which may use what `COLLAGE_MEMORY` allows and spills the rest.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tracemalloc
from collections.abc import Sequence
from pathlib import Path

from bench.inputs import write_calls, write_log
from bench.measure import Line
from bench.reading import made

__all__ = ["TIMES", "memory", "peaks"]

TIMES = (1, 4, 16)
_LIMIT, _GROWTH = "256MB", 1.2
# name of a file, its map, and its rows as a share of the smallest file's
_FILES = {
    "CSV": ("calls.csv", "one emit", 4),
    "CSV by the slow reader": ("slow.csv", "one emit, slow reader", 1),
    "JSONL": ("calls.jsonl", "one emit", 1),
    "XES": ("log.xes", "log", 1),
}


def memory(
    place: Path,
    rows: int,
    repeat: int,  # noqa: ARG001  # memory is the same each time
    *,
    times: Sequence[int] = TIMES,
    only: Sequence[str] = tuple(_FILES),
) -> list[Line]:
    """Measure each format on files of several sizes, the smallest with a hundredth of `rows`.

    Parameters
    ----------
    place
        Where files go; each is removed once it is measured.
    rows, repeat
        As for the other measurements.
    times
        Sizes, as multiples of the smallest.
    only
        Which formats.

    Returns
    -------
    list of Line
        The peaks, and the last beside the first.
    """
    lines = []
    for name in only:
        file, map_, share = _FILES[name]
        sizes = [max(1, rows // 100) * share * n for n in times]
        found = []
        for size in sizes:
            path = _written(place / file, size)
            found.append(_apart(path, map_))
            path.unlink()
        lines.append(_line(name, sizes, found))
    return lines


def peaks(file: Path, map_: str) -> tuple[float, float]:
    """Read a file and return the peaks of Python's own memory and of the process, in MB.

    A first small read has the libraries imported and their caches filled before the measuring begins.
    """
    small = _written(file.with_name(f"first.{file.name}"), 100)
    made(small, map_, file.parent / "first")
    small.unlink()
    tracemalloc.start()
    try:
        made(file, map_, file.parent / "dataset")
        own = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    return own / 1e6, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def _written(file: Path, rows: int) -> Path:
    return write_log(file, rows) if file.suffix == ".xes" else write_calls(file, rows)


def _apart(file: Path, map_: str) -> tuple[float, float]:
    told = subprocess.run(
        [sys.executable, "-m", "bench.memory", str(file), map_],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[1],
        env={**os.environ, "COLLAGE_MEMORY": _LIMIT},
    ).stdout
    own, whole = json.loads(told)
    return own, whole


def _line(name: str, sizes: Sequence[int], found: Sequence[tuple[float, float]]) -> Line:
    own, whole = zip(*found, strict=True)
    growth = own[-1] / own[0]
    return Line(
        f"memory: {name}",
        " / ".join(f"{size:,}" for size in sizes),
        " / ".join(f"{peak:.1f}" for peak in own) + " MB Python's own",
        "the first of them",
        f"{growth:.2f}",
        f"the process {' / '.join(f'{peak:.0f}' for peak in whole)} MB",
        f"≤ {_GROWTH}",
        growth <= _GROWTH,
        {"growth": growth, **{f"own_mb_{size}": peak for size, peak in zip(sizes, own, strict=True)}}
        | {f"process_mb_{size}": peak for size, peak in zip(sizes, whole, strict=True)},
    )


if __name__ == "__main__":
    print(json.dumps(peaks(Path(sys.argv[1]), sys.argv[2])))
