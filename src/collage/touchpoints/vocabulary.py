"""The starting vocabulary: stages of the road, kinds of touchpoint, channels, outcomes.

All three are open lists: what is not in them is kept, counted and shown, with the nearest word that is.
"""

from __future__ import annotations

import difflib

__all__ = ["CHANNELS", "KINDS", "OUTCOMES", "STAGES", "nearest"]

STAGES: dict[str, tuple[str, ...]] = {
    "discover": (
        "ad.seen",
        "coupon.received",
        "coupon.used",
        "coupon.refused",
        "page.viewed",
        "search.failed",
        "help.not_found",
    ),
    "buy": ("order.started", "order.placed", "order.failed", "order.cancelled", "payment.failed"),
    "receive": ("delivery.shipped", "delivery.arrived", "delivery.failed", "goods.damaged", "goods.wrong"),
    "set up": (
        "setup.started",
        "setup.completed",
        "training.given",
        "warranty.registered",
        "warranty.reminded",
    ),
    "use": ("product.used", "product.fault", "sensor.alert", "outage", "service.visit", "visit.missed"),
    "ask": (
        "contact.queued",
        "contact.answered",
        "contact.abandoned",
        "contact.ended",
        "hold.ended",
        "message.received",
        "message.sent",
        "self_service.succeeded",
        "self_service.failed",
        "repeat.asked",
        "note.made",
    ),
    "solve": (
        "issue.opened",
        "issue.resolved",
        "issue.reopened",
        "approval.asked",
        "approval.given",
        "recovery.confirmed",
        "handover.connected",
        "handover.transferred",
        "policy.denied",
        "conduct.reported",
        "privacy.breached",
    ),
    "pay": ("invoice.sent", "invoice.corrected", "price.raised", "refund.made", "gesture.made"),
    "promise": ("promise.made", "promise.kept", "promise.broken", "promise.exceeded"),
    "say": (
        "feedback.given",
        "feedback.unread",
        "feedback.heeded",
        "complaint.filed",
        "survey.invited",
        "survey.answered",
    ),
    "care": ("notice.proactive", "appreciation.sent", "followup.made"),
    "stay": ("contract.renewed", "contract.cancelled", "customer.left"),
}
KINDS: frozenset[str] = frozenset(kind for kinds in STAGES.values() for kind in kinds)
CHANNELS: frozenset[str] = frozenset(
    [
        "web",
        "shop",
        "app",
        "phone",
        "ivr",
        "chat",
        "email",
        "sms",
        "social",
        "fax",
        "post",
        "visit",
        "store",
        "product",
        "sensor",
        "partner",
    ]
)
OUTCOMES: frozenset[str] = frozenset(["resolved", "unresolved", "abandoned", "refused", "failed", "on_time"])


def nearest(word: str, known: frozenset[str]) -> str | None:
    """Return the known word that another was probably meant to be.

    Parameters
    ----------
    word
        What was written.
    known
        `KINDS`, `CHANNELS` or `OUTCOMES`.

    Returns
    -------
    str or None
        None when none is near.
    """
    found = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.75)
    return found[0] if found else None
