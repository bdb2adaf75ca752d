"""What is told to others: that a strike was recorded, that a promise was broken, that somebody's index fell.

A reaction is noted in the transaction that writes the mark, and once, however often marks are derived. It is due when
the mark begins to count, which may be later: a promise is broken at its due time. Then, if the mark still stands, it
goes into the outbox of everybody who listens.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog
from django.db import Error, transaction

from collage.experience import Catalogue
from collage_web.actions.identifying import touched
from collage_web.bridge.arrows import schema
from collage_web.bridge.faded import faded
from collage_web.bridge.whole import Whole, facts, whole
from collage_web.records import bulk
from collage_web.records.models import Delivery, Hook, Mark, Reaction, Score, Stale

__all__ = [
    "FELL",
    "PROMISE",
    "REACTIONS",
    "STRIKE",
    "ahead",
    "due",
    "forget",
    "listening",
    "noticed",
    "react",
    "record",
    "written",
]

STRIKE: Final = "strike.recorded"
FELL: Final = "score.fell"
PROMISE: Final = "promise.broken"
REACTIONS: Final = (STRIKE, FELL, PROMISE)
_COUNTS: Final = "mark.counts"  # told to nobody: the score of whom it is about is to be derived anew
_BROKEN: Final = "promise_broken"  # the mark
_NEWS: Final = timedelta(days=1)  # what is older is no news: a file of last year is taken in
_FALL: Final = 5.0  # points of the index
_FRESH_S: Final = 5.0
_AT_ONCE: Final = 200
_LATER, _MUCH_LATER = timedelta(seconds=2), timedelta(minutes=10)
_ONCE: Final = ("touchpoint_id", "mark", "reaction")
_log = structlog.get_logger()
_Weighed = tuple[float, Mapping[str, Any]]
_HEARD: dict[str, Any] = {"at": -_FRESH_S, "events": frozenset()}


def listening() -> frozenset[str]:
    """Return what anybody wants to be told of, as it was within the last five seconds."""
    if time.monotonic() - _HEARD["at"] >= _FRESH_S:
        wanted = Hook.objects.filter(revoked_at=None).values_list("events", flat=True)
        _HEARD.update(at=time.monotonic(), events=frozenset(event for events in wanted for event in events))
    events: frozenset[str] = _HEARD["events"]
    return events


def forget() -> None:
    """Ask anew who listens."""
    _HEARD["at"] = -_FRESH_S


def noticed(
    before: Iterable[Mapping[str, Any]],
    after: Iterable[Mapping[str, Any]],
    scores: Iterable[Mapping[str, Any]],
    *,
    by: Catalogue,
    now: datetime,
) -> list[Reaction]:
    """Return what is to be told of some customers whose marks were derived anew.

    Parameters
    ----------
    before, after
        Marks that were there, and marks that come, by the columns of the table.
    scores
        The new scores, which are not written yet.
    by
        The catalogue.
    now
        When they were derived.

    Returns
    -------
    list of Reaction
        To be recorded where the marks are written; empty where nobody listens.
    """
    events = listening()
    if not events:
        return []
    old = list(before)
    there = {(row["touchpoint_id"], row["mark"], row["occurred_at"]) for row in old}
    new = [row for row in after if (row["touchpoint_id"], row["mark"], row["occurred_at"]) not in there]
    strikes = [(weight, row) for weight, row in _struck(new, by) if _moment(row["occurred_at"]) >= now - _NEWS]
    told = _reactions(strikes, events, now)
    return [*told, *_fallen(scores, strikes, old, by, now)] if FELL in events else told


def ahead(events: Collection[str], *, by: Catalogue, now: datetime) -> list[Reaction]:
    """Return what is to be told of marks that are there already and will count only later, such as a promise's.

    Parameters
    ----------
    events
        Of what somebody wants to be told, who did not listen when those marks were derived.
    by, now
        The catalogue, and the moment.
    """
    columns = ("customer", "touchpoint_id", "mark", "identifier", "occurred_at", "severity")
    rows = Mark.objects.filter(occurred_at__gt=now).values(*columns)
    return _reactions(_struck(rows, by), events, now)


def _struck(rows: Iterable[Mapping[str, Any]], by: Catalogue) -> list[_Weighed]:
    """Return the strikes among marks, each with what it weighs."""
    weights = {mark.name: by.weight_of(mark.name) for mark in by.weighing}  # what takes strikes back is none of them
    weighed = [(weights.get(row["mark"], 0.0) * row["severity"], row) for row in rows]
    return [(weight, row) for weight, row in weighed if weight < 0]


def _reactions(strikes: Sequence[_Weighed], events: Collection[str], now: datetime) -> list[Reaction]:
    of = {PROMISE: [row for _, row in strikes if row["mark"] == _BROKEN], STRIKE: [row for _, row in strikes]}
    told = [_of(row, event) for event, rows in of.items() if event in events for row in rows]
    if FELL in events:  # whom a strike lets fall when it begins to count is derived anew then
        told += [_of(row, _COUNTS) for _, row in strikes if _moment(row["occurred_at"]) > now]
    return told


def _of(row: Mapping[str, Any], reaction: str, **details: Any) -> Reaction:
    return Reaction(
        touchpoint_id=row["touchpoint_id"], mark=row["mark"], reaction=reaction, customer=row["customer"],
        at=_moment(row["occurred_at"]), details={"identifier": row["identifier"], **details},
    )  # fmt: skip


def _fallen(
    scores: Iterable[Mapping[str, Any]],
    strikes: Sequence[_Weighed],
    marks: Sequence[Mapping[str, Any]],
    by: Catalogue,
    now: datetime,
) -> list[Reaction]:
    """Return who fell: told with the heaviest of the new strikes, or with the customer alone where there is none."""
    new = {row["customer"]: row["index"] for row in scores}
    old = _otherwise(new, {row["customer"] for _, row in strikes}, marks, by, now)
    worst: dict[str, _Weighed] = {}
    for weight, row in strikes:
        if _moment(row["occurred_at"]) <= now:
            worst[row["customer"]] = min(
                worst.get(row["customer"], (0.0, row)), (weight, row), key=lambda each: each[0]
            )
    found = []
    for customer in sorted(each for each in new if old.get(each, 0.0) - new[each] >= _FALL):
        details = {"from": old[customer], "to": new[customer]}
        if customer in worst:
            made = _of(worst[customer][1], FELL, **details)
            made.at = now
        else:
            called = f"{customer}@{now.isoformat()}"
            made = Reaction(touchpoint_id=called, reaction=FELL, customer=customer, at=now, details=details)
        found.append(made)
    return found


def _otherwise(
    new: Mapping[str, float], struck: Collection[str], marks: Sequence[Mapping[str, Any]], by: Catalogue, now: datetime
) -> dict[str, float]:
    """Return where customers who may have fallen would be, had nothing happened since their score was written.

    What fades meanwhile lets nobody fall, and what began to count meanwhile does: their index of then is no measure.
    """
    rows = bulk.within(Score, ("customer", "index", "at", "last_touchpoint_at"), "customer", new)
    then = {
        customer: _moment(at) for customer, index, at, _ in rows if customer in struck or index - new[customer] >= _FALL
    }
    met = {customer: _moment(last) for customer, _, _, last in rows if customer in then}
    if not then:
        return {}
    columns = schema("marks").names
    counted = [
        (row["customer"], *(row[name] for name in columns))
        for row in marks
        if row["customer"] in then and _moment(row["occurred_at"]) <= then[row["customer"]]
    ]
    return {customer: index for customer, (index, _) in faded(counted, columns, met, by, at=now).items()}


def _moment(value: Any) -> datetime:
    """Return a moment as the database gives it: SQLite as text."""
    return value if isinstance(value, datetime) else datetime.fromisoformat(value).replace(tzinfo=UTC)


def record(reactions: Sequence[Reaction]) -> None:
    """Note reactions, in the transaction that writes what they are to; one that is noted already is not again.

    Where its mark counts from another moment by now and nobody was told yet, it is due then.
    """
    if reactions:
        Reaction.objects.bulk_create(
            reactions, update_conflicts=True, update_fields=["at", "customer"], unique_fields=list(_ONCE)
        )


def due(*, now: datetime) -> bool:
    """Return whether anything is to be told."""
    return Reaction.objects.filter(done_at=None, at__lte=now).exists()


def react(*, now: datetime) -> int:
    """Put what is due into the outboxes of those who listen.

    Parameters
    ----------
    now
        The moment.

    Returns
    -------
    int
        How many reactions were looked at; fewer than there are where there are many.
    """
    waiting = list(Reaction.objects.filter(done_at=None, at__lte=now).order_by("at", "id")[:_AT_ONCE])
    if not waiting:
        return 0
    hooks = list(Hook.objects.filter(revoked_at=None))
    stale = _stale(waiting)
    marks = _marks(waiting)
    known: dict[str, Whole | None] = {}
    stale |= _stale(waiting)  # whoever is derived anew meanwhile is looked at when that is done
    for reaction in waiting:
        mark = marks.get((reaction.touchpoint_id, reaction.mark))
        # a strike that is told cannot be taken back: whether it still stands is known when they are derived anew
        waits = mark is None or reaction.reaction != FELL
        if waits and reaction.details.get("identifier") in stale:
            _again(reaction, now + _LATER)
        elif mark is not None and mark.occurred_at > now:
            _again(reaction, mark.occurred_at)
        else:
            listen = [each for each in hooks if reaction.reaction in each.events]
            try:
                said = _said(reaction, mark, known, now) if listen else None
            except Error:
                raise
            except Exception as error:  # noqa: BLE001  # whatever it is, the others are told of theirs
                _log.error("react.failed", kind=type(error).__name__)  # no text of it: it may be somebody's
                _again(reaction, now + _MUCH_LATER)
                continue
            _settle(reaction, mark, said, listen, now)
    return len(waiting)


def _stale(reactions: Sequence[Reaction]) -> set[str]:
    names = {each.details["identifier"] for each in reactions if "identifier" in each.details}
    return {name for (name,) in bulk.within(Stale, ("identifier",), "identifier", sorted(names))}


def _marks(reactions: Sequence[Reaction]) -> dict[tuple[str, str], Mark]:
    names = {each.touchpoint_id for each in reactions}
    return {(each.touchpoint_id, each.mark): each for each in Mark.objects.filter(touchpoint_id__in=names)}


def _again(reaction: Reaction, at: datetime) -> None:
    Reaction.objects.filter(pk=reaction.pk, done_at=None).update(at=at)


def _said(
    reaction: Reaction, mark: Mark | None, known: dict[str, Whole | None], now: datetime
) -> dict[str, Any] | None:
    """Return what is told; None where it is true no longer, or must not be told."""
    if mark is None and reaction.mark:
        return None
    customer = reaction.customer if mark is None else mark.customer
    if customer not in known:
        known[customer] = whole(customer, at=now)
    found = known[customer]
    if found is None:
        return None
    if reaction.reaction == FELL:
        if found.standing is None:  # who objects to the index has none, nor has it fallen
            return None
        fell = {"from": reaction.details["from"], "to": reaction.details["to"]}
        return _message(FELL, reaction.at, {"customer": customer, **fell, "at": written(reaction.at)})
    fact = None if mark is None else facts(found, [mark.touchpoint_id]).get(mark.touchpoint_id)
    if mark is None or fact is None:  # a promise that was kept is broken no longer
        return None
    return _message(reaction.reaction, mark.occurred_at, _strike(mark, fact, found))


def _strike(mark: Mark, fact: Mapping[str, Any], of: Whole) -> dict[str, Any]:
    """Return a strike as others are told of it: no identifiers, and nobody's words."""
    points = (each.points for each in of.reasons.of({mark.touchpoint_id}) if each.mark == mark.mark)
    return {
        "customer": mark.customer,
        "mark": mark.mark,
        "owner": mark.owner,
        "department": fact["department"],
        "points": next(points, None),
        "occurred_at": written(mark.occurred_at),
    }


