"""Small statistics on columns, as Ibis expressions: the same on DuckDB and Spark."""

from __future__ import annotations

from statistics import NormalDist

import ibis
import ibis.expr.types as ir

__all__ = ["reliability", "shrunken", "wilson"]


def wilson(
    k: ir.NumericValue, n: ir.NumericValue, *, confidence: float = 0.95
) -> tuple[ir.FloatingValue, ir.FloatingValue]:
    """Return the bounds of a share by Wilson's score method.

    Parameters
    ----------
    k
        How many of `n` it was, 0 ≤ k ≤ n.
    n
        Out of how many.
    confidence
        Of the interval, above 0 and below 1.

    Returns
    -------
    tuple of FloatingValue
        (k + z²/2 ± z·√(k(n − k)/n + z²/4)) / (n + z²), z the normal quantile of (1 + confidence)/2: shares, null where
        n is 0. Wilson, JASA 22 (1927) 209–212.
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    of = n.nullif(0).cast("float64")
    middle, whole = k + _float(z * z / 2), of + _float(z * z)
    reach = _float(z) * (k * (of - k) / of + _float(z * z / 4)).sqrt()
    # rounding alone could put a bound of none or all of n outside of 0 and 1
    return ((middle - reach) / whole).clip(lower=_float(0)), ((middle + reach) / whole).clip(upper=_float(1))


def reliability(n: ir.NumericValue, *, between: float, within: float) -> ir.FloatingValue:
    """Return how much of a mean of `n` values tells its group from the others: B = between / (between + within/n).

    Parameters
    ----------
    n
        Number of values behind each mean.
    between
        Variance of the groups' true means, above 0, in the square of the values' unit.
    within
        Variance of one value about its group's mean, in the same unit.

    Returns
    -------
    FloatingValue
        0 (where n is 0) to 1. Bühlmann's credibility factor: ASTIN Bulletin 4 (1967) 199–207.
    """
    return (n * _float(between)) / (n * _float(between) + _float(within))


def shrunken(
    mean: ir.NumericValue, n: ir.NumericValue, *, overall: float, between: float, within: float
) -> ir.FloatingValue:
    """Return means drawn to the mean of all, the more the less stands behind them (empirical Bayes).

    Parameters
    ----------
    mean
        Mean of each group; null where n is 0.
    n
        Number of values behind each mean.
    overall
        Mean of all groups, in the unit of the values.
    between, within
        As `reliability` takes them.

    Returns
    -------
    FloatingValue
        overall + B·(mean − overall), `overall` where n is 0. Efron and Morris, JASA 70 (1975) 311–319.
    """
    drawn = _float(overall) + reliability(n, between=between, within=within) * (mean - _float(overall))
    return ibis.ifelse(n == 0, _float(overall), drawn)


def _float(value: float) -> ir.FloatingScalar:
    # a bare literal becomes DECIMAL on DuckDB
    return ibis.literal(value, type="float64")
