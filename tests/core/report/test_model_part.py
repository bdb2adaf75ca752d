"""What the report says of a model: every verdict in plain words, every number the model's, no claim without a fit."""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from collage import store
from collage.cli.opening import last, marked
from collage.experience import Catalogue, default, index_of, model_json
from collage.experience.model import Estimate, Gain, HalfLife, Model, Verdict, Weight
from collage.experience.sentences import parse
from collage.report import Figures, Source, figures, page, verdict
from collage.report.lesson_page import lessons
from collage.report.lesson_rows import fadings, tenths, trials, weights
from collage.report.lessons import limits
from collage.report.telling import Telling
from tests.core.report.taught import SHARES, model
from tests.core.report.test_report import Tags
from tests.core.test_cli import collage

pytestmark = pytest.mark.xdist_group("report")  # the company is made once, not once a worker


@dataclass(frozen=True)
class Told:
    """A company, its figures by a model, and by which."""

    company: Path
    model: Model
    figures: Figures


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    company = tmp_path_factory.mktemp("taught") / "company"
    assert collage("simulate", company, "--customers", 200, "--days", 200, "--seed", 4).code == 0
    own = default()
    found = model(catalogue_hash=own.digest)
    engine = store.connect()
    try:
        dataset = store.open_dataset(company, engine)
        tables, kept = marked(dataset, None), engine.kept
        source = Source(
            name="company",
            touchpoints=tables.touchpoints,
            customers=tables.customers,
            marks=kept(tables.marks),
            catalogue=own.by(found),
            quarantine=None,
            kept=kept,
            model=found,
            plain=own,
            ratings=7,
        )
        return Told(company, found, figures(source, at=last(dataset), language="en"))
    finally:
        engine.close()


def part(told: Told, found: Model | None = None, language: str = "en") -> str:
    """Return all sentences that the page says of a model."""
    said = lessons(replace(told.figures, model=found or told.model), Telling(language))
    small = [f"{each.name} {each.words}" for each in said.fadings]
    small += [f"{each.name} {each.words}" for each in said.tenths]
    one = [said.verdict.title, *said.verdict.words, said.verdict.standing, said.weights_read, said.sides_read]
    return " ".join([*one, *said.trials_read, *small, said.bridge_read, *said.limits])


def section(told: Told, found: Model | None = None, language: str = "en") -> str:
    """Return the part of the page that shows a model, without its pictures and tags."""
    whole = page(replace(told.figures, model=found or told.model), language=language)
    begin = whole.index('<section class="card lessons"')
    text = re.sub(r"<svg.*?</svg>|<[^>]*>", " ", whole[begin : whole.index("</section>", begin)], flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(text))


def shown(whole: str) -> dict[str, Any]:
    """Return the figures that a page has for scripts."""
    data = re.search(r'<script type="application/json" id="figures">(.*?)</script>', whole, re.DOTALL)
    assert data is not None
    figures_: dict[str, Any] = json.loads(data[1])
    return figures_


# ---- the verdict

TITLES: Mapping[tuple[Verdict, str], str] = {
    ("inherited", "en"): (
        "41% (33% to 48%) of what touchpoints explain of a rating was there before the contact began."
    ),
    ("inherited", "de"): (
        "41\u00a0% (33\u00a0% bis 48\u00a0%) dessen, was Kontaktpunkte an einer Bewertung erklären, war schon da, "
        "bevor der Kontakt begann."
    ),
    ("last_contact", "en"): (
        "The last contact explains your ratings; what came before shows no effect that could not be chance."
    ),
    ("last_contact", "de"): (
        "Der letzte Kontakt erklärt Ihre Bewertungen; was davor war, zeigt keine Wirkung, die nicht Zufall sein könnte."
    ),
    ("nothing", "en"): "Nothing that was recorded explains your ratings better than chance.",
    ("nothing", "de"): "Nichts von dem, was aufgezeichnet ist, erklärt Ihre Bewertungen besser als der Zufall.",
    ("too_few", "en"): "There are too few ratings to say what they depend on: nothing is claimed.",
    ("too_few", "de"): (
        "Es gibt zu wenige Bewertungen, um zu sagen, wovon sie abhängen: Es wird nichts behauptet."
    ),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "language"), TITLES)
