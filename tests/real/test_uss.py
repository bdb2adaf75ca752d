"""The rated dialogues, counted a second time in plain Python."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import fmean

import pytest
from scipy.stats import spearmanr

from collage.experience.catalogue import load
from tests.real.records import ROOT, Read, Row, figures, kinds, plain

pytestmark = pytest.mark.real

FILE = "uss_dialogues/uss_SGD_ReDial.csv.gz"
START = datetime(2020, 1, 1, tzinfo=UTC)
CATALOGUE = load((ROOT / "examples" / "uss" / "catalogue.toml").read_text(encoding="utf-8"), file="catalogue.toml")


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
def dialogues(read_set: Callable[[str], Read]) -> Read:
    return read_set("uss")


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
    assert [row[4] for row in found] == pytest.approx([row[4] for row in sorted(expected, key=repr)], abs=1e-12)


def test_every_dialogue_has_one_rating_of_the_whole_after_its_last_turn(dialogues: Read, rows: list[Row]) -> None:
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
    assert Counter(kind for (kind,) in dialogues.rows("touchpoints", "kind")) == kinds("uss")


def faded(days: float) -> float:
    return float(2.0 ** (-days / CATALOGUE.classes["turn"]))


def experience(turns: list[Row], rated_at: datetime) -> float:
    """Return E of one dialogue by the formula on paper."""
    n = d = 0.0
    for row in turns:
        away = mean(row) - 3
        if abs(away) >= CATALOGUE.least:
            weight = CATALOGUE["good_turn" if away > 0 else "bad_turn"].weight
            fading = faded((rated_at - at(row)).days)
            n += weight * abs(away) * fading
            d += min(1.0, abs(away)) * fading
    return (CATALOGUE.kappa + 1) * n / (CATALOGUE.kappa + d)


@pytest.mark.parametrize("corpus", ["SGD", "ReDial"])
def test_a_fading_sum_orders_the_dialogues_better_than_the_mean_and_the_last_turn(rows: list[Row], corpus: str) -> None:
    turns: dict[str, list[Row]] = {}
    overall: dict[str, Row] = {}
    for row in rows:
        if row["corpus"] == corpus and row["role"] == "USER":
            turns.setdefault(row["dialogue"], []).append(row)
        elif row["corpus"] == corpus and row["role"] == "OVERALL":
            overall[row["dialogue"]] = row
    whole = [mean(row) for row in overall.values()]
    readings = {
        "the last turn": [mean(turns[name][-1]) for name in overall],
        "the plain mean of all turns": [fmean(map(mean, turns[name])) for name in overall],
        "experience at the moment of the rating": [experience(turns[name], at(row)) for name, row in overall.items()],
    }
    ranks = {name: round(float(spearmanr(reading, whole).statistic), 2) for name, reading in readings.items()}
    said = figures("uss", "reading")
    assert ranks == {name: float(cells[corpus]) for name, cells in said.items()}
    assert max(ranks, key=lambda name: ranks[name]) == "experience at the moment of the rating"
