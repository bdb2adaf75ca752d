"""From the ledger of promises to touchpoints."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from collage.tables import CONTRACTS

__all__ = ["touchpoints"]

_MADE, _KEPT, _EXCEEDED, _BROKEN = "promise.made", "promise.kept", "promise.exceeded", "promise.broken"
# Their lateness is told by the delivery or the visit itself (late_s): one parcel is struck once.
_TOLD_ELSEWHERE = ("delivery", "appointment")
_OF_THE_PROMISE = ("identifier", "channel", "department", "agent", "issue_id")


def touchpoints(promises: ir.Table) -> ir.Table:
    """Return what the customers of promises met with: that one was made, and what came of it.

    ``promise.made`` at made_at, for every promise. Then, for each that is neither a delivery nor an appointment:
    ``promise.kept`` or ``promise.exceeded`` at settled_at where it was settled by due_at (to the microsecond; without
    an outcome it was kept), nothing where it was withdrawn by then, else ``promise.broken`` at due_at. A promise that
    is open is broken at due_at as well: whoever asks as of an earlier moment does not see it, so no clock is needed.

    Parameters
    ----------
    promises
        A table by the contract ``promises``.

    Returns
    -------
    Table
        By the contract ``touchpoints``, with the ids ``promise:<promise_id>:<kind>`` and the source ``promise``; what
        the promise does not know is null.
    """
    made = _as_touchpoints(promises, promises.made_at, ibis.literal(_MADE))
    no = ibis.literal(value=False)
    in_time = (promises.settled_at <= promises.due_at).fill_null(no)
    withdrawn, exceeded = (
        (promises.outcome == outcome).fill_null(no) & in_time for outcome in ("withdrawn", "exceeded")
    )
    kind = ibis.cases((exceeded, _EXCEEDED), (in_time, _KEPT), else_=_BROKEN)
    at = ibis.ifelse(in_time, promises.settled_at, promises.due_at)
    came = promises.kind.notin(_TOLD_ELSEWHERE) & ~withdrawn
    return made.union(_as_touchpoints(promises, at, kind, only=came))


def _as_touchpoints(
    promises: ir.Table, at: ir.TimestampValue, kind: ir.StringValue, *, only: ir.BooleanValue | None = None
) -> ir.Table:
    """Return a touchpoint of a kind at a moment for each promise, or only for some."""
    schema = CONTRACTS["touchpoints"].schema()
    known = {
        "touchpoint_id": ibis.literal("promise:").concat(promises.promise_id, ":", kind),
        "occurred_at": at,
        "source": ibis.literal("promise"),
        "kind": kind,
        **{name: promises[name] for name in _OF_THE_PROMISE},
    }
    some = promises if only is None else promises.filter(only)
    return some.select(**{name: known.get(name, ibis.null(type_)).cast(type_) for name, type_ in schema.items()})
