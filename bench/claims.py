"""Every claim about the fit and about credit for ratings beside its baselines, measured anew: `python -m bench claims`.

Simulated companies have known causes, so the fit is held to the truth too; two of them are negative controls. Real
sets are fitted where they are (`COLLAGE_DATA`, else ../shared/data) and named with the reason where they are not. All
models are made by `collage fit`, and what is said of later ratings stands in MODEL.json.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Literal, TypeAlias

import numpy as np

from bench.companies import Truth, fitted, made, truth
from bench.crediting import shared_out
from bench.dialogues import Ordered, crossed, lead
from bench.measure import Claim
from collage.experience import Model
from collage.simulate import Causes, Ratings

__all__ = ["RIVALS", "claims", "data_folder", "foretelling", "held_to_truth", "nothing_found"]

Holds: TypeAlias = Literal["yes", "no", "open", ""]

_ROOT = Path(__file__).resolve().parents[1]
_DAYS, _A_THOUSAND_ROWS, _FEWEST = 730, 6, 40  # customers: 12,000 at the usual two million rows
_Z95: Final = 1.96
RIVALS: Final = {
    "last_contact": "the last contact alone",
    "plain_average": "the plain average of all marks",
    "undecayed_sum": "a sum in which nothing is forgotten",
    "fixed_half_life": "a sum that fades at a fixed pace",
    "peak_end": "peak and end",
    "default": "the catalogue's own numbers",
    "intercept": "one forecast for everyone",
}
_BASE, _NOTHING_CARRIED, _NOISE = "simulated company", "simulated, nothing carried over", "simulated, pure noise"
_COMPANIES: Final = {
    _BASE: Causes(),
    _NOTHING_CARRIED: Causes(ratings=Ratings(carry_over=False)),
    _NOISE: Causes(ratings=Ratings(experience_sd=0.0, agent_sd=0.0, department_sd=0.0)),
}
_SEED: Final = 20260101
_SHARE_OFF, _CORRELATED, _LOSS = (
    0.10,
    0.97,
    0.005,
)  # AC11; AC7; nothing lost where nothing is to be gained, as AC10 has it
_UNSEEN_LEAD: Final = 0.04
_SETS: Final = {"olist8k": ("olist8k", "marketplace"), "deepcsat": ("deepcsat_shopzilla", "support contacts")}
_DIALOGUES: Final = "uss_dialogues/uss_SGD_ReDial.csv.gz"


def claims(place: Path, rows: int, repeat: int) -> list[Claim]:  # noqa: ARG001  # the seeds are fixed
    """Hold the fit to the truth of simulated companies and to real records; six customers for a thousand rows."""
    customers = max(_FEWEST, rows * _A_THOUSAND_ROWS // 1000)
    found: list[Claim] = []
    for records, causes in _COMPANIES.items():
        folder = made(place / records, causes, customers=customers, days=_DAYS, seed=_SEED)
        model, true = fitted(folder), truth(folder)
        if records == _BASE:
            found += [*foretelling(records, model), *held_to_truth(records, model, true)]
            found += shared_out(records, folder, place / f"{records}.json")
        else:
            found += nothing_found(records, model, right="nothing" if records == _NOISE else "last_contact")
    return found + [claim for name in (*_SETS, "uss") for claim in _of_real(name, place)]


def data_folder() -> Path:
    """Return where the real records are looked for."""
    return Path(os.environ.get("COLLAGE_DATA", _ROOT.parent / "shared" / "data"))


def foretelling(records: str, model: Model) -> list[Claim]:
    """Claim that a model foretells later ratings better than each rival does."""
    checked = model.validation
    if not checked.gains:
        return [_unmeasured(records, "foretells later ratings", f"{model.n_ratings:,} usable ratings are too few")]
    losses, told = checked.out_of_time_log_loss, f"foretells {checked.n_out_of_time:,} later ratings (log-loss)"
    return [
        Claim(
            records,
            told,
            f"{losses['model']:.4f}",
            f"{RIVALS[gain.over]} ({losses[gain.over]:.4f})",
            f"{gain.value:+.4f} ± {_Z95 * gain.se:.4f}",
            _side(gain.value, _Z95 * gain.se),
            {"model": losses["model"], "beside": losses[gain.over], "lead": gain.value, "se": gain.se},
        )
        for gain in sorted(checked.gains, key=lambda gain: gain.value)
    ]


def held_to_truth(records: str, model: Model, true: Truth) -> list[Claim]:
    """Claim that the inherited share, the weights and the verdict are the true ones."""
    if not model.fitted:
        return [_unmeasured(records, "finds what is true", f"{model.n_ratings:,} usable ratings are too few")]
    return [_verdict(records, model, "inherited"), *_share(records, model, true.share), _weights(records, model, true)]


def nothing_found(records: str, model: Model, *, right: str) -> list[Claim]:
    """Claim that nothing is found where nothing is: the verdict, and nothing lost against the plainer forecast."""
    rival = "intercept" if right == "nothing" else "last_contact"
    gain = {each.over: each for each in model.validation.gains}.get(rival)
    if gain is None:
        return [_unmeasured(records, "finds nothing", f"{model.n_ratings:,} usable ratings are too few")]
    losses = model.validation.out_of_time_log_loss
    lost = Claim(
        records,
        f"loses no more than {_LOSS:g} (log-loss)",
        f"{losses['model']:.4f}",
        f"{RIVALS[rival]} ({losses[rival]:.4f})",
        f"{gain.value:+.4f} ± {_Z95 * gain.se:.4f}",
        "yes" if gain.value >= -_LOSS else "no",
        {"model": losses["model"], "beside": losses[rival], "lead": gain.value, "se": gain.se},
    )
    return [_verdict(records, model, right), lost]


def _verdict(records: str, model: Model, right: str) -> Claim:
    found = model.inherited_share
    told = f"{found.verdict} (p = {found.p:.3f})" if found.p is not None else found.verdict
    holds: Holds = "yes" if found.verdict == right else "no"
    figures = {"verdict": found.verdict, "p": -1.0 if found.p is None else found.p}
    return Claim(records, "says whether what came before counts", told, f"the truth ({right})", "", holds, figures)


def _share(records: str, model: Model, true: float) -> Iterator[Claim]:
    found = model.inherited_share
    if found.value is None:
        return
    told = f"{found.value:.2f} ({found.low:.2f} … {found.high:.2f})"
    holds: Holds = "yes" if abs(found.value - true) <= _SHARE_OFF else "no"
    off = f"off by {found.value - true:+.2f}, ≤ {_SHARE_OFF:g}"
    figures = {"share": found.value, "true": true}
    yield Claim(records, "finds the inherited share", told, f"the truth ({true:.2f})", off, holds, figures)


def _weights(records: str, model: Model, true: Truth) -> Claim:
    """Compare the weights of marks that ratings had before them with the true ones, fitted and as shipped."""
    seen = {name: each for name, each in model.marks.items() if each.ratings and name in true.weights}
    right = [true.weights[name] for name in seen]
    fit = float(np.corrcoef([each.weight for each in seen.values()], right)[0, 1])
    shipped = float(np.corrcoef([each.default for each in seen.values()], right)[0, 1])
    beside, told = (
        f"the catalogue's own numbers ({shipped:.3f})",
        f"finds the true weights of {len(seen)} marks (correlation)",
    )
    holds: Holds = "yes" if fit >= _CORRELATED else "no"
    figures = {"correlation": fit, "shipped": shipped}
    return Claim(records, told, f"{fit:.3f}", beside, f"{fit - shipped:+.3f}; ≥ {_CORRELATED:g} asked", holds, figures)


def _of_real(name: str, place: Path) -> Sequence[Claim]:
    """Return what can be claimed on a real set, or why nothing."""
    source = data_folder() / (_DIALOGUES if name == "uss" else _SETS[name][0])
    if not source.exists():
        return [_unmeasured(f"real: {name}", "foretells ratings", f"skipped: {source} is not there")]
    if name == "uss":
        return [claim for held in crossed(source, place / "uss") for claim in _ordered(held)]
    folder = place / name
    words = ["read", str(source), "--map", str(_ROOT / "examples" / name / "map.toml"), "--out", str(folder)]
    subprocess.run([sys.executable, "-m", "collage.cli", *words], check=True, capture_output=True, text=True)
    model, records = fitted(folder), f"real: {_SETS[name][1]} ({name})"
    return [_verdict(records, model, "too_few"), *foretelling(records, model)]


def _ordered(of: Ordered) -> Iterator[Claim]:
    """Claim that experience orders dialogues of a corpus that was not fitted to better than each plain reading."""
    for name, reading in of.readings.items():
        ahead, low, high = lead(of, reading, seed=_SEED)
        ours, theirs = of.rank(of.experience), of.rank(reading)
        own = name == "the catalogue's own numbers"
        told = f"orders unseen dialogues of {of.corpus} (Spearman)"
        figures = {"model": ours, "beside": theirs, "lead": ahead, "low": low, "high": high}
        interval = f"{ahead:+.3f} ({low:+.3f} … {high:+.3f}){'' if own else f', ≥ {_UNSEEN_LEAD:g} asked'}"
        holds: Holds = "open" if low < 0.0 < high else "yes" if own or ahead >= _UNSEEN_LEAD else "no"
        yield Claim("real: dialogues (uss)", told, f"{ours:.3f}", f"{name} ({theirs:.3f})", interval, holds, figures)


def _side(value: float, reach: float) -> Holds:
    return "yes" if value > reach else "no" if value < -reach else "open"


def _unmeasured(records: str, claim: str, why: str) -> Claim:
    return Claim(records, claim, "", "", why, "")
