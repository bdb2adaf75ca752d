"""The maps that are measured, by name."""

from __future__ import annotations

from collage.reading import Map, parse_map

__all__ = ["MAPS"]

_ONE_EMIT = """
name = "helpline"
{table}
[[rows]]
[[rows.emit]]
into = "touchpoints"
touchpoint_id = "{{call}}"
identifier = "user:{{customer}}"
occurred_at = "{{queued}}"
channel = "phone"
department = "{{desk}}"
agent = "{{agent}}"
wait_s = "{{wait}}"
text = "{{note}}"
kind.value = "{{outcome}}"
kind.map.ANSWERED = "contact.answered"
kind.map.ABANDONED = "contact.abandoned"
kind.map.TRANSFERRED = "handover.transferred"
"""

_TWO_EMITS = """
name = "helpline"
zone = "Europe/Berlin"
times = ["%Y-%m-%d %H:%M:%S"]

[[rows]]
[rows.common]
identifier = "user:{customer}"
contact_id = "{call}"
channel = "phone"
department = "{desk}"
agent = "{agent}"

[[rows.emit]]
into = "touchpoints"
touchpoint_id = "{call}.queued"
occurred_at = "{queued}"
kind = "contact.queued"
properties = { desk = "{desk}", ended = "{ended}" }

[[rows.emit]]
into = "touchpoints"
when = { outcome = ["ANSWERED", "TRANSFERRED"] }
touchpoint_id = "{call}.met"
occurred_at = "{ended}"
kind = { when = { outcome = "ANSWERED" }, then = "contact.answered", else = "handover.transferred" }
wait_s = { seconds_from = "{queued}", to = "{ended}" }
duration_s = "{wait}"
text = "{note}"
"""

_LOG = """
name = "log"

[[rows]]
key = ["case:concept:name"]
order = [{ time = "{time:timestamp}" }]

[rows.derive]
n = { row_number = true }

[[rows.emit]]
into = "touchpoints"
touchpoint_id = "{case:concept:name}.{n}"
identifier = "user:{customer}"
occurred_at = "{time:timestamp}"
kind = { value = "{concept:name}", map = { "step 0" = "order.placed" }, other = { is = "work.completed" } }
agent = "{attribute0}"
text = "{attribute1}"
properties = { second = "{attribute2}", third = "{attribute3}" }
"""


def _map(text: str) -> Map:
    return parse_map(text, file="bench")


MAPS = {
    "one emit": _map(_ONE_EMIT.format(table="")),
    "one emit, slow reader": _map(_ONE_EMIT.format(table='[tables.rows]\nencoding = "cp1252"')),
    "two emits, a zone": _map(_TWO_EMITS),
    "log": _map(_LOG),
}
