"""What every test may ask for: Spark, a browser, the real records, and Hypothesis set to repeat what it did."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import hypothesis
import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from pyspark.sql import SparkSession

ROOT = Path(__file__).resolve().parent.parent

# What the command remembers of its queries stays with the tests, from run to run: it is found again only while no line
# of Collage has changed.
os.environ["COLLAGE_CACHE"] = str(ROOT / ".pytest_cache" / "queries")

# A law carries its customers in tables, a thousand or more in each: 20 tables in `make test`, the same each
# time, and 500 in `make prove`, which looks for what the first has not seen.
hypothesis.settings.register_profile("test", max_examples=20, derandomize=True, deadline=None, print_blob=True)
hypothesis.settings.register_profile("prove", max_examples=500, deadline=None, print_blob=True)
hypothesis.settings.load_profile("test")


def lacking(what: str) -> NoReturn:
    """Skip the test because the machine lacks something; under COLLAGE_REQUIRE_ALL=1 fail it instead."""
    if os.environ.get("COLLAGE_REQUIRE_ALL") == "1":
        pytest.fail(f"{what} (COLLAGE_REQUIRE_ALL=1: not a skip)", pytrace=False)
    pytest.skip(what)


def java_version() -> int:
    """Return Java's major version, 0 where there is none."""
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home, "bin", "java")) if home else shutil.which("java")
    if java is None or not Path(java).exists():
        return 0
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', said)
    return int(found[1]) if found else 0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the Spark tests together in one worker: one Java machine, not one a worker."""
    for item in items:
        if item.get_closest_marker("spark"):
            item.add_marker(pytest.mark.xdist_group("spark"))


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    """Start Spark once, small and in UTC; skip where Java 17 is absent."""
    if (version := java_version()) < 17:
        lacking(f"Spark needs Java 17 or newer, found {version or 'none'}")
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        lacking("Spark needs pyspark: install collage[spark]")
    session = (
        SparkSession.builder.master("local[2]")
        .appName("collage tests")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


@pytest.fixture(scope="session")
def axe() -> str:
    """Return axe as a script."""
    return (resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start Chromium once; skip where there is none."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        lacking("pages are looked at in Chromium, and there is none")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real records: COLLAGE_DATA, else ../shared/data; skip where it is absent."""
    folder = Path(os.environ.get("COLLAGE_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"the real records are not here: {folder} (COLLAGE_DATA names another place)")
    return folder
