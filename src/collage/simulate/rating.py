"""Who is invited, who answers, and what the answer is made of.

    η = inherited + (1+ρ)·(this contact) + since + agent + department + customer + instrument + ε

in points on the scale of experience; a rating is the number of thresholds below η. The parts are those of model.md
§10.9, with what is known here alone: the agent's own effect in `own_agent`, the department's in `contact_process`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import expit

from collage import experience
from collage.simulate.asking import Contacts
from collage.simulate.blocks import Company
from collage.simulate.folding import Ask, Left, Marks, faded
from collage.simulate.rows import CHANNELS, DAY, DEPARTMENTS, HOUR, SECOND, Flags, Numbers, Whole

__all__ = ["CAP", "CONSENT", "PARTS", "SENT", "Asked", "Rated", "asked", "rated"]

SENT, CAP, CONSENT = range(3)
PARTS: Final = ("inherited_self", "own_agent", "contact_process", "contact_other", "since")
_SELF, _OWN, _PROCESS, _OTHER, _SINCE = range(len(DEPARTMENTS) + 1, len(DEPARTMENTS) + 1 + len(PARTS))
_COLUMNS: Final = len(DEPARTMENTS) + 1 + len(PARTS)  # inherited by department and from nobody known, then PARTS
_PHONE, _EMAIL = CHANNELS.index("phone"), CHANNELS.index("email")
_AFTER: Final = 300 * SECOND  # that an invitation is decided on


@dataclass(frozen=True, slots=True)
class Asked:
    """Invitations, one after each contact, by customer and in order of time; `contact` is the contact's place.

    `fate` is SENT, or why it was not. `answers_at` is when the customer would answer, who may not.
    """

    contact: Whole
    customer: Whole
    channel: Whole
    at: Whole
    fate: Whole
    answers_at: Whole


@dataclass(frozen=True, slots=True)
class Rated:
    """What would be rated, for the invitations that were sent (`asked` holds only these).

    `parts` has a row for each and the columns: inherited from each department, from nobody known, then `PARTS`;
    `experience` is E when the customer would answer, `eta` the sum of parts, `u`, `mode` and `noise`.
    """

    asked: Asked
    experience: Numbers
    parts: Numbers
    u: Numbers
    mode: Numbers
    noise: Numbers
    eta: Numbers
    score: Whole
    answered: Flags
    scale: float


def asked(rng: np.random.Generator, company: Company) -> Asked:
    """Return who is invited: after every contact, but none too often and nobody who does not want to be."""
    ratings, contacts = company.causes.ratings, company.contacts
    done = np.flatnonzero(~contacts.gave_up)
    order = done[np.lexsort((contacts.number[done], contacts.ended[done], contacts.customer[done]))]
    n, customer = order.size, contacts.customer[order]
    at = contacts.ended[order] + _AFTER
    by_phone = (contacts.channel[order] == _PHONE) & (rng.random(n) < ratings.phone_survey_share)
    answers_at = at + (rng.exponential(ratings.delay_h, n) * HOUR).astype(np.int64) + SECOND
    refuses = (rng.random(company.people.n) < ratings.no_consent_share)[customer]
    capped = ~refuses & ~_spaced(customer, at, ~refuses, int(ratings.cap_days * DAY))
    fate = np.where(refuses, CONSENT, np.where(capped, CAP, SENT))
    return Asked(order, customer, np.where(by_phone, _PHONE, _EMAIL), at, fate, answers_at)


def _spaced(customer: Whole, at: Whole, wants: Flags, apart: int) -> Flags:
    """Return which of each customer's moments, in order, lie far enough from the last one taken; the first is."""
    found = np.zeros(at.size, bool)
    begins = np.flatnonzero(np.diff(customer, prepend=-1))
    place = np.arange(at.size) - np.repeat(begins, np.diff(np.append(begins, at.size)))
    last = np.full(int(customer.max(initial=-1)) + 1, np.iinfo(np.int64).min // 2)
    for turn in range(int(place.max(initial=-1)) + 1):
        here = np.flatnonzero((place == turn) & wants)
        taken = here[at[here] - last[customer[here]] >= apart]
        found[taken] = True
        last[customer[taken]] = at[taken]
    return found


def rated(
    rng: np.random.Generator, company: Company, every: Asked, marks: Marks, catalogue: experience.Catalogue
) -> Rated:
    """Return what those invited would answer, and who does."""
    causes, contacts = company.causes.ratings, company.contacts
    inside = (every.fate == SENT) & (every.answers_at < np.minimum(company.left.at, company.span.end)[every.customer])
    invited = Asked(*(getattr(every, name)[inside] for name in Asked.__slots__))
    of = contacts.some(invited.contact)
    e, parts = _parts(marks, invited, of, faded(marks, Ask(invited.customer, invited.answers_at), catalogue, causes))
    spread = float(e.std()) if e.size > 1 else 0.0
    scale = causes.experience_sd / spread if spread > 0.0 else 1.0
    e, parts = e * scale, parts * scale
    parts[:, _OWN : _OTHER + 1] *= 1.0 + causes.own
    if not causes.carry_over:
        parts[:, [*range(_SELF + 1), _SINCE]] = 0.0
    parts[:, _OWN] += company.staff.alpha[of.agent]
    parts[:, _PROCESS] += company.staff.effect[of.department]
    mode, u = causes.phone_shift * (invited.channel == _PHONE), company.people.u[invited.customer]
    noise = rng.normal(0.0, causes.noise_sd, e.size)
    eta = parts.sum(axis=1) + u + mode + noise
    thresholds = np.quantile(eta, causes.below) if e.size else np.zeros(len(causes.below))
    score = 1 + np.searchsorted(thresholds, eta)
    far = e - (e.mean() if e.size else 0.0)
    tone = causes.residual * (np.abs(noise) - 0.8 - 0.5 * noise)
    chance = expit(causes.response + causes.by_extremity * np.abs(far) + causes.by_experience * far + tone)
    return Rated(invited, e, parts, u, mode, noise, eta, score, rng.random(e.size) < chance, scale)


def _parts(marks: Marks, invited: Asked, of: Contacts, left: Iterator[Left]) -> tuple[Numbers, Numbers]:
    """Return E at each answer, and its parts: the first that fits (model.md §10.9)."""
    n = invited.at.size
    whole = np.zeros(n * _COLUMNS)
    for some in left:
        ask, owner = some.ask, marks.owner[some.mark]
        ours = owner == of.department[ask]
        before = marks.at[some.mark] < of.at[ask]
        inside = marks.contact[some.mark] == of.number[ask]
        own = marks.controllable[some.mark] & (marks.agent[some.mark] == of.agent[ask])
        inherited = np.where(ours, _SELF, np.where(owner < 0, len(DEPARTMENTS), owner))
        contact = np.where(own, _OWN, np.where(ours, _PROCESS, _OTHER))
        column = np.where(before, inherited, np.where(inside, contact, _SINCE))
        whole += np.bincount(ask * _COLUMNS + column, some.phi, whole.size)
    parts = whole.reshape(n, _COLUMNS)
    return parts.sum(axis=1), parts
