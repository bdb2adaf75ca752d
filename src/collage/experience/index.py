"""The scale from 0 to 100 on which experience is shown: 100·Φ(experience/sd).

Φ is the normal distribution function. Neither engine has it, so it is written out here from arithmetic and
`exp` that both have. It is worked out as Φ(z) - ½ and as (Φ(z) - ½)/z, each to nearly the last bit, because
the points of a contribution are a share of index - 50 and must not suffer where the experience is near zero.

Near zero the series of Φ; beyond, the rational approximation of Hart (1968) as given by West, "Better
approximations to cumulative normal functions", Wilmott (2005), good to 1e-15.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce

import ibis
import ibis.expr.types as ir

__all__ = ["double", "index", "index_of", "slope"]

_NEAR = 0.5
_FAR = 7.07106781186547
_FARTHEST = 40.0  # Φ is 1 long before; keeps the powers below finite
# (Φ(z) - ½)/z = 1/√(2π) · Σ (-z²)ⁿ / (n! 2ⁿ (2n+1)); eleven terms reach 1e-17 at z = ½
_SERIES = [(-1) ** n / (math.factorial(n) * 2**n * (2 * n + 1)) / math.sqrt(2 * math.pi) for n in range(11)]
_ABOVE = [
    *(220.206867912376, 221.213596169931, 112.079291497871, 33.912866078383, 6.37396220353165),
    *(0.700383064443688, 0.0352624965998911),
]
_BELOW = [
    *(440.413735824752, 793.826512519948, 637.333633378831, 296.564248779674, 86.7807322029461),
    *(16.064177579207, 1.75566716318264, 0.0883883476483184),
]


def double(value: float) -> ir.FloatingScalar:
    """Return a number as a double; a bare literal would be a DECIMAL on DuckDB."""
    return ibis.literal(value, type="float64").cast("float64")


def index(experience: ir.FloatingValue, *, sd: float) -> ir.FloatingValue:
    """Return experience on the scale from 0 to 100: 100·Φ(experience/sd); 50 is neutral.

    Parameters
    ----------
    experience
        In points of expected satisfaction.
    sd
        `Catalogue.index_sd`, above 0. Source: model.md §10.7.
    """
    z = experience / double(sd)
    near = z * _polynomial(z * z, _SERIES)
    return double(50.0) + double(100.0) * ibis.ifelse(z.abs() < double(_NEAR), near, _beyond(z))


def index_of(experience: float, *, sd: float) -> float:
    """Return one number on the scale from 0 to 100, as `index` does for a column.

    Parameters
    ----------
    experience
        In points of expected satisfaction.
    sd
        `Catalogue.index_sd`, above 0.

    Returns
    -------
    float
        100·Φ(experience/sd).
    """
    return 50.0 + 50.0 * math.erf(experience / sd / math.sqrt(2.0))


def slope(experience: ir.FloatingValue, *, sd: float) -> ir.FloatingValue:
    """Return (index - 50)/experience, and at 0 its limit 100·Φ'(0)/sd.

    A contribution φ to the experience is worth φ times this in points of the index; so the points of all
    contributions add up to index - 50 exactly (model.md §1.9: Aumann-Shapley).
    """
    z = experience / double(sd)
    small = z.abs() < double(_NEAR)
    near = _polynomial(z * z, _SERIES)
    far = _beyond(z) / ibis.ifelse(small, double(1.0), z)
    return double(100.0 / sd) * ibis.ifelse(small, near, far)


def _beyond(z: ir.FloatingValue) -> ir.FloatingValue:
    """Return Φ(z) - ½ away from zero."""
    size = ibis.least(z.abs(), double(_FARTHEST))
    bell = (size * size * double(-0.5)).exp()
    fraction = _polynomial(size, _ABOVE) / _polynomial(size, _BELOW)
    far = reduce(lambda below, n: size + double(n) / below, (4.0, 3.0, 2.0, 1.0), size + double(0.65))
    tail = bell * ibis.ifelse(size < double(_FAR), fraction, double(1 / math.sqrt(2 * math.pi)) / far)
    return ibis.ifelse(z < double(0.0), tail - double(0.5), double(0.5) - tail)


def _polynomial(x: ir.FloatingValue, coefficients: Sequence[float]) -> ir.FloatingValue:
    """Return Σ coefficients[n]·xⁿ, by Horner's rule."""
    *lower, highest = coefficients
    return reduce(lambda sum_, c: sum_ * x + c, reversed(lower), highest)
