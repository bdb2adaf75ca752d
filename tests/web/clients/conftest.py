"""What tests with foreign clients may ask for: one server for all of them, and the libraries for Node and for pages."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, lacking
from tests.web.clients.running import Server, running

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run a server with one source, of Segment's kind."""
    with running(tmp_path_factory.mktemp("server")) as started:
        yield started


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """Return the libraries of package-lock.json, installed once; skip where Node is absent or they cannot be had."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        lacking("clients in Node need node and npm (.ci/provide node)")
    lock = (HERE / "package-lock.json").read_bytes()
    home = ROOT / ".pytest_cache" / "clients" / hashlib.sha256(lock).hexdigest()[:16]
    if not (home / "node_modules").is_dir():
        home.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home.parent) as new:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(HERE / name, new)
            install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            said = subprocess.run(install, cwd=new, capture_output=True, text=True, check=False)
            if said.returncode != 0:
                lacking(f"the libraries for Node cannot be installed: {said.stderr[-500:]}")
            shutil.rmtree(home, ignore_errors=True)
            (Path(new) / "node_modules").rename(home.with_suffix(".new"))
        home.mkdir()
        os.replace(home.with_suffix(".new"), home / "node_modules")  # noqa: PTH105  # what was left by another is replaced
    return home / "node_modules"
