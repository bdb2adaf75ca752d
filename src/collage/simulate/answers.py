"""Ratings and invitations by their contracts."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collage.simulate.asking import Contacts
from collage.simulate.blocks import Company
from collage.simulate.columns import by_contract, coded, moments, numbered
from collage.simulate.identifying import names
from collage.simulate.rating import Asked, Rated
from collage.simulate.recording import agents
from collage.simulate.rows import CHANNELS, DAY, DEPARTMENTS, IDENTIFIERS, NOBODY, Whole
from collage.simulate.sentences import COMMENTS

__all__ = ["invitations", "ratings"]

_WORDING: Final = "How satisfied are you with how we dealt with your matter?"
_FATES: Final = ("cap", "consent")
_EMAIL: Final = CHANNELS.index("email")
_REMINDED: Final = 3 * DAY
_COMMENTS: Final = 3  # every third answer has one


def invitations(company: Company, every: Asked, answers: Rated) -> pa.Table:
    """Return every invitation that was decided on, sent or not, in the order of customers and time."""
    contact = company.contacts.number[every.contact]
    answered = np.isin(contact, company.contacts.number[answers.asked.contact[answers.answered]])
    sent = every.fate == 0
    reminded = sent & ~answered & (every.channel == _EMAIL) & (every.at + _REMINDED < company.span.end)
    return by_contract(
        "invitations",
        {
            "invitation_id": numbered("invitation", contact),
            "identifier": _identifiers(company, every),
            "trigger": pa.array(["contact.ended"] * contact.size, pa.string()),
            "contact_id": numbered("contact", contact),
            "instrument": pa.array(["csat"] * contact.size, pa.string()),
            "channel": coded(every.channel, CHANNELS),
            "invited_at": moments(every.at),
            "sent_at": moments(every.at, missing=~sent),
            "suppressed": coded(every.fate - 1, _FATES),
            "reminded_at": moments(every.at + _REMINDED, missing=~reminded),
        },
    )


def ratings(company: Company, answers: Rated) -> pa.Table:
    """Return the ratings that were given, in the order of customers and time."""
    which = np.flatnonzero(answers.answered)
    given = Asked(*(getattr(answers.asked, name)[which] for name in Asked.__slots__))
    of = company.contacts.some(given.contact)
    n, scale = which.size, pa.array([1.0, 5.0], pa.float64())
    score = answers.score[which]
    return by_contract(
        "ratings",
        {
            "rating_id": numbered("rating", of.number),
            "identifier": _identifiers(company, given),
            "rated_at": moments(given.answers_at),
            "contact_id": numbered("contact", of.number),
            "contact_started_at": moments(of.at),
            "issue_id": numbered("issue", of.issue),
            "department": coded(of.department, DEPARTMENTS),
            "agent": coded(of.agent, agents(company)),
            "participants": _participants(company, of),
            "instrument": pa.array(["csat"] * n, pa.string()),
            "item": pa.array(["contact"] * n, pa.string()),
            "wording": pa.array([_WORDING] * n, pa.string()),
            "channel": coded(given.channel, CHANNELS),
            "score": score.astype(np.float64),
            "scale_low": scale.take(pa.array(np.zeros(n, np.int64))),
            "scale_high": scale.take(pa.array(np.ones(n, np.int64))),
            "comment": coded(np.where(of.number % _COMMENTS == 0, score - 1, NOBODY), COMMENTS),
            "invitation_id": numbered("invitation", of.number),
        },
    )


def _identifiers(company: Company, of: Asked) -> pa.Array:
    """Return by which identifier somebody was asked: the telephone or the mail address, where there is one."""
    kind = np.where(of.channel == _EMAIL, IDENTIFIERS.index("email"), IDENTIFIERS.index("phone"))
    return names(np.where(company.people.has[of.customer, kind], kind, 0), of.customer)


def _participants(company: Company, of: Contacts) -> pa.Array:
    """Return who took part, as JSON: who answered, and who ended the contact where it was handed over."""
    half = of.answered + (of.ended - of.answered) // 2
    handed = of.handed > 0
    first = _participant(company, of.first_department, of.first_agent, of.answered, np.where(handed, half, of.ended))
    second = _participant(company, of.department, of.agent, half, of.ended)
    both = pc.binary_join_element_wise(first, second, ", ")
    return pc.binary_join_element_wise("[", pc.if_else(pa.array(handed), both, first), "]", "")


def _participant(company: Company, department: Whole, agent: Whole, begin: Whole, end: Whole) -> pa.Array:
    form = "%Y-%m-%dT%H:%M:%SZ"
    told = (
        ('{"department": "', coded(department, DEPARTMENTS).cast(pa.string())),
        ('", "agent": "', coded(agent, agents(company)).cast(pa.string())),
        ('", "from": "', pc.strftime(moments(begin).cast(pa.timestamp("s", "UTC"), safe=False), form)),
        ('", "to": "', pc.strftime(moments(end).cast(pa.timestamp("s", "UTC"), safe=False), form)),
    )
    return pc.binary_join_element_wise(*(part for pair in told for part in pair), '", "bot": false}', "")
