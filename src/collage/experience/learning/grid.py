"""The search for half-lives and kappa: coarse to fine, at most 150 points, then a smooth surface through them.

At each point all else is linear and solved exactly, so a point gives the profile of the posterior

    L(m₊, m₋, κ) = -½·min(…) + log N(ln m±; 0, .8²) + log N(ln κ; ln 8, 1.2²)      (model.md §1.7)

What is reported is the posterior's geometric mean, which is steadier than its top, and the interval
{h : 2(L_max - L(h)) ≤ 3.84·c} of each parameter, the others at their best. c is the cluster factor.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final, TypeAlias

import numpy as np
from scipy.interpolate import RBFInterpolator

from collage.experience.learning.design import Design, Point
from collage.experience.learning.mixed import Variance, clusters, moments
from collage.experience.learning.ratings import Flags, Kinds, Numbers
from collage.experience.learning.weights import Reduced, reduced, solved

__all__ = [
    "CLUSTER_FACTOR",
    "KAPPAS",
    "MULTIPLIERS",
    "Axis",
    "Cell",
    "Surface",
    "folded",
    "moments_at",
    "point_of",
    "searched",
    "surface",
    "top",
]

# half-lives of 7 to 540 days where the catalogue says 60 (place 8); kappa from .5 to what is as good as infinite
MULTIPLIERS: Final = tuple(float(9.0 ** (place / 8.0)) for place in range(-8, 9))
_INFINITE: Final = 64.0
KAPPAS: Final = (*(float(each) for each in np.geomspace(0.5, _INFINITE, 17)[:-1]), math.inf)
CLUSTER_FACTOR: Final = 1.5
_SPREAD, _KAPPA, _KAPPA_SPREAD = 0.8, 8.0, 1.2
_STEPS: Final = ((4, 8), (2, 4), (1, 2))  # places between neighbours: of multipliers, of kappas
_MOST_POINTS: Final = 150
_CHI_SQUARE: Final = 3.84
_FAR: Final = 50.0  # below the top, nothing is told apart
_PRIME: Final = 7919  # so that a fold is not every n-th customer of a list in some order
_FINE: Final = 4  # places of the surface between those of the grid

Cell: TypeAlias = tuple[int, int, int]  # places of m₊, m₋ and κ


@dataclass(frozen=True, slots=True)
class Axis:
    """One parameter: its posterior geometric mean and interval (None where it is open)."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Surface:
    """The parameters of a search, and the best point of the grid with its moments."""

    credit: Axis
    strike: Axis
    kappa: Axis
    best: Cell


def searched(
    of: Design, found: Variance, *, folds: int = 0, note: Callable[[], None] = lambda: None
) -> dict[Cell, tuple[Reduced, ...]]:
    """Return the moments at the points of the grid, coarse first, then finer about the best.

    Parameters
    ----------
    of
        The regression.
    found
        σ² and τ²/σ².
    folds
        Into how many parts customers are divided.
    note
        Called after each point.

    Returns
    -------
    dict
        By cell the moments of all ratings, then those of all but each fold: these come by subtraction.
    """
    cells: dict[Cell, tuple[Reduced, ...]] = {}
    tops: dict[Cell, float] = {}
    parts = folded(of, folds)

    def ask(some: Iterable[Cell]) -> None:
        for cell in some:
            if cell in cells or len(cells) >= _MOST_POINTS:
                continue
            cells[cell] = moments_at(of, point_of(cell), found, parts)
            tops[cell] = top(of.kinds, cells[cell][0], cell)
            note()

    wide, deep = _STEPS[0]
    ask(product(range(0, len(MULTIPLIERS), wide), range(0, len(MULTIPLIERS), wide), range(0, len(KAPPAS), deep)))
    for steps in _STEPS[1:]:
        ask(_about(max(tops, key=lambda cell: tops[cell]), *steps))
    size = 0
    while size < len(cells) < _MOST_POINTS:
        size = len(cells)
        ask(_about(max(tops, key=lambda cell: tops[cell]), *_STEPS[-1]))
    return cells


def folded(of: Design, folds: int) -> list[Flags]:
    """Return the rows of each fold; all rows of a customer are in one."""
    fold = of.ratings.customer * _PRIME % max(folds, 1)
    return [fold == each for each in range(folds)]


