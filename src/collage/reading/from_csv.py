"""CSV: by DuckDB's reader where it serves, else by Python's, row by row, with every bad row set aside.

DuckDB reads a well-formed UTF-8 file whole, at a million rows a second and more. At its first complaint the file is
read again by the slow way, which knows the number of each record and what is wrong with it.
"""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import duckdb

from collage.errors import SourceError
from collage.reading.mapping import SourceTable
from collage.reading.spool import LONGEST, Loaded, Rejects, Spool, create, lines, opened, place, surrogate

__all__ = ["read"]

# no export holds it; with the empty text as null DuckDB would forgive cells too many when they are empty
_NOTHING = "\uffff\ufffe"
_OPEN = "a quote that opens and never closes"


def read(backend: Any, file: Path, source: SourceTable, wanted: Iterable[str], rejects: Rejects) -> Loaded:  # noqa: ARG001  # one signature for all formats
    """Read a CSV file.

    Parameters
    ----------
    backend
        The Ibis DuckDB backend.
    file
        The file, gzipped when its name ends in ``.gz``.
    source
        Delimiter, quote, encoding, header.
    wanted
        Not needed: all columns are read.
    rejects
        Where records go that cannot be taken apart.

    Raises
    ------
    SourceError
        When the file is empty, not whole, has no usable header, or opens a quote that never closes.
    """
    blank, header = (0, source.header) if source.header else _header(file, source)
    _check_header(file, header)
    names = [name or f"column{i}" for i, name in enumerate(header, 1)]
    if source.encoding.lower() in {"utf-8", "utf8", "ascii"} and len(names) > 1 and not blank:
        loaded = _fast(backend, file, source, names)
        if loaded is not None:
            return loaded
    spool = Spool(backend, names, rejects, file.name)
    with opened(file, source.encoding) as stream:
        _slow(lines(stream, source.encoding, file), source, spool, file)
    return Loaded(spool.done(), file.name, spool.rows, tuple(names))


def _fast(backend: Any, file: Path, source: SourceTable, names: list[str]) -> Loaded | None:
    columns = ", ".join(f"{_text(name)}: 'VARCHAR'" for name in names)
    quote = f"quote = {_text(source.quote)}, escape = {_text(source.quote)}"
    options = (
        f"columns = {{{columns}}}, auto_detect = false, header = {str(source.header is None).lower()}, "
        f"delim = {_text(source.delimiter)}, {quote}, strict_mode = true, max_line_size = {LONGEST}, "
        f"nullstr = {_text(_NOTHING)}"
    )
    try:
        table = create(backend, f"SELECT * FROM read_csv({place(file)}, {options})")  # noqa: S608  # quoted texts
    except duckdb.Error:
        return None
    rows = int(backend.execute(table.count()))
    return Loaded(table.mutate(_row=table.rowid() + 1), file.name, rows, tuple(names))


def _slow(text: Iterator[str], source: SourceTable, spool: Spool, file: Path) -> None:
    records = _records(text, source)
    if source.header is None:
        next((cells for cells, _, _ in records if cells), None)
    for cells, raw, complaint in records:
        if complaint == _OPEN:
            do = 'close the quote, or say in the map which character quotes (quote = …, "" for none)'
            raise SourceError(f"read {file.name}, row {spool.rows + 1}", f"{_OPEN}: {raw[:80]!r}", do)
        if complaint is not None:
            spool.reject(None, complaint, None, raw)
        elif cells:
            _take(cells, spool, raw)


def _records(text: Iterator[str], source: SourceTable) -> Iterator[tuple[list[str], str, str | None]]:
    """Yield each record: its cells, how it stood in the file, and what is wrong with it."""
    csv.field_size_limit(LONGEST)
    seen: list[str] = []
    reader = csv.reader(_noting(text, seen), strict=True, delimiter=source.delimiter, **_quoting(source))
    while True:
        seen.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raw = "".join(seen)
            spaced = _spaced(raw, source)
            yield spaced, raw, None if spaced else _complaint(error)
        else:
            yield cells, "".join(seen), None


