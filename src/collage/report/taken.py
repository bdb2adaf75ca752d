"""One rating taken apart: what it is made of, and what the customer had met with before.

Chosen by a rule, so that nobody picks a case that suits: of all low ratings the one to which other departments had
handed the most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

import ibis
import ibis.expr.types as ir
import numpy as np

from collage import experience
from collage.experience import Catalogue
from collage.experience.attribution import Credits
from collage.experience.attribution.parts import UNKNOWN

__all__ = ["PARTS", "Instance", "Step", "Tables", "Taken", "chosen", "taken"]

PARTS: Final = (
    *("inherited_self", "contact_other", "contact_process", "own_agent"),
    *("since", "customer", "instrument", "unexplained"),
)
_LOW: Final = 1.0  # of the four points from 1 to 5 above the lowest: 1 and 2 are low
_NOTHING: Final = 1e-9
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Tables(Protocol):
    """Where a customer's marks come from, as `Source` has them."""

    @property
    def marks(self) -> ir.Table:
        """Return the marks."""

    @property
    def touchpoints(self) -> ir.Table:
        """Return the touchpoints."""

    @property
    def customers(self) -> ir.Table:
        """Return the customers."""

    @property
    def catalogue(self) -> Catalogue:
        """Return the catalogue."""


@dataclass(frozen=True, slots=True)
class Step:
    """A part of a rating in points of its scale; `owner` is from whom it was inherited, else None."""

    part: str
    owner: str | None
    value: float


@dataclass(frozen=True, slots=True)
class Instance:
    """What the customer had met with before the contact, in words, and what it adds to the rating, in its points."""

    at: datetime
    owner: str | None
    strike: bool
    points: float
    says: str


@dataclass(frozen=True, slots=True)
class Taken:
    """A rating taken apart: `base`, all `steps` and nothing else add up to its `score`.

    `low_one` is whether it was chosen among low ratings; `instances` are those before the contact began, the strongest
    first.
    """

    rating_id: str
    customer_id: str
    rated_at: datetime
    started_at: datetime
    department: str | None
    agent: str | None
    instrument: str | None
    score: float
    scale_low: float
    scale_high: float
    base: float
    steps: Sequence[Step]
    low_one: bool
    instances: Sequence[Instance]

    @property
    def inherited(self) -> float:
        """Return what other departments had handed over, in points of the rating."""
        return sum(each.value for each in self.steps if each.part == "inherited")


def chosen(of: Credits) -> tuple[int, bool] | None:
    """Return the place of the rating that is taken apart, and whether it is a low one.

    Of all ratings in the lowest quarter of their scale the one from which other departments' past took most; where it
    took nothing from any, of all ratings the one to which it gave or from which it took most.

    Parameters
    ----------
    of
        Ratings shared out.

    Returns
    -------
    tuple or None
        None where no rating inherited anything from others.
    """
    handed = of.inherited.sum(axis=1) / of.unit
    low = (of.score - of.asked["scale_low"].to_numpy()) / of.unit <= _LOW
    order = np.argsort(np.asarray(of.asked["rating_id"].to_pylist(), object), kind="stable")
    worst = min((at for at in order.tolist() if low[at]), key=lambda at: round(handed[at], 9), default=None)
    if worst is not None and handed[worst] < -_NOTHING:
        return worst, True
    most = max(order.tolist(), key=lambda at: round(abs(handed[at]), 9), default=None)
    return None if most is None or abs(handed[most]) <= _NOTHING else (most, False)


