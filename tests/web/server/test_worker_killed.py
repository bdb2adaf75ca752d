"""A worker that is killed while it digests: the next one goes on at once, and nobody can tell afterwards."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.web.server.history import History, Load, verdict
from tests.web.server.running import HANGS_S, Server, until

_FEW = 3
_EACH = 8_000  # touchpoints a kill: a worker digests ten thousand a second, and is killed within the first
_TOUCHPOINTS = (
    "SELECT touchpoint_id, identifier, occurred_at, received_at, kind, wait_s FROM records_touchpoint ORDER BY 1"
)
_TURNS = "SELECT * FROM records_lease WHERE name NOT IN ('worker', 'figures')"  # theirs may outlive a worker
_MARKS = "SELECT identifier, touchpoint_id, mark FROM records_mark ORDER BY 1, 2, 3"


def digested(server: Server) -> int:
    return int(server.rows("SELECT count(*) FROM records_arrival WHERE digested_at IS NOT NULL")[0][0])


def work(server: Server) -> tuple[object, ...]:
    """Return what changes while a worker works."""
    return (
        digested(server),
        server.rows("SELECT count(*) FROM records_stale"),
        server.rows(_TURNS),
    )


def killed_while_it_digests(server: Server, *, times: int, chance: random.Random) -> int:
    """Kill workers so many times, or until nothing is left to do; return how often one was killed at work."""
    for done in range(times):
        before = work(server)
        if not server.rows("SELECT 1 FROM records_stale LIMIT 1") and all_digested(server):
            return done
        worker = server.begin("worker")
        try:
            until(lambda before=before: work(server) != before, "the worker to begin")  # type: ignore[misc]  # a default is no type of a lambda
            time.sleep(chance.uniform(0, 0.6))
        finally:
            worker.kill()
            worker.wait()
    return times


def all_digested(server: Server) -> bool:
    waiting = "SELECT 1 FROM records_arrival WHERE digested_at IS NULL AND quarantined_at IS NULL LIMIT 1"
    return not server.rows(waiting)


@pytest.mark.slow
@pytest.mark.parametrize("times", [_FEW, pytest.param(100, marks=[pytest.mark.prove, pytest.mark.timeout(7200)])])
def test_marks_after_a_worker_was_killed_are_those_of_one_that_was_not(
    server: Server, tmp_path: Path, times: int
) -> None:
    history = History()
    server.start("--no-worker")
    with Load(server, history, "a", batch=100) as load:
        load.until_acknowledged(_EACH * (times + 1))
    server.kill()
    other = server.copied(tmp_path / "other")
    undisturbed = other.begin("worker", "--once")
    try:
        killed = killed_while_it_digests(server, times=times, chance=random.Random(3))
        server.run("worker", "--once")
        assert undisturbed.wait(HANGS_S * times) == 0
    finally:
        undisturbed.kill()
        undisturbed.wait()
    assert killed == times
    for each in (server, other):
        assert verdict(each, history, table="touchpoints").holds
        assert (each.rows("SELECT count(*) FROM records_stale"), each.rows(_TURNS)) == ([(0,)], [])
    assert server.rows(_TOUCHPOINTS) == other.rows(_TOUCHPOINTS) != []
    assert server.rows(_MARKS) == other.rows(_MARKS) != []
    server.run("rebuild", "--verify")
    if times > _FEW:
        exported = [_exported(each) for each in (server, other)]
        assert exported[0].equals(exported[1])


def _exported(server: Server) -> Any:
    server.run("export", str(server.var / "export"))
    return pq.read_table(server.var / "export" / "touchpoints.parquet").sort_by("touchpoint_id")