def test_each_verdict_is_said_plainly(told: Told, kind: Verdict, language: str) -> None:
    found = model(kind, fitted=kind != "too_few")
    said = verdict(found, language=language)
    assert (said.kind, said.title) == (kind, TITLES[kind, language])
    assert said.title in part(told, found, language)


def test_a_verdict_comes_with_its_ratings_its_interval_and_its_chance(told: Told) -> None:
    text = section(told)
    assert "10,000 from 4,200 customers" in text
    assert "41% (33% to 48%) · p = 0.001" in text
    assert "the rated contact itself p = 0.002" in text
    assert "not of the whole rating" in text
    assert "3% (0% to 9%) · p = 0.410 , could be chance" in section(told, model("last_contact"))
    assert "does not prove that there is none" in part(told, model("last_contact"))
    assert Telling("en").chance(0.0002) == "p < 0.001"


def test_too_few_says_how_many_there_are_and_how_many_are_needed(told: Told) -> None:
    text = part(told, model("too_few", fitted=False))
    assert "There are 212 usable ratings of 160 customers." in text
    assert "At least 300 are needed, and a fifth of the customers must have given two or more." in text
    many = part(told, model("too_few", n_ratings=900, n_customers=850, depth="weights"))
    assert "Too few customers have rated twice to say whether what came before a contact counts" in many
    assert "At most 6% of the customers have rated twice or more" in many


def test_without_a_fit_nothing_is_claimed(told: Told) -> None:
    bare = replace(told.figures, bridge=None)
    for kind in SHARES:
        text = part(replace(told, figures=bare), model(kind, fitted=False))
        assert "No model was fitted: all numbers on this page are the catalogue's." in text
        assert "nothing is claimed" in text
        assert "%" not in text
    assert verdict(model("inherited", fitted=False), language="en").kind == "unfitted"
    whole = page(replace(bare, model=model("inherited", fitted=False)), language="en")
    assert not re.search("What weighs how much|How fast it is|Does it foretell|From the old|means-weight", whole)
    assert "by a model of" not in whole


def test_a_model_that_has_not_passed_says_why(told: Told) -> None:
    assert "The model is accepted: it has passed its trial on 2,500 later ratings." in part(told)
    codes = ["no_better_than_default", "no_better_than_intercept", "weights_at_their_bound", "too_few", "other"]
    failed = replace(told.model.validation, accepted=False, reasons=codes)
    text = part(told, model(validation=failed))
    assert "The model is not accepted: it foretells later ratings no better than the catalogue's own numbers;" in text
    assert "no better than one forecast for everyone; too many weights are nothing," in text
    assert "too few ratings for a trial; other. Take its numbers for a first look" in text
    silent = replace(failed, reasons=[])
    assert "The model is not accepted: take its numbers" in part(told, model(validation=silent))


# ---- numbers are the model's


def test_what_scripts_read_is_the_model(told: Told) -> None:
    found = shown(page(told.figures, language="en"))["model"]
    assert found["inherited_share"]["value"] == told.model.inherited_share.value
    assert found["marks"]["repeat_contact"]["weight"] == told.model.marks["repeat_contact"].weight
    assert found["classes"]["everyday"]["negative"]["half_life_days"] == 96.0
    assert found["validation"]["out_of_time_log_loss"] == dict(told.model.validation.out_of_time_log_loss)
    endless = model(kappa=Estimate(math.inf, 3.0, None, fitted=True))
    whole = page(replace(told.figures, model=endless), language="en")
    assert shown(whole)["model"]["kappa"] == {"value": None, "low": 3.0, "high": None, "fitted": True}
    assert "<dd>∞ (at least 3.0)" in whole


def test_weights_are_the_model_s_heaviest_first_and_what_says_little_last(told: Told) -> None:
    rows = weights(told.model)
    assert len(rows) == len(told.model.marks)
    first, last_ = rows[0], rows[-1]
    assert (first.mark, first.weight, first.default) == ("repeat_contact", -0.82, -0.45)
    assert last_.prior_driven
    assert sorted(row.prior_driven for row in rows) == [row.prior_driven for row in rows]
    text = section(told)
    assert "had to contact us again about the same matter −0.82 −0.96 to −0.68 −0.45" in text
    assert f"{sum(row.prior_driven for row in rows)} of {len(rows)} marks your ratings say little" in text


