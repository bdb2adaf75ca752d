"""Matters become contacts: who is reached how soon, whether it settles the matter, who comes back and who does not."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from scipy.special import expit, logit, ndtr

from collage.simulate.buying import Matters
from collage.simulate.causes import Causes
from collage.simulate.people import Customers, Span, Staff
from collage.simulate.rows import CHANNELS, DAY, DEPARTMENTS, HOUR, SECOND, SITES, TIERS, Flags, Numbers, Whole
from collage.simulate.waiting import calling, waits

__all__ = ["COLD", "WARM", "Contacts", "contacted"]

WARM, COLD = 1, 2  # how a contact was handed over; 0: it was not
_PHONE, _CHAT, _EMAIL = (CHANNELS.index(name) for name in ("phone", "chat", "email"))
_MOST_ROUNDS: Final = 6
_WRITTEN_S: Final = 2.0  # from an answer by mail to the end of the contact


@dataclass(frozen=True, slots=True)
class Contacts:
    """Contacts as columns, all rounds of all matters.

    `number` is unique, `matter` is the place of its matter, `round` counts the contacts about it from 0. `at` is when
    the customer comes, `answered` when somebody answers (where nobody does, when the customer gives up) and `ended`
    when it is over; `wait_s` is null (NaN) for mail.
    `first_department` and `first_agent` answer; `department` and `agent` are who ends it, others where it was handed
    over (`handed`). `settled` is the truth, `called_settled` what we say; where `gave_up` nobody answered.
    """

    number: Whole
    matter: Whole
    round: Whole
    customer: Whole
    issue: Whole
    channel: Whole
    at: Whole
    answered: Whole
    ended: Whole
    wait_s: Numbers
    gave_up: Flags
    first_department: Whole
    first_agent: Whole
    department: Whole
    agent: Whole
    handed: Whole
    settled: Flags
    called_settled: Flags

    @property
    def n(self) -> int:
        """Return how many there are."""
        return self.at.size

    def some(self, which: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> Contacts:
        """Return some of them, by flags or by places."""
        return Contacts(*(getattr(self, each.name)[which] for each in fields(self)))


@dataclass(frozen=True, slots=True)
class _Centre:
    """All that decides how contacts go; `hard` is by matter."""

    rng: np.random.Generator
    causes: Causes
    people: Customers
    staff: Staff
    matters: Matters
    hard: Numbers
    span: Span


def contacted(
    rng: np.random.Generator, causes: Causes, people: Customers, staff: Staff, matters: Matters, *, span: Span
) -> tuple[Contacts, Numbers]:
    """Return the contacts that matters lead to, and how hard each matter is, in standard deviations."""
    hard = rng.normal(0.0, 1.0, matters.at.size) + matters.hard
    centre = _Centre(rng, causes, people, staff, matters, hard, span)
    place, at, rounds = np.arange(matters.at.size), matters.at, []
    for turn in range(_MOST_ROUNDS):
        contacts = _reached(centre, place, at, turn)
        rounds.append(contacts)
        again, at = _coming_back(centre, contacts)
        place = contacts.matter[again]
    columns = (np.concatenate([getattr(each, column.name) for each in rounds]) for column in fields(Contacts))
    return Contacts(*columns), hard


def _reached(centre: _Centre, matter: Whole, at: Whole, turn: int) -> Contacts:
    """Return one round of contacts, for customers who mean to turn to the company at these moments."""
    rng, c = centre.rng, centre.causes.contacts
    channel = rng.choice(
        [_PHONE, _CHAT, _EMAIL], at.size, p=(c.phone_share, c.chat_share, 1 - c.phone_share - c.chat_share)
    )
    live = channel != _EMAIL
    at = np.where(live, calling(rng, centre.causes.waits, at), at)
    inside = at < centre.span.end
    matter, at, channel, live = matter[inside], at[inside], channel[inside], live[inside]
    wait_s, gave_up, answered, ended = _answered(centre, at, live)
    whose = _served(centre, matter, at, live & ~gave_up)
    settled = ~gave_up & (rng.random(at.size) < _chance(centre, matter, at, whose["department"], whose["agent"]))
    hollow = ~gave_up & ~settled & (rng.random(at.size) < c.hollow_share)
    return Contacts(
        number=matter * _MOST_ROUNDS + turn,
        matter=matter,
        round=np.full(at.size, turn),
        customer=centre.matters.customer[matter],
        issue=centre.matters.issue[matter],
        channel=channel,
        at=at,
        answered=answered,
        ended=ended,
        wait_s=wait_s,
        gave_up=gave_up,
        settled=settled,
        called_settled=settled | hollow,
        **whose,
    )


def _answered(centre: _Centre, at: Whole, live: Flags) -> tuple[Numbers, Flags, Whole, Whole]:
    """Return how long customers wait in seconds, who gives up, when somebody answers, and when it is over."""
    rng, causes = centre.rng, centre.causes
    wait_s, gave_up = waits(rng, causes.waits, at)
    wait_s, gave_up = np.where(live, wait_s, np.nan), gave_up & live
    until_s = np.where(live, wait_s, rng.exponential(causes.contacts.reply_h * 3600.0, at.size))
    busy_s = np.where(live, 1.0 + rng.exponential(causes.waits.handle_s, at.size), _WRITTEN_S)
    answered = at + (until_s * SECOND).astype(np.int64)
    return wait_s, gave_up, answered, answered + np.where(gave_up, 0, (busy_s * SECOND).astype(np.int64))


def _served(centre: _Centre, matter: Whole, at: Whole, live: Flags) -> dict[str, Whole]:
    """Return who answers, and who ends the contact: another department where it was handed over."""
    rng, c = centre.rng, centre.causes.contacts
    first = centre.matters.department[matter]
    agent = _agents(centre, first, centre.hard[matter])
    handed = live & (rng.random(at.size) < c.transferred_share)
    other = (first + rng.integers(1, len(DEPARTMENTS), at.size)) % len(DEPARTMENTS)
    department = np.where(handed, other, first)
    return {
        "first_department": first,
        "first_agent": agent,
        "department": department,
        "agent": np.where(handed, _agents(centre, department, centre.hard[matter]), agent),
        "handed": np.where(handed, np.where(rng.random(at.size) < c.warm_share, WARM, COLD), 0),
    }


def _agents(centre: _Centre, department: Whole, hard: Numbers) -> Whole:
    """Return an agent of each department, a senior one more likely for what is hard (a Gaussian copula)."""
    r, each = centre.causes.contacts.seniority_routing, centre.staff.each
    rank = ndtr(r * np.clip(hard, -4.0, 4.0) + np.sqrt(1.0 - r * r) * centre.rng.normal(0.0, 1.0, hard.size))
    found: Whole = department * each + np.minimum((rank * each).astype(np.int64), each - 1)
    return found


def _chance(centre: _Centre, matter: Whole, at: Whole, department: Whole, agent: Whole) -> Numbers:
    """Return the chance that a contact settles its matter."""
    c, practice = centre.causes.contacts, centre.causes.contacts.practice
    usual = expit(logit(c.settled_share) + centre.staff.settles[department] - c.hardness * centre.hard[matter])
    site = centre.staff.site[agent]
    does = site == SITES.index(practice.site)
    if practice.adopted_by is not None:
        since = centre.span.end - practice.adopted_days * DAY
        does |= (site == SITES.index(practice.adopted_by)) & (at >= since)
    better = practice.gain * (does & (department == DEPARTMENTS.index(practice.department)))
    tier = centre.people.tier[centre.matters.customer[matter]]
    found: Numbers = np.clip(usual + better - c.gap * (tier == TIERS.index(c.gap_tier)), 0.0, 1.0)
    return found


def _coming_back(centre: _Centre, contacts: Contacts) -> tuple[Whole, Whole]:
    """Return the places of the contacts after which the customer means to come back, and when."""
    rng, c = centre.rng, centre.causes.contacts
    chance, days = rng.random(contacts.n), rng.exponential(c.again_days, contacts.n)
    hours = rng.exponential(c.calls_again_h, contacts.n)
    unsettled = ~contacts.settled & ~contacts.gave_up & (chance >= c.gives_up_share)
    again = np.flatnonzero(unsettled | (contacts.gave_up & (chance < c.calls_again_share)))
    after = np.where(contacts.gave_up, hours * HOUR, days * DAY).astype(np.int64)
    return again, (contacts.ended + after)[again]
