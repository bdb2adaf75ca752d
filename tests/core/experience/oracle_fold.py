"""How marks add up a second time, from the texts (tables.md, model.md §10), not from the code.

It takes the marks of `oracle`, adds up by `math.fsum`, and takes what a score would be without a mark by leaving the
mark out and filling the cap again.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from statistics import stdev
from typing import Any

from tests.core.experience.oracle import Mark, Row, capped, key, rule_of, undone, weight_of


def fold(n: Iterable[float], d: Iterable[float], kappa: float) -> float:
    """Return E = (κ+1)·N/(κ+D); N where κ is infinite, 0 where κ+D < 1e-12."""
    if math.isinf(kappa):
        return math.fsum(n)
    whole = kappa + math.fsum(d)
    return 0.0 if whole < 1e-12 else (kappa + 1) * math.fsum(n) / whole


def above_neutral(experience: float, sd: float) -> float:
    """Return index − 50: 100·(Φ(E/sd) − ½)."""
    return 50 * math.erf(experience / sd / math.sqrt(2))


def left_of(mark: Row, catalogue: Row, at: datetime) -> float:
    """Return the share of a mark that time has left."""
    rule = rule_of(mark["weighs_as"], catalogue)
    days = rule["half_life_days"] if "half_life_days" in rule else catalogue["classes"][rule["class"]]
    age = (at - mark["fades_from"]) / timedelta(microseconds=1) / 86_400_000_000
    return float(2.0 ** (-age / days)) if age / days < 1070 else 0.0


def terms(marks_: list[Mark], catalogue: Row, at: datetime) -> tuple[list[float], list[float]]:
    """Return what each mark adds to N and to D."""
    left = [left_of(mark, catalogue, at) for mark in marks_]
    n = [weight_of(mark, catalogue) * mark["severity"] * s for mark, s in zip(marks_, left, strict=True)]
    return n, [mark["evidence"] * s for mark, s in zip(marks_, left, strict=True)]


def counted(marks_: Iterable[Mark], who: Mapping[str, str], at: datetime) -> dict[str, list[Mark]]:
    """Return the marks that count at a moment, by customer."""
    found: dict[str, list[Mark]] = defaultdict(list)
    for mark in marks_:
        if mark["occurred_at"] <= at:
            found[who[mark["identifier"]]].append(mark)
    return found


def scores(
    marks_: Iterable[Mark], touchpoints: Iterable[Row], who: Mapping[str, str], catalogue: Row, at: datetime
) -> dict[str, dict[str, Any]]:
    """Return the score of every customer who was touched by then, without the columns `customer_id` and `at`."""
    last: dict[str, datetime] = {}
    for row in touchpoints:
        if row["occurred_at"] <= at:
            customer = who[row["identifier"]]
            last[customer] = max(row["occurred_at"], last.get(customer, row["occurred_at"]))
    theirs = counted(marks_, who, at)
    return {
        customer: {**score(theirs.get(customer, []), catalogue, at), "last_touchpoint_at": moment}
        for customer, moment in last.items()
    }


def score(marks_: list[Mark], catalogue: Row, at: datetime) -> dict[str, Any]:
    kappa, sd = catalogue["kappa"], catalogue["index_sd"]
    n, d = terms(marks_, catalogue, at)
    scale, experience, whole = fold([1.0], d, kappa), fold(n, d, kappa), kappa + math.fsum(d)
    by_name: dict[str, float] = defaultdict(float)
    for mark in marks_:
        by_name[mark["weighs_as"]] += scale * mark["severity"] * left_of(mark, catalogue, at)
    spread = 1.645 * math.sqrt(variance(by_name, catalogue))
    of_30 = [n_ for n_, m in zip(n, marks_, strict=True) if at - m["occurred_at"] <= timedelta(days=30)]
    of_90 = [m for m in marks_ if at - m["occurred_at"] <= timedelta(days=90) and weight_of(m, catalogue) < 0]
    return {
        "experience": experience,
        "index": 50 + above_neutral(experience, sd),
        "evidence": 0.0 if math.isinf(kappa) or whole < 1e-12 else math.fsum(d) / whole,
        "low": experience - spread,
        "high": experience + spread,
        "trend": scale * math.fsum(of_30),
        "n_marks": len(marks_),
        "strikes_90d": sum(m["severity"] > 0 for m in of_90),
    }


def variance(by_name: Mapping[str, float], catalogue: Row) -> float:
    """Return Σ f²·sd² over the marks that no covariance is known of, and f'Vf over the others."""
    together: dict[str, Any] = catalogue.get("covariance", {"order": (), "matrix": ()})
    f = [by_name.get(name, 0.0) for name in together["order"]]
    alone = [name for name in by_name if name not in together["order"]]
    squares = [(by_name[name] * sd_of(rule_of(name, catalogue))) ** 2 for name in alone]
    pairs = [a * v * b for a, row in zip(f, together["matrix"], strict=True) for b, v in zip(f, row, strict=True)]
    return max(0.0, math.fsum([*squares, *pairs]))


