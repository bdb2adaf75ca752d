"""Generated customers, a thousand in one table, the catalogue that judges them, and what was said of its marks.

Values sit on the edges on purpose: thresholds of the rules, the last microsecond before and the first after a moment
that matters, ages of 30 years, severities at `least`, ties, things not known. A customer's touchpoints are of few
kinds, issues and contacts, at steps of few lengths from each other: every form of a rule holds often, and just not.
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
KINDS = (
    *("contact.answered", "message.received", "issue.resolved", "gesture.made", "recovery.confirmed"),
    *("outage", "promise.broken", "own.word"),
)
COLUMNS = CONTRACTS["touchpoints"].names
US = timedelta(microseconds=1)

WAITS = (None, 0.0, 89.999, 90.0, 90.0000001, 102.0, 101.99999999, 570.0, 571.0, 1e6)
LATES = (None, -86400.0, 0.0, 1e-9, 86400.0, 345600.0, 1e7)
SEVERITIES = (None, None, None, 0.0, 0.125, 0.19999999999999998, 0.2, 1.0, 2.5, 3.0)
AGES = (
    *(timedelta(0), US, -US, timedelta(days=30), timedelta(days=30) + US, timedelta(days=30) - US),
    *(timedelta(days=90), timedelta(days=90) + US, timedelta(days=30 * 365.25), timedelta(days=-3)),
    *(timedelta(days=365), timedelta(days=365) + US, timedelta(hours=24), timedelta(hours=24) - US),
)
# what rules count in, and so the steps between touchpoints: alone, two of them together, a microsecond more or less
WITHIN_DAYS: tuple[float, ...] = (1, 0.5, 7, 30)
WITHIN_HOURS: tuple[float, ...] = (24, 1.5)
QUIET_DAYS: tuple[float, ...] = (1, 7)
STEPS = tuple(timedelta(hours=hours) for hours in (0, 0, 1.5, 12, 24, 24, 48, 168, 192, 720))
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
    *(None, None, None, None, None),
    {"of": "wait_s", "above": 90, "per": 60, "start": 0, "cap": 8},
    {"of": "late_s", "above": 0, "per": 691200, "start": 1, "cap": 5},
    {"of": "duration_s", "per": 3600.0, "cap": 5.333333333333333},
    {"of": "amount", "above": 100, "per": 1000, "start": 0.5, "cap": 2},
)
# what a customer's touchpoints know of: the same words for every customer
Names = tuple[str | None, ...]
ISSUES: tuple[Names, ...] = (
    *((None,), ("order 1",), (None, "order 1"), ("order 1", "order 2"), (None, "order 1", "order 2")),
)
CONTACTS: tuple[Names, ...] = ((None,), ("call 1", "call 2"), (None, "call 1"), (None, "call 1", "call 2", "call 3"))
SAME = ("issue", "issue", "customer", "customer", "contact")


@dataclass(frozen=True)
class World:
    """A catalogue, as TOML would give it, and the touchpoints of a thousand customers, mixed.

    `who` says which customer an identifier is: most customers have one, some two or three. `corrections` are rows.
    """

    seed: int
    kappa: float
    catalogue: dict[str, Any]
    touchpoints: list[dict[str, Any]]
    who: dict[str, str]
    corrections: list[dict[str, Any]]

    def __repr__(self) -> str:
        return f"world(seed={self.seed}, kappa={self.kappa})"


def world(seed: int, kappa: float, customers: int = CUSTOMERS) -> World:
    random = Random(seed)
    catalogue = some_catalogue(random, kappa)
    rows: list[dict[str, Any]] = []
    who: dict[str, str] = {}
    for n in range(customers):
        names = [f"user:{n}", f"email:{n}@example.org", f"phone:+49{n}"][: random.choice([1, 1, 1, 2, 3])]
        who |= dict.fromkeys(names, min(names))
        rows += history(random, names)
    random.shuffle(rows)
    return World(seed, kappa, catalogue, rows, who, some_corrections(random, rows, catalogue))


# ---- the catalogue


def some_catalogue(random: Random, kappa: float) -> dict[str, Any]:
    classes = {"passing": random.choice([0.25, 2.0, 21.0]), "everyday": 60.0, "lasting": random.choice([180.0, 5000.0])}
    cap = random.choice([None, None, math.inf, 0.0, 0.25, 1.75, 1.75])
    marks = rules_without_marks(random)
    marks += [again(random, marks) for _ in range(random.choice([0, 1, 1, 2]))]
    if any(mark["weight"] < 0 for mark in marks):
        marks += [after_a_strike(random) for _ in range(random.choice([0, 1, 1, 2]))]
    for n, mark in enumerate(marks):
        mark |= {"name": mark.get("name", f"mark_{n}"), "class": random.choice(list(classes))}
        if cap is None and mark["weight"] < 0:  # the room of 1.8 is never filled to the last digit, where sums differ
            mark["weight"] *= random.uniform(0.9, 1.1)
    for mark in marks:
        add_keys(random, mark, marks)
    if random.random() < 0.8:
        marks.append(recovered(random))
    random.shuffle(marks)
    return {
        "version": f"generated {random.random()}",
        "kappa": kappa,
        "index_sd": random.choice([0.05, 0.6, 3.0]),
        "least": random.choice([0.0, 0.2, 0.2, 0.2, 1.0]),
        **({} if cap is None else {"issue_cap": cap}),
        "classes": classes,
        "owners": {"logistics": "Parcel team"},
        "mark": [without_nulls(mark) for mark in marks],
    }


def rules_without_marks(random: Random) -> list[dict[str, Any]]:
    """Return rules that look at touchpoints alone."""
    forms = [form for form in ("follows", "follows", "first", "not_first", "unanswered") if random.random() < 0.7]
    plain = [some_mark(random) for _ in range(random.randint(1, 4))]
    marks = [*plain, *({**some_mark(random), form: some_form(random, form)} for form in forms)]
    for n, mark in enumerate(marks):
        mark["name"] = f"mark_{n}"
        if "follows" in mark and random.random() < 0.6:
            mark["owner"] = "about"
        if "unanswered" in mark and random.random() < 0.7:  # a strike that is later than its touchpoint
            mark |= {"weight": -0.5, "severity": None}
    if random.random() < 0.3:
        marks[0] |= {"when": {"kind": "promise.broken"}, "owner": "promiser"}
    return marks


def some_mark(random: Random) -> dict[str, Any]:
    kinds = random.sample(KINDS[:-1], random.randint(1, 4))
    when: Any = {"kind": kinds[0] if len(kinds) == 1 else kinds, **some_when(random)}
    if random.random() < 0.15:
        when = [when, {"kind": random.choice(KINDS[:-1]), **some_when(random)}]
    return {
        "weight": random.choice([-1.25, -0.5, -0.5, random.uniform(-1, -0.01), 0.03, random.uniform(0.01, 1)]),
        "salience": random.choice([1.0, 1.0, 0.5, 0.25]),
        "when": when,
        "severity": random.choice(SHAPES),
        "owner": random.choice(["touchpoint", "touchpoint", "logistics"]),
        "cause": random.choice([None, "process", "staffing"]),
        "agent_controllable": random.random() < 0.3,
        "says": {"en": "something happened"},
    }


def some_when(random: Random) -> dict[str, Any]:
    return random.choice(WHENS) if random.random() < 0.4 else {}


def some_form(random: Random, form: str) -> dict[str, Any]:
    kinds = random.choice([random.choice(KINDS), random.sample(KINDS, random.randint(1, 4))])
    if form == "unanswered":
        same = random.choice([None, "issue", "contact", "customer"])
        return without_nulls({"by": kinds, "within_hours": random.choice(WITHIN_HOURS), "same": same})
    found: dict[str, Any] = {
        "kinds": kinds,
        "same": random.choice(SAME),
        "other": random.choice([None, None, "contact"]),
    }
    if form == "follows":
        found["within_days"] = random.choice([None, *WITHIN_DAYS])
        found["if_any"] = random.choice([None, None, None, True, False])
    return without_nulls(found)


def without_nulls(keys: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in keys.items() if value is not None}


def again(random: Random, marks: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a rule about an earlier mark of one of some rules."""
    names = [mark["name"] for mark in marks if "again" not in mark]
    late = [mark["name"] for mark in marks if "unanswered" in mark]
    some = random.sample(names, random.randint(1, min(3, len(names))))
    named = random.choice([random.choice(names), some, list(dict.fromkeys([*late, *some]))])
    form = {"mark": named, "within_days": random.choice(WITHIN_DAYS), "same": random.choice(SAME)}
    mark = {**some_mark(random), "again": form}
    if random.random() < 0.6:  # the same again
        mark["when"] = next(other["when"] for other in marks if other["name"] in form["mark"])
    return {**mark, "owner": random.choice([mark["owner"], "about"])}


