"""Keys, and whatever customers and colleagues send, stay out of the log; what went wrong is in it."""

from __future__ import annotations

import base64
import gzip
import json
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote, urlencode

import pytest

from tests.web.clients.running import Server, collage
from tests.web.clients.sending import poured, sent

pytestmark = pytest.mark.xdist_group("clients")

CANARY = "c4nary"  # in every text below that must not be found again
ADDRESS = f"{CANARY}.kim@shop.example"
WRONG_KEY = f"clg_live_{CANARY}"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def everything(server: Server) -> list[int]:
    """Send keys and personal data in every place, rightly and wrongly; return the statuses."""
    key, event = server.key, {"type": "track", "event": f"{CANARY} bought", "userId": ADDRESS, "timestamp": CANARY}
    basic, bearer = (
        {
            "Authorization": f"{how}",
            "User-Agent": CANARY,
            "Referer": f"http://x/?{CANARY}",
            "Cookie": f"session={CANARY}",
        }
        for how in (f"Basic {base64.b64encode(f'{key}:'.encode()).decode()}", f"Bearer {key}")
    )
    pixel = quote(base64.b64encode(json.dumps({**event, "writeKey": key}).encode()))
    good = json.dumps({"batch": [event], "writeKey": key}).encode()
    posts = [
        ("/v1/batch", good, {}),
        ("/v1/track", json.dumps(event).encode(), basic),
        ("/v1/track?strict=1", json.dumps({**event, "userId": None}).encode(), bearer),
        (f"/v1/batch?writeKey={key}", json.dumps([event]).encode(), {}),
        ("/api/v1/touchpoints", json.dumps(event).encode(), bearer),
        ("/api/v1/touchpoints?strict=1", json.dumps(event).encode(), bearer),
        ("/v1/batch", json.dumps({"batch": [event], "writeKey": WRONG_KEY}).encode(), {}),
        ("/v1/batch", good, {"Authorization": f"Bearer {WRONG_KEY}{secrets.token_hex(4)}"}),  # not remembered
        ("/v1/batch", good, {"Authorization": f"Basic {CANARY}"}),
        ("/v1/batch", f'{{"writeKey": "{key}", "{ADDRESS}'.encode(), basic),
        ("/v1/batch", gzip.compress(good)[:-9], {**basic, "Content-Encoding": "gzip"}),
        ("/v1/batch", CANARY.encode(), {**basic, "Content-Encoding": CANARY}),
        ("/v1/batch", good, {**basic, "Content-Type": f"multipart/form-data; boundary={CANARY}"}),
        ("/v1/batch", good, {**basic, "Content-Length": CANARY}),
        ("/v1/batch", good, {**basic, "Host": f"{CANARY}.example"}),
        ("/v1/batch", good, {**basic, "Origin": f"https://{CANARY}.example"}),
        (f"/v1/{CANARY}?writeKey={key}", good, {}),
        (f"/{ADDRESS}/{key}?{ADDRESS}", good, basic),
        ("/accounts/login/", urlencode({"login": ADDRESS, "password": CANARY}).encode(), FORM),
    ]
    gets = [
        f"/v1/projects/{key}/settings", f"/sourceConfig/?writeKey={key}", f"/v1/pixel/track?data={pixel}",
        f"/v1/pixel/track?data={CANARY}&writeKey={key}", f"/v1/batch?writeKey={key}", f"/{ADDRESS}?writeKey={key}",
        f"/accounts/{ADDRESS}/", f"/accounts/login/?next=//{CANARY}.example", f"/static/{ADDRESS}", f"/%00{CANARY}%ff",
        f"/{CANARY}{'x' * 9_000}", f"/metrics?{CANARY}",
    ]  # fmt: skip
    told = [sent(server, "POST", path, body, headers)[0] for path, body, headers in posts]
    return told + [sent(server, "GET", path, None, basic)[0] for path in gets]


def no_http(server: Server) -> None:
    """Send what is no HTTP at all."""
    for head in (
        f"{CANARY}\r\n\r\n",
        f"POST /{CANARY} HTTP/{CANARY}\r\n\r\n",
        f"{CANARY.upper()}! / HTTP/1.1\r\nHost: x\r\n\r\n",
        f"POST /v1/batch HTTP/1.1\r\nHost: localhost\r\n{server.key} {CANARY}\r\n\r\n",
        f"POST /v1/batch HTTP/1.1\r\nHost: localhost\r\nX-{CANARY}: {'x' * 9_000}\r\n\r\n",
        f"POST /v1/m HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n{CANARY}\r\n{CANARY}\r\n\r\n",
        f"POST /v1/b?writeKey={server.key} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999\r\n\r\n{CANARY}",
        f"GET /{CANARY} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: {CANARY}\r\n\r\n",
    ):
        poured(server, head.encode(), [])


def tried_to_log_in(server: Server, times: int) -> set[int]:
    """Try an address and a password that nobody has, until it is locked."""
    told = set()
    for _ in range(times):
        status, page, cookies = sent(server, "GET", "/accounts/login/")
        found = re.search(rb'name="csrfmiddlewaretoken" value="(\w+)"', page)
        if found is None:  # it could not even be shown
            return {status}
        form = {"login": ADDRESS, "password": f"{CANARY}-password", "csrfmiddlewaretoken": found[1].decode()}
        headers = {
            **FORM,
            "Cookie": "; ".join(cookies),
            "Origin": server.url,
            "Referer": f"{server.url}/accounts/login/",
        }
        told.add(sent(server, "POST", "/accounts/login/", urlencode(form).encode(), headers)[0])
    return told


@contextmanager
def gone(server: Server, table: str) -> Iterator[None]:
    """Take a table away for a moment."""
    server.change(f"ALTER TABLE {table} RENAME TO {table}_gone")
    try:
        yield
    finally:
        server.change(f"ALTER TABLE {table}_gone RENAME TO {table}")


def test_neither_keys_nor_anybodys_data_are_in_the_log(server: Server) -> None:
    before = server.log.stat().st_size
    told = everything(server)
    assert max(told) < 500, told
    assert set(told) >= {200, 400, 401, 404, 405, 415, 422}
    no_http(server)
    failed = tried_to_log_in(server, 7)
    for table in ("records_arrival", "records_source", "records_colleague", "axes_accessattempt"):
        with gone(server, table):
            failed |= {*everything(server), *tried_to_log_in(server, 1)}
    assert failed >= {200, 429, 503}
    sound = json.dumps({"userId": ADDRESS, "event": CANARY, "properties": {"text": CANARY}}).encode()
    assert sent(server, "POST", f"/v1/track?writeKey={server.key}", sound)[0] == 200
    digested = collage(server.var, "worker", "--once").stderr
    assert '"event": "digest"' in digested
    said = server.log.read_bytes()[before:].decode() + digested
    assert "nothing can be stored" in said
    assert "Invalid request" in said
    assert sorted(each for each in secrets_of(server) if each in said) == []


def secrets_of(server: Server) -> list[str]:
    """Return what must not be found: the key, the canary, as they are and in base64."""
    plain = [server.key, server.key.removeprefix("clg_live_"), CANARY, CANARY.upper()]
    return plain + [base64.b64encode(f"{each}:".encode()).decode() for each in (server.key, CANARY)]
