"""The figures of the whole company, worked out by the core over a snapshot, as plain values that a row can hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from collage import customers as who
from collage import experience, promises, report, store
from collage.experience import Catalogue
from collage.report.figures import FEWEST
from collage.report.findings import change_of
from collage.report.telling import Telling
from collage_web.bridge import figures
from collage_web.bridge.arrows import as_table, schema
from collage_web.records import bulk
from collage_web.records.models import Identifier

__all__ = ["figured"]

Row = dict[str, Any]

_DAYS: Final = 90
_ROWS, _AGENTS = 25, 300  # of one mark: customers whom it cost most, agents
_PLACES: Final = 4
_WEEKS_AT_ONCE: Final = 15  # every mark meets every week: all at once would take gigabytes


def figured(
    folder: Path, by: Catalogue, *, at: datetime, memory: str, progress: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Return all figures of the company.

    Parameters
    ----------
    folder
        The snapshot.
    by
        The catalogue in force.
    at
        The moment of asking.
    memory
        What the engine may take before it goes to disk, such as ``1GB``.
    progress
        Told what is being worked out.

    Returns
    -------
    dict
        Plain values only, moments as ISO 8601. Each figure equals what `collage score` gives for the same dataset,
        moment and catalogue without those who object to being scored. `sentence`, `company` and `before`, `change`
        (points of the index, None: not enough data), `weeks`, `losses`, `owners`, `channels`, `falling`, `spread`; by
        name of a mark `marks` (what it says and means), `rows` (whom it cost most, by customer id) and `agents`
        (of marks that are the agent's to change).

    Raises
    ------
    CollageError
        When the snapshot is none, or the engine gives up.
    """
    engine = store.connect("duckdb", memory=memory)
    try:
        with store.answered():
            progress("marks")
            source, objecting = _source(store.open_dataset(folder, engine), by)
            found = report.figures(source, at=at, language="en", at_once=_WEEKS_AT_ONCE, progress=progress)
            progress("whom it cost most")
            lately = engine.kept(_lately(source, at))
            return {
                "form": figures.FORM,
                **_told(found, source),
                "objecting": objecting,
                "rows": _by_mark(_worst(lately), "customer_id"),
                "agents": _by_mark(_agents(lately, by), "agent"),
            }
    finally:
        engine.close()


def _source(dataset: store.Dataset, by: Catalogue) -> tuple[report.Source, int]:
    """Return the tables of whoever may be scored, and how many may not."""
    engine = dataset.engine
    engine.unordered()
    known, objecting = _customers()
    people = engine.kept(who.numbered(ibis.memtable(known)), "all_customers")
    touchpoints = dataset.table("touchpoints")
    if dataset.has("promises"):
        touchpoints = touchpoints.union(promises.touchpoints(dataset.table("promises")))
    touchpoints = engine.known(touchpoints.semi_join(people, "identifier"), "all_touchpoints")
    corrections = dataset.table("corrections") if dataset.has("corrections") else None
    kinds = sorted(touchpoints.select("kind").distinct().to_pyarrow()["kind"].to_pylist())
    marks = experience.marks(touchpoints, people, by.on(kinds), corrections, whose=True)
    source = report.Source(
        name="company",
        touchpoints=touchpoints,
        customers=people,
        marks=engine.kept(marks),
        catalogue=by,
        quarantine=None,
        kept=engine.kept,
    )
    return source, objecting


def _customers() -> tuple[pa.Table, int]:
    """Return who is a customer by their random id, without those who object to being scored; and how many those are."""
    objecting = figures.objecting()
    rows = bulk.rows(Identifier, ("customer", "value", "state"))
    return as_table([row for row in rows if row[0] not in objecting], schema("customers")), len(objecting)


def _told(found: report.Figures, source: report.Source) -> dict[str, Any]:
    """Return figures as plain values, and in words what is told in words."""
    by, change = source.catalogue, change_of(found)
    return {
        "sentence": {language: report.sentence(found, language=language) for language in report.LANGUAGES},
        "fewest": FEWEST,
        "customers": found.customers,
        "touchpoints": found.span.whole,
        "begins": _plain(found.span.begins),
        "comparable": found.span.comparable,
        "company": _row(found.company, by),
        "before": _row(found.company_before, by),
        "change": None
        if change is None
        else {"points": change.points, "reach": change.reach, "customers": change.customers, "clear": change.clear},
        "weeks": [_row(row, by) for row in found.weeks],
        "losses": [_row(row, by) for row in found.losses],
        "owners": [_row(row, by) for row in found.owners],
        "channels": [_row(row, by) for row in found.channels],
        "falling": {"customers": found.n_falling, "rows": _falling(found, source)},
        "spread": [_row(row, by) for row in found.spread],
        "marks": {mark.name: _mark(mark, by) for mark in by.marks},
    }


def _mark(mark: experience.Mark, by: Catalogue) -> Row:
    words = experience.in_words(mark, by)
    return {
        "says": {language: Telling(language).mark(mark.name, by) for language in report.LANGUAGES},
        "weight": mark.weight,
        "rule": words.rule,
        "severity": words.severity,
        "half_life": words.half_life,
        "cause": mark.cause,
        "agent_controllable": mark.agent_controllable,
    }


