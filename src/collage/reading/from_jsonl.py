"""JSONL: one JSON object a line; nested keys are columns with a dot."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from collage.errors import SourceError
from collage.reading.mapping import SourceTable
from collage.reading.spool import LONGEST, Loaded, Rejects, Spool, lines, opened, surrogate

__all__ = ["read"]


def read(backend: Any, file: Path, source: SourceTable, wanted: Iterable[str], rejects: Rejects) -> Loaded:
    """Read a JSONL file; numbers keep the digits they were written with.

    Parameters
    ----------
    backend
        The Ibis DuckDB backend.
    file
        The file, gzipped when its name ends in ``.gz``.
    source
        Encoding.
    wanted
        The columns to take out of each object; ``a.b`` is the key ``b`` of the object ``a``.
    rejects
        Where lines go that are no JSON object.

    Raises
    ------
    SourceError
        When the file is empty or not whole.
    """
    names = tuple(wanted)
    spool = Spool(backend, (*names, "_raw"), rejects, file.name)
    paths = [(name, name.split(".")) for name in names]
    seen: set[str] = set()
    with opened(file, source.encoding) as stream:
        for line in lines(stream, source.encoding, file):
            if line.strip():
                _take(line, paths, seen, spool)
    if not spool.rows:
        raise SourceError(f"read {file.name}", "an empty file", "export it again, or leave it out")
    return Loaded(spool.done(), file.name, spool.rows, tuple(sorted(seen)))


def _take(line: str, paths: list[tuple[str, list[str]]], seen: set[str], spool: Spool) -> None:
    raw = line.rstrip("\r\n")
    if surrogate(line):
        spool.reject(None, "holds bytes that are no text in this encoding", None, raw)
        return
    if len(line) > LONGEST:
        spool.reject(None, f"is longer than {LONGEST:,} characters", None, raw)
        return
    try:
        record = json.loads(line, parse_float=str, parse_int=str)
    except (ValueError, RecursionError) as error:
        spool.reject(None, f"is no JSON: {error}", None, raw)
        return
    if not isinstance(record, dict):
        spool.reject(None, "is no JSON object", None, raw)
        return
    seen.update(record)
    values: list[str | None] = []
    for name, path in paths:
        found, value = _walk(record, name, path)
        if found:
            seen.add(name)
        text = _text(value)
        if text is not None and surrogate(text):
            spool.reject(name, "holds half a character (a lone surrogate)", text, raw)
            return
        values.append(text)
    spool.add([*values, raw])


def _walk(record: dict[str, Any], name: str, path: list[str]) -> tuple[bool, Any]:
    if name in record:
        return True, record[name]
    at: Any = record
    for key in path:
        if not isinstance(at, dict) or key not in at:
            return False, None
        at = at[key]
    return True, at


def _text(value: Any) -> str | None:  # whatever JSON holds
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):  # only NaN and Infinity get here: other numbers stay texts
        return str(value)
    return json.dumps(value, ensure_ascii=False)
