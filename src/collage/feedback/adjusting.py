"""From those who responded to all who were invited.

    μ̂ = (1/N)·Σ m̂(S) + (1/N)·Σ R·ω·(y - m̂(S))        ω = min(1/π̂(S), 10·their median)

over all N who were invited: S is what is known of everybody, R whether they responded, π̂ the chance of that (logistic),
m̂ the expected score (linear; logistic for high scores). It is right when either of the two models is (Robins, Rotnitzky
and Zhao, JASA 89 (1994) 846–866). Intervals are those of the mean of the terms of the sum, clustered by customer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import expit, stdtrit

from collage.feedback.columns import Flags, Invited, Numbers, Whole, known
from collage.feedback.findings import Adjusted, Estimate, Tipped
from collage.feedback.regression import linear, logistic
from collage.feedback.tipping import moved

__all__ = ["SHIFTS", "adjusted", "clustered", "expected"]

SHIFTS: Final = (-0.5, -0.4, -0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3, 0.4, 0.5)

_STEPS_OF_SHIFTS: Final = 4.0  # they are points of a scale from 1 to 5
_HEAVIEST: Final = 10.0
_SURE: Final = 0.975
_NOTHING: Final = 1e-12


@dataclass(frozen=True, slots=True)
class _Weighed:
    """Columns S of everybody, and ω of everybody (only those of responders are used)."""

    columns: Numbers
    weight: Numbers


def adjusted(of: Invited, *, high_from: float) -> Adjusted:
    """Return what mean and share of high scores likely are over all who were invited.

    Parameters
    ----------
    of
        The invitations, enough of them.
    high_from
        The lowest of the high scores.
    """
    names, columns = known(of)
    weight, cut = _weights(columns, of.responded)
    weighed, given = _Weighed(columns, weight), weight[of.responded]
    mean = _estimated(of, weighed, of.score, expected(of, columns), *of.ends)
    high = of.score >= high_from
    share = _estimated(of, weighed, high.astype(np.float64), _chance(columns, of.responded, high), 0.0, 1.0)
    effective = float(given.sum() ** 2 / (given**2).sum())
    return Adjusted(mean, share, names, effective, cut, _tipping(of, given, mean, share, high_from=high_from))


def expected(of: Invited, columns: Numbers) -> Numbers:
    """Return the score expected of everybody, within the scale: a linear regression among those who responded.

    Parameters
    ----------
    of
        The invitations.
    columns
        As `columns.known` gives them.
    """
    found: Numbers = columns @ linear(columns[of.responded], of.score[of.responded])
    return np.clip(found, *of.ends)


def clustered(terms: Numbers, customer: Whole, *, value: float, low: float, high: float) -> Estimate:
    """Return a value with its interval by Student: ± t·√(C/(C - 1)·Σ_c(Σ terms of customer c)²), t at C - 1.

    Parameters
    ----------
    terms
        Influence of each answer on the value: they add up to 0.
    customer
        Whose each is.
    value
        The estimate.
    low, high
        The interval ends there.
    """
    _, place = np.unique(customer, return_inverse=True)
    sums = np.bincount(place, terms)
    count = sums.size
    spread = float(np.sqrt((sums**2).sum() * count / max(count - 1, 1)))
    if count < 2 or spread <= _NOTHING:  # noqa: PLR2004  # one differs from nobody
        return Estimate(value, None, None)
    reach = float(stdtrit(count - 1, _SURE)) * spread
    return Estimate(value, max(value - reach, low), min(value + reach, high))


def _weights(columns: Numbers, responded: Flags) -> tuple[Numbers, int]:
    """Return ω of everybody, and how many of those who responded had theirs cut."""
    if responded.all():
        return np.ones(responded.size), 0
    whole = 1.0 / expit(columns @ logistic(columns, responded))
    most = _HEAVIEST * float(np.median(whole[responded]))
    return np.minimum(whole, most), int((whole[responded] > most).sum())


def _chance(columns: Numbers, responded: Flags, high: Flags) -> Numbers:
    """Return the chance of everybody to give a high score."""
    among = high[responded]
    if among.all() or not among.any():
        return np.full(responded.size, float(among.all()))
    found: Numbers = expit(columns @ logistic(columns[responded], among))
    return found


def _estimated(of: Invited, weighed: _Weighed, y: Numbers, expected_y: Numbers, low: float, high: float) -> Estimate:
    residual = np.where(of.responded, weighed.weight * (y - expected_y), 0.0)
    value = float(expected_y.mean() + residual.mean())
    # residuals of a regression are smaller than those of new answers would be
    answers, parameters = int(of.responded.sum()), weighed.columns.shape[1]
    wider = np.sqrt(answers / (answers - parameters)) if answers > parameters else 1.0
    terms = (expected_y - expected_y.mean() + wider * (residual - residual.mean())) / of.n
    return clustered(terms, of.customer, value=min(max(value, low), high), low=low, high=high)


def _tipping(of: Invited, weight: Numbers, mean: Estimate, share: Estimate, *, high_from: float) -> tuple[Tipped, ...]:
    """Return the figures, should the silent differ from what is expected of them."""
    score, silent = of.score[of.responded], 1.0 - float(of.responded.mean())
    if np.unique(score).size == 1:
        return ()
    (low, high), rows = of.ends, []
    for shift in SHIFTS:
        points = shift * (high - low) / _STEPS_OF_SHIFTS
        # the silent as those who responded stand for them: odds of silence, ω - 1
        by = moved(score, weight - 1.0, high_from=high_from, by=points) if silent else None
        gained, more = (0.0, 0.0) if by is None else (silent * by.mean, silent * by.high)
        rows.append(Tipped(points, _shifted(mean, gained, low, high), _shifted(share, more, 0.0, 1.0)))
    return tuple(rows)


def _shifted(of: Estimate, by: float, low: float, high: float) -> Estimate:
    ends = (None if end is None else min(max(end + by, low), high) for end in (of.low, of.high))
    return Estimate(min(max(of.value + by, low), high), *ends)
