"""Whatever anybody asks the addresses that read, they answer as described, and never with an error of theirs."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import ignored_auth, negative_data_rejection, positive_data_acceptance

from collage_web.actions import keying
from collage_web.api import keys
from collage_web.records.keys import new_read_key
from collage_web.records.models import Identifier
from tests.web.conftest import NOW, House, touchpoint
from tests.web.ingest.test_schemathesis import READING


@pytest.fixture
def operations(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    house.send(touchpoint(1, "user:1", wait_s=700))
    house.digest()
    Identifier.objects.update(customer="0")  # an id that is guessed now and then
    monkeypatch.setattr(keys, "MOST_PER_S", 1_000_000)
    for signal in (request_started, request_finished):  # the connection is in the test's transaction
        signal.disconnect(close_old_connections)
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
    every = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    yield [each for each in every if each.path in READING]
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def asked(operation: Any, mode: GenerationMode, key: str, n: int) -> Counter[int]:
    seen: Counter[int] = Counter()
    given_keys = st.sampled_from([f"Bearer {key}"] * 6 + ["Bearer clr_live_none", None])

    @settings(max_examples=n, suppress_health_check=list(HealthCheck), phases=[Phase.generate], database=None)
    @given(case=operation.as_strategy(generation_mode=mode), with_key=given_keys)
    def once(case: Any, with_key: str | None) -> None:
        response = case.call(headers={} if with_key is None else {"Authorization": with_key})
        seen[response.status_code] += 1
        # what an identifier looks like is said in words, so some texts that the description allows are refused
        off = [negative_data_rejection, ignored_auth, positive_data_acceptance]
        case.validate_response(response, excluded_checks=off)
        assert response.status_code != 200 or with_key == f"Bearer {key}"

    once()
    return seen


@pytest.mark.slow
def test_hundreds_of_requests_are_answered_as_described_and_none_with_an_error(operations: list[Any]) -> None:
    _, key = keying.create("fuzz", by=None, now=NOW, new_key=lambda: new_read_key(random.Random(3).randbytes))
    seen: Counter[int] = Counter()
    assert len(operations) == 3
    for operation in operations:
        for mode in GenerationMode:
            seen += asked(operation, mode, key, 100)
    assert seen.total() >= 300
    assert set(seen) <= {200, 400, 401, 404, 413}
    assert {400, 401, 404} <= set(seen)
