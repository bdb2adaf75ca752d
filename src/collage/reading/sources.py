"""The files of a reading: which table takes which, each loaded as texts, cleaned, none left over unsaid."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir

from collage.errors import MapError, SourceError
from collage.reading.formats import FORMATS, format_of
from collage.reading.mapping import Map, SourceTable
from collage.reading.spool import Loaded, Rejects, surrogate

__all__ = ["Sources", "cleaned", "load"]

_SHOWN, _SHORT = 40, 60
_DELIMITERS = (";", "\t", "|", ",")


@dataclass(frozen=True, slots=True)
class Sources:
    """What was loaded, by table of files: each file; all of them as they are; the wanted columns, cleaned.

    `rejects` are the records that no reader could take apart, `left_alone` the files of folders that no table takes.
    """

    files: Mapping[str, Sequence[Loaded]]
    raw: Mapping[str, ir.Table]
    clean: Mapping[str, ir.Table]
    rejects: Rejects
    left_alone: tuple[str, ...]


def load(backend: Any, sources: Sequence[Path], map_: Map, *, progress: Callable[[str], None]) -> Sources:
    """Load files and folders as the tables of a map."""
    taken, left_alone = _sort_out(sources, map_.tables)
    rejects = Rejects(backend)
    loaded: dict[str, list[Loaded]] = {}
    for table in map_.tables:
        for file in taken[table.name]:
            progress(f"reading {file.name}")
            loader = FORMATS[table.format or format_of(file)]
            loaded.setdefault(table.name, []).append(loader(backend, file, table, map_.wanted(table.name), rejects))
    _check_columns(map_, loaded)
    if not any(file.rows for files in loaded.values() for file in files):
        raise SourceError("read the files", "not a single row in them", "export them again, or leave them out")
    raw = {name: _united(files) for name, files in loaded.items()}
    clean = {t.name: cleaned(raw[t.name], t, map_.wanted(t.name)) for t in map_.tables}
    return Sources(loaded, raw, clean, rejects, left_alone)


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
        try:
            if source.is_dir():
                inside = sorted(source.iterdir())
                found += [(file, False) for file in inside if file.is_file() and not file.name.startswith(".")]
            elif source.is_file():
                found.append((source, True))
            else:
                what = "neither a file nor a folder" if source.exists() else "no such file or folder"
                raise SourceError(f"read {source}", what, "check the path; what comes out of a pipe is saved first")
        except (OSError, ValueError) as error:
            raise SourceError(f"read {source}", str(error), "check the path, and your right to read it") from None
    odd = next((file for file, _ in found if surrogate(str(file))), None)
    if odd is not None:
        raise SourceError(f"read {str(odd)!r}", "a name that is no UTF-8", "rename the file or its folder")
    return found


def _check_columns(map_: Map, loaded: Mapping[str, Sequence[Loaded]]) -> None:
    for table, files in loaded.items():
        for file in files:
            missing = [name for name in map_.wanted(table) if name not in file.columns]
            if missing:
                asked = f"find the column {missing[0]!r}, which the map names, in {file.file}"
                raise MapError(asked, _told(file.columns), _advice(missing[0], file.columns))


def _told(columns: Sequence[str]) -> str:
    """Return the names of columns, as far as a person would read on."""
    more = len(columns) - _SHOWN
    shown = ", ".join(name if len(name) <= _SHORT else f"{name[:_SHORT]}…" for name in columns[:_SHOWN])
    return f"the columns {shown}{f' and {more:,} more' if more > 0 else ''}" if columns else "no column at all"


def _advice(name: str, columns: Sequence[str]) -> str:
    inner = next((column for column in columns if column.startswith(f"{name}.")), None)
    if inner is not None:
        return f"did you mean {inner}?"
    near = difflib.get_close_matches(name, [column for column in columns if len(column) <= _SHORT], n=1)
    if near:
        return f"did you mean {near[0]}?"
    mark = next((mark for mark in _DELIMITERS if len(columns) == 1 and mark in columns[0]), None)
    if mark is not None:
        return f"say in the map's table what stands between the columns: delimiter = {json.dumps(mark)}"
    return "correct the name in the map, or export the column"


def _united(files: Sequence[Loaded]) -> ir.Table:
    """Return all files of a table, one after the other."""
    names = list(dict.fromkeys(c for file in files for c in (*file.table.columns, "_file")))
    schemas = [file.table.schema() for file in files]
    mixed = {n for n in names if len({str(s[n].copy(nullable=True)) if n in s else "string" for s in schemas}) > 1}
    parts = []
    for file in files:
        table = file.table.mutate(_file=ibis.literal(file.file))
        values = {n: table[n] if n in table.columns else ibis.null("string") for n in names}
        parts.append(table.select(**{n: v.cast("string") if n in mixed else v for n, v in values.items()}))
    return parts[0] if len(parts) == 1 else ibis.union(*parts)


def cleaned(raw: ir.Table, source: SourceTable, wanted: Sequence[str]) -> ir.Table:
    """Return the wanted columns, blanks around texts cut and null words made null."""
    values = {name: _cut(raw[name], source.nulls) if raw[name].type().is_string() else raw[name] for name in wanted}
    return raw.select(_file="_file", _row="_row", **values)


def _cut(text: ir.StringValue, nulls: Sequence[str]) -> ir.StringValue:
    """Return a text without blanks around it, null where it is a null word.

    Cutting costs seven times as much as seeing that there is nothing to cut: blanks sort before all that is visible.
    """
    blank = (text < "!") | (_character(text, -1) <= " ")
    words = [word for word in nulls if word]
    whole = ibis.ifelse(text.isin(words), ibis.null("string"), text) if words else text
    cut = text.strip()
    return ibis.ifelse(blank, ibis.ifelse(cut.isin(nulls), ibis.null("string"), cut), whole)


@ibis.udf.scalar.builtin(name="array_extract")
def _character(text: str, place: int) -> str:  # type: ignore[empty-body]  # DuckDB's own function, declared for Ibis
    """Return one character of a text, from its end where `place` is negative (DuckDB)."""
