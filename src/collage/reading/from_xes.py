"""XES (IEEE 1849), streamed: one event a row, its trace's attributes with ``case:`` before their names."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn
from xml.parsers import expat

from collage.errors import SourceError
from collage.reading.mapping import SourceTable
from collage.reading.spool import LONGEST, Loaded, Rejects, Spool, opened

__all__ = ["first_events", "read"]

_CHUNK = 2**20
_DEEPEST = 50
_WIDEST_TAG = 2**24
_ENCODINGS = {"utf-8", "utf-16", "iso-8859-1", "us-ascii"}  # expat's own; others are of one byte a character
_ONE_BYTE = 256
_WIDEST = "utf-16"  # XML names its own encoding; expat knows UTF-8, UTF-16 and Latin-1
_VALUES = frozenset({"string", "date", "int", "float", "boolean", "id", "list", "container"})
_TAGS = _VALUES | {"event", "trace", "log"}


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
    as_json = json.JSONEncoder(ensure_ascii=False).encode

    def take(record: dict[str, str], fault: str | None) -> None:
        seen.update(record)
        raw = as_json(record)
        if fault is None:
            spool.add([*(record.get(name) for name in names), raw], len(raw))
        else:
            spool.reject(None, fault, None, raw)

    events = _Events(file.name, take, names)
    with opened(file, _WIDEST) as stream:
        while chunk := stream.read(_CHUNK):
            events.feed(chunk)
        if not events.fed:
            raise SourceError(f"read {file.name}", "an empty file", "export it again, or leave it out")
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
    events = _Events(file.name, lambda record, _: found.append(record), ())
    with opened(file, _WIDEST) as stream:
        while len(found) < n and (chunk := stream.read(_CHUNK)):
            events.feed(chunk)
    return found[:n]


class _Events:
    """What the parser is in the middle of; an event is handed on when it ends, with its fault if it has one."""

    def __init__(self, file: str, hand_on: Callable[[dict[str, str], str | None], None], wanted: Sequence[str]) -> None:
        self.file = file
        self.hand_on = hand_on
        self.wanted = frozenset(wanted)
        self.fed = 0
        self.depth = 0
        self.keys: list[str] = []
        self.trace: _Holder | None = None
        self.event: _Holder | None = None
        self.had_event = False
        self.parser = expat.ParserCreate()
        self.parser.XmlDeclHandler = self.check_encoding
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.StartDoctypeDeclHandler = self.refuse_doctype

    def feed(self, chunk: bytes, *, last: bool = False) -> None:
        """Parse the next bytes of the file."""
        self.fed += len(chunk)
        try:
            self.parser.Parse(chunk, last)
        except expat.ExpatError as error:
            what = expat.errors.messages.get(error.code, str(error.code))
            found = f"{what} at line {error.lineno}, column {error.offset + 1}"
            raise SourceError(f"read {self.file}", found, "export it again; it is no whole XML") from None
        if self.fed - self.parser.CurrentByteIndex > _WIDEST_TAG:  # all of it is in memory until it ends
            self.refuse(f"a tag of more than {_WIDEST_TAG:,} bytes", "cut what is too long in the export")

    def refuse(self, found: str, do: str) -> NoReturn:
        raise SourceError(f"read {self.file}, line {self.parser.CurrentLineNumber}", found, do)

    def check_encoding(self, version: str, encoding: str | None, standalone: int) -> None:  # noqa: ARG002  # as expat calls
        """Refuse an encoding which expat does not know, or in which a character may be several bytes."""
        if encoding is None or encoding.lower() in _ENCODINGS:
            return
        try:
            plain = len(bytes(range(256)).decode(encoding, "replace")) == _ONE_BYTE
        except (LookupError, ValueError):
            plain = False
        if not plain:
            self.refuse(f"the encoding {encoding!r}, in which XML cannot be read here", "export it as UTF-8")

    def refuse_doctype(self, *_: object) -> None:
        """Refuse entities before one is expanded: a few lines of them can fill any memory."""
        self.refuse("a DOCTYPE, which XES does not have", "take it out; entities are never expanded")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag not in _TAGS:
            tag = tag.rpartition(":")[2]
        self.depth += 1
        if self.depth == 1 and tag != "log":
            self.refuse(f"an XML file that begins with <{tag[:80]}>", "an XES file begins with <log>")
        if self.depth > _DEEPEST:
            self.refuse(f"elements more than {_DEEPEST} deep", "flatten its attributes")
        if tag in _VALUES:
            # nearly all there is: an event's own attribute, short and for the first time; the rest is told apart below
            event, key, value = self.event, attributes.get("key"), attributes.get("value")
            if event is not None and key and value is not None and not self.keys and key not in event.values:
                size = event.size + len(key) + len(value)
                if size <= LONGEST:
                    event.size, event.values[key] = size, value
                    self.keys.append(key)
                    return
            self.attribute(attributes)
        elif tag in {"event", "trace"}:
            if self.event is not None or (tag == "trace" and self.trace is not None):
                around = "an <event>" if self.event is not None else "a <trace>"
                self.refuse(f"{'an' if tag == 'event' else 'a'} <{tag}> within {around}", "export it again")
            if tag == "event":
                self.event, self.had_event = _Holder(), True
            else:
                self.trace, self.had_event = _Holder("case:", "stands in a trace that "), False

    def attribute(self, attributes: dict[str, str]) -> None:
        key = attributes.get("key")
        self.keys.append(key or "")
        holder = self.trace if self.event is None else self.event
        if holder is None:
            return
        if holder is self.trace and self.had_event:
            self.refuse("an attribute of a trace behind its events", "write a trace's attributes before its events")
        if key is None:
            holder.wrong("has an attribute without a key")
        if "value" in attributes:
            holder.put(".".join(self.keys), attributes["value"], self.wanted, nested=len(self.keys) > 1)

    def end(self, tag: str) -> None:
        if tag not in _TAGS:
            tag = tag.rpartition(":")[2]
        self.depth -= 1
        if tag in _VALUES:
            self.keys.pop()
        elif tag == "event" and self.event is not None:
            around = self.trace or _Holder()
            self.hand_on({**around.values, **self.event.values}, around.fault or self.event.fault)
            self.event = None
        elif tag == "trace":
            self.trace = None


class _Holder:
    """The attributes of an event or a trace, and what is wrong with them first."""

    def __init__(self, prefix: str = "", whose: str = "") -> None:
        self.prefix, self.whose = prefix, whose
        self.values: dict[str, str] = {}
        self.fault: str | None = None
        self.size = 0

    def wrong(self, fault: str) -> None:
        self.fault = self.fault or f"{self.whose}{fault}"

    def put(self, name: str, value: str, wanted: frozenset[str], *, nested: bool) -> None:
        """Take an attribute in; one that comes twice is a fault, but within a list, where only a wanted one is."""
        name = f"{self.prefix}{name}"
        self.size += len(name) + len(value)
        if self.size > LONGEST:
            self.wrong(f"is longer than {LONGEST:,} characters")
            return
        if name in self.values and (not nested or name in wanted):
            self.wrong(f"has the attribute {name!r} twice")
        self.values[name] = value
