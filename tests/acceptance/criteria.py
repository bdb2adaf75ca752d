"""The acceptance criteria of the fit of ratings: what is measured over many replicates, and the bar it must keep.

Numbers and bars are those of the model's design (docs/explanation/acceptance.md says where they come from).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from collage.experience.learning.ratings import Flags, Numbers
from tests.acceptance.measuring import Figures

__all__ = ["CRITERIA", "Criterion", "Line", "Many", "over"]

# the figures of each run's replicates
Many: TypeAlias = Mapping[str, Sequence[Figures]]


@dataclass(frozen=True)
class Line:
    """One measured figure beside its bar: at least `low`, at most `high`; neither: printed for comparison."""

    what: str
    measured: float
    n: int
    low: float | None = None
    high: float | None = None

    @property
    def kept(self) -> bool | None:
        """Return whether the bar is kept; None where there is no bar or nothing to measure."""
        if (self.low is None and self.high is None) or not self.n:
            return None
        return (self.low is None or self.measured >= self.low) and (self.high is None or self.measured <= self.high)

    @property
    def bar(self) -> str:
        """Return the bar in words."""
        if self.low is not None and self.high is not None:
            return f"{self.low:g} to {self.high:g}"
        return f"≥ {self.low:g}" if self.low is not None else "" if self.high is None else f"≤ {self.high:g}"


@dataclass(frozen=True)
class Criterion:
    """What is demanded, the runs it takes with how many replicates of each, and how these are judged."""

    demands: str
    takes: Mapping[str, int]
    judge: Callable[[Many], list[Line]]


def over(many: Many, run: str, *names: str) -> list[Numbers]:
    """Return figures of a run, one array each, a value for each replicate; NaN where it was not measured."""
    return [np.array([each.get(name, np.nan) for each in many.get(run, ())], np.float64) for name in names]


def _quantile(values: Numbers, share: float = 0.5) -> float:
    there = values[~np.isnan(values)]
    return float(np.quantile(there, share)) if there.size else math.nan


def _mean(values: Numbers | Flags) -> float:
    return float(values.mean()) if values.size else math.nan


def _factor(found: Numbers, true: float) -> Numbers:
    return np.maximum(found / true, true / found)


# ---- half-lives


def _recovered(many: Many) -> list[Line]:
    bars = (
        ("even-1000", 0.5, 1.50, 1.35),
        ("even-3000", 0.9, 1.60, 1.30),
        ("even-10000", 0.9, 1.45, 1.20),
        ("base-3000", 0.9, 2.10, 1.60),
    )
    lines = []
    for run, share, credit_bar, strike_bar in bars:
        credit, strike = over(many, run, "credit_value", "strike_value")
        size, own = run.rsplit("-", 1)[1], "ρ = 1" if run.startswith("base") else "ρ = 0"
        told = f"{'median' if share == 0.5 else '9th tenth'} of max(ĥ/h, h/ĥ) at {size}, {own}"
        lines += [
            Line(f"credits: {told}", _quantile(_factor(credit, 45.0), share), credit.size, high=credit_bar),
            Line(f"strikes: {told}", _quantile(_factor(strike, 120.0), share), strike.size, high=strike_bar),
        ]
    return lines


def _asymmetry(many: Many) -> list[Line]:
    lines = []
    for run, days, sign in (("base-3000", "45 and 120", 1.0), ("reversed-3000", "120 and 45", -1.0)):
        credit, strike = over(many, run, "credit_value", "strike_value")
        right = np.log(strike / credit) * sign > 0.0
        lines.append(Line(f"half-lives {days}: told in the right order", _mean(right), right.size, low=0.90))
    credit, strike = over(many, "equal-3000", "credit_value", "strike_value")
    apart = np.abs(np.log(strike / credit)) > math.log(1.6)
    return [
        *lines,
        Line("both 90: told as more than 1.6 times apart", _mean(apart), apart.size, high=0.10),
        Line("both 90: half-life of credits found, median", _quantile(credit), credit.size),
        Line("both 90: half-life of strikes found, median", _quantile(strike), strike.size),
    ]


def _covered(many: Many) -> list[Line]:
    lines = []
    for run, credit, strike, bar in (
        ("base-3000", 45.0, 120.0, 0.88),
        ("reversed-3000", 120.0, 45.0, None),
        ("equal-3000", 90.0, 90.0, None),
    ):
        for name, true in (("credit", credit), ("strike", strike)):
            low, high = over(many, run, f"{name}_low", f"{name}_high")
            inside = (np.isnan(low) | (low <= true)) & (np.isnan(high) | (high >= true))
            told = f"{name}s of {true:g} days: true half-life in the 95 % interval, at 3000"
            lines.append(Line(told, _mean(inside), inside.size, low=bar))
    return lines


# ---- weights and readings


def _weights(many: Many) -> list[Line]:
    lines, wrong = [], []
    for run, bar in (("base-1000", 0.95), ("base-3000", 0.97), ("base-10000", 0.985)):
        corr, signs = over(many, run, "weights_corr", "weights_wrong_sign")
        wrong.append(signs)
        size = run.rsplit("-", 1)[1]
        lines.append(Line(f"correlation with the true weights at {size}, median", _quantile(corr), corr.size, low=bar))
    signs, (shipped,) = np.concatenate(wrong), over(many, "base-1000", "weights_corr_shipped")
    return [
        *lines,
        Line("weights of the wrong sign, all together", float(signs.sum()), signs.size, high=0.0),
        Line("correlation of the shipped weights with the true ones, median", _quantile(shipped), shipped.size),
    ]


def _efficient(many: Many) -> list[Line]:
    lines = []
    for run, bar in (("base-1000", 0.90), ("base-3000", 0.93), ("base-10000", 0.97)):
        share = _efficiency(many, run)
        lines.append(
            Line(f"R² over the oracle's at {run.rsplit('-', 1)[1]}, median", _quantile(share), share.size, low=bar)
        )
    return lines


def _efficiency(many: Many, run: str) -> Numbers:
    model, oracle = over(many, run, "r2_model", "r2_oracle")
    return model / oracle


def _gain(many: Many) -> list[Line]:
    lines = []
    for run, share, bar in (
        ("base-3000", ".5", 0.75),
        ("own-2.2-3000", ".2", 0.75),
        ("base-10000", ".5", 0.90),
    ):
        model, last, oracle = over(many, run, "r2_model", "r2_last", "r2_oracle")
        captured = (model - last) / (oracle - last)
        told = f"captured of what the last contact leaves, at {run.rsplit('-', 1)[1]}, inherited share {share}, median"
        lines.append(Line(told, _quantile(captured), captured.size, low=bar))
    for rival, words, r2, auc in (
        ("last", "the last contact", 0.07, 0.06),
        ("plain_average", "the plain average", 0.05, 0.03),
    ):
        names = ("r2_model", f"r2_{rival}", "auc_model", f"auc_{rival}")
        mine, theirs, mine_auc, theirs_auc = over(many, "base-3000", *names)
        lines += [
            Line(f"R² above {words} at 3000, median", _quantile(mine - theirs), mine.size, low=r2),
            Line(f"AUC (up to 2) above {words} at 3000, median", _quantile(mine_auc - theirs_auc), mine.size, low=auc),
        ]
    return lines


def _memoryless(many: Many) -> list[Line]:
    share, model, last = over(many, "memoryless-3000", "share", "r2_model", "r2_last")
    p, remembered = (over(many, run, "p")[0] for run in ("permuted-3000", "permuted-base-3000"))
    return [
        Line("inherited share at 3000, median", _quantile(share), share.size, high=0.06),
        Line("permutation test at .05: how often it rejects", _mean(p < 0.05), p.size, high=0.08),
        Line(
            "permutation test where much is inherited: how often it rejects",
            _mean(remembered < 0.05),
            remembered.size,
            low=0.95,
        ),
        Line("R² less that of the last contact alone, median", _quantile(model - last), model.size, low=-0.005),
        Line("inherited share at 3000, 9th tenth", _quantile(share, 0.9), share.size),
    ]


def _inherited(many: Many) -> list[Line]:
    lines = []
    for run in ("base-3000", "own-2.2-3000"):
        share, true, corr = over(many, run, "share", "share_true", "inherited_corr")
        told = f"at 3000, true share {_quantile(true):.2f}"
        lines += [
            Line(f"inherited share off by, {told}, median", _quantile(np.abs(share - true)), share.size, high=0.10),
            Line(f"correlation of inherited parts, {told}, median", _quantile(corr), corr.size, low=0.90),
            Line(f"inherited share less the true one, {told}, median", _quantile(share - true), share.size),
        ]
    return lines


def _kappas(many: Many) -> list[Line]:
    lines = []
    for run, true, low, high in (
        ("kappa-0.5-10000", ".5", None, 2.0),
        ("base-10000", "4", None, None),
        ("kappa-inf-10000", "∞", 16.0, None),
    ):
        loss, (kappa,) = 1.0 - _efficiency(many, run), over(many, run, "kappa_value")
        lines += [
            Line(f"R² lost against the oracle at 10000, κ = {true}, median", _quantile(loss), loss.size, high=0.05),
            Line(f"κ found where it is {true}, median", _quantile(kappa), kappa.size, low=low, high=high),
        ]
    return lines


def _confounded(many: Many) -> list[Line]:
    lines = []
    for name, words, low, high in (
        ("credits_ratio", "credits", 0.75, 1.25),
        ("strikes_ratio", "strikes", None, None),
        ("pooled_credits_ratio", "credits of a pooled fit", None, None),
        ("random_credits_ratio", "credits with a random level alone", None, None),
    ):
        (there,), (none,) = over(many, "volume-0.8-3000", name), over(many, "volume-0.0-3000", name)
        told = f"weights of {words} at δ = .8 over those at δ = 0"
        lines.append(Line(told, _mean(there) / _mean(none), min(there.size, none.size), low=low, high=high))
    for name, words in (("", "the fit"), ("pooled_", "a pooled fit"), ("random_", "a random level alone")):
        names = (f"{name}credits_ratio", f"{name}strikes_ratio")
        (credit, strike), (credit_0, strike_0) = (
            over(many, "volume-0.8-3000", *names),
            over(many, "volume-0.0-3000", *names),
        )
        bent = (_mean(credit) / _mean(strike)) / (_mean(credit_0) / _mean(strike_0))
        lines.append(Line(f"… credits against strikes, by {words}", bent, min(credit.size, credit_0.size)))
    kappa, own = over(many, "volume-0.8-3000", "kappa_value", "own")
    return [
        *lines,
        Line("κ found at δ = .8, where it is 4, median", _quantile(kappa), kappa.size),
        Line("ρ found at δ = .8, where it is 1, median", _quantile(own), own.size),
    ]


def _cold(many: Many) -> list[Line]:
    names = ("spearman_shipped", "lift_shipped", "spearman_unit", "lift_unit", "spearman_large", "spearman_one")
    rank, lift, unit, lift_unit, large, rank_one = over(many, "cold", *names)
    return [
        Line("shipped catalogue, weights off by 1.4: Spearman with true E, median", _quantile(rank), rank.size, 0.85),
        Line("… its share of the oracle's AUC lift, median", _quantile(lift), lift.size, 0.80),
        Line("unit weights +.3 and -.6: Spearman with true E, median", _quantile(unit), unit.size, 0.80),
        Line("… its share of the oracle's AUC lift, median", _quantile(lift_unit), lift_unit.size),
        Line("unit weights, but only for marks of .2 or more: Spearman, median", _quantile(large), large.size),
        Line("one class of 60 days, weights off by 1.4: Spearman, median", _quantile(rank_one), rank_one.size),
    ]


def _calibrated(many: Many) -> list[Line]:
    lines = []
    for name, words in (("unhappy", "P(up to 2)"), ("happy", "P(4 or more)")):
        slope, gap = over(many, "base-10000", f"slope_{name}", f"gap_{name}")
        lines += [
            Line(f"{words}: slope of what came, median", _quantile(slope), slope.size, 0.85, 1.15),
            Line(f"{words}: largest gap of a tenth, median", _quantile(gap), gap.size, high=0.04),
        ]
    return lines


def _misspecified(many: Many) -> list[Line]:
    lines = []
    for run, words in (("power-3000", "power-law fading"), ("peak-3000", "the worst memory counts besides (.3)")):
        share = _efficiency(many, run)
        lines.append(Line(f"R² over the oracle's at 3000, {words}, median", _quantile(share), share.size, low=0.92))
    return lines


# ---- people and silence


def _compared(many: Many) -> list[Line]:
    lines = []
    for each, rank, blamed in ((100, 0.70, 0.06), (50, None, None), (20, None, None)):
        run = f"staff-{each}"
        names = ("rank", "rank_demeaned", "rank_raw", "blamed", "blamed_raw")
        ours, apart, raw, wrong, wrong_raw = over(many, run, *names)
        words = f"with {each} ratings of each"
        lines += [
            Line(f"agents' rank with their skill (Spearman), {words}, mean", _mean(ours), ours.size, low=rank),
            Line("… of means beside the department's", _mean(apart), apart.size),
            Line("… of raw means", _mean(raw), raw.size),
            Line(f"of the lowest tenth truly above the middle, {words}", _mean(wrong), wrong.size, high=blamed),
            Line("… by raw means", _mean(wrong_raw), wrong_raw.size),
        ]
    (slope,) = over(many, "staff-100", "forecast")
    there = slope[~np.isnan(slope)]
    told = "of what earlier quarters foretell, that much comes true, 100 ratings of each"
    lines.append(Line(f"{told}, mean", _mean(there), there.size, low=0.9, high=1.1))
    (called,) = over(many, "staff-equal", "called")
    return [*lines, Line("all equal, unlike customers: called better or worse", _mean(called), called.size, high=0.10)]


def _answered(many: Many) -> list[Line]:
    lines = []
    for name, words in (("mean", "the mean"), ("high", "the share of 4 and 5")):
        raw, ours = over(many, "silent-0", f"{name}_raw", name)
        removed = 1.0 - abs(_mean(ours)) / abs(_mean(raw)) if raw.size else math.nan
        lines.append(Line(f"of the bias of {words} removed, answers given by experience", removed, raw.size, low=0.90))
        (held,) = over(many, "silent-0.4", f"{name}_held")
        told = f"{words}: the truth lies inside the table of shifts, answers given by what nobody knows (.4)"
        lines.append(Line(told, _mean(held), held.size, low=1.0))
        (far,) = over(many, "silent-0.8", f"{name}_held")
        lines.append(Line("… (.8)", _mean(far), far.size))
    return lines


_BASE: Final = {"base-1000": 20, "base-3000": 20, "base-10000": 20}
CRITERIA: Final[Mapping[str, Criterion]] = {
    "7": Criterion("Weights are told", _BASE, _weights),
    "8": Criterion("Unseen customers are foretold almost as well as by the truth", _BASE, _efficient),
    "9": Criterion(
        "… and better than by what is usual", {"base-3000": 20, "own-2.2-3000": 20, "base-10000": 20}, _gain
    ),
    "11": Criterion("The inherited share is told", {"base-3000": 20, "own-2.2-3000": 20}, _inherited),
    "18": Criterion("Chances are as foretold", {"base-10000": 20}, _calibrated),
    "5": Criterion(
        "Half-lives are told", {"even-1000": 40, "even-3000": 40, "even-10000": 20, "base-3000": 20}, _recovered
    ),
    "12": Criterion(
        "Sum and average are both told", {"kappa-0.5-10000": 20, "base-10000": 20, "kappa-inf-10000": 20}, _kappas
    ),
    "13": Criterion(
        "Who contacts more does not bend weights", {"volume-0.0-3000": 20, "volume-0.8-3000": 20}, _confounded
    ),
    "17": Criterion("A catalogue without any rating is of use", {"cold": 20}, _cold),
    "10": Criterion(
        "Where nothing is inherited, nothing is told",
        {"memoryless-3000": 80, "permuted-3000": 400, "permuted-base-3000": 40},
        _memoryless,
    ),
    "6": Criterion(
        "Which fades faster is told", {"base-3000": 100, "reversed-3000": 100, "equal-3000": 100}, _asymmetry
    ),
    "14": Criterion(
        "Intervals of half-lives hold what they say",
        {"base-3000": 100, "reversed-3000": 100, "equal-3000": 100},
        _covered,
    ),
    "15": Criterion(
        "Agents are told from one another, and nobody is blamed for what was handed over",
        {"staff-100": 200, "staff-50": 20, "staff-20": 20, "staff-equal": 20},
        _compared,
    ),
    "16": Criterion(
        "What the silent would say is told as far as it can be",
        {"silent-0": 20, "silent-0.4": 20, "silent-0.8": 20},
        _answered,
    ),
    "19": Criterion("A wrong shape of fading costs little", {"power-3000": 20, "peak-3000": 20}, _misspecified),
}
