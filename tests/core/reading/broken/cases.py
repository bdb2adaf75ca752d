"""What a broken input is: files, a map, and what must be said of them."""

import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

Content = str | bytes | Callable[[Path], None]

MAP = """
name = "calls"
nulls = ["", "?"]

[[rows]]

[[rows.emit]]
into = "touchpoints"
touchpoint_id = "{id}"
identifier = "user:{who}"
occurred_at = "{at}"
kind = "{kind}"
wait_s = "{wait}"
"""
HEADER = "id,who,at,kind,wait\n"
GOOD = "g1,anna,2024-05-01T10:00:00,contact.answered,5\n"
GOOD_TOO = "g2,ben,2024-05-02T10:00:00,contact.answered,7\n"
CALLS = HEADER + GOOD + GOOD_TOO
MEGABYTES = 10_000_000
LONGEST = "is longer than 2,097,152 characters"


@dataclass(frozen=True)
class Refused:
    """Input that is refused whole: nothing is written, and the message holds all the words."""

    name: str
    files: Mapping[str, Content]
    words: tuple[str, ...]
    map: Content = MAP
    arguments: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bad:
    """A bad row: where it stands and what is said of it; `column` None means the whole row."""

    row: int
    column: str | None
    reason: str
    found: str | None = None
    file: str = ""


@dataclass(frozen=True)
class SetAside:
    """Input with bad rows among good ones: the bad are quarantined, the good are read (`good`: their ids)."""

    name: str
    files: Mapping[str, Content]
    bad: tuple[Bad, ...]
    good: tuple[str, ...]
    map: str = MAP
    rows: Mapping[str, int] = field(default_factory=dict)


def table(**settings: str) -> str:
    """Return the map with settings of its one kind of file."""
    lines = [f"{name} = {value}" for name, value in settings.items()]
    return "\n".join([MAP, "[tables.rows]", *lines, ""])


def gzipped(text: str) -> bytes:
    return gzip.compress(text.encode(), mtime=0)


def line(row: int, **cells: str) -> str:
    """Return a line of calls, good but for the cells given; its id is its number."""
    values = {"id": str(row), "who": "carla", "at": "2024-05-01T10:00:00", "kind": "contact.answered", "wait": "1"}
    return ",".join(f'"{value}"' for value in {**values, **cells}.values()) + "\n"
