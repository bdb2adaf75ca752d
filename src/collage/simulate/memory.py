"""What a customer has in mind at a moment, roughly: what decides about complaining and leaving while a company is made.

It is no rating's cause: the truth of ratings goes by the marks of the catalogue (`collage.simulate.folding`).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from collage.simulate.rows import DAY, KINDS, OUTCOMES, Numbers, Rows, Whole

__all__ = ["remembered", "weights"]

_HALF_LIFE: Final = 60.0 * DAY
_KAPPA: Final = 8.0
_WEIGHTS: Final = {
    "order.placed": 0.03,
    "issue.resolved": 0.25,
    "self_service.succeeded": 0.08,
    "gesture.made": 0.2,
    "notice.proactive": 0.2,
    "appreciation.sent": 0.1,
    "contact.abandoned": -0.3,
    "handover.transferred": -0.25,
    "repeat.asked": -0.2,
    "delivery.failed": -0.4,
    "goods.damaged": -0.6,
    "goods.wrong": -0.6,
    "order.failed": -0.3,
    "payment.failed": -0.2,
    "coupon.refused": -0.2,
    "product.fault": -0.35,
    "outage": -0.15,
    "invoice.corrected": -0.6,
    "issue.reopened": -0.5,
    "complaint.filed": -0.8,
    "self_service.failed": -0.2,
}
_WAIT_S, _A_MINUTE, _MOST_MINUTES = 90.0, -0.05, 8.0
_ON_TIME, _LATE, _A_DAY_MORE, _MOST_LATE = 0.08, -0.4, 0.125, 5.0
_UNRESOLVED: Final = -0.3


def weights(of: Rows) -> Numbers:
    """Return about what each touchpoint leaves behind, in points."""
    kind, wait_s, late_s = of["kind"], of["wait_s"].astype(np.float64), of["late_s"].astype(np.float64)
    found = np.array([_WEIGHTS.get(each, 0.0) for each in KINDS])[kind]
    waited = (kind == KINDS.index("contact.answered")) & (wait_s > _WAIT_S)
    found = np.where(waited, _A_MINUTE * np.minimum(_MOST_MINUTES, (wait_s - _WAIT_S) / 60.0), found)
    days = np.minimum(_MOST_LATE, 1.0 + _A_DAY_MORE * late_s / 86_400.0)
    found = np.where(late_s > 0, _LATE * days, np.where(late_s <= 0, _ON_TIME, found))
    unresolved = (kind == KINDS.index("contact.ended")) & (of["outcome"] == OUTCOMES.index("unresolved"))
    return np.where(unresolved, _UNRESOLVED, found)


def remembered(of: Rows, weight: Numbers, customer: Whole, at: Whole) -> Numbers:
    """Return what these customers have in mind at these moments: the sum of what faded, over how much there is.

    Sums that grow instead of fading, so that one running sum serves every moment (model.md §1.5 C; exact enough while
    the time is a few hundred half-lives at most).
    """
    order = np.lexsort((of["at"], of["customer"]))
    whose, when = of["customer"][order].astype(np.int64), of["at"][order].astype(np.int64)
    moments = np.concatenate([when, at])
    if not moments.size:
        return np.zeros(0)
    begin, span = int(moments.min()), int(np.ptp(moments)) + 1
    grown = np.exp2((when - begin) / _HALF_LIFE)
    key, asked = whose * span + (when - begin), customer * span
    upto, since = np.searchsorted(key, asked + (at - begin)), np.searchsorted(key, asked)
    left = np.exp2(-(at - begin) / _HALF_LIFE)
    sums = (np.concatenate([[0.0], np.cumsum(each[order] * grown)]) for each in (weight, (weight != 0.0) * 1.0))
    total, evidence = ((each[upto] - each[since]) * left for each in sums)
    found: Numbers = (_KAPPA + 1.0) * total / (_KAPPA + np.maximum(evidence, 0.0))
    return found
