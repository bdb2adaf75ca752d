"""Who is calling stays out of the log, however a telephone asks and whatever goes wrong."""

from __future__ import annotations

import re
import urllib.request
from http.client import HTTPResponse
from http.cookiejar import CookieJar
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode

import pytest

from tests.web.clients.running import Server
from tests.web.clients.test_silent_log import gone

pytestmark = pytest.mark.xdist_group("clients")

CANARY, NUMBER = "c4llingwho", "4930777123"


class Stays(urllib.request.HTTPRedirectHandler):
    """Follows nobody to another address."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class Desk:
    """Somebody at the desk: a browser without script."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()), Stays())

    def ask(self, path: str, **form: str) -> tuple[int, dict[str, str], str]:
        body = urlencode(form).encode() if form else None
        headers = {"Origin": self.server.url} if form else {}
        request = urllib.request.Request(f"{self.server.url}{path}", body, headers)  # noqa: S310  # our own server
        try:
            answer: HTTPResponse | HTTPError = self.opener.open(request, timeout=30)
        except HTTPError as error:
            answer = error
        with answer:
            return answer.status or 0, dict(answer.headers), answer.read().decode()

    def post(self, path: str, page: str = "/desk/who", **form: str) -> tuple[int, dict[str, str], str]:
        found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.ask(page)[2])
        return self.ask(path, csrfmiddlewaretoken="" if found is None else found[1], **form)


def calls(desk: Desk) -> list[int]:
    """Ask in every way; return the statuses."""
    asks = [
        desk.ask(f"/desk/who?phone=%2B{NUMBER}"), desk.ask(f"/desk/who?email={CANARY}@example.org&name={CANARY}"),
        desk.ask("/desk/who"), desk.ask(f"/desk/find?q={CANARY}"), desk.ask(f"/desk/c/{CANARY}?{CANARY}"),
        desk.post("/desk/who", phone=f"+{NUMBER}"), desk.post("/desk/find", q=CANARY),
        desk.post("/desk/new", identifier=CANARY), desk.post("/desk/new", identifier=f"+{NUMBER}", name=CANARY),
        desk.ask("/desk/who", phone=f"+{NUMBER}", name=CANARY),  # without a token
    ]  # fmt: skip
    for _, headers, _ in asks[:2]:
        assert CANARY not in headers.get("Location", "")
        assert NUMBER not in headers.get("Location", "")
        assert headers.get("Referrer-Policy") == "no-referrer"
    return [status for status, _, _ in asks]


def test_neither_numbers_nor_names_of_callers_are_in_the_log(server: Server) -> None:
    before = server.log.stat().st_size
    outsider, desk = Desk(server), Desk(server)
    assert set(calls(outsider)) <= {303, 403}
    login = desk.post(
        "/accounts/login/",
        "/accounts/login/",
        login="admin@collage.example",
        password="seven-horses-on-a-hill",  # noqa: S106  # of this server alone
    )
    assert login[0] == 302
    assert set(calls(desk)) == {200, 302, 303, 403, 404}
    failed = set()
    for table in ("records_namekey", "records_identifier", "records_trait"):
        with gone(server, table):
            failed |= set(calls_that_fail(desk))
    assert 503 in failed <= {200, 303, 503}
    said = server.log.read_bytes()[before:].decode()
    assert [each for each in (CANARY, NUMBER) if each in said] == []


def calls_that_fail(desk: Desk) -> list[int]:
    return [
        desk.ask(f"/desk/who?phone=%2B{NUMBER}9")[0], desk.ask(f"/desk/who?name={CANARY}")[0],
        desk.post("/desk/find", "/accounts/password/change/", q=CANARY)[0],
        desk.post("/desk/new", "/accounts/password/change/", identifier=f"+{NUMBER}1", name=CANARY)[0],
    ]  # fmt: skip
