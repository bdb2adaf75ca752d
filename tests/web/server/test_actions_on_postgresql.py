"""What holds of the actions on SQLite holds of them on PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT


@pytest.mark.slow
@pytest.mark.parametrize("which", ["not slow and not prove", pytest.param("slow", marks=pytest.mark.prove)])
def test_the_tests_of_the_actions_pass_on_postgresql(postgresql: str, which: str) -> None:
    environment = {**os.environ, "COLLAGE_TEST_DATABASE": postgresql}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-m", which]
    done = subprocess.run(
        [*command, "tests/web/actions"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-8000:]