def _falling(found: report.Figures, source: report.Source) -> list[Row]:
    """Return who falls the most, each with reasons in every language that pages are read in."""
    reasons = [{**each, "who": nth} for nth, row in enumerate(found.falling) for each in row["reasons"]]
    says: dict[int, list[Row]] = {}
    if reasons:
        columns = ("who", "touchpoint_id", "mark", "about", "weighs_as", "contribution")
        rows = ibis.memtable(
            pa.Table.from_pylist([{name: each[name] for name in columns} for each in reasons], schema=_REASONS)
        ).order_by("who", "contribution")
        told = {
            language: experience.told(rows, _unsaid(source), source.catalogue, language=language).to_pylist()
            for language in report.LANGUAGES
        }
        for each in zip(*told.values(), strict=True):
            one = {"mark": each[0]["mark"], "contribution": each[0]["contribution"]}
            words = {language: row["says"] for language, row in zip(told, each, strict=True)}
            says.setdefault(each[0]["who"], []).append({**one, "says": words})
    kept = ("customer_id", "index", "evidence", "trend", "strikes_90d", "last_touchpoint_at")
    return [
        {**{name: _plain(row[name]) for name in kept}, "reasons": says.get(nth, [])}
        for nth, row in enumerate(found.falling)
    ]


def _unsaid(source: report.Source) -> ir.Table:
    """Return touchpoints, the sensitive ones without what was said: a sentence of a catalogue can quote it."""
    each = source.touchpoints
    sensitive = each.properties.cast("string").contains("sensitive").fill_null(ibis.literal(False))  # noqa: FBT003  # a value
    return each.mutate(text=sensitive.ifelse(ibis.null("string"), each.text))


_REASONS: Final = pa.schema(
    [
        *(("who", pa.int64()), ("touchpoint_id", pa.string()), ("mark", pa.string()), ("about", pa.string())),
        *(("weighs_as", pa.string()), ("contribution", pa.float64())),
    ]
)


def _lately(source: report.Source, at: datetime) -> ir.Table:
    """Return the marks of the last 90 days of the company's customers, with what each costs when it is new."""
    people = source.customers.select("identifier", "customer_id")
    company = experience.members(source.touchpoints, people, at=at).select("customer_id")
    weights = pa.table(
        {
            "weighs_as": pa.array([mark.name for mark in source.catalogue.marks], pa.string()),
            "weight": pa.array([mark.weight for mark in source.catalogue.marks], pa.float64()),
        }
    )
    up_to, since = ibis.literal(at), ibis.literal(at - timedelta(days=_DAYS))
    marks = source.marks.filter(source.marks.occurred_at <= up_to, source.marks.occurred_at >= since)
    columns = ("identifier", "touchpoint_id", "mark", "weighs_as", "owner", "agent", "agent_controllable")
    each = marks.select(*columns, "occurred_at", "severity").join(people, "identifier")
    each = each.semi_join(company, "customer_id").join(ibis.memtable(weights), "weighs_as")
    each = each.mutate(value=each.weight * each.severity)
    return each.filter(each.value != ibis.literal(0.0))


def _worst(lately: ir.Table) -> ir.Table:
    """Return of each mark the customers whom it cost or brought most."""
    each = lately.group_by("mark", "customer_id").agg(
        marks=lately.count(), value=lately.value.sum(), last_at=lately.occurred_at.max(), owner=lately.owner.max()
    )
    order = ibis.window(group_by="mark", order_by=[each.value.abs().desc(), each.last_at.desc(), each.customer_id])
    placed = each.mutate(place=ibis.row_number().over(order))
    return placed.filter(placed.place < _ROWS).order_by("mark", "place").drop("place")


def _agents(lately: ir.Table, by: Catalogue) -> ir.Table:
    """Return of each mark that is the agent's to change, and of the contact itself, what each agent has to do with it.

    A mark of an earlier touchpoint's owner is left on whoever answers now, which is not whoever it is about.
    """
    names = [mark.name for mark in by.marks if mark.agent_controllable and mark.owner == "touchpoint"]
    theirs = lately.filter(lately.mark.isin(names), lately.agent.notnull()) if names else lately.limit(0)
    each = theirs.group_by("mark", "owner", "agent").agg(
        marks=theirs.count(), customers=theirs.customer_id.nunique(), value=theirs.value.sum()
    )
    order = ibis.window(group_by="mark", order_by=[each.marks.desc(), each.agent, each.owner])
    placed = each.mutate(place=ibis.row_number().over(order))
    return placed.filter(placed.place < _AGENTS).order_by("mark", "place").drop("place")


def _by_mark(table: ir.Table, whose: str) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in table.to_pyarrow().to_pylist():
        mark = row.pop("mark")
        found.setdefault(mark, []).append({whose: row[whose], **{name: _plain(value) for name, value in row.items()}})
    return found


def _row(row: Mapping[str, Any] | None, by: Catalogue) -> Row | None:
    """Return a row as plain values; of the company also its interval on the scale of the index."""
    if row is None:
        return None
    found = {name: _plain(value) for name, value in row.items()}
    if "index" in row and row["low"] is not None:
        found["index_low"], found["index_high"] = (
            experience.index_of(row[name], sd=by.index_sd) for name in ("low", "high")
        )
    return found


def _plain(value: Any) -> Any:
    """Return a value as JSON has it; points lost or won week by week, which are there to be drawn, to four places."""
    if isinstance(value, list):
        return [round(each, _PLACES) for each in value]
    return value.isoformat() if isinstance(value, datetime) else value
