"""Who is one customer, in plain Python: written from the text of the contract, one claim after the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

Rows = list[dict[str, Any]]


def customers(touched: Iterable[str], claims: Rows, normal: Callable[[str], str]) -> set[tuple[str, str, str]]:
    """Return customer_id, identifier and state of everyone; `normal` gives the normal form of a writing."""
    standing = [claim for claim in claims if stands(claim)]
    writings = {*touched, *(claim["one"] for claim in standing), *(claim["other"] for claim in standing)}
    writings |= {normal(writing) for writing in writings}
    edges = [(normal(claim["one"]), normal(claim["other"]), claim["source"] == "person") for claim in standing]
    shared = {who for who, users in users_of(edges).items() if not is_user(who) and len(users) > 1}
    edges = [edge for edge in edges if edge[0] not in shared and edge[1] not in shared]
    contested = {who for part in united(map(normal, writings), edges) if sum(map(is_user, part)) > 1 for who in part}
    sure = [e for e in edges if e[0] not in contested or is_user(e[0]) or is_user(e[1]) or e[2]]
    whose = {who: min(part) for part in united(map(normal, writings), sure) for who in part}
    states = {who: "shared" if who in shared else "contested" if who in contested else "plain" for who in whose}
    return {(whose[normal(writing)], writing, states[normal(writing)]) for writing in writings}


def stands(claim: dict[str, Any]) -> bool:
    return claim["withdrawn_at"] is None and claim["confidence"] is not None and claim["confidence"] >= 0.95


def is_user(who: str) -> bool:
    return who.startswith("user:")


def users_of(edges: list[tuple[str, str, bool]]) -> dict[str, set[str]]:
    """Return the user ids with which each identifier is claimed."""
    users: dict[str, set[str]] = defaultdict(set)
    for one, other, _ in edges:
        users[one] |= {other} if is_user(other) else set()
        users[other] |= {one} if is_user(one) else set()
    return users


def united(names: Iterable[str], edges: list[tuple[str, str, bool]]) -> list[set[str]]:
    """Return what holds together."""
    above = {name: name for name in names}

    def top(name: str) -> str:
        while above[name] != name:
            name = above[name]
        return name

    for one, other, _ in edges:
        above[top(one)] = top(other)
    parts = defaultdict(set)
    for name in above:
        parts[top(name)].add(name)
    return list(parts.values())
