"""The fit of a company's ratings, from columns of numbers to a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

import numpy as np
from scipy.special import ndtr
from threadpoolctl import threadpool_limits

from collage.experience.catalogue import Catalogue
from collage.experience.learning.design import Design, Point, design
from collage.experience.learning.grid import CLUSTER_FACTOR, MULTIPLIERS, Axis
from collage.experience.learning.histories import Histories
from collage.experience.learning.inherited import enough_contacts, inherited
from collage.experience.learning.naive import naive
from collage.experience.learning.ratings import Flags, Kinds, Numbers, Ratings, Remembering, kinds_of
from collage.experience.learning.rivals import foretold
from collage.experience.learning.search import ONE, Found, found, solved_at
from collage.experience.learning.share import share_of
from collage.experience.learning.validation import FOLDS, validation
from collage.experience.learning.weights import OWN, Reduced, Solved, solved, uncertainty
from collage.experience.model import Depth, Estimate, HalfLife, InheritedShare, Model, Validation, Weight

__all__ = ["FEWEST", "depth_of", "fit"]

FEWEST: Final = 300
_LEAST: Final = 50  # below so many, nothing is fitted whatever was asked for
_HALF_LIVES, _FULL = 2_000, 10_000
_PRIOR_DRIVEN: Final = 0.8
_Z95, _CHI_SQUARE = 1.96, 3.84
_OWNS: Final = np.expm1(np.linspace(np.log(0.25), np.log(60.0), 111))


@dataclass(frozen=True, slots=True)
class _Fitted:
    """A fit at its half-lives: the search, the weights, their covariance (with g's, last), the regression there."""

    found: Found
    weights: Solved
    covariance: Numbers
    square: Reduced
    at: Design
    kept: Flags  # which marks were seen


def depth_of(n: int) -> Depth:
    """Return how much is fitted to so many ratings (model.md §1.7)."""
    if n < FEWEST:
        return "none"
    return "weights" if n < _HALF_LIVES else "half-lives" if n <= _FULL else "full"


def fit(  # noqa: PLR0913  # what was rated, and chance and clock as arguments
    ratings: Ratings,
    histories: Histories,
    remembering: Remembering,
    catalogue: Catalogue,
    *,
    now: datetime,
    rng: np.random.Generator,
    depth: Literal["weights", "half-lives", "full"] | None = None,
    times: int = 999,
    progress: Callable[[str], None] = lambda _: None,
) -> Model:
    """Return the model that a company's ratings teach. Source: model.md §1.7, 1.8, 1.11.5, §10 (10).

    Parameters
    ----------
    ratings
        Usable ones.
    histories
        The marks of the customers who gave them; kinds are places in `kinds_of(catalogue)`.
    remembering
        Gives what was left of marks at each rating, for any multipliers of their half-lives.
    catalogue
        By which marks were derived; its own numbers, not those of a model.
    now
        The moment of fitting.
    rng
        Draws the permutations.
    depth
        What is fitted; default: as many ratings allow.
    times
        How many permutations.
    progress
        Told what is being done.

    Returns
    -------
    Model
        `index_sd` is the catalogue's; whoever has scores by this model replaces it. Below 300 ratings (50, where
        `depth` is given), and where all scores are the same, `fitted` is false and all numbers are the catalogue's.
    """
    chosen: Depth = depth or depth_of(ratings.n)
    if chosen == "none" or ratings.n < _LEAST or np.unique(ratings.score).size == 1:
        return _unfitted(ratings, catalogue, now)
    # many small matrices: more threads would only wait for one another
    with threadpool_limits(1):
        asked = _Asked(catalogue, now, rng, chosen, times, progress)
        return _fit(ratings, histories, remembering, asked)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a fit was asked for."""

    catalogue: Catalogue
    now: datetime
    rng: np.random.Generator
    depth: Depth
    times: int
    progress: Callable[[str], None]

    @property
    def search(self) -> bool:
        """Return whether half-lives, kappa and ρ are fitted."""
        return self.depth != "weights"


def _fit(ratings: Ratings, histories: Histories, remembering: Remembering, asked: _Asked) -> Model:
    asked.progress("what was left at each rating")
    left, kinds = remembering(MULTIPLIERS, light=True), kinds_of(asked.catalogue)
    kept = left.whole[ONE].any(axis=0) | left.whole[-1].any(axis=0)
    if not kept.any():  # nothing that weighs anything was remembered
        return _unfitted(ratings, asked.catalogue, asked.now)
    here, there, left = kinds.some(kept), histories.some(kept), left.of_kinds(kept)
    raw = design(ratings, here, left)
    search, kappa = asked.search, asked.catalogue.kappa
    made = found(raw, kappa=kappa, search=search, folds=FOLDS, note=_counting(asked.progress, "half-lives tried"))
    plain, note = naive(there, ratings, here), _counting(asked.progress, "half-lives tried on earlier ratings")
    checked = validation(raw, made, plain, kappa=kappa, search=search, note=note)
    asked.progress("weights")
    exact = remembering((made.credit.value, made.strike.value)).of_kinds(kept)
    weights, square, at = solved_at(made, exact, search=search)
    # the weights themselves trust the catalogue more than their intervals do
    fitted = _Fitted(made, weights, uncertainty(square, here, own=weights.own), square, at, kept)
    tested = design(ratings, here, remembering((1.0,)).of_kinds(kept))
    verdict = _verdict(fitted, there, tested, asked)
    return _model(ratings, kinds, fitted, checked, verdict, asked)


def _verdict(fitted: _Fitted, histories: Histories, tested: Design, asked: _Asked) -> InheritedShare:
    """Return whether ratings owe anything to what was before the contact."""
    made, ratings = fitted.found, tested.ratings
    enough = ratings.n >= FEWEST and enough_contacts(ratings)
    ratio = made.linear.spread.ratio
    share = share_of(fitted.at, Point(0, 1, made.kappa.value), ratio=ratio) if enough else None
    note = _counting(asked.progress, f"of {asked.times} permutations")
    return inherited(tested, histories, share, kappa=asked.catalogue.kappa, rng=asked.rng, times=asked.times, note=note)


def _counting(progress: Callable[[str], None], what: str) -> Callable[[], None]:
    """Return a function that tells how often it was called."""
    n = 0

    def count() -> None:
        nonlocal n
        n += 1
        progress(f"{n} {what}")

    return count


def _model(
    ratings: Ratings, kinds: Kinds, fitted: _Fitted, checked: Validation, verdict: InheritedShare, asked: _Asked
) -> Model:
    made, search, catalogue, now = fitted.found, asked.search, asked.catalogue, asked.now
    a, o = fitted.at.features(Point(0, 1, made.kappa.value))
    reading = (a + fitted.weights.own * o) @ fitted.weights.weight
    told = foretold(ratings, reading, np.ones(ratings.n, bool))
    scale, *rest = told.fitted.beta.tolist()
    points = scale if abs(scale) > 1e-9 else 1.0  # noqa: PLR2004  # nothing explained: shifts stay on the probit scale
    ways = len(ratings.ways) - 1
    cuts = np.split(told.fitted.cuts, np.cumsum(np.array(ratings.categories) - 1)[:-1])
    order = [name for name, seen in zip(kinds.names, fitted.kept.tolist(), strict=True) if seen]
    multipliers = {"positive": made.credit.value, "negative": made.strike.value}
    return Model(
        version=f"{catalogue.version}+{now:%Y%m%d}",
        catalogue=catalogue.version,
        catalogue_hash=catalogue.digest,
        fitted_at=now.isoformat(),
        n_ratings=ratings.n,
        n_customers=int(ratings.begins.size),
        depth=asked.depth,
        fitted=True,
        kappa=Estimate(made.kappa.value, made.kappa.low, made.kappa.high, search),
        multipliers=multipliers,
        multiplier=fitted.weights.multiplier,
        index_sd=catalogue.index_sd,
        classes=_classes(catalogue, made.credit, made.strike),
        marks=_weights(kinds, fitted),
        order=order,
        covariance=fitted.covariance[:-1, :-1].tolist(),
        rho=_rho(fitted, search=search),
        intercept=_expected(cuts[0]),
        sd_customer=float(np.sqrt(made.linear.spread.ratio)),
        sd_noise=made.linear.points,
        volume=[each / points for each in rest[ways : ways + 2]],
        instruments=dict(zip(ratings.ways, [0.0, *(each / points for each in rest[:ways])], strict=True)),
        scale=scale,
        thresholds=dict(zip(ratings.instruments, [each.tolist() for each in cuts], strict=True)),
        inherited_share=verdict,
        validation=checked,
        notes=_notes(ratings, made, search=search),
    )


def _classes(catalogue: Catalogue, credit: Axis, strike: Axis) -> dict[str, dict[str, HalfLife]]:
    def times(days: float, axis: Axis) -> HalfLife:
        low, high = (None if each is None else days * each for each in (axis.low, axis.high))
        return HalfLife(days * axis.value, low, high)

    return {
        name: {"positive": times(days, credit), "negative": times(days, strike)}
        for name, days in catalogue.classes.items()
    }


def _weights(kinds: Kinds, fitted: _Fitted) -> dict[str, Weight]:
    """Return all weights; marks that no rated customer had move with the others."""
    weights, kept = fitted.weights, fitted.kept
    spread = np.sqrt(np.diag(fitted.covariance))
    place = np.cumsum(kept) - 1
    times = (fitted.at.left.whole[0] != 0.0).sum(axis=0)
    found_ = {}
    for k, name in enumerate(kinds.names):
        default, j = float(kinds.weight[k]), int(place[k])
        if kept[k]:
            weight, sd, ratings = float(weights.weight[j]), float(spread[j]), int(times[j])
            driven = sd / float(kinds.spread[k]) > _PRIOR_DRIVEN
        else:
            weight, ratings, driven = weights.multiplier * default, 0, True
            sd = float(np.hypot(kinds.spread[k], default * spread[-1]))
        low, high = weight - _Z95 * sd, weight + _Z95 * sd
        low, high = (max(low, 0.0), high) if default > 0.0 else (low, min(high, 0.0))
        found_[name] = Weight(weight, low, high, driven, default, ratings, kinds.classes[k])
    return found_


def _rho(fitted: _Fitted, *, search: bool) -> Estimate:
    """Return ρ with the interval in which twice the log posterior is less than 3.84·c below its top."""
    if not search:
        return Estimate(OWN, None, None, fitted=False)
    tops = np.array([solved(fitted.square, fitted.at.kinds, own=float(own)).log_posterior for own in _OWNS])
    inside = np.flatnonzero(2.0 * (tops.max() - tops) <= _CHI_SQUARE * CLUSTER_FACTOR)
    low, high = int(inside[0]), int(inside[-1])
    bounds = (float(_OWNS[low]) if low else None, float(_OWNS[high]) if high < _OWNS.size - 1 else None)
    return Estimate(fitted.weights.own, *bounds, fitted=True)


def _expected(cuts: Numbers) -> float:
    """Return the expected score, from 1 to 5, of who remembers nothing."""
    above = 1.0 - ndtr(cuts)
    return float(1.0 + 4.0 * above.mean())


def _notes(ratings: Ratings, made: Found, *, search: bool) -> Sequence[str]:
    """Return what the ratings could not tell, as codes."""
    found_ = [] if made.linear.spread.fitted else ["few_customers_twice"]
    if not search:
        found_.append("half_lives_held")
    if not enough_contacts(ratings):
        found_.append("contacts_unknown")
    if len(ratings.instruments) > 1:
        found_.append("several_instruments")
    return found_


def _unfitted(ratings: Ratings, catalogue: Catalogue, now: datetime) -> Model:
    """Return the catalogue's own numbers as a model."""
    kinds = kinds_of(catalogue)
    held = Axis(1.0, None, None)
    marks = {
        name: Weight(weight, weight - _Z95 * spread, weight + _Z95 * spread, True, weight, 0, class_)  # noqa: FBT003  # a field
        for name, class_, weight, spread in zip(
            kinds.names, kinds.classes, kinds.weight.tolist(), kinds.spread.tolist(), strict=True
        )
    }
    return Model(
        version=f"{catalogue.version}+{now:%Y%m%d}",
        catalogue=catalogue.version,
        catalogue_hash=catalogue.digest,
        fitted_at=now.isoformat(),
        n_ratings=ratings.n,
        n_customers=int(ratings.begins.size),
        depth="none",
        fitted=False,
        kappa=Estimate(catalogue.kappa, None, None, fitted=False),
        multipliers={"positive": 1.0, "negative": 1.0},
        multiplier=1.0,
        index_sd=catalogue.index_sd,
        classes=_classes(catalogue, held, held),
        marks=marks,
        order=[],
        covariance=[],
        rho=Estimate(OWN, None, None, fitted=False),
        intercept=float(np.average(ratings.score, weights=ratings.weight)) if ratings.n else 3.0,
        sd_customer=0.6,
        sd_noise=1.0,
        volume=[0.0, 0.0],
        instruments=dict.fromkeys(ratings.ways, 0.0),
        scale=1.0,
        thresholds={},
        inherited_share=InheritedShare(None, None, None, None, None, "too_few"),
        validation=Validation({}, 0, [], {}, {}, {}, accepted=False, reasons=["too_few"]),
        notes=["unfitted"],
    )
