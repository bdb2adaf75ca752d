"""Causes: what may stand in them, and that all of it can be read back."""

import json
import math
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from datetime import date
from typing import Any

import pytest

from collage.errors import UsageError
from collage.simulate import (
    Causes,
    Contacts,
    Daily,
    Orders,
    People,
    Practice,
    Ratings,
    Release,
    Size,
    Waits,
)

REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "a share above one": (lambda: Causes(orders=Orders(late_share=1.2)), "orders.late_share = 1.2"),
    "a share below nothing": (lambda: Causes(contacts=Contacts(gap=-0.1)), "contacts.gap = -0.1"),
    "no number": (lambda: Causes(ratings=Ratings(noise_sd=math.nan)), "ratings.noise_sd = nan"),
    "no patience": (lambda: Causes(waits=Waits(patience_s=0.0)), "waits.patience_s = 0.0"),
    "a rate below nothing": (lambda: Causes(daily=Daily(pages_a_year=-1.0)), "daily.pages_a_year = -1.0"),
    "tiers that do not sum": (lambda: Causes(people=People(tiers=(0.5, 0.2, 0.2))), "people.tiers"),
    "ratings that fall": (lambda: Causes(ratings=Ratings(below=(0.2, 0.1, 0.3, 0.4))), "ratings.below"),
    "an unknown tier": (lambda: Causes(contacts=Contacts(gap_tier="gold")), "contacts.gap_tier = 'gold'"),
    "an unknown site": (lambda: Causes(contacts=Contacts(practice=Practice(site="Rome"))), "contacts.practice.site"),
    "too many channels": (lambda: Causes(contacts=Contacts(phone_share=0.9)), "contacts.phone_share"),
    "closed before open": (lambda: Causes(waits=Waits(opens_h=20, closes_h=8)), "waits.opens_h"),
    "mended before it broke": (lambda: Causes(release=Release(begins_days=1.0)), "release.ends_days"),
    "a larger least factor": (lambda: Causes(ratings=Ratings(weight_least=2.0)), "ratings.weight_least"),
    "nobody": (lambda: Size(0, 365, date(2026, 1, 1)), "customers: 0"),
    "no days": (lambda: Size(10, 0, date(2026, 1, 1)), "days: 0"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused_with_the_field_and_what_to_do(case: str) -> None:
    make, found = REFUSED[case]
    with pytest.raises(UsageError) as refused:
        make()
    assert refused.value.found.startswith(found)
    assert refused.value.do


def leaves(value: Any) -> int:
    return sum(
        leaves(getattr(value, each.name)) if is_dataclass(getattr(value, each.name)) else 1 for each in fields(value)
    )


def test_causes_are_told_whole_as_json() -> None:
    causes = replace(Causes(), ratings=Ratings(kappa=math.inf))
    told = causes.as_json()
    assert json.loads(json.dumps(told, allow_nan=False))["ratings"]["kappa"] == "inf"

    def count(part: dict[str, Any]) -> int:
        return sum(count(each) if isinstance(each, dict) else 1 for each in part.values())

    assert count(told) == leaves(causes) > 100
