"""Who served the customer that rates: as written down when it happened, whatever is renamed or re-assigned later.

The rating names department and agent. Where it does not, because a conversation was un-assigned or closed by a bot
before the customer answered, the last human among its frozen participants did; where there was none, it was the last
participant's department.
"""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

__all__ = ["served"]


def served(ratings: pa.Table) -> tuple[pa.Array, pa.Array]:
    """Return the department and the agent of each rating; null where nobody is known.

    Parameters
    ----------
    ratings
        Rows with `department`, `agent` and `participants` by the contract ``ratings``.
    """
    departments, agents = [], []
    columns = (ratings[name].to_pylist() for name in ("department", "agent", "participants"))
    for department, agent, told in zip(*columns, strict=True):
        last = _last(told) if department is None or agent is None else {}
        # another department's agent did not serve in this one
        theirs = last.get("agent") if department in (None, last.get("department")) else None
        departments.append(last.get("department") if department is None else department)
        agents.append(theirs if agent is None else agent)
    return pa.array(departments, pa.string()), pa.array(agents, pa.string())


def _last(told: str | None) -> dict[str, str | None]:
    """Return department and agent of the last human participant; without one, the department of the last of all."""
    every = _listed(told)
    every.sort(key=lambda each: (str(each.get("to") or "~"), str(each.get("from") or "")))  # still there: the last
    humans = [each for each in every if not each.get("bot") and each.get("agent")]
    if humans:
        return {name: _text(humans[-1].get(name)) for name in ("department", "agent")}
    return {"department": _text(every[-1].get("department")), "agent": None} if every else {}


def _listed(told: str | None) -> list[dict[str, Any]]:
    try:
        found = json.loads(told or "[]")
    except ValueError:  # the door does not look into the text; then nobody is known
        return []
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
