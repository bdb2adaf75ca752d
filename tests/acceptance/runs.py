"""The runs that criteria are judged by: which company, which causes, how many ratings; and one replicate of each."""

from __future__ import annotations

import ast
import hashlib
import math
import os
import pickle
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from threadpoolctl import threadpool_limits

from collage import experience
from collage.experience.learning.ratings import kinds_of
from tests.acceptance import measuring
from tests.acceptance.measuring import Figures
from tests.acceptance.silent import adjusted
from tests.acceptance.staffed import Staffed, compared
from tests.acceptance.worlds import BASE, World, drawn, world

__all__ = ["RUNS", "Place", "Run", "alone", "code", "made", "prepared", "replicate"]

_SOURCE: Final = Path(experience.__file__).parents[1]
_TESTED: Final = ("design", "histories", "inherited", "linear", "mixed", "ordinal", "share", "weights")
_LEARNING: Final = ("design", "grid", "histories", "linear", "mixed", "ordinal", "search", "share", "weights")
_TEST, _MATHEMATICS = (tuple(f"experience/learning/{name}" for name in names) for names in (_TESTED, _LEARNING))
_STAFF: Final = ("experience/attribution/staff", "experience/attribution/value_added")
_SILENT: Final = tuple(f"feedback/{name}" for name in ("adjusting", "columns", "nonresponse", "regression", "tipping"))
_TIMES: Final = 199  # permutations


@dataclass(frozen=True)
class Place:
    """A world: how many customers, and how much rarer questions of kind raters are."""

    customers: int
    volume: float = 0.4


@dataclass(frozen=True)
class Run:
    """One kind of replicate: `n` ratings to fit to, `unseen` more of other customers, and what else is measured.

    Where `permuted`, nothing is fitted: ratings are asked whether they owe anything to what was before the contact.
    Where `alone` is given, nothing is fitted either: it draws its own numbers, and no company is behind them. `modules`
    are those whose state decides what comes out, where not all do.
    """

    n: int
    causes: Mapping[str, Any] = field(default_factory=dict)
    unseen: int = 0
    place: Place | None = Place(24_000)
    permuted: bool = False
    pooled: bool = False
    cold: bool = False
    alone: Callable[[np.random.Generator], Figures] | None = None
    modules: tuple[str, ...] = ()


_SMALL: Final = 4_000  # unseen ratings that are enough for a median over replicates
_FAR: Final = 10_000
_POWER: Final = {"kernel": "power"}

RUNS: Final[Mapping[str, Run]] = {
    "base-1000": Run(1_000, unseen=_SMALL),
    "base-3000": Run(3_000, unseen=_SMALL),
    "base-10000": Run(10_000, unseen=_FAR),
    "even-1000": Run(1_000, {"own": 0.0}),
    "even-3000": Run(3_000, {"own": 0.0}),
    "even-10000": Run(10_000, {"own": 0.0}),
    "own-2.2-3000": Run(3_000, {"own": 2.2}, unseen=_SMALL),
    "reversed-3000": Run(3_000, {"credit_days": 120.0, "strike_days": 45.0}),
    "equal-3000": Run(3_000, {"credit_days": 90.0, "strike_days": 90.0}),
    "kappa-0.5-10000": Run(10_000, {"kappa": 0.5}, unseen=_SMALL),
    "kappa-inf-10000": Run(10_000, {"kappa": math.inf}, unseen=_SMALL),
    "memoryless-3000": Run(3_000, {"carry_over": False}, unseen=_SMALL),
    "permuted-3000": Run(3_000, {"carry_over": False}, permuted=True, modules=_TEST),
    "permuted-base-3000": Run(3_000, permuted=True, modules=_TEST),
    "volume-0.0-3000": Run(3_000, place=Place(10_000, 0.0), pooled=True),
    "volume-0.8-3000": Run(3_000, place=Place(10_000, 0.8), pooled=True),
    "cold": Run(10_000, cold=True),
    "power-3000": Run(3_000, _POWER, unseen=_SMALL),
    "peak-3000": Run(3_000, {"peak": 0.3}, unseen=_SMALL),
    **{
        f"staff-{each}": Run(60 * each, place=None, alone=partial(compared, Staffed(each=each)), modules=_STAFF)
        for each in (20, 50, 100)
    },
    "staff-equal": Run(12_000, place=None, alone=partial(compared, Staffed(each=200, skill=0.0)), modules=_STAFF),
    **{
        f"silent-{residual:g}": Run(20_000, place=None, alone=partial(adjusted, residual=residual), modules=_SILENT)
        for residual in (0.0, 0.4, 0.8)
    },
}


