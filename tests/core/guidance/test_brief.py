"""The brief: what is said first, how much is said, and that the order of what is known does not matter."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from collage.guidance import MOST, Bought, Felt, Known, Line, Owed, brief, direction, keepable

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOTHING: dict[str, Any] = {
    "trend": None, "felt": (), "owed": (), "bought": Bought(0, None), "thanked_at": None, "prefers": {},
    "first_at": NOW - 400 * DAY,
}  # fmt: skip


def briefed(**more: Any) -> tuple[Line, ...]:
    return brief(Known(**{**NOTHING, **more}), now=NOW)


def kinds(lines: tuple[Line, ...]) -> list[str]:
    return [line.kind for line in lines]


def felt(name: str, weight: float, *, contested: bool = False) -> Felt:
    return Felt(name, f"it was {name}", weight, 60 * weight, NOW - DAY, contested)


def test_of_somebody_never_met_it_says_that_they_are_new_and_nothing_else() -> None:
    assert briefed(first_at=None) == (Line("new"),)


def test_of_somebody_known_for_long_and_never_thanked_it_says_so() -> None:
    assert briefed() == (Line("thanked"),)
    assert briefed(thanked_at=NOW - DAY) == (Line("thanked", at=NOW - DAY),)


def test_it_is_said_in_the_order_in_which_it_presses() -> None:
    lines = briefed(
        trend=-0.2,
        owed=[Owed("refund", "Billing", NOW + HOUR), Owed("callback", "Care", NOW - HOUR)],
        felt=[felt("mild", -0.1), felt("worst", -0.5), felt("doubted", -0.2, contested=True), felt("good", 0.3)],
        prefers={"language": "German", "channel": "chat"},
        bought=Bought(4, NOW - 30 * DAY),
    )
    assert kinds(lines) == ["overdue", "due", "contested", "hurts", "falling", "prefers", "well"]
    assert (lines[0].says, lines[0].whose, lines[0].at) == ("callback", "Care", NOW - HOUR)
    assert (lines[2].name, lines[3].name, lines[3].points) == ("doubted", "worst", -30)
    assert lines[5].pairs == (("channel", "chat"), ("language", "German"))


def test_what_is_due_in_three_days_does_not_press_yet() -> None:
    assert kinds(briefed(owed=[Owed("refund", None, NOW + 3 * DAY)])) == ["thanked"]


def test_promises_that_have_no_line_of_their_own_are_counted() -> None:
    lines = briefed(owed=[Owed("callback", None, NOW - n * HOUR) for n in range(1, 7)])
    assert kinds(lines) == ["overdue"] * 3 + ["thanked"]
    assert [line.more for line in lines] == [0, 0, 3, 0]
    assert lines[0].at == NOW - 6 * HOUR


def test_what_was_due_more_than_two_weeks_ago_is_beyond_keeping() -> None:
    owed = [Owed("callback", None, NOW - days * DAY) for days in (15, 14, -30)]
    assert keepable(owed, now=NOW) == owed[1:]


def test_what_has_faded_to_nothing_is_not_said() -> None:
    assert kinds(briefed(felt=[felt("long_ago", -0.001), felt("once", 0.001)])) == ["thanked"]


def test_where_it_is_going_is_said_from_three_points_on() -> None:
    assert [direction(each) for each in (-0.06, -0.05, -0.04, 0.0, 0.04, 0.05)] == [
        "falling", "falling", "steady", "steady", "steady", "rising",
    ]  # fmt: skip


weights = st.floats(-2, 2, allow_nan=False)
moments = st.integers(-400, 400).map(lambda hours: NOW + hours * HOUR)
owing = st.lists(st.builds(Owed, st.sampled_from(["callback", "refund"]), st.sampled_from([None, "Care"]), moments))
feeling = st.lists(
    st.builds(felt, st.text("abc", min_size=1, max_size=3), weights, contested=st.booleans()),
    unique_by=lambda f: f.name,
)


@given(
    owed=owing,
    felt=feeling,
    trend=st.none() | weights,
    orders=st.integers(0, 9),
    prefers=st.dictionaries(st.sampled_from(["channel", "language", "hours"]), st.just("x")),
    first_at=st.none() | moments,
    seed=st.integers(0, 99),
)
def test_the_laws_of_the_brief(
    owed: list[Owed],
    felt: list[Felt],
    trend: float | None,
    orders: int,
    prefers: dict[str, str],
    first_at: datetime | None,
    seed: int,
) -> None:
    known: dict[str, Any] = {
        "owed": owed, "felt": felt, "trend": trend, "bought": Bought(orders, NOW if orders else None),
        "prefers": prefers, "first_at": first_at,
    }  # fmt: skip
    lines = briefed(**known)
    assert len(lines) <= MOST
    # every promise that is overdue is there, as a line or counted, and before anything else
    overdue = sum(each.due_at < NOW for each in owed)
    first = [line for line in lines if line.kind in {"overdue", "due"}]
    assert lines[: len(first)] == tuple(first)
    assert kinds(tuple(first)) == sorted(kinds(tuple(first)), reverse=True)  # overdue before due
    assert sum(line.kind == "overdue" for line in first) == min(overdue, 3)
    assert sum(1 + line.more for line in first) >= overdue
    # shuffled, it is the same
    chance = Random(seed)
    shuffled = {**known, "owed": chance.sample(owed, len(owed)), "felt": chance.sample(felt, len(felt))}
    assert briefed(**shuffled) == lines
    # a strike is told as one, a credit as one
    assert all(line.points < 0 for line in lines if line.kind in {"contested", "hurts", "falling"})
    assert all(line.points > 0 for line in lines if line.kind == "well")


def test_a_line_can_be_compared() -> None:
    assert replace(Line("bought", count=1), count=2) == Line("bought", count=2)
