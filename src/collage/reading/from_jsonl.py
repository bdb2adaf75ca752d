"""JSONL: one JSON object a line; nested keys are columns with a dot."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

from collage.errors import SourceError
from collage.reading.mapping import SourceTable
from collage.reading.spool import LONGEST, Loaded, Rejects, Spool, lines, opened, surrogate, undecodable

__all__ = ["as_text", "at", "read"]

_MOST_DIGITS = 4000  # Python refuses to turn more than 4,300 into a number


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
                _take(line, paths, seen, spool, source.encoding)
    if not spool.rows:
        raise SourceError(f"read {file.name}", "an empty file", "export it again, or leave it out")
    if not seen:
        do = "export it as JSON Lines: one JSON object a line, no list around them"
        lines_ = "its one line" if spool.rows == 1 else f"its {spool.rows:,} lines"
        raise SourceError(f"read {file.name}", f"not one JSON object with a key in {lines_}", do)
    return Loaded(spool.done(), file.name, spool.rows, tuple(sorted(seen)))


def _take(line: str, paths: list[tuple[str, list[str]]], seen: set[str], spool: Spool, encoding: str) -> None:
    raw = line.rstrip("\r\n")
    if surrogate(line):
        spool.reject(None, undecodable(encoding), None, raw)
        return
    if len(line) > LONGEST:
        spool.reject(None, f"is longer than {LONGEST:,} characters", None, raw)
        return
    try:
        record = json.loads(line, parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=_once)
        if not isinstance(record, dict):
            spool.reject(None, "is no JSON object", None, raw)
            return
        seen.update(record)
        values = [_value(line, record, name, path, seen) for name, path in paths]
    except (ValueError, RecursionError) as error:
        spool.reject(None, _complaint(error), None, raw)
        return
    for (name, _), text in zip(paths, values, strict=True):
        if text is not None and surrogate(text):
            spool.reject(name, "holds half a character (a lone surrogate)", text, raw)
            return
    spool.add([*values, raw], len(raw))


def _complaint(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "is nested too deeply to be read"
    if isinstance(error, json.JSONDecodeError):
        return f"is no JSON: {error.msg} at character {error.pos + 1:,}"
    return f"is no JSON: {error}"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object whose keys stand in it once; of two values, nobody knows which is meant."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for index, (key, _) in enumerate(pairs) if key in dict(pairs[:index]))
        raise ValueError(f"the key {twice!r} twice")
    return found


def _value(line: str, record: dict[str, Any], name: str, path: list[str], seen: set[str]) -> str | None:
    """Return a value of a record as text, and note that its column is there."""
    found, value = at(record, name, path)
    if found:
        seen.add(name)
    if isinstance(value, list | dict):  # in a text of its own a number is a number again
        value = at(json.loads(line, parse_int=_whole, parse_float=_real, parse_constant=str), name, path)[1]
    return as_text(value)


def at(record: Mapping[str, Any], name: str, path: Sequence[str]) -> tuple[bool, Any]:
    """Return whether a record has a column, and its value.

    Parameters
    ----------
    record
        A decoded JSON object.
    name
        The column: a key, else keys of objects within objects with dots between them.
    path
        The name, taken apart at its dots.
    """
    if name in record:
        return True, record[name]
    here: Any = record
    for key in path:
        if not isinstance(here, dict) or key not in here:
            return False, None
        here = here[key]
    return True, here


def _whole(digits: str) -> int | str:
    return int(digits) if len(digits) < _MOST_DIGITS else digits


def _real(digits: str) -> float | str:
    return float(digits) if isfinite(float(digits)) else digits


def as_text(value: Any) -> str | None:
    """Return a decoded JSON value as text: lists and objects as JSON, numbers and true/false as JSON has them."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False)
