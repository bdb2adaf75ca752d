"""Who earned the ratings: departments, agents and one rating taken apart, as plain rows.

The numbers are those of `collage attribute`: `attribution.Credits` and `attribution.ValueAdded`, put into rows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from collage.experience.attribution import Balance, Credits, ValueAdded, value_added
from collage.report.taken import Taken

__all__ = ["FOR_PAY", "RANKED", "Agent", "Department", "Earned", "Mean", "earned"]

RANKED: Final = 0.7  # reliability below which nobody is ranked, model.md §1.11
FOR_PAY: Final = 0.8  # and below which no pay hangs on it
_OWN: Final = ("better", "worse")


@dataclass(frozen=True, slots=True)
class Mean:
    """A value with its 95 % interval; its ends are None where too little is known for one."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Department:
    """What ratings of a department's service are made of, in points from 1 to 5, and what it adds beside the others.

    `mean` is the raw mean rating and `beside` that less the mean of all ratings. `inherited` was there before its
    contacts began, `own` is its process and its agents, `others` are others in the contact. `added` is its value added.
    """

    name: str
    ratings: int
    customers: int
    mean: float
    beside: float
    inherited: Mean
    own: Mean
    others: Mean
    added: Mean
    reliability: float
    verdict: str

    @property
    def told(self) -> bool:
        """Return whether it has an effect of its own."""
        return self.verdict in _OWN


@dataclass(frozen=True, slots=True)
class Agent:
    """What an agent adds beside others of the department.

    `mean` is the raw mean rating, from 1 to 5, `beside` that less the raw mean of the department (of all, where the
    agent's is not known).
    """

    name: str
    ratings: int
    mean: float
    beside: float
    added: Mean
    reliability: float
    verdict: str

    @property
    def ranked(self) -> bool:
        """Return whether enough is known to rank the agent."""
        return self.reliability >= RANKED

    @property
    def told(self) -> bool:
        """Return whether the agent has an effect of their own."""
        return self.ranked and self.verdict in _OWN

    @property
    def misled(self) -> bool:
        """Return whether the raw mean puts the agent on the other side of the department."""
        return self.beside * self.added.value < 0


@dataclass(frozen=True, slots=True)
class Earned:
    """All that ratings say of who earned them.

    `ratings` of `customers` are shared out. `departments` are by what they inherited, the least first; `agents` are the
    ranked ones by what they add, then all others by name. `slope` is how much of what was handed over is found again in
    a rating, `balance`, `forecast` and `turned` say how far the comparison carries (`attribution.ValueAdded`).
    `taken` is one rating taken apart.
    """

    ratings: int
    customers: int
    departments: Sequence[Department]
    agents: Sequence[Agent]
    slope: float
    balance: Balance | None
    forecast: tuple[float, float] | None
    turned: int
    taken: Taken | None = None

    @property
    def ranked(self) -> Sequence[Agent]:
        """Return the agents of whom enough is known, who adds most first."""
        return [each for each in self.agents if each.ranked]

    @property
    def unranked(self) -> Sequence[Agent]:
        """Return the others, by name."""
        return [each for each in self.agents if not each.ranked]


def earned(of: Credits, *, taken: Taken | None = None) -> Earned:
    """Return who earned ratings.

    Parameters
    ----------
    of
        Ratings shared out, one at least.
    taken
        One of them taken apart.

    Returns
    -------
    Earned
        Its figures are those of `Credits.by_department` and `ValueAdded.table`.
    """
    compared = value_added(of)
    return Earned(
        ratings=of.asked.num_rows,
        customers=len(set(of.asked["customer"].to_pylist())),
        departments=_departments(of, compared),
        agents=_agents(compared),
        slope=compared.slope,
        balance=compared.balance,
        forecast=compared.forecast,
        turned=compared.turned,
        taken=taken,
    )


def _departments(of: Credits, compared: ValueAdded) -> list[Department]:
    added = {row["department"]: row for row in compared.table("department").to_pylist()}
    whose: dict[str, set[int]] = {}
    for name, customer in zip(of.asked["department"].to_pylist(), of.asked["customer"].to_pylist(), strict=True):
        whose.setdefault(name, set()).add(customer)
    whole = float(np.average(compared.raw_departments, weights=compared.staff.departments.n)) if added else 0.0
    found = [
        Department(
            name=row["department"],
            ratings=row["n"],
            customers=len(whose[row["department"]]),
            mean=row["mean"],
            beside=row["mean"] - whole,
            inherited=_mean(row, "inherited"),
            own=_mean(row, "own"),
            others=_mean(row, "others"),
            added=_added(added[row["department"]]),
            reliability=added[row["department"]]["reliability"],
            verdict=added[row["department"]]["verdict"],
        )
        for row in of.by_department().to_pylist()
    ]
    return sorted(found, key=lambda each: (each.inherited.value, each.name))


def _agents(compared: ValueAdded) -> list[Agent]:
    means = compared.raw_departments
    whole = float(np.average(compared.raw_agents, weights=compared.staff.agents.n)) if compared.raw_agents.size else 0.0
    found = []
    for row, home in zip(compared.table("agent").to_pylist(), compared.served.home.tolist(), strict=True):
        level = float(means[home]) if home < means.size else whole
        added, beside = _added(row), row["raw_mean"] - level
        figures = (row["n"], row["raw_mean"], beside, added, row["reliability"], row["verdict"])
        found.append(Agent(row["agent"], *figures))
    ranked = sorted((each for each in found if each.ranked), key=lambda each: (-each.added.value, each.name))
    return ranked + sorted((each for each in found if not each.ranked), key=lambda each: each.name)


def _mean(row: Mapping[str, Any], name: str) -> Mean:
    return _sound(row[name], row[f"{name}_low"], row[f"{name}_high"])


def _added(row: Mapping[str, Any]) -> Mean:
    return _sound(row["value_added"], row["low"], row["high"])


def _sound(value: float, low: float | None, high: float | None) -> Mean:
    """Return a mean whose interval is None where a number has no end."""
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return Mean(value, None, None)
    return Mean(value, low, high)
