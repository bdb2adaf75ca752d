"""What the project says about itself is true: dependencies, lock, version, changelog, what ships."""

import importlib.metadata
import re
import subprocess
import sys
import tomllib
import zipfile
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import collage
from tests.house.repository import PACKAGE, ROOT, imports, named, python, written

# ---- what is declared is true


@cache
def project() -> dict[str, list[Requirement]]:
    """Return the direct requirements: of the library, of each extra, of the developers."""
    whole = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    told = {"": whole["project"]["dependencies"], **whole["project"]["optional-dependencies"]}
    told |= whole["dependency-groups"]
    return {name: [Requirement(each) for each in group] for name, group in told.items()}


def test_the_library_imports_only_what_it_declares() -> None:
    given = importlib.metadata.packages_distributions()
    declared = {canonicalize_name(each.name) for name, group in project().items() if name != "dev" for each in group}
    undeclared = {
        f"{named(file)} {name}"
        for file in python(only=PACKAGE)
        for name in imports(file)
        if name in given and name != "collage" and not declared & {canonicalize_name(each) for each in given[name]}
    }
    assert undeclared == set()


def locked() -> dict[str, Version]:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    return {
        canonicalize_name(name): Version(version)
        for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE)
    }


def test_the_lock_answers_everything_that_is_declared() -> None:
    lock = locked()
    unanswered = [
        str(each)
        for group in project().values()
        for each in group
        if (found := lock.get(canonicalize_name(each.name))) is None or found not in each.specifier
    ]
    assert unanswered == [], "the lock is behind pyproject.toml: make lock"


def test_every_locked_package_has_hashes() -> None:
    parts = re.split(r"^(?=[\w.-]+==)", (ROOT / "requirements.lock").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert [part.split()[0] for part in parts[1:] if "--hash=sha256:" not in part] == []


def test_the_changelog_begins_with_the_version_of_the_package() -> None:
    headings = re.findall(r"^## \[?([^\]\s]+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == collage.__version__
    assert importlib.metadata.version("collage") == collage.__version__


def test_the_changelog_tells_newest_first() -> None:
    headings = re.findall(r"^## \[?([^\]\s]+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert all(Version(newer) > Version(older) for newer, older in pairwise(headings))


def test_everything_in_the_package_ships(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    shipped = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("collage/")}
    ours = {str(file.relative_to(PACKAGE.parent)) for file in written() if file.is_relative_to(PACKAGE)}
    assert ours - shipped == set()
    assert {"collage/py.typed", "collage/experience/default.toml"} <= shipped


# Written in two halves, so that this file does not hold them.
FOREIGN = [
    "pypi" + ".org",
    "python" + "hosted",
    "test" + "pypi",
    "--index" + "-url",
    "/wo" + "rk/",
    "/ro" + "ot/",
    "/ho" + "me/",
]


def test_no_file_names_a_package_registry_or_a_place_on_one_machine() -> None:
    found = [f"{named(file)}: {word}" for file in written() for word in FOREIGN if word.encode() in file.read_bytes()]
    assert found == []


# ---- the tests themselves


def test_tests_run_in_random_order_and_warnings_are_errors(request: pytest.FixtureRequest) -> None:
    assert request.config.pluginmanager.hasplugin("randomly")
    assert request.config.getini("filterwarnings")[0] == "error"
    assert request.config.getini("xfail_strict") is True
