"""A model as a file: written and read again, and refused where it is wrong."""

from __future__ import annotations

import json
import math
import re
from contextlib import suppress
from copy import deepcopy
from dataclasses import replace
from datetime import UTC
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collage.errors import ModelError
from collage.experience import default, model_json
from collage.experience.model import (
    Calibration,
    Depth,
    Estimate,
    Gain,
    HalfLife,
    InheritedShare,
    Model,
    Validation,
    Verdict,
    Weight,
)
from tests.core.experience.models import refitted, unchanged

FILE = "MODEL.json"

# as in tables.md, with what is ours left out
CONTRACT: dict[str, Any] = {
    "version": "m1",
    "catalogue": "2026.1",
    "catalogue_hash": "abc",
    "fitted_at": "2026-01-31T18:00:00Z",
    "n_ratings": 10000,
    "n_customers": 4200,
    "depth": "full",
    "kappa": {"value": 6.1, "low": 3.2, "high": 12.0, "fitted": True},
    "multipliers": {"positive": 0.8, "negative": 1.6},
    "index_sd": 0.55,
    "classes": {
        "passing": {
            "positive": {"half_life_days": 17.0, "low": 12.0, "high": 24.0},
            "negative": {"half_life_days": 33.0, "low": 25.0, "high": 44.0},
        }
    },
    "marks": {
        "long_wait": {"weight": -0.07, "low": -0.09, "high": -0.05, "prior_driven": False},
        "resolved": {"weight": 0.1, "low": 0.0, "high": 0.2, "prior_driven": True},
    },
    "covariance": {"order": ["long_wait", "resolved"], "matrix": [[0.0001, 0.0], [0.0, 0.0025]]},
    "rho": {"value": 1.2, "low": 0.6, "high": 1.9},
    "intercept": 3.9,
    "sd_customer": 0.6,
    "sd_noise": 1.0,
    "instruments": {},
    "thresholds": {"csat": []},
    "inherited_share": {"value": 0.41, "low": 0.33, "high": 0.48, "p": 0.001, "verdict": "inherited"},
    "validation": {
        "out_of_time_log_loss": {"model": 0, "last_contact": 0, "plain_average": 0, "intercept": 0},
        "accepted": True,
    },
}


# ---- written and read

WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1).filter(str.strip)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
SHARES = st.floats(0, 1)
ABOVE = st.floats(0, exclude_min=True, allow_infinity=False)
LEAST = st.floats(0, allow_infinity=False)
COUNTS = st.integers(0, 10**9)


def bounds(of: st.SearchStrategy[float]) -> st.SearchStrategy[tuple[float | None, float | None]]:
    return st.one_of(
        st.tuples(of, of).map(lambda pair: (min(pair), max(pair))),
        st.tuples(st.none(), of),
        st.just((None, None)),
    )


@st.composite
def weights(draw: st.DrawFn) -> Weight:
    low, high = sorted(draw(st.tuples(NUMBERS, NUMBERS)))
    sign = draw(st.sampled_from([-1.0, 1.0]))
    sizes = draw(st.tuples(LEAST, LEAST))
    class_ = draw(st.one_of(st.just(""), WORDS))
    return Weight(sign * sizes[0], low, high, draw(st.booleans()), sign * sizes[1], draw(COUNTS), class_)


@st.composite
def estimates(draw: st.DrawFn, of: st.SearchStrategy[float]) -> Estimate:
    return Estimate(draw(of), *draw(bounds(of)), fitted=draw(st.booleans()))


@st.composite
def covariances(draw: st.DrawFn, names: list[str]) -> dict[str, Any]:
    order = tuple(draw(st.permutations(names)))[: draw(st.integers(0, 4))]
    wide = np.array([[draw(st.floats(-10, 10)) for _ in range(2)] for _ in order]).reshape(len(order), 2)
    return {"order": order, "covariance": tuple(tuple(row) for row in (wide @ wide.T).tolist())}


