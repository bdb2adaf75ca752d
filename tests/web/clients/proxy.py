"""A bad network between a client and the server: some requests are lost, some answers are."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

FATES = ("refused", "dropped", "stored, then refused", "stored, then dropped")
_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


@dataclass(frozen=True)
class Passed:
    """A request: what became of it, and the server's status where it was handed on."""

    method: str
    path: str
    headers: Message
    body: bytes
    fate: str
    status: int | None


@dataclass
class Network:
    """What passes; of every so many requests that bring something (0: of none) one is not just handed on."""

    port: int
    every: int
    url: str = ""
    passed: list[Passed] = field(default_factory=list)
    _posts: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fate(self, method: str) -> str:
        """Return what becomes of the next request."""
        if method != "POST":
            return "handed on"
        with self._lock:
            number, self._posts = self._posts, self._posts + 1
        met = self.every and number % self.every == 1
        return FATES[number // self.every % len(FATES)] if met else "handed on"


@contextmanager
def network(port: int, *, every: int) -> Iterator[Network]:
    """Open a network before a port of this machine."""
    between = Network(port, every)

    class Handler(_Handler):
        network = between

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

    with Server(("127.0.0.1", 0), Handler) as server:
        between.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield between
        server.shutdown()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    network: Network

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fate = self.network.fate(self.command)
        answer = None if fate in FATES[:2] else self._handed_on(body)
        status = None if answer is None else answer[0]
        self.network.passed.append(Passed(self.command, self.path, self.headers, body, fate, status))
        if fate.endswith("dropped"):
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        elif fate.endswith("refused") or answer is None:
            told = {"Content-Type": "application/json", "Retry-After": "1", "Access-Control-Allow-Origin": "*"}
            self._answer(503, told, b'{"code": "unavailable", "message": "Send again in 1 s."}')
        else:
            self._answer(*answer)

    do_GET = do_HEAD = do_OPTIONS = do_POST = _pass  # noqa: N815  # named by http.server

    def _handed_on(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        server = http.client.HTTPConnection("127.0.0.1", self.network.port, timeout=30)
        try:
            server.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in _HOP:
                    server.putheader(name, value)
            server.putheader("Content-Length", str(len(body)))
            server.endheaders(body)
            answer = server.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            server.close()

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in _HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # http.server's name
        """Say nothing."""
