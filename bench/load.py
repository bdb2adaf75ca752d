"""Sixteen clients that send touchpoints as fast as they are answered, or at a rate: `python -m bench.load`."""

from __future__ import annotations

import argparse
import json
import socket
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count

_KINDS = ("contact.answered", "page.viewed", "order.placed", "issue.resolved", "delivery.arrived")
_CUSTOMERS = 5_000
_HEAD = (
    "POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n"
    "Content-Length: {length}\r\n\r\n"
)


def main() -> None:
    """Send until the time is over, and print as JSON what was answered and how long each answer took."""
    asked = _asked()
    numbers, stop = count(), time.monotonic() + asked.seconds
    answered: list[tuple[int, float]] = []
    threads = [
        threading.Thread(target=_client, args=(asked, numbers, stop, answered, each)) for each in range(asked.clients)
    ]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    good = sorted(1000.0 * seconds for status, seconds in answered if status == 200)
    told = {
        "seconds": took,
        "requests": len(good),
        "other": len(answered) - len(good),
        "p50_ms": good[len(good) // 2] if good else 0.0,
        "p99_ms": good[int(len(good) * 0.99)] if good else 0.0,
    }
    print(json.dumps(told))


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.load")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--key", default="none")
    parser.add_argument("--path", default="/api/v1/touchpoints")
    parser.add_argument("--batch", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--rate", type=float, default=0.0, help="requests a second of all clients; 0: as many as go")
    parser.add_argument("--name", default="load", help="with which all ids begin")
    return parser.parse_args()


def _client(
    asked: argparse.Namespace, numbers: Iterator[int], stop: float, answered: list[tuple[int, float]], place: int
) -> None:
    pause = asked.clients / asked.rate if asked.rate else 0.0
    due = time.monotonic() + pause * place / asked.clients
    with socket.create_connection(("127.0.0.1", asked.port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while time.monotonic() < stop:
            if pause:
                time.sleep(max(0.0, due - time.monotonic()))
                due += pause
            body = _body(asked, next(numbers))
            head = _HEAD.format(path=asked.path, key=asked.key, length=len(body)).encode()
            began = time.perf_counter()
            connection.sendall(head + body)
            answered.append((_status(connection), time.perf_counter() - began))


def _body(asked: argparse.Namespace, number: int) -> bytes:
    at = datetime.now(UTC).isoformat()
    rows = []
    for each in range(asked.batch):
        customer = (number * asked.batch + each) * 7919 % _CUSTOMERS
        who = f'"touchpoint_id":"{asked.name}-{number}-{each}","identifier":"user:{customer}"'
        what = f'"kind":"{_KINDS[(number + each) % len(_KINDS)]}","occurred_at":"{at}","channel":"web"'
        more = f'"department":"Care","issue_id":"i{number % 1000}","contact_id":"c{number}","wait_s":{each * 40.0}'
        rows.append(f"{{{who},{what},{more}}}")
    return f"[{','.join(rows)}]".encode()


def _status(connection: socket.socket) -> int:
    """Return the status of an answer, which is read to its end."""
    got = b""
    while b"\r\n\r\n" not in got:
        part = connection.recv(65_536)
        if not part:
            sys.exit("the server closed a connection")
        got += part
    head, _, body = got.partition(b"\r\n\r\n")
    lower = head.lower()
    length = int(lower.split(b"content-length:")[1].split(b"\r\n")[0]) if b"content-length:" in lower else 0
    while len(body) < length:
        body += connection.recv(65_536)
    return int(head[9:12])


if __name__ == "__main__":
    main()
