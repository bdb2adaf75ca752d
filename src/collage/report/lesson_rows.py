"""What a model has found, row by row, for pictures, tables and sentences: weights, half-lives, trials, tenths."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from collage.experience.model import Calibration, HalfLife, Model
from collage.report.figures import Figures

__all__ = ["SIDES", "Fading", "Side", "Tenths", "Trial", "Weighed", "fadings", "tenths", "trials", "weights"]

Side: TypeAlias = Literal["negative", "positive"]
SIDES: Final[tuple[Side, Side]] = ("negative", "positive")  # strikes, credits
_NINETY_FIVE_PERCENT: Final = 1.96
_OUTCOMES: Final = ("dissatisfied", "satisfied")
_RIVALS: Final = (
    *("last_contact", "plain_average", "default", "undecayed_sum"),
    *("fixed_half_life", "peak_end", "intercept"),
)


@dataclass(frozen=True, slots=True)
class Weighed:
    """What a mark weighs by the ratings beside what was assumed, in points of satisfaction, with its 95 % interval."""

    mark: str
    weight: float
    low: float
    high: float
    default: float
    ratings: int
    prior_driven: bool

    @property
    def strike(self) -> bool:
        """Return whether it pulls down."""
        return (self.default or self.weight) < 0

    @property
    def more(self) -> float:
        """Return by how much it weighs more than assumed, to its own side; below zero: less."""
        return abs(self.weight) - abs(self.default)

    @property
    def clear(self) -> bool:
        """Return whether the ratings say that it is not what was assumed."""
        return not self.prior_driven and not self.low <= self.default <= self.high


@dataclass(frozen=True, slots=True)
class Fading:
    """How long a class of marks is remembered: by the ratings for strikes and credits, and as assumed, in days."""

    name: str
    default: float | None
    sides: Mapping[Side, HalfLife]

    @property
    def longest(self) -> float:
        """Return the longest of its half-lives."""
        return max(self.default or 0.0, *(each.half_life_days for each in self.sides.values()))


@dataclass(frozen=True, slots=True)
class Trial:
    """The model against a rival on later ratings: the rival's log-loss, and the model's lead with its 95 % interval."""

    over: str
    loss: float | None
    lead: float
    reach: float

    @property
    def told(self) -> Literal["better", "worse", "open"]:
        """Return what can be said of it."""
        if abs(self.lead) <= self.reach:
            return "open"
        return "better" if self.lead > 0 else "worse"


@dataclass(frozen=True, slots=True)
class Tenths:
    """What was expected of customers left out and what came, by tenth; `within` of them lie inside their interval."""

    outcome: str
    rows: Sequence[Calibration]
    slope: float | None

    @property
    def n(self) -> int:
        """Return of how many ratings."""
        return sum(row.n for row in self.rows)

    @property
    def within(self) -> int:
        """Return in how many tenths what was expected lies within the interval of what came."""
        return sum(row.low <= row.expected <= row.high for row in self.rows)


def weights(model: Model) -> list[Weighed]:
    """Return marks by what they weigh, the heaviest first, those of which the ratings say little last.

    Parameters
    ----------
    model
        Any; one that is not fitted has found none.

    Returns
    -------
    list of Weighed
        One for each mark of the model.
    """
    if not model.fitted:
        return []
    found = [
        Weighed(name, each.weight, each.low, each.high, each.default, each.ratings, each.prior_driven)
        for name, each in model.marks.items()
    ]
    return sorted(found, key=lambda row: (row.prior_driven, -abs(row.weight), row.mark))


def fadings(figures: Figures) -> list[Fading]:
    """Return how long the classes are remembered, the shortest first, where half-lives were fitted.

    Parameters
    ----------
    figures
        With a model, or there are none. A side of a class on which the catalogue has no mark is left out.

    Returns
    -------
    list of Fading
        Empty below the number of ratings from which half-lives are fitted.
    """
    model, plain = figures.model, figures.plain or figures.catalogue
    if model is None or not model.fitted or model.depth not in {"half-lives", "full"}:
        return []
    there = {(mark.class_, "negative" if mark.weight < 0 else "positive") for mark in plain.weighing}
    found = []
    for name, both in model.classes.items():
        known = name in plain.classes
        sides = {side: both[side] for side in SIDES if side in both and (not known or (name, side) in there)}
        if sides:
            found.append(Fading(name, plain.classes.get(name), sides))
    return sorted(found, key=lambda each: (each.longest, each.name))


def trials(model: Model) -> list[Trial]:
    """Return how the model does against its rivals on later ratings, the simplest questions first.

    Parameters
    ----------
    model
        Any; one that is not fitted was not tried.

    Returns
    -------
    list of Trial
        One for each gain that is a number.
    """
    if not model.fitted:
        return []
    losses = model.validation.out_of_time_log_loss
    order = {name: at for at, name in enumerate(_RIVALS)}
    some = [gain for gain in model.validation.gains if math.isfinite(gain.value) and math.isfinite(gain.se)]
    some.sort(key=lambda gain: (order.get(gain.over, len(order)), gain.over))
    return [Trial(each.over, losses.get(each.over), each.value, _NINETY_FIVE_PERCENT * each.se) for each in some]


def tenths(model: Model) -> list[Tenths]:
    """Return what was expected and what came, for the dissatisfied and for the satisfied.

    Parameters
    ----------
    model
        Any; one that is not fitted has expected nothing.

    Returns
    -------
    list of Tenths
        Only those with ratings behind them.
    """
    if not model.fitted:
        return []
    found = model.validation
    all_ = [Tenths(name, list(found.calibration.get(name, ())), found.slope.get(name)) for name in _OUTCOMES]
    return [each for each in all_ if each.n > 0]
