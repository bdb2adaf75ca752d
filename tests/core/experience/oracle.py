"""A second score, in plain Python, from the text of the model (tables.md "marks", model.md §10), not from the code.

It reads the catalogue as TOML gives it and the touchpoints as dictionaries, one customer after the other, adds up by
`math.fsum`, and takes what a score would be without a mark by leaving the mark out.
"""

from __future__ import annotations

import math
import operator
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

Row = Mapping[str, Any]

COMPARE = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}


def holds(entry: Any, value: Any) -> bool:
    """Return whether one entry of a condition holds for a value."""
    if entry == "is null" or value is None:
        return entry == "is null" and value is None
    if entry == "is not null":
        return True
    for sign, compare in COMPARE.items():
        if isinstance(entry, str) and entry.startswith(sign):
            return bool(compare(value, float(entry[len(sign) :])))
    if isinstance(entry, str) and entry.startswith("!="):
        return bool(value != entry[2:].strip())
    return bool(value in entry if isinstance(entry, list) else value == entry)


def applies(when: object, touchpoint: Row) -> bool:
    if isinstance(when, list):
        return any(applies(each, touchpoint) for each in when)
    assert isinstance(when, dict)
    return all(holds(entry, touchpoint.get(column)) for column, entry in when.items())


def severity(rule: Row, touchpoint: Row) -> float:
    shape = rule.get("severity")
    if shape is None:
        own = touchpoint["severity"]
        return 1.0 if own is None else float(own)
    value, above = touchpoint[shape["of"]], shape.get("above", 0)
    beyond = 0.0 if value is None else (value - above) / shape["per"]
    return float(min(shape["cap"], shape.get("start", 0) + beyond))


def marks(touchpoints: Iterable[Row], catalogue: Row) -> list[dict[str, Any]]:
    """Return the marks of touchpoints, each touchpoint once."""
    found = []
    for touchpoint in {row["touchpoint_id"]: row for row in touchpoints}.values():
        for rule in catalogue["mark"]:
            if applies(rule["when"], touchpoint):
                found += left_by(rule, touchpoint, catalogue)
    return found


def left_by(rule: Row, touchpoint: Row, catalogue: Row) -> list[dict[str, Any]]:
    x = severity(rule, touchpoint)
    if x < catalogue["least"]:
        return []
    owner = rule.get("owner", "touchpoint")
    copied = (
        *("touchpoint_id", "identifier", "channel", "site", "agent", "issue_id", "contact_id"),
        "occurred_at",
    )
    return [
        {
            **{column: touchpoint[column] for column in copied},
            "mark": rule["name"],
            "fades_from": touchpoint["occurred_at"],
            "weighs_as": rule["name"],
            "severity": x,
            "evidence": rule.get("salience", 1.0) * min(1.0, x),
            "owner": touchpoint["department"] if owner == "touchpoint" else catalogue["owners"][owner],
            "cause": rule.get("cause"),
            "agent_controllable": rule.get("agent_controllable", False),
            "about": None,
            "catalogue": catalogue["version"],
        }
    ]


def fold(n: Iterable[float], d: Iterable[float], kappa: float) -> float:
    """Return E = (κ+1)·N/(κ+D); N where κ is infinite, 0 where κ+D < 1e-12."""
    if math.isinf(kappa):
        return math.fsum(n)
    whole = kappa + math.fsum(d)
    return 0.0 if whole < 1e-12 else (kappa + 1) * math.fsum(n) / whole


def above_neutral(experience: float, sd: float) -> float:
    """Return index − 50: 100·(Φ(E/sd) − ½)."""
    return 50 * math.erf(experience / sd / math.sqrt(2))


def share(mark: Row, days: float, at: datetime) -> float:
    age = (at - mark["fades_from"]) / timedelta(microseconds=1) / 86_400_000_000
    return float(2.0 ** (-age / days)) if age / days < 1070 else 0.0


