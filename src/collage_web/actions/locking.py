"""One at a time: where two colleagues could say the same at the same moment."""

from __future__ import annotations

import zlib
from typing import Final

from django.db import connection

__all__ = ["alone"]

_HALF: Final = 2**31  # PostgreSQL's numbers have a sign


def alone(*what: str) -> None:
    """Let nobody else do anything about some things until this transaction ends.

    On SQLite nobody else writes anyway: its transactions are immediate.

    Parameters
    ----------
    what
        What it is about; who names several waits for all of them.
    """
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        for key in sorted({zlib.crc32(each.encode()) for each in what}):  # all in one order: nobody waits for ever
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('collage desk'), %s)", [key - _HALF])
