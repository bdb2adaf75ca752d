"""The starting vocabulary is the one of the design, and an unknown word is told with the nearest known one."""

import re

import pytest

from collage.tables import CONTRACTS
from collage.touchpoints import CHANNELS, KINDS, OUTCOMES, nearest
from collage.touchpoints.vocabulary import STAGES


def test_every_kind_stands_at_one_stage_of_the_road_and_fits_its_column() -> None:
    listed = [kind for kinds in STAGES.values() for kind in kinds]
    assert len(set(listed)) == len(listed) == len(KINDS)
    assert set(listed) == KINDS
    pattern = CONTRACTS["touchpoints"]["kind"].pattern or ""
    assert [kind for kind in listed if not re.search(pattern, kind)] == []
    stages = "discover, buy, receive, set up, use, ask, solve, pay, promise, say, care, stay"
    assert ", ".join(STAGES) == stages


def test_the_lists_are_those_that_the_contracts_name() -> None:
    assert {"web", "phone", "ivr", "store", "sensor", "partner"} <= CHANNELS
    assert {"resolved", "unresolved", "abandoned", "on_time"} <= OUTCOMES
    assert {"outage", "contact.answered", "promise.broken", "customer.left"} <= KINDS


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("contact.answerd", "contact.answered"),
        ("delivery.arived", "delivery.arrived"),
        ("issue.reopend", "issue.reopened"),
        ("outage", "outage"),
        ("x", None),
        ("", None),
    ],
)
def test_the_nearest_word_is_named_only_where_one_is_near(word: str, near: str | None) -> None:
    assert nearest(word, KINDS) == near