def test_the_mark_is_named_that_weighs_most_more_and_most_less(told: Told) -> None:
    text = part(told)
    more = "“had to contact us again about the same matter” weighs most more than assumed: −0.82 (−0.96 to −0.68)"
    assert f"{more} instead of −0.45." in text
    assert "“a delivery came late” weighs most less than assumed: −0.21 (−0.29 to −0.13) instead of −0.40." in text
    # what lies within the interval, or hardly moved from what was assumed, is no finding
    wide = {name: replace(each, low=-3.0, high=3.0) for name, each in told.model.marks.items()}
    assert "No mark weighs clearly more or less than was assumed." in part(told, model(marks=wide))
    little = {name: replace(each, prior_driven=True) for name, each in told.model.marks.items()}
    assert "No mark weighs clearly more or less than was assumed." in part(told, model(marks=little))
    assert "none of these weights is a finding" in part(told, model("nothing"))


def test_fading_is_told_by_class_with_its_interval(told: Told) -> None:
    text = part(told)
    assert (
        "everyday marks Half of a strike is forgotten after 96 days (72 to 126), of a credit after 48 (34 to 68). "
        "Assumed: 60."
    ) in text
    assert "Your customers remember what went wrong longer than what went well." in text
    # the catalogue has no credit that is indelible
    assert "indelible marks Half of a strike is forgotten after 864 days (648 to 1,134). Assumed: 540." in text
    assert [each.name for each in fadings(told.figures)] == ["passing", "everyday", "lasting", "indelible"]
    for kind in ("last_contact", "nothing"):
        claimed = part(told, model(kind))
        assert "these curves are no finding" in claimed
        assert "Your customers remember" not in claimed


def test_half_lives_that_were_not_fitted_are_not_shown(told: Told) -> None:
    text = part(told, model(depth="weights"))
    assert "Half of a strike" not in text
    assert (
        "How fast things are forgotten is still what was assumed: that is fitted from 2,000 usable ratings on." in text
    )


def test_bounds_that_the_ratings_do_not_give_are_said_to_be_open(told: Told) -> None:
    text = part(told, model(unbounded=True))
    assert "after 96 days (at least 72), of a credit after 48 (at most 68)" in text
    assert "set no upper limit to how long strikes are remembered" in text
    assert "set no lower limit to how long credits are remembered" in text
    assert "set no upper limit to the history that it takes to move a customer (kappa)" in text
    assert "do not clearly say" not in part(told)
    neither = {name: {side: HalfLife(30.0, None, None) for side in both} for name, both in told.model.classes.items()}
    assert "(no bound is known)" in part(told, model(classes=neither))
    assert "remembered longer, your ratings do not clearly say" in part(told, model(classes=neither))


def test_the_trial_says_when_the_model_does_not_win(told: Told) -> None:
    text = part(told)
    assert "Tried on 2,500 later ratings" in text
    assert "The model foretells better than the last contact alone (+0.031 ± 0.010)." in text
    found = told.model.validation
    gains = [Gain("last_contact", 0.001, 0.004), Gain("plain_average", -0.02, 0.004), Gain("own_idea", 0.5, 0.1)]
    lost = part(told, model(validation=replace(found, gains=gains)))
    assert "does not foretell better than the last contact alone: the difference could be chance (+0.001" in lost
    assert "The model foretells worse than the plain average of all marks (−0.020 ± 0.008)." in lost
    assert [row.told for row in trials(model(validation=replace(found, gains=gains)))] == ["open", "worse", "better"]
    untried = replace(found, gains=[Gain("last_contact", math.nan, math.nan)], n_out_of_time=0)
    assert "There were too few later ratings to try the forecasts on." in part(told, model(validation=untried))


def test_expected_and_observed_are_counted_by_tenth(told: Told) -> None:
    each = tenths(told.model)[0]
    within = sum(row.low <= row.expected <= row.high for row in told.model.validation.calibration["dissatisfied"])
    assert (each.outcome, each.n, each.within) == ("dissatisfied", 2500, within)
    assert f"In {within} of 10 groups what was expected lies within the interval of what came; 2,500 ratings." in part(
        told
    )
    assert "Slope 0.93; 1 would be exact." in part(told)
    nobody = replace(told.model.validation, calibration={})
    assert "Slope" not in part(told, model(validation=nobody))