def listed(of: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(of, max_size=2).map(tuple)


def named(of: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(WORDS, of, max_size=2)


HALF_LIVES = st.builds(lambda days, both: HalfLife(days, *both), ABOVE, bounds(ABOVE))
BY_SIGN = st.dictionaries(st.sampled_from(["positive", "negative"]), HALF_LIVES, max_size=2)
P = st.one_of(st.none(), SHARES)
INHERITED = st.builds(
    lambda value, both, p, p_own, verdict: InheritedShare(value, both[0], both[1], p, p_own, verdict),
    *(st.one_of(st.none(), NUMBERS), bounds(NUMBERS), P, P, st.sampled_from(get_args(Verdict))),
)
VALIDATIONS = st.builds(
    Validation,
    out_of_time_log_loss=named(NUMBERS),
    n_out_of_time=COUNTS,
    gains=listed(st.builds(Gain, WORDS, NUMBERS, LEAST)),
    customer_blocked_log_loss=named(NUMBERS),
    calibration=named(listed(st.builds(Calibration, SHARES, SHARES, SHARES, SHARES, COUNTS))),
    slope=named(NUMBERS),
    accepted=st.booleans(),
    reasons=listed(WORDS),
)


@st.composite
def some_models(draw: st.DrawFn) -> Model:
    marks = draw(st.dictionaries(WORDS, weights(), max_size=4))
    return Model(
        version=draw(WORDS),
        catalogue=draw(WORDS),
        catalogue_hash=draw(WORDS),
        fitted_at=draw(st.datetimes(timezones=st.just(UTC))).isoformat(),
        n_ratings=draw(COUNTS),
        n_customers=draw(COUNTS),
        depth=draw(st.sampled_from(get_args(Depth))),
        fitted=draw(st.booleans()),
        kappa=draw(estimates(st.floats(0))),
        multipliers={sign: draw(ABOVE) for sign in ("positive", "negative")},
        multiplier=draw(LEAST),
        index_sd=draw(ABOVE),
        classes=draw(named(BY_SIGN)),
        marks=marks,
        **draw(covariances(list(marks))),
        rho=draw(estimates(NUMBERS)),
        intercept=draw(NUMBERS),
        sd_customer=draw(LEAST),
        sd_noise=draw(LEAST),
        volume=draw(listed(NUMBERS)),
        instruments=draw(named(NUMBERS)),
        scale=draw(NUMBERS),
        thresholds=draw(named(st.lists(NUMBERS).map(lambda cuts: tuple(sorted(cuts))))),
        inherited_share=draw(INHERITED),
        validation=draw(VALIDATIONS),
        notes=draw(listed(WORDS)),
    )


@given(some_models())
def test_a_model_that_is_written_and_read_is_the_same_and_so_is_its_text(model: Model) -> None:
    text = model_json.dumps(model)
    found = model_json.loads(text, file=FILE)
    assert found == model
    assert model_json.dumps(found) == text


def test_the_file_has_the_fields_of_the_contract_as_they_are_nested_there() -> None:
    model = model_json.loads(json.dumps(CONTRACT), file=FILE)
    written = json.loads(model_json.dumps(model))

    def within(part: Any, whole: Any) -> bool:
        if isinstance(part, dict):
            return all(key in whole and within(value, whole[key]) for key, value in part.items())
        return bool(part == whole)

    assert within(CONTRACT, written)
    assert (model.fitted, model.multiplier, model.marks["long_wait"].default) == (True, 1.0, -0.07)
    endless = replace(model, kappa=Estimate(math.inf, 8.0, math.inf, fitted=True))
    assert json.loads(model_json.dumps(endless))["kappa"] == {"value": "inf", "low": 8.0, "high": "inf", "fitted": True}


def test_numbers_of_numpy_are_written_as_numbers() -> None:
    model = refitted(default(), 1)
    careless: dict[str, Any] = {
        "n_ratings": np.int64(model.n_ratings),
        "covariance": np.array(model.covariance),
        "intercept": np.float64(model.intercept),
        "fitted": np.bool_(model.fitted),
        "order": list(model.order),
    }
    assert model_json.dumps(replace(model, **careless)) == model_json.dumps(model)


def test_a_model_that_could_not_be_read_again_is_not_written() -> None:
    with pytest.raises(ModelError, match=r"read the model to be written: sd_noise\n  found: nan"):
        model_json.dumps(replace(unchanged(default()), sd_noise=math.nan))


def without(*path: Any) -> str:
    whole = deepcopy(CONTRACT)
    within = whole
    for key in path[:-1]:
        within = within[key]
    del within[path[-1]]
    return json.dumps(whole)


def with_(value: Any, *path: Any) -> str:
    whole = deepcopy(CONTRACT)
    within: Any = whole
    for key in path[:-1]:
        within = within[key]
    within[path[-1]] = value
    return json.dumps(whole)


TRUE: Any = True
REFUSED = {
    "nothing": ("", "the file.*no JSON"),
    "no JSON": ("{version: 1}", "the file.*no JSON"),
    "cut off": (json.dumps(CONTRACT)[:500], "the file.*no JSON"),
    "a list": ("[]", r"the file.*found: \[\].*write an object"),
    "a number": ("1", "the file.*found: 1.*write an object"),
    "lists without end": ("[" * 100_000, "no JSON: objects within objects without end"),
    "a number of too many digits": (f"[{'9' * 10_000}]", "no JSON"),
    "an entry twice": ('{"version": "a", "version": "b"}', "'version' twice in one object.*leave one"),
    "half a character in a name": ('{"\\ud800": 1}', "the entry '.*ud800'.*whole characters"),
    "half a character in a text": (with_("\ud800", "version"), "version.*whole characters"),
    "an unknown entry": (with_(1, "kapa"), "kapa.*no such entry.*did you mean kappa"),
    "an unknown entry within": (with_(1, "marks", "long_wait", "wight"), r"marks\.long_wait\.wight.*mean weight"),
    "a depth that is none": (with_("deep", "depth"), "depth.*'deep'.*one of none, scale, weights, half-lives, full"),
    "an unknown verdict": (with_("maybe", "inherited_share", "verdict"), r"inherited_share\.verdict.*'maybe'.*too_few"),
    "a verdict of null": (with_(None, "inherited_share", "verdict"), r"verdict.*found: null.*a text"),
    "an empty version": (with_(" ", "version"), "version.*' '.*a text"),
    "a time that is none": (with_("yesterday", "fitted_at"), "fitted_at.*'yesterday'.*such as 2026-01-31T18"),
    "a count below zero": (with_(-1, "n_ratings"), "n_ratings.*-1.*whole number, 0 or more"),
    "half a rating": (with_(1.5, "n_ratings"), "n_ratings.*1.5.*whole number"),
    "a count that is true": (with_(TRUE, "n_customers"), "n_customers.*True.*whole number"),
    "a number as text": (with_("3.9", "intercept"), "intercept.*'3.9'.*finite number"),
    "a number that is true": (with_(TRUE, "intercept"), "intercept.*True.*finite number"),
    "null": (with_(None, "intercept"), "intercept.*null.*finite number"),
    "NaN": (with_(math.nan, "intercept"), "intercept.*nan.*finite number"),
    "infinity": (with_(-math.inf, "intercept"), "intercept.*-inf.*finite number"),
    "a number beyond all": (with_(10**400, "intercept"), "intercept.*1000.* ….*finite number"),
    "kappa below zero": (with_(-1, "kappa", "value"), r'kappa\.value.*-1.*at least 0, or the text "inf"'),
    "kappa bare infinity": (with_(math.inf, "kappa", "value"), r'kappa\.value.*inf.*or the text "inf"'),
    "kappa a number alone": (with_(8.0, "kappa"), "kappa.*8.0.*an object"),
    "bounds the wrong way": (with_(20.0, "kappa", "low"), "kappa.*low 20 above high 12.*lower bound"),
    "a multiplier of nothing": (with_(0, "multipliers", "negative"), r"multipliers\.negative.*greater than 0"),
    "a third sign": (with_(1, "multipliers", "neutral"), r"multipliers\.neutral.*no such entry"),
    "no width of the scale": (with_(0, "index_sd"), "index_sd.*greater than 0"),
    "a half-life of nothing": (
        with_(0, "classes", "passing", "positive", "half_life_days"),
        r"classes\.passing\.positive\.half_life_days.*greater than 0",
    ),
    "classes as a list": (with_([], "classes"), "classes.*an object"),
    "a weight that is none": (with_("-0.07", "marks", "long_wait", "weight"), r"marks\.long_wait\.weight.*number"),
    "a weight of another sign": (
        with_(0.05, "marks", "long_wait", "default"),
        r"marks\.long_wait\.weight.*of the sign that the catalogue gave it",
    ),
    "driven by what": (with_("no", "marks", "resolved", "prior_driven"), r"marks\.resolved\.prior_driven.*true or"),
    "a deviation below zero": (with_(-1, "sd_noise"), "sd_noise.*at least 0"),
    "thresholds that fall": (with_([1.0, 0.5], "thresholds", "csat"), r"thresholds\.csat.*rising order"),
    "thresholds as a number": (with_(1.0, "thresholds", "csat"), r"thresholds\.csat.*a list"),
    "a chance above one": (with_(1.5, "inherited_share", "p"), r"inherited_share\.p.*at most 1"),
    "accepted by whom": (with_("yes", "validation", "accepted"), r"validation\.accepted.*true or false"),
    "a loss of null": (with_({"model": None}, "validation", "out_of_time_log_loss"), r"log_loss\.model.*null"),
    "an unknown mark in order": (with_(["long_wait", "resolvd"], "covariance", "order"), "order.*resolvd.*none of"),
    "a mark twice in order": (with_(["long_wait", "long_wait"], "covariance", "order"), "order.*twice.*once"),
    "a matrix of too few rows": (with_([[1.0, 0.0]], "covariance", "matrix"), "matrix.*1 rows of 2.*2 rows of 2"),
    "a matrix that is not square": (with_([[1.0], [0.0]], "covariance", "matrix"), "matrix.*2 rows of 1.*2 rows of 2"),
    "a matrix of rags": (with_([[1.0, 0.0], [0.0]], "covariance", "matrix"), "matrix.*2 rows of 1 or 2"),
    "a matrix that is not symmetric": (with_([[1.0, 0.5], [0.0, 1.0]], "covariance", "matrix"), "not symmetric"),
    "a matrix that is no covariance": (with_([[1.0, 2.0], [2.0, 1.0]], "covariance", "matrix"), "eigenvalue is -1"),
    "a matrix with NaN": (with_([[1.0, math.nan], [0.0, 1.0]], "covariance", "matrix"), r"matrix\[0\]\[1\].*nan"),
    "a matrix of texts": (with_("none", "covariance", "matrix"), "matrix.*'none'.*a list"),
    **{f"without {key}": (without(key), f": {key}\n  found: it is missing") for key in CONTRACT},
    **{
        f"without {'.'.join(path)}": (without(*path), rf": {re.escape('.'.join(path))}\n  found: it is missing")
        for path in [
            ("kappa", "value"),
            ("kappa", "fitted"),
            ("multipliers", "negative"),
            ("classes", "passing", "positive", "low"),
            ("marks", "long_wait", "weight"),
            ("covariance", "matrix"),
            ("rho", "high"),
            ("inherited_share", "verdict"),
            ("validation", "accepted"),
        ]
    },
}


@pytest.mark.parametrize(("text", "says"), REFUSED.values(), ids=REFUSED.keys())
def test_a_file_that_is_no_model_is_refused_with_the_place_and_what_to_do(text: str, says: str) -> None:
    with pytest.raises(ModelError, match=f"(?s){says}") as refused:
        model_json.loads(text, file=FILE)
    assert refused.value.asked.startswith(f"read {FILE}: ")
    assert "collage fit DATASET --out MODEL.json" in refused.value.do


KEYS = st.sampled_from([*CONTRACT, "value", "low", "order", "matrix", "weight", "long_wait", "passing"])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("inf")
ANYTHING = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4))


@given(st.dictionaries(st.sampled_from(list(CONTRACT)), ANYTHING))
def test_whatever_stands_in_an_entry_is_read_or_refused_and_nothing_else(entries: dict[str, Any]) -> None:
    with suppress(ModelError):
        model_json.loads(json.dumps({**CONTRACT, **entries}), file=FILE)
