"""From raw exports to checked rows of our tables, every row accounted for.

The way of a row: a file is loaded as texts (`sources`); its section joins, derives, filters, and its emits become typed
rows (`sections`); the first fault of any of them sends the whole row to quarantine, an id used twice keeps its earliest
row, what is identical is kept once (`settling`); and everything is counted (`accounts`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import ibis
import ibis.expr.types as ir

from collage.errors import EngineError, MapError
from collage.reading import accounts
from collage.reading.accounts import FileCount, TableCount
from collage.reading.mapping import Map
from collage.reading.sections import Normalise, Staged, emitted, staged
from collage.reading.settling import once, settled
from collage.reading.sources import load
from collage.reading.spool import kept, said
from collage.tables import CONTRACTS

__all__ = ["Reading", "read"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read: the tables (contract order and types), the rows set aside, and the counts of both.

    `placed` holds the same rows before identical ones are dropped, each with `_file` and `_row`.
    """

    tables: dict[str, ir.Table]
    placed: dict[str, ir.Table]
    quarantine: ir.Table
    files: dict[str, FileCount]
    counts: dict[str, TableCount]
    reasons: list[dict[str, Any]]
    ambiguous_times: int
    skipped_times: int
    left_alone: tuple[str, ...]

    def note(self) -> dict[str, Any]:
        """Return the counts as they stand in ``read.json``.

        Returns
        -------
        dict
            ``files``, ``tables``, ``quarantine`` (reasons with their rows), ``times``, ``left_alone``.
        """
        return {
            "files": {name: asdict(count) for name, count in self.files.items()},
            "tables": {name: asdict(count) for name, count in self.counts.items()},
            "quarantine": self.reasons,
            "times": {"ambiguous": self.ambiguous_times, "skipped": self.skipped_times},
            "left_alone": list(self.left_alone),
        }


def read(
    backend: Any,  # Ibis publishes no types
    sources: Sequence[Path],
    map_: Map,
    *,
    now: datetime,
    max_bad: float,
    normalise: Normalise | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Reading:
    """Read exports through a map.

    Parameters
    ----------
    backend
        The Ibis DuckDB backend; its session zone is UTC.
    sources
        Files and folders.
    map_
        The map.
    now
        The moment of reading (UTC); what lies more than five minutes later is quarantined.
    max_bad
        Largest share of quarantined rows, 0 to 1.
    normalise
        Called with each column of identifiers and the map's region, returns them in their one writing; None: they
        stay as the map writes them.
    progress
        Called with a word on each step before it begins.

    Returns
    -------
    Reading
        The tables, the rows set aside, and the counts; rows = used + filtered + quarantined for each file.

    Raises
    ------
    ReadingError
        When a file cannot be read, the map names a column that is not there, or too many rows are bad.
    EngineError
        When the engine gives up: no memory or disk is left.
    """
    with _answered():
        return _read(backend, sources, map_, now=now, max_bad=max_bad, normalise=normalise, progress=progress)


@contextmanager
def _answered() -> Iterator[None]:
    """Turn what the engine gives up on into a refusal; what a file or a map can cause has been refused before."""
    try:
        yield
    except RecursionError:
        do = "make several sections, or several maps, of it"
        raise MapError("go through the map", "more columns and forms than can be followed at once", do) from None
    except (duckdb.Error, ibis.common.exceptions.IbisError) as error:
        do = "free memory or disk, or say where there is some (COLLAGE_MEMORY, COLLAGE_SPILL); else please report it"
        raise EngineError("go through the rows", said(error), do) from error


def _read(
    backend: Any,
    sources: Sequence[Path],
    map_: Map,
    *,
    now: datetime,
    max_bad: float,
    normalise: Normalise | None,
    progress: Callable[[str], None],
) -> Reading:
    loaded = load(backend, sources, map_, progress=progress)
    stages = []
    for section in map_.sections:
        progress(f"going through {section.of}")
        stages.append(staged(backend, map_, section, loaded.clean))
    out = _emit_all(backend, map_, stages, now=now, normalise=normalise, progress=progress)
    progress("checking ids")
    whole = settled(backend, out)
    aside = accounts.quarantine(backend, whole.bad, loaded)
    files = accounts.file_counts(backend, stages, loaded, aside)
    reasons = accounts.reasons(backend, aside)
    accounts.refuse_too_many(files, loaded, reasons, max_bad)
    tables = {name: once(backend, name, whole) for name in out}
    counts = {name: TableCount(rows, ids, rows - ids) for name, (rows, ids) in whole.counts.items()}
    ambiguous, skipped = accounts.local_times(backend, whole.good)
    return Reading(tables, dict(out), aside, files, counts, reasons, ambiguous, skipped, loaded.left_alone)


def _emit_all(
    backend: Any,
    map_: Map,
    stages: Sequence[Staged],
    *,
    now: datetime,
    normalise: Normalise | None,
    progress: Callable[[str], None],
) -> dict[str, ir.Table]:
    moment = ibis.timestamp(now.isoformat(), timezone="UTC")
    parts: dict[str, list[ir.Table]] = {}
    for number, stage in enumerate(stages):
        for index, emit in enumerate(stage.section.emits):
            place = {"_section": ibis.literal(number, type="int32"), "_again": ibis.literal(value=False)}
            table = emitted(map_, stage, index, now=moment, normalise=normalise).mutate(**place)
            parts.setdefault(emit.into, []).append(table)
    out = {}
    for name in (name for name in CONTRACTS if name in parts):
        progress(f"making {name}")
        whole = parts[name][0] if len(parts[name]) == 1 else ibis.union(*parts[name])
        out[name] = kept(backend, whole)
    return out
