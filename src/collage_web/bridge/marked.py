"""What is kept of the marks of one touchpoint: whose they are, why, and what people said of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from collage_web.bridge.strikes import keys_of
from collage_web.bridge.whole import Whole
from collage_web.records import verdicts
from collage_web.records.models import Colleague, Correction, Mark

__all__ = ["Left", "left"]


@dataclass(frozen=True, slots=True)
class Left:
    """By the name of the mark: its row, and what was said of it last.

    `keys` are those of the touchpoints that marks point at, by id; `names` what colleagues who said something are
    called, by how they stand in it.
    """

    marks: Mapping[str, Mark]
    said: Mapping[str, Correction]
    keys: Mapping[str, str]
    names: Mapping[str, str]


def left(of: Whole, touchpoint_id: str) -> Left:
    """Return what is kept of the marks of a touchpoint.

    Parameters
    ----------
    of
        The customer.
    touchpoint_id
        One of their touchpoints; empty: of what is none.
    """
    if not touchpoint_id or not of.is_scored:
        return Left({}, {}, {}, {})
    marks = list(Mark.objects.filter(customer=of.customer, touchpoint_id=touchpoint_id))
    said = {mark: each for (_, mark), each in verdicts.latest([touchpoint_id]).items()}
    numbers = {each.by: number for each in said.values() if (number := verdicts.colleague_of(each.by)) is not None}
    called = dict(Colleague.objects.filter(pk__in=numbers.values()).values_list("pk", "name")) if numbers else {}
    return Left(
        {mark.mark: mark for mark in marks},
        said,
        keys_of({mark.about for mark in marks if mark.about is not None}),
        {str(by): called[number] for by, number in numbers.items() if number in called},
    )
