"""One simulated company for all tests of it, made once a session: through the command, and as it is inside."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from collage import experience, simulate
from collage.simulate.blocks import Company, company
from collage.simulate.folding import Marks, marks, weighted
from collage.simulate.recording import promises, recorded
from collage.store import connect
from tests.core.test_cli import collage

END = date(2026, 1, 1)


@dataclass(frozen=True)
class Folder:
    """A dataset that the command wrote."""

    path: Path

    def __getitem__(self, name: str) -> pa.Table:
        return pq.read_table(self.path / f"{name}.parquet")

    def column(self, table: str, name: str) -> Any:
        return self[table][name].to_numpy(zero_copy_only=False)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    out = tmp_path_factory.mktemp("simulated") / "company"
    said = collage("simulate", out, "--customers", "1500", "--days", "365", "--seed", "5")
    assert said.code == 0, said.talk
    return Folder(out)


def made(causes: simulate.Causes | None = None, *, customers: int = 4_000, days: int = 365, seed: int = 3) -> Company:
    span = simulate.Size(customers, days, END).span()
    return company(np.random.SeedSequence(seed), causes or simulate.Causes(), n=customers, span=span)


@pytest.fixture(scope="session")
def whole() -> Company:
    """Return what happened in a company of 4,000 customers, by the causes as they are."""
    return made()


@pytest.fixture(scope="session")
def ask() -> Iterator[Callable[[Any], pa.Table]]:
    engine = connect("duckdb")
    yield engine.backend.to_pyarrow
    engine.close()


@dataclass(frozen=True)
class Remembered:
    """A company with the marks left in it, and the catalogue of true weights."""

    company: Company
    marks: Marks
    catalogue: experience.Catalogue


@pytest.fixture(scope="session")
def remembered(whole: Company, ask: Callable[[Any], pa.Table]) -> Remembered:
    rng = np.random.default_rng(11)
    catalogue = weighted(rng, experience.default(), whole.causes.ratings)
    found = marks(whole, recorded(rng, whole).touchpoints, promises(whole), catalogue, ask=ask)
    return Remembered(whole, found, catalogue)
