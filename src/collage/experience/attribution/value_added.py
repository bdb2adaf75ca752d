"""How agents and departments differ, once what they were handed is taken out.

    y = b·(experience when the contact began) + c·(customer's level) + (how asked) + (quarter) + (time of day) + α + ε

y is the rating on the scale from 1 to 5, α the agent's own: slopes come from ratings of one and the same agent (all
columns less the agent's mean), so that good agents do not lose to what usually comes to them. What a contact itself
brought is no control, for part of it is the agent's doing; but where agents are compared, the time a customer waited
for somebody free is. Then `staff.effects`. Source: model.md §1.11.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

import numpy as np
import pyarrow as pa
from scipy.special import fdtrc

from collage.experience.attribution.credits import Credits
from collage.experience.attribution.staff import Groups, Served, Staff, effects
from collage.experience.learning.ratings import Numbers, Whole
from collage.experience.learning.usable import ways

__all__ = ["Balance", "Standing", "ValueAdded", "value_added", "verdicts"]

Standing: TypeAlias = Literal["better", "worse", "not distinguishable", "too few"]

_RELIABLE: Final = 0.7
_SURE, _Z95 = 1.64, 1.96
_ENOUGH: Final = 76  # ratings for a reliability of .7 where 3 % of the spread is between agents (model.md §1.11)
_HOUR_US: Final = 3_600_000_000
_HOURS: Final = 6  # of a block
_RATINGS_A_COLUMN: Final = 20
_FEWEST_LATER: Final = 5


@dataclass(frozen=True, slots=True)
class Balance:
    """Whether agents of one department and time of day were handed alike: an F-test of the experience at the start."""

    f: float
    freedom: tuple[int, int]
    p: float


@dataclass(frozen=True, slots=True)
class ValueAdded:
    """How agents and departments differ.

    `raw_agents` and `raw_departments` are the mean ratings, from 1 to 5. `slope` is how much of the experience that was
    handed over is found again in the rating. `balance` is None where it cannot be tested; `forecast` is the slope of
    the last quarter's ratings on what the quarters before say of each agent (1: as foretold) with its standard error,
    None where there is none; `turned` counts agents whose verdict changes by their own noise instead of everybody's.
    """

    served: Served
    staff: Staff
    raw_agents: Numbers
    raw_departments: Numbers
    slope: float
    balance: Balance | None
    forecast: tuple[float, float] | None
    turned: int

    def table(self, by: Literal["agent", "department"]) -> pa.Table:
        """Return a row for each agent or department, by name. Source: tables.md "attribute --by agent".

        Parameters
        ----------
        by
            ``agent`` or ``department``.

        Returns
        -------
        pyarrow.Table
            `agent` or `department`, `n`, `raw_mean` (1 to 5), `value_added` in points (an agent's beside others of the
            department, a department's beside the others), its 95 % interval `low` and `high`, `reliability` 0 to 1, and
            `verdict`: better or worse, where the reliability is .7 or more and the effect 1.64 standard deviations from
            0; not distinguishable; too few.
        """
        groups = self.staff.agents if by == "agent" else self.staff.departments
        reach = _Z95 * groups.sd
        return pa.table(
            {
                by: list(self.served.agents if by == "agent" else self.served.departments),
                "n": groups.n,
                "raw_mean": self.raw_agents if by == "agent" else self.raw_departments,
                "value_added": groups.effect,
                "low": groups.effect - reach,
                "high": groups.effect + reach,
                "reliability": groups.reliability,
                "verdict": verdicts(groups),
            }
        )


def value_added(of: Credits) -> ValueAdded:
    """Return how agents and departments differ.

    Parameters
    ----------
    of
        Ratings taken apart.
    """
    served = Served.of(of.asked)
    score = _on_one_scale(of)
    columns = _controls(of, served)
    slopes, rest = _without(columns, score, served)
    waited = np.column_stack([columns, of.queued])
    _, agents_rest = _without(waited, score, served)
    staff = replace(effects(served, agents_rest, drifting=True), departments=effects(served, rest).departments)
    return ValueAdded(
        served=served,
        staff=staff,
        raw_agents=_mean(score, served.agent, len(served.agents)),
        raw_departments=_mean(score, served.department, len(served.departments)),
        slope=float(slopes[0]),
        balance=_balance(of, served),
        forecast=_forecast(served, agents_rest),
        turned=_turned(served, agents_rest, staff),
    )


def verdicts(groups: Groups) -> list[Standing]:
    """Return what may be said of each group."""
    rows = zip(groups.n.tolist(), groups.effect.tolist(), groups.sd.tolist(), groups.reliability.tolist(), strict=True)
    return [_verdict(*row) for row in rows]


def _verdict(n: int, effect: float, sd: float, reliability: float) -> Standing:
    if reliability < _RELIABLE:
        return "too few" if n < _ENOUGH else "not distinguishable"
    if abs(effect) <= _SURE * sd:
        return "not distinguishable"
    return "better" if effect > 0.0 else "worse"


def _on_one_scale(of: Credits) -> Numbers:
    low = of.asked["scale_low"].to_numpy().astype(np.float64)
    found: Numbers = 1.0 + (of.score - low) / of.unit
    return found


def _controls(of: Credits, served: Served) -> Numbers:
    """Return what was there before the agent did anything: the first column is the experience at the start."""
    way, names = ways(of.asked)
    asked = [(way == each).astype(np.float64) for each in range(1, len(names))]
    columns = [of.before, _customer(of), *asked, *_each(served.quarter), *_each(_block(of, served))]
    return np.column_stack(columns[: max(2, of.score.size // _RATINGS_A_COLUMN)])


def _customer(of: Credits) -> Numbers:
    """Return the customer's level by their other ratings, in points from 1 to 5."""
    found: Numbers = of.parts["customer"] / of.unit
    return found


def _each(group: Whole) -> list[Numbers]:
    """Return a column for each group but the commonest, the commoner first."""
    names, counts = np.unique(group, return_counts=True)
    order = names[np.argsort(-counts, kind="stable")]
    return [(group == each).astype(np.float64) for each in order[1:].tolist()]


def _block(of: Credits, served: Served) -> Whole:
    """Return department and time of day of each rating as one number."""
    hour = of.asked["started_us"].to_numpy() // _HOUR_US % 24
    found: Whole = served.department * (24 // _HOURS) + hour // _HOURS
    return found


def _cells(served: Served) -> Whole:
    """Return department and agent of each rating as one number."""
    pairs = np.stack([served.department, served.agent])
    found: Whole = np.unique(pairs, axis=1, return_inverse=True)[1].reshape(-1)
    return found


def _without(columns: Numbers, score: Numbers, served: Served) -> tuple[Numbers, Numbers]:
    """Return slopes, and the scores less what columns explain with them, about their mean."""
    slopes = _within(columns, score, _cells(served))
    rest = score - columns @ slopes
    return slopes, rest - rest.mean()


def _within(columns: Numbers, score: Numbers, cell: Whole) -> Numbers:
    """Return slopes from differences between ratings of one agent."""
    n = np.bincount(cell)
    both = np.column_stack([columns, score])
    mean = np.stack([np.bincount(cell, each) for each in both.T], axis=1) / n[:, None]
    left = both - mean[cell]
    found, *_ = np.linalg.lstsq(left[:, :-1], left[:, -1], rcond=1e-10)
    return np.asarray(found, np.float64)


def _mean(values: Numbers, group: Whole, count: int) -> Numbers:
    known = group >= 0
    n = np.bincount(group[known], minlength=count)
    found: Numbers = np.bincount(group[known], values[known], count) / np.maximum(n, 1)
    return found


def _balance(of: Credits, served: Served) -> Balance | None:
    """Return whether agents of a department and time of day were handed alike (one-way analysis within blocks)."""
    known = served.agent >= 0
    block = np.unique(_block(of, served)[known], return_inverse=True)[1]
    agent, handed = served.agent[known], of.before[known]
    if not handed.size:
        return None
    size = int(block.max()) + 1, len(served.agents)
    within = handed - _mean(handed, block, size[0])[block]
    columns = np.zeros((handed.size, size[1]))
    columns[np.arange(handed.size), agent] = 1.0
    columns -= np.stack([_mean(each, block, size[0]) for each in columns.T], axis=1)[block]
    beta, _, rank, _ = np.linalg.lstsq(columns, within, rcond=1e-8)
    left = handed.size - size[0] - int(rank)
    rest = float(((within - columns @ beta) ** 2).sum())
    if rank == 0 or left <= 0 or rest <= 0.0:
        return None
    f = (float((within**2).sum()) - rest) / rank / (rest / left)
    return Balance(f, (int(rank), left), float(fdtrc(rank, left, f)))


def _forecast(served: Served, rest: Numbers) -> tuple[float, float] | None:
    """Return the slope of the last quarter on what the quarters before foretell, each agent beside the department."""
    now = (served.quarter == 0) & (served.agent >= 0)
    if now.all() or not now.any():
        return None
    before = replace(served, **{name: getattr(served, name)[~now] for name in ("department", "agent", "quarter")})
    told = effects(before, rest[~now]).agents.effect
    level = np.append(_mean(rest[now], served.department[now], len(served.departments)), 0.0)  # -1: none is known
    n = np.bincount(served.agent[now], minlength=told.size)
    some = (n >= _FEWEST_LATER) & (np.bincount(before.agent[before.agent >= 0], minlength=told.size) > 0)
    later = _mean(rest[now] - level[served.department[now]], served.agent[now], told.size)
    weight = np.where(some, n, 0).astype(np.float64)
    square = float((weight * told**2).sum())
    if some.sum() <= 2 or square <= 0.0:  # noqa: PLR2004  # a slope and its error need three
        return None
    slope = float((weight * told * later).sum()) / square
    left = float((weight * (later - slope * told) ** 2).sum()) / float(some.sum() - 1)
    return slope, float(np.sqrt(left / square))


def _turned(served: Served, rest: Numbers, staff: Staff) -> int:
    """Return how many verdicts change where each agent's ratings have the noise they show instead of everybody's."""
    known, count = served.agent >= 0, len(served.agents)
    n = np.bincount(served.agent[known], minlength=count)
    mean = _mean(rest, served.agent, count)
    square = np.bincount(served.agent[known], (rest[known] - mean[served.agent[known]]) ** 2, count)
    own = np.where(n > 1, square / np.maximum(n - 1, 1), staff.noise**2)
    # as sure of its own noise as so many ratings allow: drawn to everybody's by ten
    noise = (own * n + staff.noise**2 * 10.0) / (n + 10.0)
    spread = max(staff.agents.spread, 1e-9) ** 2
    told = spread / (spread + noise / np.maximum(n, 1))
    plain = spread / (spread + staff.noise**2 / np.maximum(n, 1))
    reliability = staff.agents.reliability * told / plain
    effect = staff.agents.effect * told / plain
    sd = staff.agents.sd * np.sqrt((1.0 - told) / np.maximum(1.0 - plain, 1e-12))
    other = replace(staff.agents, effect=effect, sd=sd, reliability=reliability)
    return sum(one != two for one, two in zip(verdicts(staff.agents), verdicts(other), strict=True))
