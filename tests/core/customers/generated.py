"""Generated claims about a thousand customers and more, in one table.

They fall into pools of a few people with their mail addresses, phones and browsers. Within a pool anything may be
claimed, so that every guard meets every other; some claims reach into the next pool.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from collage.tables import CONTRACTS

Rows = list[dict[str, Any]]

AT = datetime(2026, 1, 1, tzinfo=UTC)
POOLS, PEOPLE, CLAIMS = 250, (1, 2, 3, 5), (0, 2, 6, 10, 16)
CONFIDENCES = (1.0, 1.0, 1.0, 0.95, 0.9500000001, 0.9499999999, 0.5, None)
SOURCES = ("crm", "crm", "web", "person", None)


@dataclass(frozen=True)
class World:
    """Who was touched, the claims, and every writing's normal form, known from how it was made."""

    seed: int
    touched: list[str]
    claims: Rows
    normal: dict[str, str]

    def __repr__(self) -> str:
        return f"world(seed={self.seed})"


def world(seed: int, pools: int = POOLS) -> World:
    random = Random(seed)
    normal: dict[str, str] = {}
    everyone = [pool(random, number, normal) for number in range(pools)]
    touched = [who for people in everyone for who in people if random.random() < 0.7]
    claims: Rows = []
    for number, people in enumerate(everyone):
        near = people + everyone[(number + 1) % pools][:2] * (random.random() < 0.1)
        for _ in range(random.choice(CLAIMS)):
            one, other = random.sample(near, 2)
            claims.append(claim(random, len(claims), one, other))
    random.shuffle(touched)
    random.shuffle(claims)
    return World(seed, touched, claims, normal)


def pool(random: Random, number: int, normal: dict[str, str]) -> list[str]:
    """Return the identifiers of some people, some in several writings, and note the normal form of each."""
    written: list[str] = []
    for n in range(random.choice(PEOPLE)):
        key, digits = f"{number}.{n}", f"{number:04d}{n}"
        for name, writings in (
            (f"user:{key}", ()),
            (f"email:ann{key}@example.org", (f"email:Ann{key}@Example.ORG", f"email:mailto:ann{key}@example.org")),
            (f"phone:+4930{digits}", (f"phone:0049 30 {digits}", f"phone:+49 (0)30/{digits}")),
            (f"anon:Ä{key}", (f"anon:A\u0308{key}",)),
        ):
            chosen = [name, *(writing for writing in writings if random.random() < 0.2)]
            normal.update(dict.fromkeys(chosen, name))
            written += chosen if random.random() < 0.8 else chosen[-1:]
    return written


def claim(random: Random, number: int, one: str, other: str) -> dict[str, Any]:
    return {
        "claim_id": f"made:{number}",
        "one": one,
        "other": other,
        "source": random.choice(SOURCES),
        "confidence": random.choice(CONFIDENCES),
        "claimed_at": random.choice([None, AT]),
        "withdrawn_at": AT if random.random() < 0.1 else None,
    }


def table_of(name: str, rows: Rows) -> pa.Table:
    contract = CONTRACTS[name]
    whole = [{**dict.fromkeys(contract.names), **row} for row in rows]
    return pa.Table.from_pylist(whole, schema=contract.schema().to_pyarrow())


def touchpoints_of(touched: list[str]) -> pa.Table:
    rows = [
        {"touchpoint_id": f"made:{n}", "identifier": who, "occurred_at": AT, "kind": "outage"}
        for n, who in enumerate(touched)
    ]
    return table_of("touchpoints", rows)


def touchpoints(*touched: str) -> ir.Table:
    return ibis.memtable(touchpoints_of(list(touched)))


def claims(*rows: dict[str, Any]) -> ir.Table:
    """Return claims; each gets an id, and what it does not say: that it is sure."""
    return ibis.memtable(
        table_of("claims", [{"claim_id": f"c:{n}", "confidence": 1.0, **row} for n, row in enumerate(rows)])
    )
