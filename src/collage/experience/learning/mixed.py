"""A random intercept for each customer, by generalised least squares.

    y = Xβ + u_c + ε      u ~ N(0, τ²)      ε ~ N(0, σ²/ω)

Everything a fit needs of the rows are the moments X'V⁻¹X·σ² = Σ ω x x' - Σ_c t_c S_c x̄_c x̄_c', S_c = Σ ω of a customer,
t_c = λS_c/(1 + λS_c), λ = τ²/σ², x̄ the weighted mean of the customer's rows. Laird and Ware, Biometrics 38 (1982)
963–974. That the customer's own level may go with how often they come is met by the means of the features and the
number of contacts among X (Mundlak, Econometrica 46 (1978) 69–85).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.sparse import csr_array

from collage.experience.learning.ratings import Numbers, Ratings, Whole

__all__ = ["FEW_TWICE", "Clusters", "Variance", "clusters", "effects", "grouped", "levels", "moments", "variance"]

# below this share of customers with two ratings, τ cannot be told from σ: all is taken for noise (model.md §1.10)
FEW_TWICE: Final = 0.2
_LEAST, _MOST, _AT_BOUND = 1e-6, 25.0, 0.1


@dataclass(frozen=True, slots=True)
class Clusters:
    """Which rows are one customer's: where each begins, the weight of each row, and the sum of weights by customer.

    `of_each` takes rows to the weighted means of their customers.
    """

    begins: Whole
    weight: Numbers
    size: Numbers
    twice: float
    of_each: csr_array

    def means(self, rows: Numbers) -> Numbers:
        """Return the weighted mean of each customer's rows."""
        found: Numbers = self.of_each @ rows
        return found

    def spread(self, by_customer: Numbers) -> Numbers:
        """Return a value of each customer, once for each of the customer's rows."""
        counts = np.diff(np.append(self.begins, self.weight.size))
        found: Numbers = np.repeat(by_customer, counts, axis=0)
        return found


@dataclass(frozen=True, slots=True)
class Variance:
    """Of a rating about its customer's level (`noise`, σ²), and `ratio` τ²/σ²; `fitted`: both, or the noise alone."""

    noise: float
    ratio: float
    fitted: bool


def clusters(ratings: Ratings) -> Clusters:
    """Return who of these ratings is whose."""
    return grouped(ratings.begins, ratings.weight, twice=ratings.twice)


def grouped(begins: Whole, weight: Numbers, *, twice: float) -> Clusters:
    """Return customers whose rows follow one another.

    Parameters
    ----------
    begins
        Where each customer's rows begin.
    weight
        Of each row.
    twice
        The share of customers who rated twice.
    """
    size: Numbers = np.add.reduceat(weight, begins)
    ends = np.append(begins, weight.size)
    share = weight / np.repeat(size, np.diff(ends))
    of_each = csr_array((share, np.arange(weight.size), ends), shape=(begins.size, weight.size))
    return Clusters(begins, weight, size, twice, of_each)


def moments(rows: Numbers, of: Clusters, ratio: float) -> Numbers:
    """Return X'V⁻¹X·σ² of the columns of `rows`."""
    means = of.means(rows)
    pulled = ratio * of.size**2 / (1.0 + ratio * of.size)
    found: Numbers = (rows * of.weight[:, None]).T @ rows - (means * pulled[:, None]).T @ means
    return found


def variance(residual: Numbers, of: Clusters, *, parameters: int, noise: float | None = None) -> Variance:
    """Return σ² and τ²/σ² at which residuals are likeliest.

    Parameters
    ----------
    residual
        y - Xβ.
    of
        Whose they are.
    parameters
        How many coefficients were estimated; σ² is divided by the rest.
    noise
        σ² where it is known.
    """
    n = residual.size
    total, means = float((of.weight * residual**2).sum()), of.means(residual)
    rest = max(n - parameters, 1)

    def left(ratio: float) -> float:
        return total - float((ratio * of.size**2 / (1.0 + ratio * of.size) * means**2).sum())

    def minus_log_likelihood(log_ratio: float) -> float:
        ratio = float(np.exp(log_ratio))
        fit = n * float(np.log(left(ratio))) if noise is None else left(ratio) / noise
        return float(np.log1p(ratio * of.size).sum()) + fit

    ratio, fitted = 0.0, of.twice >= FEW_TWICE
    if fitted:
        bounds = (float(np.log(_LEAST)), float(np.log(_MOST)))
        found = minimize_scalar(minus_log_likelihood, bounds=bounds, method="bounded", options={"xatol": 1e-4})
        ratio = float(np.exp(found.x)) if found.x > bounds[0] + _AT_BOUND else 0.0
    return Variance(left(ratio) / rest if noise is None else noise, ratio, fitted=fitted)


def levels(residual: Numbers, of: Clusters, ratio: float) -> Numbers:
    """Return for each row û from all the customer's rows: λS/(1 + λS) times the mean residual."""
    return of.spread(ratio * of.size / (1.0 + ratio * of.size) * of.means(residual))


def effects(residual: Numbers, of: Clusters, ratio: float) -> Numbers:
    """Return for each row û from the customer's **earlier** rows alone: λS/(1 + λS) times their mean residual."""
    counts = np.diff(np.append(of.begins, residual.size))
    weighed = np.cumsum(of.weight * residual) - of.weight * residual
    size = np.cumsum(of.weight) - of.weight
    weighed -= np.repeat(weighed[of.begins], counts)
    size -= np.repeat(size[of.begins], counts)
    found: Numbers = ratio * weighed / (1.0 + ratio * size)
    return found
