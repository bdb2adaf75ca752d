"""What the report says of who earned the ratings: the command's numbers, sums that add up, nobody ranked by chance."""

from __future__ import annotations

import json
import math
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from collage.experience import model_json
from collage.experience.attribution import Balance
from collage.report import page
from collage.report.earned import Agent, Mean
from collage.report.earned_page import earned_part, summing
from collage.report.earned_readings import reliability_told, verdict_named
from tests.core.report.earning import DE, EN, Earning, attributed, said, section, shared_out
from tests.core.report.rated import company
from tests.core.report.taught import model
from tests.core.report.test_report import Tags
from tests.core.test_cli import collage

pytestmark = pytest.mark.xdist_group("report")  # the company is made once, not once a worker


def reported(folder: Path, *words: object) -> str:
    file = folder.parent / f"{folder.name}.html"
    said = collage("report", folder, "--out", file, *words)
    assert said.code == 0, said.talk
    return file.read_text(encoding="utf-8")


def agent(name: str, value: float, reliability: float, verdict: str = "not distinguishable", **more: Any) -> Agent:
    figures_ = {"ratings": 80, "mean": 4.0, "beside": value, **more}
    return Agent(
        name=name, added=Mean(value, value - 0.1, value + 0.1), reliability=reliability, verdict=verdict, **figures_
    )


# ---- its numbers are those of the command


def test_departments_are_those_of_the_command_and_of_the_library(earning: Earning) -> None:
    added = {row["department"]: row for row in earning.attributed("department")}
    shared = {row["department"]: row for row in earning.by_department}
    assert {each.name for each in earning.earned.departments} == added.keys() == shared.keys()
    assert len(added) > 3
    for each in earning.earned.departments:
        one, other = added[each.name], shared[each.name]
        assert (each.ratings, each.verdict) == (one["n"], one["verdict"])
        found = [each.mean, each.added.value, each.added.low, each.added.high, each.reliability]
        assert found == pytest.approx([one[n] for n in ("raw_mean", "value_added", "low", "high", "reliability")])
        for name, mean in (("inherited", each.inherited), ("own", each.own), ("others", each.others)):
            expected = [other[f"{name}{end}"] for end in ("", "_low", "_high")]
            assert [mean.value, mean.low, mean.high] == pytest.approx(expected)
    order = [each.inherited.value for each in earning.earned.departments]
    assert order == sorted(order)


def test_what_is_printed_of_departments_is_that_too(earning: Earning) -> None:
    text = section(earning.html)
    for each in earning.earned.departments:
        assert each.inherited.low is not None
        printed = f"{each.name} {each.ratings} {EN.number(each.mean, 2)} {EN.signed(each.inherited.value, 2)}"
        assert f"{printed} {EN.between(each.inherited.low, each.inherited.high, 2)}" in text


def test_agents_are_those_of_the_command(earning: Earning) -> None:
    expected = {row["agent"]: row for row in earning.attributed("agent")}
    assert {each.name for each in earning.earned.agents} == expected.keys()
    text = section(earning.html)
    for each in earning.earned.agents:
        row = expected[each.name]
        assert (each.ratings, each.verdict) == (row["n"], row["verdict"])
        assert [each.mean, each.added.value, each.added.low] == pytest.approx(
            [row["raw_mean"], row["value_added"], row["low"]]
        )
        if each.ratings >= 10:
            assert f"{each.name} {each.ratings} {EN.number(each.mean, 2)} {EN.signed(each.added.value, 2)}" in text
        else:
            assert f"{each.name} {each.ratings} not enough data" in text


def test_scripts_read_what_people_read(earning: Earning) -> None:
    data = re.search(r'<script type="application/json" id="figures">(.*?)</script>', earning.html, re.DOTALL)
    assert data is not None
    shown = json.loads(data[1])
    assert len(shown["earned"]["agents"]) == len(earning.earned.agents)
    assert shown["earned"]["taken"]["rating_id"] == earning.lowest[0]
    assert shown["silence"]["found"]["n_invited"] > 500


# ---- one rating taken apart


def test_the_rating_that_is_shown_is_the_low_one_to_which_others_handed_the_most(earning: Earning) -> None:
    shown = earning.earned.taken
    assert shown is not None
    assert shown.low_one
    assert shown.score <= 2
    assert shown.rating_id == earning.lowest[0]
    assert shown.inherited == pytest.approx(earning.lowest[1])


