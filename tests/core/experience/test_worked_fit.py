"""The five rows of docs/explanation/fit.md, worked out from the formulas on that page and by the library."""

import re
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize

from collage.experience.learning.mixed import grouped, levels, moments
from collage.experience.learning.ratings import Kinds, Numbers
from collage.experience.learning.weights import reduced, solved, uncertainty

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "explanation" / "fit.md").read_text(encoding="utf-8")
KAPPA, OWN, RATIO = 8.0, 1.0, 0.36
KINDS = Kinds(("late", "settled"), ("everyday",) * 2, np.array([-0.4, 0.3]), np.full(2, 60.0), np.array([0.25, 0.2]))


def rows(beginning: str) -> list[list[str]]:
    lines = re.findall(rf"^\| {beginning} \|.*\|$", PAGE, re.MULTILINE)
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def number(text: str) -> float:
    return float(text.replace("−", "-"))


TABLE = [row for n in range(1, 6) for row in rows(str(n))]
SCORE = np.array([number(row[2]) for row in TABLE])
LEFT = np.array([[number(row[3]), number(row[4])] for row in TABLE])
CUSTOMER = np.array(["ABC".index(row[1]) for row in TABLE])
IN_CONTACT = np.array([[float("late" in row[5]), float("settled" in row[5])] for row in TABLE])
SCALE = (KAPPA + 1) / (KAPPA + LEFT.sum(axis=1))
WHOLE, OF_CONTACT = LEFT * SCALE[:, None], IN_CONTACT * SCALE[:, None]
INVERSE = np.linalg.inv(np.eye(5) + RATIO * (CUSTOMER[:, None] == CUSTOMER[None, :]))


def test_the_table_says_what_evidence_makes_of_it() -> None:
    assert [number(row[6]) for row in TABLE] == pytest.approx(LEFT.sum(axis=1))
    assert [number(row[7]) for row in TABLE] == pytest.approx(SCALE, abs=5e-5)


def minimum() -> Numbers:
    def loss(given: Numbers) -> float:
        residual = SCORE - given[0] - (WHOLE + OWN * OF_CONTACT) @ given[1:3]
        away = (given[1:3] - given[3] * KINDS.weight) / KINDS.spread
        return float(residual @ INVERSE @ residual + away @ away)

    bounds = [(None, None), (None, 0.0), (0.0, None), (0.0, None)]
    found: Numbers = minimize(loss, [3.0, -0.4, 0.3, 1.0], bounds=bounds, tol=1e-14).x
    return found


def test_the_numbers_are_those_of_the_formula_and_of_the_library() -> None:
    (said,) = rows("found")
    constant, late, settled, times = minimum()
    assert [number(each) for each in said[1:]] == pytest.approx([late, settled, times, constant], abs=6e-4)
    of = grouped(np.array([0, 2, 4]), np.ones(5), twice=2 / 3)
    square = reduced(moments(np.column_stack([np.ones(5), WHOLE, OF_CONTACT, SCORE]), of, RATIO), free=1, marks=2)
    found = solved(square, KINDS, own=OWN)
    assert [*found.weight, found.multiplier, *found.free] == pytest.approx([late, settled, times, constant], abs=1e-4)
    (spread,) = rows("sd")
    sd = np.sqrt(np.diag(uncertainty(square, KINDS, own=OWN)))
    assert [number(each) for each in spread[1:4]] == pytest.approx(sd, abs=6e-4)
    residual = SCORE - found.free[0] - (WHOLE + OWN * OF_CONTACT) @ found.weight
    level = levels(residual, of, RATIO)
    assert [number(row[8]) for row in TABLE] == pytest.approx(level, abs=6e-4)
    by_hand = [
        RATIO * n / (1 + RATIO * n) * residual[c == CUSTOMER].mean() for c, n in zip(range(3), (2, 2, 1), strict=True)
    ]
    assert level == pytest.approx([by_hand[c] for c in CUSTOMER])
