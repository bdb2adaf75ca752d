"""A company with known causes: its dataset, and beside it the truth that the dataset does not tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

import numpy as np
import pyarrow as pa

from collage import experience
from collage.errors import UsageError
from collage.simulate.answers import invitations, ratings
from collage.simulate.blocks import company
from collage.simulate.causes import Causes
from collage.simulate.folding import Engine, marks, weighted
from collage.simulate.identifying import claims
from collage.simulate.people import Span
from collage.simulate.rating import asked, rated
from collage.simulate.recording import promises, recorded
from collage.simulate.rows import DAY, SECOND
from collage.simulate.truth import Known, truth

__all__ = ["Simulated", "Size", "simulated"]

_MOST_CUSTOMERS, _MOST_DAYS = 1_000_000, 3_660
_FIRST_YEAR, _LAST_YEAR, _MOST_SEED = 1980, 2199, 2**63 - 1


@dataclass(frozen=True, slots=True)
class Size:
    """How large a company is made: `customers`, and the `days` before `end`, which is the first that is not made.

    From 1 to 1,000,000 customers and 1 to 3,660 days; about 80 touchpoints come of a customer and year.
    """

    customers: int
    days: int
    end: date

    def __post_init__(self) -> None:
        """Refuse a size out of bounds.

        Raises
        ------
        UsageError
            With what was asked and the bounds.
        """
        for name, value, least, most in (
            ("customers", self.customers, 1, _MOST_CUSTOMERS),
            ("days", self.days, 1, _MOST_DAYS),
            ("the year of the end", self.end.year, _FIRST_YEAR, _LAST_YEAR),
        ):
            _check_within(name, value, least, most)

    def span(self) -> Span:
        """Return the time that is simulated.

        Returns
        -------
        Span
            From midnight to midnight, in UTC.
        """
        last = int(datetime.combine(self.end, time(), UTC).timestamp()) * SECOND
        return Span(last - self.days * DAY, last)


@dataclass(frozen=True, slots=True)
class Simulated:
    """A simulated company.

    `tables` are its dataset by the contracts, `truth` the tables of the truth, `notes` the JSON files beside these.
    """

    tables: Mapping[str, pa.Table]
    truth: Mapping[str, pa.Table]
    notes: Mapping[str, Any]


def simulated(
    causes: Causes,
    size: Size,
    *,
    seed: int,
    catalogue: experience.Catalogue,
    ask: Engine,
    progress: Callable[[str], None] = lambda _: None,
) -> Simulated:
    """Return a simulated company. Source: model.md §2.1.

    Parameters
    ----------
    causes
        Why it is as it is.
    size
        How many customers and how many days.
    seed
        0 or more. The same seed, causes and size give the same tables, whatever the engine, its threads and the
        machine's load.
    catalogue
        The rules by which touchpoints leave marks; the true weights are drawn around its weights.
    ask
        Works out an Ibis expression and gives its rows, in any order.
    progress
        Called with what is being done.

    Returns
    -------
    Simulated
        Its touchpoints are in order of time.

    Raises
    ------
    UsageError
        When the seed is out of bounds.
    """
    _check_within("seed", seed, 0, _MOST_SEED)
    span = size.span()
    whole, *seeds = np.random.SeedSequence(seed).spawn(6)
    recording, identity, weighing, inviting, answering = map(np.random.default_rng, seeds)
    made = company(whole, causes, n=size.customers, span=span, progress=progress)
    progress("records")
    records, promised = recorded(recording, made), promises(made)
    progress("true marks")
    true = weighted(weighing, catalogue, causes.ratings)
    left = marks(made, records.touchpoints, promised, true, ask=ask)
    progress("ratings")
    invited = asked(inviting, made)
    answers = rated(answering, made, invited, left, true)
    tables = {
        "touchpoints": records.touchpoints,
        "claims": claims(identity, made),
        "ratings": ratings(made, answers),
        "invitations": invitations(made, invited, answers),
        "promises": promised,
    }
    known = truth(Known(made, records, promised, left, true, catalogue, answers))
    notes = {"causes.json": _note(causes, size, seed), "story.json": _story(causes, span)}
    return Simulated(tables, known, notes)


def _check_within(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise UsageError("simulate a company", f"{name}: {value}", f"give a whole number from {least} to {most}")


def _note(causes: Causes, size: Size, seed: int) -> dict[str, Any]:
    how_large = {"customers": size.customers, "days": size.days, "end": size.end.isoformat()}
    return {**how_large, "seed": seed, "causes": causes.as_json()}


def _story(causes: Causes, span: Span) -> dict[str, Any]:
    """Return what the report must lead to."""
    release = causes.release

    def day(before: float) -> str:
        return datetime.fromtimestamp(span.end // SECOND - before * 86_400, UTC).isoformat()

    return {
        "mark": "refund_late",
        "department": "Billing",
        "begins_at": day(release.begins_days),
        "ends_at": day(release.ends_days),
        "extra_days": release.extra_days,
        "told": "A release of the billing system made refunds slow until another one mended it.",
    }
