"""Ratings that could mislead a fit: of no known contact, all alike, one of huge weight, two questions of one survey."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from collage.experience import Model, default, learning
from collage.experience.learning.histories import Histories, recalled
from collage.experience.learning.inherited import enough_contacts
from collage.experience.learning.ratings import Ratings
from collage.experience.learning.usable import effective

KINDS = learning.kinds_of(default())
DAY = 86_400_000_000
LATE, SETTLED = KINDS.names.index("delivered_late"), KINDS.names.index("resolved_first_contact")


def company(seed: int = 0) -> tuple[Ratings, Histories]:
    """Return 400 ratings of 200 customers, decided by what the rated contact left; a late delivery lies before each."""
    rng = np.random.default_rng(seed)
    n, settled = 400, rng.random(400) < 0.5
    customer, at = np.repeat(np.arange(200), 2), np.tile(np.array([30, 60]), 200) * DAY
    score = np.clip(np.round(3.0 + 1.2 * settled + rng.normal(0.0, 0.8, n)), 1, 5)
    marks = [(c, 10 * DAY, LATE, -1) for c in range(200) if rng.random() < 0.7]
    marks += [(int(customer[r]), int(at[r]) - 3_600_000_000, SETTLED, r) for r in np.flatnonzero(settled).tolist()]
    marks.sort()
    who, moment, kind, contact = (np.array(column, np.int64) for column in zip(*marks, strict=True))
    ones = np.ones(len(marks))
    histories = Histories(np.searchsorted(who, np.arange(201)), moment, moment, kind, ones, ones, contact)
    zeros = np.zeros(n, np.int64)
    ratings = Ratings(
        customer=customer,
        rated_at=at,
        started_at=at - 2 * 3_600_000_000,
        contact=np.arange(n),
        score=score,
        category=score.astype(np.int64) - 1,
        instrument=zeros,
        way=zeros,
        weight=np.ones(n),
        contacts=np.tile([1.0, 2.0], 200),
        contacts_year=np.tile([1.0, 2.0], 200),
        instruments=("csat",),
        categories=(5,),
        ways=("csat",),
    )
    return ratings, histories


def fitted(ratings: Ratings, histories: Histories) -> Model:
    return learning.fit(
        ratings,
        histories,
        lambda multipliers, **_: recalled(histories, ratings, KINDS, multipliers),
        default(),
        now=datetime(2026, 1, 1, tzinfo=UTC),
        rng=np.random.default_rng(0),
        times=39,
    )


def test_where_contacts_are_known_the_last_contact_is_what_it_is() -> None:
    found = fitted(*company())
    assert found.inherited_share.verdict == "last_contact"
    assert found.inherited_share.value is not None
    assert found.inherited_share.value < 0.2


def test_where_nobody_knows_which_contact_is_rated_there_is_no_verdict() -> None:
    ratings, histories = company()
    unknown = replace(ratings, contact=np.full(ratings.n, -1), started_at=ratings.rated_at)
    assert not enough_contacts(unknown)
    found = fitted(unknown, histories)
    assert found.fitted
    assert found.inherited_share.verdict == "too_few"
    assert found.inherited_share.value is None
    assert "contacts_unknown" in found.notes


def test_ratings_that_are_all_alike_teach_nothing() -> None:
    ratings, histories = company()
    five = np.full(ratings.n, 5.0)
    found = fitted(replace(ratings, score=five, category=five.astype(np.int64) - 1), histories)
    assert not found.fitted
    assert found.inherited_share.verdict == "too_few"


def test_two_questions_of_one_survey_are_one_occasion() -> None:
    ratings, _ = company()
    assert ratings.twice == 1.0
    assert replace(ratings, rated_at=np.full(ratings.n, DAY)).twice == 0.0


def test_one_huge_weight_is_cut_and_all_add_up_to_what_they_are_worth() -> None:
    weight = np.append(np.ones(420), 1e6)
    found = effective(weight)
    assert found[-1] / found[0] == pytest.approx(10.0)
    cut = np.append(np.ones(420), 10.0)
    assert found.sum() == pytest.approx(cut.sum() ** 2 / (cut**2).sum())
