"""Touchpoints as columns of numbers while they are made; texts come last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = [
    "CHANNELS",
    "DAY",
    "DEPARTMENTS",
    "HOUR",
    "IDENTIFIERS",
    "KINDS",
    "NOBODY",
    "OUTCOMES",
    "SECOND",
    "SITES",
    "TIERS",
    "Flags",
    "Numbers",
    "Rows",
    "Whole",
    "joined",
    "rows",
    "some",
]

Numbers = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Rows = dict[str, npt.NDArray[np.generic]]

SECOND: Final = 1_000_000  # microseconds, as all moments here
HOUR: Final = 3_600 * SECOND
DAY: Final = 24 * HOUR
NOBODY: Final = -1

DEPARTMENTS: Final = ("Care", "Billing", "Logistics", "Shop", "Service", "Sales")
SITES: Final = ("Hamburg", "Leipzig", "Vienna")
TIERS: Final = ("basic", "plus", "premium")
KINDS: Final = (
    *("ad.seen", "coupon.received", "coupon.used", "coupon.refused", "page.viewed", "search.failed"),
    *("order.placed", "order.failed", "payment.failed", "delivery.shipped", "delivery.arrived", "delivery.failed"),
    *("goods.damaged", "goods.wrong", "warranty.registered", "warranty.reminded", "product.used", "product.fault"),
    *("outage", "contact.queued", "contact.answered", "contact.abandoned", "contact.ended", "hold.ended"),
    *("message.received", "message.sent", "self_service.succeeded", "self_service.failed", "repeat.asked"),
    *("issue.opened", "issue.resolved", "issue.reopened", "approval.asked", "approval.given", "recovery.confirmed"),
    *("handover.connected", "handover.transferred", "invoice.sent", "invoice.corrected", "refund.made", "gesture.made"),
    *(
        "complaint.filed",
        "notice.proactive",
        "appreciation.sent",
        "followup.made",
        "contract.cancelled",
        "customer.left",
    ),
)
CHANNELS: Final = ("phone", "chat", "email", "web", "app", "store", "post", "product")
OUTCOMES: Final = ("resolved", "unresolved", "abandoned", "failed", "on_time", "late")
IDENTIFIERS: Final = ("user", "email", "phone", "anon", "second")  # the last: another account of the same customer

_CODES: Final = ("kind", "channel", "department", "site", "agent", "outcome", "text", "identifier")
_WHOLE: Final = ("at", "customer", "issue", "contact", "amount")
_MEASURES: Final = ("wait_s", "duration_s", "late_s")
_NOTHING: Final[Mapping[str, float]] = {
    **dict.fromkeys((*_CODES, *_WHOLE), NOBODY),
    **dict.fromkeys(_MEASURES, np.nan),
}


def rows(kind: str, *, at: Whole, customer: Whole, **columns: object) -> Rows:
    """Return touchpoints of one kind, with nothing where no column is given; one value stands for all of a column."""
    n = at.size
    given: dict[str, object] = {"kind": KINDS.index(kind), "at": at, "customer": customer, **columns}
    found: Rows = {}
    for name, nothing in _NOTHING.items():
        type_ = np.int16 if name in _CODES else np.int64 if name in _WHOLE else np.float64
        value = np.asarray(given.pop(name, nothing))
        found[name] = np.broadcast_to(value.astype(type_, copy=False), n)
    if given:
        raise TypeError(f"no column {', '.join(given)}")
    return found


def some(of: Rows, which: npt.NDArray[np.generic]) -> Rows:
    """Return some of the touchpoints, by flags or by places."""
    return {name: column[which] for name, column in of.items()}


def joined(parts: Sequence[Rows]) -> Rows:
    """Return touchpoints of several batches as one; at least one batch."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