def after_a_strike(random: Random) -> dict[str, Any]:
    form = {key: value for key, value in some_form(random, "follows").items() if key != "if_any"}
    form["kinds"] = random.sample(KINDS, random.randint(1, 5))
    mark = {**some_mark(random), "when": "strike", "severity": None, "follows": form}
    return {**mark, "owner": random.choice([mark["owner"], "about"])}


def add_keys(random: Random, mark: dict[str, Any], marks: list[dict[str, Any]]) -> None:
    """Give a rule `unless` and `once` by chance, as far as a rule of its form may have them."""
    named = {name for other in marks for name in other.get("unless", [])}
    others = [other for other in marks if may_be_asked(other, mark)]
    if others and mark["when"] != "strike" and mark["name"] not in named and random.random() < 0.4:
        mark["unless"] = [other["name"] for other in random.sample(others, random.randint(1, min(2, len(others))))]
    about = "follows" in mark or "again" in mark
    mark["once"] = random.choice([None, None, "contact", "about" if about else None])


def may_be_asked(other: dict[str, Any], mark: dict[str, Any]) -> bool:
    """Return whether a mark may say `unless` another: what is not known in time would change marks afterwards."""
    if other is mark or "again" in other or other["when"] == "strike" or "unless" in other:
        return False
    if "unanswered" in other:
        return "unanswered" in mark and mark["unanswered"]["within_hours"] >= other["unanswered"]["within_hours"]
    return True


