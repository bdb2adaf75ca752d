"""A database that cannot be written: 503 and come again, and it recovers by itself when it can."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.conftest import lacking
from tests.web.server.history import History, Load, verdict
from tests.web.server.running import Server, until

_SIZE = 192 * 2**20  # /readyz wants 100 MiB free
_FILL = 2**20
_WAITING = "SELECT count(*) FROM records_arrival WHERE digested_at IS NULL"
_DIGESTED = "SELECT count(*) FROM records_arrival WHERE digested_at IS NOT NULL"


def is_refused(server: Server, history: History, load: Load) -> None:
    load.until_answered(503, 20)
    assert server.get("/healthz") == 200
    assert history.without_retry_after == 0
    assert set(history.statuses) <= {200, 503}


def goes_on(server: Server, history: History, load: Load) -> None:
    pid = server.part("web")
    load.until_acknowledged(50)
    assert server.part("web") == pid  # by itself, without a restart
    assert set(history.statuses) <= {200, 503}


@pytest.fixture
def on_small_disk(installed: Server, tmp_path: Path) -> Iterator[Server]:
    """Return a server in a folder that is a disk of its own."""
    var = tmp_path / "small"
    var.mkdir()
    if not _done("mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", str(var)):
        lacking("a disk is filled as root only")
    server = installed.copied(var)
    yield server
    server.kill()
    # lazily: the kernel may be a moment behind the killed
    assert _done("umount", "--lazy", str(var))


@pytest.mark.slow
def test_a_full_disk_is_answered_with_503_until_there_is_room(on_small_disk: Server) -> None:
    server, history = on_small_disk.start(), History()
    ballast = server.var / "ballast"
    with Load(server, history, "a", batch=2) as load:
        load.until_acknowledged(50)
        until(lambda: server.rows(_DIGESTED) != [(0,)], "the worker to digest")
        worker = server.part("worker")
        _fill(ballast)
        is_refused(server, history, load)
        assert server.get("/readyz") == 503
        ballast.unlink()
        goes_on(server, history, load)
    until(lambda: server.rows(_WAITING) == [(0,)], "the worker to have digested all")
    assert server.part("worker") == worker  # it too recovered by itself
    assert verdict(server, history).holds
    assert verdict(server, history, table="touchpoints").holds


def _fill(file: Path) -> None:
    with file.open("wb", buffering=0) as ballast:
        for size in (_FILL, 4096):
            try:
                while ballast.write(bytes(size)) == size:
                    pass
            except OSError:  # full
                pass


@pytest.mark.slow
def test_a_file_that_turned_read_only_is_answered_with_503_until_it_is_not(server: Server) -> None:
    history = History()
    server.start("--no-worker")
    with Load(server, history, "a", batch=2) as load:
        load.until_acknowledged(50)
        with _unchangeable(server.file, Path(f"{server.file}-wal")):
            is_refused(server, history, load)
        goes_on(server, history, load)
    assert verdict(server, history).holds


@contextmanager
def _unchangeable(*files: Path) -> Iterator[None]:
    """Have the system refuse every change of files, those by who has them open too."""
    names = [str(file) for file in files]
    if not _done("chattr", "+i", *names):
        lacking(f"files are made unchangeable as root only, and not on every disk: {names[0]}")
    try:
        yield
    finally:
        assert _done("chattr", "-i", *names)


def _done(command: str, *words: str) -> bool:
    """Have the system do something; return whether it did."""
    found = shutil.which(command)
    return found is not None and subprocess.run([found, *words], capture_output=True, check=False).returncode == 0


@pytest.mark.slow
def test_a_database_that_another_keeps_locked_is_answered_with_503_until_it_lets_go(server: Server) -> None:
    history = History()
    server.start("--no-worker")
    with Load(server, history, "a", batch=2) as load, closing(server.opened()) as another:
        load.until_acknowledged(50)
        another.execute("BEGIN EXCLUSIVE")
        load.until_answered(503, 1)
        assert server.get("/healthz") == 200
        another.execute("ROLLBACK")
        goes_on(server, history, load)
    assert history.without_retry_after == 0
    assert verdict(server, history).holds
