"""Where rows go that Python reads one by one: in batches into a DuckDB table, so that memory stays constant."""

from __future__ import annotations

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from collage.errors import SourceError

__all__ = [
    "LONGEST",
    "Loaded",
    "Rejects",
    "Spool",
    "check_gzip",
    "create",
    "is_gzipped",
    "kept",
    "lines",
    "opened",
    "pieces",
    "place",
    "rows_of",
    "said",
    "surrogate",
    "undecodable",
]

LONGEST = 2**21
_BATCH, _BATCH_SIZE, _BLOCK = 20_000, 2**25, 2**20
_SAID = 300
_WIDE = ("utf-16", "utf-32")
_GZIP = b"\x1f\x8b"
_MAGIC = {
    b"PK\x03\x04": ("a ZIP archive (or a spreadsheet)", "unpack it, or export it as CSV"),
    b"\xd0\xcf\x11\xe0": ("an old spreadsheet", "export it as CSV"),
    b"\xff\xfe\x00\x00": ("UTF-32 text", 'say encoding = "utf-32" in the map\'s table'),
    b"\xff\xfe": ("UTF-16 text", 'say encoding = "utf-16" in the map\'s table'),
    b"\xfe\xff": ("UTF-16 text", 'say encoding = "utf-16" in the map\'s table'),
    b"PAR1": ("a Parquet file", "give it a name that ends in .parquet, or say its format in the map"),
}


@dataclass(frozen=True, slots=True)
class Loaded:
    """One file as a table: its columns as texts (or times), `_row` from 1, and `_raw` where the format has one."""

    table: ir.Table
    file: str
    rows: int
    columns: tuple[str, ...]


def create(backend: Any, query: str) -> ir.Table:  # Ibis publishes no types
    """Run a query into a temporary table; Ibis has no word for the readers of files, nor for `rowid`."""
    name = ibis.util.gen_name("raw")
    backend.raw_sql(f"CREATE TEMP TABLE {name} AS {query}").fetchall()
    return backend.table(name)


def place(file: Path) -> str:
    """Return a file's path as SQL; bare, DuckDB would take ``[1]``, ``*`` and ``?`` in it for a pattern of files."""
    return "'" + re.sub(r"([*?\[])", r"[\1]", str(file)).replace("'", "''") + "'"


def rows_of(backend: Any, table: ir.Table) -> int:  # as above
    """Return how many rows a table has; `execute` would import pandas for it."""
    return int(backend.to_pyarrow(table.count()).as_py())


def kept(backend: Any, table: ir.Table) -> ir.Table:  # as above
    """Work a table out once, into a temporary table."""
    return backend.create_table(ibis.util.gen_name("kept"), obj=table, temp=True)


@dataclass(slots=True)
class Spool:
    """Rows of texts on their way into a DuckDB table of the given columns; `_row` is added."""

    backend: Any
    columns: Sequence[str]
    rejects: Rejects
    file: str
    rows: int = 0
    _name: str = ""
    _size: int = 0
    _pending: list[list[str | None]] = field(default_factory=list)
    _numbers: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make the table."""
        self._name = ibis.util.gen_name("raw")
        fields = ", ".join(f"{_quoted(c)} VARCHAR" for c in self.columns)
        self.backend.raw_sql(f"CREATE TEMP TABLE {self._name} ({fields}{',' if fields else ''} _row BIGINT)").fetchall()

    def add(self, row: list[str | None], size: int) -> None:
        """Add the next record, of so many characters."""
        self.rows += 1
        self._size += size
        self._pending.append(row)
        self._numbers.append(self.rows)
        if len(self._pending) >= _BATCH or self._size >= _BATCH_SIZE:
            self._flush()

    def reject(self, column: str | None, reason: str, found: str | None, raw: str) -> None:
        """Count the next record, and set it aside."""
        self.rows += 1
        self.rejects.add(self.file, self.rows, column, reason, found, raw)

    def done(self) -> ir.Table:
        """Write what is pending and return the table."""
        self._flush()
        return self.backend.table(self._name)

    def _flush(self) -> None:
        if not self._pending:
            return
        arrays = [pa.array(column, pa.string()) for column in zip(*self._pending, strict=True)]
        batch = pa.table([*arrays, pa.array(self._numbers, pa.int64())], [*self.columns, "_row"])
        _insert(self.backend, self._name, batch)
        self._pending.clear()
        self._numbers.clear()
        self._size = 0


@dataclass(slots=True)
class Rejects:
    """Records that no reader could take apart, in the form of the table quarantine."""

    backend: Any
    n: int = 0
    _name: str = ""
    _size: int = 0
    _pending: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make the table."""
        self._name = ibis.util.gen_name("rejects")
        fields = '"file" VARCHAR, "row" BIGINT, "column" VARCHAR, reason VARCHAR, found VARCHAR, raw VARCHAR'
        self.backend.raw_sql(f"CREATE TEMP TABLE {self._name} ({fields})").fetchall()

    def add(self, file: str, row: int, column: str | None, reason: str, found: str | None, raw: str) -> None:
        """Set one record aside."""
        self.n += 1
        texts = {"column": column, "reason": reason, "found": _shown(found), "raw": _shown(raw)}
        self._pending.append({"file": file, "row": row, **texts})
        self._size += len(raw)
        if len(self._pending) >= _BATCH // 10 or self._size >= _BATCH_SIZE:
            self._flush()

    def table(self) -> ir.Table:
        """Return all records set aside so far."""
        self._flush()
        return self.backend.table(self._name)

    def _flush(self) -> None:
        if self._pending:
            names = ("file", "row", "column", "reason", "found", "raw")
            kinds = [pa.int64() if name == "row" else pa.string() for name in names]
            batch = pa.Table.from_pylist(self._pending, pa.schema(list(zip(names, kinds, strict=True))))
            _insert(self.backend, self._name, batch)
            self._pending.clear()
            self._size = 0


