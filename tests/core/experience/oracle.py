"""Marks a second time, in plain Python, from the text (docs/reference/catalogue.md), not from the code.

It reads the catalogue as TOML gives it and the touchpoints as dictionaries: one customer after the other, one rule
after the other, one touchpoint after the other. `who` says which customer an identifier is. A mark is named by its
`key`: touchpoint, name, `about`, `weighs_as`. How marks add up is in `oracle_fold`.
"""

from __future__ import annotations

import math
import operator
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

Row = Mapping[str, Any]
Mark = dict[str, Any]
Occasion = tuple[datetime, Row, Row | None]  # when the mark occurs, the touchpoint that leaves it, the one it is about

COMPARE = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
CRUMB = 5e-12  # what sums of points leave beside a round number: no room. Far below what a test can tell apart
SHARED = {"issue": "issue_id", "contact": "contact_id"}


def key(mark: Row) -> tuple[Any, ...]:
    return mark["touchpoint_id"], mark["mark"], mark["about"], mark["weighs_as"]


def place(row: Row) -> tuple[datetime, str]:
    """Return where a touchpoint or a mark stands in canonical order."""
    return row["occurred_at"], row["touchpoint_id"]


def listed(one_or_more: Any) -> list[Any]:
    return one_or_more if isinstance(one_or_more, list) else [one_or_more]


# ---- conditions


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


# ---- what two touchpoints have in common


def same(word: str, one: Row, other: Row) -> bool:
    if word == "customer":
        return True
    return one[SHARED[word]] is not None and one[SHARED[word]] == other[SHARED[word]]


def knows(word: str, one: Row) -> bool:
    return word == "customer" or one[SHARED[word]] is not None


# ---- when a rule holds


def occasions(rule: Row, history: list[Row], seen: list[Mark], catalogue: Row) -> list[Occasion]:
    """Return when a rule holds: at most once a touchpoint, `unless` and `least` and `once` not yet asked."""
    if rule["when"] == "strike":
        return after_strikes(rule, history, seen, catalogue)
    found: list[Occasion] = []
    for touchpoint in history:
        if applies(rule["when"], touchpoint):
            occasion = held(rule, touchpoint, history, seen)
            found += [occasion] if occasion else []
    return found


def held(rule: Row, t: Row, history: list[Row], seen: list[Mark]) -> Occasion | None:
    if "follows" in rule:
        return follows(rule["follows"], t["occurred_at"], t, history)
    if "first" in rule or "not_first" in rule:
        form = rule["first"] if "first" in rule else rule["not_first"]
        wanted = "not_first" in rule
        return (t["occurred_at"], t, None) if is_preceded(form, t, history) is wanted else None
    if "unanswered" in rule:
        return unanswered(rule["unanswered"], t, history)
    if "again" in rule:
        return again(rule["again"], t, history, seen)
    return t["occurred_at"], t, None


def follows(form: Row, moment: datetime, t: Row, history: list[Row]) -> Occasion | None:
    """Return the occasion where `t` follows one of the kinds; the moment is its own, or for a strike the strike's."""
    latest: Row | None = None
    for other in history:
        earlier = place(other) < (moment, t["touchpoint_id"])
        if earlier and other["kind"] in listed(form["kinds"]) and same(form["same"], t, other):
            latest = other
    days = form.get("within_days")
    if latest is not None and days is not None and moment - latest["occurred_at"] > timedelta(days=days):
        latest = None
    if latest is not None and form.get("other") == "contact" and same("contact", t, latest):
        latest = None
    if latest is None and not form.get("if_any", False):
        return None
    return moment, t, latest


def is_preceded(form: Row, t: Row, history: list[Row]) -> bool | None:
    """Return whether one of the kinds is earlier; None where `t` does not know what they must have in common."""
    if not knows(form["same"], t):
        return None
    for other in history:
        aside = form.get("other") == "contact" and same("contact", t, other)
        earlier = place(other) < place(t) and not aside
        if earlier and other["kind"] in listed(form["kinds"]) and same(form["same"], t, other):
            return True
    return False


def unanswered(form: Row, t: Row, history: list[Row]) -> Occasion | None:
    word = form.get("same", "customer")
    deadline = t["occurred_at"] + timedelta(hours=form["within_hours"])
    if not knows(word, t):
        return None
    for other in history:
        in_time = place(other) > place(t) and other["occurred_at"] <= deadline
        if in_time and other["kind"] in listed(form["by"]) and same(word, t, other):
            return None
    return deadline, t, None


def again(form: Row, t: Row, history: list[Row], seen: list[Mark]) -> Occasion | None:
    latest: Mark | None = None
    for mark in sorted(seen, key=place):
        if mark["mark"] in listed(form["mark"]) and place(mark) < place(t) and same(form["same"], t, mark):
            latest = mark
    if latest is None or t["occurred_at"] - latest["occurred_at"] > timedelta(days=form["within_days"]):
        return None
    return t["occurred_at"], t, named(latest["touchpoint_id"], history)


