"""Servers to be killed, and databases of PostgreSQL to be thrown away."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.conftest import lacking
from tests.web.server.running import Server

_SOCKET = "postgresql:///postgres?host=/var/run/postgresql"


@pytest.fixture
def postgresql() -> Iterator[str]:
    """Return the address of an empty database; it is dropped afterwards."""
    address = os.environ.get("DATABASE_URL") or _SOCKET
    name = f"collage_test_{secrets.token_hex(6)}"
    try:
        with psycopg.connect(address, autocommit=True, connect_timeout=10) as admin:
            admin.execute(f'CREATE DATABASE "{name}"'.encode())
    except psycopg.Error as error:
        lacking(f"PostgreSQL is not to be had at {address}: {str(error).strip()}")
    parts = urlsplit(address)
    yield f"{parts.scheme}://{parts.netloc}/{name}?{parts.query}"
    with psycopg.connect(address, autocommit=True) as admin:
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Server:
    """Return an installation of SQLite, to be copied."""
    return Server(tmp_path_factory.mktemp("installed") / "var").install()


@pytest.fixture
def server(installed: Server, tmp_path: Path) -> Iterator[Server]:
    """Return a server on SQLite, not yet started."""
    own = installed.copied(tmp_path / "var")
    yield own
    own.kill()


@pytest.fixture
def server_on_postgresql(postgresql: str, tmp_path: Path) -> Iterator[Server]:
    """Return a server on PostgreSQL, not yet started."""
    own = Server(tmp_path / "var", postgresql).install()
    yield own
    own.kill()
