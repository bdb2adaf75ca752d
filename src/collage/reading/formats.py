"""The formats that can be read; a new one is a module like these and one line here."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

from collage.errors import SourceError
from collage.reading import from_csv, from_jsonl, from_parquet, from_xes
from collage.reading.mapping import SourceTable
from collage.reading.spool import Loaded, Rejects

__all__ = ["ENDINGS", "FORMATS", "Read", "format_of"]


class Read(Protocol):
    """The one function of a format's module."""

    def __call__(
        self, backend: Any, file: Path, source: SourceTable, wanted: Iterable[str], rejects: Rejects
    ) -> Loaded:
        """Read one file as a table of texts."""


FORMATS: dict[str, Read] = {
    "csv": from_csv.read,
    "jsonl": from_jsonl.read,
    "parquet": from_parquet.read,
    "xes": from_xes.read,
}
ENDINGS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".xes": "xes",
}


_OTHERS = (".xlsx", ".xls", ".ods", ".zip", ".7z", ".rar", ".tar", ".tgz", ".bz2", ".xz", ".zst")


def format_of(file: Path) -> str:
    """Return a file's format by its name's ending, gzip seen through.

    Raises
    ------
    SourceError
        When the ending says nothing.
    """
    name = file.name.lower().removesuffix(".gz")
    ending = next((ending for ending in ENDINGS if name.endswith(ending)), None)
    if name.endswith(_OTHERS):
        raise SourceError(f"read {file.name}", "a spreadsheet or an archive", "export it as CSV, or unpack it")
    if ending is None:
        do = f"name the format in the map's table (format = …), or use an ending such as {', '.join(ENDINGS)}"
        raise SourceError(f"read {file.name}", "an ending that says nothing of the format", do)
    return ENDINGS[ending]
