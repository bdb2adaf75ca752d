"""What was said last of marks that somebody contested: the same word that decides in `collage.experience`."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any, Final

from collage_web.records.models import Colleague, Correction, Mark, Promise, Role, Touchpoint
from collage_web.records.numbers import number_of

__all__ = [
    "CONTESTED",
    "STRUCK_OUT",
    "UPHELD",
    "Pair",
    "barred",
    "colleague_of",
    "latest",
    "named",
    "open_ones",
    "said_by",
]

CONTESTED: Final = "contested"
UPHELD: Final = "upheld"
STRUCK_OUT: Final = "struck_out"
Pair = tuple[str, str]  # a touchpoint's id and a mark's name
_COLLEAGUE: Final = "colleague:"
_PROMISE: Final = "promise:"
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


def latest(touchpoints: Collection[str] | None = None) -> dict[Pair, Correction]:
    """Return the word that counts for each mark of which any stands.

    Parameters
    ----------
    touchpoints
        Ids; None: all. There are few corrections.
    """
    said = Correction.objects.filter(withdrawn_at=None)
    if touchpoints is not None:
        said = said.filter(touchpoint_id__in=touchpoints)
    found: dict[Pair, Correction] = {}
    for each in sorted(said, key=lambda one: (one.at or _NEVER, one.correction_id)):
        found[each.touchpoint_id, each.mark] = each
    return found


def open_ones() -> list[tuple[Correction, Mark]]:
    """Return what is contested and not decided, that contested first in front, each with its mark."""
    waiting = {pair: each for pair, each in latest().items() if each.verdict == CONTESTED}
    marks = Mark.objects.filter(touchpoint_id__in={touchpoint for touchpoint, _ in waiting})
    met = {(mark.touchpoint_id, mark.mark): mark for mark in marks}
    found = [(each, met[pair]) for pair, each in waiting.items() if pair in met]
    return sorted(found, key=lambda one: (one[0].at or _NEVER, one[0].pk))


def said_by(colleague: Colleague) -> str:
    """Return how a colleague stands in `by`."""
    return f"{_COLLEAGUE}{colleague.pk}"


def colleague_of(by: str | None) -> int | None:
    """Return the number of the colleague in `by`; None: a system, or a file, said so."""
    kind, number = (by or "")[: len(_COLLEAGUE)], (by or "")[len(_COLLEAGUE) :]
    return (number_of(number) or None) if kind == _COLLEAGUE else None


def named(by: Any, said: Correction) -> bool:
    """Return whether a strike of which something was said is about somebody; where it is no mark any more, as well.

    Parameters
    ----------
    by
        Who asks.
    said
        What was said.
    """
    if not by.agent:
        return False
    of = said.touchpoint_id
    promise = of.removeprefix(_PROMISE).rpartition(":")[0]
    return (
        Mark.objects.filter(touchpoint_id=of, mark=said.mark, agent=by.agent).exists()
        or Touchpoint.objects.filter(touchpoint_id=of, agent=by.agent).exists()
        or (of.startswith(_PROMISE) and Promise.objects.filter(promise_id=promise, agent=by.agent).exists())
    )


def barred(by: Any, mark: Mark, contested: Correction | None) -> str:
    """Return why somebody may not decide on a mark; nothing where they may.

    Parameters
    ----------
    by
        Who would.
    mark
        Which.
    contested
        Who said that it is wrong; None: nobody.

    Returns
    -------
    str
        ``role``, ``owner`` (it is another department's), ``named`` (it is about them), ``own`` (they contested it).
    """
    if by.role not in {Role.LEAD, Role.MANAGER}:
        return "role"
    if by.agent and by.agent == mark.agent:
        return "named"
    if contested is not None and contested.by == said_by(by):
        return "own"
    if by.role == Role.LEAD and not (by.department and by.department == mark.owner):
        return "owner"
    return ""
