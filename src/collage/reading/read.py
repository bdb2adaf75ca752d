"""From raw exports to checked rows of our tables, every row accounted for.

The way of a row: a file is loaded as texts; its section joins, derives and filters; its emits become typed rows; the
first fault of any of them sends the whole row to quarantine; an id used twice keeps its earliest row; what is identical
is kept once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir

from collage.errors import MapError, SourceError, TooManyBadRows
from collage.reading.formats import FORMATS, format_of
from collage.reading.mapping import Map, SourceTable
from collage.reading.sections import FAULT, Staged, emitted, staged
from collage.reading.spool import Loaded, Rejects, kept
from collage.tables import CONTRACTS, json_object, without_nul

__all__ = ["FileCount", "Reading", "TableCount", "read"]

_TIME_OF = {"touchpoints": "occurred_at", "ratings": "rated_at", "promises": "made_at"}


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
            "files": {name: _fields(count) for name, count in self.files.items()},
            "tables": {name: _fields(count) for name, count in self.counts.items()},
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
    """
    taken, left_alone = _sort_out(sources, map_.tables)
    rejects = Rejects(backend)
    loaded: dict[str, list[Loaded]] = {}
    for table in map_.tables:
        for file in taken[table.name]:
            progress(f"reading {file.name}")
            loader = FORMATS[table.format or format_of(file)]
            loaded.setdefault(table.name, []).append(loader(backend, file, table, map_.wanted(table.name), rejects))
    _check_columns(map_, loaded)
    raw = {name: _united(files) for name, files in loaded.items()}
    clean = {t.name: _cleaned(raw[t.name], t, map_.wanted(t.name)) for t in map_.tables}
    stages = []
    for section in map_.sections:
        progress(f"going through {section.of}")
        stages.append(staged(backend, map_, section, clean))
    out = _emit_all(backend, map_, stages, now, progress)
    return _settled(backend, map_, stages, out, rejects, loaded, raw, clean, max_bad, left_alone, progress)


def _settled(  # noqa: PLR0913, PLR0917  # the last step needs all that the ones before it made
    backend: Any,
    map_: Map,
    stages: Sequence[Staged],
    out: dict[str, ir.Table],
    rejects: Rejects,
    loaded: Mapping[str, Sequence[Loaded]],
    raw: Mapping[str, ir.Table],
    clean: Mapping[str, ir.Table],
    max_bad: float,
    left_alone: tuple[str, ...],
    progress: Callable[[str], None],
) -> Reading:
    progress("checking ids")
    bad = _bad(backend, out)
    good = {name: _without(table, bad) for name, table in out.items()}
    clashes = _clashes(backend, good)
    if clashes is not None:
        bad = kept(backend, bad.union(clashes))
        good = {name: _without(table, bad) for name, table in out.items()}
    quarantine = _quarantine(backend, bad, rejects, raw)
    files = _file_counts(backend, map_, stages, quarantine, loaded, clean)
    reasons = _reasons(backend, quarantine)
    _refuse_too_many(files, reasons, max_bad)
    counts: dict[str, TableCount] = {}
    tables: dict[str, ir.Table] = {}
    for name, table in good.items():
        tables[name], counts[name] = _once(backend, name, table)
    ambiguous, skipped = _local_times(backend, good)
    return Reading(tables, good, quarantine, files, counts, reasons, ambiguous, skipped, left_alone)


