"""One replicate: ratings drawn from a world, a fit to some of them, its worth on customers it has not seen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np
from scipy.stats import rankdata
from threadpoolctl import threadpool_limits

from collage.experience.learning import ordinal
from collage.experience.learning.design import Design, Point, design
from collage.experience.learning.grid import MULTIPLIERS
from collage.experience.learning.histories import recalled
from collage.experience.learning.inherited import inherited
from collage.experience.learning.mixed import clusters, moments, variance
from collage.experience.learning.naive import naive
from collage.experience.learning.ratings import Flags, Kinds, Numbers
from collage.experience.learning.rivals import foretold
from collage.experience.learning.search import ONE, Found, found, solved_at
from collage.experience.learning.share import Share, share_of
from collage.experience.learning.validation import readings
from collage.experience.learning.weights import Solved, reduced, solved
from tests.acceptance.worlds import ONE_CLASS_DAYS, Drawn

__all__ = ["KAPPA", "Figures", "Replicate", "auc", "cold", "fitted", "pooled", "squared", "tested", "told", "unseen"]

Figures: TypeAlias = dict[str, float]

KAPPA: Final = 8.0  # the catalogue's
_UNHAPPY, _HAPPY = 2.0, 4.0
_TENTHS: Final = 10
_OFF: Final = 1.4  # by what factor the weights of a cold start are wrong
_LARGE: Final = 0.2
_ROUNDS: Final = 3


@dataclass(frozen=True)
class Replicate:
    """A fit to the ratings that were `seen`, what its weights are for every kind, and the regression at its half-lives.

    `raw` and `at` hold all ratings, unseen ones too: `raw` at all multipliers of the grid, `at` at those found.
    """

    drawn: Drawn
    seen: Flags
    kept: Flags
    found: Found
    weights: Solved
    every_weight: Numbers
    raw: Design
    at: Design
    here: Design

    @property
    def point(self) -> Point:
        """Return the half-lives and kappa found, in `at` and `here`."""
        return Point(0, 1, self.found.kappa.value)

    @property
    def reading(self) -> Numbers:
        """Return what the fit makes of the marks before each rating."""
        a, o = self.at.features(self.point)
        read: Numbers = (a + self.weights.own * o) @ self.every_weight
        return read


def fitted(of: Drawn, *, n: int, rng: np.random.Generator, kappa: float | None = None) -> Replicate:
    """Return a fit to `n` of the ratings; `kappa` is held where it is given, with the half-lives."""
    with threadpool_limits(1):
        seen = of.first(n, rng)
        left = recalled(of.histories, of.ratings, of.kinds, MULTIPLIERS)
        raw = design(of.ratings, of.kinds, left)
        some = left.some(seen)
        kept = some.whole[ONE].any(axis=0) | some.whole[-1].any(axis=0)
        here = design(of.ratings.some(seen), of.kinds.some(kept), some.of_kinds(kept))
        search = kappa is None
        made = found(here, kappa=KAPPA if kappa is None else kappa, search=search)
        exact = recalled(of.histories, of.ratings, of.kinds, (made.credit.value, made.strike.value))
        weights, _, at_seen = solved_at(made, exact.some(seen).of_kinds(kept), search=search)
        # marks that no rated customer had move with the others
        every = weights.multiplier * of.kinds.weight
        every[kept] = weights.weight
        return Replicate(of, seen, kept, made, weights, every, raw, design(of.ratings, of.kinds, exact), at_seen)


def told(of: Replicate) -> Figures:
    """Return what a fit says, and what is true."""
    made, truth, drawn = of.found, of.drawn.weight[of.kept], of.drawn
    with threadpool_limits(1):
        share = share_of(of.here, of.point, ratio=made.linear.spread.ratio)
    credit, got = truth > 0.0, of.weights.weight
    bounds = {
        f"{name}_{side}": scale * (getattr(axis, side) or np.nan)
        for name, axis, scale in (
            ("credit", made.credit, ONE_CLASS_DAYS),
            ("strike", made.strike, ONE_CLASS_DAYS),
            ("kappa", made.kappa, 1.0),
        )
        for side in ("value", "low", "high")
    }
    return {
        "n": float(of.seen.sum()),
        **bounds,
        "own": of.weights.own,
        "trust": made.linear.trust,
        "points": made.linear.points,
        "weights_corr": float(np.corrcoef(got, truth)[0, 1]),
        "weights_corr_shipped": float(np.corrcoef(of.here.kinds.weight, truth)[0, 1]),
        "weights_wrong_sign": float((got * truth < 0.0).sum()),
        "weights_at_zero": float((got == 0.0).mean()),
        "credits_ratio": float(got[credit].sum() / truth[credit].sum()),
        "strikes_ratio": float(got[~credit].sum() / truth[~credit].sum()),
        "share": share.value,
        "share_low": share.low,
        "share_high": share.high,
        "share_true": drawn.share,
    }


def unseen(of: Replicate) -> Figures:
    """Return how well the fit, the truth and the rivals foretell ratings of customers not fitted to."""
    drawn, out = of.drawn, ~of.seen
    with threadpool_limits(1):
        plain = naive(drawn.histories, drawn.ratings, drawn.kinds)
        others = readings(of.raw, plain, of.seen, kappa=KAPPA, ratio=of.found.linear.spread.ratio)
        read = {"model": of.reading, "oracle": drawn.reading, "last": others["last_contact"]}
        read |= {name: others[name] for name in ("plain_average", "undecayed_sum", "fixed_half_life", "default")}
        score = drawn.ratings.score[out]
        figures = {"n_unseen": float(out.sum())}
        for name, each in read.items():
            figures[f"r2_{name}"] = squared(score, each[out])
            figures[f"auc_{name}"] = auc(score <= _UNHAPPY, -each[out])
        before = _before(of)[out]
        true = drawn.inherited[out]
        figures["inherited_corr"] = float(np.corrcoef(before, true)[0, 1]) if true.std() > 0.0 else np.nan
        return {**figures, **_calibration(of)}


def tested(of: Drawn, *, n: int, times: int, rng: np.random.Generator) -> Figures:
    """Return what the permutation test says of what was before the contact, at the catalogue's half-lives."""
    seen = of.first(n, rng)
    left = recalled(of.histories, of.ratings, of.kinds, (1.0,)).some(seen)
    kept = left.whole[0].any(axis=0)
    histories = of.histories.whose(seen[of.ratings.begins]).some(kept)
    with threadpool_limits(1):
        at = design(of.ratings.some(seen), of.kinds.some(kept), left.of_kinds(kept))
        said = inherited(at, histories, Share(0.0, 0.0, 0.0), kappa=KAPPA, rng=rng, times=times)
    return {"p": float(said.p or np.nan), "p_own": float(said.p_own or np.nan)}


