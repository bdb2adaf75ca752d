"""Why the index is what it is: drawn as a ring, and as the steps that lead to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from collage import experience
from collage_web.bridge.reasons import Reason
from collage_web.bridge.timeline import Filter, Page, said
from collage_web.bridge.whole import Whole
from collage_web.desk import wording
from collage_web.desk.colours import colour
from collage_web.desk.instances import query
from collage_web.desk.waterfall import Fall, Step, waterfall

__all__ = ["Because", "Ring", "Why", "fallen", "in_general", "ring", "single", "why"]

_PALE, _SOME = 0.2, 0.5  # of evidence, as `design.templatetags.look.strength` has it
_TURN: Final = 100.0
_THINNEST: Final = 0.8


@dataclass(frozen=True, slots=True)
class Ring:
    """The index as part of a ring of 100: what is drawn, where its interval begins and how long it is, how strong."""

    index: int
    low: int
    high: int
    drawn: float
    begins: float
    lasts: float
    rest: float
    strength: str


def ring(of: Whole) -> Ring | None:
    """Return the picture of the index; None: there is none."""
    if of.standing is None:
        return None
    low, high = of.standing.index_low, of.standing.index_high
    evidence = of.standing.evidence
    lasts = max(_THINNEST, high - low)
    return Ring(
        index=round(of.standing.index),
        low=round(low),
        high=round(high),
        drawn=of.standing.index,
        begins=_TURN - low,
        lasts=lasts,
        rest=_TURN - lasts,
        strength="pale" if evidence < _PALE else "some" if evidence < _SOME else "strong",
    )


@dataclass(frozen=True, slots=True)
class Because:
    """A step in words, with the way to its instance or to its rows."""

    step: Step
    words: str
    owner: str
    colour: str
    href: str


@dataclass(frozen=True, slots=True)
class Why:
    """Why the index is what it is: the picture, and its steps in words."""

    fall: Fall
    because: Sequence[Because]
    n: int


def fallen(of: Whole) -> Fall | None:
    """Return the steps to the index; None: there is none."""
    return None if of.standing is None else waterfall(of.reasons.groups(), of.standing.index)


def single(fall: Fall | None) -> list[Reason]:
    """Return the reasons that are a step of their own: whose facts are to be read."""
    steps = () if fall is None else fall.steps
    return [each.group.first for each in steps if each.group is not None and each.n == 1]


def why(of: Whole, fall: Fall | None, page: Page) -> Why | None:
    """Return why the index is what it is; None: there is none.

    Parameters
    ----------
    of
        The customer.
    fall
        As `fallen` gives it.
    page
        Has the facts of `single`.
    """
    if fall is None:
        return None
    return Why(fall, [_because(of, page, step) for step in fall.steps], len(of.reasons))


def _because(of: Whole, page: Page, step: Step) -> Because:
    if step.group is None:
        return Because(step, str(_("all others, each of them small")), "", "", "")
    mark, owner, first = step.group.mark, step.group.owner or "", step.group.first
    if step.n == 1:
        (words,) = said(of, [first], page.facts, wording.language())
        key = page.keys.get(first.touchpoint_id)
        href = reverse("customer_instance", args=[of.customer, key]) if key else ""
        return Because(step, words, owner, colour(owner), href)
    href = reverse("customer", args=[of.customer]) + query(Filter(mark=mark)) + "#line"
    return Because(step, in_general(of, mark), owner, colour(owner), href)


def in_general(of: Whole, mark: str) -> str:
    """Return what a mark says of whichever touchpoint."""
    try:
        says = experience.in_words(of.by[mark], of.by).says
    except KeyError:  # a mark that the catalogue in force has no longer
        return mark.replace("_", " ")
    return says.get(wording.language(), says["en"])
