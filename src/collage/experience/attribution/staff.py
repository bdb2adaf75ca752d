"""What departments and their agents add to ratings, each drawn to the level above as far as its ratings ask for it.

    v = μ + δ_d + α_a + ε      δ ~ N(0, σ_δ²)      α ~ N(0, σ_α²)      ε ~ N(0, σ_ε²)

σ_ε² is the variance within agents. σ_α and σ_δ have half-Cauchy priors of scale .2 points and are summed out on a grid
by their restricted likelihood, so that not knowing them widens the intervals, and a few groups do not seem far apart by
chance (Gelman et al., Bayesian Data Analysis, 3rd ed. 2013, §5.4; Gelman, Bayesian Analysis 1 (2006) 515-534). An
agent's α may drift: quarters l apart have the covariance σ_α²·r^l, and what is foretold is the last quarter's (Chetty,
Friedman and Rockoff, American Economic Review 104 (2014) 2593-2632).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collage.experience.learning.ratings import Numbers, Whole

__all__ = ["Groups", "Served", "Staff", "effects"]


_QUARTER_US: Final = 90 * 86_400_000_000
_MOST_QUARTERS: Final = 12
_SPREADS: Final = np.linspace(0.0, 1.0, 81) ** 2 * 2.0  # σ of a group on a scale from 1 to 5: half the range at most
_USUAL: Final = 0.2  # assumption: 3 % of the spread of ratings is between agents (model.md §1.11)
_FEWEST: Final = 3  # groups beyond the means they are compared with, before it is said how they differ
_FEWEST_QUARTERS: Final = 3
_DRIFTS: Final = np.linspace(0.0, 1.0, 11)
_FEW_SPREADS: Final = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 1.0)
_CLEAR: Final = 6.63
_NOTHING_TOLD: Final = 1e6


@dataclass(frozen=True, slots=True)
class Served:
    """Who served each rating's customer: places among `departments` and `agents`, -1 where nobody is known.

    `quarter` counts back from the last rating.
    """

    departments: tuple[str, ...]
    agents: tuple[str, ...]
    department: Whole
    agent: Whole
    quarter: Whole

    @classmethod
    def of(cls, asked: pa.Table) -> Served:
        """Return who served in ratings with `department`, `agent` and `rated_us`."""
        at = asked["rated_us"].to_numpy()
        quarter = (at.max(initial=0) - at) // _QUARTER_US
        (departments, department), (agents, agent) = (_coded(asked[name]) for name in ("department", "agent"))
        return cls(departments, agents, department, agent, np.minimum(quarter, _MOST_QUARTERS - 1).astype(np.int64))

    @property
    def home(self) -> Whole:
        """Return the department of each agent, where most of the ratings are; the number of all where none is known."""
        found = np.zeros((len(self.agents), len(self.departments) + 1), np.int64)
        known = self.agent >= 0
        np.add.at(found, (self.agent[known], self.department[known]), 1)  # -1: the last column
        return np.argmax(found, axis=1) if found.size else np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class Groups:
    """How groups differ: `n` ratings, the `effect` of each, its standard deviation `sd` and `reliability`, 0 to 1.

    `spread` is the standard deviation between groups, on the average of what is likely.
    """

    n: Whole
    effect: Numbers
    sd: Numbers
    reliability: Numbers
    spread: float


@dataclass(frozen=True, slots=True)
class Staff:
    """Departments with all their agents, and agents beside others of their department; `drift` is r, `noise` σ_ε.

    Once for each rating, 0 where nobody is known: `of_department` is δ, what a department adds whoever of it serves,
    `of_agent` is α.
    """

    departments: Groups
    agents: Groups
    drift: float
    noise: float
    of_department: Numbers
    of_agent: Numbers


def effects(of: Served, values: Numbers, *, drifting: bool = False) -> Staff:
    """Return what departments and agents add.

    Parameters
    ----------
    of
        Who served.
    values
        What is left of each rating to be explained.
    drifting
        Whether an agent's effect may change from quarter to quarter; else it is one for all time.

    Returns
    -------
    Staff
        Nobody has an effect where no two ratings are one agent's.
    """
    cells = _Cells.of(of, values)
    if np.isinf(cells.noise):
        return _nobody(of)
    likely = _likely(cells.mean, cells.noise / cells.n, cells.department, len(of.departments) + 1)
    rest = values - likely.level[of.department]  # -1: where no department is known, the last
    drift = _drift(of, rest, cells.noise) if drifting else 1.0
    agents = _agents(of, rest, likely, cells.noise, drift)
    count = len(of.departments)
    alone = _among(likely.level[:count], likely.variance[:count], np.zeros(count, np.int64))
    return Staff(
        _whole_departments(of, values, cells.noise),
        agents,
        drift,
        float(np.sqrt(cells.noise)),
        np.append(alone.effect, 0.0)[of.department],
        np.append(agents.effect, 0.0)[of.agent],
    )


def _nobody(of: Served) -> Staff:
    """Return what may be said where nothing tells an agent from one rating."""
    departments, agents = (
        Groups(np.bincount(who[who >= 0], minlength=size), np.zeros(size), np.zeros(size), np.zeros(size), 0.0)
        for who, size in ((of.department, len(of.departments)), (of.agent, len(of.agents)))
    )
    none = np.zeros(of.agent.size)
    return Staff(departments, agents, 1.0, 0.0, none, none)


@dataclass(frozen=True, slots=True)
class _Cells:
    """Ratings by department and agent together (whom nobody knows is one of them), and the variance within."""

    department: Whole
    n: Numbers
    mean: Numbers
    noise: float

    @classmethod
    def of(cls, of: Served, values: Numbers) -> _Cells:
        pairs = np.stack([of.department, of.agent])
        each, cell = np.unique(pairs, axis=1, return_inverse=True)
        cell = cell.reshape(-1)
        n = np.bincount(cell).astype(np.float64)
        mean = np.bincount(cell, values) / n
        left = values.size - n.size
        noise = float(((values - mean[cell]) ** 2).sum() / left) if left > 0 else np.inf
        return cls(each[0], n, mean, max(noise, 1e-12))


@dataclass(frozen=True, slots=True)
class _Likely:
    """How likely each spread is, and the level of each department with its variance."""

    chance: Numbers
    level: Numbers
    variance: Numbers
    enough: bool


def _likely(mean: Numbers, noise: Numbers, whose: Whole, count: int) -> _Likely:
    """Return the posterior of the spread of groups about their levels, and of the levels."""
    log, levels, variances = np.zeros(_SPREADS.size), [], []
    place = whose % count  # -1: the last
    for number, spread in enumerate(_SPREADS):
        weight = 1.0 / (spread**2 + noise)
        summed = np.bincount(place, weight, count)
        there = summed > 0.0
        level = np.bincount(place, weight * mean, count) / np.where(there, summed, 1.0)
        away = (weight * (mean - level[place]) ** 2).sum()
        log[number] = 0.5 * (np.log(weight[weight > 0.0]).sum() - np.log(summed[there]).sum() - away)
        levels.append(level)
        variances.append(np.where(there, 1.0 / np.where(there, summed, 1.0), np.inf))
    prior = 1.0 / (1.0 + (_SPREADS / _USUAL) ** 2)
    chance = np.exp(log - log.max()) * prior * np.gradient(_SPREADS)  # the grid is finer where spreads are small
    chance /= chance.sum()
    level = chance @ np.array(levels)
    with np.errstate(invalid="ignore"):
        variance = chance @ (np.array(variances) + (np.array(levels) - level) ** 2)
    return _Likely(chance, level, variance, mean.size - np.unique(place).size >= _FEWEST)


def _agents(of: Served, rest: Numbers, likely: _Likely, noise: float, drift: float) -> Groups:
    """Return agents beside others of their department."""
    count, known = len(of.agents), of.agent >= 0
    n = np.bincount(of.agent[known], minlength=count)
    effect, square, reliability = np.zeros(count), np.zeros(count), np.zeros(count)
    unsure = np.where(n > 0, likely.variance[of.home], 0.0)
    means = _by_quarter(of, rest) if drift < 1.0 else None
    mean = np.bincount(of.agent[known], rest[known], count) / np.maximum(n, 1)
    for spread, chance in zip(_SPREADS, likely.chance, strict=True):
        if means is None:
            told = spread**2 / (spread**2 + noise / np.maximum(n, 1))
            guess = told * mean
        else:
            told, guess = _last_quarter(*means, spread, noise, drift)
        effect += chance * guess
        square += chance * (guess**2 + spread**2 * (1.0 - told) + told**2 * unsure)
        reliability += chance * told
    sd = np.sqrt(np.maximum(square - effect**2, 0.0))
    spread = float(np.sqrt(likely.chance @ _SPREADS**2))
    return Groups(n, effect, sd, reliability if likely.enough else np.zeros(count), spread)


def _among(level: Numbers, noise: Numbers, n: Whole) -> Groups:
    """Return groups beside one another, by their means and how unsure these are."""
    count = level.size
    if not np.isfinite(noise).any():  # no group has a rating
        return Groups(n, np.zeros(count), np.zeros(count), np.zeros(count), 0.0)
    likely = _likely(level, noise, np.zeros(count, np.int64), 1)
    effect, square, reliability = np.zeros(count), np.zeros(count), np.zeros(count)
    for spread, chance in zip(_SPREADS, likely.chance, strict=True):
        weight = 1.0 / (spread**2 + noise)
        middle = float((weight * level).sum() / weight.sum())
        told = spread**2 * weight
        guess = told * (level - middle)
        effect += chance * guess
        square += chance * (guess**2 + spread**2 * (1.0 - told) + told**2 / weight.sum())
        reliability += chance * told
    sd = np.sqrt(np.maximum(square - effect**2, 0.0))
    spread = float(np.sqrt(likely.chance @ _SPREADS**2))
    return Groups(n, effect, sd, reliability if likely.enough else np.zeros(count), spread)


def _whole_departments(of: Served, values: Numbers, noise: float) -> Groups:
    """Return departments beside one another, their agents included."""
    known, count = of.department >= 0, len(of.departments)
    n = np.bincount(of.department[known], minlength=count)
    mean = np.bincount(of.department[known], values[known], count) / np.maximum(n, 1)
    return _among(mean, noise / np.maximum(n, 1), n)


def _by_quarter(of: Served, rest: Numbers) -> tuple[Numbers, Numbers]:
    """Return the mean and the number of each agent's ratings by quarter."""
    shape, known = (len(of.agents), _MOST_QUARTERS), of.agent >= 0
    cell = of.agent[known] * _MOST_QUARTERS + of.quarter[known]
    n = np.bincount(cell, minlength=shape[0] * shape[1]).astype(np.float64)
    summed = np.bincount(cell, rest[known], shape[0] * shape[1])
    return (summed / np.maximum(n, 1.0)).reshape(shape), n.reshape(shape)


