"""What every command of the web begins with: Django set up, and what is wrong with the settings said in words."""

from __future__ import annotations

import logging

import django
from django.core.exceptions import ImproperlyConfigured
from django.db import Error, connection

from collage.errors import CollageError
from collage_web import logs

__all__ = ["SetupError", "open_database", "set_up"]


class SetupError(CollageError):
    """The installation is not ready for what was asked."""


def set_up(*, log: bool = False) -> None:
    """Set Django up.

    Raises
    ------
    SetupError
        When the settings will not do.
    """
    logs.set_up(level=logging.INFO if log else logging.WARNING)
    try:
        django.setup()
    except ImproperlyConfigured as error:
        raise SetupError("read the settings", str(error), "set what is named (docs: reference/server)") from error


def open_database() -> None:
    """Set Django up, and refuse a database that is not there or of another version.

    Raises
    ------
    SetupError
        With what to do.
    """
    set_up()
    from collage_web.bridge import standing

    try:
        connection.ensure_connection()
        ready = standing.migrated()
    except Error as error:
        raise SetupError("open the database", str(error).strip(), "check DATABASE_URL or COLLAGE_VAR") from error
    if not ready:
        raise SetupError(
            "open the database", "tables of another version, or none", "run `collage init`: it keeps what is there"
        )
