"""Models made by hand, one for each thing that a fit may find, for tests that show them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from collage.experience import default
from collage.experience.model import (
    Calibration,
    Estimate,
    Gain,
    HalfLife,
    InheritedShare,
    Model,
    Validation,
    Verdict,
    Weight,
)

__all__ = ["SHARES", "model"]

# by what the ratings say: the share that was there before, its interval, and p of it and of the contact's own
SHARES: Mapping[Verdict, InheritedShare] = {
    "inherited": InheritedShare(0.414, 0.331, 0.483, 0.001, 0.002, "inherited"),
    "last_contact": InheritedShare(0.034, 0.004, 0.093, 0.41, 0.003, "last_contact"),
    "nothing": InheritedShare(0.21, 0.0, 0.74, 0.33, 0.27, "nothing"),
    "too_few": InheritedShare(None, None, None, None, None, "too_few"),
}
_MEASURED = {  # by mark: the weight, half its interval, whether the ratings say little
    "repeat_contact": (-0.82, 0.14, False),
    "promise_broken": (-0.55, 0.21, False),
    "delivered_late": (-0.21, 0.08, False),
    "resolved_first_contact": (0.34, 0.09, False),
    "came_back": (-0.61, 0.22, False),
    "abandoned": (-0.28, 0.12, False),
    "long_wait": (-0.07, 0.02, False),
    "ordered": (0.03, 0.03, False),
    "outage": (-0.44, 0.31, True),
    "privacy_breached": (-1.20, 1.10, True),
    "self_service_succeeded": (0.08, 0.09, True),
}
_LEADS = {
    "default": (0.0121, 0.0034),
    "last_contact": (0.0312, 0.0051),
    "plain_average": (0.0188, 0.0049),
    "undecayed_sum": (0.0243, 0.0060),
    "fixed_half_life": (0.0021, 0.0018),
    "peak_end": (0.0205, 0.0055),
    "intercept": (0.0524, 0.0081),
}


def model(verdict: Verdict = "inherited", *, fitted: bool = True, unbounded: bool = False, **others: Any) -> Model:
    """Return a model of a verdict; not fitted it has the catalogue's numbers, unbounded its half-lives have no ends."""
    whole: dict[str, Any] = {
        "version": "2026-01-02",
        "catalogue": default().version,
        "catalogue_hash": "0",
        "fitted_at": "2026-01-02T03:04:05+00:00",
        "n_ratings": 10_000 if fitted else 212,
        "n_customers": 4200 if fitted else 160,
        "depth": "full" if fitted else "none",
        "fitted": fitted,
        "kappa": _kappa(fitted=fitted, unbounded=unbounded),
        "multipliers": {"positive": 0.8, "negative": 1.6} if fitted else {"positive": 1.0, "negative": 1.0},
        "multiplier": 1.1 if fitted else 1.0,
        "index_sd": 0.5 if fitted else default().index_sd,
        "classes": _classes(fitted=fitted, unbounded=unbounded),
        "marks": _marks(fitted=fitted),
        "order": [],
        "covariance": [],
        "rho": Estimate(1.2, 0.6, 1.9, fitted=True) if fitted else Estimate(0.0, None, None, fitted=False),
        "intercept": 3.9,
        "sd_customer": 0.6,
        "sd_noise": 1.0,
        "volume": [0.0, 0.0],
        "instruments": {},
        "scale": 1.0,
        "thresholds": {"csat": [-2.0, -1.0, 0.0, 1.0]},
        "inherited_share": SHARES[verdict],
        "validation": _validation(fitted=fitted),
    }
    marks = (whole | others)["marks"]
    whole["order"] = list(marks)
    whole["covariance"] = [[(0.02 if one == other else 0.0) for other in marks] for one in marks]
    return Model(**(whole | others))


def _kappa(*, fitted: bool, unbounded: bool) -> Estimate:
    if not fitted:
        return Estimate(default().kappa, None, None, fitted=False)
    return Estimate(6.1, 3.2, None if unbounded else 12.0, fitted=True)


def _classes(*, fitted: bool, unbounded: bool) -> dict[str, dict[str, HalfLife]]:
    if not fitted:
        return {
            name: {side: HalfLife(days, None, None) for side in ("positive", "negative")}
            for name, days in default().classes.items()
        }
    return {
        name: {
            "positive": HalfLife(0.8 * days, None if unbounded else 0.57 * days, 1.14 * days),
            "negative": HalfLife(1.6 * days, 1.2 * days, None if unbounded else 2.1 * days),
        }
        for name, days in default().classes.items()
    }


def _marks(*, fitted: bool) -> dict[str, Weight]:
    found = {}
    for at, mark in enumerate(default().weighing):
        own = mark.weight
        weight, reach, little = _MEASURED.get(mark.name, (own, 0.5 * abs(own) + 0.05, True))
        if not fitted:
            weight, little = own, True
        found[mark.name] = Weight(weight, weight - reach, weight + reach, little, own, 17 * at)
    return found


def _validation(*, fitted: bool) -> Validation:
    if not fitted:
        return Validation({}, 0, [], {}, {}, {}, accepted=False, reasons=["too_few"])
    losses = {"model": 1.21} | {name: 1.21 + lead for name, (lead, _) in _LEADS.items()}
    return Validation(
        out_of_time_log_loss=losses,
        n_out_of_time=2500,
        gains=[Gain(name, lead, se) for name, (lead, se) in _LEADS.items()],
        customer_blocked_log_loss=losses,
        calibration={"dissatisfied": _tenths(0.02, 0.33), "satisfied": _tenths(0.45, 0.93)},
        slope={"dissatisfied": 0.93, "satisfied": 1.04},
        accepted=True,
        reasons=[],
    )


def _tenths(low: float, high: float) -> list[Calibration]:
    found = []
    for at in range(10):
        expected = low + (high - low) * at / 9
        observed = min(1.0, max(0.0, expected + (0.03 if at % 3 == 0 else -0.01)))
        reach = 1.96 * (observed * (1 - observed) / 250) ** 0.5
        found.append(Calibration(expected, observed, max(0.0, observed - reach), min(1.0, observed + reach), 250))
    return found
