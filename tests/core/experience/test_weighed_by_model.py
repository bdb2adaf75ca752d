"""The numbers of a model in the place of the catalogue's: by hand, against the oracle, and what cannot be."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import ibis
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr

from collage.customers import customers
from collage.errors import ModelError
from collage.experience import Catalogue, Model, compiled, contributions, default, load, marks, score
from collage.experience.model import Estimate, HalfLife
from tests.core.experience import oracle, oracle_fold
from tests.core.experience.generated import AT as THEN
from tests.core.experience.generated import COLUMNS, World, as_customers, as_table, as_toml, world
from tests.core.experience.models import as_weighed, refitted, unchanged
from tests.core.experience.test_laws import (
    ON_ONE_ENGINE,
    Derived,
    assert_same_marks,
    check_contributions,
    check_groups,
    check_scores,
    check_sums,
    rows_of,
)

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)

OWN = """
version = "own 1"
kappa = 4.0
index_sd = 1.0
least = 0
[classes]
everyday = 60
lasting = 180
"""
RULE = """
[[mark]]
name = "{name}"
class = "{class_}"
weight = {weight}
when = {{ kind = "{kind}" }}
says = {{ en = "{says}" }}
"""


def own(*, late: float = -0.4, rude: str = "lasting", says: str = "it happened", more: str = "") -> Catalogue:
    rules = [
        {"name": "late", "class_": "everyday", "weight": late, "kind": "delivery.arrived"},
        {"name": "rude", "class_": rude, "weight": -0.6, "kind": "conduct.reported"},
        {"name": "nice", "class_": "everyday", "weight": 0.2, "kind": "appreciation.sent"},
    ]
    return load(OWN + "".join(RULE.format(says=says, **rule) for rule in rules) + more, file="own.toml")


def by_hand() -> Model:
    """Return a model that knows two of the three marks, and one half-life of a class and sign."""
    model = unchanged(own())
    weights = {"late": -0.5, "rude": -0.8}
    return replace(
        model,
        fitted=True,
        kappa=Estimate(1.0, 0.5, 2.0, fitted=True),
        index_sd=0.5,
        multiplier=1.5,
        multipliers={"positive": 0.5, "negative": 0.5},
        classes={"everyday": {"negative": HalfLife(30.0, 20.0, 45.0)}},
        marks={name: replace(model.marks[name], weight=weight) for name, weight in weights.items()},
        order=("late", "rude"),
        covariance=((0.04, 0.01), (0.01, 0.09)),
    )


def test_five_marks_weigh_fade_and_count_by_the_model_as_worked_out_by_hand(duckdb: Any) -> None:
    listed = [
        ("delivery.arrived", 0, 1.0),  # left: 1
        ("delivery.arrived", 30, 2.0),  # half of 2: 1
        ("conduct.reported", 90, 1.0),  # 180 days times 0.5: a half
        ("conduct.reported", 180, 2.0),  # a quarter of 2: a half
        ("appreciation.sent", 30, 1.0),  # 60 days times 0.5: a half
    ]
    rows = [
        {
            **dict.fromkeys(COLUMNS),
            "touchpoint_id": f"s:{n}",
            "identifier": "user:1",
            "kind": kind,
            "occurred_at": AT - timedelta(days=days),
            "severity": severity,
        }
        for n, (kind, days, severity) in enumerate(listed)
    ]
    touchpoints, catalogue = as_table(rows), own().by(by_hand())
    who = customers(touchpoints)
    left = marks(touchpoints, who, catalogue)
    (found,) = rows_of(duckdb, score(left, touchpoints, who, catalogue, at=AT))
    # N = -0.5·2 - 0.8·1 + (0.2·1.5)·0.5 = -1.65; D = 1 + 0.5 + 0.5 + 0.25 + 0.5 = 2.75; E = 2N/3.75
    scale = 2 / 3.75
    variance = 2 * 2 * 0.04 + 2 * (2 * 1 * 0.01) + 1 * 1 * 0.09 + (0.5 * 0.15) ** 2
    reach = 1.645 * scale * math.sqrt(variance)
    assert found["experience"] == pytest.approx(-0.88, abs=1e-12)
    assert found["evidence"] == pytest.approx(2.75 / 3.75, abs=1e-12)
    assert found["index"] == pytest.approx(100 * ndtr(-1.76), abs=1e-9)
    assert (found["low"], found["high"]) == pytest.approx((-0.88 - reach, -0.88 + reach), abs=1e-12)
    assert found["trend"] == pytest.approx(scale * (-0.5 - 0.5 + 0.15), abs=1e-12)
    assert (found["n_marks"], found["strikes_90d"]) == (5, 3)


def test_what_a_mark_weighs_and_how_it_fades_can_be_asked() -> None:
    catalogue = own()
    weighed = catalogue.by(by_hand())
    names = ("late", "rude", "nice")
    assert [catalogue.weight_of(name) for name in names] == [-0.4, -0.6, 0.2]
    assert [catalogue.half_life_of(name) for name in names] == [60, 180, 60]
    assert [weighed.weight_of(name) for name in names] == pytest.approx([-0.5, -0.8, 0.3])
    assert [weighed.half_life_of(name) for name in names] == [30, 90, 30]
    assert (weighed.kappa, weighed.index_sd) == (1.0, 0.5)
    assert [mark.weight for mark in weighed.marks] == [mark.weight for mark in catalogue.marks]
    assert weighed.plain == catalogue
    assert weighed.by(unchanged(catalogue)).plain == catalogue
    assert hash(weighed) != hash(catalogue)
    assert default().by(unchanged(default())).weight_of("recovered") == 0


def test_another_model_is_another_catalogue_to_whoever_remembers_queries() -> None:
    catalogue, model = own(), by_hand()
    other = replace(model, covariance=((0.04, 0.0), (0.0, 0.09)))
    assert len({repr(catalogue), repr(catalogue.by(model)), repr(catalogue.by(other))}) == 3
    assert "along" not in compiled(catalogue, "duckdb").statements["score"]
    assert "along" in compiled(catalogue.by(model), "duckdb").statements["score"]


def test_the_digest_changes_with_what_a_fit_depends_on_and_with_nothing_else() -> None:
    digest = own().digest
    assert own().by(by_hand()).digest == digest
    assert own(says="something else").digest == digest
    text = OWN.replace("own 1", "own 2").replace("index_sd = 1.0", "index_sd = 0.7")
    rest = "".join(
        RULE.format(name=m.name, class_=m.class_, weight=m.weight, kind=m.kinds[0], says="…")
        for m in reversed(own().marks)
    )
    assert load(text + rest, file="own.toml").digest == digest
    others = [
        own(late=-0.5),
        own(rude="everyday"),
        own(more=RULE.format(name="new", class_="everyday", weight=-1, kind="outage", says="…")),
        load(OWN.replace("kappa = 4.0", "kappa = inf") + rest, file="own.toml"),
        load(OWN.replace("least = 0", "least = 0\nissue_cap = 1.0") + rest, file="own.toml"),
        load(OWN.replace("lasting = 180", "lasting = 181") + rest, file="own.toml"),
        load(OWN + rest.replace('"outage"', '"x"').replace("delivery.arrived", "delivery.failed"), file="own.toml"),
    ]
    assert len({digest, *(other.digest for other in others)}) == 1 + len(others)


CHANGED = {
    "another sign": (own(late=0.4), "late, which was a strike then and is a credit in this catalogue"),
    "another class": (own(rude="everyday"), "rude, which was lasting then and is everyday in this catalogue"),
    "nothing in common": (
        load(OWN + RULE.format(name="new", class_="everyday", weight=-1, kind="outage", says="…"), file="own.toml"),
        "no mark in common",
    ),
}


@pytest.mark.parametrize(("catalogue", "found"), CHANGED.values(), ids=CHANGED.keys())
def test_a_model_of_a_catalogue_that_is_too_different_is_refused(catalogue: Catalogue, found: str) -> None:
    with pytest.raises(ModelError, match=f"(?s)fitted by catalogue own 1.*{found}.*fit the model anew"):
        catalogue.by(by_hand())


def test_a_mark_that_weighs_nothing_by_the_model_fades_as_the_strike_that_it_is_to_the_catalogue() -> None:
    model = unchanged(own())
    nothing = replace(model.marks["late"], weight=0.0)
    days = {"everyday": {"negative": HalfLife(30.0, None, None), "positive": HalfLife(90.0, None, None)}}
    weighed = own().by(replace(model, marks={**model.marks, "late": nothing}, classes=days))
    assert (weighed.weight_of("late"), weighed["late"].weight, weighed.half_life_of("late")) == (0.0, -0.4, 30)


# ---- laws, on tables of generated customers

SMALLER = st.builds(world, st.integers(0, 2**32 - 1), st.sampled_from([8.0, 0.5, math.inf, 0.0]), st.just(250))


def weighed_by(duckdb: Any, a: World, model: Model, catalogue: Catalogue) -> Derived:
    """Return a world whose marks are derived and weighed by a model."""
    touchpoints, who = as_table(a.touchpoints), as_customers(a.who, numbered=a.seed % 2 == 0)
    corrections = as_table(a.corrections, "corrections") if a.corrections else None
    found = duckdb.to_pyarrow(marks(touchpoints, who, catalogue.by(model), corrections))
    by_model = replace(a, kappa=model.kappa.value, catalogue=as_weighed(a.catalogue, model))
    return Derived(by_model, touchpoints, who, catalogue.by(model), found)


@ON_ONE_ENGINE
@given(SMALLER, st.sampled_from([3.0, 0.0, math.inf]))
def test_by_any_model_scores_contributions_and_groups_are_what_plain_python_says(
    duckdb: Any, a: World, kappa: float
) -> None:
    catalogue = load(as_toml(a.catalogue), file="generated.toml")
    one = weighed_by(duckdb, a, refitted(catalogue, a.seed, kappa=kappa), catalogue)
    # a model never changes which marks there are, nor their severity
    expected = oracle.marks(a.touchpoints, a.who, a.catalogue, a.corrections)
    assert_same_marks(one.found.to_pylist(), expected)
    scored, parts = one.scored(duckdb), rows_of(duckdb, contributions(one.marks, one.who, one.catalogue, at=THEN))
    check_scores(scored, oracle_fold.scores(expected, a.touchpoints, a.who, one.a.catalogue, THEN))
    check_contributions(parts, oracle_fold.contributions(expected, a.who, one.a.catalogue, THEN), one.a)
    check_sums(parts, scored)
    check_groups(duckdb, one, expected, ("owner", "channel", "company")[a.seed % 3])


def test_a_model_with_the_catalogues_numbers_changes_nothing(duckdb: Any) -> None:
    a = world(5, 8.0, customers=300)
    catalogue = load(as_toml(a.catalogue), file="generated.toml")
    one = weighed_by(duckdb, a, unchanged(catalogue), catalogue)
    plain = replace(one, catalogue=catalogue)
    mine, theirs = ({row["customer_id"]: row for row in each.scored(duckdb)} for each in (one, plain))
    assert mine.keys() == theirs.keys()
    for customer, row in mine.items():
        for name, value in row.items():
            near = pytest.approx(value, rel=1e-12, abs=1e-12) if isinstance(value, float) else value
            assert theirs[customer][name] == near


def test_the_interval_is_that_of_the_whole_covariance(duckdb: Any) -> None:
    a = world(6, 8.0, customers=300)
    catalogue = load(as_toml(a.catalogue), file="generated.toml")
    rng = np.random.default_rng(6)
    names = [mark.name for mark in catalogue.weighing]
    wide = rng.normal(0.0, 0.2, (len(names), len(names)))
    matrix = wide @ wide.T
    model = replace(unchanged(catalogue), covariance=tuple(tuple(row) for row in matrix.tolist()))
    one = weighed_by(duckdb, a, model, catalogue)
    parts = contributions(one.marks, one.who, one.catalogue, at=THEN)
    summed = parts.group_by("customer_id", "weighs_as").agg(phi=parts.contribution.sum())
    f = {row["customer_id"]: np.zeros(len(names)) for row in one.scored(duckdb)}
    for row in rows_of(duckdb, summed):
        f[row["customer_id"]][names.index(row["weighs_as"])] = row["phi"] / catalogue.weight_of(row["weighs_as"])
    for row in one.scored(duckdb):
        each = f[row["customer_id"]]
        assert row["high"] - row["experience"] == pytest.approx(1.645 * math.sqrt(each @ matrix @ each), abs=1e-9)
    assert ibis.memtable(one.found).count().to_pyarrow().as_py() > 300
