"""What the addresses for machines take and answer, as an OpenAPI 3.1 document; touchpoints as their contract says."""

from __future__ import annotations

from typing import Any, Final

from collage import __version__
from collage.tables import CONTRACTS, Column, expected
from collage_web.ingest import openapi_reading
from collage_web.ingest.native import LONGEST_ID
from collage_web.ingest.segment import BATCHES, ROUTES, TYPES

__all__ = ["schema"]

_TYPES: Final[dict[str, dict[str, Any]]] = {
    "string": {"type": "string"},
    "timestamp": {"type": "string", "format": "date-time"},
    "double": {"type": "number"},
    "int64": {"type": "integer", "format": "int64"},
    "bool": {"type": "boolean"},
}
_ID: Final = {"type": ["string", "number", "null"]}
_TIME: Final = {
    "type": ["string", "number", "null"],
    "description": "ISO 8601 (no offset: UTC), or seconds or milliseconds since 1970.",
}
_STRICT: Final = {
    "name": "strict",
    "in": "query",
    "required": False,
    "description": "With 1, anything that would go to quarantine has the whole request refused with 422.",
    "schema": {"type": "string", "enum": ["0", "1"]},
}
_REFUSALS: Final = {
    "400": "No JSON, JSON of another shape, too deep, or packed in a damaged way. Do not send it again.",
    "401": "No key, or one that no source has.",
    "403": "The source takes nothing from web pages of this origin.",
    "405": "Another method than POST.",
    "413": "Too many bytes, before or after unpacking.",
    "415": "A Content-Encoding other than gzip, deflate and identity.",
    "422": "Only with strict=1: something has a fault; nothing was stored.",
    "429": "More than the source may send. Send again after Retry-After.",
    "503": "Nothing could be stored just now. Send again after Retry-After.",
}
_AGAIN: Final = {
    "Retry-After": {"description": "Seconds, at most 300.", "schema": {"type": "integer", "minimum": 1, "maximum": 300}}
}


def schema() -> dict[str, Any]:
    """Return the document.

    Returns
    -------
    dict
        OpenAPI 3.1, ready to be written as JSON.
    """
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Collage",
            "version": __version__,
            "description": "Touchpoints in: what was answered with 200 is stored. Customers out.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"Basic": []}, {"Bearer": []}],
        "paths": _paths(),
        "components": {
            "securitySchemes": {
                "Basic": {"type": "http", "scheme": "basic", "description": "The key as user, an empty password."},
                "Bearer": {"type": "http", "scheme": "bearer", "description": "The key."},
                "Reading": {"type": "http", "scheme": "bearer", "description": "A key that reads."},
            },
            "schemas": {
                "Touchpoint": _touchpoint(),
                "Event": _event(),
                "Batch": _batch(),
                "Taken": _taken(),
                "Refused": _refused(),
                "Faulty": _faulty(),
                **openapi_reading.schemas(_column),
            },
        },
    }


def _paths() -> dict[str, Any]:
    touchpoint, event, batch = (_named(name) for name in ("Touchpoint", "Event", "Batch"))
    listed = {"type": "array", "items": touchpoint}
    wrapped = {"type": "object", "required": ["touchpoints"], "properties": {"touchpoints": listed}}
    route = {
        "name": "route",
        "in": "path",
        "required": True,
        "description": "The type of the event, or its first letter.",
        "schema": {"type": "string", "enum": [name for name in ROUTES if name not in BATCHES]},
    }
    return {
        "/api/v1/touchpoints": {
            "post": _taking("sendTouchpoints", "Touchpoints by our contract.", [touchpoint, listed, wrapped]),
        },
        **{
            f"/v1/{name}": {
                "post": _taking(f"send{name.capitalize()}", "Events as Segment's libraries send them.", [batch])
            }
            for name in BATCHES
        },
        "/v1/{route}": {
            "parameters": [route],
            "post": _taking("sendEvent", "One event as Segment's libraries send it.", [event]),
        },
        **openapi_reading.paths(),
        "/healthz": {"get": _telling("isAlive", "Whether the process answers.", ["200"])},
        "/readyz": {"get": _telling("isReady", "Whether it can store what arrives.", ["200", "503"])},
        "/version": {"get": _telling("version", "Which version it is.", ["200"])},
    }


