"""From what happened to what the records say of it: tables by the contracts, with the faults that records have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collage.simulate.blocks import Company
from collage.simulate.columns import by_contract, coded, digits, measured, moments, numbered
from collage.simulate.identifying import identified, names
from collage.simulate.promised import NEVER, OUTCOMES_OF_PROMISES, PROMISES
from collage.simulate.rows import (
    CHANNELS,
    DAY,
    DEPARTMENTS,
    KINDS,
    NOBODY,
    OUTCOMES,
    SECOND,
    SITES,
    TIERS,
    Whole,
)
from collage.simulate.sentences import TEXTS

__all__ = ["Recorded", "agents", "promises", "recorded"]

_SOURCES: Final = {
    "phone": "phone",
    "chat": "phone",
    "email": "mail",
    "web": "shop",
    "app": "shop",
    "store": "shop",
    "post": "parcels",
    "product": "devices",
}
_SOURCE_NAMES: Final = ("phone", "mail", "shop", "parcels", "devices")
_USUALLY_S: Final = 20.0  # until a record is received


@dataclass(frozen=True, slots=True)
class Recorded:
    """The touchpoints as the records have them, and what only the truth knows of each: row by row the same.

    `department` is the true one, `copies` how often the record came; a record that came twice is one row.
    """

    touchpoints: pa.Table
    department: pa.Array
    copies: Whole


def recorded(rng: np.random.Generator, company: Company) -> Recorded:
    """Return the touchpoints of a company as its records have them."""
    made, records = company.made, company.causes.records
    n = made["at"].size
    columns = {name: made[name].astype(np.int64) for name in made if name not in {"wait_s", "duration_s", "late_s"}}
    source = np.array([_SOURCE_NAMES.index(_SOURCES[name]) for name in CHANNELS])[columns["channel"]]
    skewed = np.where(source == _SOURCE_NAMES.index("parcels"), int(records.skew_s * SECOND), 0)
    at = np.minimum(columns["at"] + skewed, company.span.end - 1)
    lost = rng.random(n) < records.no_department_share
    kind = identified(rng, company, columns["customer"], columns["channel"], columns["identifier"])
    department = coded(columns["department"], DEPARTMENTS)
    table = by_contract(
        "touchpoints",
        {
            "touchpoint_id": pc.binary_join_element_wise(_texts(source, _SOURCE_NAMES), digits(np.arange(n)), ":"),
            "identifier": names(kind, columns["customer"]),
            "occurred_at": moments(at),
            "received_at": moments(_received(rng, company, columns["at"])),
            "source": coded(source, _SOURCE_NAMES),
            "kind": coded(columns["kind"], KINDS),
            "channel": coded(columns["channel"], CHANNELS),
            "department": coded(np.where(lost, NOBODY, columns["department"]), DEPARTMENTS),
            "site": coded(columns["site"], SITES),
            "agent": coded(np.where(lost, NOBODY, columns["agent"]), agents(company)),
            "issue_id": numbered("issue", columns["issue"]),
            "contact_id": numbered("contact", columns["contact"]),
            **{name: measured(made[name].astype(np.float64)) for name in ("wait_s", "duration_s", "late_s")},
            "amount": pa.array(columns["amount"], mask=columns["amount"] == NOBODY),
            "currency": coded(np.where(columns["amount"] == NOBODY, NOBODY, 0), ("EUR",)),
            "outcome": coded(columns["outcome"], OUTCOMES),
            "text": coded(columns["text"], TEXTS),
            "properties": _tiers(company, columns["kind"], columns["customer"]),
        },
    )
    return Recorded(table, department, 1 + (rng.random(n) < records.repeated_share).astype(np.int64))


def promises(company: Company) -> pa.Table:
    """Return the promises by their contract, in order of time."""
    order = np.lexsort((company.promises.customer, company.promises.made))
    told = company.promises.some(order)
    kind = np.zeros_like(told.customer)
    return by_contract(
        "promises",
        {
            "promise_id": digits(np.arange(order.size)),
            "identifier": names(kind, told.customer),
            "kind": coded(told.kind, PROMISES),
            "department": coded(told.department, DEPARTMENTS),
            "agent": coded(told.agent, agents(company)),
            "channel": coded(told.channel, CHANNELS),
            "issue_id": numbered("issue", told.issue),
            "made_at": moments(told.made),
            "due_at": moments(told.due),
            "settled_at": moments(told.settled, missing=told.settled == NEVER),
            "outcome": coded(told.outcome, OUTCOMES_OF_PROMISES),
        },
    )


def agents(company: Company) -> tuple[str, ...]:
    """Return what the agents are called, one after the other: ``care-01``."""
    each = range(1, company.staff.each + 1)
    return tuple(f"{department.lower()}-{number:02}" for department in DEPARTMENTS for number in each)


def _texts(numbers: Whole, words: Sequence[str]) -> pa.Array:
    return coded(numbers, words).cast(pa.string())


def _received(rng: np.random.Generator, company: Company, at: Whole) -> Whole:
    """Return when records came: most at once, some days later, none after the end."""
    records, n = company.causes.records, at.size
    late = rng.random(n) < records.late_share
    soon = (rng.exponential(_USUALLY_S, n) * SECOND).astype(np.int64)
    later = (rng.random(n) * records.late_days * DAY).astype(np.int64)
    return np.minimum(at + np.where(late, later, soon), company.span.end - 1)


def _tiers(company: Company, kind: Whole, customer: Whole) -> pa.Array:
    """Return what the shop knows of a customer's tier, said with each order."""
    order = kind == KINDS.index("order.placed")
    return coded(np.where(order, company.people.tier[customer], NOBODY), [f'{{"tier": "{tier}"}}' for tier in TIERS])
