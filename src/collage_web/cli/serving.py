"""`collage serve` and `collage worker`."""

from __future__ import annotations

import argparse
import fcntl
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final

from collage.cli.printing import say
from collage_web.cli.opening import SetupError, open_database, set_up

__all__ = ["check_free", "serve", "server_of", "worker"]

_SILENT_S: Final = 10  # who has begun a request and says no more is let go: sixteen of them would be all threads
_NICE: Final = 5  # the worker gives way to whoever waits for an answer
_AGAIN_S: Final = 1.0
_ENDING_S: Final = 5.0  # the worker ends what it has begun; killed, it has lost nothing
_HEIRS_S: Final = 25.0  # so long a server's processes may answer on when the first of them was killed
_LOOK_S: Final = 0.1
_HELD_S: Final = 0.001  # so long a thread may keep the interpreter: a page gives it away at every row that SQLite reads


def serve(arguments: argparse.Namespace) -> None:
    """Run the server until it is stopped."""
    open_database()
    from django.conf import settings
    from django.db import connection

    sqlite = connection.vendor == "sqlite"
    if sqlite and arguments.processes > 1:
        do = "leave --processes out, or use PostgreSQL (DATABASE_URL)"
        raise SetupError("serve with several processes", "SQLite, which one process writes best", do)
    only = _only(Path(connection.settings_dict["NAME"])) if sqlite else None
    _collect(settings.VAR)
    connection.close()
    processes = 1 if sqlite else arguments.processes or os.cpu_count() or 1
    say(f"Collage is at http://{arguments.bind} (Ctrl-C stops it).")
    _server(arguments, processes, _Beside() if not arguments.no_worker else None).run()
    if only is not None:
        only.close()


def check_free(bind: str) -> None:
    """Raise an error where another program is at an address already.

    Parameters
    ----------
    bind
        As gunicorn takes it: a host and a port; what else it takes is left to it.

    Raises
    ------
    SetupError
        With what to do.
    """
    host, _, port = bind.rpartition(":")
    if not port.isdigit():
        return
    try:
        family, kind, *_, place = socket.getaddrinfo(host.strip("[]") or None, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(place)
    except OSError as error:
        do = "stop what is there already, or name another address with --bind"
        raise SetupError(f"serve at {bind}", error.strerror or str(error), do) from None


def server_of(database: Path) -> int | None:
    """Return the number of the process that serves a SQLite database; 0 where it is not known, None where none does."""
    try:
        with Path(f"{database}-serve").open("r+", encoding="ascii") as lock:
            return None if _locked(lock) else _number_in(lock) or 0
    except FileNotFoundError:
        return None


def _only(database: Path) -> IO[str]:
    """Refuse a second server of the same SQLite database; the lock goes with the last of a server's processes.

    Where the first of them was killed, the others are about to end, and are waited for.
    """
    try:
        lock = Path(f"{database}-serve").open("a+", encoding="ascii")  # noqa: SIM115  # whoever calls keeps it open
    except OSError as error:
        raise SetupError("serve", str(error), "let this user write there, or name another with COLLAGE_VAR") from error
    waited_until = time.monotonic() + _HEIRS_S
    while not _locked(lock):
        whose = _number_in(lock)
        if whose is None or _lives(whose) or time.monotonic() >= waited_until:
            lock.close()
            do = "stop it first, or use PostgreSQL (DATABASE_URL) for several"
            raise SetupError("serve", f"another server of {database} (process {whose or 'unknown'})", do)
        time.sleep(_LOOK_S)
    lock.truncate(0)
    lock.write(str(os.getpid()))
    with suppress(OSError):  # a full disk: the number is only told to whoever comes second
        lock.flush()
    return lock


def _locked(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _number_in(lock: IO[str]) -> int | None:
    lock.seek(0)
    text = lock.read().strip()
    return int(text) if text.isdigit() else None


def _lives(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        pass
    return True


def _collect(var: Path) -> None:
    from django.core.management import call_command

    try:
        call_command("collectstatic", verbosity=0, interactive=False)
    except OSError as error:
        raise SetupError(f"put the files of the pages into {var}", str(error), "make room there") from error


class _Beside:
    """The worker as a process beside the server, begun again when it dies."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._begin = threading.Lock()
        # gunicorn forks meanwhile: a child with the pipe by which Popen hears of its own would leave it waiting
        os.register_at_fork(
            before=self._begin.acquire, after_in_parent=self._begin.release, after_in_child=self._begin.release
        )
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._begin:  # none is begun from here on
            self._stop.set()
        if self._process is None:
            return
        self._process.terminate()
        self._thread.join(_ENDING_S)
        if self._thread.is_alive():
            self._process.kill()
            self._thread.join()

    def _watch(self) -> None:
        command = [sys.executable, "-m", "collage.cli", "worker", "--beside", str(os.getpid())]
        while True:
            with self._begin:
                if self._stop.is_set():
                    return
                self._process = subprocess.Popen(command)  # noqa: S603  # our own command
            self._process.wait()
            self._stop.wait(_AGAIN_S)


def _server(arguments: argparse.Namespace, processes: int, beside: _Beside | None) -> Any:
    from gunicorn.app.base import BaseApplication

    settings: dict[str, Any] = {
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
        "control_socket_disable": True,  # gunicorn 25's: one in the home folder, for all servers of a user
        # gunicorn's own look at it lets who is connected send for 20 s more
        "post_worker_init": lambda web: _begun(web.ppid, web.pid),
    }

    def ready(arbiter: Any) -> None:
        for listener in arbiter.LISTENERS:  # whoever is let in by them inherits it
            listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", _SILENT_S, 0))
        if beside is not None:
            beside.start()

    settings["when_ready"] = ready
    if beside is not None:
        settings["on_exit"] = lambda _: beside.stop()

    class Server(BaseApplication):  # type: ignore[misc]  # gunicorn publishes no types
        def load_config(self) -> None:
            for name in settings.keys() & self.cfg.settings:  # an older gunicorn has fewer
                self.cfg.set(name, settings[name])

        def load(self) -> Any:
            from collage_web.wsgi import application

            return application

    return Server()


def _begun(parent: int, own: int) -> None:
    """Let a process of the server end with the first, and compile what its pages need before anybody asks."""
    sys.setswitchinterval(_HELD_S)
    _end_with(parent, lambda: os.kill(own, signal.SIGTERM))
    threading.Thread(target=_warm, name="collage-warm", daemon=True).start()


def _warm() -> None:
    import structlog
    from django.db import Error, connection

    from collage_web.bridge import derived

    began = time.perf_counter()
    with suppress(Error):  # it is compiled when it is needed, then
        derived.warm(derived.catalogue())
    connection.close()
    structlog.get_logger().info("serve.warm", seconds=round(time.perf_counter() - began, 3))


def worker(arguments: argparse.Namespace) -> None:
    """Digest until stopped; with `once`, until nothing is left."""
    if arguments.beside is not None:
        _end_with(arguments.beside, lambda: os._exit(1))  # as with any killing, nothing is lost
    open_database()
    set_up(log=True)
    from collage_web.jobs import loop

    clock, chance = _now, random.SystemRandom()
    if arguments.once:
        loop.finish(clock=clock, chance=chance)
        return
    os.nice(_NICE)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN if arguments.beside else lambda *_: stop.set())
    loop.run(clock=clock, chance=chance, stop=stop)


def _end_with(parent: int, end: Callable[[], object]) -> None:
    """End this process when the server's first process is gone, however that went."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK_S)
        end()

    threading.Thread(target=watch, daemon=True).start()


def _now() -> datetime:
    return datetime.now(UTC)
