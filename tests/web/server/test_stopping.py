"""A server that is stopped, or whose first process is killed, leaves nothing half done and nobody behind."""

from __future__ import annotations

import signal
import time
from contextlib import closing

import pytest

from tests.web.server.history import History, Load, Sender, Sent, verdict
from tests.web.server.running import HANGS_S, Server, until


@pytest.mark.slow
def test_what_is_being_answered_is_answered_before_it_stops(server: Server) -> None:
    history = History()
    server.start()
    assert server.process is not None
    with closing(server.opened()) as another:
        another.execute("BEGIN IMMEDIATE")  # so that requests wait
        with Load(server, history, "a", threads=4, batch=2) as load:
            until(lambda: len(history.sent) == 4, "requests to be sent")
            time.sleep(0.5)  # and to arrive
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            another.execute("ROLLBACK")
            load.until_acknowledged(4 * 2)
            assert server.process.wait(HANGS_S) == 0
    assert [each.outcome for each in history.sent[:4]] == ["ok"] * 4
    assert server.pids() == []
    assert verdict(server, history).holds


@pytest.mark.slow
def test_nobody_is_left_when_the_first_process_is_killed_and_another_server_follows(server: Server) -> None:
    history = History()
    server.start()
    assert server.process is not None
    until(lambda: server.part("worker"), "the worker")
    until(
        lambda: server.rows("SELECT 1 FROM records_lease WHERE name = 'worker'"), "the worker to say that it is there"
    )
    with Load(server, history, "a", batch=2) as load:
        load.until_acknowledged(50)
        server.kill_part("server")
        server.process.wait()
        follower = Server(server.var, key=server.key)
        try:
            follower.start()  # waits until the others are gone
            assert server.pids() == []
            with Sender(follower, history) as sender:
                history.sent.append(Sent("b", 10))
                assert sender.send(history.sent[-1])
        finally:
            follower.kill()
    assert verdict(server, history).holds


@pytest.mark.slow
def test_the_worker_is_begun_again_when_it_dies_and_a_second_server_is_refused_meanwhile(server: Server) -> None:
    server.start()
    until(lambda: server.part("worker"), "the worker")
    first = server.part("worker")
    server.kill_part("worker")
    said = server.run("serve", "--bind", "127.0.0.1:1", code=1).stderr
    assert server.process is not None
    assert f"another server of {server.file} (process {server.process.pid})" in " ".join(said.split())
    assert server.get("/healthz") == 200
    until(lambda: server.part("worker") not in {None, first}, "another worker")


@pytest.mark.slow
def test_several_processes_on_sqlite_are_refused(server: Server) -> None:
    assert "use PostgreSQL" in " ".join(server.run("serve", "--processes", "2", code=1).stderr.split())