def test_its_parts_are_the_command_s_and_add_up(earning: Earning) -> None:
    shown = earning.earned.taken
    assert shown is not None
    row = next(each for each in earning.attributed("rating") if each["rating_id"] == shown.rating_id)
    assert math.fsum([shown.base, *(each.value for each in shown.steps)]) == pytest.approx(shown.score, abs=1e-9)
    assert shown.base == pytest.approx(row["base"])
    for each in shown.steps:
        assert each.value == pytest.approx(row["inherited"][each.owner] if each.owner else row[each.part])
    assert shown.inherited == pytest.approx(math.fsum(row["inherited"].values()))


def test_the_numbers_that_are_printed_add_up_as_they_stand(earning: Earning) -> None:
    found = earned_part(earning.figures, EN)
    assert found is not None
    rows = re.findall(r'data-part="(\w+)">.*?<td class="number">(.*?)</td>', earning.html)
    printed = [round(1000 * float(number.replace("−", "-"))) for _, number in rows]
    taken = earning.earned.taken
    assert taken is not None
    assert len(printed) == len(found.lines) == len(taken.steps) + 1
    assert sum(printed) == round(1000 * taken.score)
    assert found.lines[-1].so_far == taken.score


def test_rounding_to_a_sum_moves_no_number_by_a_whole_digit() -> None:
    assert summing([0.3333, 0.3333, 0.3334], 1.0, 2) == [0.33, 0.33, 0.34]
    assert math.fsum(summing([1 / 7] * 7, 1.0, 3)) == pytest.approx(1.0, abs=1e-12)
    values = [3.9021, -0.5945, -0.4442, -0.1949, 0.0, -0.3665, -0.2011, -1.0529, -0.048]
    found = summing(values, math.fsum(values), 3)
    assert math.fsum(found) == pytest.approx(1.0, abs=1e-9)
    assert all(abs(one - other) < 0.001 for one, other in zip(values, found, strict=True))


def test_instances_before_the_contact_add_up_to_what_was_inherited(earning: Earning) -> None:
    shown = earning.earned.taken
    assert shown is not None
    whole: dict[str | None, float] = defaultdict(float)
    for each in shown.instances:
        assert each.at < shown.started_at
        assert each.strike == (each.points < 0)
        whole[each.owner] += each.points
    for step in shown.steps:
        if step.part == "inherited":
            assert whole[None if step.owner == "unknown" else step.owner] == pytest.approx(step.value)
        if step.part == "inherited_self":
            assert whole[shown.department] == pytest.approx(step.value)
    links = set(re.findall(r'href="#(before-\d+)"', earning.html))
    assert links
    assert links == set(re.findall(r'id="(before-\d+)"', earning.html))


# ---- nobody is ranked by chance


def test_nobody_below_a_reliability_of_seven_tenths_has_a_rank(earning: Earning) -> None:
    agents = [
        agent("zoe-1", 0.4, 0.85, "better"),
        agent("kim-2", 0.1, 0.75, beside=-0.2),
        agent("bo-3", -0.3, 0.71, "worse"),
        agent("al-4", 0.6, 0.699, "better"),
        agent("cy-5", -0.6, 0.2, "too few", ratings=9),
    ]
    found = replace(earning.earned, agents=agents)
    whole = page(replace(earning.figures, earned=found), language="en")
    assert re.findall(r'data-agent="([\w-]+)" data-rank="(\d)"', whole) == [
        ("zoe-1", "1"),
        ("kim-2", "2"),
        ("bo-3", "3"),
    ]
    assert re.findall(r'data-agent="([\w-]+)" class="grey"', whole) == ["al-4", "cy-5"]
    text = section(whole)
    assert (
        "3 of 5 agents have ratings enough to be ranked. For a decision about pay enough is known of 1 of them." in text
    )
    assert "Own effect, better than others of the department: zoe-1 +0.40 (0.30 to 0.50)." in text
    assert "Own effect, worse than others of the department: bo-3 −0.30 (−0.40 to −0.20)." in text
    assert "The raw mean puts 1 of the ranked on the wrong side of their department: do not rank by it." in text
    assert "No ranking below a reliability of 0.7, no decision about pay below 0.8." in text
    assert [verdict_named(each, EN) for each in agents] == [
        "own effect: better", "not distinguishable", "own effect: worse", "not distinguishable", "too few ratings",
    ]  # fmt: skip
    assert "2 agents have an effect of their own." in text


