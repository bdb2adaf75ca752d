"""Which database, and the secret: what the settings read from the environment, as functions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

__all__ = ["SECRET_FILE", "database", "secret_of"]

SECRET_FILE: Final = "secret_key"  # noqa: S105  # the name of the file
_SYNC: Final = ("FULL", "NORMAL")


def database(var: Path, environment: Mapping[str, str]) -> dict[str, Any]:
    """Return Django's settings of the database.

    Parameters
    ----------
    var
        Folder of the SQLite database.
    environment
        Its ``DATABASE_URL`` (postgresql://…, or sqlite:///path) and ``COLLAGE_SQLITE_SYNC`` are read.

    Returns
    -------
    dict
        An entry of ``DATABASES``.

    Raises
    ------
    ImproperlyConfigured
        When the address is of no database that can be used.
    """
    address = urlsplit(environment.get("DATABASE_URL", ""))
    if address.scheme in {"postgres", "postgresql"}:
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(address.path.lstrip("/")),
            "USER": unquote(address.username or ""),
            "PASSWORD": unquote(address.password or ""),
            "HOST": unquote(address.hostname or ""),
            "PORT": str(address.port or ""),
            "CONN_MAX_AGE": 600,
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": dict(parse_qsl(address.query)),
        }
    if address.scheme not in {"", "sqlite"}:
        raise ImproperlyConfigured(
            f"DATABASE_URL begins with {address.scheme!r}: give postgresql://…, or nothing for SQLite"
        )
    return _sqlite(Path(unquote(address.path)) if address.path else var / "collage.sqlite3", environment)


def _sqlite(file: Path, environment: Mapping[str, str]) -> dict[str, Any]:
    sync = environment.get("COLLAGE_SQLITE_SYNC", "FULL").upper()
    if sync not in _SYNC:
        raise ImproperlyConfigured(f"COLLAGE_SQLITE_SYNC is {sync!r}: give FULL or NORMAL")
    pragmas = ("journal_mode=WAL", f"synchronous={sync}", "cache_size=-65536", "temp_store=MEMORY")
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": file,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",  # who reads first and writes then would be refused by another's commit
            "timeout": 5,
            "init_command": ";".join(f"PRAGMA {pragma}" for pragma in pragmas),
        },
    }


def secret_of(var: Path, environment: Mapping[str, str]) -> str:
    """Return the secret by which sessions are signed.

    Raises
    ------
    ImproperlyConfigured
        When there is none yet.
    """
    given = environment.get("COLLAGE_SECRET_KEY")
    if given:
        return given
    try:
        return (var / SECRET_FILE).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        raise ImproperlyConfigured(
            f"no secret in {var}: run `collage init` first, or name another folder with COLLAGE_VAR"
        ) from None
