"""A company whose ratings are shared out, and how the part of the page on it reads."""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from collage import feedback, store
from collage.cli.attributing import credits_of
from collage.cli.opening import last, marked
from collage.report import Figures, Source, figures, page
from collage.report.earned import Earned, earned
from collage.report.earned_page import earned_part
from collage.report.taken import taken
from collage.report.telling import Telling
from tests.core.test_cli import collage

__all__ = ["DE", "EN", "Earning", "attributed", "made", "said", "section", "shared_out"]

EN, DE = Telling("en"), Telling("de")


@dataclass(frozen=True)
class Earning:
    """A company, its figures, the page on it, and what is shared out."""

    company: Path
    figures: Figures
    html: str
    by_department: list[dict[str, Any]]
    lowest: tuple[str, float]

    @property
    def earned(self) -> Earned:
        assert self.figures.earned is not None
        return self.figures.earned

    def attributed(self, by: str) -> list[dict[str, Any]]:
        return attributed(self.company, by, "--at", self.figures.at.isoformat())


def attributed(company_: Path, by: str, *words: object) -> list[dict[str, Any]]:
    said = collage("attribute", company_, "--by", by, "--format", "json", *words)
    assert said.code == 0, said.talk
    rows: list[dict[str, Any]] = json.loads(said.data)
    return rows


def made(folder: Path) -> Earning:
    """Simulate a company into a folder, and share its ratings out."""
    assert collage("simulate", folder, "--customers", 700, "--seed", 11).code == 0
    engine = store.connect()
    try:
        dataset = store.open_dataset(folder, engine)
        tables, at, kept = marked(dataset, None), last(dataset), engine.kept
        shared = credits_of(dataset, tables, at)
        invited = feedback.invited(dataset.table("invitations"), dataset.table("ratings"), tables.customers, at=at)
        source = Source(
            name="company",
            touchpoints=tables.touchpoints,
            customers=tables.customers,
            marks=kept(tables.marks),
            catalogue=tables.catalogue,
            quarantine=None,
            kept=kept,
            ratings=shared.asked.num_rows,
            credits=shared,
            invited=invited,
        )
        whole = figures(source, at=at, language="en")
        # of the rest of the page as little as can be: it is drawn again and again
        rest: dict[str, Any] = {key: [] for key in ("weeks", "losses", "owners", "channels", "falling", "spread")}
        found = replace(whole, customers=0, **rest)
        handed = (shared.inherited.sum(axis=1) / shared.unit).tolist()
        names, scores = shared.asked["rating_id"].to_pylist(), shared.score.tolist()
        low = [(each, name) for each, name, score in zip(handed, names, scores, strict=True) if score <= 2]
        worst = min(low)
        by_department = shared.by_department().to_pylist()
        return Earning(folder, found, page(found, language="en"), by_department, (worst[1], worst[0]))
    finally:
        engine.close()


def section(whole: str) -> str:
    """Return the part as it is read: without its pictures and tags."""
    begin = whole.index('<section class="card earned"')
    text = re.sub(r"<svg.*?</svg>|<[^>]*>", " ", whole[begin : whole.index("</section>", begin)], flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(text))


def said(found: Figures, tell: Telling = EN) -> str:
    """Return all sentences of the part."""
    part = earned_part(found, tell)
    assert part is not None
    read = [part.departments_read, part.agents_read, part.fairness, part.taken_read, part.silent, part.unknowable]
    return " ".join([part.empty, part.lead, *(each for one in read for each in one), part.late])


def shared_out(folder: Path, base: Figures, model_file: Path | None = None) -> Figures:
    """Return figures with who earned the ratings of a company."""
    engine = store.connect()
    try:
        dataset = store.open_dataset(folder, engine)
        tables, at = marked(dataset, None, model=model_file), last(dataset)
        shared = credits_of(dataset, tables, at)
        found = earned(shared, taken=taken(shared, tables, language="en"))
        return replace(base, earned=found, silence=None, ratings=shared.asked.num_rows)
    finally:
        engine.close()
