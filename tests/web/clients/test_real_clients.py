"""The libraries that shops and apps use already, unchanged: whatever they send over a bad network is here once."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.web.clients.calls import CALLS, TYPES, calls, in_both_languages, is_long, is_nameless, stored
from tests.web.clients.proxy import FATES, Passed, network
from tests.web.clients.running import Server

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

pytestmark = [pytest.mark.xdist_group("clients"), pytest.mark.slow]

# Playwright keeps an event loop in this thread, in which Django then refuses its databases to the tests after these.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

SPEAKING = Path(__file__).parent / "speaking"
HOURS = 3_600
SLACK = timedelta(seconds=2)


@dataclass(frozen=True)
class Heard:
    """What came of a thousand calls: their rows by number, what passed the network, what the server counted."""

    rows: dict[int, list[dict[str, Any]]]
    passed: list[Passed]
    counted: dict[str, int]
    began: datetime
    skew: timedelta


# ---- what speaks


def by_python(package: str, given: list[str]) -> None:
    said = subprocess.run(
        [sys.executable, str(SPEAKING / "python_library.py"), package, *given],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (said.returncode, said.stderr) == (0, ""), said.stderr[-2000:]


def by_node(package: str, given: list[str], node_modules: Path) -> None:
    said = subprocess.run(
        ["node", str(SPEAKING / "node_library.cjs"), package, *given],  # noqa: S607  # the node on the path is meant
        env={**os.environ, "NODE_PATH": str(node_modules)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (said.returncode, said.stderr) == (0, ""), said.stderr[-2000:]


def by_page(context: BrowserContext, page: str, given: list[str], strategies: list[dict[str, Any] | None]) -> None:
    url, key, file, skew_s = given
    wrong: list[str] = []
    asked: set[str] = set()
    context.on("request", lambda request: asked.add("/".join(request.url.split("/")[:3])))  # scheme and host
    context.add_init_script(f"({(SPEAKING / 'wrong_clock.js').read_text(encoding='utf-8')})({1000 * float(skew_s)})")
    text = Path(file).read_text(encoding="utf-8")
    for part, strategy in enumerate(strategies):
        tab = context.new_page()
        tab.on("pageerror", lambda error: wrong.append(str(error)))
        tab.goto(page)
        few = f"({text}).filter(call => Math.floor(call.n / 6) % {len(strategies)} === {part})"
        said = f"{json.dumps(url)}, {json.dumps(key)}, {few}, {json.dumps(strategy)}, {json.dumps({'flushTimer': 50})}"
        assert tab.evaluate(f"speak({said})") == []
        tab.wait_for_timeout(200)  # what it measured of itself would be under way
        assert wrong == []
    shop_, _, _ = page.rpartition("/")
    assert asked - {"data:,"} == {shop_, url}  # nobody else hears of a visitor


# ---- what is heard


def heard(
    server: Server,
    speak: Callable[[list[str]], None],
    these: list[dict[str, Any]],
    tmp_path: Path,
    *,
    skew_h: float,
    every: int,
) -> Heard:
    """Let a library speak over a bad network, and wait until all is there or a minute has passed."""
    file = tmp_path / "calls.json"
    file.write_text(in_both_languages(these), encoding="utf-8")
    before, began = server.counted(), datetime.now(UTC)
    ((last,),) = server.rows("SELECT coalesce(max(id), 0) FROM records_arrival")
    with network(server.port, every=every) as between:
        speak([between.url, server.key, str(file), str(skew_h * HOURS)])
        until = time.monotonic() + 60
        while _new(server, last) < CALLS and time.monotonic() < until:
            time.sleep(0.1)
        time.sleep(0.5)  # a retry of what was stored already
        passed = list(between.passed)
    counted = {name: n - before[name] for name, n in server.counted().items()}
    return Heard(_by_number(server, last), passed, counted, began, timedelta(hours=skew_h))


def _new(server: Server, last: int) -> int:
    return int(server.rows("SELECT count(*) FROM records_arrival WHERE id > ?", last)[0][0])


def _by_number(server: Server, last: int) -> dict[int, list[dict[str, Any]]]:
    columns = ("message_id", "type", "received_at", "occurred_at", "clock", "body", "quarantined_at", "reason")
    found: dict[int, list[dict[str, Any]]] = {}
    for row in server.rows(f"SELECT {', '.join(columns)} FROM records_arrival WHERE id > ?", last):  # noqa: S608  # our own names
        arrival = dict(zip(columns, row, strict=True))
        own = arrival["message_id"].startswith("own-")
        n = (
            int(arrival["message_id"].rpartition("-")[2])
            if own
            else json.loads(arrival["body"])["context"]["call"]["n"]
        )
        found.setdefault(n, []).append(arrival)
    return found


def check(found: Heard, these: list[dict[str, Any]], *, too_long: bool, as_told: bool = False) -> None:
    """Look whether nothing is lost, nothing is there twice, nothing is changed but what no table takes."""
    assert sorted(found.rows) == list(range(CALLS))
    assert {n: len(rows) for n, rows in found.rows.items() if len(rows) > 1} == {}
    assert {each.status for each in found.passed if each.method == "POST"} == {200, None}
    assert {each.fate for each in found.passed} >= set(FATES)
    handed_on = sum(_events(each) for each in found.passed if each.method == "POST" and each.status == 200)
    assert found.counted["accepted"] + found.counted["quarantined"] == CALLS
    assert found.counted["duplicate"] == handed_on - CALLS > 0
    for call in these:
        (row,) = found.rows[call["n"]]
        _check_row(row, call, found, too_long=too_long, as_told=as_told)


def _check_row(row: dict[str, Any], call: dict[str, Any], found: Heard, *, too_long: bool, as_told: bool) -> None:
    n = call["n"]
    assert row["type"] == TYPES[n % 6]
    wrong = "is larger than" if too_long and is_long(n) else "is missing" if is_nameless(n) else ""
    assert wrong in row["reason"]
    assert (row["quarantined_at"] is not None) is (row["reason"] != "") is (wrong != "")
    if wrong != "is larger than":
        event = json.loads(row["body"])
        assert event["context"]["call"]["odd"] == stored(call["odd"])
        where = event.get("properties") or event.get("traits") or event["context"].get("traits")
        assert n % 6 == 5 or where["odd"] == stored(call["odd"])
    occurred_at, received_at = (
        datetime.fromisoformat(row[name]).replace(tzinfo=UTC) for name in ("occurred_at", "received_at")
    )
    ago = timedelta(seconds=call["ago_s"] or 0)
    off = found.skew if as_told and call["ago_s"] else timedelta()
    assert found.began - SLACK <= occurred_at + ago - off <= received_at + SLACK


def _events(request: Passed) -> int:
    whole = json.loads(gzip.decompress(request.body) if request.body[:2] == b"\x1f\x8b" else request.body)
    return len(whole.get("batch", [whole]))


def _said(found: Heard, name: str) -> set[str]:
    return {each.headers.get(name, "").partition(" ")[0] for each in found.passed if each.method == "POST"}


# ---- the libraries


@pytest.mark.parametrize(
    ("package", "skew_h", "too_long"), [("segment.analytics", 3, False), ("rudderstack.analytics", -3, True)]
)
def test_what_a_library_for_python_sends_is_here_once(
    server: Server,
    tmp_path: Path,
    package: str,
    skew_h: float,
    too_long: bool,  # noqa: FBT001  # a column of the table above
) -> None:
    these = calls(package, too_long=too_long)
    found = heard(server, partial(by_python, package), these, tmp_path, skew_h=skew_h, every=3)
    check(found, these, too_long=too_long)
    assert _said(found, "Authorization") == {"Basic"}
    assert _said(found, "Content-Encoding") == {"gzip" if too_long else ""}
    assert any(b"NaN" in (gzip.decompress(each.body) if too_long else each.body) for each in found.passed)


@pytest.mark.parametrize(
    ("package", "skew_h", "every"), [("@segment/analytics-node", -3, 8), ("@rudderstack/rudder-sdk-node", 3, 8)]
)
def test_what_a_library_for_node_sends_is_here_once(
    server: Server, node_modules: Path, tmp_path: Path, package: str, skew_h: float, every: int
) -> None:
    rudder = package.startswith("@rudderstack")
    these = calls(package, too_long=rudder)
    speak = partial(by_node, package, node_modules=node_modules)
    found = heard(server, speak, these, tmp_path, skew_h=skew_h, every=every)
    check(found, these, too_long=rudder, as_told=rudder)
    assert _said(found, "Authorization") == {"Basic"}
    assert _said(found, "Content-Type") == {"application/x-www-form-urlencoded" if rudder else "application/json"}
    assert {each.body[:2] == b"\x1f\x8b" for each in found.passed} == {rudder}


@pytest.fixture
def page(node_modules: Path, tmp_path: Path) -> Iterator[str]:
    """Bundle a page as shops do, and serve it from an origin of its own."""
    esbuild = next(node_modules.glob("@esbuild/*/bin/esbuild"))  # the one of this machine
    said = subprocess.run(
        [str(esbuild), str(SPEAKING / "page.js"), "--bundle", "--log-level=error", f"--outfile={tmp_path / 'page.js'}"],
        env={**os.environ, "NODE_PATH": str(node_modules)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (said.returncode, said.stderr) == (0, "")
    (tmp_path / "index.html").write_text(
        '<!doctype html><meta charset="utf-8"><title>Shop</title><link rel="icon" href="data:,">'
        '<script src="page.js"></script>',
        encoding="utf-8",
    )
    with shop(tmp_path) as origin:
        yield f"{origin}/index.html"


@contextmanager
def shop(folder: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as web:
        threading.Thread(target=web.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{web.server_address[1]}"
        web.shutdown()


def test_what_the_library_for_browsers_sends_is_here_once(
    server: Server, browser: Browser, page: str, tmp_path: Path
) -> None:
    strategies = [None, {"deliveryStrategy": {"strategy": "batching", "config": {"size": 25, "timeout": 300}}}]
    these = calls("next", too_long=True)
    context = browser.new_context()
    speak = partial(by_page, context, page, strategies=strategies)
    found = heard(server, speak, these, tmp_path, skew_h=-3, every=40)
    context.close()
    check(found, these, too_long=True)
    assert _said(found, "Authorization") == {"Basic"}
    assert _said(found, "Content-Type") == {"text/plain"}
    posts = {each.path for each in found.passed if each.method == "POST"}
    assert posts == {f"/v1/{letter}" for letter in "itpsgab"}
    asked = [each for each in found.passed if each.method == "OPTIONS"]
    assert {each.path for each in asked} == posts
    assert {each.status for each in asked} == {204}
    settings = [each for each in found.passed if each.method == "GET"]
    assert {(each.path, each.status) for each in settings} == {(f"/v1/projects/{server.key}/settings", 200)}


def test_what_the_library_for_browsers_measures_of_itself_is_dropped(
    server: Server, browser: Browser, page: str
) -> None:
    before, context = server.counted(), browser.new_context()
    with network(server.port, every=0) as between:
        tab = context.new_page()
        tab.goto(page)
        host, call = between.url.removeprefix("http://"), calls("next", too_long=False)[0]
        own, measured = {"apiHost": f"{host}/v1", "protocol": "http"}, {"sampleRate": 1, "flushTimer": 100}
        with tab.expect_response("**/v1/m") as answer:
            said = [between.url, server.key, [{**call, "odd": "", "ago_s": None}], own, measured]
            assert tab.evaluate("given => speak(...given)", said) == []
        assert answer.value.status == 200
        measures = [each for each in between.passed if each.path == "/v1/m" and each.method == "POST"]
    context.close()
    assert {each["type"] for sent in measures for each in json.loads(sent.body)["series"]} == {"Counter"}
    counted = server.counted()
    assert {name: n - before[name] for name, n in counted.items() if n != before[name]} == {"accepted": 1}
