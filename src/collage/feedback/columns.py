"""What is known of everybody who was invited, as columns of numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from collage.errors import UsageError

__all__ = ["Flags", "Invited", "Numbers", "Whole", "as_invited", "known", "spline"]

Numbers: TypeAlias = npt.NDArray[np.float64]
Whole: TypeAlias = npt.NDArray[np.int64]
Flags: TypeAlias = npt.NDArray[np.bool_]

_KNOTS: Final = (0.05, 0.275, 0.5, 0.725, 0.95)  # Harrell, Regression Modeling Strategies (2015), table 2.3
_FEWEST_KNOTS: Final = 3
_FEWEST_OF_KIND: Final = 30
_ALIKE: Final = 1e-9
_ALWAYS: Final = ("customer_id", "experience", "responded", "score", "scale_low", "scale_high")
_PAST: Final = frozenset({"sent_at", "rated_at"})
_ASKED: Final = "say who does not answer"
_OTHERS, _UNKNOWN = "other values", "not known"


@dataclass(frozen=True, slots=True)
class Invited:
    """Invitations as columns: one entry in each is one invitation.

    `customer` counts from 0; `kinds` has for each kind the value of each invitation; `score` is NaN where nobody
    responded; `evidence`, `past` (the share of earlier invitations that the customer had answered by then, drawn to
    the share of all) and `late` (answered after a reminder) are None where they are not known. `scale` is None where
    nobody responded.
    """

    customer: Whole
    experience: Numbers
    evidence: Numbers | None
    past: Numbers | None
    kinds: dict[str, list[str]]
    responded: Flags
    score: Numbers
    late: Flags | None
    scale: tuple[float, float] | None

    @property
    def n(self) -> int:
        """Return how many there are."""
        return self.responded.size

    @property
    def ends(self) -> tuple[float, float]:
        """Return the lowest and the highest score possible, NaN where nobody responded."""
        return self.scale or (np.nan, np.nan)


def as_invited(table: pa.Table, *, kinds: Sequence[str]) -> Invited:
    """Return invitations as columns of numbers.

    Parameters
    ----------
    table
        As `nonresponse` takes it.
    kinds
        Its columns of words.

    Raises
    ------
    UsageError
        When a column is missing, is null where it must not be, or there are several scales.
    """
    if lacking := [name for name in (*_ALWAYS, *kinds) if name not in table.column_names]:
        raise UsageError(_ASKED, f"no {', '.join(lacking)}", "give these columns too")
    responded = _whole_column(table, "responded").to_numpy(zero_copy_only=False).astype(bool)
    customer = _whole_column(table, "customer_id").combine_chunks().dictionary_encode().indices
    who = customer.to_numpy(zero_copy_only=False).astype(np.int64)
    score = _numbers(table["score"])
    score[~responded] = np.nan
    scale = _scale(table, responded)
    if scale and not ((score[responded] >= scale[0]) & (score[responded] <= scale[1])).all():
        raise UsageError(_ASKED, "some responded with no score on the scale", "call these silent")
    late = None
    if "after_reminder" in table.column_names:
        late = table["after_reminder"].to_numpy(zero_copy_only=False) == np.True_
    return Invited(
        customer=who,
        experience=_known_numbers(table, "experience"),
        evidence=_known_numbers(table, "evidence") if "evidence" in table.column_names else None,
        past=_past(table, who, responded) if set(table.column_names) >= _PAST and responded.size else None,
        kinds={name: table[name].cast(pa.string()).fill_null(_UNKNOWN).to_pylist() for name in kinds},
        responded=responded,
        score=score,
        late=late,
        scale=scale,
    )


def known(of: Invited) -> tuple[tuple[str, ...], Numbers]:
    """Return the names of what is known of everybody, and the columns: a constant, then the others at mean 0 and sd 1.

    Parameters
    ----------
    of
        The invitations.
    """
    parts = [
        ("experience", spline(of.experience)),
        ("extremity", np.abs(of.experience - of.experience.mean())[:, None]),
        *((name, one[:, None]) for name, one in (("evidence", of.evidence), ("past", of.past)) if one is not None),
        *((name, _indicators(values)) for name, values in of.kinds.items()),
    ]
    names, columns = [], [np.ones((of.n, 1))]
    for name, part in parts:
        spread = part.std(axis=0)
        told = part[:, spread > _ALIKE]
        if told.shape[1]:
            names.append(name)
            columns.append((told - told.mean(axis=0)) / told.std(axis=0))
    return tuple(names), np.hstack(columns)


def spline(x: Numbers) -> Numbers:
    """Return a natural cubic spline of x: x itself and a column for each knot but two, straight beyond the outermost.

    Knots stand at the .05, .275, .5, .725 and .95 quantiles; where fewer than three of them differ there is x alone.
    Source: Harrell, Regression Modeling Strategies (2015), section 2.4.5.

    Parameters
    ----------
    x
        Numbers.
    """
    knots = np.unique(np.quantile(x, _KNOTS))
    if knots.size < _FEWEST_KNOTS:
        return x[:, None]
    last, before = knots[-1], knots[-2]

    def above(knot: float) -> Numbers:
        cubed: Numbers = np.maximum(x - knot, 0.0) ** 3
        return cubed

    bent = [
        above(knot) - (above(before) * (last - knot) - above(last) * (before - knot)) / (last - before)
        for knot in knots[:-2]
    ]
    square = float(last - knots[0]) ** 2
    return np.column_stack([x, *(column / square for column in bent)])


def _indicators(values: Sequence[str]) -> Numbers:
    """Return a column for each value but the commonest; values met too seldom are one."""
    counts = Counter(values)
    named = [value if counts[value] >= _FEWEST_OF_KIND else _OTHERS for value in values]
    others = sorted(set(named), key=lambda value: (-counts[value], value))[1:]
    words = np.array(named)
    found: Numbers = np.column_stack([np.zeros((len(named), 0)), *(words == value for value in others)])
    return found


def _past(table: pa.Table, who: Whole, responded: Flags) -> Numbers:
    """Return (answers before + r)/(invitations before + 1), r the share of all who responded, *before* in time."""
    us = pa.timestamp("us", "UTC")
    sent = _whole_column(table, "sent_at").cast(us).cast(pa.int64()).to_numpy()
    answers = table.select(["rated_at"]).filter(pa.array(responded))
    rated = _whole_column(answers, "rated_at").cast(us).cast(pa.int64()).to_numpy()
    moments, rank = np.unique(np.concatenate([sent, rated]), return_inverse=True)
    width = moments.size + 1
    mine = who * width + rank[: sent.size]
    answered = np.sort(who[responded] * width + rank[sent.size :])
    asked = np.sort(mine)
    begins = who * width
    earlier = np.searchsorted(asked, mine) - np.searchsorted(asked, begins)
    by_then = np.searchsorted(answered, mine) - np.searchsorted(answered, begins)
    found: Numbers = (by_then + responded.mean()) / (earlier + 1.0)
    return found


def _scale(table: pa.Table, responded: Flags) -> tuple[float, float] | None:
    if not responded.any():
        return None
    low, high = (_numbers(table[name])[responded] for name in ("scale_low", "scale_high"))
    scales = np.unique(np.column_stack([low, high]), axis=0)
    if len(scales) > 1 or np.isnan(scales).any() or scales[0, 0] >= scales[0, 1]:
        told = ", ".join(f"{a:g} to {b:g}" for a, b in scales[:5])
        raise UsageError(_ASKED, f"scales {told}", "ask for one instrument on one scale at a time")
    return float(scales[0, 0]), float(scales[0, 1])


def _whole_column(table: pa.Table, name: str) -> pa.ChunkedArray:
    """Return a column that must not be null anywhere."""
    if nulls := table[name].null_count:
        raise UsageError(_ASKED, f"{name} is null {nulls} times", "it must be known for everybody")
    return table[name]


def _known_numbers(table: pa.Table, name: str) -> Numbers:
    found = _numbers(_whole_column(table, name))
    if not np.isfinite(found).all():
        raise UsageError(_ASKED, f"{name} is no number somewhere", "it must be known for everybody")
    return found


def _numbers(column: pa.ChunkedArray) -> Numbers:
    # a copy: what Arrow gives may be read-only
    return np.array(column.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)
