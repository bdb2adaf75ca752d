"""What happens within a contact, and what comes of it: touchpoints, promises, complaints, recoveries."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.special import expit, logit

from collage.simulate.asking import COLD, WARM, Contacts
from collage.simulate.buying import Matters
from collage.simulate.causes import Causes
from collage.simulate.people import Staff
from collage.simulate.promised import NEVER, Promises
from collage.simulate.rows import CHANNELS, DAY, HOUR, NOBODY, OUTCOMES, SECOND, Flags, Numbers, Rows, Whole, rows
from collage.simulate.sentences import ABOUT_NOTHING_ELSE, NOTHING

__all__ = ["complaints", "promises", "talked"]

_EMAIL: Final = CHANNELS.index("email")
_GESTURE_CENTS: Final = (500, 1_000, 1_500, 2_000)


def talked(
    rng: np.random.Generator, causes: Causes, staff: Staff, contacts: Contacts, *, matters: Matters
) -> list[Rows]:
    """Return the touchpoints of contacts."""
    talk = _Talk(contacts, staff)
    return [
        *_begun(rng, causes, talk, matters),
        *_handed(rng, causes, talk),
        *_between(rng, causes, talk),
        *_ended(talk),
    ]


class _Talk:
    """Contacts of which touchpoints are made; what is told of each is told by who answers, then by who ends it."""

    def __init__(self, contacts: Contacts, staff: Staff) -> None:
        self.of = contacts
        self.live = (contacts.channel != _EMAIL) & ~contacts.gave_up
        common = {"channel": contacts.channel, "issue": contacts.issue, "contact": contacts.number}
        answering, ending = contacts.first_agent, contacts.agent
        self.first = {
            **common,
            "department": contacts.first_department,
            "agent": answering,
            "site": staff.site[answering],
        }
        self.last = {**common, "department": contacts.department, "agent": ending, "site": staff.site[ending]}
        self.nobody = {**common, "department": contacts.first_department}

    def at(self, share: float) -> Whole:
        """Return the moments at which a share of the time with an agent is over."""
        found: Whole = self.of.answered + ((self.of.ended - self.of.answered) * share).astype(np.int64)
        return found

    def made(self, kind: str, which: Flags, at: Whole, who: dict[str, Whole], **columns: object) -> Rows:
        """Return a touchpoint of a kind for some of the contacts; every column has a value for each contact, or one."""
        whole = {**who, **columns}
        told = {name: value[which] if isinstance(value, np.ndarray) else value for name, value in whole.items()}
        return rows(kind, at=at[which], customer=self.of.customer[which], **told)


def _begun(rng: np.random.Generator, causes: Causes, talk: _Talk, matters: Matters) -> list[Rows]:
    of, mail = talk.of, talk.of.channel == _EMAIL
    new = (of.round == 0) & (of.issue % 2 == 1)
    writes = mail & (rng.random(of.n) < causes.contacts.writes_share)
    text = np.where(writes, matters.text[of.matter], NOTHING)
    return [
        talk.made("contact.queued", ~mail, of.at, talk.nobody),
        talk.made("contact.abandoned", of.gave_up, of.ended, talk.nobody, wait_s=of.wait_s,
                  outcome=OUTCOMES.index("abandoned")),
        talk.made("contact.answered", talk.live, of.answered, talk.first, wait_s=of.wait_s),
        talk.made("message.received", mail, of.at, talk.nobody, text=text),
        talk.made("issue.opened", new & ~of.gave_up, np.where(mail, of.at + 1, talk.at(0.1)), talk.nobody),
    ]  # fmt: skip


def _handed(rng: np.random.Generator, causes: Causes, talk: _Talk) -> list[Rows]:
    cold = talk.of.handed == COLD
    again = cold & (rng.random(talk.of.n) < causes.contacts.repeats_share)
    return [
        talk.made("handover.connected", talk.of.handed == WARM, talk.at(0.5), talk.first),
        talk.made("handover.transferred", cold, talk.at(0.5), talk.first),
        talk.made("repeat.asked", again, talk.at(0.55), talk.last),
    ]


def _between(rng: np.random.Generator, causes: Causes, talk: _Talk) -> list[Rows]:
    c, n = causes.contacts, talk.of.n
    held, allowed = talk.live & (rng.random(n) < c.held_share), talk.live & (rng.random(n) < c.approval_share)
    delighted = ~talk.of.gave_up & (rng.random(n) < c.delight_share)
    held_s, approval_s = rng.exponential(c.held_s, n), rng.exponential(c.approval_s, n)
    amount = rng.choice(_GESTURE_CENTS, n)
    return [
        talk.made("hold.ended", held, talk.at(0.3), talk.first, duration_s=held_s),
        talk.made("approval.asked", allowed, talk.at(0.6), talk.last),
        talk.made("approval.given", allowed, talk.at(0.7), talk.last, wait_s=approval_s),
        talk.made("gesture.made", delighted, talk.at(0.8), talk.last, amount=amount),
    ]


def _ended(talk: _Talk) -> list[Rows]:
    of, mail = talk.of, talk.of.channel == _EMAIL
    outcome = np.where(of.called_settled, OUTCOMES.index("resolved"), OUTCOMES.index("unresolved"))
    lasted = np.where(mail, np.nan, (of.ended - of.answered) / SECOND)
    return [
        talk.made("message.sent", mail, of.answered, talk.last),
        talk.made("issue.resolved", of.called_settled, talk.at(0.9), talk.last),
        talk.made("contact.ended", ~of.gave_up, of.ended, talk.last, outcome=outcome, duration_s=lasted),
    ]


def promises(rng: np.random.Generator, causes: Causes, contacts: Contacts) -> Promises:
    """Return what was promised within contacts: to call back by a moment."""
    c, n = causes.contacts, contacts.n
    made = ~contacts.gave_up & (rng.random(n) < c.promised_share)
    at = contacts.ended - SECOND
    due = at + (rng.uniform(0.5, 4.0, n) * DAY).astype(np.int64)
    kept, exceeded = rng.random(n) < c.kept_share, rng.random(n) < c.exceeded_share
    in_time = at + (rng.random(n) * (due - at)).astype(np.int64)
    late = due + HOUR + (rng.exponential(2.0, n) * DAY).astype(np.int64)
    settled = np.where(kept, in_time, np.where(rng.random(n) < c.kept_late_share, late, NEVER))
    return Promises.of(
        "callback",
        customer=contacts.customer[made],
        department=contacts.department[made],
        agent=contacts.agent[made],
        channel=contacts.channel[made],
        issue=contacts.issue[made],
        made=at[made],
        due=due[made],
        settled=settled[made],
        outcome=np.where(kept, np.where(exceeded, 1, 0), NOBODY)[made],
    )


def complaints(
    rng: np.random.Generator, causes: Causes, staff: Staff, contacts: Contacts, *, mood: Numbers
) -> list[Rows]:
    """Return the complaints after contacts, and what we did about them; `mood` is the experience after each contact."""
    c = causes.contacts
    if c.complaint_share in {0.0, 1.0}:
        chance = np.full(contacts.n, c.complaint_share)
    else:
        chance = expit(logit(c.complaint_share) - c.complaint_slope * (mood - mood.mean() if mood.size else mood))
    angry = contacts.some(~contacts.gave_up & (rng.random(contacts.n) < chance))
    at = angry.ended + (rng.exponential(1.0, angry.n) * DAY).astype(np.int64)
    text = np.where(rng.random(angry.n) < c.writes_share, ABOUT_NOTHING_ELSE, NOTHING)
    who = {"channel": _EMAIL, "issue": angry.issue, "department": angry.department}
    filed = rows("complaint.filed", at=at, customer=angry.customer, text=text, **who)
    return [filed, *_made_good(rng, causes, staff, angry, at)]


def _made_good(rng: np.random.Generator, causes: Causes, staff: Staff, angry: Contacts, at: Whole) -> list[Rows]:
    """Return gestures after complaints, and whether they made it good: otherwise the matter opens again."""
    c, n = causes.contacts, angry.n
    tried = rng.random(n) < c.gesture_share
    good = tried & (rng.random(n) < c.recovered_share)
    given = at + (rng.exponential(1.5, n) * DAY).astype(np.int64) + HOUR
    after = given + (rng.uniform(0.5, 9.0, n) * DAY).astype(np.int64)
    who = {"channel": _EMAIL, "issue": angry.issue, "department": angry.department}
    agent = {**who, "agent": angry.agent, "site": staff.site[angry.agent], "amount": rng.choice(_GESTURE_CENTS, n)}
    made = []
    for kind, which, when, columns in (
        ("gesture.made", tried, given, agent),
        ("recovery.confirmed", good, after, who),
        ("issue.reopened", tried & ~good, after, who),
    ):
        told = {name: value[which] if isinstance(value, np.ndarray) else value for name, value in columns.items()}
        made.append(rows(kind, at=when[which], customer=angry.customer[which], **told))
    return made
