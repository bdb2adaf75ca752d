"""Bodies that are made to do harm are refused, and the process that refuses them hardly grows."""

from __future__ import annotations

import gzip
import json
import re
import time
from collections.abc import Iterator
from itertools import islice, repeat
from pathlib import Path

import pytest

from tests.web.clients.running import Server
from tests.web.clients.sending import poured, sent

pytestmark = pytest.mark.xdist_group("clients")

MOST_GROWN = 64 * 2**20
DEEP = 100_000


def peak(server: Server) -> int:
    """Return the most memory that the process which answers has ever had, in bytes."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{server.web}/status").read_text(encoding="ascii"))
    assert found
    return 1024 * int(found[1])


def warmed(server: Server) -> None:
    """Wait until the queries of the pages are compiled, which takes memory too."""
    until = time.monotonic() + 60
    while "serve.warm" not in server.log.read_text(encoding="utf-8"):
        assert time.monotonic() < until
        time.sleep(0.1)


def bombs() -> dict[str, tuple[bytes, dict[str, str], int]]:
    packed = gzip.compress(b'{"batch": [' + b" " * (200 * 2**20) + b"]}", 9)
    assert len(packed) < 2**20  # 1:1000
    gzipped = {"Content-Encoding": "gzip"}
    zeros = gzip.compress(b"0" * 2**20)
    return {
        "packed a thousand times": (packed, gzipped, 413),
        "packed, and said to be something else": (packed, {"Content-Type": "application/x-www-form-urlencoded"}, 413),
        "many small packages": (zeros * 2_000, gzipped, 413),
        "packed twice": (gzip.compress(packed), gzipped, 413),
        "lists in lists": (b"[" * DEEP + b"]" * DEEP, {}, 400),
        "lists that never close": (b'{"batch":' + b"[" * DEEP, {}, 400),
        "objects in objects": (b'{"a":' * DEEP + b"1" + b"}" * DEEP, {}, 400),
        "deep and packed": (gzip.compress(b"[" * DEEP), gzipped, 413),
        "ten million bytes": (json.dumps({"batch": ["x" * 10_000_000]}).encode(), {}, 413),
        "a number of a million digits": (b'{"batch": [' + b"9" * 1_000_000 + b"]}", {}, 200),
    }


def test_bombs_are_refused_within_little_memory(server: Server) -> None:
    warmed(server)
    key = {"Authorization": f"Bearer {server.key}"}
    body = json.dumps({"batch": [{"type": "track", "event": "e", "userId": "u"}] * 20}).encode()
    assert sent(server, "POST", "/v1/batch", body, key)[0] == 200  # what a lawful request needs, it may have already
    before = peak(server)
    told, grown = {}, {}
    for name, (bomb, headers, _) in bombs().items():
        told[name] = sent(server, "POST", "/v1/batch", bomb, {**headers, **key})[0]
        grown[name] = (peak(server) - before) // 2**20
    assert told == {name: status for name, (_, _, status) in bombs().items()}
    assert peak(server) - before < MOST_GROWN, grown


@pytest.mark.parametrize("chunked", [True, False])
def test_a_body_without_an_end_is_refused_while_it_is_sent(server: Server, chunked: bool) -> None:  # noqa: FBT001  # one of the two
    warmed(server)
    before = peak(server)
    how = "Transfer-Encoding: chunked" if chunked else "Content-Length: 1000000000000"
    head = f"POST /v1/batch HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {server.key}\r\n{how}\r\n\r\n".encode()
    answer, n = poured(server, head, islice(endless(chunked=chunked), 2_000))
    assert answer.startswith(b"HTTP/1.1 413 "), answer
    assert n < 64 * 2**20
    assert peak(server) - before < MOST_GROWN
    assert sent(server, "GET", "/healthz")[0] == 200


def endless(*, chunked: bool) -> Iterator[bytes]:
    part = b"[" + b" " * 65_535
    return repeat(b"10000\r\n" + part + b"\r\n" if chunked else part)
