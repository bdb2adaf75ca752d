"""The brief in words: what whoever serves a customer reads while they say hello."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import get_language_info, gettext, ngettext
from django.utils.translation import gettext_lazy as _

from collage import customers, experience
from collage.guidance import Bought, Felt, Known, Line, Owed, brief, keepable
from collage_web.bridge.reasons import Reason
from collage_web.bridge.timeline import Page, said
from collage_web.bridge.whole import Whole
from collage_web.design.spoken import CHANNELS
from collage_web.desk import wording
from collage_web.records import verdicts
from collage_web.records.models import Trait

__all__ = ["Said", "briefed", "felt", "owed", "preferred", "wanted"]

_FELT: Final = 6  # strikes, and as many credits, that may come to be told
_TAGS: Final[Mapping[str, Any]] = {
    "overdue": _("we owe"), "due": _("we owe"), "contested": _("contested"), "hurts": _("hurts"),
    "falling": _("falling"), "new": _("new"), "prefers": _("prefers"), "well": _("went well"),
    "bought": _("bought"), "thanked": _("thanked"),
}  # fmt: skip
_SIGNS: Final = {"overdue": "◷", "due": "◷", "contested": "?", "hurts": "✕", "falling": "↘", "well": "✓"}
_TONES: Final = {"overdue": "strike", "hurts": "strike", "contested": "strike", "falling": "strike", "well": "credit"}


@dataclass(frozen=True, slots=True)
class Said:
    """A line: its `tag`, its `words` and where they lead (empty: nowhere), `points` what it weighs (None: nothing)."""

    kind: str
    tag: str
    sign: str
    tone: str
    words: str
    href: str
    points: float | None


def wanted(of: Whole) -> list[Reason]:
    """Return the reasons that may come to be told: whose facts are to be read."""
    return [*of.reasons.strikes(_FELT), *of.reasons.credits(_FELT)]


def felt(of: Whole, page: Page) -> list[Felt]:
    """Return these reasons with their words, as the core weighs them."""
    reasons = wanted(of)
    return [
        Felt(
            f"{each.mark} {each.touchpoint_id}",
            says,
            each.contribution,
            each.points,
            each.occurred_at,
            page.verdicts.get((each.touchpoint_id, each.mark)) == verdicts.CONTESTED,
        )
        for each, says in zip(reasons, said(of, reasons, page.facts, wording.language()), strict=True)
    ]


def owed(of: Whole) -> list[Owed]:
    """Return the promises that are open."""
    return [
        Owed(each["kind"], each["department"], each["due_at"]) for each in of.promises if each["settled_at"] is None
    ]


def briefed(of: Whole, page: Page, profile: Mapping[str, customers.Said], *, now: datetime) -> list[Said]:
    """Return the lines.

    Parameters
    ----------
    of
        The customer.
    page
        Has the facts of `wanted`.
    profile
        What is known about them.
    now
        The moment.
    """
    known = Known(
        trend=None if of.standing is None else of.standing.trend,
        felt=felt(of, page),
        owed=keepable(owed(of), now=now),
        bought=Bought(of.met.orders, of.met.ordered_at),
        thanked_at=of.met.thanked_at,
        prefers={name: each.value for name, each in profile.items() if name != Trait.Name.NAME},
        first_at=of.met.first_at,
    )
    lines: list[Said] = []
    for line in brief(known, now=now):
        tag, name = str(_TAGS[line.kind]), line.name.partition(" ")[2]
        key = page.keys.get(name, "")
        href = reverse("customer_instance", args=[of.customer, key]) if key else ""
        weighs = line.points if line.kind in {"contested", "hurts", "well"} else None
        told = Said(
            line.kind, tag, _SIGNS.get(line.kind, ""), _TONES.get(line.kind, ""), _words(of, line, now), href, weighs
        )
        lines.append(told)
    return lines


def preferred(name: str, value: str) -> str:
    """Return what somebody prefers, in words."""
    if name == Trait.Name.CHANNEL:
        return str(CHANNELS.get(value, value))
    if name == Trait.Name.LANGUAGE:
        try:
            return str(get_language_info(value.lower())["name_translated"])
        except KeyError:
            return value
    return value


def _words(of: Whole, line: Line, now: datetime) -> str:
    when = _when(line, now)
    if line.kind in {"overdue", "due"}:
        return _promised(line, now)
    if line.kind == "bought":
        words = ngettext("%(n)s order, %(when)s", "%(n)s orders, last %(when)s", line.count)
        return words % {"n": number_format(line.count), **when}
    others = {
        "prefers": ", ".join(preferred(name, value) for name, value in line.pairs),
        "falling": _fallen(of),
        "new": gettext("nothing known yet: ask") if line.at is None else gettext("first met %(when)s") % when,
        "thanked": gettext("never") if line.at is None else when["when"],
    }
    return others.get(line.kind, line.says)


def _promised(line: Line, now: datetime) -> str:
    late = line.kind == "overdue"
    words = gettext("%(what)s since %(when)s") if late else gettext("%(what)s by %(when)s")
    told = words % {"what": wording.promise(line.says), **_when(line, now)}
    told = f"{told} · {line.whose}" if line.whose else told
    if line.more:
        told += ", " + ngettext("and %(n)s more", "and %(n)s more", line.more) % {"n": number_format(line.more)}
    return told


def _when(line: Line, now: datetime) -> dict[str, str]:
    return {"when": "" if line.at is None else wording.when(line.at, now=now)}


def _fallen(of: Whole) -> str:
    """Return how far the last 30 days took the index down."""
    standing = of.standing
    before = 50.0 if standing is None else experience.index_of(standing.experience - standing.trend, sd=of.by.index_sd)
    n = round(before - (before if standing is None else standing.index))
    return ngettext("%(n)s point in 30 days", "%(n)s points in 30 days", n) % {"n": number_format(n)}
