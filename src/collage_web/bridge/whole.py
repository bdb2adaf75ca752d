"""One customer as a person looks at them: what it adds up to now, and what each instance has to do with it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import pyarrow as pa
from django.db.models import Count, Max, Min, Q

from collage import experience
from collage.experience import Catalogue
from collage_web.bridge.arrows import as_lists, as_table, schema
from collage_web.bridge.derived import catalogue, folded, promised
from collage_web.bridge.reasons import NO_REASONS, Reason, Reasons
from collage_web.records import bulk, models

__all__ = ["Met", "Standing", "Whole", "facts", "objecting", "say", "scored", "whole"]

_FOLDED: Final = (
    "touchpoint_id", "mark", "identifier", "channel", "issue_id", "occurred_at", "fades_from", "weighs_as", "severity",
    "evidence", "uncapped", "owner", "about",
)  # fmt: skip
_ORDER: Final = "order.placed"
_THANKS: Final = ("appreciation.sent", "gesture.made")


@dataclass(frozen=True, slots=True)
class Standing:
    """The columns of ``scores``, of one customer at one moment."""

    at: datetime
    experience: float
    index: float
    evidence: float
    low: float
    high: float
    trend: float
    n_marks: int
    strikes_90d: int
    last_touchpoint_at: datetime
    index_low: float
    index_high: float


@dataclass(frozen=True, slots=True)
class Met:
    """When a customer was met up to the moment, and what they bought; None: never.

    `thanked_at` is the last time that somebody thanked them, with words or with a gesture.
    """

    first_at: datetime | None
    last_at: datetime | None
    orders: int
    ordered_at: datetime | None
    thanked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Whole:
    """A customer at a moment.

    `identifiers` are all of theirs, known longest first, with their state (plain, shared, contested). `standing` is
    None where nothing was ever heard of them, or where they object to being scored; then there are no `reasons`
    either. `reasons` are the largest first, and their points add up to ``standing.index - 50``. `promised` are the
    touchpoints that their promises become, also those still to come; `promises` are the promises themselves, by their
    contract and with `id`, the number of the row. `consents` are what they ever allowed or refused, the earliest first,
    and `is_scored` is False where they object to being scored. `by` is the catalogue in force.
    """

    customer: str
    identifiers: Mapping[str, str]
    standing: Standing | None
    reasons: Reasons
    promised: Sequence[Mapping[str, Any]]
    promises: Sequence[Mapping[str, Any]]
    consents: Sequence[Mapping[str, Any]]
    is_scored: bool
    met: Met
    by: Catalogue


def whole(
    customer: str, *, at: datetime, known: Mapping[str, str] | None = None, without: bool = False
) -> Whole | None:
    """Return a customer as they stand at a moment, from what was derived last.

    Parameters
    ----------
    customer
        The id.
    at
        The moment; marks that occur later do not count yet.
    known
        Their identifiers with their states, as ``gates.identifiers`` gives them; None: they are looked up.
    without
        Whether to say of each reason what the experience would be without it, for which the query takes twice as long.

    Returns
    -------
    Whole or None
        None where nobody has this id.
    """
    states = _known(customer) if known is None else known
    if not states:
        return None
    by = catalogue()
    promises, made = _promised(states, by)
    consents = _consents(states)
    by_identifier = _met(states, at)
    seen = _seen(by_identifier, made, at)
    plain = Whole(
        customer,
        states,
        standing=None,
        reasons=NO_REASONS,
        promised=made,
        promises=promises,
        consents=consents,
        is_scored=_is_scored(consents),
        met=_together(by_identifier, seen),
        by=by,
    )
    return _scored(plain, seen, at, without=without) if plain.is_scored else plain


def _scored(plain: Whole, seen: Mapping[str, datetime], at: datetime, *, without: bool) -> Whole:
    """Return a customer with what it adds up to."""
    customer, states, by = plain.customer, plain.identifiers, plain.by
    found = folded(
        pa.table(
            {"customer_id": [customer] * len(states), "identifier": list(states), "state": list(states.values())},
            schema=schema("customers"),
        ),
        _weighing(customer),
        _as_seen(seen),
        by,
        at=at,
        without=without,
    )
    if not found.scores.num_rows:
        return plain
    (row,) = found.scores.drop(["customer_id"]).to_pylist()
    low, high = (experience.index_of(row[name], sd=by.index_sd) for name in ("low", "high"))
    standing = Standing(**row, index_low=low, index_high=high)
    return replace(plain, standing=standing, reasons=Reasons(found.contributions))


def _weighing(customer: str) -> pa.Table:
    """Return a customer's marks as far as folding reads them; the other columns, which take time to read, are null."""
    like = schema("marks")
    rows = bulk.within(models.Mark, _FOLDED, "customer", [customer])
    read = as_table(rows, pa.schema([like.field(name) for name in _FOLDED]))
    return pa.table(
        [read[each.name] if each.name in _FOLDED else pa.nulls(read.num_rows, each.type) for each in like], schema=like
    )


def scored(identifiers: Collection[str]) -> bool:
    """Return whether a customer may be scored: whoever objects is not, whichever of their identifiers they used."""
    said = models.Consent.objects.filter(identifier__in=identifiers, purpose=models.Consent.Purpose.SCORING)
    last = said.order_by("-at", "-id").values_list("given", flat=True).first()
    return last is not False


