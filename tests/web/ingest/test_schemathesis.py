"""Whatever anybody sends to the addresses for machines, they answer as their description says, and never with an error."""

from __future__ import annotations

import base64
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
from schemathesis import APIOperation, GenerationMode
from schemathesis.specs.openapi.checks import ignored_auth, negative_data_rejection, positive_data_acceptance

from collage_web.ingest import sources
from collage_web.records.models import Source
from tests.web.conftest import House

STATUSES = {200, 400, 401, 422}  # what the cases have to reach, or they are too tame


@pytest.fixture
def operations(house: House) -> Iterator[list[APIOperation]]:
    """Return what the description has, with a source that may send without end."""
    Source.objects.update(rate=1_000_000)
    sources.forget()
    for signal in (request_started, request_finished):  # the connection is in the test's transaction
        signal.disconnect(close_old_connections)
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
    yield [result.ok() for result in schema.get_all_operations()]
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def tried(operation: APIOperation, mode: GenerationMode, key: str, cases: int) -> Counter[int]:
    """Try an address with data that fit its description, or data that do not; return how often it gave which status."""
    basic = "Basic " + base64.b64encode(f"{key}:".encode()).decode()
    keys = st.sampled_from([f"Bearer {key}", f"Bearer {key}", basic, basic, "Bearer clg_live_none", None])
    seen: Counter[int] = Counter()

    @settings(max_examples=cases, suppress_health_check=list(HealthCheck), phases=[Phase.generate], database=None)
    @given(case=operation.as_strategy(generation_mode=mode), given_key=keys, strict=st.booleans())
    def once(case: Any, given_key: str | None, strict: bool) -> None:  # noqa: FBT001  # Hypothesis names it
        if strict:
            case.query = {**(case.query or {}), "strict": "1"}
        response = case.call(headers={} if given_key is None else {"Authorization": given_key})
        seen[response.status_code] += 1
        # What is wrong is no reason to refuse its neighbours: it is answered with 200 and set aside in quarantine, so
        # data beyond the description are not refused. With ?strict=1 they are, and so are some within it: a year 956,
        # a track without a name of its event. Who was let in with which key is asked below.
        off = [negative_data_rejection, ignored_auth, *([positive_data_acceptance] if strict else [])]
        case.validate_response(response, excluded_checks=off)
        assert response.status_code != 200 or not operation.path.startswith(("/v1", "/api")) or is_known(given_key)

    def is_known(given_key: str | None) -> bool:
        return given_key is not None and not given_key.endswith("none")

    once()
    return seen


def over_all(operations: list[APIOperation], key: str, cases: int) -> Counter[int]:
    """Try every address; the cases are for those that take something in."""
    seen: Counter[int] = Counter()
    for operation in operations:
        if operation.method == "get":
            seen += tried(operation, GenerationMode.POSITIVE, key, 1)
            continue
        for mode in GenerationMode:
            seen += tried(operation, mode, key, -(-cases // 6))
    return seen


@pytest.mark.slow
def test_two_thousand_cases_are_answered_as_described_and_none_with_an_error(
    operations: list[APIOperation], house: House
) -> None:
    seen = over_all(operations, house.key, 2_000)
    assert seen.total() >= 2_000, seen
    assert set(seen) >= STATUSES


@pytest.mark.prove
@pytest.mark.timeout(3_600)
def test_twenty_thousand_cases_are_answered_as_described_and_none_with_an_error(
    operations: list[APIOperation], house: House
) -> None:
    seen = over_all(operations, house.key, 20_000)
    assert seen.total() >= 20_000, seen
    assert set(seen) >= STATUSES


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
def test_a_method_that_is_not_described_is_refused_with_those_that_are(
    operations: list[APIOperation], house: House, method: str
) -> None:
    for operation in operations:
        if operation.method != method.lower():
            answer = house.client.generic(method, operation.path.replace("{route}", "track"))
            assert (answer.status_code, operation.method.upper() in answer["Allow"]) == (405, True), operation.path
            assert "405" in operation.definition.raw["responses"]
