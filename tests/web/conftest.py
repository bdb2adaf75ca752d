"""What tests of the web may ask for: a database, a clock that stands still, sources, the digest."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from collage_web.actions import sourcing
from collage_web.actions.deriving import NAME, derive
from collage_web.actions.digesting import digest
from collage_web.actions.leasing import turn
from collage_web.records.models import Source

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


@dataclass
class House:
    """The open house as a test sees it: it sends, it digests, and the clock is the test's."""

    client: Client
    source: Source
    key: str
    now: datetime = NOW
    chance: random.Random = field(default_factory=lambda: random.Random(7))

    def clock(self) -> datetime:
        return self.now

    def send(self, *touchpoints: dict[str, Any]) -> dict[str, Any]:
        """Send touchpoints to the native API and return the answer."""
        answer = self.client.post(
            "/api/v1/touchpoints",
            json.dumps(list(touchpoints)),
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.key}"},
        )
        assert answer.status_code == 200, answer.content
        return dict(answer.json())

    def digest(self) -> int:
        """Digest and derive until nothing is left; return how many arrivals there were."""
        taken = 0
        with turn(NAME, clock=self.clock) as mine:
            while n := digest(mine):
                taken += n
            while derive(mine, chance=self.chance):
                pass
        return taken


@pytest.fixture
def new_key() -> Callable[[], str]:
    numbers = iter(range(1_000_000))
    return lambda: f"clg_live_{next(numbers):048d}"


@pytest.fixture
def house(db: None, client: Client, new_key: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> House:  # noqa: ARG001  # db: pytest-django's, for what it does
    """A house with a native source; what arrives is stored within the test's own transaction."""
    from collage_web.actions import receiving
    from collage_web.ingest import sources

    class Here:
        def store(self, batch: receiving.Batch) -> receiving.Outcome:
            return receiving.stored([receiving.prepared(batch)])[0]

    monkeypatch.setattr(receiving, "_writer", Here)  # a thread would not see a test's transaction
    sources.forget()
    source, key = sourcing.create("till", "native", by=None, now=NOW, new_key=new_key)
    return House(client, source, key)


def touchpoint(number: int | str, identifier: str, kind: str = "contact.answered", **more: Any) -> dict[str, Any]:
    """Return a touchpoint as a client would send it; `days` ago."""
    days = more.pop("days", 1.0)
    at = (NOW - timedelta(days=days)).isoformat()
    return {"touchpoint_id": str(number), "identifier": identifier, "kind": kind, "occurred_at": at, **more}


def values(rows: Sequence[Any]) -> list[Any]:
    """Return what stands in rows of one column."""
    return [value for (value,) in rows]