def objecting(identifiers: Mapping[str, tuple[str, str]]) -> set[str]:
    """Return the customers, of some, who may not be scored.

    Parameters
    ----------
    identifiers
        All identifiers of each: their customer's id and their state.
    """
    said = bulk.within(models.Consent, ("identifier",), "identifier", identifiers, "AND purpose = 'scoring'")
    ever = {identifiers[identifier][0] for (identifier,) in said}
    theirs: dict[str, list[str]] = {customer: [] for customer in ever}
    for identifier, (customer, _) in identifiers.items():
        if customer in ever:
            theirs[customer].append(identifier)
    return {customer for customer, names in theirs.items() if not scored(names)}


def facts(of: Whole, touchpoints: Collection[str]) -> dict[str, dict[str, Any]]:
    """Return touchpoints of a customer by their id, with the columns of the contract; what promises become included.

    A sensitive one comes without what was said: a sentence of a catalogue can quote it, and who reads is not known.

    Parameters
    ----------
    of
        The customer.
    touchpoints
        Ids, no more than a person would read.
    """
    stored = models.Touchpoint.objects.filter(touchpoint_id__in=touchpoints, identifier__in=of.identifiers)
    rows = (_unsaid(dict(row)) for row in stored.values(*schema("touchpoints").names))
    found = {str(row["touchpoint_id"]): row for row in rows}
    wanted = set(touchpoints)
    return found | {row["touchpoint_id"]: dict(row) for row in of.promised if row["touchpoint_id"] in wanted}


def _unsaid(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "text": None, "properties": None} if "sensitive" in (row["properties"] or "") else row


def say(of: Whole, reasons: Sequence[Reason], *, language: str) -> list[str]:
    """Return what reasons are in words.

    Parameters
    ----------
    of
        The customer.
    reasons
        Some of theirs, no more than a person would read.
    language
        ``en`` or ``de``.
    """
    met = facts(of, {name for each in reasons for name in (each.touchpoint_id, each.about) if name is not None})
    rows = [
        {"touchpoint_id": each.touchpoint_id, "mark": each.mark, "about": each.about, "weighs_as": each.weighs_as}
        for each in reasons
    ]
    return experience.said(rows, met, catalogue(), language=language)


def _known(customer: str) -> dict[str, str]:
    known = models.Identifier.objects.filter(customer=customer).order_by("id")
    return dict(known.values_list("value", "state"))


def _promised(identifiers: Collection[str], by: Catalogue) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return promises with the numbers of their rows, and what they become."""
    like = schema("promises")
    rows = bulk.within(models.Promise, ("id", *like.names), "identifier", identifiers)
    promises = as_table([row[1:] for row in rows], like)
    columns = [[row[0] for row in rows], *as_lists(promises)]
    numbered = [dict(zip(("id", *like.names), each, strict=True)) for each in zip(*columns, strict=True)]
    made = promised(promises, by)
    names = made.column_names
    return numbered, [dict(zip(names, each, strict=True)) for each in zip(*as_lists(made), strict=True)]


def _consents(identifiers: Collection[str]) -> list[dict[str, Any]]:
    said = models.Consent.objects.filter(identifier__in=identifiers).order_by("at", "id")
    return [dict(each) for each in said.values("purpose", "channel", "given", "at", "basis")]


def _is_scored(consents: Sequence[Mapping[str, Any]]) -> bool:
    """Return the same as `scored`, of what was read already."""
    said = [each["given"] for each in consents if each["purpose"] == models.Consent.Purpose.SCORING]
    return not said or bool(said[-1])


def _met(identifiers: Collection[str], at: datetime) -> list[dict[str, Any]]:
    """Return by identifier when it was met first and last up to a moment, when it bought, when it was thanked."""
    touchpoints = models.Touchpoint.objects.filter(identifier__in=identifiers, occurred_at__lte=at)
    bought = Q(kind=_ORDER)
    found = touchpoints.values("identifier").annotate(
        first=Min("occurred_at"),
        last=Max("occurred_at"),
        orders=Count("id", filter=bought),
        ordered=Max("occurred_at", filter=bought),
        thanked=Max("occurred_at", filter=Q(kind__in=_THANKS)),
    )
    return [dict(each) for each in found.order_by()]


def _together(met: Sequence[Mapping[str, Any]], seen: Mapping[str, datetime]) -> Met:
    def last(of: str) -> datetime | None:
        return max((each[of] for each in met if each[of] is not None), default=None)

    return Met(
        first_at=min([*(each["first"] for each in met), *seen.values()], default=None),
        last_at=max(seen.values(), default=None),
        orders=sum(each["orders"] for each in met),
        ordered_at=last("ordered"),
        thanked_at=last("thanked"),
    )


def _seen(met: Sequence[Mapping[str, Any]], made: Sequence[Mapping[str, Any]], at: datetime) -> dict[str, datetime]:
    """Return when each identifier was met last up to a moment."""
    last: dict[str, datetime] = {each["identifier"]: each["last"] for each in met}
    for row in made:
        if row["occurred_at"] <= at:
            last[row["identifier"]] = max(row["occurred_at"], last.get(row["identifier"], row["occurred_at"]))
    return last


def _as_seen(seen: Mapping[str, datetime]) -> pa.Table:
    moment = pa.timestamp("us", "UTC")
    return pa.table(
        {"identifier": pa.array(list(seen), pa.string()), "occurred_at": pa.array(list(seen.values()), moment)}
    )
