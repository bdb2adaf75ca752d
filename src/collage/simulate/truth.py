"""The truth of a simulated company as tables: what no dataset tells and whoever looks for causes is checked by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from collage import experience
from collage.simulate.blocks import Company
from collage.simulate.columns import coded, moments, numbered
from collage.simulate.folding import Ask, Marks, faded
from collage.simulate.identifying import names, true_identity
from collage.simulate.promised import NEVER
from collage.simulate.rating import PARTS, Rated
from collage.simulate.recording import Recorded, agents
from collage.simulate.rows import DEPARTMENTS, SITES, TIERS, Numbers, Whole

__all__ = ["Known", "truth"]


@dataclass(frozen=True, slots=True)
class Known:
    """All that is known of a simulated company: what happened and what was recorded, marks, weights, answers.

    `promised` are the promises by their contract, `true` and `shipped` the catalogues with true and shipped weights.
    """

    company: Company
    records: Recorded
    promised: pa.Table
    marks: Marks
    true: experience.Catalogue
    shipped: experience.Catalogue
    answers: Rated


def truth(known: Known) -> dict[str, pa.Table]:
    """Return the tables of the truth by name."""
    company, answers = known.company, known.answers
    last = known.records.touchpoints["occurred_at"].cast(pa.int64()).to_numpy().max(initial=company.span.begin)
    e, phi, of_promises = _at_the_end(known, int(last))
    return {
        "touchpoints": _touchpoints(company, known.records, phi),
        "promises": pa.table({"promise_id": known.promised["promise_id"], "contribution": of_promises}),
        "customers": _customers(company, e, int(last)),
        "identifiers": _identifiers(company),
        "agents": _agents(company),
        "departments": pa.table(
            {"department": list(DEPARTMENTS), "effect": company.staff.effect, "settles": company.staff.settles}
        ),
        "issues": _issues(company),
        "marks": _weights(known.true, known.shipped, answers.scale),
        "invitations": _invitations(company, answers),
        "ratings": _ratings(company, answers),
    }


def _at_the_end(known: Known, last: int) -> tuple[Numbers, Numbers, Numbers]:
    """Return E of every customer at the last touchpoint, and what each touchpoint and each promise adds to it."""
    marks, everybody = known.marks, np.arange(known.company.people.n)
    n = known.records.touchpoints.num_rows
    rows = n + 2 * known.promised.num_rows
    e, phi = np.zeros(everybody.size), np.zeros(rows)
    asks = Ask(everybody, np.full(everybody.size, last))
    for some in faded(marks, asks, known.true, known.company.causes.ratings):
        e += np.bincount(some.ask, some.phi, e.size)
        phi += np.bincount(marks.row[some.mark], some.phi, rows)
    e, phi = e * known.answers.scale, phi * known.answers.scale
    return e, phi[:n], phi[n:].reshape(-1, 2).sum(axis=1)


def _touchpoints(company: Company, records: Recorded, phi: Numbers) -> pa.Table:
    return pa.table(
        {
            "touchpoint_id": records.touchpoints["touchpoint_id"],
            "customer": _who(company.made["customer"].astype(np.int64)),
            "contribution": phi,
            "department": records.department,
            "copies": records.copies,
        }
    )


def _customers(company: Company, e: Numbers, last: int) -> pa.Table:
    people, left = company.people, company.left
    gone = left.at != NEVER
    return pa.table(
        {
            "customer": _who(np.arange(people.n)),
            "tier": coded(people.tier, TIERS),
            "site": coded(people.site, SITES),
            "u": people.u,
            "luck": people.luck,
            "joined_at": moments(people.joined),
            "left_at": moments(left.at, missing=~gone),
            "silent": pa.array(left.silent, mask=~gone),
            "at": moments(np.full(people.n, last)),
            "experience": e,
        }
    )


def _identifiers(company: Company) -> pa.Table:
    customer, kind = true_identity(company)
    return pa.table({"identifier": names(kind, customer), "customer": _who(customer)})


def _agents(company: Company) -> pa.Table:
    staff = company.staff
    return pa.table(
        {
            "agent": list(agents(company)),
            "department": coded(np.repeat(np.arange(len(DEPARTMENTS)), staff.each), DEPARTMENTS),
            "site": coded(staff.site, SITES),
            "seniority": staff.seniority,
            "alpha": staff.alpha,
        }
    )


def _issues(company: Company) -> pa.Table:
    """Return the matters that came to a contact: when each was really settled, and whether at the first contact."""
    issues, contacts = company.issues, company.contacts
    order = np.argsort(issues.number)
    place = np.searchsorted(issues.number[order], contacts.issue)
    talked = ~contacts.gave_up
    spoken, settled = np.full(order.size, NEVER), np.full(order.size, NEVER)
    np.minimum.at(spoken, place[talked], contacts.ended[talked])
    np.minimum.at(settled, place[contacts.settled], contacts.ended[contacts.settled])
    came = np.unique(place)
    which = order[came]
    return pa.table(
        {
            "issue_id": numbered("issue", issues.number[which]),
            "customer": _who(issues.customer[which]),
            "department": coded(issues.department[which], DEPARTMENTS),
            "hardness": issues.hard[which],
            "contacts": np.bincount(place[talked], minlength=order.size)[came],
            "settled_at": moments(settled[came], missing=settled[came] == NEVER),
            "at_first_contact": pa.array((settled == spoken)[came], mask=spoken[came] == NEVER),
        }
    )


def _weights(true: experience.Catalogue, shipped: experience.Catalogue, scale: float) -> pa.Table:
    return pa.table(
        {
            "mark": [mark.name for mark in true.weighing],
            "class": [mark.class_ for mark in true.weighing],
            "shipped": [mark.weight for mark in shipped.weighing],
            "weight": [mark.weight * scale for mark in true.weighing],
        }
    )


def _invitations(company: Company, answers: Rated) -> pa.Table:
    """Return what everybody would have said who could."""
    number = company.contacts.number[answers.asked.contact]
    return pa.table(
        {
            "invitation_id": numbered("invitation", number),
            "customer": _who(answers.asked.customer),
            "experience": answers.experience,
            "noise": answers.noise,
            "would_score": answers.score,
            "answered": answers.answered,
        }
    )


def _ratings(company: Company, answers: Rated) -> pa.Table:
    which = np.flatnonzero(answers.answered)
    parts, owners = answers.parts[which], [*DEPARTMENTS, "unknown"]
    inherited = pa.StructArray.from_arrays([parts[:, column] for column in range(len(owners))], owners)
    return pa.table(
        {
            "rating_id": numbered("rating", company.contacts.number[answers.asked.contact[which]]),
            "inherited": inherited,
            **{name: parts[:, len(owners) + column] for column, name in enumerate(PARTS)},
            "customer": answers.u[which],
            "instrument": answers.mode[which],
            "unexplained": answers.noise[which],
            "eta": answers.eta[which],
        }
    )


def _who(customer: Whole) -> pa.Array:
    """Return a customer's true name: the first account."""
    return names(np.zeros_like(customer), customer)
