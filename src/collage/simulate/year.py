"""One year of a small mail-order company, so that its exports have something to tell.

Four causes are planted, and everything else follows from them by chance:

- the *east* depot of the parcel department is late for ten weeks (:data:`LATE_DEPOT`),
- the *evening* line of the telephone has too few people on every day (:data:`MEAN_WAIT_S`),
- a coupon of the shop is refused for twelve days although it was advertised (:data:`COUPON`),
- for three days the card payments of the shop are declined (:data:`CARD_TROUBLE`).

A late parcel, a refused coupon or a declined card makes customers call; who is not helped calls again. All
times are seconds of the company's own wall clock since 1970-01-01, all money is in cents, ``NEVER`` is the
time of what did not happen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = [
    "DAY_S",
    "DEPOTS",
    "HOUR_S",
    "LINES",
    "NEVER",
    "REFUSED",
    "Calls",
    "Flags",
    "Orders",
    "Parcels",
    "Searches",
    "Whole",
    "Year",
    "year",
]

Whole = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

NEVER: Final = np.iinfo(np.int64).min
HOUR_S: Final = 3_600
DAY_S: Final = 24 * HOUR_S

DEPOTS: Final = ("north", "south", "west", "east")
DEPOT_SHARES: Final = (0.3, 0.3, 0.25, 0.15)
LATE_DEPOT: Final = 3
LATE_WEEKS: Final = (-110, -40)  # days before the end
LATE_SHARE: Final = (0.05, 0.60)  # elsewhere, and at the late depot in its bad weeks

MISSED_SHARE: Final = 0.03
LOST_SHARE: Final = 0.003

LINES: Final = ("day", "evening")
MEAN_WAIT_S: Final = (70.0, 430.0)
PATIENCE_S: Final = 900.0
SOLVED_SHARE: Final = (0.88, 0.72)
OPENS_AT: Final = 8 * HOUR_S
EVENING_AT: Final = 18 * HOUR_S
AFTER_WORK_SHARE: Final = 0.33
SEARCH_SHARE: Final = 0.15
AGAIN_SHARE: Final = 0.6
HELD_SHARE: Final = 0.15
RATES_SHARE: Final = 0.2

REFUSED: Final = 2
COUPON_SHARE: Final = 0.25
COUPON: Final = (-262, -250)
COUPON_REFUSED_SHARE: Final = (0.04, 0.80)
GIVES_UP_SHARE: Final = 0.35
CARD_TROUBLE: Final = (-31, -28)
CARD_DECLINED_SHARE: Final = (0.015, 0.55)


@dataclass(frozen=True)
class Orders:
    """Orders as the shop saw them, in order of time; a coupon is 0 none, 1 taken, 2 refused."""

    customer: Whole
    at: Whole
    cents: Whole
    coupon: Whole
    declined: Flags
    lost: Flags


@dataclass(frozen=True)
class Parcels:
    """One parcel for each order that was placed and has left the house; ``order`` is a row of the orders."""

    order: Whole
    depot: Whole
    shipped: Whole
    promised: Whole
    missed: Whole
    delivered: Whole


@dataclass(frozen=True)
class Calls:
    """Calls to the telephone department in order of time; ``order`` is a row of the orders or ``NEVER``."""

    customer: Whole
    order: Whole
    line: Whole
    queued: Whole
    waited_s: Whole
    talked_s: Whole
    held_s: Whole
    abandoned: Flags
    transferred: Flags
    solved: Flags
    score: Whole


@dataclass(frozen=True)
class Searches:
    """Searches on the help pages of the shop, in order of time."""

    customer: Whole
    at: Whole
    topic: Whole
    found: Flags


@dataclass(frozen=True)
class Year:
    """What happened, each part in order of time."""

    orders: Orders
    parcels: Parcels
    calls: Calls
    searches: Searches


def year(rng: np.random.Generator, *, customers: int, end: int) -> Year:
    """Draw a year.

    Parameters
    ----------
    rng
        The only source of chance.
    customers
        How many customers there are; they are numbered from 0.
    end
        Midnight after the last day, in seconds of the wall clock.

    Returns
    -------
    Year
        Orders, parcels, calls and searches before ``end``.
    """
    depot = rng.choice(len(DEPOTS), customers, p=DEPOT_SHARES)
    orders = _orders(rng, customers, end)
    parcels = _parcels(rng, orders, depot, end)
    searches = _searches(rng, orders, end)
    return Year(orders, parcels, _calls(rng, orders, parcels, customers, end), searches)


def _orders(rng: np.random.Generator, customers: int, end: int) -> Orders:
    eager = rng.gamma(2.0, 1.5, customers)
    who = np.repeat(np.arange(customers), rng.poisson(eager))
    days = rng.integers(-365, 0, who.size)
    clock = np.mod(rng.normal(18.5 * HOUR_S, 3.5 * HOUR_S, who.size), DAY_S).astype(np.int64)
    at = end + days * DAY_S + clock
    turn = np.argsort(at, kind="stable")
    who, at, days = who[turn], at[turn], days[turn]
    coupon = (rng.random(who.size) < COUPON_SHARE).astype(np.int64)
    coupon += (coupon == 1) & (rng.random(who.size) < _share(days, COUPON, COUPON_REFUSED_SHARE))
    declined = rng.random(who.size) < _share(days, CARD_TROUBLE, CARD_DECLINED_SHARE)
    return Orders(
        customer=who,
        at=at,
        cents=np.exp(rng.normal(8.3, 0.6, who.size)).astype(np.int64),
        coupon=coupon,
        declined=declined,
        lost=declined & (rng.random(who.size) < GIVES_UP_SHARE),
    )


def _parcels(rng: np.random.Generator, orders: Orders, depots: Whole, end: int) -> Parcels:
    order = np.flatnonzero(~orders.lost)
    n = order.size
    first_day = orders.at[order] // DAY_S * DAY_S + DAY_S
    shipped = first_day + rng.integers(14 * HOUR_S, 18 * HOUR_S, n)
    depot = depots[orders.customer[order]]
    days = (first_day - end) // DAY_S
    late_share = np.where(depot == LATE_DEPOT, _share(days, LATE_WEEKS, LATE_SHARE), LATE_SHARE[0])
    late_days = (rng.random(n) < late_share) * rng.geometric(0.35, n)
    tried = first_day + (rng.integers(1, 3, n) + late_days) * DAY_S + rng.integers(9 * HOUR_S, 19 * HOUR_S, n)
    missed = rng.random(n) < MISSED_SHARE
    delivered = tried + missed * (DAY_S + rng.integers(-HOUR_S, HOUR_S, n))
    lost = rng.random(n) < LOST_SHARE
    gone = shipped < end
    return Parcels(
        order=order[gone],
        depot=depot[gone],
        shipped=shipped[gone],
        promised=(first_day + 2 * DAY_S + 20 * HOUR_S)[gone],
        missed=np.where(missed & (tried < end), tried, NEVER)[gone],
        delivered=np.where(~lost & (delivered < end), delivered, NEVER)[gone],
    )


def _searches(rng: np.random.Generator, orders: Orders, end: int) -> Searches:
    asks = rng.random(orders.at.size) < SEARCH_SHARE
    at = orders.at[asks] + rng.integers(HOUR_S, 10 * DAY_S, int(asks.sum()))
    topic = rng.integers(0, 5, at.size)
    found = rng.random(at.size) < np.where(topic == 0, 0.4, 0.9)
    turn = np.argsort(at, kind="stable")
    turn = turn[at[turn] < end]
    return Searches(orders.customer[asks][turn], at[turn], topic[turn], found[turn])


def _calls(rng: np.random.Generator, orders: Orders, parcels: Parcels, customers: int, end: int) -> Calls:
    """Draw first calls from their reasons, then twice the calls of those who were not helped."""
    customer, order, at = _reasons(rng, orders, parcels, customers, end)
    upset = np.zeros(orders.at.size, dtype=np.int64)
    upset[parcels.order[(parcels.delivered > parcels.promised) | (parcels.delivered == NEVER)]] = 1
    rounds = []
    for _ in range(3):
        calls = _answered(rng, customer, order, at, upset)
        rounds.append(calls)
        again = ~calls.solved & (rng.random(at.size) < AGAIN_SHARE)
        customer, order = calls.customer[again], calls.order[again]
        at = calls.queued[again] + rng.integers(HOUR_S, 2 * DAY_S, customer.size)
    parts = {name: np.concatenate([getattr(calls, name) for calls in rounds]) for name in Calls.__annotations__}
    turn = np.argsort(parts["queued"], kind="stable")
    turn = turn[parts["queued"][turn] < end - HOUR_S]
    return Calls(**{name: part[turn] for name, part in parts.items()})


def _reasons(
    rng: np.random.Generator, orders: Orders, parcels: Parcels, customers: int, end: int
) -> tuple[Whole, Whole, Whole]:
    """Who calls about which order and when."""
    late = np.where(parcels.delivered == NEVER, end, parcels.delivered) > parcels.promised
    matters = [
        (parcels.order[late], parcels.promised[late] + DAY_S, 0.5),
        (parcels.order[parcels.missed != NEVER], parcels.missed[parcels.missed != NEVER], 0.4),
        (np.flatnonzero(orders.lost), orders.at[orders.lost], 0.4),
        (np.flatnonzero(orders.coupon == REFUSED), orders.at[orders.coupon == REFUSED], 0.25),
        (np.arange(orders.at.size), orders.at + DAY_S, 0.06),
    ]
    order = np.concatenate([about for about, _, _ in matters])
    at = np.concatenate([since for _, since, _ in matters])
    calls = rng.random(order.size) < np.concatenate([np.full(about.size, share) for about, _, share in matters])
    order, at = order[calls], at[calls] + rng.integers(0, 2 * DAY_S, int(calls.sum()))
    idle = rng.choice(customers, customers // 4)
    return (
        np.concatenate([orders.customer[order], idle]),
        np.concatenate([order, np.full(idle.size, NEVER)]),
        np.concatenate([at, end - rng.integers(DAY_S, 365 * DAY_S, idle.size)]),
    )


def _answered(rng: np.random.Generator, customer: Whole, order: Whole, at: Whole, upset: Whole) -> Calls:
    """Let calls wait, be answered or be abandoned."""
    n = at.size
    queued = _in_opening_hours(rng, at)
    line = (queued % DAY_S >= EVENING_AT).astype(np.int64)
    wait = rng.exponential(np.take(MEAN_WAIT_S, line)).astype(np.int64)
    patience = (20 + rng.exponential(PATIENCE_S, n)).astype(np.int64)
    abandoned = wait > patience
    annoyed = np.where(order == NEVER, 0, upset[np.maximum(order, 0)])
    solved = ~abandoned & (rng.random(n) < np.take(SOLVED_SHARE, line) - 0.2 * annoyed)
    transferred = ~abandoned & (rng.random(n) < np.where(solved, 0.06, 0.3))
    held = ~abandoned & (rng.random(n) < HELD_SHARE)
    liking = 4.6 - 0.0025 * wait - 1.3 * ~solved - 0.5 * transferred - 0.8 * annoyed + rng.normal(0, 0.7, n)
    rates = ~abandoned & (rng.random(n) < RATES_SHARE)
    return Calls(
        customer=customer,
        order=order,
        line=line,
        queued=queued,
        waited_s=np.minimum(wait, patience),
        talked_s=np.where(abandoned, 0, 30 + rng.gamma(2.0, 110.0, n)).astype(np.int64),
        held_s=np.where(held, 20 + rng.exponential(120.0, n), 0).astype(np.int64),
        abandoned=abandoned,
        transferred=transferred,
        solved=solved,
        score=np.where(rates, np.clip(np.rint(liking), 1, 5), 0).astype(np.int64),
    )


def _in_opening_hours(rng: np.random.Generator, at: Whole) -> Whole:
    """Move calls before eight to the hours after it, and a third of the others to the evening, after work."""
    clock = at % DAY_S
    morning = OPENS_AT + rng.integers(0, 3 * HOUR_S, at.size)
    evening = EVENING_AT + (6 * HOUR_S * np.sqrt(rng.random(at.size))).astype(np.int64)
    moved = np.where(rng.random(at.size) < AFTER_WORK_SHARE, evening, clock)
    return at - clock + np.where(clock < OPENS_AT, morning, moved)


def _share(days: Whole, window: tuple[int, int], shares: tuple[float, float]) -> npt.NDArray[np.float64]:
    """Give the second share inside a window of days, else the first."""
    return np.where((days >= window[0]) & (days < window[1]), shares[1], shares[0])
