"""The number taken apart again: what each mark contributes, and how to say it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from collage.customers.identity import customer_of
from collage.errors import UsageError
from collage.experience.catalogue import Catalogue
from collage.experience.fold import At, faded, per_evidence
from collage.experience.people import named
from collage.experience.score import totals
from collage.experience.sentences import LANGUAGES, tell
from collage.experience.whatif import moved

__all__ = ["contributed", "contributions", "explain", "lost_most", "said", "shares", "told"]

_EXPLAINED = ("touchpoint_id", "mark", "occurred_at", "owner", "channel", "contribution", "points", "without")
_POINTING = ("about", "weighs_as")


def contributions(marks: ir.Table, customers: ir.Table, catalogue: Catalogue, *, at: At) -> ir.Table:
    """Return what each mark up to `at` contributes to its customer's experience.

    Source: tables.md "explain", model.md §1.9, 10.6, 10.7.

    Parameters
    ----------
    marks, customers
        By the contracts of these names.
    catalogue
        The one by which the marks were derived.
    at
        The moment of asking, with its zone (or a table of one moment).

    Returns
    -------
    Table
        `customer_id`, `touchpoint_id`, `mark`, `occurred_at`, `owner`, `channel`; `contribution` φ =
        (κ+1)/(κ+D) · weight·severity·2^(-age/h), which add up to the customer's `experience`; `points`, φ on
        the 0 to 100 scale, which add up to index - 50; `without`, what the experience would be without this
        mark: its recovery goes with it, and the cap of its issue runs again. A contribution has the sign of its
        weight; leaving a mild strike out of a very bad memory can still make the memory worse. `without` is worked
        out by subtraction: where kappa is below 1e-5 and all other marks have faded to less than that beside this
        one, it has fewer than nine sound digits. `about` and `weighs_as` are those of the mark.

    Raises
    ------
    UsageError
        When `at` has no zone.
    """
    each = faded(marks, customers, catalogue, at=at)
    return contributed(each, totals(each, catalogue), customers, catalogue)


def contributed(each: ir.Table, whole: ir.Table, customers: ir.Table, catalogue: Catalogue) -> ir.Table:
    """Return what `contributions` does, of marks that were faded (`each`) and added up (`whole`) already."""
    met = moved(each, catalogue).join(whole.select("customer_id", "summed", "own", "scale", "per_point"), "customer_id")
    left_evidence = met.own - met.weighty + met.gained_evidence
    left_sum = met.summed - met.weighed - met.undone + met.gained
    met = _in_points(met.mutate(without=per_evidence(left_evidence, catalogue.kappa) * left_sum))
    return named(met.select("customer_id", *_EXPLAINED, *_POINTING), customers)


def shares(each: ir.Table, whole: ir.Table, customers: ir.Table) -> ir.Table:
    """Return what `contributed` does but for the column `without`, which is half of its work."""
    met = _in_points(each.join(whole.select("customer_id", "scale", "per_point"), "customer_id"))
    told = [name for name in _EXPLAINED if name != "without"]
    return named(met.select("customer_id", *told, *_POINTING), customers)


def _in_points(met: ir.Table) -> ir.Table:
    met = met.mutate(contribution=met.scale * met.weighed)
    return met.mutate(points=met.contribution * met.per_point)


def explain(
    marks: ir.Table,
    touchpoints: ir.Table,
    customers: ir.Table,
    catalogue: Catalogue,
    *,
    at: At,
    customer: str,
    language: str = "en",
) -> pa.Table:
    """Return one customer's contributions, the largest first, each with its sentence.

    Parameters
    ----------
    marks, touchpoints, customers
        By the contracts of these names.
    catalogue
        The one by which the marks were derived.
    at
        The moment of asking, with its zone.
    customer
        A customer id or any identifier.
    language
        ``en`` or ``de``; a mark without a text in it is told in English.

    Returns
    -------
    pyarrow.Table
        `touchpoint_id`, `mark`, `occurred_at`, `owner`, `channel`, `contribution`, `points`, `without`,
        `says`; no rows where nothing up to `at` left a mark.

    Raises
    ------
    UnknownCustomer
        When nobody is called so.
    UsageError
        When `at` has no zone, or the language is none of ours.
    """
    id_ = customer_of(customers, customer)
    mine = customers.filter(customers.customer_id == id_)
    # a list of literals reaches the scan of a file, a join does not on every engine
    names = [str(row["identifier"]) for row in mine.select("identifier").to_pyarrow().to_pylist()]
    found = contributions(marks.filter(marks.identifier.isin(names)), mine, catalogue, at=at)
    found = found.order_by(found.contribution.abs().desc(), "occurred_at", "touchpoint_id", "mark")
    theirs = touchpoints.filter(touchpoints.identifier.isin(names))
    return told(found.drop("customer_id"), theirs, catalogue, language=language).drop(_POINTING)


def lost_most(contributions: ir.Table, *, customers: int = 10, reasons: int = 3) -> ir.Table:
    """Return the customers whose strikes have taken the most, each with its largest contributions.

    Parameters
    ----------
    contributions
        As `contributions` gives them.
    customers
        How many customers.
    reasons
        How many contributions of each, strikes and credits alike.

    Returns
    -------
    Table
        `place` (1 is who lost most), `customer_id`, `lost` (the contributions of all strikes, summed: below
        0), `reason` (1 is the largest), and the columns of `contributions`; ordered by place and reason.
        Equal losses are ordered by customer id. One query, however many customers there are.
    """
    strikes = contributions.filter(contributions.contribution < 0)
    lost = strikes.group_by("customer_id").agg(lost=strikes.contribution.sum())
    worst = lost.order_by("lost", "customer_id").limit(customers)
    worst = worst.mutate(place=ibis.row_number().over(order_by=[worst.lost, worst.customer_id]) + 1)
    met = contributions.join(worst, "customer_id")
    size = met.contribution.abs().desc()
    largest = ibis.window(group_by=met.customer_id, order_by=[size, met.touchpoint_id, met.mark])
    met = met.mutate(reason=ibis.row_number().over(largest) + 1)
    kept = met.filter(met.reason <= reasons).order_by("place", "reason")
    return kept.select("place", "customer_id", "lost", "reason", *_EXPLAINED, *_POINTING)


def told(rows: ir.Table, touchpoints: ir.Table, catalogue: Catalogue, *, language: str = "en") -> pa.Table:
    """Fetch rows that name touchpoints and marks, and add what each is in words.

    Parameters
    ----------
    rows
        Any table with `touchpoint_id`, `mark`, `about` and `weighs_as`, few enough to be read by a person; its
        order is kept.
    touchpoints
        By the contract ``touchpoints``: where the sentences take their figures from. It is read once, for the
        touchpoints named.
    catalogue
        Its `says`.
    language
        ``en`` or ``de``; a mark without a text in it is told in English.

    Returns
    -------
    pyarrow.Table
        The rows, and `says`; what was taken back is told with the strike.

    Raises
    ------
    UsageError
        When the language is none of ours.
    """
    if language not in LANGUAGES:
        raise UsageError("tell in a language", f"{language!r}", f"choose one of {', '.join(LANGUAGES)}")
    fetched = rows.to_pyarrow()
    if not fetched.num_rows:  # Spark forgets the columns of a table without rows
        fetched = rows.schema().to_pyarrow().empty_table()
    facts = _facts(fetched, touchpoints, catalogue)
    rows_ = fetched.select(["touchpoint_id", "mark", *_POINTING]).to_pylist()
    return fetched.append_column("says", pa.array(said(rows_, facts, catalogue, language=language), pa.string()))


def said(
    rows: Sequence[Mapping[str, object]],
    facts: Mapping[str, Mapping[str, object]],
    catalogue: Catalogue,
    *,
    language: str = "en",
) -> list[str]:
    """Return what each mark is in words, where the touchpoints are at hand.

    Parameters
    ----------
    rows
        Each with `touchpoint_id`, `mark`, `about` and `weighs_as`.
    facts
        Touchpoints by their id, with the columns that the catalogue's sentences name.
    catalogue
        Its `says`; a mark that it has no longer is told by its name.
    language
        One of `sentences.LANGUAGES`; a mark without a text in it is told in English.

    Returns
    -------
    list of str
        One for each row; what was taken back is told with the strike.
    """
    says = {mark.name: mark.says.get(language, mark.says["en"]) for mark in catalogue.marks}

    def one(mark: str, touchpoint: object) -> str:
        return tell(says[mark], facts.get(str(touchpoint), {}), language) if mark in says else mark

    sentences = []
    for row in rows:
        mark, weighs_as = str(row["mark"]), str(row["weighs_as"])
        words = one(mark, row["touchpoint_id"])
        sentences.append(words if mark == weighs_as else f"{words}: {one(weighs_as, row['about'])}")
    return sentences


def _facts(fetched: pa.Table, touchpoints: ir.Table, catalogue: Catalogue) -> dict[str, Mapping[str, object]]:
    """Return, by touchpoint, the columns that the catalogue's sentences need."""
    needed = {column for mark in catalogue.marks for sentence in mark.says.values() for column in sentence.columns}
    if not needed or not fetched.num_rows:
        return {}
    named = [*fetched["touchpoint_id"].to_pylist(), *fetched["about"].drop_null().to_pylist()]
    ids = ibis.memtable(pa.table({"touchpoint_id": pa.array(dict.fromkeys(named), pa.string())}))
    columns = sorted(needed | {"touchpoint_id"})
    found = touchpoints.select(*columns).semi_join(ids, "touchpoint_id").distinct().to_pyarrow()
    return {str(row["touchpoint_id"]): row for row in found.to_pylist()}
