"""Every number that the report shows, fetched once: the page only draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import ibis
import ibis.expr.types as ir

from collage import experience
from collage.experience import Catalogue
from collage.experience.attribution import Credits
from collage.experience.model import Model
from collage.report.bridge import Bridge, bridge
from collage.report.earned import Earned, earned
from collage.report.silence import Silence, silence
from collage.report.taken import taken
from collage.touchpoints import Summary, summary

__all__ = ["BEFORE_DAYS", "FALLING", "FEWEST", "Figures", "Row", "Source", "Span", "figures"]

Row = dict[str, Any]

BEFORE_DAYS: Final = 90
FEWEST: Final = 10  # below so many there is not enough data for a figure
FALLING: Final = -0.2  # model.md §10.7
_STRENGTHS: Final = (("faint", 0.0, 0.2), ("some", 0.2, 0.5), ("strong", 0.5, 2.0))
_WEEKS, _SPARK_WEEKS, _SHOWN, _REASONS = 104, 26, 15, 3
_TENTH = 0.1


@dataclass(frozen=True, slots=True)
class Source:
    """What a report is made from: tables by their contracts, and the words that name where they come from.

    `quarantine` is None where the dataset has none. `kept` keeps a table that is asked several times. Where there is a
    `model`, `catalogue` has its numbers and `plain` is the catalogue without them. `ratings` is how many the dataset
    has (None: not known); `credits` are those up to the moment of asking, shared out (None: none can be used), and
    `invited` who was asked for one, as `feedback.invited` gives it (None: not recorded).
    """

    name: str
    touchpoints: ir.Table
    customers: ir.Table
    marks: ir.Table
    catalogue: Catalogue
    quarantine: ir.Table | None
    kept: Callable[[ir.Table], ir.Table]
    model: Model | None = None
    plain: Catalogue | None = None
    ratings: int | None = None
    credits: Credits | None = None
    invited: ir.Table | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """How the touchpoints that rules ask for, up to the moment of asking, lie in time.

    `recent` of `whole` lie in the 90 days before it, `before` in the 90 days before those; all but a hundredth lie
    after `begins`, half before `middle`, all but a hundredth before `most`. `days` lie between `begins` and it.
    """

    whole: int
    recent: int
    before: int
    begins: datetime
    middle: datetime
    most: datetime
    days: float

    @property
    def comparable(self) -> bool:
        """Return whether the records cover the time that is compared with, and not by a handful alone."""
        return self.days >= 2 * BEFORE_DAYS and self.before >= _TENTH * self.recent and self.before > 0

    @property
    def remembered(self) -> bool:
        """Return whether what was remembered at the earlier moment had as long to gather: else it only looks less."""
        return self.comparable and self.days >= 3 * BEFORE_DAYS

    @property
    def thin(self) -> bool:
        """Return whether there are so few recent ones, beside what is usual, that the records seem to end before."""
        return self.recent < _TENTH * self.whole * BEFORE_DAYS / max(self.days, BEFORE_DAYS)


@dataclass(frozen=True, slots=True)
class Figures:
    """All figures of a report, of one moment.

    `company` and `company_before` are rows as `experience.groups` gives them (None: nobody was there), `change` one of
    `experience.changes`, `weeks` the company week by week, `owners` and `channels` as `groups`, `losses` as
    `experience.losses` with `weeks` (points by week, the latest last) and `comparable` (whether what leaves them was
    recorded in the time before) in each. `falling` are scores with `reasons`,
    `spread` the customers by tenth of the index and strength of evidence, `states` customers by state. `plain` is the
    catalogue without the numbers of the `model`, `bridge` leads from one to the other (None without a fitted model),
    `ratings` is how many the dataset has (None: not known), `earned` who earned those that can be used (None: there is
    none), `silence` who did not answer (None: it is not recorded who was asked).
    """

    name: str
    at: datetime
    catalogue: Catalogue
    customers: int
    company: Row | None
    company_before: Row | None
    change: Row | None
    weeks: Sequence[Row]
    losses: Sequence[Row]
    owners: Sequence[Row]
    channels: Sequence[Row]
    falling: Sequence[Row]
    n_falling: int
    spread: Sequence[Row]
    states: Mapping[str, int]
    quarantine: Sequence[Row]
    touchpoints: Summary
    span: Span
    unasked: Mapping[str, int]
    model: Model | None = None
    plain: Catalogue | None = None
    bridge: Bridge | None = None
    ratings: int | None = None
    earned: Earned | None = None
    silence: Silence | None = None

    @property
    def since(self) -> datetime:
        """Return the moment that everything is compared with."""
        return self.at - timedelta(days=BEFORE_DAYS)


def figures(
    source: Source,
    *,
    at: datetime,
    language: str,
    at_once: int = _WEEKS + 1,
    progress: Callable[[str], None] = lambda _: None,
) -> Figures:
    """Return all figures of a report.

    Parameters
    ----------
    source
        The tables.
    at
        The moment of asking, with its zone.
    language
        Of the sentences that say what happened to whom: ``en`` or ``de``.
    at_once
        How many weeks of the company are worked out together: fewer take less memory, and longer.
    progress
        Told what is being worked out.

    Returns
    -------
    Figures
        Each equal to what `collage score` gives for the same dataset, moment and catalogue.

    Raises
    ------
    UsageError
        When `at` has no zone, or the language is none of ours.
    """
    tables = (source.marks, source.touchpoints, source.customers, source.catalogue)
    progress("the company, week by week")
    weeks = [at - timedelta(weeks=week) for week in range(_WEEKS)]
    before = at - timedelta(days=BEFORE_DAYS)
    by_moment = _company(source, list(dict.fromkeys([*weeks, before])), at_once)
    progress("what was lost and gained")
    there = source.touchpoints.filter(source.touchpoints.occurred_at <= ibis.literal(at))
    counted = summary(there)
    rules = {kind for mark in source.catalogue.marks for kind in (*mark.kinds, *mark.sought)}
    losses = _losses(source, there, at=at)
    owners, channels = (_rows(experience.groups(*tables, by=by, at=at), "experience") for by in ("owner", "channel"))
    progress("customers")
    both = source.kept(experience.moments(before, at))
    scores = source.kept(experience.score(*tables, at=both))
    change = _rows(experience.changes(scores, source.touchpoints, source.customers, at=both), "change")[0]
    now = source.kept(scores.filter(scores["at"] == ibis.literal(at)))
    falling, n_falling = _falling(source, now, at=at, language=language)
    progress("what is not known")
    # Long because every figure of the report is named here once
    return Figures(
        name=source.name,
        at=at,
        catalogue=source.catalogue,
        customers=int(now.count().to_pyarrow().as_py()),
        company=by_moment.get(at),
        company_before=by_moment.get(before),
        change=change if change["customers"] else None,
        weeks=[by_moment[each] for each in reversed(weeks) if each in by_moment],
        losses=losses,
        owners=owners,
        channels=channels,
        falling=falling,
        n_falling=n_falling,
        spread=_spread(now),
        states=_states(source.customers),
        quarantine=_quarantine(source.quarantine),
        touchpoints=counted,
        span=_span(there.filter(there.kind.isin(sorted(rules))), at),
        unasked={kind: n for kind, n in counted.kinds.items() if kind not in rules},
        model=source.model,
        plain=source.plain,
        bridge=_bridge(source, at=at, progress=progress),
        ratings=source.ratings,
        earned=_earned(source, language=language, progress=progress),
        silence=_silence(source, progress=progress),
    )


def _company(source: Source, moments: Sequence[datetime], at_once: int) -> dict[datetime, dict[str, Any]]:
    """Return the company's row at each moment, some of them worked out together."""
    tables = (source.marks, source.touchpoints, source.customers, source.catalogue)
    parts = [experience.moments(*moments[place : place + at_once]) for place in range(0, len(moments), at_once)]
    rows = [row for part in parts for row in _rows(experience.groups(*tables, by="company", at=part), "at")]
    return {row["at"]: row for row in rows}