def after_strikes(rule: Row, history: list[Row], seen: list[Mark], catalogue: Row) -> list[Occasion]:
    """Return the occasions of `when = "strike"`: for each touchpoint, the earliest of its strikes that follow."""
    found: dict[str, Occasion] = {}
    for strike in sorted(seen, key=place):
        if weight_of(strike, catalogue) < 0 and strike["touchpoint_id"] not in found:
            t = named(strike["touchpoint_id"], history)
            occasion = follows(rule["follows"], strike["occurred_at"], t, history)
            if occasion:
                found[strike["touchpoint_id"]] = occasion
    return list(found.values())


def named(touchpoint_id: str, history: list[Row]) -> Row:
    (found,) = [row for row in history if row["touchpoint_id"] == touchpoint_id]
    return found


# ---- what it leaves


def severity(rule: Row, touchpoint: Row) -> float:
    shape = rule.get("severity")
    if shape is None:
        own = touchpoint["severity"]
        return 1.0 if own is None else float(own)
    value, above = touchpoint[shape["of"]], shape.get("above", 0)
    beyond = 0.0 if value is None else (value - above) / shape["per"]
    return float(min(shape["cap"], shape.get("start", 0) + beyond))


def owner(rule: Row, touchpoint: Row, about: Row | None, catalogue: Row) -> Any:
    word = rule.get("owner", "touchpoint")
    if word == "about":
        return touchpoint["department"] if about is None else about["department"]
    if word in {"touchpoint", "promiser"}:  # a promise's touchpoints are at the department that gave it
        return touchpoint["department"]
    return catalogue["owners"][word]


def mark_of(rule: Row, occasion: Occasion, catalogue: Row) -> Mark:
    moment, touchpoint, about = occasion
    x = severity(rule, touchpoint)
    copied = ("touchpoint_id", "identifier", "channel", "site", "agent", "issue_id", "contact_id")
    return {
        **{column: touchpoint[column] for column in copied},
        "mark": rule["name"],
        "occurred_at": moment,
        "fades_from": moment,
        "weighs_as": rule["name"],
        "severity": x,
        "evidence": rule.get("salience", 1.0) * min(1.0, x),
        "uncapped": x,
        "owner": owner(rule, touchpoint, about, catalogue),
        "cause": rule.get("cause"),
        "agent_controllable": rule.get("agent_controllable", False),
        "about": None if about is None else about["touchpoint_id"],
        "catalogue": catalogue["version"],
    }


def left_by(rule: Row, history: list[Row], seen: list[Mark], catalogue: Row, out: set[Any]) -> list[Mark]:
    """Return the marks of one rule on one customer, before the cap."""
    shut = {
        (name, touchpoint["touchpoint_id"])
        for name in listed(rule.get("unless", []))
        for _, touchpoint, _ in occasions(rule_of(name, catalogue), history, [], catalogue)
    }
    found = []
    for occasion in occasions(rule, history, seen, catalogue):
        is_shut = any((name, occasion[1]["touchpoint_id"]) in shut for name in listed(rule.get("unless", [])))
        mark = mark_of(rule, occasion, catalogue)
        if not is_shut and mark["severity"] >= catalogue["least"]:
            found.append(mark)
    return [mark for mark in earliest(rule, found) if (mark["touchpoint_id"], mark["mark"]) not in out]


def earliest(rule: Row, marks_: list[Mark]) -> list[Mark]:
    """Return the marks that stay where the rule says `once`."""
    if "once" not in rule:
        return marks_
    column = {"contact": "contact_id", "about": "about"}[rule["once"]]
    stay, taken = [], set()
    for mark in sorted(marks_, key=place):
        if mark[column] is None or mark[column] not in taken:
            stay.append(mark)
            taken.add(mark[column])
    return stay


def rule_of(name: str, catalogue: Row) -> Row:
    (found,) = [rule for rule in catalogue["mark"] if rule["name"] == name]
    rule: Row = found
    return rule


def weight_of(mark: Row, catalogue: Row) -> float:
    return float(rule_of(mark["weighs_as"], catalogue)["weight"])


# ---- corrections, cap, recovery


def struck_out(corrections: Iterable[Row]) -> set[tuple[str, str]]:
    """Return the touchpoints and marks whose latest standing correction strikes them out."""
    latest: dict[tuple[str, str], Row] = {}
    beginning = datetime.min.replace(tzinfo=UTC)
    for one in sorted(corrections, key=lambda row: (row["at"] or beginning, row["correction_id"])):
        if one["withdrawn_at"] is None:
            latest[one["touchpoint_id"], one["mark"]] = one
    return {which for which, one in latest.items() if one["verdict"] == "struck_out"}


