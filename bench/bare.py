"""The floor: the least that could take touchpoints in with the same durability. No framework, no checks, no counters.

`gunicorn bench.bare:application`, with BARE_DATABASE: JSON is decoded and written into one table with one unique key.
Into SQLite one thread writes what waits and commits, then all who wait are answered; into PostgreSQL each thread does.
"""

from __future__ import annotations

import os
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from functools import lru_cache
from typing import Any

import msgspec

_TABLE = """
CREATE TABLE IF NOT EXISTS arrived (
    id INTEGER PRIMARY KEY, source INTEGER, message TEXT, body TEXT, UNIQUE (source, message)
)
"""  # as bench.web makes it in PostgreSQL
_POSTGRESQL = os.environ["BARE_DATABASE"].startswith("postgresql")
_OF_THREAD = threading.local()


def application(environ: dict[str, Any], start: Callable[..., object]) -> Iterable[bytes]:
    """Take touchpoints in."""
    raw = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    rows = [(1, each["touchpoint_id"], msgspec.json.encode(each).decode()) for each in msgspec.json.decode(raw)]
    if _POSTGRESQL:
        _insert(rows)
    else:
        told: Future[None] = Future()
        _waiting().put((rows, told))
        told.result()
    answer = b'{"success": true}'
    start("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))])
    return [answer]


def _insert(rows: list[tuple[int, str, str]]) -> None:
    import psycopg  # noqa: PLC0415  # an extra

    if not hasattr(_OF_THREAD, "connection"):
        _OF_THREAD.connection = psycopg.connect(os.environ["BARE_DATABASE"])
    marks = ", ".join(["(%s, %s, %s)"] * len(rows))
    with _OF_THREAD.connection.transaction():
        _OF_THREAD.connection.execute(
            f"INSERT INTO arrived (source, message, body) VALUES {marks} ON CONFLICT DO NOTHING",  # noqa: S608  # marks alone
            [value for row in rows for value in row],
        )


@lru_cache(maxsize=1)
def _waiting() -> queue.SimpleQueue[tuple[list[tuple[int, str, str]], Future[None]]]:
    waiting: queue.SimpleQueue[tuple[list[tuple[int, str, str]], Future[None]]] = queue.SimpleQueue()
    threading.Thread(target=_write, args=(waiting,), daemon=True).start()
    return waiting


def _write(waiting: queue.SimpleQueue[tuple[list[tuple[int, str, str]], Future[None]]]) -> None:
    connection = sqlite3.connect(os.environ["BARE_DATABASE"], isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-65536"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute(_TABLE)
    while True:
        taken = [waiting.get()]
        while not waiting.empty():
            taken.append(waiting.get())
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            "INSERT OR IGNORE INTO arrived (source, message, body) VALUES (?, ?, ?)",
            [row for rows, _ in taken for row in rows],
        )
        connection.execute("COMMIT")
        for _, told in taken:
            told.set_result(None)


if not _POSTGRESQL:
    _waiting()  # before the first request: two threads could each make one
