"""How quickly pages open at a million touchpoints, and what a crowd of colleagues sees while touchpoints arrive."""

from __future__ import annotations

import gzip
import http.client
import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from bench.measure import Line, apart
from bench.web import Kept, load, running, set_up

__all__ = ["crowd", "crowd_postgresql", "pages", "pages_postgresql"]

_ROOT: Final = Path(__file__).resolve().parents[1]
_USUAL, _LEAST = 2_000_000, 0.005
_CUSTOMERS, _DAYS = 100_000, 42  # about a million touchpoints
_BUSY: Final = 20_000  # touchpoints of one customer
_ASKED: Final = 200
_READERS, _WRITERS, _CROWD_S, _RATE = 50, 5, 300.0, 300
_PASSWORD: Final = "only for a measurement"  # noqa: S105  # of a house that is thrown away
_BARS: Final = {"customer": 150.0, "busy": 300.0, "who": 100.0, "board": 300.0}
_PAGE_KB: Final = 200
_GOOD: Final = {200, 303}  # where one alone is meant, the search leads to them
_CROWD_P99: Final = 1_000.0
_PAUSE_S: Final = (2.0, 8.0)  # between two looks of one colleague


def pages(place: Path, rows: int, repeat: int) -> list[Line]:  # noqa: ARG001  # as many times as there are customers asked for
    """Measure the customer's page, the search and the company's page on SQLite."""
    return _pages(Kept(place / "pages"), _share(rows))


def pages_postgresql(place: Path, rows: int, repeat: int) -> list[Line]:  # noqa: ARG001  # as above
    """Measure the same on PostgreSQL, in a database made on the local socket and dropped again."""
    with Kept.of_postgresql(place / "pages") as kept:
        return _pages(kept, _share(rows))


def crowd(place: Path, rows: int, repeat: int) -> list[Line]:  # noqa: ARG001  # as above
    """Measure fifty who read and five who write beside 300 touchpoints a second, on SQLite."""
    return _crowd(Kept(place / "crowd"), _share(rows))


def crowd_postgresql(place: Path, rows: int, repeat: int) -> list[Line]:  # noqa: ARG001  # as above
    """Measure the same on PostgreSQL."""
    with Kept.of_postgresql(place / "crowd") as kept:
        return _crowd(kept, _share(rows))


def _share(rows: int) -> float:
    return min(1.0, max(_LEAST, rows / _USUAL))


# ---- a house with a company in it


@dataclass(frozen=True, slots=True)
class _House:
    port: int
    key: str
    customers: Sequence[str]
    busy: str
    touchpoints: int
    searched: Sequence[str]


@contextmanager
def _house(kept: Kept, share: float, *, figures: bool) -> Iterator[_House]:
    folder = kept.folder
    folder.mkdir(parents=True, exist_ok=True)
    company = folder / "company"
    today = datetime.now(UTC).date().isoformat()
    size = ["--customers", str(max(200, int(_CUSTOMERS * share))), "--days", str(_DAYS), "--end", today]
    apart("simulate", str(company), *size, "--seed", "5")
    environment = {**set_up(kept), "COLLAGE_ADMIN_MFA": "0"}
    _busy(folder / "busy", max(500, int(_BUSY * share)))
    for each in (company, folder / "busy"):
        _collage(environment, "import", str(each))
    words = [sys.executable, "-m", "bench.peopled", _PASSWORD, *(["figures"] if figures else [])]
    inside = {**environment, "DJANGO_SETTINGS_MODULE": "collage_web.settings"}
    done = subprocess.run(words, env=inside, cwd=_ROOT, check=True, capture_output=True, text=True)
    made = json.loads(done.stdout.splitlines()[-1])  # what is logged stands before it
    with running(environment) as port:
        yield _House(port=port, **made)


def _collage(environment: dict[str, str], *words: str) -> None:
    subprocess.run([sys.executable, "-m", "collage.cli", *words], env=environment, check=True, capture_output=True)


