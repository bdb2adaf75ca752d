"""The rated dialogues, counted a second time in plain Python."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import fmean

import pytest

from tests.real.records import Read, Row, plain

pytestmark = pytest.mark.real

FILE = "uss_dialogues/uss_SGD_ReDial.csv.gz"
START = datetime(2020, 1, 1, tzinfo=UTC)


def at(row: Row) -> datetime:
    return START + timedelta(days=15 * int(row["turn"]))


def mean(row: Row) -> float:
    return fmean(float(rating) for rating in row["sat"].split(","))


def dialogue(row: Row) -> str:
    return f"{row['corpus']}-{row['dialogue']:0>4}"


def kind(row: Row) -> tuple[str, float | None]:
    if row["role"] == "SYSTEM":
        return "message.sent", None
    away = mean(row) - 3
    return ("turn.good" if away > 0 else "turn.bad" if away < 0 else "turn.plain"), abs(away)


@pytest.fixture(scope="module")
def dialogues(read_set: Callable[..., Read], shared_data: Path) -> Read:
    return read_set("uss", shared_data / FILE)


@pytest.fixture(scope="module")
def rows(shared_data: Path) -> list[Row]:
    return plain(shared_data / FILE)


def test_every_turn_is_the_one_counted_by_hand(dialogues: Read, rows: list[Row]) -> None:
    expected = [
        (f"uss:{dialogue(row)}.{row['turn']:0>3}", f"dialogue:{dialogue(row)}", at(row), *kind(row))
        for row in rows
        if row["role"] != "OVERALL"
    ]
    found = dialogues.rows("touchpoints", "touchpoint_id", "identifier", "occurred_at", "kind", "severity")
    assert [row[:4] for row in found] == [row[:4] for row in sorted(expected, key=repr)]
    assert [row[4] for row in found] == pytest.approx(
        [row[4] for row in sorted(expected, key=repr)], abs=1e-12
    )


def test_every_dialogue_has_one_rating_of_the_whole_after_its_last_turn(
    dialogues: Read, rows: list[Row]
) -> None:
    overall = {dialogue(row): row for row in rows if row["role"] == "OVERALL"}
    last = {dialogue(row): at(row) for row in rows if row["role"] != "OVERALL"}
    found = dialogues.rows("ratings", "rating_id", "identifier", "rated_at", "score", "item")
    assert len(found) == len(overall) == 2_000
    for rating_id, identifier, rated_at, score, item in found:
        name = rating_id.removeprefix("uss:")
        assert (identifier, rated_at, item) == (f"dialogue:{name}", at(overall[name]), "company")
        assert score == pytest.approx(mean(overall[name]), abs=1e-12)
        assert rated_at == last[name] + timedelta(days=15)


def test_the_rows_add_up(dialogues: Read, rows: list[Row]) -> None:
    assert len(rows) == 49_124
    assert dialogues.totals == {Path(FILE).name: (len(rows), len(rows), 0, 0)}


def test_the_kinds_are_as_many_as_the_how_to_page_says(dialogues: Read) -> None:
    assert Counter(one for (one,) in dialogues.rows("touchpoints", "kind")) == {
        "message.sent": 23_485,
        "turn.good": 10_510,
        "turn.plain": 8_369,
        "turn.bad": 4_760,
    }
