"""Who the customers and the agents of a simulated company are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from collage.simulate.causes import Causes
from collage.simulate.rows import DAY, DEPARTMENTS, IDENTIFIERS, SITES, TIERS, Flags, Numbers, Whole

__all__ = ["Customers", "Span", "Staff", "agents_each", "customers", "staff"]

_CUSTOMERS_AN_AGENT: Final = 250
_FEWEST, _MOST = 3, 10  # agents of a department: one a site, and sixty in all
_JOIN_BY: Final = 0.8  # of the simulated time


@dataclass(frozen=True, slots=True)
class Span:
    """The time that is simulated, in microseconds since 1970: from `begin` up to `end`, which is no part of it."""

    begin: int
    end: int

    @property
    def days(self) -> float:
        """Return how long it is."""
        return (self.end - self.begin) / DAY


@dataclass(frozen=True, slots=True)
class Staff:
    """The agents, `each` to a department, one department after the other, junior before senior.

    `alpha` is what an agent adds to a rating, `seniority` runs from 0 to 1, `site` is the number of the agent's site.
    By department: `effect` is what it adds to a rating, `settles` what it adds to the logit of settling a matter.
    """

    each: int
    alpha: Numbers
    seniority: Numbers
    site: Whole
    effect: Numbers
    settles: Numbers


@dataclass(frozen=True, slots=True)
class Customers:
    """Customers of one block.

    `u` is how much higher than others each rates everything, `luck` multiplies mishaps, `joined` is when each became a
    customer. `has` tells, by number of `IDENTIFIERS`, who has an account, a mail address, a telephone number, a cookie
    and a second account.
    """

    tier: Whole
    u: Numbers
    luck: Numbers
    site: Whole
    joined: Whole
    has: Flags

    @property
    def n(self) -> int:
        """Return how many there are."""
        return self.u.size


def agents_each(n: int) -> int:
    """Return how many agents a department has in a company of so many customers."""
    return int(np.clip(round(n / _CUSTOMERS_AN_AGENT), _FEWEST, _MOST))


def staff(rng: np.random.Generator, causes: Causes, *, each: int) -> Staff:
    """Return the agents of a company."""
    departments = len(DEPARTMENTS)
    return Staff(
        each=each,
        alpha=rng.normal(0.0, causes.ratings.agent_sd, each * departments),
        seniority=np.tile((np.arange(each) + 0.5) / each, departments),
        site=np.tile(np.arange(each) % len(SITES), departments),
        effect=rng.normal(0.0, causes.ratings.department_sd, departments),
        settles=rng.normal(0.0, causes.contacts.department_sd, departments),
    )


def customers(rng: np.random.Generator, causes: Causes, *, n: int, span: Span) -> Customers:
    """Return some customers: some were so before the time that is simulated, the others join in it."""
    c = causes.people
    before = rng.random(n) < c.joined_before_share
    earlier = span.begin - (rng.exponential(c.tenure_days, n) * DAY).astype(np.int64)
    later = span.begin + (rng.random(n) * _JOIN_BY * (span.end - span.begin)).astype(np.int64)
    has = np.ones((n, len(IDENTIFIERS)), bool)
    has[:, 1:] = rng.random((n, 4)) < (c.email_share, c.phone_share, c.cookie_share, c.split_share)
    return Customers(
        tier=rng.choice(len(TIERS), n, p=c.tiers),
        u=rng.normal(0.0, causes.ratings.customer_sd, n),
        luck=rng.lognormal(-(c.luck_sd**2) / 2.0, c.luck_sd, n),  # one, on the average
        site=rng.integers(0, len(SITES), n),
        joined=np.where(before, earlier, later),
        has=has,
    )