def recovered(random: Random) -> dict[str, Any]:
    when: Any = {"kind": "recovery.confirmed", **random.choice([{}, {}, {"outcome": "!= resolved"}])}
    if random.random() < 0.2:
        when = [when, {"kind": "gesture.made", "outcome": "resolved"}]
    quiet = {
        "after": random.choice(["gesture.made", ["gesture.made", "issue.resolved"]]),
        "by": random.choice(["contact.answered", ["contact.answered", "message.received", "gesture.made"]]),
        "days": random.choice(QUIET_DAYS),
    }
    form = {"share": random.choice([0.7, 0.7, 1.0, 0.3])} | ({"quiet": quiet} if random.random() < 0.7 else {})
    return {
        "name": "recovered",
        "when": when,
        "recovers": form,
        "owner": random.choice([None, "touchpoint", "logistics"]),
        "cause": random.choice([None, "process"]),
        "agent_controllable": random.choice([None, True]),
        "says": {"en": "we made it good"},
    }


# ---- what happened


def history(random: Random, names: list[str]) -> list[dict[str, Any]]:
    """Return a customer's touchpoints: of few kinds, issues and contacts, at moments that rules care about."""
    kinds = random.sample(KINDS, random.choice([2, 3, 4, 5]))
    issues, contacts = random.choice(ISSUES), random.choice(CONTACTS)
    rows: list[dict[str, Any]] = []
    for n in range(random.choice([1, 2, 3, 4, 5, 6, 8, 12])):
        row = touchpoint(random, random.choice(names), n)
        found = {"kind": random.choice(kinds), "issue_id": random.choice(issues), "contact_id": random.choice(contacts)}
        if rows and random.random() < 0.85:
            found["occurred_at"] = random.choice(rows)["occurred_at"] + step(random)
        rows.append({**row, **found})
    return rows


def step(random: Random) -> timedelta:
    if random.random() < 0.3:
        return timedelta(days=random.uniform(0, 9))
    steps = random.choice(STEPS) + random.choice([timedelta(0), timedelta(0), random.choice(STEPS)])
    return random.choice([1, 1, -1]) * (steps + random.choice([timedelta(0), timedelta(0), US, -US]))


def touchpoint(random: Random, identifier: str, n: int) -> dict[str, Any]:
    age = (
        random.choice(AGES) if random.random() < 0.4 else timedelta(days=random.choice([9, 99, 700]) * random.random())
    )
    facts = {
        # an id that sorts anyhow among those of the same moment
        "touchpoint_id": f"made:{random.randrange(100):02}/{identifier}/{n}",
        "identifier": identifier,
        "occurred_at": AT - age,
        "kind": random.choice(KINDS),
        "channel": random.choice([None, "phone", "web"]),
        "department": random.choice([None, "Hotline", "Shop"]),
        "site": random.choice([None, None, "Kiel"]),
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


def some_corrections(random: Random, rows: list[dict[str, Any]], catalogue: dict[str, Any]) -> list[dict[str, Any]]:
    """Return corrections of marks that are there, that are not, and of nothing at all; some marks have several."""
    if random.random() < 0.25:
        return []
    names = [mark["name"] for mark in catalogue["mark"]]
    found = []
    for row in random.choices(rows, k=len(rows) // 5):
        for name in random.sample(names, min(3, len(names))):
            found += [correction(random, row["touchpoint_id"], name) for _ in range(random.choice([1, 1, 2, 3]))]
    found += [correction(random, "made:nowhere", names[0]), correction(random, rows[0]["touchpoint_id"], "no_mark")]
    random.shuffle(found)
    return [{**one, "correction_id": f"c:{n:06}"} for n, one in enumerate(found)]


def correction(random: Random, touchpoint_id: str, mark: str) -> dict[str, Any]:
    return {
        **dict.fromkeys(CONTRACTS["corrections"].names),
        "touchpoint_id": touchpoint_id,
        "mark": mark,
        "verdict": random.choice(["contested", "upheld", "struck_out", "struck_out"]),
        "at": random.choice([None, AT, AT - US, AT + timedelta(days=1)]),
        "withdrawn_at": random.choice([None, None, None, AT, AT + timedelta(days=1)]),
    }


# ---- as the library takes them


def as_table(rows: list[dict[str, Any]], contract: str = "touchpoints") -> ir.Table:
    return ibis.memtable(pa.Table.from_pylist(rows, schema=CONTRACTS[contract].schema().to_pyarrow()))


def as_customers(who: dict[str, str], *, numbered: bool = False) -> ir.Table:
    rows = [{"customer_id": customer, "identifier": name, "state": "plain"} for name, customer in who.items()]
    if not numbered:
        return as_table(rows, "customers")
    numbers = {customer: number for number, customer in enumerate(dict.fromkeys(who.values()))}
    schema = CONTRACTS["customers"].schema().to_pyarrow().append(pa.field("number", pa.int64()))
    with_number = [{**row, "number": numbers[row["customer_id"]]} for row in rows]
    return ibis.memtable(pa.Table.from_pylist(with_number, schema=schema))


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
