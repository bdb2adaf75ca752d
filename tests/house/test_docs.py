"""The documentation cannot lie: its commands are run, and its reference has everything the program has."""

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import collage_reference
import pytest

from collage import tables
from tests.house.pages import Block, blocks, missing
from tests.house.repository import PACKAGE, ROOT, named, written

PAGES = [
    file for file in written() if file.suffix == ".md" and (named(file).startswith("docs/") or file.parent == ROOT)
]
RUN = [page for page in PAGES if any(block.runs for block in blocks(page))]
BIN = Path(sys.executable).parent


def run(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a line of a page in a shell, with our own `collage` first on the path."""
    return subprocess.run(
        ["/bin/bash", "-euo", "pipefail", "-c", line],
        cwd=folder,
        env={
            **os.environ,
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "COLUMNS": "120",
            "NO_COLOR": "1",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def try_block(page: Path, block: Block, folder: Path) -> None:
    for command in block.commands():
        said = run(command.line, folder)
        where = f"{named(page)}:{block.at} $ {command.line}\n{said.stdout}"
        assert said.returncode == int(block.marks.get("exits") or 0), where
        assert missing(command.prints, said.stdout) == [], where


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("page", RUN, ids=named)
def test_the_commands_of_a_page_do_what_the_page_says(page: Path, folder: Path) -> None:
    for block in blocks(page):
        if name := block.marks.get("file"):
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(block.text, encoding="utf-8")
        if block.runs and not {"not run", "needs the real records"} & set(block.marks):
            try_block(page, block, folder)


@pytest.mark.slow
@pytest.mark.real
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "page",
    [page for page in RUN if any("needs the real records" in block.marks for block in blocks(page))],
    ids=named,
)
def test_the_commands_on_real_records_do_what_the_page_says(page: Path, folder: Path, shared_data: Path) -> None:
    (folder / "data").symlink_to(shared_data)
    for block in blocks(page):
        if name := block.marks.get("file"):
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(block.text, encoding="utf-8")
        if block.runs and "not run" not in block.marks:
            try_block(page, block, folder)


@pytest.mark.parametrize("page", RUN, ids=named)
def test_a_block_that_is_not_run_says_why(page: Path) -> None:
    silent = [block.at for block in blocks(page) if "not run" in block.marks and len(block.marks["not run"]) < 10]
    assert silent == []


@cache
def help_of(*command: str) -> str:
    said = subprocess.run(
        [BIN / "collage", *command, "--help"],
        env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    return said.stdout


def subcommands(text: str) -> list[str]:
    """Return the commands that a help text lists."""
    return re.findall(r"^    ([a-z]\S*)\s", text.partition("\ncommands:")[2].partition("\n\n")[0], re.MULTILINE)


def test_the_reference_has_every_command_and_every_option() -> None:
    page = (ROOT / "docs" / "reference" / "command.md").read_text(encoding="utf-8")
    whole = [page]
    collage_reference.fill(None, "reference/command", whole)
    assert whole[0] != page, "the page has lost its mark"
    commands = subcommands(help_of())
    assert commands, "collage --help offers no command"
    assert re.findall(r"^collage (\w+)", page, re.MULTILINE) == commands, "one line a command, as --help has them"
    for command in commands:
        for option in re.findall(r"(?<![\w-])--[a-z][\w-]*", help_of(command)):
            part = whole[0].partition(f"## collage {command}\n")[2].partition("\n## ")[0]
            assert option in part, f"collage {command} {option}"


def test_the_reference_has_every_column_of_every_table() -> None:
    page = [(ROOT / "docs" / "reference" / "tables.md").read_text(encoding="utf-8")]
    collage_reference.fill(None, "reference/tables", page)
    for name, contract in tables.CONTRACTS.items():
        part = page[0].partition(f"## {name}\n")[2].partition("\n## ")[0]
        assert [column.name for column in contract.columns if f"| `{column.name}` |" not in part] == []


def test_the_reference_has_every_room() -> None:
    page = [(ROOT / "docs" / "reference" / "library.md").read_text(encoding="utf-8")]
    collage_reference.fill(None, "reference/library", page)
    rooms = {file.stem for file in PACKAGE.glob("[!_]*.py")} | {
        file.parent.name for file in PACKAGE.glob("*/__init__.py")
    }
    assert {room for room in rooms if f".. automodule:: collage.{room}\n" not in page[0]} == set()


def test_every_link_between_pages_leads_somewhere() -> None:
    lost = [
        f"{named(page)}: {target}"
        for page in PAGES
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[\w-]*)?\)", page.read_text(encoding="utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert lost == []


def test_the_runner_of_pages_can_fail(folder: Path) -> None:
    page = folder / "page.md"
    page.write_text(
        "<!-- exits: 3 -->\n```console\n$ collage-not-there || exit 3\nnot … there\n```\n", encoding="utf-8"
    )
    (block,) = blocks(page)
    (command,) = block.commands()
    assert block.runs
    assert run(command.line, folder).returncode == 3
    assert missing(("12 rows used", "never"), "12  rows   used\n") == ["never"]
    assert missing(("… rows used",), "12 rows used\n") == []