def customer(marks_: list[dict[str, Any]], catalogue: Row, at: datetime) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return one customer's score (without the columns that name it) and contributions."""
    kappa, sd = catalogue["kappa"], catalogue["index_sd"]
    rules = {rule["name"]: rule for rule in catalogue["mark"]}
    counted = [mark for mark in marks_ if mark["occurred_at"] <= at]
    left = [share(m, catalogue["classes"][rules[m["weighs_as"]]["class"]], at) for m in counted]
    w = [rules[m["weighs_as"]]["weight"] for m in counted]
    n = [w_ * m["severity"] * s for w_, m, s in zip(w, counted, left, strict=True)]
    d = [m["evidence"] * s for m, s in zip(counted, left, strict=True)]
    scale = fold([1.0], d, kappa)
    experience = fold(n, d, kappa)
    per_point = (
        above_neutral(experience, sd) / experience if abs(experience) > 1e-9 else 100 / math.sqrt(2 * math.pi) / sd
    )
    by_name: dict[str, float] = defaultdict(float)
    for m, s in zip(counted, left, strict=True):
        by_name[m["weighs_as"]] += scale * m["severity"] * s
    spread = 1.645 * math.sqrt(math.fsum((f * (0.5 * abs(rules[k]["weight"]) + 0.05)) ** 2 for k, f in by_name.items()))
    of_30 = [n_ for n_, m in zip(n, counted, strict=True) if at - m["occurred_at"] <= timedelta(days=30)]
    of_90 = [m for m, w_ in zip(counted, w, strict=True) if at - m["occurred_at"] <= timedelta(days=90) and w_ < 0]
    whole = kappa + math.fsum(d)
    score = {
        "experience": experience,
        "index": 50 + above_neutral(experience, sd),
        "evidence": 0.0 if math.isinf(kappa) or whole < 1e-12 else math.fsum(d) / whole,
        "low": experience - spread,
        "high": experience + spread,
        "trend": scale * math.fsum(of_30),
        "n_marks": len(counted),
        "strikes_90d": sum(m["severity"] > 0 for m in of_90),
    }
    contributions = [
        {
            "touchpoint_id": m["touchpoint_id"],
            "mark": m["mark"],
            "occurred_at": m["occurred_at"],
            "owner": m["owner"],
            "channel": m["channel"],
            "contribution": scale * n[i],
            "points": scale * n[i] * per_point,
            "without": fold(n[:i] + n[i + 1 :], d[:i] + d[i + 1 :], kappa),
            "evidence_left": math.fsum(d[:i] + d[i + 1 :]),
        }
        for i, m in enumerate(counted)
    ]
    return score, contributions


def scores(
    touchpoints: list[dict[str, Any]], catalogue: Row, at: datetime
) -> tuple[dict[str, dict[str, Any]], dict[tuple[str, str], dict[str, Any]]]:
    """Return all customers' scores by identifier, and all contributions by touchpoint and mark."""
    at = at.astimezone(UTC)
    by_customer: dict[str, list[dict[str, Any]]] = {}
    last: dict[str, datetime] = {}
    for row in touchpoints:
        if row["occurred_at"] <= at:
            who = row["identifier"]
            last[who] = max(row["occurred_at"], last.get(who, row["occurred_at"]))
            by_customer.setdefault(who, [])
    for mark in marks(touchpoints, catalogue):
        by_customer.setdefault(mark["identifier"], []).append(mark)
    found: dict[str, dict[str, Any]] = {}
    parts: dict[tuple[str, str], dict[str, Any]] = {}
    for who, theirs in by_customer.items():
        score, contributions = customer(theirs, catalogue, at)
        if who in last:
            found[who] = {**score, "last_touchpoint_at": last[who]}
        parts |= {(one["touchpoint_id"], one["mark"]): {**one, "customer_id": who} for one in contributions}
    return found, parts
