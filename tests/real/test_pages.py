"""What the how-to pages show is what the command prints."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.house.pages import Command, blocks, missing
from tests.real.conftest import CATALOGUES, EXAMPLES, FILES
from tests.real.records import ROOT, Fitted, Read, collage

pytestmark = pytest.mark.real

PAGES = ("incidents", "bankcalls", "helpdesk", "bpic2012", "olist8k", "deepcsat", "uss")


def commands(page: str) -> list[Command]:
    found = blocks(ROOT / "docs" / "how-to" / f"{page}.md")
    return [command for block in found if block.language == "console" for command in block.commands()]


def option(words: list[str], name: str) -> str | None:
    return words[words.index(name) + 1] if name in words else None


@pytest.mark.parametrize("page", PAGES)
def test_a_page_shows_what_the_command_prints(
    page: str, read_set: Callable[[str], Read], fit_set: Callable[[str], Fitted], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    for command in commands(page):
        words = shlex.split(command.line)[1:]
        name = words[1] if words[0] == "fit" else option(words, "--out") or words[1]
        said = read_set(name).said
        if words[0] == "read":
            assert option(words, "--map") == f"examples/{EXAMPLES.get(name, name)}/map.toml"
            assert option(words, "--catalogue") == CATALOGUES.get(name)
            said = re.sub(r"Written to \S+/", "Written to ", said)
        elif words[0] == "fit":
            assert option(words, "--out") == f"{name}.json"
            said = fit_set(name).said
        elif command.prints:
            said = collage(words[0], str(read_set(name).folder), *words[2:])
        assert missing(command.prints, said) == [], command.line


def test_every_set_has_its_page_and_every_page_its_set() -> None:
    examples = {EXAMPLES.get(name, name) for name in FILES}
    pages = {file.stem for file in Path(ROOT / "docs" / "how-to").glob("*.md")} - {"index"}
    assert examples == set(PAGES) <= pages
