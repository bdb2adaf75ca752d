"""A model: what a fit to a company's own ratings has found, frozen. It is saved as MODEL.json and compared.

The catalogue says which touchpoint leaves which mark, always. A model says what marks weigh, how fast they fade and how
much evidence counts, in the place of the catalogue's own numbers: `Catalogue.by(model)`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

__all__ = [
    "Calibration",
    "Depth",
    "Estimate",
    "Gain",
    "HalfLife",
    "InheritedShare",
    "Model",
    "Validation",
    "Verdict",
    "Weight",
]

Depth: TypeAlias = Literal["none", "scale", "weights", "half-lives", "full"]
Verdict: TypeAlias = Literal["inherited", "last_contact", "nothing", "too_few"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95 % interval; a bound that the ratings do not give is None.

    `fitted` is false where the number is the catalogue's or an assumption.
    """

    value: float
    low: float | None
    high: float | None
    fitted: bool


@dataclass(frozen=True, slots=True)
class HalfLife:
    """How long marks of a class and sign take to lose half of what they weigh, in days, with its 95 % interval."""

    half_life_days: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Weight:
    """What a mark weighs, in points of expected satisfaction, with its 95 % interval.

    `default` is the catalogue's weight, `ratings` how many ratings had such a mark before them. `prior_driven`: the
    ratings say little about it (its uncertainty is above 80 % of what it was before the fit). `class_` is the mark's
    class when it was fitted (empty: not told); in the file it is called ``class``.
    """

    weight: float
    low: float
    high: float
    prior_driven: bool
    default: float
    ratings: int
    class_: str = ""


@dataclass(frozen=True, slots=True)
class InheritedShare:
    """How much of what touchpoints explain of a rating was there before the contact began, 0 to 1.

    `value`, `low`, `high` and `p` (of the permutation test) are None where there are too few ratings; `p_own` is the
    same test for the rated contact itself.
    """

    value: float | None
    low: float | None
    high: float | None
    p: float | None
    p_own: float | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Gain:
    """By how much the model's log-loss per rating is below a rival's, on later ratings, and its standard error."""

    over: str
    value: float
    se: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was expected of `n` ratings and what came: shares of ratings, and the 95 % interval of the observed."""

    expected: float
    observed: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Validation:
    """How well the model foretells ratings that it has not seen.

    `out_of_time_log_loss` is the mean log-loss by rival (``model``, ``default``, ``last_contact``, ``plain_average``,
    ``undecayed_sum``, ``fixed_half_life``, ``peak_end``, ``intercept``) on `n_out_of_time` later ratings, `gains` the
    model's lead over each; `customer_blocked_log_loss` the same on customers left out. `calibration` is by tenth of
    what was expected, for ``dissatisfied`` (the lowest two of five) and ``satisfied`` (the highest two), `slope` of the
    observed on the expected. `accepted` with `reasons` against it: codes of ``too_few``, ``no_better_than_default``,
    ``no_better_than_intercept``, ``weights_at_their_bound``.
    """

    out_of_time_log_loss: Mapping[str, float]
    n_out_of_time: int
    gains: Sequence[Gain]
    customer_blocked_log_loss: Mapping[str, float]
    calibration: Mapping[str, Sequence[Calibration]]
    slope: Mapping[str, float]
    accepted: bool
    reasons: Sequence[str]


@dataclass(frozen=True, slots=True)
class Model:
    """All that a fit has found. Field by field as in MODEL.json (docs/reference/model.md).

    `fitted` is false below 300 usable ratings: all numbers are then the catalogue's. `multipliers` are those of all
    half-lives, by ``positive`` and ``negative``; `multiplier` is g, of all weights; `covariance` is of the weights of
    the marks in `order`. `instruments` are shifts against the commonest way of asking, in points; `thresholds` the
    cuts between neighbouring scores on the probit scale, by instrument; `scale` how many of its units a point is.
    """

    version: str
    catalogue: str
    catalogue_hash: str
    fitted_at: str
    n_ratings: int
    n_customers: int
    depth: Depth
    fitted: bool
    kappa: Estimate
    multipliers: Mapping[str, float]
    multiplier: float
    index_sd: float
    classes: Mapping[str, Mapping[str, HalfLife]]
    marks: Mapping[str, Weight]
    order: Sequence[str]
    covariance: Sequence[Sequence[float]]
    rho: Estimate
    intercept: float
    sd_customer: float
    sd_noise: float
    volume: Sequence[float]
    instruments: Mapping[str, float]
    scale: float
    thresholds: Mapping[str, Sequence[float]]
    inherited_share: InheritedShare
    validation: Validation
    notes: Sequence[str] = field(default=())
