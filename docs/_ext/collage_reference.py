"""Fills the marked places of the reference from the program itself, so that no page can say something else.

A page holds ``<!-- filled: NAME -->`` on a line of its own; `FILLED` says what goes there. The text is
Markdown and is put in as the page is read: what is checked in is the page around it.
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from collage import cli, experience, simulate, tables
from collage.touchpoints import vocabulary

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "collage"
MARK = re.compile(r"^<!-- filled: (\w+) -->$", re.MULTILINE)


def parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Yield a parser and all parsers of its commands, in the order of its help."""
    yield parser
    for action in parser._actions:  # noqa: SLF001  # argparse has no public way to walk its commands
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001  # as above
            for command in dict.fromkeys(action.choices.values()):
                yield from parsers(command)


def commands() -> str:
    """Return every command's ``--help`` under a heading of its own."""
    return "\n".join(
        f"## {each.prog}\n\n```text\n{each.format_help().strip()}\n```\n" for each in parsers(cli.parser())
    )


def cell(text: str) -> str:
    """Return a text as it may stand in a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")


def contracts() -> str:
    """Return every contract as a table of its columns."""
    parts = []
    for contract in tables.CONTRACTS.values():
        rows = [
            f"| `{each.name}` | {each.type} | {'always' if each.required else ''} | {cell(each.means)} |"
            for each in contract.columns
        ]
        head = ["| column | type | there | meaning |", "|---|---|---|---|"]
        parts.append("\n".join([f"## {contract.name}", "", cell(contract.means), "", *head, *rows, ""]))
    return "\n".join(parts)


def catalogue() -> str:
    """Return the shipped catalogue's marks, a table a class, in words."""
    shipped = experience.default()
    parts = [f"Fading: {experience.FADING}."]
    for class_, days in sorted(shipped.classes.items(), key=lambda each: each[1]):
        marks = sorted((mark for mark in shipped.marks if mark.class_ == class_), key=lambda mark: mark.weight)
        if marks:
            parts += [f"### {class_}: half is left after {days:g} days", told(marks, shipped)]
    if shipped.recovered:
        parts += ["### What takes strikes back", told([shipped.recovered], shipped)]
    return "\n\n".join([*parts, ""])


def told(marks: Iterable[experience.Mark], of: experience.Catalogue) -> str:
    """Return marks as a table: weight and fading, what they say in both languages, rule and severity, owner, source."""
    head = ["| mark | weight | fading | says | rule | whose | source |", "|---|---|---|---|---|---|---|"]
    rows = []
    for mark in marks:
        words = experience.in_words(mark, of)
        says = "<br>".join(f"`{cell(words.templates[each])}`" for each in ("en", "de") if each in words.templates)
        severity = f"<br>Severity: {words.severity}" if mark.severity or mark.recovers else ""
        weight = f"{words.sign} {words.weight}"
        cause = f"<br>Cause: {words.cause}" if mark.cause else ""
        whose = cell(words.owner + cause)
        cells = [f"`{mark.name}`", weight, words.curve, says, cell(words.rule + severity), whose, cell(words.source)]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join([*head, *rows])


def kinds() -> str:
    """Return the stages of the road with their kinds of touchpoint, and the channels."""
    rows = [f"| {stage} | {words(names)} |" for stage, names in vocabulary.STAGES.items()]
    head = ["| stage | kinds |", "|---|---|"]
    return "\n".join([*head, *rows, "", f"Channels, also an open list: {words(sorted(vocabulary.CHANNELS))}.", ""])


def words(names: Iterable[str]) -> str:
    """Return names as code, one after the other."""
    return ", ".join(f"`{name}`" for name in names)


def causes() -> str:
    """Return the causes of a simulated company, a section a part: what they mean, and every field with its default."""
    parts = list(told_causes(simulate.Causes(), ""))
    return "\n\n".join([*parts, ""])


def told_causes(value: Any, within: str) -> Iterator[str]:
    """Yield a section for a value that holds causes, and for each value in it."""
    plain = [each for each in dataclasses.fields(value) if not dataclasses.is_dataclass(getattr(value, each.name))]
    if plain:
        # a docstring speaks reStructuredText, where code stands between two back quotes
        says = (inspect.getdoc(type(value)) or "").replace("``", "`")
        rows = [f"| `{each.name}` | {cell(str(getattr(value, each.name)))} |" for each in plain]
        yield "\n".join([f"### {within.strip('.')}", "", says, "", "| cause | default |", "|---|---|", *rows])
    for each in dataclasses.fields(value):
        if dataclasses.is_dataclass(inner := getattr(value, each.name)):
            yield from told_causes(inner, f"{within}{each.name}.")


def inner_modules(room: Path) -> list[str]:
    """Return the modules that a room names in its ``__all__``, leaving out what it brings in from them."""
    listed: list[str] = []
    brought: set[str] = set()
    for node in ast.parse(room.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            listed = list(ast.literal_eval(node.value))
        elif isinstance(node, ast.ImportFrom) and node.module != f"collage.{room.parent.name}":
            brought |= {alias.asname or alias.name for alias in node.names}
    return [name for name in listed if name not in brought and room.with_name(f"{name}.py").is_file()]


def section(name: str) -> str:
    """Return the section of one module, to be filled from its docstrings."""
    options = "   :members:\n   :imported-members:"
    return f"## {name}\n\n```{{eval-rst}}\n.. automodule:: {name}\n{options}\n```\n"


def modules() -> str:
    """Return a section for every room, and for every module that a room's list names."""
    parts = [section(f"collage.{file.stem}") for file in sorted(PACKAGE.glob("[!_]*.py"))]
    for room in sorted(PACKAGE.glob("[!_]*/__init__.py")):
        name = f"collage.{room.parent.name}"
        parts.append(section(name))
        parts += [section(f"{name}.{inner}") for inner in inner_modules(room)]
    return "\n".join(sorted(parts))


FILLED: dict[str, Callable[[], str]] = {
    "catalogue": catalogue,
    "causes": causes,
    "commands": commands,
    "contracts": contracts,
    "kinds": kinds,
    "modules": modules,
}


def fill(_app: object, _docname: str, source: list[str]) -> None:
    """Put each marked text into a page (Sphinx's event ``source-read``).

    Parameters
    ----------
    source
        The page's text, in a list of one; changed in place.

    Raises
    ------
    KeyError
        When the page asks for a text that nobody fills.
    """
    source[0] = MARK.sub(lambda mark: FILLED[mark[1]](), source[0])


def setup(app: Any) -> dict[str, bool]:  # Sphinx, not imported here: the tests use this file too
    """Enter the extension into Sphinx."""
    app.connect("source-read", fill)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
