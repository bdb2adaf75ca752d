"""The pages of the documentation as something to run: blocks, and what a comment above one says of it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(
    r"(?P<marks>(?:^<!-- [^\n]* -->\n+)*)^(?P<fence>`{3,})(?P<language>[\w+-]*)[^\n]*\n"
    r"(?P<text>.*?)^(?P=fence)[ ]*$",
    re.MULTILINE | re.DOTALL,
)
MARK = re.compile(r"<!-- (?P<word>file|exits|needs the real records|not run)(?:: (?P<value>.*?))? -->")


@dataclass(frozen=True)
class Command:
    """One line that begins with ``$``, and the lines that it is said to print."""

    line: str
    prints: tuple[str, ...]


@dataclass(frozen=True)
class Block:
    """One fenced block: its line in the page, its language, its text and its marks."""

    at: int
    language: str
    text: str
    marks: dict[str, str]

    @property
    def runs(self) -> bool:
        """Return whether the block is one that has to work."""
        return self.language == "console" and self.text.startswith("$ collage")

    def commands(self) -> Iterator[Command]:
        r"""Yield the commands of a console block; a line that ends in ``\`` goes on in the next."""
        for part in re.split(r"^\$ ", self.text, flags=re.MULTILINE)[1:]:
            line, _, printed = re.sub(r"\\\n\s*", "", part).partition("\n")
            yield Command(line, tuple(each.strip() for each in printed.splitlines() if each.strip()))


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            at=text.count("\n", 0, found.start("fence")) + 1,
            language=found["language"],
            text=found["text"],
            marks={mark["word"]: mark["value"] or "" for mark in MARK.finditer(found["marks"])},
        )
        for found in FENCE.finditer(text)
    ]


def missing(prints: tuple[str, ...], output: str) -> list[str]:
    """Return the lines of `prints` which `output` does not have; ``…`` stands for anything."""
    said = [" ".join(line.split()) for line in output.splitlines()]
    return [line for line in prints if not any(re.fullmatch(pattern(line), each) for each in said)]


def pattern(line: str) -> str:
    """Return a printed line as a regular expression."""
    return ".*".join(re.escape(part) for part in " ".join(line.split()).split("…"))
