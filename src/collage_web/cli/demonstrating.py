"""`collage demo --serve`: a made-up company in a browser, with touchpoints that go on arriving."""

from __future__ import annotations

import argparse
import json
import os
import random
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.error import HTTPError

from collage.cli.printing import at_work, print_table, say, show
from collage.errors import CollageError
from collage_web.cli.opening import open_database
from collage_web.cli.serving import check_free, server_of
from collage_web.cli.trickling import happening

if TYPE_CHECKING:
    from collage_web.records.models import Colleague

__all__ = ["demo"]

_DAYS, _SEED = 365, 1
_OURS: Final = (
    "house",
    "live",
)  # what the demo makes: other things in the folder are somebody's, or the demo's on files
_FILES: Final = Path("company", "truth", "causes.json")  # the demo on files was made there
_ZONE, _REGION = "Europe/Berlin", "DE"
_OPENS: Final = {day: [["08:00", "18:00"]] for day in range(5)}
_DEPARTMENT: Final = "Care"
_SOURCE: Final = "live"
_EVERY_S: Final = 1.0
_PROMISE_EVERY: Final = 40  # touchpoints
_PROMISED: Final = timedelta(minutes=2)
_FIRST: Final = (2, 5, 9, 20)  # hours after which what is promised to begin with is due
_PATIENCE_S: Final = 60.0
_ENDING_S: Final = 30.0


def demo(arguments: argparse.Namespace) -> None:
    """Make the company where it is not there yet, serve it, and let things happen until stopped."""
    out: Path = arguments.out.resolve()
    house = out / "house"
    _refuse_foreign(out)
    _refuse_second(house, arguments.bind)
    _settle(house, arguments.bind)
    signal.signal(signal.SIGTERM, _stop)
    ready = house / "ready"
    if not ready.exists():
        shutil.rmtree(house, ignore_errors=True)  # one that was begun and not ended
        _make(out, house, arguments)
    else:
        say(f"The company in {out} is there already. To make another: rm -r {house}")
    accounts, key = _opened()
    ready.touch()
    with _server(house, arguments.bind) as url:
        _tell(accounts, url)
        try:
            _go_on(url, key, until_ready=os.environ.get("DEMO_EXIT") == "1")
        except KeyboardInterrupt:
            say("\nStopped.")


def _stop(*_: Any) -> None:
    raise KeyboardInterrupt


def _refuse_foreign(out: Path) -> None:
    """Refuse to make the demo among somebody's other things."""
    do = "choose an empty place with --out; nothing was touched"
    if out.exists() and not out.is_dir():
        raise CollageError(f"make the demo in {out}", "a file of this name", do)
    if out.exists() and any(out.iterdir()) and not any((out / name).exists() for name in _OURS):
        raise CollageError(f"make the demo in {out}", "a folder with something else in it", do)


def _refuse_second(house: Path, bind: str) -> None:
    """Refuse to take the passwords and the key from a demo that is being served."""
    whose = server_of(house / "collage.sqlite3")
    if whose is not None:
        do = "use that one, stop it first, or choose another place with --out"
        raise CollageError(
            f"serve the demo in {house.parent}", f"it is being served by process {whose or 'unknown'}", do
        )
    check_free(bind)


def _settle(house: Path, bind: str) -> None:
    """Set what the settings read: the demo's own, whatever else is set."""
    os.environ.pop("DATABASE_URL", None)
    os.environ.pop("COLLAGE_SECRET_KEY", None)
    port = bind.rpartition(":")[2]
    os.environ.update(
        COLLAGE_VAR=str(house), COLLAGE_ADMIN_MFA="0", COLLAGE_PUBLIC_URL=f"http://localhost:{port}",
        COLLAGE_SQLITE_SYNC="NORMAL",
    )  # fmt: skip


# ---- the company