def taken(of: Credits, tables: Tables, *, language: str) -> Taken | None:
    """Return one rating taken apart, with the customer's marks before it.

    Parameters
    ----------
    of
        Ratings shared out.
    tables
        Whence the marks are; by the same catalogue.
    language
        Of the sentences: ``en`` or ``de``.

    Returns
    -------
    Taken or None
        None where no rating inherited anything.
    """
    found = chosen(of)
    if found is None:
        return None
    place, low_one = found
    row = {name: of.asked[name][place].as_py() for name in of.asked.column_names}
    rated_at, started_at = (_EPOCH + timedelta(microseconds=row[name]) for name in ("rated_us", "started_us"))
    theirs = _of_customer(tables.customers, row["customer_id"])
    rows = _before(tables, theirs, rated_at=rated_at, started_at=started_at, language=language)
    return Taken(
        rating_id=row["rating_id"],
        customer_id=str(theirs.customer_id.min().to_pyarrow().as_py()),
        rated_at=rated_at,
        started_at=started_at,
        **{name: row[name] for name in ("department", "agent", "instrument", "score", "scale_low", "scale_high")},
        base=float(of.base[place]),
        steps=_steps(of, place),
        low_one=low_one,
        instances=_weighed(rows, of, place, row["department"]),
    )


def _of_customer(customers: ir.Table, who: object) -> ir.Table:
    """Return the rows of one customer, by the number where customers have one (`customers.numbered`)."""
    key = "number" if "number" in customers.columns else "customer_id"
    return customers.filter(customers[key] == who)


def _before(
    tables: Tables, theirs: ir.Table, *, rated_at: datetime, started_at: datetime, language: str
) -> list[dict[str, Any]]:
    """Return the customer's marks before the contact began, with what each contributes when the rating is given."""
    # a list of literals reaches the scan of a file, a join does not on every engine
    known = [row["identifier"] for row in theirs.select("identifier").to_pyarrow().to_pylist()]
    marks = tables.marks.filter(tables.marks.identifier.isin(known))
    found = experience.contributions(marks, theirs, tables.catalogue, at=rated_at)
    found = found.filter(found.occurred_at < ibis.literal(started_at))
    found = found.order_by(found.contribution.abs().desc(), "occurred_at", "touchpoint_id", "mark")
    touchpoints = tables.touchpoints.filter(tables.touchpoints.identifier.isin(known))
    rows: list[dict[str, Any]] = experience.told(found, touchpoints, tables.catalogue, language=language).to_pylist()
    return rows


def _steps(of: Credits, place: int) -> list[Step]:
    """Return the parts in the order in which they came about, what was inherited by department first."""
    inherited = [
        Step("inherited", owner, float(of.inherited[place, at]))
        for at, owner in enumerate(of.owners)
        if of.inherited[place, at]
    ]
    inherited.sort(key=lambda each: (each.value, each.owner or ""))
    rest = {name: float(values[place]) for name, values in of.parts.items()}
    rest["unexplained"] = float(of.score[place] - of.expected[place])
    return [*inherited, *(Step(name, None, rest[name]) for name in PARTS)]


def _weighed(rows: Sequence[dict[str, Any]], of: Credits, place: int, department: str | None) -> list[Instance]:
    """Return marks with their points of the rating: what each contributes, times what the rating makes of a point."""
    times = _times(rows, of, place, department)
    return [
        Instance(
            at=row["occurred_at"].replace(tzinfo=UTC) if row["occurred_at"].tzinfo is None else row["occurred_at"],
            owner=row["owner"],
            strike=row["contribution"] < 0,
            points=times * row["contribution"],
            says=row["says"],
        )
        for row in rows
    ]


def _times(rows: Sequence[dict[str, Any]], of: Credits, place: int, department: str | None) -> float:
    """Return how many points of this rating a point of experience is: it is the same for all that was before."""
    whole: dict[str | None, float] = {}
    for row in rows:
        whole[row["owner"]] = whole.get(row["owner"], 0.0) + row["contribution"]
    owner = max(whole, key=lambda name: (abs(whole[name]), name or ""), default=None)
    if not rows or abs(whole[owner]) < _NOTHING:
        return float(of.unit[place])
    if owner is not None and owner == department:
        return float(of.parts["inherited_self"][place]) / whole[owner]
    return float(of.inherited[place, of.owners.index(owner or UNKNOWN)]) / whole[owner]
