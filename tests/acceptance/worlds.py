"""Companies whose truth is known: what happened is simulated once, ratings of it are drawn again and again.

A replicate takes some customers of a world and gives them new true weights, new noise and new answers; what happened to
them, and how kindly each rates by nature, stays. So replicates of one world are not wholly independent of one another.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import cache

import numpy as np

from collage import experience, store
from collage.experience.learning.histories import Histories
from collage.experience.learning.ratings import Flags, Kinds, Numbers, Ratings, Whole, kinds_of
from collage.simulate.blocks import Company, company
from collage.simulate.causes import Causes, Contacts
from collage.simulate.causes import Ratings as RatingCauses
from collage.simulate.folding import Marks, marks, weighted
from collage.simulate.rating import PARTS, Asked, Rated, asked, rated
from collage.simulate.recording import promises, recorded
from collage.simulate.rows import DAY, DEPARTMENTS
from collage.simulate.simulated import Size

__all__ = ["BASE", "Drawn", "World", "drawn", "world"]

END = date(2026, 1, 1)
ONE_CLASS_DAYS = 60.0
# model.md §2.3: ρ = 1, {45, 120} days, κ = 4, answers missing at random given experience
BASE = RatingCauses()
_INHERITED = len(DEPARTMENTS) + 1 + PARTS.index("inherited_self") + 1  # columns of `parts` before the contact
_OWN = slice(_INHERITED, _INHERITED + 3)


@dataclass(frozen=True)
class World:
    """What happened in a company, the marks it left, and who would be asked what when."""

    company: Company
    marks: Marks
    invited: Asked
    catalogue: experience.Catalogue
    kinds: Kinds
    place: Whole  # of the catalogue's weighing marks among kinds; -1: weighs nothing


@dataclass(frozen=True)
class Drawn:
    """Ratings as the fit sees them, and what is true of each: E, what of η was inherited and own, and the weights.

    `reading` is all that touchpoints explain of η: no reading of them can foretell better. `own` is the part of it that
    the rated contact left; what agent and department add by themselves is in `staff`.
    """

    ratings: Ratings
    histories: Histories
    kinds: Kinds
    experience: Numbers
    inherited: Numbers
    own: Numbers
    reading: Numbers
    staff: Numbers
    weight: Numbers
    customer_level: Numbers
    eta: Numbers

    @property
    def share(self) -> float:
        """Return how much of what touchpoints explain was there before the contact."""
        return float(self.inherited.var() / (self.inherited.var() + self.own.var()))

    def first(self, n: int, rng: np.random.Generator) -> Flags:
        """Return the ratings of customers drawn at random until they have given `n`."""
        begins = self.ratings.begins
        counts = np.diff(np.append(begins, self.ratings.n))
        order = rng.permutation(begins.size)
        kept = np.zeros(begins.size, bool)
        kept[order[: int(np.searchsorted(np.cumsum(counts[order]), n)) + 1]] = True
        return np.repeat(kept, counts)


@cache
def world(*, customers: int, days: int = 730, seed: int = 1, volume: float = 0.4) -> World:
    """Return a simulated company; `volume` is δ, how much rarer questions of kind raters are."""
    causes = Causes(contacts=Contacts(volume=volume))
    span = Size(customers, days, END).span()
    whole, recording, inviting = np.random.SeedSequence(seed).spawn(3)
    made = company(whole, causes, n=customers, span=span)
    records, promised = recorded(np.random.default_rng(recording), made), promises(made)
    catalogue = experience.default()
    engine = store.connect()
    try:
        engine.unordered()
        ask = engine.backend.to_pyarrow
        left = marks(made, records.touchpoints, promised, catalogue, ask=ask)
    finally:
        engine.close()
    kinds = kinds_of(catalogue)
    # the true half-lives go by sign alone, so all marks are of one class here (model.md §10.4)
    kinds = replace(kinds, half_life_days=np.full_like(kinds.half_life_days, ONE_CLASS_DAYS))
    there = {name: place for place, name in enumerate(kinds.names)}
    place = np.array([there.get(mark.name, -1) for mark in catalogue.weighing])
    return World(made, left, asked(np.random.default_rng(inviting), made), catalogue, kinds, place)


def drawn(of: World, causes: RatingCauses, *, n: int, seed: int) -> Drawn:
    """Return about `n` ratings of customers drawn at random, by the causes given.

    Raises
    ------
    ValueError
        When the world is too small for so many.
    """
    rng = np.random.default_rng(seed)
    made = _caused(of.company, causes)
    true = weighted(rng, of.catalogue, causes)
    order = rng.permutation(made.people.n)
    # everybody's answers are drawn, so that thresholds and scale are those of the company; then some are kept
    share = min(1.0, 2.0 * n / made.people.n)
    pool = np.zeros(made.people.n, bool)
    pool[order[: int(np.ceil(share * made.people.n))]] = True
    inside = pool[of.invited.customer]
    invited = Asked(*(getattr(of.invited, name)[inside] for name in Asked.__slots__))
    answers = rated(rng, made, invited, of.marks, true)
    given = np.flatnonzero(answers.answered)
    counts = np.bincount(answers.asked.customer[given], minlength=made.people.n)[order]
    upto = int(np.searchsorted(np.cumsum(counts), n)) + 1
    if upto > order.size:
        raise ValueError(f"a world of {made.people.n} customers has {counts.sum()} ratings, not {n}")
    kept = np.zeros(made.people.n, bool)
    kept[order[:upto]] = True
    which = given[kept[answers.asked.customer[given]]]
    which = which[np.lexsort((answers.asked.at[which], answers.asked.answers_at[which], answers.asked.customer[which]))]
    ratings = _ratings(of, answers, which)
    parts = answers.parts[which]
    weight = np.array([mark.weight for mark in true.weighing])[of.place >= 0] * answers.scale
    who, contact = answers.asked.customer[which], made.contacts.some(answers.asked.contact[which])
    staff = made.staff.alpha[contact.agent] + made.staff.effect[contact.department]
    return Drawn(
        ratings=ratings,
        histories=_histories(of, np.unique(who)),
        kinds=of.kinds,
        experience=answers.experience[which],
        inherited=parts[:, :_INHERITED].sum(axis=1),
        own=parts[:, _OWN].sum(axis=1) - staff,
        reading=parts.sum(axis=1) - staff,
        staff=staff,
        weight=weight,
        customer_level=answers.u[which],
        eta=answers.eta[which],
    )


def _caused(of: Company, causes: RatingCauses) -> Company:
    """Return the company with other causes of ratings; who is kind by nature, and whom customers like, stays."""
    before = of.causes.ratings
    staff = replace(
        of.staff,
        alpha=of.staff.alpha * (causes.agent_sd / before.agent_sd),
        effect=of.staff.effect * (causes.department_sd / before.department_sd),
    )
    people = replace(of.people, u=of.people.u * (causes.customer_sd / before.customer_sd))
    return replace(of, causes=replace(of.causes, ratings=causes), staff=staff, people=people)


def _ratings(of: World, answers: Rated, which: Whole) -> Ratings:
    asked_ = answers.asked
    contacts = of.company.contacts
    contact = contacts.some(asked_.contact[which])
    customer = asked_.customer[which]
    at = asked_.answers_at[which]
    order = np.lexsort((contacts.at, contacts.customer))
    key_customer, key_at = contacts.customer[order], contacts.at[order]
    upto = _count(key_customer, key_at, customer, at)
    year = upto - _count(key_customer, key_at, customer, at - 365 * DAY)
    score = answers.score[which]
    phone = asked_.channel[which] == 0
    way = np.where(phone, 0, 1) if phone.mean() > 0.5 else np.where(phone, 1, 0)
    return Ratings(
        customer=np.unique(customer, return_inverse=True)[1].astype(np.int64),
        rated_at=at,
        started_at=contact.at,
        contact=contact.number,
        score=score.astype(np.float64),
        category=score.astype(np.int64) - 1,
        instrument=np.zeros(which.size, np.int64),
        way=way.astype(np.int64),
        weight=np.ones(which.size),
        contacts=upto.astype(np.float64),
        contacts_year=year.astype(np.float64),
        instruments=("csat",),
        categories=(5,),
        ways=("mail", "phone"),
    )


def _count(customers: Whole, moments: Whole, customer: Whole, at: Whole) -> Whole:
    """Return how many moments each customer has up to another moment."""
    ranks = np.unique(moments)
    apart = ranks.size + 1
    key = customers * apart + np.searchsorted(ranks, moments)
    last = np.searchsorted(key, customer * apart + np.searchsorted(ranks, at, side="right"))
    found: Whole = last - np.searchsorted(key, customer * apart)
    return found


def _histories(of: World, who: Whole) -> Histories:
    """Return the marks that weigh anything of some customers, who are counted from 0 in their order."""
    there = of.marks
    kind = of.place[there.weighs]
    inside = np.isin(there.customer, who) & (kind >= 0)
    customer = np.searchsorted(who, there.customer[inside])
    begins = np.searchsorted(customer, np.arange(who.size + 1))
    return Histories(
        begins,
        there.at[inside],
        there.fades_from[inside],
        kind[inside],
        there.severity[inside],
        there.evidence[inside],
        there.contact[inside],
    )
