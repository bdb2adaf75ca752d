"""XES (IEEE 1849), streamed: one event a row, its trace's attributes with ``case:`` before their names."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from xml.parsers import expat

from collage.errors import SourceError
from collage.reading.mapping import SourceTable
from collage.reading.spool import LONGEST, Loaded, Rejects, Spool, opened

__all__ = ["first_events", "read"]

_CHUNK = 2**16
_DEEPEST = 50
_WIDEST = "utf-16"  # XML names its own encoding; expat knows UTF-8, UTF-16 and Latin-1
_VALUES = frozenset({"string", "date", "int", "float", "boolean", "id", "list", "container"})


def read(backend: Any, file: Path, source: SourceTable, wanted: Iterable[str], rejects: Rejects) -> Loaded:  # noqa: ARG001  # one signature for all formats
    """Read an XES file event by event; nested attributes are columns with a dot.

    Parameters
    ----------
    backend
        The Ibis DuckDB backend.
    file
        The file, gzipped when its name ends in ``.gz``.
    source
        Not needed: XML names its own encoding.
    wanted
        The columns to take out of each event.
    rejects
        Where events go with an attribute that has no key or no value.

    Raises
    ------
    SourceError
        When the file is empty, not whole, no XES, or declares entities.
    """
    names = tuple(wanted)
    spool = Spool(backend, (*names, "_raw"), rejects, file.name)
    seen: set[str] = set()

    def take(record: dict[str, str], fault: str | None) -> None:
        seen.update(record)
        raw = json.dumps(record, ensure_ascii=False)
        if fault is None and len(raw) > LONGEST:
            fault = f"is longer than {LONGEST:,} characters"
        if fault is None:
            spool.add([*(record.get(name) for name in names), raw])
        else:
            spool.reject(None, fault, None, raw)

    events = _Events(file.name, take)
    with opened(file, _WIDEST) as stream:
        while chunk := stream.read(_CHUNK):
            events.feed(chunk)
        events.feed(b"", last=True)
    if not spool.rows:
        raise SourceError(f"read {file.name}", "a log without an event", "export it again, or leave it out")
    return Loaded(spool.done(), file.name, spool.rows, tuple(sorted(seen)))


def first_events(file: Path, n: int) -> list[dict[str, str]]:
    """Return all attributes of the first `n` events.

    Raises
    ------
    SourceError
        As `read` does, as far as the file is looked at.
    """
    found: list[dict[str, str]] = []
    events = _Events(file.name, lambda record, _: found.append(record))
    with opened(file, _WIDEST) as stream:
        while len(found) < n and (chunk := stream.read(_CHUNK)):
            events.feed(chunk)
    return found[:n]


class _Events:
    """What the parser is in the middle of; an event is handed on when it ends, with its fault if it has one."""

    def __init__(self, file: str, hand_on: Callable[[dict[str, str], str | None], None]) -> None:
        self.file = file
        self.hand_on = hand_on
        self.depth = 0
        self.keys: list[str] = []
        self.trace: dict[str, str] = {}
        self.event: dict[str, str] | None = None
        self.in_trace = False
        self.fault: str | None = None
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.StartDoctypeDeclHandler = self.refuse_doctype

    def feed(self, chunk: bytes, *, last: bool = False) -> None:
        """Parse the next bytes of the file."""
        try:
            self.parser.Parse(chunk, last)
        except expat.ExpatError as error:
            what = expat.errors.messages.get(error.code, str(error.code))
            found = f"{what} at line {error.lineno}, column {error.offset + 1}"
            raise SourceError(f"read {self.file}", found, "export it again; it is no whole XML") from None

    def refuse_doctype(self, *_: object) -> None:
        """Refuse entities before one is expanded: a few lines of them can fill any memory."""
        raise SourceError(
            f"read {self.file}",
            "a DOCTYPE, which XES does not have",
            "take it out; entities are never expanded",
        )

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rpartition(":")[2]
        self.depth += 1
        if self.depth == 1 and tag != "log":
            raise SourceError(
                f"read {self.file}", f"an XML file that begins with <{tag}>", "an XES file begins with <log>"
            )
        if self.depth > _DEEPEST:
            raise SourceError(f"read {self.file}", f"elements more than {_DEEPEST} deep", "flatten its attributes")
        if tag in _VALUES:
            self.attribute(attributes)
        elif tag == "event":
            self.event = {}
        elif tag == "trace":
            self.in_trace, self.trace = True, {}

    def attribute(self, attributes: dict[str, str]) -> None:
        key, value = attributes.get("key"), attributes.get("value")
        if key is None:
            self.fault = self.fault or "has an attribute without a key"
            key = ""
        self.keys.append(key)
        if value is None or not self.in_trace:
            return
        name = ".".join(self.keys)
        if self.event is not None:
            self.event[name] = value
        else:
            self.trace[f"case:{name}"] = value

    def end(self, tag: str) -> None:
        tag = tag.rpartition(":")[2]
        self.depth -= 1
        if tag in _VALUES:
            self.keys.pop()
        elif tag == "event" and self.event is not None:
            self.hand_on({**self.trace, **self.event} if self.in_trace else self.event, self.fault)
            self.event, self.fault = None, None
        elif tag == "trace":
            self.in_trace = False
