"""Requests as no library would send them: bytes on a socket."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterable, Mapping
from contextlib import suppress

from tests.web.clients.running import Server


def sent(
    server: Server, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> tuple[int, bytes, list[str]]:
    """Send a request; return the status, the body and the cookies of its answer."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        with suppress(BrokenPipeError):  # refused before all was sent: the answer is there, as for any library
            connection.request(method, path, body, dict(headers or {}))
        answer = connection.getresponse()
        cookies = [each.partition(";")[0] for each in answer.headers.get_all("Set-Cookie", [])]
        return answer.status, answer.read(), cookies
    finally:
        connection.close()


def poured(server: Server, head: bytes, parts: Iterable[bytes]) -> tuple[bytes, int]:
    """Send a head and then parts, until the server answers or all is sent; return its answer and how much was sent."""
    sent_bytes, answer = 0, b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as line:
        try:
            line.sendall(head)
            for part in parts:
                line.sendall(part)
                sent_bytes += len(part)
                line.settimeout(0.0005)
                try:
                    answer = line.recv(65_536)
                    break
                except TimeoutError:
                    line.settimeout(60)
            else:
                line.shutdown(socket.SHUT_WR)
                answer = line.recv(65_536)
        except (BrokenPipeError, ConnectionResetError):
            line.settimeout(60)
            answer = answer or _left(line)
    return answer, sent_bytes


def _left(line: socket.socket) -> bytes:
    try:
        return line.recv(65_536)
    except ConnectionResetError:
        return b""
