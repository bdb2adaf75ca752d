"""What the addresses that read take and answer, as the part of the OpenAPI document that describes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from collage.tables import CONTRACTS, Column

__all__ = ["paths", "schemas"]

_REFUSALS: Final = {
    "400": "What was asked cannot be read, or an identifier stands in the address.",
    "401": "No key that reads.",
    "403": "The key of a source, which may only add.",
    "404": "Nobody of this id, or with this identifier.",
    "405": "Another method.",
    "413": "Too many bytes.",
    "429": "More than a key may ask. Ask again after Retry-After.",
    "503": "The database cannot be had just now. Ask again after Retry-After.",
}
_AGAIN: Final = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 1}}}
_EXPLAINED: Final[dict[str, dict[str, Any]]] = {
    "touchpoint_id": {"type": "string"},
    "mark": {"type": "string"},
    "occurred_at": {"type": "string", "format": "date-time"},
    "owner": {"type": ["string", "null"]},
    "channel": {"type": ["string", "null"]},
    "contribution": {"type": "number", "description": "They sum to the experience."},
    "points": {"type": "number", "description": "They sum to the index less 50."},
    "without": {"type": "number", "description": "The experience had this not happened."},
    "says": {"type": "string"},
}
_OWED: Final = ("promise_id", "kind", "department", "agent", "channel", "issue_id", "made_at", "due_at")
_PREFERRED: Final = ("channel", "language", "hours")


def paths() -> dict[str, Any]:
    """Return the addresses that read, as ``paths`` has them."""
    header = {
        "name": "Collage-Identifier",
        "in": "header",
        "required": True,
        "description": "namespace:value. It never stands in the address, where logs would keep it.",
        "schema": {"type": "string", "minLength": 3, "maxLength": 500},
    }
    body = {"required": True, "content": {"application/json": {"schema": _named("Asked")}}}
    return {
        "/api/v1/customers/{customer}": {
            "parameters": [
                {"name": "customer", "in": "path", "required": True, "schema": {"type": "string"}},
                _choice("language", "Of the sentences.", {"type": "string", "enum": ["en", "de"], "default": "en"}),
                _choice(
                    "limit", "Reasons, the largest first.",
                    {"type": "integer", "minimum": 1, "maximum": 1000, "default": 20},
                ),
            ],
            "get": _asking("readCustomer", "How a customer stands and why, and what is owed.", "Customer"),
        },
        "/api/v1/who": {
            "get": {**_asking("whoByHeader", "Which customer has an identifier.", "Who"), "parameters": [header]},
            "post": {**_asking("who", "Which customer has an identifier.", "Who"), "requestBody": body},
        },
    }  # fmt: skip


def _choice(name: str, means: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": means, "schema": schema}


def _asking(name: str, summary: str, answer: str) -> dict[str, Any]:
    refusals = {
        status: {
            "description": means,
            "content": {"application/json": {"schema": _named("Refused")}},
            **({"headers": _AGAIN} if status in {"429", "503"} else {}),
        }
        for status, means in _REFUSALS.items()
    }
    found = {"description": "Found.", "content": {"application/json": {"schema": _named(answer)}}}
    return {
        "operationId": name,
        "summary": summary,
        "security": [{"Reading": []}],
        "responses": {"200": found, **refusals},
    }


def _named(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def schemas(column: Callable[[Column], dict[str, Any]]) -> dict[str, Any]:
    """Return what they take and answer, as ``components.schemas`` has it.

    Parameters
    ----------
    column
        Gives the schema of a column of a contract.
    """
    score = {each.name: column(each) for each in CONTRACTS["scores"].columns}
    promises = {each.name: column(each) for each in CONTRACTS["promises"].columns if each.name in _OWED}
    optional = {"type": ["string", "null"]}
    return {
        "Asked": {
            "type": "object",
            "description": "One of these.",
            "properties": {
                "identifier": {**optional, "description": "namespace:value", "maxLength": 500},
                "phone": {**optional, "description": "In any spelling.", "maxLength": 490},
                "email": {**optional, "maxLength": 490},
            },
        },
        "Who": _object(
            {
                "customer": {"type": "string"},
                "state": {"type": "string", "enum": ["plain", "shared", "contested"]},
                "index": {"type": ["number", "null"], "minimum": 0, "maximum": 100},
                "up_to_date": {"type": "boolean"},
            }
        ),
        "Customer": _object(
            {
                "customer": {"type": "string"},
                "at": {"type": "string", "format": "date-time"},
                "up_to_date": {"type": "boolean", "description": "Whether what arrived two seconds before is in it."},
                "score": {"anyOf": [_object(score), {"type": "null"}]},
                "reasons": {"type": "array", "items": _object(_EXPLAINED)},
                "reasons_total": {"type": "integer", "minimum": 0},
                "promises": {"type": "array", "items": _object({**promises, "overdue": {"type": "boolean"}})},
                "preferences": {"anyOf": [_object(dict.fromkeys(_PREFERRED, optional)), {"type": "null"}]},
                "absent": _absent(),
            }
        ),
    }


def _absent() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "Why something is null.",
        "properties": {"score": {"enum": ["no_touchpoint", "objection"]}, "preferences": {"enum": ["refused"]}},
        "additionalProperties": False,
    }


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    """Return an object that has exactly these."""
    return {
        "type": "object",
        "required": list(properties),
        "properties": properties,
        "additionalProperties": False,
    }
