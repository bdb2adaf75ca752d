"""The description of the addresses for machines agrees with what they do."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest

from collage.tables import CONTRACTS
from collage_web.ingest.openapi import schema
from collage_web.ingest.segment import BATCHES, ROUTES

SOUND: dict[str, Any] = {
    "touchpoint_id": "shop:1",
    "identifier": "user:4711",
    "kind": "order.placed",
    "occurred_at": "2026-11-01T11:00:00Z",
}


def validator(name: str) -> jsonschema_rs.Validator:
    parts = {"components": schema()["components"]}
    return jsonschema_rs.validator_for({"$ref": f"#/components/schemas/{name}", **parts}, validate_formats=True)


def test_the_document_is_plain_json_and_every_reference_leads_somewhere() -> None:
    text = json.dumps(schema())
    document = json.loads(text)
    assert document == schema()
    assert document["openapi"].startswith("3.1")
    for part in text.split('"$ref": "#/components/schemas/')[1:]:
        assert part.split('"')[0] in document["components"]["schemas"]


def test_every_schema_in_it_is_one() -> None:
    for name, part in schema()["components"]["schemas"].items():
        jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **part})
        validator(name)


def test_every_address_for_machines_is_described_with_its_refusals() -> None:
    paths = schema()["paths"]
    taking = ["/api/v1/touchpoints", *(f"/v1/{batch}" for batch in BATCHES), "/v1/{route}"]
    reading = ["/api/v1/customers/{customer}", "/api/v1/who"]
    assert list(paths) == [*taking, *reading, "/healthz", "/readyz", "/version"]
    for path in taking:
        statuses = set(paths[path]["post"]["responses"])
        assert statuses == {"200", "400", "401", "403", "405", "413", "415", "422", "429", "503"}
    (route,) = paths["/v1/{route}"]["parameters"]
    assert {*route["schema"]["enum"], *BATCHES} == set(ROUTES)


def test_a_touchpoint_is_described_by_every_column_of_its_contract() -> None:
    touchpoint = schema()["components"]["schemas"]["Touchpoint"]
    contract = CONTRACTS["touchpoints"]
    assert list(touchpoint["properties"]) == list(contract.names)
    assert touchpoint["required"] == ["touchpoint_id", "identifier", "occurred_at", "kind"]
    assert touchpoint["properties"]["severity"]["maximum"] == 3
    for column in contract.columns:
        assert ("null" in touchpoint["properties"][column.name]["type"]) is not column.required


@pytest.mark.parametrize(
    ("change", "valid"),
    [
        ({}, True),
        ({"wait_s": None, "amount": 1200, "currency": "EUR", "properties": {"a": 1}, "more": [1]}, True),
        ({"properties": '{"a": 1}'}, True),
        ({"kind": None}, False),
        ({"kind": "Order Placed"}, False),
        ({"identifier": "4711"}, False),
        ({"wait_s": -1}, False),
        ({"severity": 3.5}, False),
        ({"amount": 1.5}, False),
        ({"currency": "eur"}, False),
        ({"occurred_at": "yesterday"}, False),
        ({"properties": []}, False),
    ],
)
def test_the_schema_of_a_touchpoint_asks_what_the_contract_asks(change: dict[str, Any], valid: bool) -> None:  # noqa: FBT001  # a column of the table above
    assert validator("Touchpoint").is_valid({**SOUND, **change}) is valid


def test_events_of_real_libraries_fit_their_schema() -> None:
    event = {"type": "track", "event": "e", "userId": 7, "anonymousId": None, "messageId": "m", "timestamp": 1, "x": 1}
    assert validator("Batch").is_valid({"batch": [event], "sentAt": "2026-11-01T11:00:00Z", "writeKey": "k"})
    assert not validator("Batch").is_valid({"batch": event})