def _whole(n: Numbers, spread: float, noise: float, drift: float) -> Numbers:
    """Return the covariance of each agent's quarterly means; a quarter without ratings tells nothing."""
    place = np.arange(_MOST_QUARTERS)
    alike = spread**2 * drift ** np.abs(np.subtract.outer(place, place))
    found = np.repeat(alike[None], n.shape[0], axis=0)
    found[:, place, place] += np.where(n > 0.0, noise / np.maximum(n, 1.0), _NOTHING_TOLD)
    return found


def _last_quarter(mean: Numbers, n: Numbers, spread: float, noise: float, drift: float) -> tuple[Numbers, Numbers]:
    """Return how much the quarters tell of the last one, and what they say of it."""
    if spread == 0.0:
        return np.zeros(mean.shape[0]), np.zeros(mean.shape[0])
    alike = spread**2 * drift ** np.arange(_MOST_QUARTERS)
    weight = np.linalg.solve(_whole(n, spread, noise, drift), np.repeat(alike[None, :, None], n.shape[0], axis=0))
    return weight[:, :, 0] @ alike / spread**2, (weight[:, :, 0] * mean).sum(axis=1)


def _drift(of: Served, rest: Numbers, noise: float) -> float:
    """Return by how much less alike an agent's quarters are for each that lies between; 1 where that is not clear.

    The likeliest r stands only where twice the log-likelihood is 6.63 above that of r = 1 (a test at 1 %).
    """
    mean, n = _by_quarter(of, rest)
    if (n.sum(axis=0) > 0.0).sum() < _FEWEST_QUARTERS or not mean.shape[0]:
        return 1.0
    reached = [max(_likelihood(mean, n, spread, noise, drift) for spread in _FEW_SPREADS) for drift in _DRIFTS]
    best = int(np.argmax(reached))
    return float(_DRIFTS[best]) if 2.0 * (reached[best] - reached[-1]) > _CLEAR else 1.0


def _likelihood(mean: Numbers, n: Numbers, spread: float, noise: float, drift: float) -> float:
    whole = _whole(n, spread, noise, drift)
    _, size = np.linalg.slogdet(whole)
    away = (mean * np.linalg.solve(whole, mean[:, :, None])[:, :, 0]).sum()
    return float(-0.5 * (size.sum() + away))


def _coded(column: pa.ChunkedArray) -> tuple[tuple[str, ...], Whole]:
    names = sorted(pc.unique(column).drop_null().to_pylist())
    place = pc.index_in(column, value_set=pa.array(names, pa.string())).fill_null(-1)
    return tuple(names), place.to_numpy().astype(np.int64)
