"""The arrows of .importlinter hold, and each of its contracts can fail."""

import configparser
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]


class Break(NamedTuple):
    """One way to break one contract: a line added to a file of a package (made when it is not there).

    A file that does not say of which is one of `collage`.
    """

    contract: str
    file: str
    line: str


BREAKS = {
    "a lower room uses a higher one": Break("rooms", "reading/offending.py", "import collage.experience"),
    "the lowest room uses the command": Break("rooms", "errors.py", "import collage.cli"),
    "siblings meet": Break("rooms", "stats.py", "import collage.tables"),
    "an import hides inside a function": Break(
        "rooms", "touchpoints/offending.py", "def f() -> None:\n    import collage.customers"
    ),
    "a room nobody drew": Break("rooms", "attic/__init__.py", '"""Nobody drew an arrow to it."""'),
    "the store knows a subject": Break("store-knows", "store/offending.py", "import collage.touchpoints"),
    "a subject opens the store": Break("store-known", "experience/offending.py", "import collage.store"),
    "a circle inside a room": Break("circles", "reading/circle/__init__.py", "import collage.reading.offending"),
    "a verb asks a view": Break("web", "collage_web/actions/offending.py", "import collage_web.ingest"),
    "audiences meet": Break("web", "collage_web/board/offending.py", "import collage_web.ingest"),
    "the core knows the web": Break("core", "stats.py", "import collage_web.databases"),
    "the core opens a network": Break("outside", "tables/contracts.py", "import socket"),
}
# The other half of the circle above.
SECOND_HALVES = {"a circle inside a room": ("reading/offending.py", "import collage.reading.circle")}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the linter in a folder that holds .importlinter and the packages."""
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def names() -> dict[str, str]:
    """Return the name of each contract by its id."""
    file = configparser.ConfigParser()
    file.read(ROOT / ".importlinter", encoding="utf-8")
    start = "importlinter:contract:"
    return {part.removeprefix(start): file[part]["name"] for part in file.sections() if part.startswith(start)}


def add(file: Path, line: str) -> None:
    """Add a line to a file, making the file and its folder where needed."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as out:
        out.write(f"\n{line}\n")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copy(ROOT / ".importlinter", tmp_path)
    for package in ("collage", "collage_web"):
        left = shutil.ignore_patterns("__pycache__", "static")
        shutil.copytree(ROOT / "src" / package, tmp_path / package, ignore=left)
    return tmp_path


def test_the_arrows_hold(copy: Path) -> None:
    said = lint(copy)
    assert said.returncode == 0, said.stdout + said.stderr
    for name in names().values():
        assert f"{name} KEPT" in said.stdout


@pytest.mark.parametrize("way", sorted(BREAKS))
def test_each_contract_fails_when_it_is_broken_on_purpose(copy: Path, way: str) -> None:
    contract, file, line = BREAKS[way]
    add(copy / (file if file.startswith("collage_web/") else f"collage/{file}"), line)
    if way in SECOND_HALVES:
        other, its_line = SECOND_HALVES[way]
        add(copy / "collage" / other, its_line)
    said = lint(copy)
    assert said.returncode != 0, said.stdout
    assert f"{names()[contract]} BROKEN" in said.stdout, said.stdout + said.stderr


def test_every_contract_has_a_break_of_its_own() -> None:
    assert {broken.contract for broken in BREAKS.values()} == set(names())