def test_those_of_the_company_have_none_either(earning: Earning) -> None:
    ranked = re.findall(r'data-agent="([\w-]+)" data-rank', earning.html)
    assert ranked == [each.name for each in earning.earned.agents if each.reliability >= 0.7]
    others = [each.name for each in earning.earned.unranked]
    assert len(others) > 10
    assert others == sorted(others)


def test_where_nobody_can_be_ranked_it_is_said_how_many_ratings_it_takes(earning: Earning) -> None:
    found = replace(earning.earned, agents=[agent("a", 0.1, 0.44), agent("b", -0.1, 0.5)])
    text = said(replace(earning.figures, earned=found))
    assert "None of 2 agents has ratings enough to be ranked: the highest reliability is 0.50, from 80 ratings." in text
    assert "It usually takes 45 to 115 of an agent." in text
    assert reliability_told(0.6999, EN) == "0.69"  # never as if it had met the bound
    assert reliability_told(0.7, EN) == "0.70"
    assert "Own effect" not in text


def test_how_far_the_comparison_carries_is_said_in_words(earning: Earning) -> None:
    def of(**more: Any) -> str:
        return said(replace(earning.figures, earned=replace(earning.earned, **more)))

    unfair = of(balance=Balance(4.2, (30, 900), 0.0004), forecast=(0.4, 0.1), turned=1)
    assert (
        "were not handed alike at the same time of day, so raw means mislead (F(30; 900) = 4.20, p < 0.001)" in unfair
    )
    assert "only 0.40 ± 0.20 came true in the last; 1 would be exact. Take the differences for smaller" in unfair
    assert "1 verdict turns" in unfair
    fair = of(balance=Balance(1.1, (30, 900), 0.3), forecast=(0.9, 0.2), turned=0)
    assert "handed alike at the same time of day is not refuted (F(30; 900) = 1.10, p = 0.300)" in fair
    assert "0.90 ± 0.39 came true in the last; 1 would be exact. 1" not in fair
    assert "verdict turns" not in fair
    assert "rather larger than they look" in of(forecast=(1.9, 0.2))
    untried = of(balance=None, forecast=None)
    assert "cannot be tested: there are too few ratings of each." in untried
    assert "cannot be tried yet." in untried


def test_a_department_with_an_effect_of_its_own_is_said_first(earning: Earning) -> None:
    one, *others = earning.earned.departments
    told = replace(one, verdict="worse", reliability=0.9, added=Mean(-0.3, -0.4, -0.2))
    rest = [replace(each, verdict="not distinguishable") for each in others]
    found = replace(earning.earned, departments=[told, *rest])
    text = said(replace(earning.figures, earned=found))
    assert f"Departments with an effect of their own: {one.name} −0.30 (−0.40 to −0.20)." in text


def test_who_was_handed_the_worst_is_named_only_where_that_is_clear(earning: Earning) -> None:
    rows = earning.earned.departments
    near = [replace(each, inherited=Mean(-0.1, -0.2, 0.0), customers=50) for each in rows]

    def of(departments: list[Any]) -> str:
        return said(replace(earning.figures, earned=replace(earning.earned, departments=departments)))

    assert "does not differ clearly: it brings between −0.10 and −0.10 points" in of(near)
    far = replace(near[0], inherited=Mean(-0.9, -1.0, -0.8))
    assert f"{far.name} was handed the worst: what came before brings −0.90 (−1.00 to −0.80)" in of([far, *near[1:]])
    assert "Too few customers have rated any one department" in of([replace(each, customers=9) for each in near])


# ---- where there is little or nothing


def test_a_dataset_without_ratings_says_what_to_do(tmp_path: Path) -> None:
    folder = company(tmp_path / "none", 20)
    (folder / "ratings.csv").unlink()
    text = section(reported(folder))
    assert text.strip().endswith("Read yours into its table “ratings”: then it can be said who earned them.")


def test_ratings_that_all_come_later_are_none(tmp_path: Path) -> None:
    text = section(reported(company(tmp_path / "later", 20), "--at", "2025-02-28"))
    assert "None of 20 ratings can be used up to 28 February 2025" in text
    assert "Choose a later moment with --at" in text