def _sort_out(sources: Sequence[Path], tables: Sequence[SourceTable]) -> tuple[dict[str, list[Path]], tuple[str, ...]]:
    """Return the files of each table, and the files of folders that no table takes."""
    taken: dict[str, list[Path]] = {table.name: [] for table in tables}
    left: list[str] = []
    for file, named in _files(sources):
        fits = [t.name for t in tables if any(fnmatchcase(file.name, pattern) for pattern in t.files)]
        if len(fits) > 1:
            raise MapError(
                f"read {file.name}",
                f"more than one table takes it: {', '.join(fits)}",
                "make files = … narrower",
            )
        if fits:
            taken[fits[0]].append(file)
        elif named:
            patterns = ", ".join(p for t in tables for p in t.files)
            raise MapError(
                f"read {file.name}",
                "no table of the map takes a file of this name",
                f"the tables take: {patterns}",
            )
        else:
            left.append(file.name)
    for table in tables:
        if not taken[table.name]:
            found = f"none fits {', '.join(table.files)}"
            raise SourceError(
                f"find the files of the table {table.name}",
                found,
                "give the file as SOURCE, or correct files = … in the map",
            )
    names = [file.name for files in taken.values() for file in files]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SourceError(
            "read the files",
            f"two files called {twice[0]}",
            "give them names that differ: quarantine tells rows by them",
        )
    return {name: sorted(files, key=lambda f: f.name) for name, files in taken.items()}, tuple(left)


def _files(sources: Sequence[Path]) -> list[tuple[Path, bool]]:
    """Return each file with whether it was named itself."""
    found: list[tuple[Path, bool]] = []
    for source in sources:
        if source.is_dir():
            found += [
                (file, False) for file in sorted(source.iterdir()) if file.is_file() and not file.name.startswith(".")
            ]
        elif source.is_file():
            found.append((source, True))
        else:
            raise SourceError(f"read {source}", "no such file or folder", "check the path")
    return found


def _check_columns(map_: Map, loaded: Mapping[str, Sequence[Loaded]]) -> None:
    for table, files in loaded.items():
        for file in files:
            missing = [name for name in map_.wanted(table) if name not in file.columns]
            if missing:
                asked = f"find the column {missing[0]!r}, which the map names, in {file.file}"
                do = "correct the name in the map, or export the column"
                raise MapError(asked, f"the columns {', '.join(file.columns[:40])}", do)


def _united(files: Sequence[Loaded]) -> ir.Table:
    """Return all files of a table, one after the other."""
    names = list(dict.fromkeys(c for file in files for c in (*file.table.columns, "_file")))
    parts = []
    for file in files:
        table = file.table.mutate(_file=ibis.literal(file.file))
        kinds = {n: "string" for n in names if n not in table.columns}
        parts.append(table.mutate(**{n: ibis.null(kind) for n, kind in kinds.items()}).select(names))
    return parts[0] if len(parts) == 1 else ibis.union(*parts)


def _cleaned(raw: ir.Table, source: SourceTable, wanted: Sequence[str]) -> ir.Table:
    """Return the wanted columns, blanks around texts cut and null words made null."""
    values = {}
    for name in wanted:
        value = raw[name]
        if value.type().is_string():
            value = value.strip()
            value = ibis.ifelse(value.isin(source.nulls), ibis.null("string"), value)
        values[name] = value
    return raw.select(_file="_file", _row="_row", **values)


def _emit_all(
    backend: Any, map_: Map, stages: Sequence[Staged], now: datetime, progress: Callable[[str], None]
) -> dict[str, ir.Table]:
    parts: dict[str, list[ir.Table]] = {}
    for number, stage in enumerate(stages):
        for index, emit in enumerate(stage.section.emits):
            table = emitted(map_, stage, index, now=now).mutate(_section=ibis.literal(number, type="int64"))
            parts.setdefault(emit.into, []).append(table)
    out = {}
    for name in (name for name in CONTRACTS if name in parts):
        progress(f"making {name}")
        whole = parts[name][0] if len(parts[name]) == 1 else ibis.union(*parts[name])
        out[name] = kept(backend, whole)
    return out


def _bad(backend: Any, out: Mapping[str, ir.Table]) -> ir.Table:
    """Return each bad row once, with its first fault."""
    every = [
        table.filter(table["_fault"].notnull()).select("_file", "_row", "_section", "_emit", "_fault")
        for table in out.values()
    ]
    found = every[0] if len(every) == 1 else ibis.union(*every)
    place = found["_section"] * 1000 + found["_emit"]
    first = found.mutate(_place=place).group_by("_file", "_row").agg(_fault=lambda t: t["_fault"].argmin(t["_place"]))
    return kept(backend, first)


