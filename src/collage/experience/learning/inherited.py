"""Is a rating about the last contact, or about what was there before? Source: model.md §1.11.5.

    y = Zγ + I·v + O·w      I: what was left of marks from before the contact, O: what its own marks add

Share: Var(I·w)/(Var(I·w) + Var((1+ρ)O·w)) at the fitted weights. Significance of I by permutation: whole histories are
swapped between customers who had about as many contacts in the year before (tenths), so that nothing but the tie
between a history and its ratings is broken; of O by swapping what contacts left between ratings in the same way.
Half-lives and kappa are the catalogue's in the test, so that no search for good ones can make chance look like memory;
in the share they are the fitted ones. In the test both blocks are taken less their customer's mean: it compares the
ratings of one and the same customer, and how kindly somebody rates by nature does not enter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.linalg import cho_factor, cho_solve, cholesky, solve_triangular
from scipy.optimize import nnls

from collage.experience.learning.design import Design, Point, per_evidence
from collage.experience.learning.grid import folded
from collage.experience.learning.histories import Borrowed, Histories
from collage.experience.learning.mixed import FEW_TWICE, clusters, moments
from collage.experience.learning.ratings import Kinds, Numbers, Ratings, Whole
from collage.experience.learning.weights import Reduced, reduced, solved
from collage.experience.model import InheritedShare, Verdict

__all__ = ["FEWEST", "Share", "enough_contacts", "inherited", "share_of", "swapped", "tenths"]

FEWEST: Final = 300  # usable ratings
_TIMES: Final = 999
_LEVEL: Final = 0.05
_KNOWN: Final = 0.8  # of ratings must have a known contact
_GROUPS: Final = 10
_MOST: Final = 20_000  # ratings that are enough for a test
_FOLDS: Final = 20  # of customers, for the interval of the share
_Z95: Final = 1.96
_TINY: Final = 1e-9
_ROUNDING: Final = 1e-9  # of the response's sum of squares: no gain


@dataclass(frozen=True, slots=True)
class Share:
    """How much of what touchpoints explain was inherited, 0 to 1, with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class _Blocks:
    """The columns of the working regression.

    What is free, what was there before, what the contact left, and the response.
    """

    free: Numbers
    before: Numbers
    own: Numbers
    response: Numbers


def inherited(  # noqa: PLR0913  # the regression and its constants; chance and progress are arguments here
    of: Design,
    histories: Histories,
    share: Share | None,
    *,
    kappa: float,
    ratio: float,
    rng: np.random.Generator,
    times: int = _TIMES,
    note: Callable[[], None] = lambda: None,
) -> InheritedShare:
    """Return whether ratings owe anything to what was before the contact.

    Parameters
    ----------
    of
        The regression with its working response; what is left is asked for at the catalogue's half-lives alone.
    histories
        The marks of the same customers.
    share
        As `share_of` gives it; None: there are too few ratings for it.
    kappa
        The catalogue's.
    ratio
        τ²/σ² of the working response.
    rng
        Draws customers (where there are more than 20,000 ratings) and swaps.
    times
        How often is swapped.
    note
        Called after each swap.
    """
    if share is None or not enough_contacts(of.ratings) or of.ratings.twice < FEW_TWICE:
        return InheritedShare(None, None, None, None, None, "too_few")
    of, histories = _enough(of, histories, rng)
    blocks = _blocks(of, Point(0, 0, kappa))
    chance = _Chance(rng, times, note)
    p_before = _p_before(of, histories, blocks, kappa, ratio, chance)
    p_own = _p_own(of, blocks, ratio, chance)
    verdict: Verdict = "inherited" if p_before < _LEVEL else "last_contact" if p_own < _LEVEL else "nothing"
    if verdict == "nothing":  # a share of nothing
        return InheritedShare(None, None, None, p_before, p_own, verdict)
    return InheritedShare(share.value, share.low, share.high, p_before, p_own, verdict)


