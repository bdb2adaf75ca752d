"""Whatever anybody sends to the addresses for machines, they answer as described, and never with an error of theirs."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterator
from typing import Any, TypeAlias

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import ignored_auth, negative_data_rejection, positive_data_acceptance

from collage_web.ingest import sources
from collage_web.records.models import Source
from tests.web.conftest import House

Operation: TypeAlias = APIOperation[Any, Any, Any, Any]

READING = {"/api/v1/customers/{customer}", "/api/v1/who"}  # tests/web/api has those
STATUSES = {200, 400, 401, 422}  # what the cases have to reach, or they are too tame


@pytest.fixture
def operations(house: House) -> Iterator[list[Operation]]:
    """Return what the description has, with a source that may send without end."""
    Source.objects.filter(pk=house.source.pk).update(rate=1_000_000)
    sources.forget()
    for signal in (request_started, request_finished):  # the connection is in the test's transaction
        signal.disconnect(close_old_connections)
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
    every = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    yield [each for each in every if each.path not in READING]
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def tried(operation: Operation, mode: GenerationMode, key: str, bodies: int) -> Counter[int]:
    """Try an address with data that fit its description, or data that do not; return how often it gave which status."""
    known = [f"Bearer {key}", "Basic " + base64.b64encode(f"{key}:".encode()).decode()]
    keys = st.sampled_from([*known * 4, "Bearer clg_live_none", None])
    seen: Counter[int] = Counter()

    @settings(max_examples=bodies, suppress_health_check=list(HealthCheck), phases=[Phase.generate], database=None)
    @given(case=operation.as_strategy(generation_mode=mode), given_key=keys)
    def once(case: Any, given_key: str | None) -> None:
        for strict in ("0", "1") if given_key in known else ("0",):
            if operation.method == "post":
                case.query = {**(case.query or {}), "strict": strict}
            response = case.call(headers={} if given_key is None else {"Authorization": given_key})
            seen[response.status_code] += 1
            # What is wrong is no reason to refuse its neighbours: it is answered with 200 and set aside in quarantine,
            # so data beyond the description are not refused. With ?strict=1 they are, and so are some within it: a
            # year 956, a track without the name of its event. Who was let in with which key is asked below.
            off = [negative_data_rejection, ignored_auth, *([positive_data_acceptance] if strict == "1" else [])]
            case.validate_response(response, excluded_checks=off)
            assert response.status_code != 200 or operation.method == "get" or given_key in known

    once()
    return seen


def over_all(operations: list[Operation], key: str, bodies: int) -> Counter[int]:
    """Try every address; the bodies are shared out among those that take something in."""
    taking = [each for each in operations if each.method == "post"]
    seen: Counter[int] = Counter()
    for operation in taking:
        for mode in GenerationMode:
            seen += tried(operation, mode, key, -(-bodies // (2 * len(taking))))
    for operation in operations:
        if operation.method == "get":
            seen += tried(operation, GenerationMode.POSITIVE, key, 1)
    return seen


@pytest.mark.slow
def test_two_thousand_requests_are_answered_as_described_and_none_with_an_error(
    operations: list[Operation], house: House
) -> None:
    # making up a body takes longer than answering it, so each goes with ?strict=1 too
    seen = over_all(operations, house.key, 1_150)
    assert seen.total() >= 2_000, seen
    assert set(seen) == STATUSES


@pytest.mark.prove
@pytest.mark.timeout(3_600)
def test_twenty_thousand_bodies_are_answered_as_described_and_none_with_an_error(
    operations: list[Operation], house: House
) -> None:
    seen = over_all(operations, house.key, 20_000)
    assert seen.total() >= 35_000, seen
    assert set(seen) >= STATUSES


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
def test_a_method_that_is_not_described_is_refused_with_those_that_are(
    operations: list[Operation], house: House, method: str
) -> None:
    for operation in operations:
        if operation.method != method.lower():
            answer = house.client.generic(method, operation.path.replace("{route}", "track"))
            assert (answer.status_code, operation.method.upper() in answer["Allow"]) == (405, True), operation.path
            assert "405" in operation.definition.raw["responses"]
