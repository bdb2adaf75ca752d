"""One after the other: what must not happen twice at once for the same key, across threads and processes."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.db import connection

__all__ = ["one_at_a_time"]

_LOCKS: Final = tuple(threading.Lock() for _ in range(256))  # a fixed number: strangers choose the keys


@contextmanager
def one_at_a_time(key: str) -> Iterator[None]:
    """Hold everybody else with this key until this is through.

    Parameters
    ----------
    key
        What is protected. Two keys may share a lock by chance, which costs time and nothing else.
    """
    number = int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big", signed=True)
    with _LOCKS[number % len(_LOCKS)]:
        if connection.vendor != "postgresql":  # on SQLite there is but one process with threads
            yield
            return
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [number])
            try:
                yield
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [number])