def _without(table: ir.Table, bad: ir.Table) -> ir.Table:
    return table.anti_join(bad, ["_file", "_row"])


def _clashes(backend: Any, good: Mapping[str, ir.Table]) -> ir.Table | None:
    """Return the rows whose id stands for another content in an earlier row; None when there is none."""
    found = [clash for name, table in good.items() if (clash := _clash(backend, name, table)) is not None]
    if not found:
        return None
    every = found[0] if len(found) == 1 else ibis.union(*found)
    return every.group_by("_file", "_row").agg(_fault=every["_fault"].arbitrary())


def _clash(backend: Any, name: str, table: ir.Table) -> ir.Table | None:
    key = CONTRACTS[name].key
    rows, ids = (
        backend.to_pyarrow(table.aggregate(rows=table.count(), ids=table[key].nunique())).to_pylist()[0].values()
    )
    if rows == ids:
        return None
    columns = list(CONTRACTS[name].names)
    order = [*([_TIME_OF[name]] if name in _TIME_OF else []), "_file", "_row", "_section", "_emit"]
    number = ibis.row_number().over(ibis.window(group_by=key, order_by=order))
    several = table.mutate(_n=number, _times=table.count().over(ibis.window(group_by=key)))
    several = kept(backend, several.filter(several["_times"] > 1))
    first = several.filter(several["_n"] == 0).select(columns).rename({f"_k_{c}": c for c in columns})
    both = several.filter(several["_n"] > 0).inner_join(first, several[key] == first[f"_k_{key}"])
    same = ibis.and_(*(both[c].identical_to(both[f"_k_{c}"]) for c in columns))
    fault = ibis.struct(
        {
            "column": ibis.literal(key),
            "reason": ibis.literal("is an id used twice, with another content"),
            "found": both[key],
        }
    ).cast(FAULT)
    clashes = both.filter(~same).select("_file", "_row", _fault=fault).distinct()
    return kept(backend, clashes)


def _quarantine(backend: Any, bad: ir.Table, rejects: Rejects, raw: Mapping[str, ir.Table]) -> ir.Table:
    parts = [rejects.table()]
    for table in raw.values():
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


def _file_counts(  # as above
    backend: Any,
    map_: Map,
    stages: Sequence[Staged],
    quarantine: ir.Table,
    loaded: Mapping[str, Sequence[Loaded]],
    clean: Mapping[str, ir.Table],
) -> dict[str, FileCount]:
    """Return what became of each file's rows. A row of a table that is only joined is used where some row joins it."""
    bad = _by_file(backend, quarantine.select(_file="file", _row="row"))
    counts: dict[str, FileCount] = {}
    for name, files in loaded.items():
        touched = _touched(map_, stages, clean, name)
        unharmed = touched.anti_join(quarantine.select(_file="file", _row="row"), ["_file", "_row"])
        used = _by_file(backend, unharmed)
        for file in files:
            u, q = used.get(file.file, 0), bad.get(file.file, 0)
            counts[file.file] = FileCount(file.rows, u, file.rows - u - q, q)
    return counts


def _touched(map_: Map, stages: Sequence[Staged], clean: Mapping[str, ir.Table], name: str) -> ir.Table:
    """Return the place of each row of a table that some emit or join takes, once."""
    parts = []
    for stage in stages:
        if stage.section.of == name:
            flags = [stage.table[f"_e{i}"] for i in range(len(stage.section.emits))]
            parts.append(stage.table.filter(ibis.or_(*flags)).select("_file", "_row"))
    if not parts:
        there = clean[name]
        for section in map_.sections:
            for join in (join for join in section.joins if join.table == name):
                staged_ = next(stage for stage in stages if stage.section is section)
                here = staged_.table
                on = [there[t] == here[staged_.rename.get(h, h)] for h, t in join.on]
                parts.append(there.semi_join(here, on).select("_file", "_row"))
    return parts[0] if len(parts) == 1 else ibis.union(*parts, distinct=True)


