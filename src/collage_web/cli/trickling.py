"""What goes on happening in the demo: touchpoints of made-up customers, one after the other."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import count
from typing import Any, Final

__all__ = ["happening"]

_NEW: Final = 0.15  # of those to whom something happens nothing was ever heard before
_AT_ONCE: Final = 5  # customers to whom something is happening
_DAY_S: Final = 86_400.0

# What happens to one customer, in order: kind, channel, department, and what else; `?` is drawn between two numbers.
_Step = tuple[str, str, str, dict[str, Any]]
_EPISODES: Final[tuple[tuple[float, tuple[_Step, ...]], ...]] = (
    (4, (
        ("page.viewed", "web", "Shop", {}), ("page.viewed", "web", "Shop", {}),
        ("order.placed", "web", "Shop", {"amount": (1_500, 24_000), "currency": "EUR"}),
        ("delivery.shipped", "post", "Logistics", {}),
    )),
    (2, (("page.viewed", "web", "Shop", {}), ("search.failed", "web", "Shop", {}))),
    (3, (("delivery.arrived", "post", "Logistics", {"late_s": (-_DAY_S, 0.0)}),)),
    (2, (("delivery.arrived", "post", "Logistics", {"late_s": (_DAY_S, 4 * _DAY_S)}),)),
    (3, (
        ("contact.queued", "phone", "Care", {}), ("contact.answered", "phone", "Care", {"wait_s": (5.0, 60.0)}),
        ("issue.opened", "phone", "Care", {}), ("issue.resolved", "phone", "Care", {}),
        ("contact.ended", "phone", "Care", {"duration_s": (120.0, 600.0)}),
    )),
    (2, (
        ("contact.queued", "phone", "Care", {}), ("contact.answered", "phone", "Care", {"wait_s": (420.0, 1_500.0)}),
        ("repeat.asked", "phone", "Care", {}), ("handover.transferred", "phone", "Care", {}),
        ("contact.ended", "phone", "Billing", {"duration_s": (300.0, 1_200.0), "outcome": "unresolved"}),
    )),
    (1, (("contact.queued", "phone", "Care", {}), ("contact.abandoned", "phone", "Care", {"wait_s": (300.0, 900.0)}))),
    (1, (
        ("message.received", "email", "Billing", {"text": "The invoice is wrong again."}),
        ("complaint.filed", "email", "Billing", {}), ("message.sent", "email", "Billing", {}),
        ("invoice.corrected", "email", "Billing", {}),
    )),
    (1, (("refund.made", "web", "Billing", {"late_s": (3 * _DAY_S, 12 * _DAY_S)}),)),
    (1, (("self_service.succeeded", "web", "Care", {}),)),
    (1, (
        ("goods.damaged", "post", "Logistics", {}), ("issue.opened", "phone", "Service", {}),
        ("gesture.made", "phone", "Service", {}),
    )),
)  # fmt: skip


def happening(
    known: Sequence[str], *, name: str, clock: Callable[[], datetime], chance: random.Random
) -> Iterator[dict[str, Any]]:
    """Yield touchpoints without end, by the contract of the native API.

    Parameters
    ----------
    known
        Identifiers of customers.
    name
        With which all ids begin.
    clock
        Gives the moment (UTC).
    chance
        Draws.
    """
    n, numbers = 0, count(1)
    going: list[Iterator[dict[str, Any]]] = []
    while True:
        if len(going) < _AT_ONCE:
            going.append(_begun(known, name, next(numbers), chance))
        this = chance.choice(going)
        step = next(this, None)
        if step is None:
            going.remove(this)
            continue
        n += 1
        yield {"touchpoint_id": f"{name}-{n}", "occurred_at": clock().isoformat(), **step}


def _begun(known: Sequence[str], name: str, number: int, chance: random.Random) -> Iterator[dict[str, Any]]:
    """Return what happens to one customer."""
    (steps,) = chance.choices([steps for _, steps in _EPISODES], [weight for weight, _ in _EPISODES])
    who = f"user:{name}-{number}" if chance.random() < _NEW or not known else chance.choice(known)
    matter = {"issue_id": f"{name}-issue-{number}", "contact_id": f"{name}-contact-{number}"}
    agent = f"care-{chance.randint(1, 9):02d}"
    for kind, channel, department, more in steps:
        drawn = {field: _drawn(value, chance) for field, value in more.items()}
        by = {"agent": agent} if kind.startswith(("contact.answered", "contact.ended", "issue.")) else {}
        yield {
            "identifier": who, "kind": kind, "channel": channel, "department": department, **matter, **by, **drawn,
        }  # fmt: skip


def _drawn(value: Any, chance: random.Random) -> Any:
    if not isinstance(value, tuple):
        return value
    low, high = value
    return chance.randint(low, high) if isinstance(low, int) else round(chance.uniform(low, high), 1)
