"""A customer as machines are told of them: columns of the contracts, by their names."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from collage.tables import CONTRACTS
from collage_web.bridge.called import called
from collage_web.bridge.whole import Whole, say
from collage_web.records.models import Consent, Trait

__all__ = ["OWED", "PREFERRED", "REASON", "SCORE", "told"]

SCORE: Final = CONTRACTS["scores"].names
REASON: Final = (
    "touchpoint_id", "mark", "occurred_at", "owner", "channel", "contribution", "points", "without", "says",
)  # fmt: skip
OWED: Final = ("promise_id", "kind", "department", "agent", "channel", "issue_id", "made_at", "due_at")
PREFERRED: Final = (Trait.Name.CHANNEL, Trait.Name.LANGUAGE, Trait.Name.HOURS)


def told(of: Whole, *, language: str, limit: int, now: datetime, up_to_date: bool) -> dict[str, Any]:
    """Return a customer as JSON has them.

    Parameters
    ----------
    of
        The customer.
    language
        Of the sentences.
    limit
        How many reasons, the largest first.
    now
        What is due before is overdue.
    up_to_date
        Whether all that had arrived two seconds before is in it.
    """
    reasons = of.reasons[:limit]
    sentences = say(of, reasons, language=language) if reasons else []
    allowed = _allowed(of)
    absent = {} if of.standing is not None else {"score": "no_touchpoint" if of.is_scored else "objection"}
    return {
        "customer": of.customer,
        "at": now,
        "up_to_date": up_to_date,
        "score": _score(of),
        "reasons": [
            {name: value for name, value in {**each._asdict(), "says": says}.items() if name in REASON}
            for each, says in zip(reasons, sentences, strict=True)
        ],
        "reasons_total": len(of.reasons),
        "promises": _owed(of, now),
        "preferences": _preferences(of) if allowed else None,
        "absent": absent if allowed else {**absent, "preferences": "refused"},
    }


def _score(of: Whole) -> dict[str, Any] | None:
    if of.standing is None:
        return None
    values = {"customer_id": of.customer, **asdict(of.standing)}
    return {name: values[name] for name in SCORE}


def _owed(of: Whole, now: datetime) -> list[dict[str, Any]]:
    """Return the promises that are open, what is due first first."""
    waiting = sorted((each for each in of.promises if each["settled_at"] is None), key=lambda each: each["due_at"])
    return [{**{name: each[name] for name in OWED}, "overdue": each["due_at"] <= now} for each in waiting]


def _allowed(of: Whole) -> bool:
    """Return whether what they told us may be used to serve them."""
    said = [each["given"] for each in of.consents if each["purpose"] == Consent.Purpose.PROFILE]
    return not said or bool(said[-1])


def _preferences(of: Whole) -> dict[str, str | None]:
    """Return what they prefer, each as it was said last; None: nothing was."""
    found: dict[str, str | None] = {}
    for trait in PREFERRED:
        said = max(called(of.identifiers, trait).values(), default=None)
        found[trait.value] = (said.value or None) if said is not None else None
    return found
