"""What each mark contributes, kept as columns: the same answers as rows would give."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import starmap
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collage_web.bridge.reasons import NO_REASONS, Reason, Reasons

DAY = datetime(2026, 1, 1, tzinfo=UTC)
_MOMENT, _NUMBERS = pa.timestamp("us", "UTC"), dict.fromkeys(("contribution", "points", "without"), pa.float64())
LIKE = pa.schema([(name, {"occurred_at": _MOMENT, **_NUMBERS}.get(name, pa.string())) for name in Reason._fields])
POINTS = st.floats(-9, 9, allow_nan=False).map(lambda number: round(number, 2))


def reason(n: int, mark: str, owner: str | None, points: float, about: int | None, weighs_as: str) -> Reason:
    name, back = f"t:{n}", None if about is None else f"t:{about}"
    return Reason(name, mark, DAY + timedelta(days=n % 7), owner, None, points / 50, points, None, back, weighs_as)


@st.composite
def some(draw: Any) -> list[Reason]:
    mark, owner = st.sampled_from(["late", "wait", "healed"]), st.sampled_from(["Care", "Shop", None])
    rows = draw(st.lists(st.tuples(mark, owner, POINTS, st.none() | st.integers(0, 5), mark), max_size=12))
    return list(starmap(reason, ((n, *row) for n, row in enumerate(rows))))


def table(reasons: list[Reason]) -> pa.Table:
    made = pa.Table.from_pylist([each._asdict() for each in reasons], schema=LIKE)
    return made.drop(["without"]) if len(reasons) % 2 else made


@given(some())
def test_columns_answer_as_rows_would(reasons: list[Reason]) -> None:
    found = Reasons(table(reasons))
    ordered = sorted(reasons, key=lambda r: (-abs(r.contribution), r.occurred_at, r.touchpoint_id, r.mark))
    assert list(found) == ordered
    assert (len(found), found[:3], [found[n] for n in range(len(found))]) == (len(reasons), ordered[:3], ordered)
    assert found.strikes(2) == [each for each in ordered if each.contribution < 0][:2]
    assert found.credits(2) == [each for each in ordered if each.contribution > 0][:2]
    assert found.of({"t:1", "t:3"}) == [each for each in ordered if each.touchpoint_id in {"t:1", "t:3"}]
    assert found.left_by("late") == {each.touchpoint_id for each in ordered if each.mark == "late"}
    assert found.left_by("") == {each.touchpoint_id for each in ordered if each.contribution < 0}
    assert found.owners() == {each.owner for each in ordered}
    back = [each for each in ordered if each.mark != each.weighs_as and each.about is not None]
    assert found.recovered({"t:1", "t:2"}) == {
        (each.about, each.weighs_as) for each in back if each.about in {"t:1", "t:2"}
    }
    latest = found.recoveries(3)
    assert [each.occurred_at for each in latest] == sorted((each.occurred_at for each in back), reverse=True)[:3]
    assert set(latest) <= set(back)


@given(some())
def test_groups_are_all_of_them_by_mark_and_owner(reasons: list[Reason]) -> None:
    found = Reasons(table(reasons))
    groups = found.groups()
    assert {(each.mark, each.owner) for each in groups} == {(each.mark, each.owner) for each in reasons}
    assert sorted(-abs(each.points) for each in groups) == [-abs(each.points) for each in groups]
    for group in groups:
        these = [each for each in found if (each.mark, each.owner) == (group.mark, group.owner)]
        assert (group.n, group.first) == (len(these), these[0])
        assert group.points == pytest.approx(sum(each.points for each in these), abs=1e-12)


def test_a_place_beyond_the_last_is_refused() -> None:
    assert (len(NO_REASONS), list(NO_REASONS), NO_REASONS[:5], NO_REASONS.groups()) == (0, [], [], [])
    with pytest.raises(IndexError):
        NO_REASONS[0]