def _make(out: Path, house: Path, arguments: argparse.Namespace) -> None:
    """Simulate a year that ends today and take it in, by the commands that anybody would type."""
    company, password = out / "company", out / "password"
    today = datetime.now(UTC).date().isoformat()
    size = ["--customers", f"{arguments.customers}", "--days", f"{_DAYS}", "--seed", f"{_SEED}", "--end", today]
    _as_typed(["simulate", str(company), *size, *(["--replace"] if company.exists() else [])], arguments)
    try:
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(24) + "\n", encoding="ascii")
        _as_typed(
            ["init", "--email", _address("admin"), "--name", "Admin", "--password-file", str(password)], arguments
        )
    finally:
        password.unlink(missing_ok=True)
    _as_typed(["import", str(company)], arguments)
    _as_typed(["figures"], arguments)
    with at_work() as step:
        step("the company's settings, its colleagues, some promises")
        _furnish()
    say(f"It is in {house}.")


def _as_typed(line: list[str], arguments: argparse.Namespace) -> None:
    say(f"$ collage {' '.join(line)}")
    asked = arguments.parse(line)
    asked.run(asked)
    say("")


def _address(role: str) -> str:
    return f"{role}@example.org"


def _furnish() -> None:
    from collage_web.actions import settling_in, sourcing, welcoming
    from collage_web.records.models import Colleague, Role

    now = datetime.now(UTC)
    admin = Colleague.objects.get(email=_address("admin"))
    for role in (role for role in Role.values if role != Role.ADMIN):
        name, password = role.capitalize(), secrets.token_urlsafe(24)
        department = _DEPARTMENT if role in {Role.AGENT, Role.LEAD} else ""
        welcoming.admit(_address(role), name, role, password, department=department, by=admin, now=now)
    settling_in.set_up_company(name="Example company", zone=_ZONE, region=_REGION, opens=_OPENS, by=admin, now=now)
    sourcing.create(_SOURCE, "native", by=admin, now=now, new_key=_new_key)
    for customer, hours in zip(_struck(len(_FIRST)), _FIRST, strict=False):
        _promise(customer, now + timedelta(hours=hours), now)


def _new_key() -> str:
    from collage_web.records.keys import new_key

    return new_key(os.urandom)


def _struck(most: int) -> list[str]:
    """Return customers with much behind them: those with the most strikes of late."""
    from collage_web.records.models import Score

    found = Score.objects.order_by("-strikes_90d", "index").values_list("customer", flat=True)
    return list(found[:most])


def _promise(customer: str, due_at: datetime, now: datetime) -> Any:
    from collage_web.actions.promising import Promised, make

    return make(customer, Promised("callback", due_at), by=_agent(), now=now)


def _agent() -> Colleague:
    from collage_web.records.models import Colleague

    found: Colleague = Colleague.objects.get(email=_address("agent"))
    return found


def _opened() -> tuple[list[list[str]], str]:
    """Give everybody a password and the source a key: both are kept nowhere, so each start has its own."""
    open_database()
    from collage_web.actions import sourcing, welcoming
    from collage_web.records.models import Colleague, Role, Source

    now, admin = datetime.now(UTC), Colleague.objects.get(email=_address("admin"))
    rows = []
    for role in Role.values:
        who, password = Colleague.objects.get(email=_address(role)), secrets.token_urlsafe(12)
        welcoming.change(
            who,
            role=who.role,
            department=who.department,
            agent=who.agent,
            is_active=True,
            password=password,
            by=admin,
            now=now,
        )
        rows.append([str(Role(role).label), who.email, password])
    source = Source.objects.get(name=_SOURCE)
    return rows, sourcing.new_key_for(source, by=admin, now=now, new_key=_new_key)


# ---- the server


