"""`collage init`: the folder, the secret, the tables, the first administrator."""

from __future__ import annotations

import argparse
import getpass
import os
import secrets
import sys
from datetime import UTC, datetime
from pathlib import Path

from collage.cli.printing import say
from collage_web.cli.opening import SetupError, set_up
from collage_web.databases import SECRET_FILE

__all__ = ["init"]


def init(arguments: argparse.Namespace) -> None:
    """Make what is not there yet; what is there stays."""
    var = Path(os.environ.get("COLLAGE_VAR", "collage-var")).resolve()
    _folder(var)
    set_up()
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
    say(f"The tables are ready ({_where(var)}).")
    from collage_web.records.models import Colleague, Role

    if Colleague.objects.filter(role=Role.ADMIN, is_active=True).exists():
        say("There is an administrator already.")
        return
    from collage_web.actions.welcoming import admit

    email = arguments.email or _asked("E-mail of the first administrator: ")
    admit(email, arguments.name, Role.ADMIN, _password(arguments.password_file), by=None, now=datetime.now(UTC))
    say(f"{email.strip().lower()} is administrator now. Next: collage serve")


def _folder(var: Path) -> None:
    try:
        var.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.environ.get("COLLAGE_SECRET_KEY") and not (var / SECRET_FILE).exists():
            handle = os.open(var / SECRET_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(secrets.token_urlsafe(48))
    except OSError as error:
        raise SetupError(f"make the folder {var}", str(error), "name another with COLLAGE_VAR") from error


def _where(var: Path) -> str:
    return "PostgreSQL" if os.environ.get("DATABASE_URL", "").startswith("postgres") else str(var / "collage.sqlite3")


def _asked(words: str) -> str:
    if not sys.stdin.isatty():
        raise SetupError("ask for an address", "nobody to ask", "give --email and --password-file")
    return input(words)


def _password(file: Path | None) -> str:
    if file is not None:
        try:
            return file.read_text(encoding="utf-8").splitlines()[0]
        except (OSError, UnicodeError, IndexError) as error:
            raise SetupError(
                f"read a password from {file}", str(error), "give a file whose first line it is"
            ) from error
    if not sys.stdin.isatty():
        raise SetupError("ask for a password", "nobody to ask", "give --password-file")
    first = getpass.getpass("Password (12 characters or more): ")
    if first != getpass.getpass("The same again: "):
        raise SetupError("take the password", "two that differ", "run collage init again")
    return first