def _spaced(raw: str, source: SourceTable) -> list[str]:
    """Return the cells of a record with blanks behind closing quotes, which DuckDB takes and Python does not."""
    if not source.quote or source.delimiter == " ":
        return []
    q, d = re.escape(source.quote), re.escape(source.delimiter)
    cell = re.compile(rf" *(?:{q}([^{q}]*(?:{q}{q}[^{q}]*)*){q} *|([^{q}{d}\r\n][^{d}\r\n]*|))({d}|\r?\n?\Z)")
    cells, at, behind = [], 0, source.delimiter
    while behind == source.delimiter:
        match = cell.match(raw, at)
        if match is None:
            return []
        cells.append(match[2] if match[1] is None else match[1].replace(source.quote * 2, source.quote))
        at, behind = match.end(), match[3]
    return cells


def _take(row: list[str], spool: Spool, raw: str) -> None:
    if len(row) != len(spool.columns):
        spool.reject(None, f"has {len(row)} cells, the header has {len(spool.columns)}", None, raw)
        return
    for name, cell in zip(spool.columns, row, strict=True):
        if surrogate(cell):
            spool.reject(name, "holds bytes that are no text in this encoding", cell[:200], raw)
            return
    spool.add(list(row))


def _complaint(error: csv.Error) -> str:
    if "end of data" in str(error):
        return _OPEN
    if "field limit" in str(error):
        return f"holds a cell of more than {LONGEST:,} characters"
    return f"cannot be taken apart: {error}"


def _noting(text: Iterator[str], seen: list[str]) -> Iterator[str]:
    for line in text:
        seen.append(line)
        yield line


def _quoting(source: SourceTable) -> dict[str, Any]:
    if not source.quote:
        return {"quoting": csv.QUOTE_NONE}
    # blanks before a quote are none of the cell's, for DuckDB as for us
    return {"quotechar": source.quote, "skipinitialspace": source.delimiter != " "}


def _header(file: Path, source: SourceTable) -> tuple[int, tuple[str, ...]]:
    """Return how many blank lines stand before the header, and its names."""
    with opened(file, source.encoding) as stream:
        text = lines(stream, source.encoding, file)
        records = enumerate(_records(itertools.islice(text, 1000), source))
        blank, (names, _, complaint) = next((r for r in records if r[1][0] or r[1][2]), (0, ([], "", None)))
        text.close()  # type: ignore[attr-defined]  # a generator: lets go of the stream
    if complaint is not None:
        raise SourceError(f"read the header of {file.name}", complaint, "check delimiter and quote in the map")
    if not names:
        raise SourceError(f"read {file.name}", "an empty file", "export it again, or leave it out")
    return blank, tuple(name.strip() for name in names)


def _check_header(file: Path, header: tuple[str, ...]) -> None:
    folded = [name.casefold() for name in header if name]
    twice = sorted({name for name in header if folded.count(name.casefold()) > 1})
    if twice:
        do = 'rename one in the export, or name all columns in the map: header = ["…", …] with the header line removed'
        raise SourceError(
            f"read the header of {file.name}",
            f"the column {twice[0]!r} twice (letter case does not tell them apart)",
            do,
        )
    odd = [name for name in header if surrogate(name) or "\0" in name]
    if odd:
        raise SourceError(
            f"read the header of {file.name}",
            f"{odd[0]!r}, which is no text in {'this encoding'}",
            'name the encoding in the map, such as encoding = "cp1252"',
        )
    taken = [name for name in header if name.casefold() in {"_row", "_file", "_raw"}]
    if taken:
        raise SourceError(
            f"read the header of {file.name}",
            f"a column {taken[0]!r}, a name of our own",
            "rename it in the export",
        )


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
