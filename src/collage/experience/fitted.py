"""What a model puts in the place of a catalogue's numbers, mark by mark."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from json import dumps
from types import MappingProxyType
from typing import Any

import numpy as np

from collage.errors import ModelError
from collage.experience.model import Model
from collage.experience.rule import Mark

__all__ = ["Fitted", "digest", "fitted", "prior_sd"]

_NOTHING = 1e-14  # of the largest variance: what rounding leaves of a direction in which there is none


@dataclass(frozen=True, slots=True)
class Fitted:
    """Numbers of a model for the marks of a catalogue.

    `model` is its version; `weights` in points and `half_lives` in days by mark; `covariance` of the weights of the
    marks in `order`, in points². `kappa` and `index_sd` are the catalogue's own, in whose place the model's stand.
    """

    model: str
    weights: Mapping[str, float] = field(hash=False)
    half_lives: Mapping[str, float] = field(hash=False)
    order: tuple[str, ...]
    covariance: tuple[tuple[float, ...], ...]
    kappa: float
    index_sd: float

    def factor(self) -> np.ndarray:
        """Return L with L·L' = covariance, a row for each mark in `order`; a column for each direction that varies.

        Returns
        -------
        numpy.ndarray
            In points. Negative eigenvalues, which rounding makes of nothing, are cut to 0.
        """
        size = len(self.order)
        values, vectors = np.linalg.eigh(np.array(self.covariance, dtype=float).reshape(size, size))
        varies = values > _NOTHING * values.max(initial=0.0)
        found: np.ndarray = vectors[:, varies] * np.sqrt(values[varies])
        return found


def prior_sd(weight: float) -> float:
    """Return how uncertain a catalogue's weight is before any fit: .5·|weight| + .05 points (model.md §10.8)."""
    return 0.5 * abs(weight) + 0.05


def fitted(
    model: Model, marks: Sequence[Mark], classes: Mapping[str, float], *, kappa: float, index_sd: float
) -> Fitted:
    """Return what a model says of the marks of a catalogue.

    Parameters
    ----------
    model
        Fitted by this catalogue or one much like it.
    marks, classes, kappa, index_sd
        The catalogue's own: marks that have a weight, half-lives in days by class.

    Raises
    ------
    ModelError
        When a mark has another sign or class than when the model was fitted, or none is known to it.
    """
    _check_alike(model, marks)
    known = {mark.name for mark in marks} & set(model.marks)
    kept = [place for place, name in enumerate(model.order) if name in known]
    return Fitted(
        model=model.version,
        weights=MappingProxyType({mark.name: _weight(model, mark) for mark in marks}),
        half_lives=MappingProxyType({mark.name: _half_life(model, mark, classes) for mark in marks}),
        order=tuple(model.order[place] for place in kept),
        covariance=tuple(tuple(float(model.covariance[row][place]) for place in kept) for row in kept),
        kappa=kappa,
        index_sd=index_sd,
    )


def digest(marks: Sequence[Mark], classes: Mapping[str, float], *, kappa: float, issue_cap: float, least: float) -> str:
    """Return a digest of all of a catalogue that a fit depends on, the same in whatever order marks stand."""
    rules = sorted((_rule(mark, classes) for mark in marks), key=lambda rule: str(rule[0]))
    whole = {"kappa": kappa, "issue_cap": issue_cap, "least": least, "marks": rules}
    return sha256(dumps(whole, sort_keys=True).encode()).hexdigest()


def _rule(mark: Mark, classes: Mapping[str, float]) -> list[Any]:
    """Return what decides when a mark is left and how it weighs; not whose it is and how it is told."""
    when = (
        None
        if mark.when is None
        else [[[test.column, test.op, test.value] for test in tests] for tests in mark.when.alternatives]
    )
    form = None if mark.form is None else [type(mark.form).__name__, asdict(mark.form)]
    severity = None if mark.severity is None else asdict(mark.severity)
    weighs = [mark.class_, classes.get(mark.class_), mark.weight, mark.salience]
    return [mark.name, *weighs, when, severity, form, mark.once, sorted(mark.unless)]


def _weight(model: Model, mark: Mark) -> float:
    """Return a mark's weight; that of a mark which the ratings had none of, as the model's others have moved."""
    return model.marks[mark.name].weight if mark.name in model.marks else mark.weight * model.multiplier


def _half_life(model: Model, mark: Mark, classes: Mapping[str, float]) -> float:
    sign = "negative" if mark.weight < 0 else "positive"  # the catalogue's: a fitted weight may be nothing
    found = model.classes.get(mark.class_, {}).get(sign)
    return classes[mark.class_] * model.multipliers[sign] if found is None else found.half_life_days


def _check_alike(model: Model, marks: Sequence[Mark]) -> None:
    asked = f"weigh marks by the model {model.version}, fitted by catalogue {model.catalogue}"
    do = "fit the model anew by this catalogue (collage fit), or name the catalogue it was fitted by with --catalogue"
    for mark in marks:
        if mark.name not in model.marks:
            continue
        was = model.marks[mark.name]
        if any(
            math.copysign(1.0, each) != math.copysign(1.0, mark.weight) for each in (was.default, was.weight) if each
        ):
            then, now = ("a strike", "a credit") if mark.weight > 0 else ("a credit", "a strike")
            raise ModelError(asked, f"{mark.name}, which was {then} then and is {now} in this catalogue", do)
        if was.class_ not in ("", mark.class_):
            raise ModelError(
                asked, f"{mark.name}, which was {was.class_} then and is {mark.class_} in this catalogue", do
            )
    if marks and not any(mark.name in model.marks for mark in marks):
        raise ModelError(asked, "no mark in common with this catalogue", do)
