"""One whole fit: the regression made linear, the grid searched, the weights at its best."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Final

from collage.experience.learning.design import Design, Point, design
from collage.experience.learning.grid import (
    MULTIPLIERS,
    Axis,
    Cell,
    Surface,
    folded,
    moments_at,
    point_of,
    searched,
    surface,
    top,
)
from collage.experience.learning.linear import Linear, linear
from collage.experience.learning.mixed import moments
from collage.experience.learning.ratings import Remembered
from collage.experience.learning.weights import OWN, Reduced, Solved, reduced, solved

__all__ = ["ONE", "Found", "found", "solved_at"]

ONE: Final = MULTIPLIERS.index(1.0)
_COARSE: Final = (4, 8, 12)


@dataclass(frozen=True, slots=True)
class Found:
    """What a fit has found: multipliers and kappa, the regression about the fit, and the moments at each point asked.

    `cells` has for each point those of all ratings, then those of all but each fold. Where half-lives and kappa were
    not searched for there is one, `held`.
    """

    credit: Axis
    strike: Axis
    kappa: Axis
    linear: Linear
    cells: dict[Cell, tuple[Reduced, ...]]
    held: Point | None

    def left_out(self, fold: int) -> tuple[Point, Solved]:
        """Return the best point and the weights there from all but one fold of customers."""
        kinds = self.linear.design.kinds
        if self.held is not None:
            return self.held, solved(next(iter(self.cells.values()))[1 + fold], kinds, own=OWN)
        tops = {cell: top(kinds, parts[1 + fold], cell) for cell, parts in self.cells.items()}
        best = max(tops, key=lambda cell: tops[cell])
        return point_of(best), solved(self.cells[best][1 + fold], kinds, own=None)


def found(of: Design, *, kappa: float, search: bool, folds: int = 0, note: Callable[[], None] = lambda: None) -> Found:
    """Return a fit.

    Parameters
    ----------
    of
        The regression of the scores themselves.
    kappa
        The catalogue's.
    search
        Whether half-lives, kappa and ρ are fitted, or the catalogue's taken.
    folds
        Into how many parts customers are divided for `left_out`.
    note
        Called after each point of the grid.
    """
    point = Point(ONE, ONE, kappa)
    if not search:
        made = linear(of, point, own=OWN)
        held, parts = Axis(1.0, None, None), folded(made.design, folds)
        cells = {(ONE, ONE, 0): moments_at(made.design, point, made.spread, parts)}
        return Found(held, held, Axis(kappa, None, None), made, cells, point)
    made = linear(of, point, own=None)
    made = linear(of, point_of(_roughly(made)), own=None, before=made)
    cells = searched(made.design, made.spread, folds=folds, note=note)
    seen: Surface = surface({cell: top(made.design.kinds, parts[0], cell) for cell, parts in cells.items()})
    return Found(seen.credit, seen.strike, seen.kappa, made, cells, None)


def solved_at(of: Found, left: Remembered, *, search: bool) -> tuple[Solved, Reduced, Design]:
    """Return the weights at the half-lives and kappa that a fit has found.

    Parameters
    ----------
    of
        The fit.
    left
        What was left at these half-lives: the first multiplier is that of credits, the second that of strikes.
    search
        As the fit had it.

    Returns
    -------
    tuple
        The weights, the moments, and the regression at these half-lives.
    """
    working = of.linear.design
    made = design(working.ratings, working.kinds, left)
    rows = made.rows(Point(0, 1, of.kappa.value))
    square = reduced(moments(rows, made.of, of.linear.spread.ratio), free=made.free, marks=len(made.kinds.names))
    return solved(square, made.kinds, own=None if search else OWN), square, made


def _roughly(of: Linear) -> Cell:
    """Return the best of a few points: where to make the regression linear again."""
    p, tops = len(of.design.kinds.names), {}
    for cell in product(_COARSE, _COARSE, _COARSE):
        square = moments(of.design.rows(point_of(cell)), of.design.of, of.spread.ratio)
        tops[cell] = top(of.design.kinds, reduced(square, free=of.design.free, marks=p), cell)
    return max(tops, key=lambda cell: tops[cell])
