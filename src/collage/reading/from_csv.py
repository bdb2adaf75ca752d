"""CSV: by DuckDB's reader where it serves, else by Python's, row by row, with every bad row set aside.

DuckDB reads a well-formed UTF-8 file whole, at a million rows a second and more. At its first complaint the file is
read again by the slow way, which knows the number of each record and what is wrong with it.
"""

from __future__ import annotations

import csv
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb

from collage.errors import SourceError
from collage.reading.mapping import SourceTable
from collage.reading.spool import (
    LONGEST,
    Loaded,
    Rejects,
    Spool,
    check_gzip,
    create,
    is_gzipped,
    opened,
    pieces,
    place,
    rows_of,
    surrogate,
    undecodable,
)

__all__ = ["first_rows", "read"]

# no export holds it; with the empty text as null DuckDB would forgive cells too many when they are empty
_NOTHING = "\uffff\ufffe"
_OPEN = "a quote that opens and never closes"
_LONG = f"is longer than {LONGEST:,} characters"
_TAKEN = {"_row", "_file", "_raw"}


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
    names = [name or f"column{i}" for i, name in enumerate(header, 1)]
    _check_header(file, names, source)
    if source.encoding.lower() in {"utf-8", "utf8", "ascii"} and len(names) > 1 and not blank:
        loaded = _fast(backend, file, source, names)
        if loaded is not None:
            return loaded
    spool = Spool(backend, names, rejects, file.name)
    with opened(file, source.encoding) as stream:
        _slow(pieces(stream, source.encoding, file), source, spool, file)
    return Loaded(spool.done(), file.name, spool.rows, tuple(names))


def first_rows(file: Path, source: SourceTable, n: int) -> list[dict[str, str | None]]:
    """Return the first `n` records of a file that can be taken apart, by column.

    Raises
    ------
    SourceError
        As `read` does, as far as the file is looked at.
    """
    _, header = _header(file, source)
    names = [name or f"column{i}" for i, name in enumerate(header, 1)]
    _check_header(file, names, source)
    with opened(file, source.encoding) as stream:
        text = pieces(stream, source.encoding, file)
        cells = (cells for cells, _, _ in itertools.islice(_records(text, source), n + 1) if len(cells) == len(names))
        next(cells, None)  # the header
        found = [dict[str, str | None](zip(names, row, strict=True)) for row in cells]
        text.close()  # type: ignore[attr-defined]  # a generator: lets go of the stream
    return found


def _fast(backend: Any, file: Path, source: SourceTable, names: list[str]) -> Loaded | None:
    columns = ", ".join(f"{_text(name)}: 'VARCHAR'" for name in names)
    quote = f"quote = {_text(source.quote)}, escape = {_text(source.quote)}"
    options = (
        f"columns = {{{columns}}}, auto_detect = false, header = {str(source.header is None).lower()}, "
        f"delim = {_text(source.delimiter)}, {quote}, strict_mode = true, max_line_size = {LONGEST}, "
        f"nullstr = {_text(_NOTHING)}, compression = '{'gzip' if is_gzipped(file) else 'none'}'"
    )
    if is_gzipped(file):
        check_gzip(file, source.encoding)
    try:
        table = create(backend, f"SELECT * FROM read_csv({place(file)}, {options})")  # noqa: S608  # quoted texts
    except duckdb.Error:
        return None
    rows = rows_of(backend, table)
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
            _take(cells, spool, raw, source)


class _TooLongError(Exception):
    """A record is longer than `LONGEST`."""


class _Watched(Iterator[str]):
    """The pieces of a text, of which those of the record at hand are remembered, up to `LONGEST` characters."""

    def __init__(self, text: Iterator[str]) -> None:
        self.text = text
        self.seen: list[str] = []
        self.size = 0

    def __next__(self) -> str:
        piece = next(self.text)
        self.seen.append(piece)
        self.size += len(piece)
        if self.size > LONGEST:
            raise _TooLongError
        return piece

    def taken(self) -> str:
        """Return the record at hand as it stands in the file, and begin the next."""
        raw = "".join(self.seen).rstrip("\r\n")
        self.seen.clear()
        self.size = 0
        return raw


def _records(text: Iterator[str], source: SourceTable) -> Iterator[tuple[list[str], str, str | None]]:
    """Yield each record: its cells, how it stood in the file, and what is wrong with it.

    The lines of a record that cannot be taken apart are a record each: which of them belong together nobody knows.
    """
    csv.field_size_limit(LONGEST)
    watched = _Watched(text)
    reader = csv.reader(watched, strict=True, delimiter=source.delimiter, **_quoting(source))
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except _TooLongError:
            ends = _skipped(itertools.chain(list(watched.seen), text), source)
            yield [], watched.taken(), _LONG if ends else _OPEN
        except csv.Error as error:
            spaced = _spaced("".join(watched.seen), source)
            if spaced:
                yield spaced, watched.taken(), None
                continue
            lines = list(watched.seen)
            together = f" (one of {len(lines):,} lines that a quote holds together)" if len(lines) > 1 else ""
            watched.taken()
            if "end of data" in str(error):
                yield [], "".join(lines), _OPEN
                continue
            for line in lines:
                yield [], line.rstrip("\r\n"), f"cannot be taken apart: {error}{together}"
        else:
            yield cells, watched.taken(), None


