"""What machines are answered: keys, limits, refusals, what is counted."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from collage_web.actions import sourcing
from collage_web.actions.receiving import StorageError
from collage_web.ingest import sources
from collage_web.records.models import Arrival, Source, SourceHour, Touchpoint
from tests.web.conftest import NOW, House, touchpoint

EVENT = {"type": "track", "event": "Order Completed", "userId": "1", "messageId": "m1"}


@pytest.fixture
def shop(house: House, new_key: Callable[[], str]) -> tuple[Source, str]:  # noqa: ARG001  # for its database
    return sourcing.create("shop", "segment", by=None, now=NOW, new_key=new_key)


def post(client: Client, path: str, body: Any, **headers: str) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(path, raw, content_type="text/plain", headers=headers)


def basic(key: str) -> str:
    return "Basic " + base64.b64encode(f"{key}:".encode()).decode()


def counted(source: Source) -> list[int]:
    rows = SourceHour.objects.filter(source=source).values_list("accepted", "duplicate", "quarantined", "refused")
    return [sum(column) for column in zip(*rows, strict=True)]


@pytest.mark.parametrize("way", ["basic", "bearer", "body", "address"])
def test_a_key_comes_in_a_header_in_the_body_or_in_the_address(
    client: Client, shop: tuple[Source, str], way: str
) -> None:
    key = shop[1]
    headers = {"basic": {"Authorization": basic(key)}, "bearer": {"Authorization": f"Bearer {key}"}}.get(way, {})
    body = {**EVENT, "writeKey": key} if way == "body" else EVENT
    answer = post(client, f"/v1/track?writeKey={key}" if way == "address" else "/v1/track", body, **headers)
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert key not in Arrival.objects.get().body


def test_an_event_by_hand_becomes_a_touchpoint_though_it_has_neither_an_id_nor_a_time(
    house: House, shop: tuple[Source, str]
) -> None:
    post(house.client, "/v1/track", {"userId": "4711", "event": "contact.answered"}, Authorization=basic(shop[1]))
    house.now = datetime.now(UTC)  # the view's clock is the real one
    house.digest()
    made = Touchpoint.objects.get()
    assert (made.identifier, made.kind) == ("user:4711", "contact.answered")
    assert made.touchpoint_id.startswith("shop:collage-")


@pytest.mark.parametrize("key", ["", "clg_live_nobody"])
def test_without_a_key_that_is_known_nothing_is_stored(client: Client, shop: tuple[Source, str], key: str) -> None:  # noqa: ARG001  # there is a source
    answer = post(client, "/v1/track", EVENT, Authorization=basic(key))
    assert (answer.status_code, answer.json()["code"]) == (401, "unknown_key")
    assert not Arrival.objects.exists()


def test_a_gzipped_body_is_read_whatever_it_is_called(client: Client, shop: tuple[Source, str]) -> None:
    packed = gzip.compress(json.dumps({"batch": [EVENT]}).encode())
    answer = client.post(
        "/v1/batch", packed, content_type="application/x-www-form-urlencoded", headers={"Authorization": basic(shop[1])}
    )
    assert answer.status_code == 200
    assert Arrival.objects.get().message_id == "m1"


def test_pages_of_other_origins_than_the_source_allows_are_refused(client: Client, shop: tuple[Source, str]) -> None:
    source, key = shop
    Source.objects.filter(id=source.pk).update(origins="https://shop.example")
    for origin, status in (("https://shop.example", 200), ("https://other.example", 403)):
        answer = post(client, "/v1/t", EVENT, Authorization=basic(key), Origin=origin)
        assert answer.status_code == status
        assert answer["Access-Control-Allow-Origin"] == origin
    asked = client.options("/v1/t", headers={"Origin": "https://shop.example"})
    assert asked.status_code == 204
    assert "authorization" in asked["Access-Control-Allow-Headers"]


def test_who_sends_too_often_is_told_when_to_come_again(client: Client, shop: tuple[Source, str]) -> None:
    source, key = shop
    Source.objects.filter(id=source.pk).update(rate=1)
    answers = [post(client, "/v1/track", EVENT, Authorization=basic(key)) for _ in range(7)]
    assert [each.status_code for each in answers] == [*[200] * 5, 429, 429]
    assert 1 <= int(answers[-1]["Retry-After"]) <= 300


def test_what_is_refused_is_counted_for_its_source(client: Client, shop: tuple[Source, str]) -> None:
    source, key = shop
    answer = post(client, "/v1/batch", b"{no json", Authorization=basic(key))
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_json")
    post(client, "/v1/track", EVENT, Authorization=basic(key))
    assert counted(source) == [1, 0, 0, 1]


def test_whoever_writes_a_client_is_told_by_strict_what_is_wrong_and_nothing_is_stored(
    client: Client, shop: tuple[Source, str]
) -> None:
    batch = {"batch": [EVENT, {"type": "track", "userId": "1"}]}
    answer = post(client, "/v1/batch?strict=1", batch, Authorization=basic(shop[1]))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["index"] == 1
    assert not Arrival.objects.exists()
    assert post(client, "/v1/batch", batch, Authorization=basic(shop[1])).status_code == 200
    assert Arrival.objects.count() == 2


def test_a_picture_is_given_whatever_happens_and_its_event_is_stored(client: Client, shop: tuple[Source, str]) -> None:
    data = base64.urlsafe_b64encode(json.dumps({**EVENT, "writeKey": shop[1]}).encode()).decode().rstrip("=")
    for given, stored in (("nothing", 0), (data, 1)):
        answer: HttpResponse = client.get("/v1/pixel/track", {"data": given})  # type: ignore[assignment]  # a test's response is one
        assert (answer.status_code, answer["Content-Type"]) == (200, "image/gif")
        assert Arrival.objects.count() == stored


def test_what_cannot_be_stored_is_told_so_and_may_come_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: object) -> None:
        raise StorageError("disk")

    monkeypatch.setattr("collage_web.ingest.views.receive", full)
    answer = post(house.client, "/api/v1/touchpoints", [touchpoint(1, "user:1")], Authorization=f"Bearer {house.key}")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


def test_an_address_says_which_methods_it_takes(client: Client) -> None:
    answer = client.get("/v1/track")
    assert (answer.status_code, answer["Allow"]) == (405, "POST")


def test_browser_libraries_get_what_they_ask_before_they_start(client: Client) -> None:
    told = client.get("/v1/projects/clg_live_1/settings").json()
    own = {"apiKey": "clg_live_1", "apiHost": "testserver/v1", "protocol": "http"}
    assert told == {"integrations": {"Segment.io": own}, "metrics": {"sampleRate": 0, "host": "testserver/v1"}}
    assert client.get("/sourceConfig/?writeKey=clg_live_1").json()["source"]["enabled"] is True


def test_the_server_says_how_it_is(house: House, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    house.send(touchpoint(1, "user:1"))
    ready = house.client.get("/readyz").json()
    assert (ready["ready"], ready["waiting"]) == (True, 1)
    assert house.client.get("/healthz").json() == {"alive": True}
    assert set(house.client.get("/version").json()) == {"version"}
    assert b'collage_arrivals_total{became="accepted",source="till"}' in house.client.get("/metrics").content
    assert house.client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 403
    monkeypatch.setenv("COLLAGE_METRICS_TOKEN", "told to the watcher")
    assert house.client.get("/metrics").status_code == 403
    assert house.client.get("/metrics", headers={"Authorization": "Bearer told to the watcher"}).status_code == 200
    assert settings.DEBUG is False
    sources.forget()