def test_below_ten_customers_nothing_is_shared_out(earning: Earning, tmp_path: Path) -> None:
    whole = page(shared_out(company(tmp_path / "few", 9), earning.figures), language="en")
    text = section(whole)
    assert "Usable ratings: 9, customers who gave them: 9. Below 10 customers nothing" in text
    assert "means-added" not in whole
    assert "data-part" not in whole


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"agent": lambda _: ""}, "No rating tells which agent served: agents cannot be compared."),
        ({"department": lambda _: "", "agent": lambda _: ""}, "nobody can be compared. "),
        ({"score": lambda _: 1}, "All ratings are of one department: there is no other to compare it with."),
        ({"department": lambda n: f"D{n}"}, "not enough data: fewer than 10 customers"),
        ({"department": lambda n: f"D{n % 3}", "score": lambda _: 5}, "No low rating inherited anything"),
        ({"handed": lambda _: False}, "No rating inherited anything from other departments"),
    ],
)
def test_what_is_not_known_is_said(
    earning: Earning, tmp_path: Path, how: dict[str, Callable[[int], Any]], words: str
) -> None:
    found = shared_out(company(tmp_path / "odd", 40, **how), earning.figures)
    whole = page(found, language="en")
    assert words in section(whole)
    assert not re.search(r"\bnan\b|\binf\b|NaN", section(whole))
    assert "data-rank" not in whole or "score" not in how  # ratings that are all alike rank nobody
    assert said(found, DE)


def test_where_it_is_not_known_whether_there_are_ratings_there_is_no_part(earning: Earning) -> None:
    bare = replace(earning.figures, earned=None, silence=None, ratings=None)
    assert earned_part(bare, EN) is None
    assert 'id="earned"' not in page(bare, language="en")


# ---- languages, names, models


def test_german_says_nothing_in_english(earning: Earning) -> None:
    agents = [
        agent("a", 0.4, 0.85, "better"),
        agent("b", -0.3, 0.75, "worse", beside=0.1),
        agent("c", 0.1, 0.3, "too few"),
    ]
    fewer = [replace(each, customers=9) for each in earning.earned.departments]
    cases = [
        earning.figures,
        replace(earning.figures, silence=None, earned=replace(earning.earned, agents=agents, forecast=(0.3, 0.1))),
        replace(earning.figures, earned=replace(earning.earned, departments=fewer, agents=[], taken=None)),
        replace(earning.figures, earned=replace(earning.earned, balance=None, forecast=None, customers=9)),
        replace(earning.figures, earned=None),
        replace(earning.figures, earned=None, ratings=0),
    ]
    assert earning.earned.taken is not None
    told = {each.says for each in earning.earned.taken.instances}  # told when the figures were made
    for each in cases:
        text = section(page(each, language="de"))
        for words in [*told, "DATASET --by rating", "„ratings“", earning.lowest[0]]:
            text = text.replace(words, "")
        assert not re.search(
            r"\b(the|their|your|ratings|rating|agent|agents|agents'|others|likely|nobody|silent)\b", text
        )


def test_hostile_names_stay_names(earning: Earning, tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    folder = company(
        tmp_path / "evil",
        60,
        department=lambda n: f"{evil}{n % 3}",
        agent=lambda n: f"<img src=x onerror=alert({n % 4})>",
    )
    whole = page(shared_out(folder, earning.figures), language="en")
    tags = [tag for tag, _ in Tags(whole).seen]
    assert tags.count("script") == 2
    assert "img" not in tags
    assert f"{evil}0" in section(whole)
    assert "<img src=x onerror=alert(0)>" in section(whole)


def test_by_a_model_the_parts_add_up_too(earning: Earning) -> None:
    file = earning.company.parent / "MODEL.json"
    file.write_text(model_json.dumps(model()), encoding="utf-8")
    shown = shared_out(earning.company, earning.figures, file).earned
    assert shown is not None
    of = shown.taken
    assert of is not None
    assert math.fsum([of.base, *(each.value for each in of.steps)]) == pytest.approx(of.score, abs=1e-9)
    handed: dict[str | None, float] = defaultdict(float)
    for each in of.instances:
        handed[each.owner] += each.points
    for step in of.steps:
        if step.part == "inherited":
            assert handed[None if step.owner == "unknown" else step.owner] == pytest.approx(step.value, abs=1e-9)
    rows = attributed(earning.company, "rating", "--model", file, "--at", earning.figures.at.isoformat())
    row = next(each for each in rows if each["rating_id"] == of.rating_id)
    assert of.base == pytest.approx(row["base"])
    assert of.inherited == pytest.approx(math.fsum(row["inherited"].values()))