@contextmanager
def _server(house: Path, bind: str) -> Iterator[str]:
    """Run the server until the demo ends; the terminal's Ctrl-C is for the demo, which then stops it."""
    host, _, port = bind.rpartition(":")
    url, log = f"http://{host}:{port}", house / "log"
    command = [sys.executable, "-m", "collage.cli", "serve", "--bind", bind]
    with log.open("ab") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, start_new_session=True)  # noqa: S603  # our own command
    try:
        with at_work() as step:
            step("the server begins")
            _wait(url, process, log)
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_ENDING_S)
        if process.poll() is None:
            process.kill()


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _PATIENCE_S
    while process.poll() is None and time.monotonic() < until:
        with suppress(OSError), urllib.request.urlopen(f"{url}/readyz", timeout=5):  # noqa: S310  # our own server
            return
        time.sleep(0.1)
    last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
    found = last[0] if last else "a server that does not answer"
    raise CollageError("serve the demo", found, f"see {log}, or name another --bind")


def _tell(accounts: list[list[str]], url: str) -> None:
    """Say where to go, and as whom."""
    say("Log in as one of these; the passwords are shown this once, and every start has new ones:")
    print_table(["role", "e-mail", "password"], accounts)
    show(f"As the agent, who is calling: {url}/desk/")
    for who in _struck(1):
        show(f"Somebody with much behind them: {url}/desk/c/{who}")
        show(f"The search finds them by {', or by '.join(_called(who))}.")
    show(f"As the manager, the company: {url}/board/")
    sys.stdout.flush()
    if sys.stdout.isatty() and (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        webbrowser.open(f"{url}/desk/")


def _called(customer: str) -> list[str]:
    """Return what a customer may be searched for by: one of each kind of identifier."""
    from collage_web.records.models import Identifier

    theirs = Identifier.objects.filter(customer=customer).order_by("id").values_list("value", flat=True)
    found = {each.partition(":")[0]: each.partition(":")[2] for each in reversed(theirs)}
    return [value for kind, value in sorted(found.items()) if kind in {"email", "phone", "user"}]


# ---- what goes on


def _go_on(url: str, key: str, *, until_ready: bool) -> None:
    """Let something happen about once a second."""
    from collage_web.records.models import Identifier

    chance = random.Random()  # noqa: S311  # a made-up company
    known = list(
        Identifier.objects.filter(value__startswith="user:").values_list("value", flat=True).order_by("?")[:400]
    )
    name, promised = f"live{int(time.time())}", list[Any]()
    for n, each in enumerate(happening(known, name=name, clock=lambda: datetime.now(UTC), chance=chance), start=1):
        _send(url, key, each)
        if until_ready:
            say("Ready; DEMO_EXIT is 1, so that is all.")
            return
        if n == 1:
            say("Touchpoints arrive, about one a second. Ctrl-C stops it.")
        if n % _PROMISE_EVERY == 0:
            _promise_something(known, promised, chance)
        time.sleep(_EVERY_S)


def _send(url: str, key: str, touchpoint: dict[str, Any]) -> None:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    request = urllib.request.Request(  # noqa: S310  # our own server
        f"{url}/api/v1/touchpoints", json.dumps(touchpoint).encode(), headers
    )
    try:
        urllib.request.urlopen(request, timeout=10).close()  # noqa: S310  # our own server
    except HTTPError as error:
        if error.code < 500:  # noqa: PLR2004  # what is refused once is refused for ever: a mistake of ours
            raise CollageError(
                "send a touchpoint of the demo", str(error), "see the log beside the database"
            ) from error


def _promise_something(known: list[str], promised: list[Any], chance: random.Random) -> None:
    """Keep the promise before, or let it be broken; and make another."""
    from django.db import OperationalError

    from collage_web.actions.promising import settle
    from collage_web.records.models import Identifier

    now = datetime.now(UTC)
    with suppress(CollageError, OperationalError):  # somebody at the desk was quicker, or the database is busy
        if promised and chance.random() < 0.5:  # noqa: PLR2004  # one of two is broken
            settle(promised.pop(), "kept", by=_agent(), now=now)
        customer = Identifier.objects.get(value=chance.choice(known)).customer
        promised[:] = [_promise(customer, now + _PROMISED, now)]
