"""How long callers wait: the queue M/M/n+M (Erlang-A), its offered wait drawn by its distribution.

Source: S. Zeltyn, A. Mandelbaum, "Call centers with impatient customers" (2005), §4: with λ calls a second, n agents,
service rate μ and patience rate θ, the wait that a caller of endless patience would be offered has the density

    v(x) = λ·π[n-1]·exp(λ·H(x) - n·μ·x),   H(x) = (1 - exp(-θ·x))/θ,   x > 0,

and is 0 with probability Σ π[j], j < n, where π[j] is the chance to find j agents busy. A caller whose patience is
shorter than the wait that is offered gives up. Every hour of the week has a queue of its own, in its steady state.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from collage.simulate.causes import Waits
from collage.simulate.rows import DAY, HOUR, Flags, Numbers, Whole

__all__ = ["Queue", "calling", "hour_of_week", "queues", "waits"]

_GRID: Final = 20_000
_PATIENCES: Final = 40.0  # in e^-40 nobody is left
_PROFILE: Final = (0.75, 0.95, 1.0, 0.95, 0.8, 0.8, 0.9, 0.95, 0.9, 0.8, 0.55, 0.4)
_WEEKDAYS: Final = (1.0, 0.9, 0.85, 0.85, 0.9)
_WEEK_H: Final = 168
_MONDAY: Final = 4  # the first day of 1970 was a Thursday: the first Monday came four days later


@dataclass(frozen=True, slots=True)
class Queue:
    """One hour of the week: rates a second, agents, and the distribution of the offered wait on a grid.

    `at_once` is the chance to be answered without waiting; `grid` seconds and `below` the chance of a wait up to them.
    """

    arrival: float
    service: float
    patience: float
    agents: int
    at_once: float
    grid: Numbers
    below: Numbers


def _queue(*, arrival: float, service: float, patience: float, agents: int) -> Queue:
    """Return the queue with these rates (a second) and agents (at least one)."""
    load = arrival / service
    found = np.array([j * math.log(load) - math.lgamma(j + 1) for j in range(agents)])
    busy = np.exp(found - found.max())
    # squared: most steps are where most waits are
    grid = _PATIENCES / patience * np.linspace(0.0, 1.0, _GRID) ** 2
    density = arrival * busy[-1] * np.exp(arrival * -np.expm1(-patience * grid) / patience - agents * service * grid)
    steps = np.diff(grid) * (density[1:] + density[:-1]) / 2.0
    below = np.concatenate([[busy.sum()], busy.sum() + np.cumsum(steps)])
    return Queue(arrival, service, patience, agents, float(below[0] / below[-1]), grid, below / below[-1])


@cache
def queues(causes: Waits) -> dict[int, Queue]:
    """Return the queue of each hour of the week (0: Monday's first) in which the company is open."""
    found = {}
    for hour, calls in enumerate(_calls(causes)):
        if calls > 0.0:
            load = calls * causes.handle_s / 3600.0
            spare = causes.spare_evening if hour % 24 >= causes.evening_h else causes.spare
            agents = max(1, round(load + spare * math.sqrt(load)))
            rates = {"arrival": calls / 3600.0, "service": 1.0 / causes.handle_s, "patience": 1.0 / causes.patience_s}
            found[hour] = _queue(**rates, agents=agents)
    return found


def hour_of_week(at: Whole) -> Whole:
    """Return the hour of the week of moments, 0 to 167, in UTC."""
    found: Whole = (at - _MONDAY * DAY) // HOUR % _WEEK_H
    return found


def calling(rng: np.random.Generator, causes: Waits, at: Whole) -> Whole:
    """Return when customers call who mean to at these moments: at once, or when the company is open again.

    Whoever means to while it is closed calls on the next day on which it opens, at an hour by which calls come.
    """
    calls = _calls(causes)
    now = calls[hour_of_week(at)] > 0.0
    midnight = at - at % DAY
    day = np.where(at % DAY < causes.opens_h * HOUR, midnight, midnight + DAY)
    for _ in range(2):
        day = np.where(calls.reshape(7, 24)[hour_of_week(day) // 24].any(axis=1), day, day + DAY)
    profile = np.cumsum(calls[:24])  # a Monday's
    hour = np.searchsorted(profile, rng.random(at.size) * profile[-1], side="right")
    return np.where(now, at, day + hour * HOUR + (rng.random(at.size) * HOUR).astype(np.int64))


def waits(rng: np.random.Generator, causes: Waits, at: Whole) -> tuple[Numbers, Flags]:
    """Return how long callers wait who call at these moments, in seconds, and which of them give up."""
    hour = hour_of_week(at)
    chance, patience = rng.random(at.size), rng.exponential(causes.patience_s, at.size)
    offered = np.zeros(at.size)
    for each, queue in queues(causes).items():
        here = np.flatnonzero(hour == each)
        waiting = np.interp(chance[here], queue.below, queue.grid)
        offered[here] = np.where(chance[here] <= queue.at_once, 0.0, waiting)
    return np.minimum(offered, patience), patience < offered


def _calls(causes: Waits) -> Numbers:
    """Return how many calls come in each hour of the week."""
    opens, closes = causes.opens_h, causes.closes_h
    found = np.zeros((7, 24))
    for hour in range(opens, closes):
        share = _PROFILE[(hour - opens) * len(_PROFILE) // (closes - opens)]
        found[:, hour] = causes.calls_an_hour * share * np.array([*_WEEKDAYS, causes.weekend_share, 0.0])
    return found.reshape(_WEEK_H)
