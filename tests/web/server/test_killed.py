"""Whoever is killed with -9, whenever: what was acknowledged is there, once, and becomes what it would have become."""

from __future__ import annotations

import random

import pytest

from tests.web.server.history import History, Load, Sender, verdict
from tests.web.server.running import Part, Server, until

_PARTS: tuple[Part | None, ...] = (None, None, "web", "server", "worker")  # None: all at once
_DIGESTING = (1, 4)  # the worker, which takes longer to start, is waited for
_DIGESTED = "SELECT count(*) FROM records_arrival WHERE digested_at IS NOT NULL"


def all_done(server: Server) -> bool:
    return server.rows("SELECT count(*) FROM records_arrival WHERE digested_at IS NULL") == [(0,)]


def killed_again_and_again(server: Server, history: History, *, cycles: int, each: int, chance: random.Random) -> None:
    """Kill a server under load in each cycle; half of what nobody knows of is sent again, as clients do."""
    for cycle in range(cycles):
        server.start()
        if cycle % len(_PARTS) in _DIGESTING:
            before = server.rows(_DIGESTED)
            until(lambda before=before: server.rows(_DIGESTED) != before or all_done(server), "the worker")  # type: ignore[misc]  # a default is no type of a lambda
        with Sender(server, history) as sender:
            for one in history.unknown():
                if chance.random() < 0.5:
                    sender.send(one)
        with Load(server, history, str(cycle)) as load:
            part = _PARTS[cycle % len(_PARTS)] if cycle else None
            load.until_acknowledged(chance.randrange(each // 2, each))
            if part:
                server.kill_part(part)
                if part != "server":  # the others go on, and it comes back
                    load.until_acknowledged(chance.randrange(1, each))
            server.kill()


def nothing_is_lost(server: Server, history: History) -> None:
    found = verdict(server, history)
    assert found.holds, found
    assert set(history.statuses) <= {200, 503}
    assert history.without_retry_after == 0


def all_of_it_becomes_what_it_should(server: Server, history: History) -> None:
    server.run("worker", "--once")
    assert verdict(server, history, table="touchpoints").holds
    assert all_done(server)
    server.run("rebuild", "--verify")


@pytest.mark.slow
@pytest.mark.parametrize("cycles", [3, pytest.param(200, marks=[pytest.mark.prove, pytest.mark.timeout(7200)])])
def test_nothing_acknowledged_is_lost_on_sqlite(server: Server, cycles: int) -> None:
    history = History()
    each = 1_500 if cycles == 3 else 7_500
    killed_again_and_again(server, history, cycles=cycles, each=each, chance=random.Random(1))
    nothing_is_lost(server, history)
    if cycles == 200:
        assert history.acknowledged() >= 1_000_000
    all_of_it_becomes_what_it_should(server, history)


@pytest.mark.slow
@pytest.mark.parametrize("cycles", [2, pytest.param(50, marks=[pytest.mark.prove, pytest.mark.timeout(7200)])])
def test_nothing_acknowledged_is_lost_on_postgresql(server_on_postgresql: Server, cycles: int) -> None:
    server, history = server_on_postgresql, History()
    server.arguments = ("--processes", "2")
    each = 1_500 if cycles == 2 else 5_000
    killed_again_and_again(server, history, cycles=cycles, each=each, chance=random.Random(2))
    nothing_is_lost(server, history)
    all_of_it_becomes_what_it_should(server, history)
