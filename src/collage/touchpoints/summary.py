"""What a table of touchpoints holds: how many, of whom, from when to when, and which words are unknown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from collage.touchpoints.vocabulary import CHANNELS, KINDS

__all__ = ["Summary", "summary"]


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of a table of touchpoints; `first_at` and `last_at` are None when it is empty.

    `kinds` and `channels` map each word to its touchpoints, most frequent first; `unattributed` counts those without a
    department.
    """

    touchpoints: int
    identifiers: int
    issues: int
    unattributed: int
    first_at: datetime | None
    last_at: datetime | None
    kinds: dict[str, int]
    channels: dict[str, int]

    @property
    def unknown_kinds(self) -> dict[str, int]:
        """Return the kinds that are not in the vocabulary."""
        return {kind: n for kind, n in self.kinds.items() if kind not in KINDS}

    @property
    def unknown_channels(self) -> dict[str, int]:
        """Return the channels that are not in the vocabulary."""
        return {channel: n for channel, n in self.channels.items() if channel not in CHANNELS}


def summary(touchpoints: ir.Table) -> Summary:
    """Return what a table of touchpoints holds.

    Parameters
    ----------
    touchpoints
        By the contract of this name.

    Returns
    -------
    Summary
        The counts, fetched.
    """
    whole = touchpoints.aggregate(
        touchpoints=touchpoints.count(),
        identifiers=touchpoints.identifier.nunique(),
        issues=touchpoints.issue_id.nunique(),
        unattributed=touchpoints.department.isnull().sum(),
        first_at=touchpoints.occurred_at.min(),
        last_at=touchpoints.occurred_at.max(),
    )
    row = _fetched(whole).to_pylist()[0]
    return Summary(
        touchpoints=int(row["touchpoints"]),
        identifiers=int(row["identifiers"]),
        issues=int(row["issues"]),
        unattributed=int(row["unattributed"] or 0),
        first_at=row["first_at"],
        last_at=row["last_at"],
        kinds=_counted(touchpoints, "kind"),
        channels=_counted(touchpoints, "channel"),
    )


def _counted(touchpoints: ir.Table, column: str) -> dict[str, int]:
    known = touchpoints.filter(touchpoints[column].notnull())
    counted = known.group_by(column).agg(n=known.count()).order_by(ibis.desc("n"), column)
    return {row[column]: int(row["n"]) for row in _fetched(counted).to_pylist()}


def _fetched(table: ir.Table) -> pa.Table:
    return table.to_pyarrow()
