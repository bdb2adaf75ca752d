"""How well a fit foretells ratings that it has not seen: later ones, and those of customers left out.

Rolling origin: three times the past is fitted anew, search and all, and the ratings up to the next time are foretold.
Customers left out: five folds; weights, half-lives and kappa are fitted without each, about one linear regression that
all ratings made. Every rival is fitted to the same ratings and given the same company (`rivals`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from collage.experience.learning import ordinal
from collage.experience.learning.between import between
from collage.experience.learning.design import Design, Point
from collage.experience.learning.grid import folded
from collage.experience.learning.mixed import moments
from collage.experience.learning.naive import Naive
from collage.experience.learning.ratings import Flags, Numbers, Ratings, Whole
from collage.experience.learning.rivals import Foretold, foretold
from collage.experience.learning.search import ONE, Found, found, solved_at
from collage.experience.learning.weights import OWN, reduced, solved
from collage.experience.model import Calibration, Gain, Validation

__all__ = ["FOLDS", "RIVALS", "readings", "validation"]

FOLDS: Final = 5
RIVALS: Final = (
    *("model", "default", "last_contact", "plain_average", "undecayed_sum", "fixed_half_life", "peak_end", "intercept"),
)
_ORIGINS: Final = (0.55, 0.70, 0.85, 1.0)  # shares of the ratings, in order of time
_FEWEST, _FEWEST_LATER = 100, 30  # ratings to fit to, and to foretell
_AT_BOUND: Final = 0.3
_LOW, _HIGH = 2.0, 4.0  # dissatisfied up to, satisfied from, on the scale from 1 to 5
_TENTHS: Final = 10
_Z95: Final = 1.96
_FIXED: Final = 1.5  # times the catalogue's half-lives: 90 days where it says 60


@dataclass(frozen=True, slots=True)
class _Tried:
    """The log-loss of each rival at ratings foretold, and whose these are."""

    losses: dict[str, Numbers]
    customer: Whole

    def means(self) -> dict[str, float]:
        """Return the mean log-loss of each rival."""
        return {name: float(each.mean()) for name, each in self.losses.items()} if self.customer.size else {}

    def gain(self, over: str) -> Gain:
        """Return the model's lead over a rival; its standard error takes a customer's ratings together."""
        lead = self.losses[over] - self.losses["model"]
        mean = float(lead.mean())
        each = np.bincount(np.unique(self.customer, return_inverse=True)[1], lead - mean)
        return Gain(over, mean, float(np.sqrt((each**2).sum()) / lead.size))


def validation(
    of: Design,
    whole: Found,
    plain: Naive,
    *,
    kappa: float,
    search: bool,
    note: Callable[[], None] = lambda: None,
) -> Validation:
    """Return how well the fit foretells ratings.

    Parameters
    ----------
    of
        The regression of the scores themselves.
    whole
        The fit to all of them, with its folds.
    plain
        The readings to beat.
    kappa
        The catalogue's.
    search
        Whether half-lives and kappa were fitted.
    note
        Called now and then.
    """
    later = _later(of, plain, kappa=kappa, search=search, note=note)
    out, chances = _left_out(of, whole, plain, kappa=kappa)
    calibration, slope = _calibrated(of.ratings, chances)
    gains = [later.gain(name) for name in RIVALS[1:]] if later.customer.size else []
    reasons = _reasons(gains, whole)
    return Validation(
        out_of_time_log_loss=later.means(),
        n_out_of_time=int(later.customer.size),
        gains=gains,
        customer_blocked_log_loss=out.means(),
        calibration=calibration,
        slope=slope,
        accepted=not reasons,
        reasons=reasons,
    )


def readings(of: Design, plain: Naive, seen: Flags, *, kappa: float, ratio: float) -> dict[str, Numbers]:
    """Return what each rival but the model makes of the marks before each rating, fitted to those seen."""
    one = Point(ONE, ONE, kappa)
    a, o = of.features(one)
    fixed = between(of.left, _FIXED, _FIXED).whole[0]
    return {
        "default": (a + OWN * o) @ of.kinds.weight,
        "last_contact": o @ _of_contact(of.some(seen), one, ratio),
        "plain_average": plain.plain_average,
        "undecayed_sum": plain.undecayed_sum,
        "fixed_half_life": fixed @ of.kinds.weight,
        "peak_end": plain.peak_end,
        "intercept": np.zeros((of.ratings.n, 0)),
    }


def _of_contact(of: Design, point: Point, ratio: float) -> Numbers:
    """Return the weights that marks of the rated contact have when nothing else counts."""
    _, o = of.features(point)
    rows = np.column_stack([of.fixed, of.means(o), o, np.zeros_like(o), of.ratings.score])
    square = reduced(moments(rows, of.of, ratio), free=of.free, marks=len(of.kinds.names))
    return solved(square, of.kinds, own=0.0).weight


def _later(of: Design, plain: Naive, *, kappa: float, search: bool, note: Callable[[], None]) -> _Tried:
    """Return the log-losses at ratings later than those fitted to."""
    at = np.sort(of.ratings.rated_at)
    edges = [at[min(int(share * at.size), at.size - 1)] for share in _ORIGINS]
    losses: dict[str, list[Numbers]] = {name: [] for name in RIVALS}
    whose = []
    for first, last in pairwise(edges):
        known = of.ratings.rated_at <= last
        here, readers = of.some(known), _some(plain, known)
        seen = here.ratings.rated_at <= first
        if seen.sum() < _FEWEST or (~seen).sum() < _FEWEST_LATER:
            continue
        made = found(here.some(seen), kappa=kappa, search=search, note=note)
        read = {"model": _reading(here, made, search=search), **_rivals(here, readers, seen, made, kappa)}
        for name, each in read.items():
            losses[name].append(foretold(here.ratings, each, seen).log_loss(here.ratings)[~seen])
        whose.append(of.ratings.customer[known][~seen])
    empty = np.zeros(0)
    joined = {name: np.concatenate(parts) if parts else empty for name, parts in losses.items()}
    return _Tried(joined, np.concatenate(whose) if whose else np.zeros(0, np.int64))


def _rivals(of: Design, plain: Naive, seen: Flags, made: Found, kappa: float) -> dict[str, Numbers]:
    return readings(of, plain, seen, kappa=kappa, ratio=made.linear.spread.ratio)


def _reading(of: Design, made: Found, *, search: bool) -> Numbers:
    """Return what a fit to some of the ratings makes of all."""
    sub = made.linear.design
    left = between(sub.left, made.credit.value, made.strike.value)
    weights, _, _ = solved_at(made, left, search=search)
    whole = between(of.left, made.credit.value, made.strike.value)
    a, o = Design(of.ratings, of.kinds, whole, of.of, of.fixed).features(Point(0, 1, made.kappa.value))
    found_: Numbers = (a + weights.own * o) @ weights.weight
    return found_


def _left_out(of: Design, whole: Found, plain: Naive, *, kappa: float) -> tuple[_Tried, Sequence[Foretold]]:
    """Return the log-losses at ratings of customers left out, and what was foretold of each fold."""
    n = of.ratings.n
    losses = {name: np.zeros(n) for name in RIVALS}
    chances = []
    for fold, out in enumerate(folded(of, FOLDS)):
        if not out.any() or out.all():
            continue
        point, weights = whole.left_out(fold)
        a, o = of.features(point)
        read = {"model": (a + weights.own * o) @ weights.weight, **_rivals(of, plain, ~out, whole, kappa)}
        for name, each in read.items():
            told = foretold(of.ratings, each, ~out, known=False)
            losses[name][out] = told.log_loss(of.ratings)[out]
            if name == "model":
                chances.append(told)
    return _Tried(losses, of.ratings.customer), chances


def _calibrated(ratings: Ratings, told: Sequence[Foretold]) -> tuple[dict[str, list[Calibration]], dict[str, float]]:
    """Return expected and observed shares of the dissatisfied and the satisfied, by tenth of the expected."""
    answers = ordinal.answers_of(ratings)
    expected = {"dissatisfied": np.zeros(ratings.n), "satisfied": np.zeros(ratings.n)}
    fold = ratings.customer * 7919 % FOLDS
    for number, each in zip(sorted(set(fold.tolist())), told, strict=False):
        out = fold == number
        low = ordinal.up_to(answers, each.fitted.cuts, each.eta, score=_LOW)
        high = ordinal.up_to(answers, each.fitted.cuts, each.eta, score=_HIGH, below=True)
        expected["dissatisfied"][out] = low[out]
        expected["satisfied"][out] = 1.0 - high[out]
    observed = {"dissatisfied": ratings.score <= _LOW, "satisfied": ratings.score >= _HIGH}
    tables = {name: _tenths(expected[name], observed[name], ratings.weight) for name in expected}
    slopes = {name: _slope(expected[name], observed[name], ratings.weight) for name in expected}
    return tables, slopes


def _tenths(expected: Numbers, observed: Flags, weight: Numbers) -> list[Calibration]:
    order = np.argsort(expected, kind="stable")
    found_ = []
    for part in np.array_split(order, _TENTHS):
        if not part.size:
            continue
        n, share = int(part.size), float(np.average(observed[part], weights=weight[part]))
        size = weight[part].sum() ** 2 / (weight[part] ** 2).sum()
        middle, whole = share + _Z95**2 / (2 * size), 1.0 + _Z95**2 / size
        reach = _Z95 * np.sqrt(share * (1 - share) / size + _Z95**2 / (4 * size**2))
        mean = float(np.average(expected[part], weights=weight[part]))
        low, high = max(0.0, float((middle - reach) / whole)), min(1.0, float((middle + reach) / whole))
        found_.append(Calibration(mean, share, low, high, n))
    return found_


def _slope(expected: Numbers, observed: Flags, weight: Numbers) -> float:
    """Return the slope of the observed on the expected: 1 where chances are as foretold."""
    away = expected - np.average(expected, weights=weight)
    spread = float((weight * away**2).sum())
    return float((weight * away * observed).sum() / spread) if spread > 0.0 else 0.0


def _reasons(gains: Sequence[Gain], whole: Found) -> list[str]:
    """Return what speaks against taking the fit."""
    if not gains:
        return ["too_few"]
    lead = {each.over: each for each in gains}
    beaten = {name: lead[name].value > max(lead[name].se, 0.0) for name in ("default", "intercept")}
    reasons = [f"no_better_than_{name}" for name, ahead in beaten.items() if not ahead]
    at_bound = float((whole.linear.found.weight == 0.0).mean())
    return reasons + (["weights_at_their_bound"] if at_bound >= _AT_BOUND else [])


def _some(plain: Naive, which: Flags) -> Naive:
    return Naive(plain.undecayed_sum[which], plain.plain_average[which], plain.peak_end[which])
