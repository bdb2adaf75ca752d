"""`collage serve` and `collage worker`."""

from __future__ import annotations

import argparse
import fcntl
import os
import random
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final

from collage.cli.printing import say
from collage_web.cli.opening import SetupError, open_database, set_up

__all__ = ["serve", "worker"]

_NICE: Final = 5  # the worker gives way to whoever waits for an answer
_AGAIN_S: Final = 1.0


def serve(arguments: argparse.Namespace) -> None:
    """Run the server until it is stopped."""
    open_database()
    from django.conf import settings  # noqa: PLC0415  # once Django is set up
    from django.core.management import call_command  # noqa: PLC0415  # as above
    from django.db import connection  # noqa: PLC0415  # as above

    sqlite = connection.vendor == "sqlite"
    if sqlite and arguments.processes > 1:
        do = "leave --processes out, or use PostgreSQL (DATABASE_URL)"
        raise SetupError("serve with several processes", "SQLite, which one process writes best", do)
    only = _only(settings.VAR) if sqlite else None
    call_command("collectstatic", verbosity=0, interactive=False)
    connection.close()
    processes = 1 if sqlite else arguments.processes or os.cpu_count() or 1
    say(f"Collage is at http://{arguments.bind} (Ctrl-C stops it).")
    _server(arguments, processes, _Beside() if not arguments.no_worker else None).run()
    if only is not None:
        only.close()


def _only(var: Path) -> IO[str]:
    """Refuse a second server of the same SQLite database; the lock goes with the process."""
    lock = (var / "serve.lock").open("w", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        do = "stop it first, or use PostgreSQL (DATABASE_URL) for several"
        raise SetupError("serve", f"another server of {var}", do) from error
    return lock


class _Beside:
    """The worker as a process beside the server, begun again when it dies."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._process is not None:
            self._process.terminate()
        if self._thread.is_alive():
            self._thread.join(10)

    def _watch(self) -> None:
        while not self._stop.is_set():
            self._process = subprocess.Popen([sys.executable, "-m", "collage.cli", "worker"])  # noqa: S603  # our own command
            self._process.wait()
            self._stop.wait(_AGAIN_S)


def _server(arguments: argparse.Namespace, processes: int, beside: _Beside | None) -> Any:
    from gunicorn.app.base import BaseApplication  # noqa: PLC0415  # heavy

    settings = {
        "bind": arguments.bind,
        "workers": processes,
        "threads": arguments.threads,
        "worker_class": "gthread",
        "keepalive": 30,
        "graceful_timeout": 20,
        "limit_request_line": 8190,
        "worker_tmp_dir": "/dev/shm" if Path("/dev/shm").is_dir() else None,  # noqa: S108  # where gunicorn's heartbeat touches no disk
        "proc_name": "collage",
        "loglevel": "warning",
        "when_ready": lambda _: beside and beside.start(),
        "on_exit": lambda _: beside and beside.stop(),
    }

    class Server(BaseApplication):  # type: ignore[misc]  # gunicorn publishes no types
        def load_config(self) -> None:
            for name, value in settings.items():
                self.cfg.set(name, value)

        def load(self) -> Any:
            from collage_web.wsgi import application  # noqa: PLC0415  # in each process of its own

            return application

    return Server()


def worker(arguments: argparse.Namespace) -> None:
    """Digest until stopped; with `once`, until nothing is left."""
    open_database()
    set_up(log=True)
    from collage_web.jobs import loop  # noqa: PLC0415  # once Django is set up

    clock, chance = _now, random.SystemRandom()
    if arguments.once:
        while loop.step(clock=clock, chance=chance):
            pass
        return
    os.nice(_NICE)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    loop.run(clock=clock, chance=chance, stop=stop)


def _now() -> datetime:
    return datetime.now(UTC)