def pooled(of: Replicate) -> Figures:
    """Return the mean weights, as a ratio to the true ones, of fits that leave out who contacts how often.

    ``pooled`` has no level of the customer either, ``random`` has one, but nothing that lets it go with the contacts.
    """
    working = of.found.linear.design
    at = design(working.ratings, working.kinds, of.here.left)
    a, o = at.features(of.point)
    fixed = at.fixed[:, :-4]
    rows = np.column_stack([fixed, a, o, at.ratings.score])
    figures, truth = {}, of.drawn.weight[of.kept]
    with threadpool_limits(1):
        for name, rounds in (("pooled", 1), ("random", _ROUNDS)):
            ratio = 0.0
            for _ in range(rounds):
                square = reduced(moments(rows, at.of, ratio), free=fixed.shape[1], marks=len(at.kinds.names))
                got = solved(square, at.kinds, own=None)
                rest = rows[:, -1] - rows[:, :-1] @ np.concatenate([got.free, got.weight, got.own * got.weight])
                ratio = variance(rest, clusters(at.ratings), parameters=rows.shape[1], noise=1.0).ratio
            for sign, which in (("credits", truth > 0.0), ("strikes", truth < 0.0)):
                figures[f"{name}_{sign}_ratio"] = float(got.weight[which].sum() / truth[which].sum())
    return figures


def cold(of: Drawn, shipped: Kinds, *, rng: np.random.Generator) -> Figures:
    """Return what a catalogue is worth to which no rating was ever shown.

    Its weights are wrong by a random factor, and its half-lives are wrong: those of the shipped classes (``shipped``),
    or one of 60 days for all (``one``). ``unit`` has +.3 for every credit and -.6 for every strike, ``large`` only for
    those whose shipped weight is .2 or more.
    """
    factor = np.exp(rng.normal(0.0, np.log(_OFF), of.kinds.weight.size))
    off, signs = of.kinds.weight * factor, np.where(of.kinds.weight > 0.0, 0.3, -0.6)
    low, figures = of.ratings.score <= _UNHAPPY, {"n": float(of.ratings.n)}
    lift = auc(low, -of.reading) - 0.5
    figures["auc_oracle"] = lift + 0.5
    large = np.where(np.abs(of.kinds.weight) >= _LARGE, signs, 0.0)
    ways = (("shipped", shipped, off), ("one", of.kinds, off), ("unit", shipped, signs), ("large", shipped, large))
    for name, kinds, weight in ways:
        with threadpool_limits(1):
            at = design(of.ratings, kinds, recalled(of.histories, of.ratings, kinds, (1.0,)))
            a, o = at.features(Point(0, 0, KAPPA))
            figures[f"spearman_{name}"] = float(np.corrcoef(rankdata(a @ weight), rankdata(of.experience))[0, 1])
            figures[f"lift_{name}"] = (auc(low, -((a + o) @ weight)) - 0.5) / lift
    return figures


def squared(score: Numbers, reading: Numbers) -> float:
    """Return the share of the variance of scores that a reading explains; 0 where it says the same of all."""
    return float(np.corrcoef(score, reading)[0, 1] ** 2) if reading.std() > 0.0 else 0.0


def auc(hit: Flags, reading: Numbers) -> float:
    """Return the chance that a hit reads higher than a miss, ties counted half."""
    n = int(hit.sum())
    if n in {0, hit.size}:
        return float("nan")
    return float((rankdata(reading)[hit].sum() - n * (n + 1) / 2) / (n * (hit.size - n)))


def _before(of: Replicate) -> Numbers:
    """Return what the fit makes of what was there before the contact."""
    a, o = of.at.features(of.point)
    left = of.at.left
    _, since = replace(of.at, left=replace(left, own=left.since)).features(of.point)
    read: Numbers = (a - o - since) @ of.every_weight
    return read


def _calibration(of: Replicate) -> Figures:
    """Return slope and largest gap of a tenth between what is foretold of customers not fitted to and what comes."""
    ratings, out = of.drawn.ratings, ~of.seen
    said = foretold(ratings, of.reading, of.seen, known=False)
    answers = ordinal.answers_of(ratings)
    figures = {}
    for name, score, below in (("unhappy", _UNHAPPY, False), ("happy", _HAPPY, True)):
        share = ordinal.up_to(answers, said.fitted.cuts, said.eta, score=score, below=below)[out]
        came = (ratings.score[out] < score if below else ratings.score[out] <= score).astype(np.float64)
        figures[f"slope_{name}"] = float(np.polyfit(share, came, 1)[0])
        tenths = np.array_split(np.argsort(share, kind="stable"), _TENTHS)
        figures[f"gap_{name}"] = max(abs(float(share[each].mean() - came[each].mean())) for each in tenths)
    return figures
