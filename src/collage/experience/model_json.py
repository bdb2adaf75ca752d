"""MODEL.json: a model as text, and back, checked to the last field (docs/reference/model.md)."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast, get_args

import numpy as np

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
from collage.experience.model_entries import Entry, parsed

__all__ = ["dumps", "loads"]

_SIGNS = ("positive", "negative")
_TOP = ({each.name for each in dataclasses.fields(Model)} - {"order"}) | {"covariance"}
_ALIKE = 1e-9  # beside the largest variance: what rounding may do to a covariance
_INNERMOST = re.compile(r"\[[^\[\]{}\"]*\n[^\[\]{}\"]*\]")  # a list of numbers over several lines


def dumps(model: Model) -> str:
    """Return a model as the text of MODEL.json.

    Parameters
    ----------
    model
        Any; an infinite `kappa` becomes the text ``inf``, None null.

    Returns
    -------
    str
        JSON with a line break at its end; `loads` gives the same model again.

    Raises
    ------
    ModelError
        When the model has what `loads` would refuse, such as a number that is not finite: it is not written then.
    """
    found = _plain(model)
    order, matrix = found.pop("order"), found["covariance"]
    found["covariance"] = {"order": order, "matrix": matrix}
    spread = json.dumps(found, indent=1, ensure_ascii=False)
    text = _INNERMOST.sub(lambda numbers: " ".join(numbers[0].split()).replace("[ ", "[").replace(" ]", "]"), spread)
    loads(text, file="the model to be written")
    return f"{text}\n"


def loads(text: str, *, file: str) -> Model:
    """Return the model that a text of MODEL.json spells.

    Parameters
    ----------
    text
        JSON.
    file
        Its name, for messages.

    Returns
    -------
    Model
        With tuples for lists.

    Raises
    ------
    ModelError
        When anything in it is wrong; the message names the place, what was found and what to do.
    """
    at = parsed(text, file=file).only(_TOP)
    marks = at["marks"].named(_weight)
    order, matrix = _covariance(at["covariance"], marks)
    return Model(
        version=at["version"].text(),
        catalogue=at["catalogue"].text(),
        catalogue_hash=at["catalogue_hash"].text(),
        fitted_at=_moment(at["fitted_at"]),
        n_ratings=at["n_ratings"].count(),
        n_customers=at["n_customers"].count(),
        depth=cast("Depth", at["depth"].one_of(get_args(Depth))),
        fitted=at.get("fitted", True).flag(),
        kappa=_kappa(at["kappa"]),
        multipliers={sign: at["multipliers"].only(_SIGNS)[sign].number(above=0.0) for sign in _SIGNS},
        multiplier=at.get("multiplier", 1.0).number(least=0.0),
        index_sd=at["index_sd"].number(above=0.0),
        classes=at["classes"].named(lambda class_: class_.only(_SIGNS).named(_half_life)),
        marks=marks,
        order=order,
        covariance=matrix,
        rho=_rho(at["rho"]),
        intercept=at["intercept"].number(),
        sd_customer=at["sd_customer"].number(least=0.0),
        sd_noise=at["sd_noise"].number(least=0.0),
        volume=at.get("volume", []).listed(Entry.number),
        instruments=at["instruments"].named(Entry.number),
        scale=at.get("scale", 1.0).number(),
        thresholds=at["thresholds"].named(_cuts),
        inherited_share=_inherited_share(at["inherited_share"]),
        validation=_validation(at["validation"]),
        notes=at.get("notes", []).listed(Entry.text),
    )


def _plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    if dataclasses.is_dataclass(value):
        return {each.name.rstrip("_"): _plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, np.generic | np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return "inf" if isinstance(value, float) and value == math.inf else value


def _moment(at: Entry) -> str:
    text = at.text()
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise at.unlike("a time, such as 2026-01-31T18:00:00+00:00") from None
    return text


def _kappa(at: Entry) -> Estimate:
    at.only(("value", "low", "high", "fitted"))
    low, high = (at[name].maybe(lambda each: each.unbounded(least=0.0)) for name in ("low", "high"))
    _check_order(at, low, high)
    return Estimate(at["value"].unbounded(least=0.0), low, high, at["fitted"].flag())


def _rho(at: Entry) -> Estimate:
    at.only(("value", "low", "high", "fitted"))
    low, high = _bounds(at)
    return Estimate(at["value"].number(), low, high, at.get("fitted", True).flag())


def _half_life(at: Entry) -> HalfLife:
    at.only(("half_life_days", "low", "high"))
    return HalfLife(at["half_life_days"].number(above=0.0), *_bounds(at, above=0.0))


def _weight(at: Entry) -> Weight:
    at.only(("weight", "low", "high", "prior_driven", "default", "ratings", "class"))
    weight = at["weight"].number()
    default = at.get("default", weight).number()
    if weight * default < 0:
        raise at["weight"].unlike(f"a weight of the sign that the catalogue gave it ({default:+g})")
    low, high = at["low"].number(), at["high"].number()
    _check_order(at, low, high)
    return Weight(
        weight=weight,
        low=low,
        high=high,
        prior_driven=at["prior_driven"].flag(),
        default=default,
        ratings=at.get("ratings", 0).count(),
        class_=at.get("class", "").text(empty=True),
    )


def _cuts(at: Entry) -> tuple[float, ...]:
    cuts = at.listed(Entry.number)
    if list(cuts) != sorted(cuts):
        raise at.unlike("thresholds in rising order")
    return cuts


def _inherited_share(at: Entry) -> InheritedShare:
    at.only(("value", "low", "high", "p", "p_own", "verdict"))
    low, high = _bounds(at)
    return InheritedShare(
        value=at["value"].maybe(Entry.number),
        low=low,
        high=high,
        p=at["p"].maybe(_share),
        p_own=at.get("p_own", None).maybe(_share),
        verdict=cast("Verdict", at["verdict"].one_of(get_args(Verdict))),
    )


def _validation(at: Entry) -> Validation:
    at.only({each.name for each in dataclasses.fields(Validation)})
    return Validation(
        out_of_time_log_loss=at["out_of_time_log_loss"].named(Entry.number),
        n_out_of_time=at.get("n_out_of_time", 0).count(),
        gains=at.get("gains", []).listed(_gain),
        customer_blocked_log_loss=at.get("customer_blocked_log_loss", {}).named(Entry.number),
        calibration=at.get("calibration", {}).named(lambda each: each.listed(_calibration)),
        slope=at.get("slope", {}).named(Entry.number),
        accepted=at["accepted"].flag(),
        reasons=at.get("reasons", []).listed(Entry.text),
    )


def _gain(at: Entry) -> Gain:
    at.only(("over", "value", "se"))
    return Gain(at["over"].text(), at["value"].number(), at["se"].number(least=0.0))


def _calibration(at: Entry) -> Calibration:
    at.only(("expected", "observed", "low", "high", "n"))
    expected, observed, low, high = (_share(at[name]) for name in ("expected", "observed", "low", "high"))
    return Calibration(expected, observed, low, high, at["n"].count())


def _share(at: Entry) -> float:
    return at.number(least=0.0, most=1.0)


def _bounds(at: Entry, *, above: float = -math.inf) -> tuple[float | None, float | None]:
    """Return `low` and `high`, in this order or null."""
    low, high = (at[name].maybe(lambda each: each.number(above=above)) for name in ("low", "high"))
    _check_order(at, low, high)
    return low, high


def _check_order(at: Entry, low: float | None, high: float | None) -> None:
    if low is not None and high is not None and low > high:
        raise at.wrong(f"low {low:g} above high {high:g}", "write the lower bound as low")


def _covariance(at: Entry, marks: Mapping[str, Weight]) -> tuple[tuple[str, ...], tuple[tuple[float, ...], ...]]:
    """Return the marks in their order, and how uncertain their weights are together."""
    at.only(("order", "matrix"))
    order = at["order"].listed(Entry.text)
    if strange := [name for name in order if name not in marks]:
        raise at["order"].wrong(f"{strange[0]}, which is none of the model's marks", "name marks of the model alone")
    if len(set(order)) < len(order):
        raise at["order"].wrong("a mark twice", "name each mark once")
    here = at["matrix"]
    rows = here.listed(lambda row: row.listed(Entry.number))
    if [len(row) for row in rows] != [len(order)] * len(order):
        found = f"{len(rows)} rows of {' or '.join(map(str, sorted({len(row) for row in rows})))} numbers"
        raise here.wrong(found, f"write {len(order)} rows of {len(order)} numbers, as order has marks")
    if order:
        _check_covariance(here, np.array(rows))
    return order, rows


def _check_covariance(at: Entry, matrix: np.ndarray) -> None:
    """Check that numbers are a covariance, as far as rounding lets one see."""
    within = _ALIKE * float(np.abs(matrix).max())
    if (np.abs(matrix - matrix.T) > within).any():
        raise at.wrong("a matrix that is not symmetric", "write the same number on both sides of the diagonal")
    least = float(np.linalg.eigvalsh(matrix).min())
    if least < -within * len(matrix):
        found = f"a matrix that is no covariance: its smallest eigenvalue is {least:g}, below 0"
        raise at.wrong(found, "write a positive semi-definite matrix")