def enough_contacts(ratings: Ratings) -> bool:
    """Return whether of enough ratings it is known which contact they rate: else all marks would seem to be before it.

    Parameters
    ----------
    ratings
        Usable ones.
    """
    return int((ratings.contact >= 0).sum()) >= max(FEWEST, int(_KNOWN * ratings.n))


def share_of(of: Design, point: Point, *, ratio: float) -> Share:
    """Return how much of what touchpoints explain was inherited, at a point of the grid.

    Parameters
    ----------
    of
        The regression with its working response.
    point
        Which multipliers of those remembered, and kappa.
    ratio
        τ²/σ² of the working response.

    Returns
    -------
    Share
        Its interval from leaving out a twentieth of the customers at a time (delete-a-group jackknife).
    """
    rows, free, p = of.rows(point), of.free, len(of.kinds.names)
    some = [moments(rows[part], clusters(of.ratings.some(part)), ratio) for part in folded(of, _FOLDS)]
    whole = np.sum(some, axis=0)
    blocks = _blocks(of, point)
    value, *without = (
        _share(reduced(each, free=free, marks=p), of, blocks) for each in (whole, *(whole - part for part in some))
    )
    found = np.array(without)
    se = float(np.sqrt((_FOLDS - 1) / _FOLDS * ((found - found.mean()) ** 2).sum()))
    return Share(value, max(0.0, value - _Z95 * se), min(1.0, value + _Z95 * se))


def _share(left: Reduced, of: Design, blocks: _Blocks) -> float:
    """Return Var(I·w)/(Var(I·w) + Var((1+ρ)O·w)) at the likeliest weights."""
    found = solved(left, of.kinds, own=None)
    parts = blocks.before @ found.weight, (1.0 + found.own) * (blocks.own @ found.weight)
    before, own = (float(np.cov(part, aweights=of.of.weight)) for part in parts)
    return before / (before + own) if before + own > 0.0 else 0.0


@dataclass(frozen=True, slots=True)
class _Chance:
    """How often is swapped, by whose chance, and who is told."""

    rng: np.random.Generator
    times: int
    note: Callable[[], None]


def _p_before(of: Design, histories: Histories, blocks: _Blocks, kappa: float, ratio: float, chance: _Chance) -> float:
    """Return the p-value of what was before the contact."""
    gain = _Gain(np.column_stack([blocks.free, blocks.own]), blocks.response, of, ratio)
    real, above = gain(blocks.before[gain.rows]), 0
    if real <= 0.0:
        return 1.0
    rest = (of.evidence(Point(0, 0, kappa)) - of.left.before[0].sum(axis=1))[gain.rows]
    tenth, lending = tenths(of.ratings)[of.ratings.begins], gain.rows[of.ratings.begins]
    borrowed = Borrowed(histories, of.ratings.some(gain.rows), of.kinds)
    for _ in range(chance.times):
        left, evidence = borrowed(swapped(tenth, chance.rng)[lending])
        above += gain(left * per_evidence(rest + evidence, kappa)[:, None]) >= real
        chance.note()
    return (1 + above) / (chance.times + 1)


def _p_own(of: Design, blocks: _Blocks, ratio: float, chance: _Chance) -> float:
    """Return the p-value of what the rated contact left."""
    parts = (of.kinds.weight > 0.0, of.kinds.weight < 0.0)
    before = np.column_stack([blocks.before[:, part] @ of.kinds.weight[part] for part in parts])
    gain = _Gain(np.column_stack([blocks.free, before]), blocks.response, of, ratio)
    tenth = tenths(of.ratings)
    real = gain(blocks.own[gain.rows])
    if real <= 0.0:
        return 1.0
    above = sum(gain(blocks.own[swapped(tenth, chance.rng)[gain.rows]]) >= real for _ in range(chance.times))
    return (1 + above) / (chance.times + 1)