def _skipped(text: Iterator[str], source: SourceTable) -> bool:
    """Go on to the end of a record which is too long to be held; return whether it has one that can be trusted."""
    quote, delimiter = source.quote, source.delimiter
    blanks = re.compile("" if delimiter == " " else " *")
    quoted, begins, held, carried = False, True, False, ""  # in quotes; a cell begins; over lines; a quote at the end
    for part in text:
        piece, at, ends = carried + part, 0, part[-1] in "\r\n"
        carried = ""
        while at < len(piece):
            if quoted:
                at = piece.find(quote, at) + 1 or len(piece) + 1
                if at == len(piece):
                    carried = quote  # the next piece tells whether it is doubled
                elif piece[at : at + 1] == quote:
                    at += 1
                elif at < len(piece):
                    quoted = False
                    behind = _end(blanks, piece, at)
                    if held and piece[behind : behind + 1] not in f"{delimiter}\r\n":
                        return False
            elif begins and quote and piece.startswith(quote, _end(blanks, piece, at)):
                quoted, begins, at = True, False, piece.index(quote, at) + 1
            else:
                at = piece.find(delimiter, at) + 1 or len(piece)
                begins = piece[at - 1] == delimiter
        if ends and not quoted:
            return True
        held = held or ends
    return not quoted or carried != ""


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return at if match is None else match.end()


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


def _take(row: list[str], spool: Spool, raw: str, source: SourceTable) -> None:
    if len(row) != len(spool.columns):
        cells = "1 cell" if len(row) == 1 else f"{len(row)} cells"
        spool.reject(None, f"has {cells}, the header has {len(spool.columns)}", None, raw)
        return
    if surrogate(raw):
        name, cell = next((n, c) for n, c in zip(spool.columns, row, strict=True) if surrogate(c))
        spool.reject(name, undecodable(source.encoding), cell[:200], raw)
        return
    spool.add(list(row), len(raw))


def _quoting(source: SourceTable) -> dict[str, Any]:
    if not source.quote:
        return {"quoting": csv.QUOTE_NONE}
    # blanks before a quote are none of the cell's, for DuckDB as for us
    return {"quotechar": source.quote, "skipinitialspace": source.delimiter != " "}


def _header(file: Path, source: SourceTable) -> tuple[int, tuple[str, ...]]:
    """Return how many blank lines stand before the header, and its names."""
    with opened(file, source.encoding) as stream:
        text = pieces(stream, source.encoding, file)
        records = enumerate(_records(text, source))
        blank, (names, _, complaint) = next((r for r in records if r[1][0] or r[1][2]), (0, ([], "", None)))
        text.close()  # type: ignore[attr-defined]  # a generator: lets go of the stream
    if complaint is not None:
        found = complaint if complaint == _OPEN else f"a line that {complaint}"
        raise SourceError(f"read the header of {file.name}", found, "check delimiter and quote in the map")
    if not names:
        raise SourceError(f"read {file.name}", "an empty file", "export it again, or leave it out")
    names = [name.strip() for name in names]
    if not any(names):
        do = 'name the columns in the map (header = ["…", …]), or export them'
        raise SourceError(f"read the header of {file.name}", "not one name in it", do)
    return blank, tuple(names)


def _check_header(file: Path, names: Sequence[str], source: SourceTable) -> None:
    asked = f"read the header of {file.name}"
    count = Counter(name.casefold() for name in names)
    twice = next((name for name in names if count[name.casefold()] > 1), None)
    if twice is not None:
        do = 'rename one in the export, or name all columns in the map: header = ["…", …] with the header line removed'
        raise SourceError(asked, f"the column {twice[:80]!r} twice (letter case does not tell them apart)", do)
    odd = next((name for name in names if surrogate(name) or "\0" in name), None)
    if odd is not None:
        do = f'name the encoding in the map, such as encoding = "{"utf-16-le" if chr(0) in odd else "cp1252"}"'
        raise SourceError(asked, f"{odd[:80]!r}, which is no text in {source.encoding}", do)
    taken = next((name for name in names if name.casefold() in _TAKEN), None)
    if taken is not None:
        raise SourceError(asked, f"a column {taken!r}, a name of our own", "rename it in the export")


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
