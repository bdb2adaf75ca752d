"""Rows by the contracts, and a made-up population of which is known what the silent would have said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.special import expit

from collage.tables import CONTRACTS

Numbers = npt.NDArray[np.float64]
Rows = Sequence[dict[str, Any]]


def table_of(contract: str, rows: Rows) -> pa.Table:
    """Return rows as a table by a contract; what is not given is null."""
    of = CONTRACTS[contract]
    nothing = dict.fromkeys(of.names)
    whole = [{**nothing, **row} for row in rows]
    return pa.Table.from_pylist(whole, schema=of.schema().to_pyarrow())


@dataclass(frozen=True)
class Population:
    """Invitations as `nonresponse` takes them, and what everybody would have said."""

    invited: pa.Table
    would_score: Numbers

    @property
    def mean(self) -> float:
        return float(self.would_score.mean())

    @property
    def high(self) -> float:
        return float((self.would_score >= 4.0).mean())


def asked(customer: npt.NDArray[np.int64], score: Numbers, responded: npt.NDArray[np.bool_], **more: Any) -> pa.Table:
    """Return invitations whose answers lie on a scale from 1 to 5; those of the silent are hidden."""
    silent, n = ~responded, score.size
    return pa.table(
        {
            "customer_id": customer,
            "responded": responded,
            "score": pa.array(score, mask=silent),
            "scale_low": pa.array(np.ones(n), mask=silent),
            "scale_high": pa.array(np.full(n, 5.0), mask=silent),
            **more,
        }
    )


def population(rng: np.random.Generator, n: int, *, residual: float = 0.0, each: int = 1) -> Population:
    """Return a population by model.md 2.1; `residual` above 0: who answers depends on what nobody knows, too."""
    customer = np.repeat(np.arange(n // each), each)
    experience = rng.normal(0.0, 0.6, customer.size)
    noise = rng.normal(0.0, 1.0, customer.size)
    eta = experience + rng.normal(0.0, 0.6, n // each)[customer] + noise
    score = (1 + np.searchsorted(np.quantile(eta, (0.06, 0.11, 0.21, 0.48)), eta)).astype(np.float64)
    far = experience - experience.mean()
    tone = residual * (np.abs(noise) - 0.8 - 0.5 * noise)
    responded = rng.random(customer.size) < expit(-2.3 + 0.9 * np.abs(far) - 0.5 * far + tone)
    return Population(asked(customer, score, responded, experience=experience), score)
