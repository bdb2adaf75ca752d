"""The rated dialogues (USS): a model fitted to one corpus orders the dialogues of the other, beside plain readings.

What is claimed is the rank correlation of experience, at the moment of its rating, with the rating of the whole. The
fit never sees the corpus that it is held to.
"""

from __future__ import annotations

import csv
import gzip
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, Final, TypeAlias

import ibis
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.stats import rankdata

from bench.companies import fitted
from collage import customers, experience, store
from collage.experience import Model, learning

__all__ = ["CORPORA", "READINGS", "Ordered", "crossed", "lead"]

Numbers: TypeAlias = npt.NDArray[np.float64]
_Row: TypeAlias = dict[str, Any]

CORPORA: Final = ("SGD", "ReDial")
_ROOT = Path(__file__).resolve().parents[1]
_EXAMPLE = _ROOT / "examples" / "uss"
_MIDDLE: Final = 3.0
_AFTER: Final = "2030-01-01"
_TIMES: Final = 999


def _peak_end(turns: Sequence[float]) -> float:
    return (max(turns, key=lambda turn: abs(turn - _MIDDLE)) + turns[-1]) / 2.0


def _best_end(turns: Sequence[float]) -> float:
    return (max(turns) + turns[-1]) / 2.0


READINGS: Final[dict[str, Callable[[Sequence[float]], float]]] = {
    "the last turn": lambda turns: turns[-1],
    "the plain mean of all turns": fmean,
    "the sum of all turns, unfaded": lambda turns: sum(turn - _MIDDLE for turn in turns),
    "peak and end": _peak_end,
    "the best turn and the last": _best_end,
}


@dataclass(frozen=True, slots=True)
class Ordered:
    """The dialogues of a corpus that a model has not seen: rating of the whole, experience by it, and other readings.

    `model` was fitted to the other corpus; `readings` are `READINGS` and the catalogue's own numbers.
    """

    corpus: str
    model: Model
    rating: Numbers
    experience: Numbers
    readings: dict[str, Numbers]

    def rank(self, reading: Numbers) -> float:
        """Return Spearman's rank correlation of a reading with the rating."""
        return _rank(reading, self.rating)


def crossed(file: Path, place: Path) -> list[Ordered]:
    """Fit to each corpus and hold to the other.

    Parameters
    ----------
    file
        The dialogues as one CSV, packed or not.
    place
        A folder to write into.
    """
    rows = _rows(file)
    folders = {corpus: _read(rows, corpus, place) for corpus in CORPORA}
    models = {corpus: _fitted(folder) for corpus, folder in folders.items()}
    first, second = CORPORA
    return [_held(rows, unseen, folders[unseen], models[seen]) for seen, unseen in ((first, second), (second, first))]


def _fitted(folder: Path) -> Model:
    """Fit half-lives too, for which ratings are few, and to every rating: the last follow the last touchpoint."""
    dialogues = pq.read_metadata(folder / "ratings.parquet").num_rows
    deep = ["--depth", "full"] if dialogues >= learning.FEWEST else []
    return fitted(folder, *deep, "--at", _AFTER)


def lead(of: Ordered, reading: Numbers, *, seed: int) -> tuple[float, float, float]:
    """Return by how much the model's rank correlation is above a reading's, and the 95 % interval (bootstrap)."""
    rng, n = np.random.default_rng(seed), of.rating.size
    drawn = []
    for _ in range(_TIMES):
        some = rng.integers(0, n, n)
        drawn.append(_rank(of.experience[some], of.rating[some]) - _rank(reading[some], of.rating[some]))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return of.rank(of.experience) - of.rank(reading), float(low), float(high)


def _rank(one: Numbers, other: Numbers) -> float:
    return float(np.corrcoef(rankdata(one), rankdata(other))[0, 1])


def _rows(file: Path) -> list[_Row]:
    opener = gzip.open if file.suffix == ".gz" else open
    with opener(file, "rt", encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _read(rows: Sequence[_Row], corpus: str, place: Path) -> Path:
    """Write the rows of one corpus as a file of their own, read it by the command, and return the dataset."""
    place.mkdir(parents=True, exist_ok=True)
    source, folder = place / f"{corpus}.csv", place / corpus
    with source.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(row for row in rows if row["corpus"] == corpus)
    words = ["--map", str(_EXAMPLE / "map.toml"), "--catalogue", str(_EXAMPLE / "catalogue.toml"), "--out", str(folder)]
    command = [sys.executable, "-m", "collage.cli", "read", str(source), *words]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return folder


def _held(rows: Sequence[_Row], corpus: str, folder: Path, model: Model) -> Ordered:
    """Return what a model and the plain readings make of a corpus, dialogue by dialogue."""
    turns, whole = _rated(rows, corpus)
    scores = _experience(folder, model)
    return Ordered(
        corpus,
        model,
        np.array([whole[name] for name in turns]),
        np.array([scores["model"][name] for name in turns]),
        {
            **{name: np.array([read(each) for each in turns.values()]) for name, read in READINGS.items()},
            "the catalogue's own numbers": np.array([scores["catalogue"][name] for name in turns]),
        },
    )


def _rated(rows: Sequence[_Row], corpus: str) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Return by dialogue the mean rating of each turn of the customer, in order, and that of the whole."""
    turns: dict[str, list[float]] = {}
    whole: dict[str, float] = {}
    for row in rows:
        if row["corpus"] != corpus or row["role"] == "SYSTEM":
            continue
        name, mean = f"dialogue:{corpus}-{row['dialogue']:0>4}", fmean(map(float, row["sat"].split(",")))
        if row["role"] == "OVERALL":
            whole[name] = mean
        else:
            turns.setdefault(name, []).append(mean)
    return turns, whole


def _experience(folder: Path, model: Model) -> dict[str, dict[str, float]]:
    """Return by dialogue its experience when it was rated, by the model and by the catalogue."""
    engine = store.connect()
    try:
        dataset = store.open_dataset(folder, engine)
        touchpoints, told = dataset.table("touchpoints"), dataset.table("ratings")
        rules = experience.load((folder / "catalogue.toml").read_text(encoding="utf-8"), file="catalogue.toml")
        who = engine.kept(customers.customers(touchpoints, None, kept=engine.kept))
        marks = engine.kept(experience.marks(touchpoints, who, rules))
        asked = told.select(customer_id=told.identifier, at=told.rated_at)
        at = ibis.memtable(pa.table({"at": asked.to_pyarrow()["at"].unique()}))
        found = {}
        for name, by in (("model", rules.by(model)), ("catalogue", rules)):
            scores = experience.score(marks, touchpoints, who, by, at=at)
            rows = scores.join(asked, ["customer_id", "at"]).select("customer_id", "experience").to_pyarrow()
            found[name] = dict(zip(rows["customer_id"].to_pylist(), rows["experience"].to_pylist(), strict=True))
        return found
    finally:
        engine.close()