def moments_at(of: Design, point: Point, found: Variance, parts: Sequence[Flags]) -> tuple[Reduced, ...]:
    """Return the moments of all ratings, then those of all but each part."""
    rows, free, marks = of.rows(point), of.free, len(of.kinds.names)
    if not parts:
        return (reduced(moments(rows, of.of, found.ratio), free=free, marks=marks),)
    some = [moments(rows[part], clusters(of.ratings.some(part)), found.ratio) for part in parts]
    whole = np.sum(some, axis=0)
    return tuple(reduced(each, free=free, marks=marks) for each in (whole, *(whole - part for part in some)))


def point_of(cell: Cell) -> Point:
    """Return a cell's multipliers and kappa."""
    return Point(cell[0], cell[1], KAPPAS[cell[2]])


def top(kinds: Kinds, at: Reduced, cell: Cell) -> float:
    """Return the log posterior at a point, whatever the weights and ρ."""
    return solved(at, kinds, own=None).log_posterior + _prior(cell)


def surface(tops: dict[Cell, float], *, factor: float = CLUSTER_FACTOR) -> Surface:
    """Return what the log posteriors of a search say of each parameter."""
    cells = np.array(list(tops), np.float64)
    values = np.array(list(tops.values()))
    values = np.maximum(values - values.max(), -_FAR)
    smooth = RBFInterpolator(cells / _unit(), values, kernel="cubic", degree=1)
    axes = [np.linspace(0, len(places) - 1, _FINE * (len(places) - 1) + 1) for places in (*[MULTIPLIERS] * 2, KAPPAS)]
    mesh = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    near = _near(cells, values, axes)
    dense = np.full(mesh.shape[:3], -_FAR)
    dense[near] = np.minimum(smooth(mesh[near].reshape(-1, 3) / _unit()).reshape(dense[near].shape), 0.5)
    mass = np.exp(dense - dense.max())
    found = [_axis(dense, mass, axis, places, factor) for axis, places in enumerate(axes)]
    best = max(tops, key=lambda cell: tops[cell])
    credit, strike, kappa = (_scaled(each, scale) for each, scale in zip(found, ("m", "m", "kappa"), strict=True))
    return Surface(credit, strike, kappa, best)


def _near(cells: Numbers, values: Numbers, axes: Sequence[Numbers]) -> tuple[slice, slice, slice]:
    """Return the part of the surface in which anything lies that matters."""
    high = cells[values > -_FAR / 2]
    found = []
    for axis, places in enumerate(axes):
        low, most = high[:, axis].min() - 4, high[:, axis].max() + 4
        inside = np.flatnonzero((places >= low) & (places <= most))
        found.append(slice(int(inside[0]), int(inside[-1]) + 1))
    return found[0], found[1], found[2]


def _axis(dense: Numbers, mass: Numbers, axis: int, places: Numbers, factor: float) -> Axis:
    """Return a parameter's mean place and the places between which it lies."""
    others = tuple(each for each in range(3) if each != axis)
    margin = mass.sum(axis=others)
    profile = dense.max(axis=others)
    inside = np.flatnonzero(2.0 * (profile.max() - profile) <= _CHI_SQUARE * factor)
    low, high = int(inside[0]), int(inside[-1])
    mean = float((margin * places).sum() / margin.sum())
    return Axis(mean, places[low] if low else None, places[high] if high < places.size - 1 else None)


def _scaled(axis: Axis, scale: str) -> Axis:
    """Return places as multipliers or kappas."""
    first, last = (MULTIPLIERS[0], MULTIPLIERS[-1]) if scale == "m" else (KAPPAS[0], _INFINITE)

    def value(place: float) -> float:
        return float(first * (last / first) ** (place / (len(MULTIPLIERS) - 1)))

    return Axis(value(axis.value), *(None if each is None else value(each) for each in (axis.low, axis.high)))


def _unit() -> Numbers:
    return np.array([1.0, 1.0, 2.0])  # a place of kappa matters less than one of a half-life


def _about(cell: Cell, wide: int, deep: int) -> Iterator[Cell]:
    for step in product((-wide, 0, wide), (-wide, 0, wide), (-deep, 0, deep)):
        moved = tuple(place + by for place, by in zip(cell, step, strict=True))
        if all(0 <= place < len(MULTIPLIERS) for place in moved):
            yield moved[0], moved[1], moved[2]


def _prior(cell: Cell) -> float:
    credit, strike = (math.log(MULTIPLIERS[place]) for place in cell[:2])
    kappa = math.log(min(KAPPAS[cell[2]], _INFINITE) / _KAPPA)
    return -0.5 * ((credit / _SPREAD) ** 2 + (strike / _SPREAD) ** 2 + (kappa / _KAPPA_SPREAD) ** 2)
