"""The demo in a browser: a company that is there once it says so, and that things happen to."""

from __future__ import annotations

import fcntl
import os
import random
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from collage.touchpoints import vocabulary
from collage_web.cli.opening import SetupError
from collage_web.cli.serving import check_free
from collage_web.cli.trickling import happening
from collage_web.records.models import Arrival, Touchpoint
from tests.web.conftest import NOW, House


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def demonstrated(out: Path, **more: str) -> subprocess.CompletedProcess[str]:
    words = ["demo", "--serve", "--out", str(out), "--customers", "60", "--bind", f"127.0.0.1:{free_port()}"]
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    return subprocess.run(
        [sys.executable, "-m", "collage.cli", *words],
        env={**environment, "DEMO_EXIT": "1", **more}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def rows(out: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(out / "house" / "collage.sqlite3")) as database:
        return database.execute(query).fetchall()


@pytest.mark.slow
def test_the_demo_is_there_once_it_says_so_and_is_used_again(tmp_path: Path) -> None:
    out = tmp_path / "here"
    first = demonstrated(out)
    assert first.returncode == 0, first.stderr
    told = [line.split() for line in first.stdout.splitlines() if "@example.org " in line]
    assert [line[0] for line in told] == ["agent", "lead", "manager", "analyst", "administrator"]
    assert len({line[-1] for line in told}) == 5
    assert "/desk/c/" in first.stdout
    assert rows(out, "SELECT count(*) FROM records_arrival") == [(1,)]
    assert rows(out, "SELECT name, zone FROM records_company") == [("Example company", "Europe/Berlin")]
    assert rows(out, "SELECT count(*) > 0 FROM records_score") == [(1,)]
    assert not (out / "password").exists()
    log = (out / "house" / "log").read_text(encoding="utf-8")
    again = demonstrated(out)
    assert again.returncode == 0, again.stderr
    assert "is there already" in again.stderr
    for line in told:
        assert line[-1] not in again.stdout
        assert line[-1] not in log
    assert "The search finds them by " in again.stdout
    passwords = rows(out, "SELECT email, password FROM records_colleague ORDER BY email")
    with (out / "house" / "collage.sqlite3-serve").open("r+") as serving:
        fcntl.flock(serving, fcntl.LOCK_EX)
        second = demonstrated(out)
    assert second.returncode == 1
    assert "it is being served by process" in second.stderr
    assert rows(out, "SELECT email, password FROM records_colleague ORDER BY email") == passwords


def test_an_address_that_is_taken_is_refused_with_what_to_do() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SetupError, match="in use") as refused:
            check_free(f"127.0.0.1:{port}")
    assert "--bind" in str(refused.value)
    check_free(f"127.0.0.1:{port}")
    check_free("unix:/run/collage.sock")


def test_the_demo_is_not_served_among_other_things(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    said = demonstrated(tmp_path)
    assert said.returncode == 1
    assert "a folder with something else in it" in said.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


def test_what_goes_on_keeps_the_contract_and_is_in_order(house: House) -> None:
    moments = iter(NOW - timedelta(hours=1) + timedelta(seconds=n) for n in range(1_000))
    some = happening(["user:1", "user:2"], name="live", clock=lambda: next(moments), chance=random.Random(3))
    touchpoints = list(islice(some, 400))
    assert {each["kind"] for each in touchpoints} <= set(vocabulary.KINDS)
    assert {each["identifier"] for each in touchpoints} > {"user:1", "user:2"}
    house.send(*touchpoints)
    house.digest()
    assert not Arrival.objects.filter(quarantined_at__isnull=False).exists()
    assert Touchpoint.objects.count() == 400
    for matter in {each["issue_id"] for each in touchpoints}:
        kinds = [each["kind"] for each in touchpoints if each["issue_id"] == matter]
        assert "contact.queued" not in kinds[1:]
        assert len(kinds) <= 5