class _Gain:
    """By how much a block of features betters the fit beyond what is there already; its signs are the catalogue's.

    The block counts less its customer's mean: what one customer has more of than another may go with how kindly they
    rate. So it is asked for at `rows` alone, those of customers who rated more than once.
    """

    def __init__(self, there: Numbers, response: Numbers, of: Design, ratio: float) -> None:
        rows, q = np.column_stack([there, response]), there.shape[1]
        counts = np.diff(np.append(of.of.begins, of.ratings.n))
        self.rows = np.repeat(counts > 1, counts)
        self._of, self._kinds, self._q = clusters(of.ratings.some(self.rows)), of.kinds, q
        self._weighed = (rows * of.of.weight[:, None])[self.rows]
        square = moments(rows, of.of, ratio)
        self._factor = cho_factor(square[:q, :q] + _ridge(square[:q, :q]))
        self._back, self._whole = cho_solve(self._factor, square[:q, q]), float(square[q, q])

    def __call__(self, block: Numbers) -> float:
        block, q = block - self._of.spread(self._of.means(block)), self._q
        # its own means, on which `moments` pulls, are nothing now
        inner = (block * self._of.weight[:, None]).T @ block
        cross = block.T @ self._weighed
        left = inner - cross[:, :q] @ cho_solve(self._factor, cross[:, :q].T)
        target = cross[:, q] - cross[:, :q] @ self._back
        trust = _trust(self._kinds)
        found = _drawn(left, target, trust, self._kinds.sign)
        gain = float(2.0 * target @ found - found @ left @ found - (trust * found**2).sum())
        return gain if gain > _ROUNDING * self._whole else 0.0


def _blocks(of: Design, point: Point) -> _Blocks:
    credit = of.kinds.weight > 0.0
    scale = per_evidence(of.evidence(point), point.kappa)[:, None]
    whole, own, since = (
        np.where(credit, part[point.credit], part[point.strike]) * scale
        for part in (of.left.whole, of.left.own, of.left.since)
    )
    free = np.column_stack([of.fixed, of.means(own), since @ of.kinds.weight])
    return _Blocks(free, whole - own - since, own, of.ratings.score)


def _enough(of: Design, histories: Histories, rng: np.random.Generator) -> tuple[Design, Histories]:
    """Return ratings of customers drawn at random, where there are more than a test needs."""
    counts = np.diff(np.append(of.ratings.begins, of.ratings.n))
    if of.ratings.n <= _MOST:
        return of, histories
    order = rng.permutation(counts.size)
    kept = np.zeros(counts.size, bool)
    kept[order[np.cumsum(counts[order]) <= _MOST]] = True
    return of.some(np.repeat(kept, counts)), histories.whose(kept)


def tenths(ratings: Ratings) -> Whole:
    """Return in which tenth each rating's customer lies by the contacts in the year before, on the average."""
    begins = ratings.begins
    counts = np.diff(np.append(begins, ratings.n))
    mean = np.add.reduceat(ratings.contacts_year, begins) / counts
    edges = np.quantile(mean, np.linspace(0.0, 1.0, _GROUPS + 1)[1:-1])
    found: Whole = np.repeat(np.searchsorted(edges, mean), counts)
    return found


def swapped(groups: Whole, rng: np.random.Generator) -> Whole:
    """Return places in a random order, but each within its group."""
    order = np.argsort(groups, kind="stable")
    drawn = np.lexsort((rng.random(groups.size), groups))
    found = np.empty(groups.size, np.int64)
    found[order] = drawn
    return found


def _drawn(square: Numbers, target: Numbers, trust: Numbers, sign: Numbers) -> Numbers:
    """Return coefficients of given signs, drawn to nothing."""
    factor = cholesky(square * np.outer(sign, sign) + np.diag(trust) + _ridge(square), lower=True)
    found, _ = nnls(factor.T, solve_triangular(factor, target * sign, lower=True), maxiter=100 * trust.size)
    drawn: Numbers = found * sign
    return drawn


def _trust(kinds: Kinds) -> Numbers:
    found: Numbers = (np.abs(kinds.weight) + 0.05) ** -2
    return found


def _ridge(square: Numbers) -> Numbers:
    """Return what keeps columns that are all zero, or sums of others, from breaking a factor."""
    found: Numbers = _TINY * max(float(np.trace(square)) / max(square.shape[0], 1), 1e-12) * np.eye(square.shape[0])
    return found
