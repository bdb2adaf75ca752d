"""What was sent and what became of it, as Jepsen keeps it: each request is ok, fail or unknown, then all are checked.

Acknowledged: there exactly once. Refused by 4xx: not there. Whatever else, as 503 or a connection that broke: either.
"""

from __future__ import annotations

import http.client
import itertools
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, Self

from tests.web.server.running import Server, until

_BREATH_S = 0.02
_CUSTOMERS = 8  # touchpoints of one customer, about


@dataclass(slots=True)
class Sent:
    """One request: its touchpoints are `name-0`, `name-1` and so on."""

    name: str
    n: int
    outcome: Literal["ok", "fail", "unknown"] = "unknown"

    def ids(self) -> list[str]:
        return [f"{self.name}-{number}" for number in range(self.n)]

    def body(self, at: str) -> bytes:
        who = f"user:{self.name.rpartition('-')[0]}"
        return ("[" + ",".join(
            f'{{"touchpoint_id":"{each}","identifier":"{who}-{number % max(1, self.n // _CUSTOMERS)}",'
            f'"kind":"contact.answered","occurred_at":"{at}","wait_s":{400 if number % 3 == 0 else 5}}}'
            for number, each in enumerate(self.ids())
        ) + "]").encode()  # fmt: skip


@dataclass
class History:
    """All requests."""

    sent: list[Sent] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    without_retry_after: int = 0
    duplicates: int = 0

    def acknowledged(self) -> int:
        return sum(each.n for each in list(self.sent) if each.outcome == "ok")

    def ids(self, outcome: str) -> Iterator[str]:
        return itertools.chain.from_iterable(each.ids() for each in self.sent if each.outcome == outcome)

    def unknown(self) -> list[Sent]:
        return [each for each in self.sent if each.outcome == "unknown"]


class Load:
    """Threads that send without pause while the block runs."""

    def __init__(self, server: Server, history: History, name: str, *, threads: int = 8, batch: int = 50) -> None:
        self._server = server
        self._history = history
        self._batch = batch
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=[f"{name}-{number}"]) for number in range(threads)]

    def __enter__(self) -> Self:
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for each in self._threads:
            each.join()

    def until_acknowledged(self, n: int) -> None:
        """Wait until so many more touchpoints were acknowledged."""
        enough = self._history.acknowledged() + n
        until(lambda: self._history.acknowledged() >= enough, f"{n} touchpoints to be acknowledged")

    def until_answered(self, status: int, n: int) -> None:
        """Wait until so many more requests were answered with a status."""
        enough = self._history.statuses[status] + n
        until(lambda: self._history.statuses[status] >= enough, f"{n} answers of {status}")

    def _send(self, name: str) -> None:
        with Sender(self._server, self._history) as sender:
            for number in itertools.count():
                if self._stop.is_set():
                    return
                one = Sent(f"{name}-{number}", self._batch)
                self._history.sent.append(one)
                if not sender.send(one):
                    time.sleep(_BREATH_S)


class Sender:
    """One connection that is kept as long as the server keeps it."""

    def __init__(self, server: Server, history: History) -> None:
        self._history = history
        self._key = server.key
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def send(self, one: Sent) -> bool:
        """Send a request, note what became of it, and return whether it was acknowledged."""
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        try:
            self._connection.request("POST", "/api/v1/touchpoints", one.body(datetime.now(UTC).isoformat()), headers)
            answer = self._connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return False
        self._history.statuses[answer.status] += 1
        self._history.without_retry_after += answer.status == 503 and answer.headers["Retry-After"] is None
        one.outcome = "ok" if answer.status == 200 else "fail" if 400 <= answer.status < 500 else "unknown"
        return one.outcome == "ok"


@dataclass(frozen=True)
class Verdict:
    """What the database says to a history."""

    acknowledged: int
    lost: set[str]
    twice: set[str]
    refused_but_there: set[str]
    from_nowhere: set[str]
    miscounted: int  # by the counters of the source
    integrity: str

    @property
    def holds(self) -> bool:
        wrong = self.lost or self.twice or self.refused_but_there or self.from_nowhere or self.miscounted
        return not wrong and self.integrity == "ok"


def verdict(server: Server, history: History, *, table: str = "arrivals") -> Verdict:
    """Compare a history with the arrivals, or with the touchpoints that they became."""
    column, prefix = ("message_id", "") if table == "arrivals" else ("touchpoint_id", "shop:")
    name = "records_arrival" if table == "arrivals" else "records_touchpoint"
    there = Counter(value.removeprefix(prefix) for (value,) in server.rows(f"SELECT {column} FROM {name}"))  # noqa: S608  # names of our own
    ok, fail, unknown = (set(history.ids(outcome)) for outcome in ("ok", "fail", "unknown"))
    counted = server.rows("SELECT sum(accepted) FROM records_sourcehour")[0][0] or 0
    return Verdict(
        acknowledged=len(ok),
        lost=ok - there.keys(),
        twice={each for each, n in there.items() if n > 1},
        refused_but_there=fail & there.keys(),
        from_nowhere=there.keys() - ok - unknown,
        miscounted=int(counted) - there.total(),
        integrity="ok" if server.address else server.rows("PRAGMA integrity_check")[0][0],
    )
