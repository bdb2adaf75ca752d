"""Generated customers, a thousand and more in one table, and the catalogue that judges them.

Values sit on the edges on purpose: thresholds of the rules, the last microsecond before and the first after a moment
that matters, ages of 30 years, severities at `least`, ties, things not known.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from collage.tables import CONTRACTS

AT = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)

CUSTOMERS = 1000
KINDS = ("contact.answered", "contact.ended", "delivery.arrived", "outage", "issue.resolved", "own.word", "page.viewed")
COLUMNS = CONTRACTS["touchpoints"].names
US = timedelta(microseconds=1)

WAITS = (None, 0.0, 89.999, 90.0, 90.0000001, 102.0, 101.99999999, 570.0, 571.0, 1e6)
LATES = (None, -86400.0, 0.0, 1e-9, 86400.0, 345600.0, 1e7)
SEVERITIES = (None, None, 0.0, 0.1, 0.19999999999999998, 0.2, 1.0, 2.5, 3.0)
AGES = (
    *(timedelta(0), US, -US, timedelta(days=30), timedelta(days=30) + US, timedelta(days=30) - US),
    *(timedelta(days=90), timedelta(days=90) + US, timedelta(days=30 * 365.25), timedelta(days=-3)),
)
WHENS: tuple[dict[str, Any], ...] = (
    {},
    {"wait_s": "> 90"},
    {"wait_s": ">= 90", "outcome": ["resolved", "unresolved"]},
    {"late_s": "<= 0"},
    {"late_s": "> 0"},
    {"outcome": "unresolved"},
    {"outcome": "!= resolved"},
    {"department": "is null"},
    {"agent": "is not null", "wait_s": "< 102"},
    {"severity": 1.0},
)
SHAPES: tuple[dict[str, Any] | None, ...] = (
    None,
    None,
    {"of": "wait_s", "above": 90, "per": 60, "start": 0, "cap": 8},
    {"of": "late_s", "above": 0, "per": 691200, "start": 1, "cap": 5},
    {"of": "duration_s", "per": 3600.0, "cap": 5.333333333333333},
    {"of": "amount", "above": 100, "per": 1000, "start": 0.5, "cap": 2},
)


@dataclass(frozen=True)
class World:
    """A catalogue, as TOML would give it, and the touchpoints of a thousand customers, mixed, some there twice."""

    seed: int
    kappa: float
    catalogue: dict[str, Any]
    touchpoints: list[dict[str, Any]]

    def __repr__(self) -> str:
        return f"world(seed={self.seed}, kappa={self.kappa})"


def world(seed: int, kappa: float, customers: int = CUSTOMERS) -> World:
    random = Random(seed)
    catalogue = some_catalogue(random, kappa)
    rows = [row for n in range(customers) for row in history(random, f"user:{n}")]
    rows += random.choices(rows, k=len(rows) // 20)
    random.shuffle(rows)
    return World(seed, kappa, catalogue, rows)


def some_catalogue(random: Random, kappa: float) -> dict[str, Any]:
    classes = {"passing": random.choice([0.25, 2.0, 21.0]), "everyday": 60.0, "lasting": random.choice([180.0, 5000.0])}
    return {
        "version": f"generated {random.random()}",
        "kappa": kappa,
        "index_sd": random.choice([0.05, 0.6, 3.0]),
        "least": random.choice([0.0, 0.2, 0.2, 1.0]),
        "classes": classes,
        "owners": {"logistics": "Parcel team"},
        "mark": [some_mark(random, f"mark_{n}", list(classes)) for n in range(random.randint(1, 9))],
    }


def some_mark(random: Random, name: str, classes: list[str]) -> dict[str, Any]:
    kinds = random.sample(KINDS[:-1], random.randint(1, 3))
    when: Any = {"kind": kinds[0] if len(kinds) == 1 else kinds, **random.choice(WHENS)}
    if random.random() < 0.15:
        when = [when, {"kind": random.choice(KINDS[:-1]), **random.choice(WHENS)}]
    mark = {
        "name": name,
        "class": random.choice(classes),
        "weight": random.choice([-1.2, -0.4, -0.05, 0.03, 0.3, random.uniform(-1, -0.01), random.uniform(0.01, 1)]),
        "salience": random.choice([1.0, 1.0, 0.5, 0.25]),
        "when": when,
        "severity": random.choice(SHAPES),
        "owner": random.choice(["touchpoint", "touchpoint", "logistics"]),
        "cause": random.choice([None, "process", "staffing"]),
        "agent_controllable": random.random() < 0.3,
        "says": {"en": "something happened"},
    }
    return {key: value for key, value in mark.items() if value is not None}


def history(random: Random, who: str) -> list[dict[str, Any]]:
    return [touchpoint(random, who, n) for n in range(random.choice([1, 1, 2, 3, 5, 8]))]


def touchpoint(random: Random, who: str, n: int) -> dict[str, Any]:
    age = random.choice(AGES) if random.random() < 0.4 else timedelta(days=random.uniform(0, 700))
    facts = {
        "touchpoint_id": f"made:{who}/{n}",
        "identifier": who,
        "occurred_at": AT - age,
        "kind": random.choice(KINDS),
        "channel": random.choice([None, "phone", "web"]),
        "department": random.choice([None, "Hotline", "Shop"]),
        "agent": random.choice([None, "a1"]),
        "issue_id": random.choice([None, "order 1"]),
        "severity": random.choice(SEVERITIES),
        "wait_s": random.choice(WAITS),
        "duration_s": random.choice(WAITS),
        "late_s": random.choice(LATES),
        "amount": random.choice([None, 0, 99, 100, 5_000_000_000]),
        "outcome": random.choice([None, "resolved", "unresolved", "abandoned"]),
    }
    return {**dict.fromkeys(COLUMNS), **facts}


def as_table(rows: list[dict[str, Any]]) -> ir.Table:
    return ibis.memtable(pa.Table.from_pylist(rows, schema=CONTRACTS["touchpoints"].schema().to_pyarrow()))


def as_toml(catalogue: dict[str, Any]) -> str:
    """Return a catalogue as the file a company would write."""
    marks = [f"[[mark]]\n{entries(mark)}" for mark in catalogue["mark"]]
    tables = [f"[{name}]\n{entries(catalogue[name])}" for name in ("classes", "owners")]
    top = {key: value for key, value in catalogue.items() if not isinstance(value, dict) and key != "mark"}
    return "\n".join([entries(top), *tables, *marks])


def entries(table: dict[str, Any]) -> str:
    return "".join(f"{key} = {value_of(value)}\n" for key, value in table.items())


def value_of(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {value_of(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(value_of(inner) for inner in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return "inf" if math.isinf(value) else repr(value)
    return repr(value) if isinstance(value, int) else f'"{value}"'