def capped(marks_: list[Mark], catalogue: Row) -> list[Mark]:
    """Return one customer's marks (none of them `recovered`) with the strikes of each issue held to its room."""
    bound = catalogue.get("issue_cap", 1.8)
    used: dict[str, list[float]] = defaultdict(list)
    found = []
    for mark in sorted(marks_, key=lambda one: (*place(one), one["mark"])):
        share = 1.0
        if mark["issue_id"] is not None and weight_of(mark, catalogue) < 0:
            cost = abs(weight_of(mark, catalogue) * mark["uncapped"])
            room = bound - math.fsum(used[mark["issue_id"]])
            if room < CRUMB:
                share = 0.0
            elif room + CRUMB < cost:
                share = room / cost
            used[mark["issue_id"]].append(cost)
        salience = rule_of(mark["mark"], catalogue).get("salience", 1.0)
        evidence = share * salience * min(1.0, mark["uncapped"])
        found.append({**mark, "severity": share * mark["uncapped"], "evidence": evidence})
    return found


def recoveries(rule: Row, history: list[Row], out: set[Any]) -> list[tuple[datetime, Row]]:
    """Return the moments of one customer's recoveries and their touchpoints, in canonical order."""
    found = []
    for touchpoint in history:
        if (touchpoint["touchpoint_id"], rule["name"]) in out:
            continue
        if applies(rule["when"], touchpoint):
            found.append((touchpoint["occurred_at"], touchpoint))
        quiet = rule["recovers"].get("quiet")
        if quiet and touchpoint["kind"] in listed(quiet["after"]) and touchpoint["issue_id"] is not None:
            until = touchpoint["occurred_at"] + timedelta(days=quiet["days"])
            if not any(disturbs(quiet, touchpoint, other, until) for other in history):
                found.append((until, touchpoint))
    return sorted(found, key=lambda one: (one[0], one[1]["touchpoint_id"]))


def disturbs(quiet: Row, touchpoint: Row, other: Row, until: datetime) -> bool:
    return (
        other["kind"] in listed(quiet["by"])
        and touchpoint["occurred_at"] < other["occurred_at"] <= until
        and same("issue", touchpoint, other)
        and not same("contact", touchpoint, other)
    )


def recovered(rule: Row, marks_: list[Mark], history: list[Row], catalogue: Row, out: set[Any]) -> list[Mark]:
    """Return the rows that undo one customer's strikes; `marks_` are capped already."""
    done: set[Any] = set()
    found = []
    for moment, touchpoint in recoveries(rule, history, out):
        for strike in marks_:
            earlier = place(strike) < (moment, touchpoint["touchpoint_id"])
            meant = touchpoint["issue_id"] is None or same("issue", touchpoint, strike)
            if weight_of(strike, catalogue) < 0 and earlier and meant and key(strike) not in done:
                done.add(key(strike))
                about = named(strike["touchpoint_id"], history)
                found.append(
                    {
                        **mark_of(rule, (moment, touchpoint, about), catalogue),
                        "fades_from": strike["fades_from"],
                        "weighs_as": strike["mark"],
                        "severity": undone(strike, rule),
                        "evidence": 0.0,
                        "uncapped": None,
                    }
                )
    return found


def undone(strike: Mark, rule: Row) -> float:
    return float(0.0 - rule["recovers"]["share"] * strike["severity"])


def marks(
    touchpoints: Iterable[Row], who: Mapping[str, str], catalogue: Row, corrections: Iterable[Row] = ()
) -> list[Mark]:
    """Return the marks of touchpoints."""
    out, by_customer = struck_out(corrections), defaultdict(list)
    for touchpoint in touchpoints:
        by_customer[who[touchpoint["identifier"]]].append(touchpoint)
    found = []
    for theirs in by_customer.values():
        found += of_one(sorted(theirs, key=place), catalogue, out)
    return found


def of_one(history: list[Row], catalogue: Row, out: set[Any]) -> list[Mark]:
    """Return one customer's marks; `history` is in canonical order."""
    by_themselves: list[Row] = []
    later: list[Row] = []
    for rule in catalogue["mark"]:
        if "recovers" not in rule:
            (later if "again" in rule or rule["when"] == "strike" else by_themselves).append(rule)
    seen: list[Mark] = []
    for rule in by_themselves:
        seen += left_by(rule, history, [], catalogue, out)
    more: list[Mark] = []
    for rule in later:
        more += left_by(rule, history, seen, catalogue, out)
    found = capped(seen + more, catalogue)
    for rule in catalogue["mark"]:
        if "recovers" in rule:
            found = found + recovered(rule, found, history, catalogue, out)
    return found
