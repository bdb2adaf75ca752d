"""What the log tells of a mistake of ours."""

from __future__ import annotations

import json
import subprocess
import sys

MISTAKE = """
from collage_web import logs
logs.set_up()
try:
    raise KeyError("somebody@example.org")
except KeyError as error:
    logs.failed(error)
"""


def test_a_mistake_is_told_by_its_kind_and_place_and_nothing_that_was_in_it() -> None:
    said = subprocess.run([sys.executable, "-c", MISTAKE], capture_output=True, text=True, check=True).stderr
    told = json.loads(said)
    assert (told["kind"], told["places"]) == ("KeyError", ["<string>:5"])
    assert "somebody" not in said
