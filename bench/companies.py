"""Simulated companies as datasets, models fitted to them by the command, and what is true of them."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pyarrow.parquet as pq

from collage import experience, store
from collage.experience import Model, model_json
from collage.simulate import Causes, Size, simulated

__all__ = ["Truth", "fitted", "made", "truth"]

_END = date(2026, 1, 1)
# of each rating: the part of experience that was there before the contact, and the contact's own without the staff's
_PARTS = """
SELECT really.inherited, really.inherited_self,
       really.own_agent - coalesce(agents.alpha, 0) + really.contact_process - coalesce(departments.effect, 0)
           + really.contact_other AS own
FROM read_parquet('{0}/truth/ratings.parquet') AS really
JOIN read_parquet('{0}/ratings.parquet') AS told USING (rating_id)
LEFT JOIN read_parquet('{0}/truth/agents.parquet') AS agents ON agents.agent = told.agent
LEFT JOIN read_parquet('{0}/truth/departments.parquet') AS departments ON departments.department = agents.department
"""


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true of a company: the inherited share of what touchpoints add to ratings, and each mark's weight."""

    share: float
    weights: dict[str, float]


def made(folder: Path, causes: Causes, *, customers: int, days: int, seed: int) -> Path:
    """Write a company of these causes as a dataset, unless it is there, and return its folder."""
    if folder.exists():
        return folder
    engine = store.connect()
    try:
        engine.unordered()
        size, ask = Size(customers, days, _END), engine.backend.to_pyarrow
        company = simulated(causes, size, seed=seed, catalogue=experience.default(), ask=ask)
        beside = {f"truth/{name}.parquet": table for name, table in company.truth.items()}
        store.write_dataset(folder, company.tables, engine, notes={}, files=beside)
    finally:
        engine.close()
    return folder


def fitted(folder: Path, *words: str) -> Model:
    """Fit a dataset by the command, in a process of its own, and return the model."""
    file = folder.with_name(f"{folder.name}.json")
    command = [sys.executable, "-m", "collage.cli", "fit", str(folder), "--out", str(file), *words]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return model_json.loads(file.read_text(encoding="utf-8"), file=str(file))


def truth(folder: Path) -> Truth:
    """Return what is true of a company."""
    rows = duckdb.connect().execute(_PARTS.format(folder)).fetchall()
    before = np.array([sum((by or {}).values()) + itself for by, itself, _ in rows])
    own = np.array([each for *_, each in rows])
    whole = before.var() + own.var()
    marks = pq.read_table(folder / "truth" / "marks.parquet")
    weights = dict(zip(marks["mark"].to_pylist(), marks["weight"].to_pylist(), strict=True))
    return Truth(float(before.var() / whole) if whole > 0.0 else 0.0, weights)