def sd_of(rule: Row) -> float:
    return float(rule["sd"] if "sd" in rule else 0.5 * abs(rule["weight"]) + 0.05)


# ---- taken apart again


def contributions(
    marks_: Iterable[Mark], who: Mapping[str, str], catalogue: Row, at: datetime
) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Return what every mark that counts is worth, by `key`; `evidence_left` is D without it."""
    found = {}
    for customer, theirs in counted(marks_, who, at).items():
        for part in parts(theirs, catalogue, at):
            found[key(part)] = {**part, "customer_id": customer}
    return found


def parts(marks_: list[Mark], catalogue: Row, at: datetime) -> list[dict[str, Any]]:
    kappa, sd = catalogue["kappa"], catalogue["index_sd"]
    n, d = terms(marks_, catalogue, at)
    scale, experience = fold([1.0], d, kappa), fold(n, d, kappa)
    at_zero = 100 / math.sqrt(2 * math.pi) / sd
    per_point = above_neutral(experience, sd) / experience if abs(experience) > 1e-9 else at_zero
    found = []
    for mark, own in zip(marks_, n, strict=True):
        rest_n, rest_d = terms(deleted(mark, marks_, catalogue), catalogue, at)
        copied = ("touchpoint_id", "mark", "about", "weighs_as", "occurred_at", "owner", "channel")
        found.append(
            {
                **{column: mark[column] for column in copied},
                "contribution": scale * own,
                "points": scale * own * per_point,
                "without": fold(rest_n, rest_d, kappa),
                "evidence_left": math.fsum(rest_d),
            }
        )
    return found


def deleted(mark: Mark, marks_: list[Mark], catalogue: Row) -> list[Mark]:
    """Return one customer's other marks, had this one not been: without what undoes it, the cap filled again."""
    others = [one for one in marks_ if one is not mark and not undoes(one, mark)]
    # always by the catalogue's own weights, whatever a model says
    found = capped([one for one in others if not is_recovered(one, catalogue)], catalogue.get("own", catalogue))
    strikes = {(one["touchpoint_id"], one["mark"]): one for one in found}
    for one in others:
        if is_recovered(one, catalogue):
            strike = strikes[one["about"], one["weighs_as"]]
            found.append({**one, "severity": undone(strike, rule_of(one["mark"], catalogue))})
    return found


def is_recovered(mark: Mark, catalogue: Row) -> bool:
    return "recovers" in rule_of(mark["mark"], catalogue)


def undoes(one: Mark, mark: Mark) -> bool:
    """Return whether `one` is the row `recovered` of a strike."""
    of_it = one["about"] == mark["touchpoint_id"] and one["weighs_as"] == mark["mark"]
    return bool(of_it and one["weighs_as"] != one["mark"])


# ---- groups


def groups(
    marks_: Iterable[Mark], touchpoints: Iterable[Row], who: Mapping[str, str], catalogue: Row, by: str, at: datetime
) -> dict[Any, dict[str, Any]]:
    """Return a row for each value of `by` (owner, channel), or one called None for the company; without `at`."""
    company = {
        who[row["identifier"]] for row in touchpoints if timedelta(0) <= at - row["occurred_at"] <= timedelta(days=365)
    }
    theirs = {customer: found for customer, found in counted(marks_, who, at).items() if customer in company}
    if by == "company":
        whole = group(theirs, len(company), catalogue, at, None)
        index = 50 + above_neutral(whole["experience"], catalogue["index_sd"])
        return {None: {**whole, "customers": len(company), "index": index}}
    values = {mark[by] for found in theirs.values() for mark in found}
    return {value: group(theirs, len(company), catalogue, at, (by, value)) for value in values}


def group(
    theirs: dict[str, list[Mark]], n: int, catalogue: Row, at: datetime, of: tuple[str, Any] | None
) -> dict[str, Any]:
    """Return the row of the marks `of` a column and value, or of all; the company has `n` customers."""
    shares: list[float] = []
    recent: list[float] = []
    sizes: list[int] = []
    for found in theirs.values():
        n_terms, d_terms = terms(found, catalogue, at)
        mine = [i for i, mark in enumerate(found) if of is None or mark[of[0]] == of[1]]
        shares.append(fold([n_terms[i] for i in mine], d_terms, catalogue["kappa"]))
        sizes.append(len(mine))
        fresh = [found[i] for i in mine if at - found[i]["occurred_at"] <= timedelta(days=90)]
        recent += [weight_of(mark, catalogue) * mark["severity"] for mark in fresh]
    shares += [0.0] * (n - len(shares))
    mean = math.fsum(shares) / n
    half = 1.96 * stdev(shares) / math.sqrt(n) if n > 1 else None
    return {
        "customers": sum(size > 0 for size in sizes),
        "marks": sum(sizes),
        "experience": mean,
        "low": None if half is None else mean - half,
        "high": None if half is None else mean + half,
        "loss": math.fsum(one for one in recent if one < 0),
        "gain": math.fsum(one for one in recent if one > 0),
    }
