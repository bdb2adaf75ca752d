"""The ordered probit: P(Y ≤ j) = Φ(τ_j - o - x'β), with cuts τ of each instrument.

Maximum likelihood by Newton's method; the log-likelihood is concave (Pratt, JASA 76 (1981) 103–106). Half a rating in
each category, where the ratings lie on average, keeps the cuts of empty categories finite.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import ndtr, ndtri

from collage.experience.learning.ratings import Numbers, Ratings, Whole

__all__ = ["Answers", "Fitted", "answers_of", "fitted", "log_loss", "probabilities", "slope", "up_to", "working"]

_STEPS: Final = 60
_NEAR: Final = 1e-9
_LEAST: Final = 1e-300
_HALF: Final = 0.5
_ROOT: Final = float(np.sqrt(2.0 * np.pi))


@dataclass(frozen=True, slots=True)
class Answers:
    """What was answered: the place of each score and its instrument, how many scores each has, the weight of each."""

    category: Whole
    instrument: Whole
    categories: tuple[int, ...]
    weight: Numbers

    @property
    def begins(self) -> Whole:
        """Return where the cuts of each instrument begin among all cuts; last, how many there are."""
        return np.concatenate([[0], np.cumsum(np.array(self.categories) - 1)]).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Fitted:
    """Cuts of all instruments, one after the other, coefficients β, `log_likelihood` without the half ratings."""

    cuts: Numbers
    beta: Numbers
    log_likelihood: float


def answers_of(ratings: Ratings) -> Answers:
    """Return what was answered in these ratings."""
    return Answers(ratings.category, ratings.instrument, ratings.categories, ratings.weight)


def fitted(of: Answers, columns: Numbers, offset: Numbers, *, start: Fitted | None = None) -> Fitted:
    """Return the likeliest cuts and coefficients.

    Parameters
    ----------
    of
        The answers.
    columns
        x, a row for each answer; no column may be constant.
    offset
        o.
    start
        Where to begin.
    """
    cuts, beta = (_first(of, offset), np.zeros(columns.shape[1])) if start is None else (start.cuts, start.beta)
    reached = _whole(of, columns, offset, cuts, beta)
    for _ in range(_STEPS):
        gradient, square = _slopes(of, columns, offset, cuts, beta)
        step = np.linalg.solve(square + 1e-10 * np.eye(square.shape[0]), gradient)
        size = 1.0
        while size > _NEAR:
            moved = cuts + size * step[: cuts.size], beta + size * step[cuts.size :]
            ahead = _whole(of, columns, offset, *moved)
            if ahead >= reached:
                break
            size /= 2.0
        if size <= _NEAR or ahead - reached < _NEAR * max(abs(reached), 1.0):
            cuts, beta = moved if size > _NEAR else (cuts, beta)
            break
        cuts, beta, reached = *moved, ahead
    chance = probabilities(of, cuts, offset + columns @ beta)
    return Fitted(cuts, beta, float((of.weight * np.log(np.maximum(chance, _LEAST))).sum()))


def probabilities(of: Answers, cuts: Numbers, eta: Numbers) -> Numbers:
    """Return the probability of each answer."""
    found: Numbers = ndtr(_edge(of, cuts, eta, 1)) - ndtr(_edge(of, cuts, eta, 0))
    return found


def up_to(of: Answers, cuts: Numbers, eta: Numbers, *, score: float, below: bool = False) -> Numbers:
    """Return the probability of an answer up to a score on the scale from 1 to 5, or of one below it."""
    last = np.array(of.categories) - 1
    place = np.floor((score - 1.0) / 4.0 * last + 0.5).astype(np.int64)[of.instrument] - int(below)
    at = Answers(place, of.instrument, of.categories, of.weight)
    found: Numbers = ndtr(_edge(at, cuts, eta, 1))
    return found


def log_loss(of: Answers, cuts: Numbers, eta: Numbers) -> Numbers:
    """Return -log P of each answer."""
    found: Numbers = -np.log(np.maximum(probabilities(of, cuts, eta), 1e-12))
    return found


def working(of: Answers, cuts: Numbers, eta: Numbers) -> tuple[Numbers, Numbers]:
    """Return the working response of each answer and its weight: the log-likelihood's quadratic about `eta`.

    z = η + s/I, s the score and I the expected information of an answer at η (Fisher scoring; with a random intercept
    this is penalised quasi-likelihood: Breslow and Clayton, JASA 88 (1993) 9–25).
    """
    low, high = _edge(of, cuts, eta, 0), _edge(of, cuts, eta, 1)
    score = (_density(low) - _density(high)) / np.maximum(ndtr(high) - ndtr(low), 1e-12)
    information = np.zeros_like(eta)
    most = max(of.categories)
    for place in range(most):
        at = Answers(np.full_like(of.category, place), of.instrument, of.categories, of.weight)
        there = place < np.array(of.categories)[of.instrument]
        one, other = _edge(at, cuts, eta, 0), _edge(at, cuts, eta, 1)
        part = (_density(one) - _density(other)) ** 2 / np.maximum(ndtr(other) - ndtr(one), 1e-12)
        information += np.where(there, part, 0.0)
    return eta + score / information, of.weight * information


def slope(of: Answers, cuts: Numbers, eta: Numbers, *, width: Sequence[float]) -> Numbers:
    """Return by how much each expected score rises with η; `width` is a step of the score by instrument."""
    found = np.zeros_like(eta)
    counts = np.array(of.categories)
    for place in range(max(of.categories) - 1):
        at = Answers(np.full_like(of.category, place), of.instrument, of.categories, of.weight)
        there = place < counts[of.instrument] - 1
        found += np.where(there, _density(_edge(at, cuts, eta, 1)), 0.0)
    risen: Numbers = found * np.array(width)[of.instrument]
    return risen


def _first(of: Answers, offset: Numbers) -> Numbers:
    """Return the cuts that the shares of the scores give."""
    found = []
    for number, count in enumerate(of.categories):
        mine = of.instrument == number
        shares = np.bincount(of.category[mine], of.weight[mine], count) + _HALF
        middle = float(np.average(offset[mine], weights=of.weight[mine])) if mine.any() else 0.0
        found.append(ndtri(np.cumsum(shares)[:-1] / shares.sum()) + middle)
    return np.concatenate(found)


def _pseudo(of: Answers, offset: Numbers) -> tuple[Answers, Numbers]:
    """Return half a rating in each category, and where it lies."""
    counts = np.array(of.categories)
    instrument = np.repeat(np.arange(counts.size), counts)
    category = np.concatenate([np.arange(count) for count in counts])
    half = Answers(category, instrument, of.categories, np.full(category.size, _HALF))
    return half, np.full(category.size, float(np.average(offset, weights=of.weight)) if offset.size else 0.0)


def _whole(of: Answers, columns: Numbers, offset: Numbers, cuts: Numbers, beta: Numbers) -> float:
    """Return the log-likelihood with half a rating in each category; -inf where cuts are not in order."""
    if any(np.any(np.diff(part) <= 0.0) for part in np.split(cuts, of.begins[1:-1])):
        return -np.inf
    eta = offset + columns @ beta
    half, middle = _pseudo(of, eta)
    parts = ((of, eta), (half, middle))
    return float(
        sum((each.weight * np.log(np.maximum(probabilities(each, cuts, at), _LEAST))).sum() for each, at in parts)
    )


def _slopes(of: Answers, columns: Numbers, offset: Numbers, cuts: Numbers, beta: Numbers) -> tuple[Numbers, Numbers]:
    """Return the gradient and minus the second derivatives at cuts and coefficients."""
    eta = offset + columns @ beta
    half, middle = _pseudo(of, eta)
    mean = np.average(columns, axis=0, weights=of.weight) if columns.size else np.zeros(columns.shape[1])
    gradient, square = _part(of, columns, cuts, eta)
    more = _part(half, np.repeat(mean[None, :], half.category.size, axis=0), cuts, middle)
    return gradient + more[0], square + more[1]


def _part(of: Answers, columns: Numbers, cuts: Numbers, eta: Numbers) -> tuple[Numbers, Numbers]:
    low, high = _edge(of, cuts, eta, 0), _edge(of, cuts, eta, 1)
    chance = np.maximum(ndtr(high) - ndtr(low), 1e-14)
    up, down = _density(high) / chance, _density(low) / chance
    bent_up = up * np.where(np.isfinite(high), high, 0.0) + up**2
    bent_down = down**2 - down * np.where(np.isfinite(low), low, 0.0)
    size, n = cuts.size + columns.shape[1], of.category.size
    above, below = np.zeros((n, size)), np.zeros((n, size))
    place = of.begins[of.instrument] + of.category
    rows = np.arange(n)
    inner = of.category < np.array(of.categories)[of.instrument] - 1
    above[rows[inner], place[inner]] = 1.0
    below[rows[of.category > 0], place[of.category > 0] - 1] = 1.0
    above[:, cuts.size :] = below[:, cuts.size :] = -columns
    weight = of.weight[:, None]
    gradient = (of.weight * up) @ above - (of.weight * down) @ below
    cross = (weight * (up * down)[:, None] * above).T @ below
    square = (weight * bent_up[:, None] * above).T @ above + (weight * bent_down[:, None] * below).T @ below
    return gradient, square - cross - cross.T


def _edge(of: Answers, cuts: Numbers, eta: Numbers, side: int) -> Numbers:
    """Return τ - η on the lower (0) or upper (1) side of each answer; infinite at the ends."""
    place = of.category - 1 + side
    last = np.array(of.categories)[of.instrument] - 1
    inside = (place >= 0) & (place < last)
    at = cuts[np.where(inside, of.begins[of.instrument] + place, 0)]
    found: Numbers = np.where(inside, at - eta, np.where(place < 0, -np.inf, np.inf))
    return found


def _density(at: Numbers) -> Numbers:
    found: Numbers = np.exp(-0.5 * at * at) / _ROOT
    return found
