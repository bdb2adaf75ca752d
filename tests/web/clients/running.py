"""A real server in a folder of its own, begun by the commands that anybody would use."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_OTHERS = ("COLLAGE_SECRET_KEY", "DATABASE_URL", "DJANGO_SETTINGS_MODULE")  # the tests' own
_PATIENCE_S = 60.0


@dataclass(frozen=True)
class Server:
    """A server that runs."""

    port: int
    var: Path
    key: str
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """Return where it is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def web(self) -> int:
        """Return the process that answers: gunicorn's child."""
        (child, *_) = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(child)

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return what a query of its database gives."""
        with closing(sqlite3.connect(f"file:{self.var / 'collage.sqlite3'}?mode=ro", uri=True)) as database:
            return database.execute(sql, values).fetchall()

    def change(self, sql: str) -> None:
        """Change its database behind its back."""
        with closing(sqlite3.connect(self.var / "collage.sqlite3", isolation_level=None)) as database:
            database.execute(sql)

    def counted(self) -> dict[str, int]:
        """Return what it has counted so far."""
        names = ("accepted", "duplicate", "quarantined", "refused")
        sums = ", ".join(f"coalesce(sum({name}), 0)" for name in names)
        (row,) = self.rows(f"SELECT {sums} FROM records_sourcehour")  # noqa: S608  # our own names
        return dict(zip(names, row, strict=True))


def environment(var: Path) -> dict[str, str]:
    """Return the environment of a server's commands."""
    kept = {name: value for name, value in os.environ.items() if name not in _OTHERS}
    return {**kept, "COLLAGE_VAR": str(var), "COLLAGE_ADMIN_MFA": "0"}


def collage(var: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command and return what it printed."""
    return subprocess.run(
        [sys.executable, "-m", "collage.cli", *words], env=environment(var), capture_output=True, text=True, check=True
    )


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    """Set a server up, run it, and stop it as an administrator would."""
    var, password = folder / "var", folder / "password"
    password.write_text("seven-horses-on-a-hill\n", encoding="utf-8")
    collage(var, "init", "--email", "admin@collage.example", "--password-file", str(password))
    key = collage(var, "source", "shop", "--kind", "segment").stdout.strip()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "collage.cli", "serve", "--bind", f"127.0.0.1:{port}", "--no-worker"]
    log = folder / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(words, env=environment(var), stdout=file, stderr=file)
    server = Server(port, var, key, log, process)
    try:
        _wait(server)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _wait(server: Server) -> None:
    until = time.monotonic() + _PATIENCE_S
    while True:
        try:
            with urllib.request.urlopen(f"{server.url}/readyz", timeout=5):  # noqa: S310  # our own server
                return
        except OSError:
            assert server.process.poll() is None, server.log.read_text(encoding="utf-8")
            assert time.monotonic() < until, server.log.read_text(encoding="utf-8")
            time.sleep(0.05)
