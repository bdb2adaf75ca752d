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

__all__ = ["LONGEST", "Loaded", "Rejects", "Spool", "create", "kept", "lines", "opened", "place", "surrogate"]

LONGEST = 2**21
_MARKS = (b"\xff\xfe", b"\xfe\xff")
_BATCH = 20_000
_MAGIC = {
    b"\x1f\x8b": ("a gzip file under another name", "give it a name that ends in .gz"),
    b"PK\x03\x04": ("a ZIP archive (or a spreadsheet)", "unpack it, or export it as CSV"),
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
    _pending: list[list[str | None]] = field(default_factory=list)
    _numbers: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make the table."""
        self._name = ibis.util.gen_name("raw")
        fields = ", ".join(f"{_quoted(c)} VARCHAR" for c in self.columns)
        self.backend.raw_sql(f"CREATE TEMP TABLE {self._name} ({fields}{',' if fields else ''} _row BIGINT)").fetchall()

    def add(self, row: list[str | None]) -> None:
        """Add the next record."""
        self.rows += 1
        self._pending.append(row)
        self._numbers.append(self.rows)
        if len(self._pending) >= _BATCH:
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


@dataclass(slots=True)
class Rejects:
    """Records that no reader could take apart, in the form of the table quarantine."""

    backend: Any
    n: int = 0
    _name: str = ""
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
        if len(self._pending) >= _BATCH // 10:
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


def surrogate(text: str) -> bool:
    """Return whether a text holds half a character, as undecodable bytes and broken escapes leave behind."""
    if text.isascii():
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


@contextmanager
def opened(file: Path, encoding: str = "utf-8") -> Iterator[IO[bytes]]:
    """Open a file, seeing through gzip; whatever the disk or gzip finds wrong becomes a SourceError."""
    try:
        with file.open("rb") as plain:
            if file.suffix == ".gz":
                with gzip.GzipFile(fileobj=plain) as inner:
                    _sniff(file, inner.peek(4)[:4] if hasattr(inner, "peek") else b"", encoding)
                    yield io.BufferedReader(inner)
            else:
                _sniff(file, plain.peek(4)[:4], encoding)
                yield plain
    except EOFError:
        raise SourceError(
            f"read {file.name}", "a gzip file that breaks off", "copy or export it again; it is not whole"
        ) from None
    except (OSError, zlib.error) as error:
        raise SourceError(
            f"read {file.name}", str(error), "check the file, its name and your right to read it"
        ) from None


def lines(stream: IO[bytes], encoding: str, file: Path) -> Iterator[str]:
    """Yield the lines of a stream, ends kept; one beyond `LONGEST` is cut there, so that memory stays bounded."""
    text = io.TextIOWrapper(stream, encoding=_with_mark(encoding), errors="surrogateescape", newline="")
    try:
        while line := text.readline(LONGEST + 2):
            yield line
            while len(line) == LONGEST + 2 and line[-1] not in "\r\n":
                line = text.readline(LONGEST + 2)
    except UnicodeError as error:
        raise SourceError(
            f"read {file.name} as {encoding}", str(error), "name the file's encoding in the map's table"
        ) from None
    finally:
        text.detach()


def _with_mark(encoding: str) -> str:
    return "utf-8-sig" if encoding.lower().replace("_", "-") in {"utf-8", "utf8", "ascii"} else encoding


def _sniff(file: Path, start: bytes, encoding: str) -> None:
    wide = codecs.lookup(encoding).name.startswith(("utf-16", "utf-32"))
    for magic, (found, do) in _MAGIC.items():
        expected = magic in _MARKS if wide else magic == b"PAR1" and file.suffix == ".parquet"
        if start.startswith(magic) and not expected:
            raise SourceError(f"read {file.name}", found, do)


def _shown(text: str | None) -> str | None:
    """Return a text as it may stand in a table: no halves of characters, no NUL, not endless."""
    if text is None:
        return None
    return text[:LONGEST].encode("utf-8", "backslashreplace").decode().replace("\0", "␀")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _insert(backend: Any, name: str, batch: pa.Table) -> None:  # as above
    backend.con.register("_batch", batch)
    backend.con.execute(f"INSERT INTO {name} SELECT * FROM _batch").fetchall()  # noqa: S608  # a name of our own
    backend.con.unregister("_batch")


Progress = Callable[[str], None]
