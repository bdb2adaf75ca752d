"""A real server: `collage serve` as processes of its own, started, asked, killed and started again."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import psycopg

HANGS_S = 120.0  # nothing is measured by it: what takes so long, hangs
_LOOK_S = 0.05
_OURS = ("DATABASE_URL", "DJANGO_SETTINGS_MODULE", "COLLAGE_SECRET_KEY")  # what the tests themselves run with

Part = Literal["server", "web", "worker"]


def until(true: Callable[[], object], what: str) -> None:
    """Wait for something that will come."""
    hangs_at = time.monotonic() + HANGS_S
    while not true():
        assert time.monotonic() < hangs_at, f"waited in vain for {what}"
        time.sleep(_LOOK_S)


def _free_port() -> int:
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass
class Server:
    """An installation with a native source, and whatever processes of it live."""

    var: Path
    address: str = ""  # of PostgreSQL; empty: SQLite in the folder
    key: str = ""
    arguments: tuple[str, ...] = ()
    port: int = field(default_factory=_free_port)
    process: subprocess.Popen[bytes] | None = None

    # ---- set up, start, stop

    def install(self) -> Server:
        """Make the database and the source."""
        password = self.var.parent / "password"
        password.write_text("correct horse battery\n", encoding="ascii")
        self.run("init", "--email", "admin@example.org", "--password-file", str(password))
        self.key = self.run("source", "shop", "--kind", "native").stdout.split()[-1]
        self.change("UPDATE records_source SET rate = 1000000")
        return self

    def copied(self, var: Path) -> Server:
        """Return the same installation (of SQLite) in another folder."""
        shutil.copytree(self.var, var, dirs_exist_ok=True)
        return Server(var, self.address, self.key)

    def start(self, *arguments: str) -> Server:
        """Start it, and wait until it can store."""
        self.arguments = arguments or self.arguments
        with (self.var.parent / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*_command("serve"), "--bind", f"127.0.0.1:{self.port}", *self.arguments],
                env=self._environment(), stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        until(self._is_ready, "the server to be ready")
        return self

    def _is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"it ended by itself:\n{self.said()}"
        try:
            return self.get("/readyz") == 200
        except (OSError, http.client.HTTPException):
            return False

    def kill(self) -> None:
        """Kill all its processes at once with -9, and wait until they are gone."""
        if self.process is not None:
            if self.pids():
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            until(lambda: not self.pids(), "the killed to be gone")
            self.process = None

    def kill_part(self, part: Part) -> None:
        """Kill one of its processes with -9, if it lives just now."""
        pid = self.part(part)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)

    # ---- what lives

    def part(self, part: Part) -> int | None:
        """Return the process that is a part, None where it does not live."""
        assert self.process is not None
        those = {pid: words for pid, words in self._processes().items() if pid != self.process.pid}
        if part == "server":
            return self.process.pid
        name = "worker" if part == "worker" else "serve"
        return next((pid for pid, words in those.items() if name in words), None)

    def pids(self) -> list[int]:
        """Return its processes that live."""
        return list(self._processes())

    def _processes(self) -> dict[int, list[str]]:
        assert self.process is not None
        found = {}
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                try:
                    state, _, group = (folder / "stat").read_text().rpartition(")")[2].split()[:3]
                    words = (folder / "cmdline").read_text().split("\0")
                except OSError:  # gone meanwhile
                    continue
                if int(group) == self.process.pid and state != "Z":
                    found[int(folder.name)] = words
        return found

    # ---- asked

    def get(self, path: str) -> int:
        """Ask for a page and return the status."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=HANGS_S)) as connection:
            connection.request("GET", path)
            return connection.getresponse().status

    def run(self, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run a command on its database."""
        done = subprocess.run(_command(*words), env=self._environment(), capture_output=True, text=True, check=False)
        assert done.returncode == code, f"collage {' '.join(words)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def begin(self, *words: str) -> subprocess.Popen[bytes]:
        """Begin a command on its database."""
        with (self.var.parent / "server.log").open("ab") as log:
            return subprocess.Popen(_command(*words), env=self._environment(), stdout=log, stderr=log)

    def said(self) -> str:
        """Return what it said."""
        return (self.var.parent / "server.log").read_text(encoding="utf-8", errors="replace")[-4000:]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask its database."""
        if self.address:
            with psycopg.connect(self.address) as postgresql:
                return postgresql.execute(query.encode()).fetchall()
        with closing(self.opened()) as sqlite:
            return sqlite.execute(query).fetchall()

    def change(self, query: str) -> None:
        """Change its database behind its back."""
        if self.address:
            with psycopg.connect(self.address) as postgresql:
                postgresql.execute(query.encode())
        else:
            with closing(self.opened()) as sqlite, sqlite:
                sqlite.execute(query)

    @property
    def file(self) -> Path:
        """The database's file."""
        return self.var / "collage.sqlite3"

    def opened(self) -> sqlite3.Connection:
        """Open the database's file; whoever asks begins and ends transactions."""
        return sqlite3.connect(self.file, timeout=60, isolation_level=None)

    def _environment(self) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if name not in _OURS}
        address = {"DATABASE_URL": self.address} if self.address else {}
        return {**own, **address, "COLLAGE_VAR": str(self.var)}


def _command(*words: str) -> list[str]:
    return [sys.executable, "-m", "collage.cli", *words]
