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

__all__ = ["double", "index_of", "indexed"]

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


def indexed(table: ir.Table, *, sd: float) -> ir.Table:
    """Return a table with its experience on the scale from 0 to 100, and what a point of experience is worth on it.

    In steps, each a column: an engine that does not look for what occurs twice works each out once.

    Parameters
    ----------
    table
        With a column `experience`, in points of expected satisfaction.
    sd
        `Catalogue.index_sd`, above 0. Source: model.md §10.7.

    Returns
    -------
    Table
        The same, with `index`, 100·Φ(experience/sd), where 50 is neutral; and `per_point`, (index - 50)/experience,
        and at 0 its limit 100·Φ'(0)/sd: a contribution φ to the experience is worth φ times this in points of the
        index; so the points of all contributions add up to index - 50 exactly (model.md §1.9: Aumann-Shapley).
    """
    met = table.mutate(z=table.experience / double(sd))
    met = met.mutate(z_size=ibis.least(met.z.abs(), double(_FARTHEST)))
    met = met.mutate(
        z_near=_polynomial(met.z_size * met.z_size, _SERIES),
        z_bell=(met.z_size * met.z_size * double(-0.5)).exp(),
        z_fraction=ibis.ifelse(met.z_size < double(_FAR), _fraction(met.z_size), _continued(met.z_size)),
    )
    is_near = met.z_size < double(_NEAR)
    side = ibis.ifelse(met.z < double(0.0), double(-1.0), double(1.0))
    met = met.mutate(z_far=side * (double(0.5) - met.z_bell * met.z_fraction))
    met = met.mutate(
        index=double(50.0) + double(100.0) * ibis.ifelse(is_near, met.z * met.z_near, met.z_far),
        per_point=double(100.0 / sd)
        * ibis.ifelse(is_near, met.z_near, met.z_far / ibis.ifelse(is_near, double(1.0), met.z)),
    )
    return met.drop("z", "z_size", "z_near", "z_bell", "z_fraction", "z_far")


def index_of(experience: float, *, sd: float) -> float:
    """Return one number on the scale from 0 to 100, as `indexed` does for a column.

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


def _fraction(size: ir.FloatingValue) -> ir.FloatingValue:
    """Return what the bell is multiplied by away from zero."""
    return _polynomial(size, _ABOVE) / _polynomial(size, _BELOW)


def _continued(size: ir.FloatingValue) -> ir.FloatingValue:
    """Return the same farther away."""
    far = reduce(lambda below, n: size + double(n) / below, (4.0, 3.0, 2.0, 1.0), size + double(0.65))
    return double(1 / math.sqrt(2 * math.pi)) / far


def _polynomial(x: ir.FloatingValue, coefficients: Sequence[float]) -> ir.FloatingValue:
    """Return Σ coefficients[n]·xⁿ, by Horner's rule."""
    *lower, highest = coefficients
    return reduce(lambda sum_, c: sum_ * x + c, reversed(lower), highest)