def alone() -> None:
    """Make a process one of one thread: many small matrices would only wait for one another."""
    threadpool_limits(1)
    for run in RUNS:
        code(run)


def prepared(place: Place | None, folder: Path) -> None:
    """Have a world in the folder, where one is needed."""
    if place is not None:
        made(place, folder)


def replicate(name: str, seed: int, folder: Path) -> dict[str, Any]:
    """Return the figures of one replicate of a run, with what is to be known about it."""
    run, began = RUNS[name], time.process_time()
    chance = np.random.default_rng([seed, 1])
    figures = _drawn(run, seed, chance, folder) if run.alone is None else run.alone(chance)
    return {
        "run": name,
        "seed": seed,
        "code": code(name),
        "seconds": round(time.process_time() - began, 1),
        "figures": figures,
    }


def _drawn(run: Run, seed: int, chance: np.random.Generator, folder: Path) -> Figures:
    """Return the figures of ratings drawn from a world."""
    of = made(run.place or Place(24_000), folder)
    got = drawn(of, replace(BASE, **run.causes), n=run.n + run.unseen, seed=seed)
    if run.permuted:
        return measuring.tested(got, n=run.n, times=_TIMES, rng=chance)
    if run.cold:
        return measuring.cold(got, kinds_of(of.catalogue), rng=chance)
    return _fitted(run, measuring.fitted(got, n=run.n, rng=chance))


def _fitted(run: Run, of: measuring.Replicate) -> Figures:
    figures = measuring.told(of)
    if run.unseen:
        figures |= measuring.unseen(of)
    if run.pooled:
        figures |= measuring.pooled(of)
    return figures


@lru_cache(maxsize=1)
def made(place: Place, folder: Path) -> World:
    """Return a world, from the folder where it was made before by the same code."""
    file = folder / f"world-{place.customers}-{place.volume}-{_simulated()}.pickle"
    if not file.exists():
        of = world(customers=place.customers, volume=place.volume)
        folder.mkdir(parents=True, exist_ok=True)
        partly = file.with_suffix(f".{os.getpid()}")
        partly.write_bytes(pickle.dumps(replace(of, catalogue=None)))  # type: ignore[arg-type]  # it is put back below
        partly.replace(file)
    kept: World = pickle.loads(file.read_bytes())  # noqa: S301  # our own file
    return replace(kept, catalogue=experience.default())


@lru_cache
def code(run: str) -> str:
    """Return a digest of a run's mathematics, so that replicates of different states are not taken for one.

    Comments, docstrings and types of arguments are none of it.
    """
    whole = hashlib.sha256()
    for name in RUNS[run].modules or _MATHEMATICS:
        tree = ast.parse((_SOURCE / f"{name}.py").read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.arg):
                node.annotation = None
            elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module) and ast.get_docstring(node) is not None:
                del node.body[0]
            if isinstance(node, ast.FunctionDef):
                node.returns = None
        whole.update(ast.dump(tree).encode())
    return whole.hexdigest()[:10]


@lru_cache
def _simulated() -> str:
    """Return a digest of what makes a world."""
    whole = hashlib.sha256()
    for file in (*sorted(_SOURCE.glob("simulate/*.py")), *sorted(_SOURCE.glob("experience/*.toml"))):
        whole.update(file.read_bytes())
    return whole.hexdigest()[:10]