def _busy(folder: Path, n: int) -> None:
    """Write a dataset of one customer with very many touchpoints."""
    folder.mkdir(parents=True)
    began = datetime.now(UTC) - timedelta(days=700)
    kinds = (
        "contact.answered",
        "page.viewed",
        "order.placed",
        "delivery.arrived",
        "message.received",
        "issue.resolved",
    )
    with (folder / "touchpoints.jsonl").open("w", encoding="utf-8") as file:
        for place in range(n):
            at = began + timedelta(days=699) * (place / n)
            row = {
                "touchpoint_id": f"busy:{place:06d}", "identifier": "user:busy", "occurred_at": at.isoformat(),
                "kind": kinds[place % len(kinds)], "channel": "phone", "department": ("Care", "Shop")[place % 2],
                "wait_s": float(place % 300), "issue_id": f"busy:{place // 5}", "contact_id": f"busy:{place // 2}",
            }  # fmt: skip
            file.write(json.dumps(row) + "\n")


# ---- somebody with a browser


@dataclass
class _Browser:
    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    statuses: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def ask(self, method: str, path: str, given: dict[str, str] | None = None) -> bytes:
        """Return what is answered, led on once where it leads elsewhere."""
        headers = {
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "Host": f"localhost:{self.port}",
        }
        body = None
        if given is not None:
            body = urlencode({**given, "csrfmiddlewaretoken": self.cookies.get("csrf", "")})
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"http://localhost:{self.port}"}
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        read = answer.read()
        for cookie in answer.headers.get_all("Set-Cookie") or ():
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        self.statuses[answer.status] = self.statuses.get(answer.status, 0) + 1
        return read

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def log_in(self) -> None:
        """Log in as the colleague of the measurement."""
        self.ask("GET", "/accounts/login/")
        self.ask("POST", "/accounts/login/", {"login": "agent@example.org", "password": _PASSWORD})
        if "session" not in self.cookies:
            raise RuntimeError(f"the colleague of the measurement could not log in: {self.statuses}")


def _timed(asked: Sequence[Callable[[], bytes]]) -> tuple[list[float], int]:
    """Return how long each took, in milliseconds, and the largest answer's size in kB when packed."""
    taken, largest = [], 0
    for each in asked:
        began = time.perf_counter()
        answer = each()
        taken.append(1000 * (time.perf_counter() - began))
        largest = max(largest, len(gzip.compress(answer, 6)))
    return sorted(taken), largest // 1000


def _pages(kept: Kept, share: float) -> list[Line]:
    chance, lines = random.Random(3), []
    with _house(kept, share, figures=True) as house, closing(_Browser(house.port)) as browser:
        browser.log_in()
        ways: dict[str, list[Callable[[], bytes]]] = {
            "customer": [_get(browser, f"/desk/c/{each}") for each in chance.choices(house.customers, k=_ASKED)],
            "busy": [_get(browser, f"/desk/c/{house.busy}")] * 40,
            "who": [_found(browser, each) for each in house.searched],
            "board": [_get(browser, "/board/")] * 60,
        }
        _timed(ways["customer"][:1])  # until then the server compiles what its pages need
        floor, _ = _timed([_get(browser, "/version")] * _ASKED)
        for name, asked in ways.items():
            browser.statuses.clear()
            _timed(asked[:5])  # who comes first waits for what is kept after it
            taken, size = _timed(asked)
            lines.append(_line(name, kept, house, taken, size, floor, dict(browser.statuses)))
    return lines


def _get(browser: _Browser, path: str) -> Callable[[], bytes]:
    return lambda: browser.ask("GET", path)


def _found(browser: _Browser, asked: str) -> Callable[[], bytes]:
    return lambda: browser.ask("POST", "/desk/find", {"q": asked})


_WORDS: Final = {
    "customer": "the customer's page",
    "busy": "the page of a customer with very many touchpoints",
    "who": "who-search",
    "board": "the company's page",
}


