"""How long ratings take to be shared out, and how near to the truth the shares are: beside what is usual elsewhere."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.stats import spearmanr

from bench.fitting import company, many_company
from bench.measure import Claim, Line, apart
from collage import customers, experience, promises, store
from collage.experience import attribution

__all__ = ["attribute", "attributed_many", "shared_out"]

Numbers = npt.NDArray[np.float64]

_SECONDS, _AT_RATINGS, _LEAST = 30.0, 100_000, 3.0  # the smallest company is held to no less than three seconds
_DRAWS: Final = 200
_FEWEST, _FEWEST_AGENTS = 20, 5  # ratings of an agent who is ranked; and such agents


def attribute(place: Path, rows: int, repeat: int) -> list[Line]:  # noqa: ARG001  # once is long enough
    """Measure sharing out ratings of a simulated company of two years and comparing who served, marks given."""
    return _measured("attribute", company(place, rows))


def attributed_many(place: Path, rows: int, repeat: int) -> list[Line]:  # noqa: ARG001  # once is long enough
    """Measure the same on ten times as many ratings."""
    return _measured("attribute: many ratings", many_company(place, rows))


def shared_out(records: str, folder: Path, model: Path) -> list[Claim]:
    """Claim that shares of ratings are nearer to the truth than the last touch's and an equal split's.

    Parameters
    ----------
    records
        What the company is called.
    folder
        A simulated company, with its truth.
    model
        What was fitted to its ratings.
    """
    of = _shared(folder, model)
    beside = {"all to who served last": of.last, "the same to all who were there": of.equal}
    return [_apart(records, of, *each) for each in beside.items()] + [
        _told(records, of, *each) for each in beside.items()
    ]


@dataclass(frozen=True)
class _Shared:
    """Credits by rating and department, as they truly are and by each way of sharing; who served; true skill."""

    true: Numbers
    ours: Numbers
    last: Numbers
    equal: Numbers
    customer: npt.NDArray[np.int64]
    served: npt.NDArray[np.int64]
    agent: npt.NDArray[np.int64]
    skill: Numbers
    value_added: Numbers


def _measured(name: str, folder: Path) -> list[Line]:
    marks, seconds, n, size = _once(folder)
    taken, peak = apart("attribute", str(folder), "--by", "agent", "--format", "json")
    bar = max(_SECONDS * n / _AT_RATINGS, _LEAST)
    told = f"{n:,} ratings, {size:,} marks of who gave them"
    floor = f"{marks:.1f} s (deriving marks)"
    return [
        Line(
            f"{name}: shared out, who served compared",
            told,
            f"{seconds:.1f} s",
            floor,
            f"{seconds / marks:.2f}",
            f"{n / seconds:,.0f} ratings/s",
            f"≤ {bar:.0f} s ({_SECONDS:g} s at {_AT_RATINGS:,} ratings)",
            seconds <= bar,
            {"n": n, "marks": size, "ours_s": seconds, "floor_s": marks},
        ),
        Line(
            f"{name}: the command", told, f"{taken:.1f} s, {peak:.1f} GiB", floor, f"{taken / marks:.2f}",
            figures={"n": n, "ours_s": taken, "floor_s": marks, "peak_gib": peak},
        ),
    ]  # fmt: skip


def _once(folder: Path) -> tuple[float, float, int, int]:
    """Return the seconds of deriving marks and of sharing ratings out, how many ratings, and how many marks."""
    engine = store.connect()
    try:
        engine.unordered()
        dataset = store.open_dataset(folder, engine)
        touchpoints = dataset.table("touchpoints").union(promises.touchpoints(dataset.table("promises")))
        claims = dataset.table("claims") if dataset.has("claims") else None
        ratings, ask = dataset.table("ratings"), engine.backend.to_pyarrow
        who = engine.kept(customers.numbered(customers.customers(touchpoints, claims, kept=engine.kept)))
        rated = who.semi_join(ratings.select("identifier").distinct(), "identifier").select("customer_id").distinct()
        who = engine.kept(who.semi_join(rated, "customer_id"))
        catalogue = experience.default()
        begun = perf_counter()
        marks = engine.kept(experience.marks(touchpoints, who, catalogue, whose=True))
        derived = perf_counter() - begun
        at = ratings.rated_at.max().to_pyarrow().as_py()
        begun = perf_counter()
        rows = ask(attribution.rows(ratings, touchpoints, who, at=at))
        found = attribution.value_added(attribution.attributed(rows, marks, who, catalogue, None, ask=ask))
        found.table("agent")
        return derived, perf_counter() - begun, rows.num_rows, int(ask(marks.count()).as_py())
    finally:
        engine.close()


def _shared(folder: Path, model: Path) -> _Shared:
    ratings = pq.read_table(folder / "ratings.parquet").sort_by("rating_id")
    truth = pq.read_table(folder / "truth" / "ratings.parquet").sort_by("rating_id")
    ours = _attributed(folder, model, "rating").sort_by("rating_id")
    agents = pq.read_table(folder / "truth" / "agents.parquet")
    names = truth["inherited"].combine_chunks().type.names
    departments = [name for name in names if name != "unknown"]
    department = np.array(ratings["department"].to_pylist(), object)
    served = np.array([departments.index(name) for name in department])
    size, rows = (len(served), len(departments)), np.arange(len(served))
    both = [_by_department(table, departments, served) for table in (truth, ours)]
    score = ratings["score"].to_numpy() - ratings["score"].to_numpy().mean()
    last, there = np.zeros(size), both[1] != 0.0
    last[rows, served] = score
    there[rows, served] = True
    equal = np.where(there, score[:, None] / there.sum(axis=1, keepdims=True), 0.0)
    skill = dict(zip(agents["agent"].to_pylist(), agents["alpha"].to_pylist(), strict=True))
    listed = list(skill)
    added = {row["agent"]: row["value_added"] for row in _attributed(folder, model, "agent").to_pylist()}
    return _Shared(
        true=both[0],
        ours=both[1],
        last=last,
        equal=equal,
        customer=np.unique(np.array(ratings["identifier"].to_pylist()), return_inverse=True)[1],
        served=served,
        agent=np.array([listed.index(name) for name in ratings["agent"].to_pylist()]),
        skill=np.array([skill[name] for name in listed]),
        value_added=np.array([added.get(name, 0.0) for name in listed]),
    )


def _attributed(folder: Path, model: Path, by: str) -> pa.Table:
    out = model.with_name(f"{folder.name}-{by}.parquet")
    words = ["attribute", str(folder), "--by", by, "--model", str(model), "--out", str(out)]
    subprocess.run([sys.executable, "-m", "collage.cli", *words], check=True, capture_output=True, text=True)
    return pq.read_table(out)


def _by_department(table: pa.Table, departments: Sequence[str], served: npt.NDArray[np.int64]) -> Numbers:
    """Return what each department added to each rating: what was inherited from it, and its own where it served."""
    inherited = table["inherited"].combine_chunks()
    none = np.zeros(len(served))
    columns = [
        np.asarray(inherited.field(name)) if name in inherited.type.names else none for name in departments
    ]  # fmt: skip
    found = np.stack(columns, axis=1).astype(np.float64)
    own = sum(table[name].to_numpy() for name in ("inherited_self", "contact_process", "own_agent"))
    found[np.arange(len(served)), served] += own
    return found


def _apart(records: str, of: _Shared, name: str, other: Numbers) -> Claim:
    """Compare credits with the true ones over ratings and departments; customers are drawn anew."""
    rng, leads = np.random.default_rng(1), []
    for _ in range(_DRAWS):
        times = rng.poisson(1.0, int(of.customer.max()) + 1)[of.customer].astype(np.float64)
        leads.append(_correlated(of, of.ours, times) - _correlated(of, other, times))
    once = np.ones(of.served.size)
    told = "shares ratings out by department (correlation with the truth)"
    return _claim(records, told, name, _correlated(of, of.ours, once), _correlated(of, other, once), leads)


def _told(records: str, of: _Shared, name: str, other: Numbers) -> Claim:
    """Compare how agents are ranked, by what is credited to their department; agents are drawn anew."""
    n = np.bincount(of.agent, minlength=of.skill.size)
    own = np.bincount(of.agent, other[np.arange(of.served.size), of.served], of.skill.size) / np.maximum(n, 1)
    some = np.flatnonzero(n >= _FEWEST)
    if some.size < _FEWEST_AGENTS:
        return Claim(records, "ranks agents", "", name, f"only {some.size} agents with {_FEWEST} ratings", "")

    def ranks(which: npt.NDArray[np.int64]) -> tuple[float, float]:
        skill = of.skill[which]
        return float(spearmanr(of.value_added[which], skill)[0]), float(spearmanr(own[which], skill)[0])

    rng = np.random.default_rng(1)
    drawn = [ranks(rng.choice(some, some.size)) for _ in range(_DRAWS)]
    leads = [ours - theirs for ours, theirs in drawn]
    return _claim(records, f"ranks {some.size} agents (Spearman with true skill)", name, *ranks(some), leads)


def _claim(records: str, told: str, name: str, ours: float, theirs: float, leads: Sequence[float]) -> Claim:
    low, high = (float(each) for each in np.quantile(leads, [0.025, 0.975]))
    interval = f"{ours - theirs:+.3f} ({low:+.3f} … {high:+.3f})"
    figures = {"model": ours, "beside": theirs, "lead": ours - theirs, "low": low, "high": high}
    holds: Literal["yes", "no", "open"] = "yes" if low > 0.0 else "no" if high < 0.0 else "open"
    return Claim(records, told, f"{ours:.3f}", f"{name} ({theirs:.3f})", interval, holds, figures)


def _correlated(of: _Shared, credit: Numbers, times: Numbers) -> float:
    """Return the correlation of credits with the true ones over ratings and departments."""
    weight = np.repeat(times, credit.shape[1])
    square = np.cov(credit.ravel(), of.true.ravel(), aweights=weight)
    return float(square[0, 1] / np.sqrt(square[0, 0] * square[1, 1]))