# ---- the bridge


def scored(told: Told, *words: object, by_model: bool) -> list[dict[str, Any]]:
    file = told.company.parent / "MODEL.json"
    file.write_text(model_json.dumps(told.model), encoding="utf-8")
    more = ["--model", file] if by_model else []
    said = collage("score", told.company, "--format", "json", *words, *more)
    assert said.code == 0, said.talk
    rows: list[dict[str, Any]] = json.loads(said.data)
    return rows


def test_the_bridge_leads_from_the_command_s_figures_to_the_command_s_figures(told: Told) -> None:
    bridge = told.figures.bridge
    assert bridge is not None
    for month in (bridge.months[-1], bridge.months[-3]):
        old, new = (
            scored(told, "--by", "company", "--at", month.at.isoformat(), by_model=each)[0] for each in (False, True)
        )
        assert month.customers == old["customers"] == new["customers"]
        assert month.catalogue == pytest.approx(old["index"], abs=1e-9)
        assert month.model == pytest.approx(new["index"], abs=1e-9)
        assert month.model_low == pytest.approx(index_of(new["low"], sd=told.model.index_sd), abs=1e-9)
    assert bridge.shift == pytest.approx(bridge.months[-1].model - bridge.months[-1].catalogue)
    assert [row.at.day for row in bridge.months[:-1]] == [1] * (len(bridge.months) - 1)


def test_its_width_is_that_of_paired_customers_by_hand(told: Told) -> None:
    bridge, at = told.figures.bridge, told.figures.at
    assert bridge is not None
    old, new = (
        {row["customer_id"]: row["experience"] for row in scored(told, "--at", at.isoformat(), by_model=each)}
        for each in (False, True)
    )
    assert at - told.figures.span.begins < timedelta(days=365)  # so everybody is of the company

    def slope(mean: float, sd: float) -> float:
        return (index_of(mean + 1e-6, sd=sd) - index_of(mean - 1e-6, sd=sd)) / 2e-6

    n = len(old)
    means = math.fsum(old.values()) / n, math.fsum(new.values()) / n
    a, b = slope(means[0], default().index_sd), slope(means[1], told.model.index_sd)
    spread = math.fsum((b * (new[name] - means[1]) - a * (old[name] - means[0])) ** 2 for name in old) / (n - 1)
    assert bridge.customers == n
    assert bridge.reach == pytest.approx(1.96 * math.sqrt(spread / n), rel=1e-5)


def test_how_much_of_the_level_is_the_method_s_is_said(told: Told) -> None:
    bridge = told.figures.bridge
    assert bridge is not None
    for shift, reach, words in (
        (-5.0, 1.0, "5.0 ± 1.0 points lower because the method has changed, not because customers have"),
        (5.0, 1.0, "5.0 ± 1.0 points higher because the method has changed, not because customers have"),
        (0.5, 1.0, "the method hardly moves the level (0.5 ± 1.0 points"),
    ):
        moved = replace(told, figures=replace(told.figures, bridge=replace(bridge, shift=shift, reach=reach)))
        assert words in part(moved)


# ---- what cannot be told, and what may not be said


def test_who_is_quiet_is_always_an_extrapolation(told: Told) -> None:
    for found in (model(), model("nothing"), model("too_few", fitted=False), model(unbounded=True)):
        said = limits(replace(told.figures, model=found), language="en")
        assert said[-1].startswith("A rating exists only after a contact: for customers who are quiet")
    assert limits(replace(told.figures, model=None), language="en") == []


def test_a_page_without_a_model_says_how_to_get_one_where_there_are_ratings(told: Told) -> None:
    bare = replace(told.figures, model=None, bridge=None, catalogue=default())
    whole = page(bare, language="en")
    assert "There are 7 ratings, and nothing has been fitted to them yet:" in whole
    assert "<code>collage fit DATASET --out MODEL.json</code>" in whole
    assert "<code>collage report DATASET --model MODEL.json</code>" in whole
    for none in (0, None):
        assert "What your ratings teach" not in page(replace(bare, ratings=none), language="en")


