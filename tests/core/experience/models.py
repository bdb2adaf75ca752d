"""Models for tests: as a fit would leave them, made from a catalogue or from chance."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from collage.experience import Catalogue, Model
from collage.experience.model import Estimate, HalfLife, InheritedShare, Validation, Weight

Row = dict[str, Any]


def unchanged(catalogue: Catalogue) -> Model:
    """Return a model whose numbers are the catalogue's, as below 300 ratings."""
    weighing = catalogue.weighing
    sds = [0.5 * abs(mark.weight) + 0.05 for mark in weighing]
    return Model(
        version="unchanged",
        catalogue=catalogue.version,
        catalogue_hash=catalogue.digest,
        fitted_at="2026-01-31T18:00:00+00:00",
        n_ratings=12,
        n_customers=7,
        depth="none",
        fitted=False,
        kappa=Estimate(catalogue.kappa, None, None, fitted=False),
        multipliers={"positive": 1.0, "negative": 1.0},
        multiplier=1.0,
        index_sd=catalogue.index_sd,
        classes={
            name: {sign: HalfLife(days, None, None) for sign in ("positive", "negative")}
            for name, days in catalogue.classes.items()
        },
        marks={
            mark.name: Weight(
                *(mark.weight, mark.weight - 1.96 * sd, mark.weight + 1.96 * sd),
                prior_driven=True,
                default=mark.weight,
                ratings=0,
                class_=mark.class_,
            )
            for mark, sd in zip(weighing, sds, strict=True)
        },
        order=tuple(mark.name for mark in weighing),
        covariance=tuple(tuple(row) for row in np.diag(np.square(sds)).tolist()),
        rho=Estimate(0.0, None, None, fitted=False),
        intercept=3.9,
        sd_customer=0.6,
        sd_noise=1.0,
        volume=(),
        instruments={},
        scale=1.0,
        thresholds={},
        inherited_share=InheritedShare(None, None, None, None, None, "too_few"),
        validation=Validation({}, 0, (), {}, {}, {}, accepted=False, reasons=("too_few",)),
    )


def refitted(catalogue: Catalogue, seed: int, *, kappa: float = 3.0) -> Model:
    """Return a model by chance: other weights (some nothing), half-lives and kappa, some marks it does not know."""
    rng = np.random.default_rng(seed)
    own = unchanged(catalogue)
    names = [name for name in own.marks if rng.random() < 0.8] or list(own.marks)[:1]
    known = [name for name in names if rng.random() < 0.8]
    # of lower rank than marks, as a bound on the sign leaves it
    wide = rng.normal(0.0, 0.1, (len(known), max(1, len(known) - 1)))
    multipliers = {sign: float(rng.uniform(0.5, 2.0)) for sign in ("positive", "negative")}
    marks = {}
    for name in names:
        weight = own.marks[name].weight * float(rng.choice([0.0, 0.5, 1.3, 2.5]))
        marks[name] = replace(own.marks[name], weight=weight, low=weight - 0.1, high=weight + 0.1, prior_driven=False)
    return replace(
        own,
        version=f"refitted {seed}",
        n_ratings=4000,
        depth="full",
        fitted=True,
        kappa=Estimate(kappa, 0.5, None, fitted=True),
        multipliers=multipliers,
        multiplier=float(rng.uniform(0.5, 2.0)),
        index_sd=float(rng.uniform(0.3, 0.9)),
        classes={
            name: {sign: HalfLife(days * by, None, None) for sign, by in multipliers.items()}
            for name, days in catalogue.classes.items()
            if rng.random() < 0.7
        },
        marks=marks,
        order=tuple(known),
        covariance=tuple(tuple(row) for row in (wide @ wide.T).tolist()),
        validation=replace(own.validation, accepted=True, reasons=()),
    )


def as_weighed(catalogue: Row, model: Model) -> Row:
    """Return a catalogue as the oracle takes it, its numbers replaced by a model's: said a second time, from model.md.

    `own` is the catalogue as it was, by whose weights caps go.
    """
    rules = []
    for rule in catalogue["mark"]:
        if "recovers" in rule:
            rules.append(rule)
            continue
        was = model.marks.get(rule["name"])
        sign = "negative" if rule["weight"] < 0 else "positive"
        days = catalogue["classes"][rule["class"]] * model.multipliers[sign]
        if rule["class"] in model.classes:
            days = model.classes[rule["class"]][sign].half_life_days
        weight = rule["weight"] * model.multiplier if was is None else was.weight
        sd = 0.5 * abs(rule["weight"]) + 0.05
        rules.append({**rule, "weight": weight, "half_life_days": days, "sd": sd})
    numbers = {"kappa": model.kappa.value, "index_sd": model.index_sd}
    covariance = {"order": model.order, "matrix": model.covariance}
    return {**catalogue, **numbers, "mark": rules, "own": catalogue, "covariance": covariance}
