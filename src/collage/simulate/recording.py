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
_MEASURES: Final = ("wait_s", "duration_s", "late_s")
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
    told = {name: made[name].astype(np.int64) for name in made if name not in _MEASURES}
    source = np.array([_SOURCE_NAMES.index(_SOURCES[name]) for name in CHANNELS])[told["channel"]]
    skewed = np.where(source == _SOURCE_NAMES.index("parcels"), int(records.skew_s * SECOND), 0)
    lost = rng.random(n) < records.no_department_share
    kind = identified(rng, company, told["customer"], told["channel"], told["identifier"])
    department = coded(told["department"], DEPARTMENTS)
    known = {**told, "department": np.where(lost, NOBODY, told["department"])}
    known["agent"] = np.where(lost, NOBODY, told["agent"])
    columns = {
        "touchpoint_id": pc.binary_join_element_wise(_texts(source, _SOURCE_NAMES), digits(np.arange(n)), ":"),
        "identifier": names(kind, told["customer"]),
        "occurred_at": moments(np.minimum(told["at"] + skewed, company.span.end - 1)),
        "received_at": moments(_received(rng, company, told["at"])),
        "source": coded(source, _SOURCE_NAMES),
        **_told(company, known),
        **{name: measured(made[name].astype(np.float64)) for name in _MEASURES},
    }
    copies = 1 + (rng.random(n) < records.repeated_share).astype(np.int64)
    return Recorded(by_contract("touchpoints", columns), department, copies)


def _told(company: Company, known: dict[str, Whole]) -> dict[str, pa.Array]:
    """Return what the records say of what happened, in words."""
    free = known["amount"] == NOBODY
    return {
        "kind": coded(known["kind"], KINDS),
        "channel": coded(known["channel"], CHANNELS),
        "department": coded(known["department"], DEPARTMENTS),
        "site": coded(known["site"], SITES),
        "agent": coded(known["agent"], agents(company)),
        "issue_id": numbered("issue", known["issue"]),
        "contact_id": numbered("contact", known["contact"]),
        "amount": pa.array(known["amount"], mask=free),
        "currency": coded(np.where(free, NOBODY, 0), ("EUR",)),
        "outcome": coded(known["outcome"], OUTCOMES),
        "text": coded(known["text"], TEXTS),
        "properties": _tiers(company, known["kind"], known["customer"]),
    }


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