def test_german_says_nothing_in_english(told: Told) -> None:
    for found in (*map(model, SHARES), model(unbounded=True), model("too_few", fitted=False)):
        text = part(told, found, "de")
        assert not re.search(r"\b(the|your|ratings|strike|credit|forgotten|assumed|would|than)\b", text)


def hostile(catalogue: Catalogue, evil: str) -> Catalogue:
    marks = tuple(
        replace(mark, says=dict.fromkeys(("en", "de"), parse(evil))) if mark.name == "repeat_contact" else mark
        for mark in catalogue.marks
    )
    return replace(catalogue, marks=marks)


def test_hostile_names_stay_names(told: Told) -> None:
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(1)>'\"\\"
    found = told.model
    marks = {**found.marks, evil: Weight(-0.9, -1.0, -0.8, False, -0.1, 3)}  # noqa: FBT003  # as the class has it
    classes = {**found.classes, evil: found.classes["everyday"]}
    failed = replace(
        found.validation, accepted=False, reasons=[evil], gains=[*found.validation.gains, Gain(evil, 0.1, 0.01)]
    )
    own = hostile(default(), evil)
    shown_ = replace(
        told.figures,
        model=model(marks=marks, classes=classes, validation=failed, fitted_at=evil, version=evil, notes=[evil]),
        plain=own,
        catalogue=own.by(found),
        losses=[],
    )
    whole = page(shown_, language="en")
    tags = [tag for tag, _ in Tags(whole).seen]
    assert tags.count("script") == 2
    assert "img" not in tags
    assert whole.count("&lt;/script&gt;") > 10


def test_the_command_shows_a_model_and_says_what_it_teaches(told: Told) -> None:
    file, out = told.company.parent / "MODEL.json", told.company.parent / "taught.html"
    file.write_text(model_json.dumps(told.model), encoding="utf-8")
    said = collage("report", told.company, "--model", file, "--out", out)
    assert said.code == 0, said.talk
    assert TITLES["inherited", "en"] in said.text
    whole = out.read_text(encoding="utf-8")
    assert 'data-verdict="inherited"' in whole
    assert "by a model of 2 January 2026" in whole
    assert shown(whole)["company"]["experience"] == pytest.approx(
        scored(told, "--by", "company", by_model=True)[0]["experience"]
    )


@pytest.mark.spark
@pytest.mark.prove  # a hundred queries, which Spark plans for minutes; `make test` asks it for what they are made of
def test_spark_reports_alike(spark: object, tmp_path: Path) -> None:
    assert spark is not None
    company, file = tmp_path / "company", tmp_path / "MODEL.json"
    assert collage("simulate", company, "--customers", 60, "--days", 100, "--seed", 2).code == 0
    file.write_text(model_json.dumps(model(catalogue_hash=default().digest)), encoding="utf-8")
    found = {}
    for engine in ("duckdb", "spark"):
        out = tmp_path / f"{engine}.html"
        said = collage("report", company, "--model", file, "--engine", engine, "--out", out)
        assert said.code == 0, said.talk
        found[engine] = shown(out.read_text(encoding="utf-8"))
    one, other = found["duckdb"]["bridge"], found["spark"]["bridge"]
    assert len(one["months"]) == len(other["months"]) > 3
    assert one["shift"] == pytest.approx(other["shift"], abs=1e-9)
    assert one["reach"] == pytest.approx(other["reach"], abs=1e-9)
    assert found["duckdb"]["company"]["experience"] == pytest.approx(found["spark"]["company"]["experience"], abs=1e-9)
    earned, likewise = found["duckdb"]["earned"], found["spark"]["earned"]
    assert (earned["ratings"], earned["customers"]) == (likewise["ratings"], likewise["customers"])
    assert earned["taken"]["rating_id"] == likewise["taken"]["rating_id"]
    assert [each["value"] for each in earned["taken"]["steps"]] == pytest.approx(
        [each["value"] for each in likewise["taken"]["steps"]], abs=1e-9
    )
    asked, alike = found["duckdb"]["silence"]["found"], found["spark"]["silence"]["found"]
    assert (asked["n_invited"], asked["n_responded"]) == (alike["n_invited"], alike["n_responded"])
    assert asked["raw"] == alike["raw"]
