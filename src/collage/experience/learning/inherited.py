"""Is a rating about the last contact, or about what was there before? Source: model.md §1.11.5.

    y = Zγ + I·v + O·w      I: what was left of marks from before the contact, O: what its own marks add

Significance of I by permutation: whole histories are swapped between customers who had about as many contacts in the
year before (tenths), so that nothing but the tie between a history and its ratings is broken; of O by swapping what
contacts left between ratings in the same way. Half-lives and kappa are the catalogue's, so that no search for good ones
can make chance look like memory, and the working response is that of a fit in which what is asked for has no part.
Both blocks are taken less their customer's mean: ratings of one and the same customer are compared, and how kindly
somebody rates by nature does not enter. What counts is by how much a block betters the fit for each degree of freedom:
a history that is the customer's own varies more than a borrowed one, and would gain more by that alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy.linalg import cho_factor, cho_solve, cholesky, solve_triangular
from scipy.optimize import nnls

from collage.experience.learning.design import Design, Point, design, per_evidence
from collage.experience.learning.histories import Borrowed, Histories
from collage.experience.learning.linear import linear
from collage.experience.learning.mixed import FEW_TWICE, clusters, moments
from collage.experience.learning.ratings import Kinds, Numbers, Ratings, Remembered, Whole
from collage.experience.learning.share import Blocks, Share, blocks
from collage.experience.learning.weights import OWN
from collage.experience.model import InheritedShare, Verdict

__all__ = ["FEWEST", "enough_contacts", "inherited", "swapped", "tenths"]

FEWEST: Final = 300  # usable ratings
_TIMES: Final = 999
_LEVEL: Final = 0.05
_KNOWN: Final = 0.8  # of ratings must have a known contact
_GROUPS: Final = 10
_MOST: Final = 20_000  # ratings that are enough for a test
_TINY: Final = 1e-9
_ROUNDING: Final = 1e-9  # of the response's sum of squares: no gain


def inherited(
    of: Design,
    histories: Histories,
    share: Share | None,
    *,
    kappa: float,
    rng: np.random.Generator,
    times: int = _TIMES,
    note: Callable[[], None] = lambda: None,
) -> InheritedShare:
    """Return whether ratings owe anything to what was before the contact.

    Parameters
    ----------
    of
        The regression of the scores themselves; what is left is asked for at the catalogue's half-lives alone.
    histories
        The marks of the same customers.
    share
        As `share_of` gives it; None: there are too few ratings for it.
    kappa
        The catalogue's.
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
    at, chance, left = Point(0, 0, kappa), _Chance(rng, times, note), of.left
    p_before = _p_before(_about(of, replace(left, whole=left.own + left.since), at), histories, at, chance)
    p_own = _p_own(_about(of, replace(left, whole=left.whole - left.own, own=np.zeros_like(left.own)), at), chance)
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


@dataclass(frozen=True, slots=True)
class _Chance:
    """How often is swapped, by whose chance, and who is told."""

    rng: np.random.Generator
    times: int
    note: Callable[[], None]


@dataclass(frozen=True, slots=True)
class _About:
    """The regression about a fit in which what is asked for has no part, its columns, and τ²/σ² of its response."""

    of: Design
    columns: Blocks
    ratio: float


def _about(of: Design, without: Remembered, at: Point) -> _About:
    found = linear(design(of.ratings, of.kinds, without), at, own=OWN)
    working = design(found.design.ratings, of.kinds, of.left)
    return _About(working, blocks(working, at), found.spread.ratio)


def _p_before(about: _About, histories: Histories, at: Point, chance: _Chance) -> float:
    """Return the p-value of what was before the contact."""
    of, columns = about.of, about.columns
    gain = _Gain(np.column_stack([columns.free, columns.own]), columns.response, of, about.ratio)
    real, above = gain(columns.before[gain.rows]), 0
    if real <= 0.0:
        return 1.0
    rest = (of.evidence(at) - of.left.before[0].sum(axis=1))[gain.rows]
    tenth, lending = tenths(of.ratings)[of.ratings.begins], gain.rows[of.ratings.begins]
    borrowed = Borrowed(histories, of.ratings.some(gain.rows), of.kinds)
    for _ in range(chance.times):
        left, evidence = borrowed(swapped(tenth, chance.rng)[lending])
        above += gain(left * per_evidence(rest + evidence, at.kappa)[:, None]) >= real
        chance.note()
    return (1 + above) / (chance.times + 1)


def _p_own(about: _About, chance: _Chance) -> float:
    """Return the p-value of what the rated contact left."""
    of, columns = about.of, about.columns
    parts = (of.kinds.weight > 0.0, of.kinds.weight < 0.0)
    before = np.column_stack([columns.before[:, part] @ of.kinds.weight[part] for part in parts])
    gain = _Gain(np.column_stack([columns.free, before]), columns.response, of, about.ratio)
    tenth = tenths(of.ratings)
    real = gain(columns.own[gain.rows])
    if real <= 0.0:
        return 1.0
    above = sum(gain(columns.own[swapped(tenth, chance.rng)[gain.rows]]) >= real for _ in range(chance.times))
    return (1 + above) / (chance.times + 1)


class _Gain:
    """By how much a block of features betters the fit beyond what is there already, for each degree of freedom.

    Its signs are the catalogue's. Its degrees of freedom are those it has under the ridge, tr(S(S+T)⁻¹): what a block
    of pure chance gains goes with them.

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
        if gain <= _ROUNDING * self._whole:
            return 0.0
        free = trust.size - float((np.diag(np.linalg.inv(left + np.diag(trust))) * trust).sum())
        return gain / free


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
