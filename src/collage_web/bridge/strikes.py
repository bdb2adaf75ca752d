"""Marks of whichever customers in words, and how they stand in addresses: for lists of what is to be decided."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from collage import experience
from collage_web.bridge.arrows import of_values
from collage_web.bridge.derived import catalogue, promised
from collage_web.records import bulk
from collage_web.records.models import Mark, Promise, Touchpoint

__all__ = ["in_words", "keys_of"]

_PROMISE = "promise:"


def in_words(marks: Sequence[Mark], *, language: str) -> list[str]:
    """Return what marks are in words; what was said in confidence is quoted to nobody here.

    Parameters
    ----------
    marks
        No more than a person would read.
    language
        ``en`` or ``de``.
    """
    wanted = {name for mark in marks for name in (mark.touchpoint_id, mark.about) if name is not None}
    rows = of_values(Touchpoint, "touchpoints", "touchpoint_id", wanted).to_pylist()
    kept = of_values(Promise, "promises", "promise_id", _promises(wanted))
    rows += promised(kept, catalogue()).to_pylist()
    rows = [{**row, "text": None} if "sensitive" in (row["properties"] or "") else row for row in rows]
    asked = [
        {"touchpoint_id": mark.touchpoint_id, "mark": mark.mark, "about": mark.about, "weighs_as": mark.weighs_as}
        for mark in marks
    ]
    return experience.said(asked, {row["touchpoint_id"]: row for row in rows}, catalogue(), language=language)


def keys_of(touchpoints: Collection[str]) -> dict[str, str]:
    """Return the keys by which touchpoints stand in addresses: ``t12``, or ``p3.broken`` for what a promise became."""
    stored = bulk.within(Touchpoint, ("touchpoint_id", "id"), "touchpoint_id", touchpoints)
    number = dict(bulk.within(Promise, ("promise_id", "id"), "promise_id", _promises(touchpoints)))
    found = {touchpoint: f"t{row}" for touchpoint, row in stored}
    for name in set(touchpoints) - set(found):
        promise = _promise_of(name)
        if promise in number:
            found[name] = f"p{number[promise]}.{name.rpartition('.')[2]}"
    return found


def _promises(touchpoints: Collection[str]) -> list[str]:
    return sorted({_promise_of(name) for name in touchpoints if name.startswith(_PROMISE)})


def _promise_of(touchpoint_id: str) -> str:
    return touchpoint_id.removeprefix(_PROMISE).rpartition(":")[0]