def said(error: Exception) -> str:
    """Return what an engine says, on one line and without the name of its error."""
    return re.sub(r"^(\w+ )+Error: ", "", " ".join(str(error).split()))[:_SAID]


def surrogate(text: str) -> bool:
    """Return whether a text holds half a character, as undecodable bytes and broken escapes leave behind."""
    if text.isascii():
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def undecodable(encoding: str) -> str:
    """Return the reason for which a record goes whose bytes are no text in its file's encoding."""
    return f"holds bytes that are no text in {encoding} (the map's table can name another encoding)"


def is_gzipped(file: Path) -> bool:
    """Return whether a file says by its name that it is gzipped."""
    return file.suffix.lower() == ".gz"


def check_gzip(file: Path, encoding: str) -> None:
    """Read a gzip file to its end, where its checksum stands; DuckDB does not look at that."""
    with opened(file, encoding) as stream:
        while stream.read(_BLOCK):
            pass


@contextmanager
def opened(file: Path, encoding: str = "utf-8") -> Iterator[IO[bytes]]:
    """Open a file, seeing through gzip; whatever the disk or gzip finds wrong becomes a SourceError."""
    try:
        with file.open("rb") as plain:
            start = plain.peek(4)[:4]
            _refuse_other_gzip(file, start)
            if is_gzipped(file):
                with gzip.GzipFile(fileobj=plain) as inner, io.BufferedReader(inner) as seen_through:
                    start = seen_through.peek(4)[:4]
                    if start.startswith(_GZIP):
                        raise SourceError(f"read {file.name}", "a gzip file within a gzip file", "unpack it once")
                    _sniff(file, start, encoding)
                    yield seen_through
            else:
                _sniff(file, start, encoding)
                yield plain
    except EOFError:
        raise SourceError(
            f"read {file.name}", "a gzip file that breaks off", "copy or export it again; it is not whole"
        ) from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise SourceError(
            f"read {file.name}", f"a damaged gzip file ({error})", "copy or export it again; it is not whole"
        ) from None
    except OSError as error:
        raise SourceError(
            f"read {file.name}", str(error), "check the file, its name and your right to read it"
        ) from None


def lines(stream: IO[bytes], encoding: str, file: Path) -> Iterator[str]:
    """Yield the lines of a stream, ends kept; one beyond `LONGEST` is cut there, so that memory stays bounded."""
    whole = True
    for piece in pieces(stream, encoding, file):
        if whole:
            yield piece
        whole = piece[-1] in "\r\n"


def pieces(stream: IO[bytes], encoding: str, file: Path) -> Iterator[str]:
    """Yield the lines of a stream, ends kept; one beyond `LONGEST` in pieces, of which only the last has an end."""
    text = io.TextIOWrapper(stream, encoding=_read_as(encoding), errors="surrogateescape", newline="")
    try:
        first = text.readline(LONGEST + 2).removeprefix("\ufeff")
        if first:
            yield first
        while piece := text.readline(LONGEST + 2):
            yield piece
    except UnicodeError as error:
        raise SourceError(
            f"read {file.name} as {encoding}", str(error), "name the file's encoding in the map's table"
        ) from None
    finally:
        if not stream.closed:  # who reads on no more may be gone before this generator is
            text.detach()


def _read_as(encoding: str) -> str:
    return "utf-8" if codecs.lookup(encoding).name == "ascii" else encoding


def _refuse_other_gzip(file: Path, start: bytes) -> None:
    """Refuse a file whose name says another thing about gzip than it does itself."""
    if start.startswith(_GZIP) and not is_gzipped(file):
        raise SourceError(f"read {file.name}", "a gzip file under another name", "give it a name that ends in .gz")
    if start and is_gzipped(file) and not start.startswith(_GZIP):
        do = "take .gz off its name, or export it again"
        raise SourceError(f"read {file.name}", "no gzip file, though its name ends in .gz", do)


def _sniff(file: Path, start: bytes, encoding: str) -> None:
    wide = codecs.lookup(encoding).name.startswith(_WIDE)
    for magic, (found, do) in _MAGIC.items():
        if start.startswith(magic) and not (wide and found.lower().startswith(_WIDE)):
            raise SourceError(f"read {file.name}", found, do)


def _shown(text: str | None) -> str | None:
    """Return a text as it may stand in a table: undecodable bytes and halves of characters spelt out, not endless."""
    if text is None:
        return None
    try:
        plain = text[:LONGEST].encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        plain = text[:LONGEST].encode("utf-8", "backslashreplace")
    return plain.decode("utf-8", "backslashreplace").replace("\0", "␀")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _insert(backend: Any, name: str, batch: pa.Table) -> None:  # as above
    backend.con.register("_batch", batch)
    backend.con.execute(f"INSERT INTO {name} SELECT * FROM _batch").fetchall()  # noqa: S608  # a name of our own
    backend.con.unregister("_batch")


Progress = Callable[[str], None]
