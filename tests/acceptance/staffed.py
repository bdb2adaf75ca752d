"""Ratings of agents whose skill is known, and of what was handed to each: no company behind them, only numbers.

Source: model.md §1.11 (4): 60 agents in 4 departments whose customers come with -.6 to +.2, the more senior the more is
wrong with who comes (.3), skill N(0, .2²).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy.stats import spearmanr

from collage.experience.attribution import Credits, value_added
from collage.experience.learning.ratings import Numbers
from tests.acceptance.measuring import Figures

__all__ = ["Staffed", "compared", "shared"]

_DAY_US = 86_400_000_000
_HANDED = (-0.6, -0.3, -0.1, 0.2)
_BELOW = (0.06, 0.11, 0.21, 0.48)
_EXPERIENCE, _CONTACT, _CUSTOMER, _NOISE, _DEPARTMENT = 0.6, 0.3, 0.6, 1.0, 0.15


@dataclass(frozen=True)
class Staffed:
    """How many agents, ratings of each, how much skill differs, and how much more is wrong with whom seniors serve."""

    agents: int = 60
    each: int = 100
    skill: float = 0.2
    routed: float = 0.3


def shared(of: Staffed, rng: np.random.Generator) -> tuple[Credits, Numbers]:
    """Return ratings as they are shared out before anybody is compared, and each agent's true skill."""
    n, departments = of.agents * of.each, len(_HANDED)
    agent = np.repeat(np.arange(of.agents), of.each)
    department = agent % departments
    skill, senior = rng.normal(0.0, of.skill, of.agents), rng.normal(0.0, 1.0, of.agents)
    hard = of.routed * senior[agent] + np.sqrt(1.0 - of.routed**2) * rng.normal(0.0, 1.0, n)
    handed = np.array(_HANDED)[department] - _EXPERIENCE * hard
    rest = rng.normal(0.0, np.sqrt(_CONTACT**2 + _CUSTOMER**2 + _NOISE**2), n)
    eta = handed + skill[agent] + rng.normal(0.0, _DEPARTMENT, departments)[department] + rest
    score = 1.0 + np.searchsorted(np.quantile(eta, _BELOW), eta)
    at = rng.integers(0, 730, n) * _DAY_US + rng.integers(8, 20, n) * (_DAY_US // 24)
    texts = pa.array(["csat"] * n)
    asked = pa.table(
        {
            "rating_id": [f"r{place}" for place in range(n)],
            "score": score.astype(np.float64),
            "scale_low": np.ones(n),
            "scale_high": np.full(n, 5.0),
            "department": [f"d{each}" for each in department],
            "agent": [f"a{each:03}" for each in agent],
            "customer": np.arange(n),
            "rated_us": at,
            "started_us": at,
            **dict.fromkeys(("instrument", "item", "wording", "channel"), texts),
        }
    )
    none = np.zeros(n)
    parts = dict.fromkeys(
        ("inherited_self", "contact_other", "contact_process", "own_agent", "since", "customer", "instrument"), none
    )
    return Credits(asked, ("unknown",), none[:, None], parts, none, handed, none, none), skill


def compared(of: Staffed, rng: np.random.Generator) -> Figures:
    """Return how well agents are told from one another."""
    credits_, skill = shared(of, rng)
    found = value_added(credits_)
    table = found.table("agent")
    guess, raw = table["value_added"].to_numpy(), table["raw_mean"].to_numpy()
    verdict = np.array(table["verdict"].to_pylist())
    called = np.isin(verdict, ["better", "worse"])
    right = np.where(verdict == "better", skill > 0.0, skill < 0.0)
    slope, _ = found.forecast or (np.nan, np.nan)
    told = float(np.median(table["reliability"].to_numpy()))
    figures = {
        "n": float(credits_.score.size),
        "forecast": slope,
        "reliability": told,
        "called": float(called.mean()),
        "called_wrongly": float((called & ~right).sum() / max(called.sum(), 1)),
        "blamed": _blamed(guess, skill),
        "blamed_raw": _blamed(raw, skill),
    }
    if skill.std() > 0.0:
        figures |= {"rank": float(spearmanr(guess, skill)[0]), "rank_raw": float(spearmanr(raw, skill)[0])}
        apart = np.array([raw[place] - raw[place % 4 :: 4].mean() for place in range(raw.size)])
        figures["rank_demeaned"] = float(spearmanr(apart, skill)[0])
    return figures


def _blamed(guess: Numbers, skill: Numbers) -> float:
    """Return how many of the lowest tenth are truly above the middle."""
    lowest = np.argsort(guess)[: max(1, guess.size // 10)]
    return float((skill[lowest] > np.median(skill)).mean())