def _by_file(backend: Any, rows: ir.Table) -> dict[str, int]:
    counted = rows.group_by("_file").agg(n=rows.count())
    return {row["_file"]: int(row["n"]) for row in backend.to_pyarrow(counted).to_pylist()}


def _reasons(backend: Any, quarantine: ir.Table) -> list[dict[str, Any]]:
    """Return how often each reason occurs, with its first row."""
    grouped = quarantine.group_by("file", "column", "reason").agg(
        rows=quarantine.count(),
        first_row=quarantine["row"].min(),
        found=quarantine["found"].argmin(quarantine["row"]),
    )
    listed = backend.to_pyarrow(grouped.order_by(ibis.desc("rows"), "file", "column", "reason")).to_pylist()
    return [dict(row) for row in listed]


def _refuse_too_many(files: Mapping[str, FileCount], reasons: Sequence[Mapping[str, Any]], max_bad: float) -> None:
    rows = sum(count.rows for count in files.values())
    bad = sum(count.quarantined for count in files.values())
    if not rows:
        raise SourceError("read the files", "not a single row in them", "export them again, or leave them out")
    if bad <= max_bad * rows:
        return
    worst = "; ".join(map(_told, reasons[:5]))
    do = "correct the map (see --dry-run) or the export, or allow more with --max-bad; nothing was written"
    raise TooManyBadRows(
        f"read with at most {max_bad:.1%} bad rows", f"{bad:,} of {rows:,} ({bad / rows:.1%}): {worst}", do
    )


def _told(reason: Mapping[str, Any]) -> str:
    found = "" if reason["found"] is None else f"{reason['found']!r} "
    more = f" (as are {reason['rows'] - 1:,} more)" if reason["rows"] > 1 else ""
    return (
        f"{reason['file']} row {reason['first_row']}: {reason['column'] or 'the row'} {found}{reason['reason']}{more}"
    )


def _once(backend: Any, name: str, table: ir.Table) -> tuple[ir.Table, TableCount]:
    """Return a table with each id once, and its count. Rows that share an id are identical by now."""
    key, columns = CONTRACTS[name].key, list(CONTRACTS[name].names)
    rows, ids = (
        backend.to_pyarrow(table.aggregate(rows=table.count(), ids=table[key].nunique())).to_pylist()[0].values()
    )
    count = TableCount(int(rows), int(ids), int(rows - ids))
    if rows == ids:
        return table.select(columns), count
    number = ibis.row_number().over(ibis.window(group_by=key, order_by=["_file", "_row", "_section", "_emit"]))
    numbered = table.mutate(_n=number)
    return numbered.filter(numbered["_n"] == 0).select(columns), count


def _local_times(backend: Any, good: Mapping[str, ir.Table]) -> tuple[int, int]:
    """Return how many rows of files hold an ambiguous, and how many a skipped local time."""
    parts = [table.select("_file", "_row", "_ambiguous", "_skipped") for table in good.values()]
    every = parts[0] if len(parts) == 1 else ibis.union(*parts)
    every = every.filter((every["_ambiguous"] > 0) | (every["_skipped"] > 0))
    rows = every.group_by("_file", "_row").agg(a=every["_ambiguous"].max() > 0, s=every["_skipped"].max() > 0)
    found = backend.to_pyarrow(rows.aggregate(a=rows.a.sum(), s=rows.s.sum())).to_pylist()[0]
    return int(found["a"] or 0), int(found["s"] or 0)


def _fields(count: FileCount | TableCount) -> dict[str, int]:
    return {name: getattr(count, name) for name in count.__slots__}