def _earned(source: Source, *, language: str, progress: Callable[[str], None]) -> Earned | None:
    if source.credits is None:
        return None
    progress("who earned the ratings")
    return earned(source.credits, taken=taken(source.credits, source, language=language))


def _silence(source: Source, *, progress: Callable[[str], None]) -> Silence | None:
    if source.invited is None:
        return None
    progress("who did not answer")
    return silence(
        source.invited, source.marks, source.customers, source.catalogue, ask=lambda table: table.to_pyarrow()
    )


def _bridge(source: Source, *, at: datetime, progress: Callable[[str], None]) -> Bridge | None:
    """Return the bridge from the catalogue to the model; None where no model has found anything."""
    if source.model is None or source.plain is None or not source.model.fitted:
        return None
    progress("the bridge from the catalogue to the model")
    tables = (source.marks, source.touchpoints, source.customers)
    return bridge(tables, plain=source.plain, by_model=source.catalogue, at=at, kept=source.kept)


def _span(touchpoints: ir.Table, at: datetime) -> Span:
    up_to = touchpoints.select("occurred_at")
    first, second = (ibis.literal(at - timedelta(days=BEFORE_DAYS * n)) for n in (1, 2))
    days = up_to.mutate(second=up_to.occurred_at.epoch_seconds())
    row = days.aggregate(
        whole=days.count(),
        recent=(days.occurred_at > first).sum(),
        before=((days.occurred_at <= first) & (days.occurred_at > second)).sum(),
        begins=days.second.quantile(0.01),
        middle=days.second.quantile(0.5),
        most=days.second.quantile(0.99),
    )
    (found,) = row.to_pyarrow().to_pylist()
    moments = {
        name: at if found[name] is None else datetime.fromtimestamp(found[name], UTC)
        for name in ("begins", "middle", "most")
    }
    days = (at - moments["begins"]) / timedelta(days=1)
    return Span(found["whole"], found["recent"] or 0, found["before"] or 0, **moments, days=days)


