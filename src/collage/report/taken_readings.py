"""What is said of one rating taken apart: what it was, what its parts are, and who brought them."""

from __future__ import annotations

from collections.abc import Sequence

from collage.experience.attribution.parts import UNKNOWN
from collage.report.taken import Step, Taken
from collage.report.telling import Telling

__all__ = ["owner_named", "part_named", "served_named", "taken_read"]


def owner_named(owner: str | None, tell: Telling) -> str:
    """Return whose something is; nobody's where that is not known."""
    return tell._("nobody in particular") if owner in {None, UNKNOWN} else str(owner)


def part_named(step: Step, of: Taken, tell: Telling) -> str:
    """Return what a part of a rating is, in words."""
    if step.part == "inherited":
        return tell._("before: {owner}", owner=owner_named(step.owner, tell))
    known = {
        "inherited_self": tell._("before: who served"),
        "contact_other": tell._("this contact: others in it"),
        "contact_process": tell._("this contact: the process"),
        "own_agent": tell._("this contact: the agent"),
        "since": tell._("between the contact and the rating"),
        "customer": tell._("how this customer always rates"),
        "instrument": tell._("how it was asked"),
        "unexplained": tell._("what nobody explains"),
    }
    if of.department:
        known["inherited_self"] = tell._("before: {owner} itself", owner=of.department)
        known["contact_process"] = tell._("this contact: process of {owner}", owner=of.department)
    if of.agent:
        known["own_agent"] = tell._("this contact: agent {agent}", agent=of.agent)
    return known[step.part]


def served_named(of: Taken, tell: Telling) -> str:
    """Return who served."""
    if of.department and of.agent:
        return tell._("{department} (agent {agent})", department=of.department, agent=of.agent)
    return of.department or of.agent or tell._("somebody who is not recorded")


def taken_read(of: Taken, tell: Telling) -> Sequence[str]:
    """Return what the rating was, what was inherited, and what those who served put in."""
    score = tell._(
        "On {day} {customer} gave {score} on a scale from {low} to {high}; {who} had served.",
        day=tell.day(of.rated_at),
        customer=of.customer_id,
        score=_plain(of.score, tell),
        low=_plain(of.scale_low, tell),
        high=_plain(of.scale_high, tell),
        who=served_named(of, tell),
    )
    part = {each.part: each.value for each in of.steps}
    handed = tell._(
        "What other departments had left behind before the contact began brings {points} points; the process and the "
        "agent who served bring {own}; {rest} nobody explains.",
        points=tell.signed(of.inherited, 2),
        own=tell.signed(part["contact_process"] + part["own_agent"], 2),
        rest=tell.signed(part["unexplained"], 2),
    )
    if of.low_one:
        rule = tell._("Of all low ratings it is the one from which the past with other departments took the most.")
        return [score, handed, rule]
    most = tell._("No low rating inherited anything from others; of all ratings this one inherited the most.")
    return [score, handed, most]


def _plain(value: float, tell: Telling) -> str:
    return tell.number(value, 0 if value == int(value) else 1)