def _taking(name: str, summary: str, bodies: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the description of an address that takes something in."""
    body = bodies[0] if len(bodies) == 1 else {"anyOf": bodies}
    refusals = {
        status: {
            "description": means,
            "content": {"application/json": {"schema": _named("Faulty" if status == "422" else "Refused")}},
            **({"headers": _AGAIN} if status in {"429", "503"} else {}),
        }
        for status, means in _REFUSALS.items()
    }
    return {
        "operationId": name,
        "summary": summary,
        "parameters": [_STRICT],
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {
            "200": {
                "description": "All is stored; what has a fault in quarantine, beside the others.",
                "content": {"application/json": {"schema": _named("Taken")}},
            },
            **refusals,
        },
    }


def _telling(name: str, summary: str, statuses: list[str]) -> dict[str, Any]:
    """Return the description of an address that tells something about the server; it asks for no key."""
    means = {"200": "Yes.", "405": "Another method than GET and HEAD.", "503": "Not now."}
    responses = {status: {"description": means[status]} for status in sorted([*statuses, "405"])}
    return {"operationId": name, "summary": summary, "security": [], "responses": responses}


def _named(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _touchpoint() -> dict[str, Any]:
    contract = CONTRACTS["touchpoints"]
    properties = {column.name: _column(column) for column in contract.columns}
    properties["touchpoint_id"]["maxLength"] = LONGEST_ID
    properties["received_at"]["readOnly"] = True  # we say it, not the sender
    return {
        "type": "object",
        "description": f"{contract.means.capitalize()}. What has no column of its own goes to `properties`.",
        "required": [column.name for column in contract.columns if column.required],
        "properties": properties,
        "additionalProperties": True,
    }


def _column(column: Column) -> dict[str, Any]:
    """Return the schema of one column; null is allowed where the contract gives it a meaning."""
    said: dict[str, Any] = {**_TYPES[column.type], "description": f"{column.means} ({expected(column)})"}
    names = [said["type"]]
    if column.json:
        names.insert(0, column.json)  # as it is, or written as a text like in the table
    if not column.required:
        names.append("null")
    said["type"] = names if len(names) > 1 else names[0]
    bounds = {"minimum": column.low, "maximum": column.high, "pattern": column.pattern}
    said |= {name: bound for name, bound in bounds.items() if bound is not None}
    if column.values:
        said["enum"] = [*column.values, *([] if column.required else [None])]
    return said


def _event() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "userId or anonymousId must be known; track needs event, group groupId, alias previousId.",
        "properties": {
            "type": {"type": ["string", "null"], "enum": [*TYPES, None]},
            "messageId": {**_ID, "description": "Sent twice, it counts once. At most 100 characters."},
            **dict.fromkeys(("userId", "anonymousId", "previousId", "groupId"), _ID),
            "event": {"type": ["string", "null"]},
            **dict.fromkeys(("timestamp", "originalTimestamp", "sentAt"), _TIME),
            **{name: {"type": ["object", "null"]} for name in ("context", "properties", "traits", "integrations")},
        },
        "additionalProperties": True,
    }


def _batch() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["batch"],
        "properties": {
            "batch": {"type": "array", "items": _named("Event")},
            "sentAt": _TIME,
            "context": {"type": ["object", "null"], "description": "Holds for each event; an event's own entry wins."},
            "writeKey": {"type": ["string", "null"], "description": "The key, where no header brings it."},
        },
        "additionalProperties": True,
    }


def _taken() -> dict[str, Any]:
    counted = {name: {"type": "integer", "minimum": 0} for name in ("accepted", "duplicate", "quarantined", "refused")}
    return {
        "type": "object",
        "required": ["success"],
        "properties": {"success": {"const": True}, **counted},
        "additionalProperties": True,
    }


def _refused() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["code", "message"],
        "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
    }


def _faulty() -> dict[str, Any]:
    error = {
        "type": "object",
        "required": ["index", "column", "reason"],
        "properties": {
            "index": {"type": "integer", "minimum": 0, "description": "Its place in the request, from 0."},
            "column": {"type": "string", "description": "The field; empty: the whole."},
            "reason": {"type": "string"},
        },
    }
    said = _refused()
    return {
        **said,
        "required": [*said["required"], "errors"],
        "properties": {**said["properties"], "errors": {"type": "array", "items": error}},
    }
