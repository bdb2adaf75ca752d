"""The command `report`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from collage.cli.attributing import credits_of
from collage.cli.opening import last, marked, opened
from collage.cli.printing import at_work, say, show
from collage.cli.writing import check_place, write_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from collage.cli.opening import Marked
    from collage.experience.attribution import Credits
    from collage.report import Figures
    from collage.store import Dataset

__all__ = ["report"]


def report(arguments: argparse.Namespace) -> None:
    """Write the report on a dataset as one page, and say what matters most."""
    with opened(arguments.dataset, arguments.engine) as dataset, at_work() as step:
        check_place(arguments.out)
        found = _write_report(dataset, arguments, step)
    _say_findings(found, arguments.language)
    kilobytes = arguments.out.stat().st_size / 1000
    say(f"{arguments.out}: the report, {kilobytes:,.0f} kB; open it in a browser.")


def _write_report(dataset: Dataset, arguments: Any, step: Callable[[str], None]) -> Figures:
    """Work out the figures of a dataset, and write them as a page.

    Parameters
    ----------
    dataset
        Open.
    arguments
        `at`, `catalogue`, `model`, `language` and `out` are used.
    step
        Told what is being done.

    Returns
    -------
    Figures
        What the page shows.
    """
    from collage import report as room

    at = arguments.at or last(dataset)
    step("marks")
    found = marked(dataset, arguments.catalogue, model=arguments.model)
    kept = dataset.engine.kept
    quarantine = dataset.table("quarantine") if dataset.has("quarantine") else None
    ratings = int(dataset.table("ratings").count().to_pyarrow().as_py()) if dataset.has("ratings") else 0
    source = room.Source(
        name=dataset.folder.resolve().name,
        touchpoints=found.touchpoints,
        customers=found.customers,
        marks=kept(found.marks),
        catalogue=found.catalogue,
        quarantine=quarantine,
        kept=kept,
        model=found.model,
        plain=None if found.model is None else found.catalogue.plain,
        ratings=ratings,
        credits=_credits(dataset, found, at, step),
        invited=_invited(dataset, found, at),
    )
    figures = room.figures(source, at=at, language=arguments.language, progress=step)
    step("the page")
    write_text(arguments.out, room.page(figures, language=arguments.language))
    return figures


def _credits(dataset: Dataset, found: Marked, at: datetime, step: Callable[[str], None]) -> Credits | None:
    """Return the ratings up to a moment, shared out; None where none can be used."""
    from collage.experience import attribution

    if not dataset.has("ratings"):
        return None
    ratings = dataset.table("ratings")
    # which ratings can be used does not depend on when their contacts began
    some = attribution.rows(ratings, found.touchpoints.limit(0), found.customers, at=at).limit(1)
    if not some.to_pyarrow().num_rows:
        return None
    step("ratings shared out")
    return credits_of(dataset, found, at)


def _invited(dataset: Dataset, found: Marked, at: datetime) -> Any:
    """Return who was asked for a rating, and whether they answered; None where that is not recorded."""
    from collage import feedback

    if not (dataset.has("ratings") and dataset.has("invitations")):
        return None
    return feedback.invited(dataset.table("invitations"), dataset.table("ratings"), found.customers, at=at)


def _say_findings(figures: Figures, language: str) -> None:
    """Print the sentence of a report, its findings, and what the ratings teach where there is a model."""
    from collage.report import findings, sentence, verdict

    show(sentence(figures, language=language))
    for number, each in enumerate(findings(figures, language=language), start=1):
        show(f"{number}. {each.title}\n   {each.words}")
    if figures.model is not None:
        taught = verdict(figures.model, language=language)
        show(f"{taught.title}\n   {taught.standing}")
