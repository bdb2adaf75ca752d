"""How a thing is measured, and the table it is told in."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Literal

__all__ = ["Claim", "Line", "apart", "machine", "rated", "seconds", "table", "together"]

_HEAD = ("measured", "size", "ours", "floor", "ours / floor", "rate", "bar")
_CLAIMED = ("records", "claim", "the model", "beside", "lead, with its 95 % interval", "holds")

# what a process took at most of the machine's memory, told behind what it says; `getrusage` would count the memory of
# the process that began it, too
_MEASURED = """
import sys
from pathlib import Path
from collage.cli import main
code = main(sys.argv[1:])
told = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(int(told["VmHWM"].split()[0]) / 2**20)
sys.exit(code)
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table: what was measured, in words, and `figures` with the same as numbers.

    `kept` says whether the bar is reached; None where there is none.
    """

    measured: str
    size: str
    ours: str
    floor: str
    ratio: str
    rate: str = ""
    bar: str = ""
    kept: bool | None = None
    figures: Mapping[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Claim:
    """One line of the table of claims: of which `records`, what is claimed, the model's figure and what it is held to.

    `holds` is yes, no, or open where the interval reaches to both sides; empty where nothing could be measured, and
    `lead` says why. `figures` has the same as numbers.
    """

    records: str
    claim: str
    model: str
    beside: str
    lead: str
    holds: Literal["yes", "no", "open", ""]
    figures: Mapping[str, float | str] = field(default_factory=dict)

    @property
    def measured(self) -> str:
        """Return what tells this line from the others."""
        return f"{self.records}: {self.claim}; {self.beside.partition(' (')[0]}"


def together(ours: Callable[[], object], floor: Callable[[], object], repeat: int) -> tuple[float, float]:
    """Return the median seconds of both, run in turn so that a busy moment of the machine meets both alike."""
    taken = [(seconds(floor), seconds(ours)) for _ in range(repeat)]
    return median(one for _, one in taken), median(one for one, _ in taken)


def seconds(work: Callable[[], object]) -> float:
    """Return how long a piece of work takes."""
    start = perf_counter()
    work()
    return perf_counter() - start


def rated(
    measured: str, n: int, unit: str, taken: tuple[float, float], *, floor: str, bar: int = 0, size: str = ""
) -> Line:
    """Return the line of a thing that goes through `n` units in `taken` seconds (ours, the floor's)."""
    ours, bare = taken
    rate = n / ours
    return Line(
        measured,
        size or f"{n:,} {unit}",
        f"{ours:.2f} s",
        f"{bare:.2f} s ({floor})",
        f"{ours / bare:.1f}",
        f"{rate:,.0f} {unit}/s",
        f"≥ {bar:,}" if bar else "",
        rate >= bar if bar else None,
        {"n": n, "ours_s": ours, "floor_s": bare, "rate": rate, "bar": bar},
    )


def apart(*words: str, memory: str = "12GiB") -> tuple[float, float]:
    """Run the command with these words in a process of its own; return its seconds and its peak of memory in GiB.

    DuckDB may take `memory`, unless ``COLLAGE_MEMORY`` is set.
    """
    begun = perf_counter()
    limited = {"COLLAGE_MEMORY": memory, **os.environ}
    command = [sys.executable, "-c", _MEASURED, *words]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=limited)
    return perf_counter() - begun, float(done.stdout.split()[-1])


def machine() -> str:
    """Return what the table was measured on and with."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = os.getloadavg()[0]
    packages = ", ".join(f"{name} {version(name)}" for name in ("duckdb", "ibis-framework", "pyarrow"))
    return (
        f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}; "
        f"load {load:.1f} at the start; Python {platform.python_version()}, {packages}"
    )


def _processor() -> str:
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in told.splitlines() if line.startswith("model name")]
    return names[0] if names else platform.machine()


def table(lines: Sequence[Line | Claim]) -> str:
    """Return the lines as tables of plain text, claims apart; an exclamation mark stands where a bar is missed."""
    measured = [_cells(line) for line in lines if isinstance(line, Line)]
    claimed = [_claimed(line) for line in lines if isinstance(line, Claim)]
    both = ((_HEAD, measured), (_CLAIMED, claimed))
    return "\n\n".join(_drawn(head, rows) for head, rows in both if rows)


def _drawn(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    told = [head, *rows]
    widths = [max(len(row[column]) for row in told) for column in range(len(head))]
    drawn = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in told]
    return "\n".join([drawn[0], "-" * len(max(drawn, key=len)), *drawn[1:]])


def _cells(line: Line) -> tuple[str, ...]:
    missed = " !" if line.kept is False else ""
    return (line.measured, line.size, line.ours, line.floor, line.ratio, line.rate, line.bar + missed)


def _claimed(line: Claim) -> tuple[str, ...]:
    missed = " !" if line.holds == "no" else ""
    return (line.records, line.claim, line.model, line.beside, line.lead, line.holds + missed)
