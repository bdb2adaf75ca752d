"""Accounting for every row: what became of it, what was set aside and why, and how many are too many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir

from collage.errors import TooManyBadRows
from collage.reading.sections import Staged
from collage.reading.sources import Sources
from collage.reading.spool import kept
from collage.tables import json_object, without_nul

__all__ = ["FileCount", "TableCount", "file_counts", "local_times", "quarantine", "reasons", "refuse_too_many"]


@dataclass(frozen=True, slots=True)
class FileCount:
    """What became of the rows of one file: rows = used + filtered + quarantined."""

    rows: int
    used: int
    filtered: int
    quarantined: int


@dataclass(frozen=True, slots=True)
class TableCount:
    """What became of the rows emitted into one table: emitted = written + duplicates."""

    emitted: int
    written: int
    duplicates: int


def quarantine(backend: Any, bad: ir.Table, sources: Sources) -> ir.Table:
    """Return the table quarantine: records that no reader could take apart, and bad rows, whole."""
    parts = [sources.rejects.table()]
    for table in sources.raw.values():
        columns = {n: table[n] for n in table.columns if n not in {"_file", "_row", "_raw"}}
        whole = (
            table["_raw"] if "_raw" in table.columns else json_object({n: v.cast("string") for n, v in columns.items()})
        )
        rows = table.select("_file", "_row", _raw=whole).inner_join(bad, ["_file", "_row"])
        fault = rows["_fault"]
        found = without_nul(fault["found"])
        parts.append(
            rows.select(
                file="_file",
                row="_row",
                column=fault["column"],
                reason=fault["reason"],
                found=found,
                raw=without_nul(rows["_raw"]),
            )
        )
    return kept(backend, ibis.union(*parts).order_by("file", "row"))


def file_counts(backend: Any, stages: Sequence[Staged], sources: Sources, aside: ir.Table) -> dict[str, FileCount]:
    """Return what became of each file's rows.

    A row is used where a section emits from it, or where a used row of a section joins it.
    """
    gone = aside.select(_file="file", _row="row")
    bad = _by_file(backend, gone)
    counts: dict[str, FileCount] = {}
    for name, files in sources.files.items():
        used = _by_file(backend, _used(stages, sources.clean, name, gone))
        for file in files:
            u, q = used.get(file.file, 0), bad.get(file.file, 0)
            counts[file.file] = FileCount(file.rows, u, file.rows - u - q, q)
    return counts


def _used(stages: Sequence[Staged], clean: Mapping[str, ir.Table], name: str, gone: ir.Table) -> ir.Table:
    """Return the place of each row of a table that is used, once."""
    parts = []
    for stage in stages:
        flags = [stage.table[f"_e{i}"] for i in range(len(stage.section.emits))]
        here = stage.table.filter(ibis.or_(*flags)).anti_join(gone, ["_file", "_row"])
        if stage.section.of == name:
            parts.append(here.select("_file", "_row"))
        for join in (join for join in stage.section.joins if join.table == name):
            there = clean[name].anti_join(gone, ["_file", "_row"])
            # the file's own column, though a derived one may hide it by now
            on = [there[t] == here[h if h in here.columns else stage.rename.get(h, h)] for h, t in join.on]
            parts.append(there.semi_join(here, on).select("_file", "_row"))
    return parts[0] if len(parts) == 1 else ibis.union(*parts, distinct=True)


def _by_file(backend: Any, rows: ir.Table) -> dict[str, int]:
    counted = rows.group_by("_file").agg(n=rows.count())
    return {row["_file"]: int(row["n"]) for row in backend.to_pyarrow(counted).to_pylist()}


def reasons(backend: Any, aside: ir.Table) -> list[dict[str, Any]]:
    """Return how often each reason occurs, with its first row."""
    grouped = aside.group_by("file", "column", "reason").agg(
        rows=aside.count(),
        first_row=aside["row"].min(),
        found=aside["found"].argmin(aside["row"]),
    )
    listed = backend.to_pyarrow(grouped.order_by(ibis.desc("rows"), "file", "column", "reason")).to_pylist()
    return [dict(row) for row in listed]


def refuse_too_many(
    counts: Mapping[str, FileCount], sources: Sources, why: Sequence[Mapping[str, Any]], max_bad: float
) -> None:
    """Raise TooManyBadRows, with the most frequent reasons, when more than a share of the rows of a table is bad.

    Each table of files is judged by itself: the many good rows of one say nothing for those of another.
    """
    for name, files in sources.files.items():
        rows = sum(counts[file.file].rows for file in files)
        bad = sum(counts[file.file].quarantined for file in files)
        if bad > max_bad * rows:
            own = [reason for reason in why if reason["file"] in {file.file for file in files}]
            found = f"{bad:,} of {rows:,} ({bad / rows:.1%}): {'; '.join(map(_told, own[:5]))}"
            do = "correct the map (see --dry-run) or the export, or allow more with --max-bad; nothing was written"
            where = f" of {name}" if len(sources.files) > 1 else ""
            raise TooManyBadRows(f"read with at most {max_bad:.1%} bad rows{where}", found, do)


def _told(reason: Mapping[str, Any]) -> str:
    found = "" if reason["found"] is None else f"{reason['found']!r} "
    more = f" (as are {reason['rows'] - 1:,} more)" if reason["rows"] > 1 else ""
    return (
        f"{reason['file']} row {reason['first_row']}: {reason['column'] or 'the row'} {found}{reason['reason']}{more}"
    )


def local_times(backend: Any, good: Mapping[str, ir.Table]) -> tuple[int, int]:
    """Return how many rows of files hold an ambiguous, and how many a skipped local time."""
    parts = [table.select("_file", "_row", "_ambiguous", "_skipped") for table in good.values()]
    every = parts[0] if len(parts) == 1 else ibis.union(*parts)
    every = every.filter((every["_ambiguous"] > 0) | (every["_skipped"] > 0))
    rows = every.group_by("_file", "_row").agg(a=every["_ambiguous"].max() > 0, s=every["_skipped"].max() > 0)
    found = backend.to_pyarrow(rows.aggregate(a=rows.a.sum(), s=rows.s.sum())).to_pylist()[0]
    return int(found["a"] or 0), int(found["s"] or 0)