def _line(
    name: str, kept: Kept, house: _House, taken: list[float], size: int, floor: list[float], statuses: dict[int, int]
) -> Line:
    p50, p95 = taken[len(taken) // 2], taken[int(len(taken) * 0.95)]
    bare = floor[int(len(floor) * 0.95)]
    good = set(statuses) <= _GOOD
    return Line(
        f"pages, {kept.name}: {_WORDS[name]}",
        f"{house.touchpoints:,} touchpoints, {len(taken)} times, {size} kB packed",
        f"p50 {p50:.0f} ms, p95 {p95:.0f} ms",
        f"p95 {bare:.1f} ms, /version",
        f"{p95 / bare:.0f}",
        "",
        f"p95 < {_BARS[name]:.0f} ms, ≤ {_PAGE_KB} kB",
        good and p95 < _BARS[name] and size <= _PAGE_KB,
        {
            "p50_ms": p50,
            "p95_ms": p95,
            "kB": size,
            "touchpoints": house.touchpoints,
            "others": sum(n for status, n in statuses.items() if status not in _GOOD),
        },
    )


# ---- a crowd


def _crowd(kept: Kept, share: float) -> list[Line]:
    seconds = max(2.0, _CROWD_S * share)
    with _house(kept, share, figures=False) as house:
        with closing(_Browser(house.port)) as first:
            first.log_in()  # once: logging in is slow on purpose, and one after the other for an account
            first.ask("GET", f"/desk/c/{house.customers[0]}")  # who comes first waits for what is kept after it
        arriving = load(house.port, house.key, batch=20, seconds=seconds, rate=_RATE / 20)
        sending = subprocess.Popen(arriving, stdout=subprocess.PIPE, cwd=_ROOT, text=True)
        stop = time.monotonic() + seconds
        taken: list[tuple[str, int, float]] = []
        threads = [
            threading.Thread(target=_colleague, args=(house, first.cookies, stop, taken, place, place < _WRITERS))
            for place in range(_WRITERS + _READERS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        sent = json.loads(sending.communicate()[0])
    return [_crowded(kept, seconds, taken, sent)]


def _colleague(
    house: _House,
    cookies: dict[str, str],
    stop: float,
    taken: list[tuple[str, int, float]],
    place: int,
    writes: bool,  # noqa: FBT001  # a thread's arguments
) -> None:
    """Look at customers, one every few seconds, as people do; who writes records a note and makes a promise."""
    with closing(_Browser(house.port, dict(cookies))) as browser:
        _looks(browser, house, random.Random(place), stop, taken, writes)


def _looks(
    browser: _Browser,
    house: _House,
    chance: random.Random,
    stop: float,
    taken: list[tuple[str, int, float]],
    writes: bool,  # noqa: FBT001  # as above
) -> None:
    # nobody begins at the same moment as all others
    time.sleep(chance.uniform(0.0, min(_PAUSE_S[1], (stop - time.monotonic()) / 2)))
    while time.monotonic() < stop:
        customer = chance.choice(house.customers)
        if writes:
            words = {"what": "note", "kind": "note", "text": "asked when the parcel comes"}
            _once(browser, taken, "write", "POST", f"/desk/c/{customer}/record", words)
        else:
            if chance.random() < 0.3:  # every third looks for somebody first
                _once(browser, taken, "read", "POST", "/desk/find", {"q": chance.choice(house.searched)})
            _once(browser, taken, "read", "GET", f"/desk/c/{customer}")
        time.sleep(chance.uniform(*_PAUSE_S))


def _once(
    browser: _Browser, taken: list[tuple[str, int, float]], what: str, method: str, path: str,
    given: dict[str, str] | None = None,
) -> None:  # fmt: skip
    browser.statuses.clear()
    began = time.perf_counter()
    browser.ask(method, path, given)
    (status,) = browser.statuses
    taken.append((what, status, 1000 * (time.perf_counter() - began)))


def _crowded(kept: Kept, seconds: float, taken: list[tuple[str, int, float]], sent: dict[str, Any]) -> Line:
    wrong = sum(status >= 400 for _, status, _ in taken) + int(sent["other"])  # HTTP's
    every = {what: sorted(ms for each, _, ms in taken if each == what) for what in ("read", "write")}
    worst = {what: ms[int(len(ms) * 0.99)] if ms else 0.0 for what, ms in every.items()}
    return Line(
        f"crowd, {kept.name}: {_READERS} read, {_WRITERS} write, {_RATE} touchpoints/s arrive",
        f"{seconds:.0f} s, {len(taken):,} requests, {int(sent['requests']) * 20:,} touchpoints",
        f"p99 {worst['read']:.0f} ms read, {worst['write']:.0f} ms written; {wrong} went wrong",
        "",
        "",
        f"{len(taken) / seconds:.1f} requests/s",
        f"0 went wrong, p99 < {_CROWD_P99:.0f} ms",
        wrong == 0 and max(worst.values()) < _CROWD_P99,
        {"wrong": wrong, "read_p99_ms": worst["read"], "write_p99_ms": worst["write"], "requests": len(taken)},
    )