def _rows(table: ir.Table, *order: str) -> list[Row]:
    """Return a table's rows in order of some columns, then of all others, so that they are the same each time."""
    fetched = table.to_pyarrow()
    if not fetched.num_rows:  # Spark forgets the columns of a table without rows
        return []
    rest = [name for name in fetched.column_names if name not in order]
    found: list[Row] = fetched.sort_by([(name, "ascending") for name in (*order, *rest)]).to_pylist()
    return [{name: _zoned(value) for name, value in row.items()} for row in found]


def _zoned(value: object) -> object:
    """Return a moment with its zone: Spark's come without it, and are UTC."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value


def _losses(source: Source, there: ir.Table, *, at: datetime) -> list[Row]:
    """Return what was lost and gained, week by week as well, and whether it was recorded in the time before."""
    tables = (source.marks, source.touchpoints, source.customers, source.catalogue)
    lost = _rows(experience.losses(*tables, at=at), "value")
    weekly = _rows(experience.weekly(*tables, at=at, weeks=_SPARK_WEEKS), "week")
    return _with_past(_with_weeks(lost, weekly), there, source.catalogue, at=at)


def _with_weeks(losses: list[Row], weekly: list[Row]) -> list[Row]:
    """Return losses with their points by week, the latest last."""
    found: dict[tuple[object, ...], list[float]] = {}
    for row in weekly:
        key = (row["mark"], row["owner"], row["strike"])
        found.setdefault(key, [0.0] * _SPARK_WEEKS)[_SPARK_WEEKS - 1 - row["week"]] = row["value"]
    nothing = [0.0] * _SPARK_WEEKS
    return [{**row, "weeks": found.get((row["mark"], row["owner"], row["strike"]), nothing)} for row in losses]


def _with_past(losses: list[Row], there: ir.Table, catalogue: Catalogue, *, at: datetime) -> list[Row]:
    """Return losses with whether what leaves them was already recorded in the time that they are compared with."""
    firsts = there.group_by("kind").agg(first=there.occurred_at.min())
    begins = at - timedelta(days=2 * BEFORE_DAYS)
    old = {row["kind"] for row in _rows(firsts, "kind") if row["first"] <= begins}
    known = {mark.name: not mark.kinds or bool(old & set(mark.kinds)) for mark in catalogue.marks}
    return [{**row, "comparable": known.get(row["mark"], True)} for row in losses]


def _falling(source: Source, now: ir.Table, *, at: datetime, language: str) -> tuple[list[Row], int]:
    """Return those who fall the most, each with what was added of late in words, and how many fall."""
    all_ = now.filter(now.trend <= FALLING)
    count = int(all_.count().to_pyarrow().as_py())
    worst = all_.order_by("trend", "customer_id").limit(_SHOWN).to_pyarrow()
    if not worst.num_rows:
        return [], count
    names = worst["customer_id"].to_pylist()
    theirs = source.customers.filter(source.customers.customer_id.isin(names))
    known = [row["identifier"] for row in theirs.select("identifier").to_pyarrow().to_pylist()]
    marks = source.marks.filter(source.marks.identifier.isin(known))
    parts = experience.contributions(marks, theirs, source.catalogue, at=at)
    late = parts.filter(parts.occurred_at >= ibis.literal(at - timedelta(days=30)), parts.contribution < 0)
    order = ibis.window(group_by="customer_id", order_by=["contribution", "touchpoint_id", "mark"])
    late = late.mutate(place=ibis.row_number().over(order))
    few = late.filter(late.place < _REASONS).order_by("customer_id", "place")
    touchpoints = source.touchpoints.filter(source.touchpoints.identifier.isin(known))
    told = experience.told(few, touchpoints, source.catalogue, language=language).to_pylist()
    reasons: dict[str, list[Row]] = {}
    for row in told:
        reasons.setdefault(row["customer_id"], []).append(row)
    return [{**row, "reasons": reasons.get(row["customer_id"], [])} for row in worst.to_pylist()], count


def _spread(now: ir.Table) -> list[Row]:
    """Return customers by tenth of the index (0 to 9) and strength of evidence."""
    tenth = ibis.least((now.index / ibis.literal(10.0)).floor().cast("int64"), ibis.literal(9, type="int64"))
    strength = ibis.cases(
        *((now.evidence < ibis.literal(most), name) for name, _, most in _STRENGTHS), else_=_STRENGTHS[-1][0]
    )
    each = now.mutate(tenth=tenth, strength=strength)
    return _rows(each.group_by("tenth", "strength").agg(customers=each.count()), "tenth")


def _states(customers: ir.Table) -> dict[str, int]:
    counted = customers.group_by("state").agg(n=customers.customer_id.nunique())
    return {row["state"]: row["n"] for row in _rows(counted, "state")}


def _quarantine(table: ir.Table | None) -> list[Row]:
    if table is None:
        return []
    counted = table.group_by("file", "reason").agg(rows=table.count())
    return sorted(_rows(counted, "file"), key=lambda row: -row["rows"])
