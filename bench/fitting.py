"""How long `collage fit` takes: beside reading what it works on once, and on ten times as many ratings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import duckdb
import pyarrow.parquet as pq

from bench.companies import made
from bench.inputs import describe
from bench.measure import Line, apart
from collage import customers, experience, promises, store
from collage.experience import learning
from collage.experience.learning.grid import MULTIPLIERS
from collage.simulate import Causes

__all__ = ["company", "fit", "many_company", "many_ratings"]

_DAYS, _SEED, _FEWEST = 730, 1, 20
_PER_ROWS = 11_200 / 2_000_000  # customers a row: ten thousand ratings at the usual two million
_SECONDS, _AT_RATINGS = 120.0, 10_000
_MANY_SECONDS, _MANY_GIB, _TIMES = 1_200.0, 8.0, 10
_OF_THEM = "4GiB"  # DuckDB's part, half of it: about what it takes by itself on a machine with so much
# The same customers under new names: each copy has ids of its own, and one identifier instead of those it is known by.
_COPIED = """
COPY (
    SELECT told.* REPLACE ({replaced}, coalesce(known.customer, told.identifier) || '.' || copy.n AS identifier)
    FROM range({times}) AS copy(n), read_parquet('{source}/{table}.parquet') AS told
    LEFT JOIN read_parquet('{source}/truth/identifiers.parquet') AS known USING (identifier)
) TO '{folder}/{table}.parquet' (FORMAT parquet)
"""
_IDS = {
    "touchpoints": ("touchpoint_id", "issue_id", "contact_id"),
    "ratings": ("rating_id", "issue_id", "contact_id"),
    "promises": ("promise_id", "issue_id"),
}


@dataclass(frozen=True, slots=True)
class _Once:
    """How long it took to read what a fit works on, and how much that is."""

    seconds: float
    ratings: int
    marks: int


def fit(place: Path, rows: int, repeat: int) -> list[Line]:  # noqa: ARG001  # once is long enough
    """Measure the command on a simulated company of two years, beside reading the features of its ratings once."""
    folder = company(place, rows)
    once = _read_once(folder)
    taken, peak = apart("fit", str(folder), "--out", str(place / "model.json"))
    kept = taken <= _SECONDS * max(1.0, once.ratings / _AT_RATINGS)
    bar = f"≤ {_SECONDS:g} s at {_AT_RATINGS:,} ratings"
    floor = f"{once.seconds:.1f} s (marks and features, read once)"
    return [_line("fit: the command", once, taken, peak, floor, bar, kept=kept)]


def many_ratings(place: Path, rows: int, repeat: int) -> list[Line]:  # noqa: ARG001  # once is long enough
    """Measure the command on ten times as many ratings: the same customers, ten times, under new names."""
    folder = many_company(place, rows)
    once = _read_once(folder)
    taken, peak = apart("fit", str(folder), "--out", str(place / "many.json"), memory=_OF_THEM)
    kept = taken <= _MANY_SECONDS and peak <= _MANY_GIB
    bar = f"≤ {_MANY_SECONDS:g} s, ≤ {_MANY_GIB:g} GiB at 100,000 ratings"
    floor = f"{once.seconds:.1f} s (marks and features, read once)"
    return [_line("fit: the command on many ratings", once, taken, peak, floor, bar, kept=kept)]


def _line(measured: str, once: _Once, taken: float, peak: float, floor: str, bar: str, *, kept: bool) -> Line:
    return Line(
        measured,
        f"{once.ratings:,} ratings, {once.marks:,} marks of who gave them",
        f"{taken:.1f} s, {peak:.1f} GiB",
        floor,
        f"{taken / once.seconds:.1f}",
        f"{once.ratings / taken:,.0f} ratings/s",
        bar,
        kept,
        {"n": once.ratings, "marks": once.marks, "ours_s": taken, "floor_s": once.seconds, "peak_gib": peak},
    )


def company(place: Path, rows: int) -> Path:
    """Return a simulated company of two years, five ratings for a thousand rows."""
    many = max(_FEWEST, round(rows * _PER_ROWS))
    return made(place / f"fitted {many}", Causes(), customers=many, days=_DAYS, seed=_SEED)


def many_company(place: Path, rows: int) -> Path:
    """Return the same company ten times, each time as other customers'."""
    folder = place / "fitted many"
    if not folder.exists():
        _repeated(company(place, rows), folder, times=_TIMES)
    return folder


def _read_once(folder: Path) -> _Once:
    """Read a dataset's marks, its usable ratings and their features at every half-life of the grid."""
    begun = perf_counter()
    engine = store.connect()
    try:
        engine.unordered()
        dataset = store.open_dataset(folder, engine)
        touchpoints = dataset.table("touchpoints").union(promises.touchpoints(dataset.table("promises")))
        claims = dataset.table("claims") if dataset.has("claims") else None
        who = engine.kept(customers.numbered(customers.customers(touchpoints, claims, kept=engine.kept)))
        catalogue = experience.default()
        marks = engine.kept(experience.marks(touchpoints, who, catalogue, whose=True))
        at = touchpoints.occurred_at.max().to_pyarrow().as_py()
        usable = learning.usable(dataset.table("ratings"), marks, touchpoints, who, at=at).to_pyarrow()
        ratings, asked = learning.as_ratings(usable)
        kinds = learning.kinds_of(catalogue)
        learning.features(asked, marks, who, kinds, MULTIPLIERS).to_pyarrow()
        taken = perf_counter() - begun
        return _Once(taken, ratings.n, int(learning.histories(asked, marks, who, kinds).kind.size))
    finally:
        engine.close()


def _repeated(source: Path, folder: Path, *, times: int) -> None:
    """Write a dataset's touchpoints, ratings and promises so many times over, each time as other customers'."""
    folder.mkdir(parents=True)
    for table, ids in _IDS.items():
        asked = _COPIED.format(replaced=_renamed(ids), times=times, source=source, table=table, folder=folder)
        duckdb.connect().execute(asked)
    counted = {table: pq.read_metadata(folder / f"{table}.parquet").num_rows for table in _IDS}
    describe(folder, counted)


def _renamed(ids: Sequence[str]) -> str:
    return ", ".join(f"told.{name} || '.' || copy.n AS {name}" for name in ids)
