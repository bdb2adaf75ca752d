"""What is found out about who does not answer, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Adjusted", "Estimate", "Late", "NonResponse", "Raw", "Responding", "Tipped"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its 95 % interval; the interval is None where answers that are all alike tell of none."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Responding:
    """How many of a kind (`kind`: channel, say; `value`: email) were invited, responded, and their share (Wilson)."""

    kind: str
    value: str
    invited: int
    responded: int
    share: Estimate


@dataclass(frozen=True, slots=True)
class Tipped:
    """What mean and share of high scores are when all the silent score `shift` points other than expected of them."""

    shift: float
    mean: Estimate
    high: Estimate


@dataclass(frozen=True, slots=True)
class Late:
    """Who answered only after a reminder (`n_after`) beside those who needed none (`n_before`).

    `difference` is the mean of the late less that of the others; `unexpected` the same of score less expected score:
    what of it experience and the rest do not tell.
    """

    n_before: int
    n_after: int
    difference: Estimate
    unexpected: Estimate


@dataclass(frozen=True, slots=True)
class Adjusted:
    """What mean and share of high scores of all who were invited likely are.

    `known` names what is known of everybody and was used; `effective` is Kish's number of the weighted answers, `cut`
    how many weights were cut. `tipping` has a row for each of `SHIFTS`; none where all answers are one score.
    """

    mean: Estimate
    high: Estimate
    known: tuple[str, ...]
    effective: float
    cut: int
    tipping: tuple[Tipped, ...]


@dataclass(frozen=True, slots=True)
class Raw:
    """Mean and share of high scores of those who responded, clustered by customer.

    `mean_bounds` and `high_bounds` are what nobody can dispute of everybody: the figures if all the silent gave the
    lowest score, and if all gave the highest.
    """

    mean: Estimate
    high: Estimate
    mean_bounds: tuple[float, float]
    high_bounds: tuple[float, float]


@dataclass(frozen=True, slots=True)
class NonResponse:
    """Who does not answer one question, and what that does to its figures.

    `verdict` is adjusted, or too few: fewer than `FEWEST_INVITED` invited or `FEWEST_RESPONDED` responding; then
    `adjusted` and `late` are None. `response` is the share who responded (Wilson; None where nobody was invited),
    `responding` the same by kind. `high_from` is the lowest of the high scores; it and `scale` are None where nobody
    responded, `raw` below ten who did, `late` where fewer than ten answered before, or after, a reminder.
    """

    verdict: Literal["adjusted", "too few"]
    n_invited: int
    n_responded: int
    n_customers: int
    response: Estimate | None
    responding: tuple[Responding, ...]
    scale: tuple[float, float] | None
    high_from: float | None
    raw: Raw | None
    adjusted: Adjusted | None
    late: Late | None
