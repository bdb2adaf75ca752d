"""What was promised to customers, by when, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

import numpy as np

from collage.simulate.rows import NOBODY, Whole

__all__ = ["NEVER", "OUTCOMES_OF_PROMISES", "PROMISES", "Promises"]

PROMISES: Final = ("delivery", "callback")
OUTCOMES_OF_PROMISES: Final = ("kept", "exceeded")
NEVER: Final = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class Promises:
    """Promises as columns: numbers of what stands in the lists, NOBODY for none, `settled` NEVER where it is not."""

    kind: Whole
    customer: Whole
    department: Whole
    agent: Whole
    channel: Whole
    issue: Whole
    made: Whole
    due: Whole
    settled: Whole
    outcome: Whole

    @classmethod
    def of(cls, kind: str, *, customer: Whole, **columns: object) -> Promises:
        """Return promises of one kind; one value stands for all of a column, and without an agent nobody did."""
        given: dict[str, object] = {"kind": PROMISES.index(kind), "customer": customer, "agent": NOBODY, **columns}
        return cls(**{name: np.broadcast_to(np.asarray(value), customer.size) for name, value in given.items()})

    @classmethod
    def joined(cls, parts: list[Promises]) -> Promises:
        """Return several as one."""
        return cls(*(np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(cls)))

    def some(self, which: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> Promises:
        """Return some of them, by flags or by places."""
        return Promises(*(getattr(self, each.name)[which] for each in fields(self)))