def _message(event: str, at: datetime, data: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": event, "timestamp": written(at), "data": data}


def written(at: datetime) -> str:
    """Return a moment as others read it: ISO 8601 in UTC."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _settle(
    reaction: Reaction, mark: Mark | None, said: dict[str, Any] | None, hooks: Sequence[Hook], now: datetime
) -> None:
    """Note that a reaction is done, and what everybody is told: both, or neither."""
    body = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    with transaction.atomic():
        if not Reaction.objects.filter(pk=reaction.pk, done_at=None).update(done_at=now):
            return
        if said is not None:
            Delivery.objects.bulk_create(
                Delivery(
                    hook=each,
                    message_id=_id(reaction, each),
                    event=reaction.reaction,
                    body=body,
                    created_at=now,
                    next_at=now,
                )
                for each in hooks
            )
        if mark is not None and _counts_only_now(mark):
            touched([mark.identifier])


def _id(reaction: Reaction, hook: Hook) -> str:
    """Return the id of a message: always the same, so that whoever gets it twice can tell."""
    return f"msg_{hashlib.sha256(f'{hook.salt}:{reaction.pk}'.encode()).hexdigest()[:32]}"


def _counts_only_now(mark: Mark) -> bool:
    """Return whether a mark began to count since its customer's score was written: then the score is to be anew."""
    at = Score.objects.filter(customer=mark.customer).values_list("at", flat=True).first()
    return at is not None and at < mark.occurred_at
