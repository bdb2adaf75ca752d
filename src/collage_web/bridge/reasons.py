"""What each of a customer's marks contributes: ten thousand stay columns, and only what is told becomes rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple, overload

import pyarrow as pa
import pyarrow.compute as pc

from collage_web.bridge.arrows import as_lists

__all__ = ["NO_REASONS", "Group", "Reason", "Reasons"]


class Reason(NamedTuple):
    """What one mark contributes at that moment: the columns of ``explain`` but the sentence.

    `without` is None where it was not asked for.
    """

    touchpoint_id: str
    mark: str
    occurred_at: datetime
    owner: str | None
    channel: str | None
    contribution: float
    points: float
    without: float | None
    about: str | None
    weighs_as: str


class Group(NamedTuple):
    """Marks of a name and of an owner: how many, what they add together, in points, and the largest of them."""

    mark: str
    owner: str | None
    n: int
    points: float
    first: Reason


class Reasons(Sequence[Reason]):
    """All of them, the largest first."""

    def __init__(self, contributions: pa.Table) -> None:
        """Take what the core gives, in any order; the column `without` may be absent."""
        if "without" not in contributions.column_names:
            contributions = contributions.append_column("without", pa.nulls(contributions.num_rows, pa.float64()))
        size = pc.abs(contributions["contribution"])
        keys = [("size", "descending"), *((name, "ascending") for name in ("occurred_at", "touchpoint_id", "mark"))]
        # by a mask or by places: a filter or a sort by name starts an execution plan, which a few rows wait for
        ordered = pc.sort_indices(contributions.append_column("size", size), sort_keys=keys)
        self._rows = contributions.select(Reason._fields).take(ordered)

    def __len__(self) -> int:
        """Return how many there are."""
        return int(self._rows.num_rows)

    @overload
    def __getitem__(self, which: int) -> Reason: ...
    @overload
    def __getitem__(self, which: slice) -> list[Reason]: ...
    def __getitem__(self, which: int | slice) -> Reason | list[Reason]:
        """Return one by its place, or some."""
        places = range(len(self))[which]
        if isinstance(places, int):
            return _made(self._rows.slice(places, 1))[0]
        return _made(self._taken(places))

    def __iter__(self) -> Iterator[Reason]:
        """Go through all of them."""
        return iter(_made(self._rows))

    def strikes(self, most: int) -> list[Reason]:
        """Return those that take the most."""
        return _made(self._rows.filter(pc.less(self._rows["contribution"], 0.0)).slice(0, most))

    def credits(self, most: int) -> list[Reason]:
        """Return those that give the most."""
        return _made(self._rows.filter(pc.greater(self._rows["contribution"], 0.0)).slice(0, most))

    def of(self, touchpoints: Collection[str]) -> list[Reason]:
        """Return those that some touchpoints left."""
        return _made(self._rows.filter(pc.is_in(self._rows["touchpoint_id"], _texts(touchpoints))))

    def left_by(self, mark: str) -> set[str]:
        """Return the touchpoints that left a mark; without a name: those that left a strike."""
        asked = pc.equal(self._rows["mark"], mark) if mark else pc.less(self._rows["contribution"], 0.0)
        return set(self._rows.filter(asked)["touchpoint_id"].to_pylist())

    def recovered(self, touchpoints: Collection[str]) -> set[tuple[str, str]]:
        """Return the strikes that were made good, of some touchpoints: what left them, and the name of the mark."""
        back = self._recoveries()
        found = back.filter(pc.is_in(back["about"], _texts(touchpoints)))
        return set(zip(found["about"].to_pylist(), found["weighs_as"].to_pylist(), strict=True))

    def recoveries(self, most: int) -> list[Reason]:
        """Return the latest recoveries that point at an earlier instance."""
        back = self._recoveries()
        back = back.filter(pc.is_valid(back["about"]))
        latest = pc.sort_indices(back, sort_keys=[("occurred_at", "descending")])
        return _made(back.take(latest[:most]))

    def owners(self) -> set[str | None]:
        """Return whose they are."""
        return set(pc.unique(self._rows["owner"]).to_pylist())

    def groups(self) -> list[Group]:
        """Return them by mark and owner, those that add or take the most first."""
        numbered = self._rows.append_column("place", pa.array(range(len(self)), pa.int64()))
        sums = [("points", "sum"), ("place", "count"), ("place", "min")]
        found = numbered.group_by(["mark", "owner"], use_threads=False).aggregate(sums)
        places, numbers, points = (found[name].to_pylist() for name in ("place_min", "place_count", "points_sum"))
        firsts = _made(self._taken(places))
        groups = [
            Group(first.mark, first.owner, n, whole, first)
            for first, n, whole in zip(firsts, numbers, points, strict=True)
        ]
        return sorted(groups, key=lambda group: (-abs(group.points), group.mark, group.owner or ""))

    def _taken(self, places: Sequence[int]) -> pa.Table:
        return self._rows.take(pa.array(places, pa.int64()))

    def _recoveries(self) -> pa.Table:
        return self._rows.filter(pc.not_equal(self._rows["mark"], self._rows["weighs_as"]))


def _made(rows: pa.Table) -> list[Reason]:
    return [*map(Reason._make, zip(*as_lists(rows), strict=True))]


def _texts(values: Collection[str]) -> pa.Array:
    return pa.array(list(values), pa.string())


_TEXT, _NUMBER = pa.string(), pa.float64()
_KINDS: Final = {
    "occurred_at": pa.timestamp("us", "UTC"),
    "contribution": _NUMBER,
    "points": _NUMBER,
    "without": _NUMBER,
}
NO_REASONS: Final = Reasons(pa.schema([(name, _KINDS.get(name, _TEXT)) for name in Reason._fields]).empty_table())
