"""How long scores take: of all customers beside SQL by hand, of one customer, and of the command on a small dataset."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any

import pyarrow as pa

from bench.inputs import CLAIMS, TOUCHPOINTS, describe
from bench.measure import Line, apart, rated, seconds, together
from collage import customers, experience, store

__all__ = ["command", "fold", "large", "one_customer", "score"]

_AT = datetime(2026, 1, 1, tzinfo=UTC)
_EACH = 20  # touchpoints a customer
_SECONDS, _OF_SQL, _LARGE_SECONDS, _LARGE_GIB = 25.0, 1.5, 300.0, 16.0  # the bars, at 10 and at 100 million touchpoints
_SMALL, _OF_START, _ONE_MS = 2_000, 3.0, 60.0
_NEAR = 1e-9


def score(place: Path, rows: int, repeat: int) -> list[Line]:
    """Measure claims, marks and scores of five times as many touchpoints as rows, by the whole shipped catalogue."""
    rows = max(_EACH, 5 * rows)
    file = _written(place, rows)
    engine = store.connect()
    try:
        touchpoints, claims = _opened(engine, file)
        by_hand = resources.files("bench").joinpath("by_hand.sql").read_text(encoding="utf-8")
        found: dict[str, pa.Table] = {}

        def ours() -> None:
            found["ours"] = _scores(engine, touchpoints, claims)

        def sql() -> None:
            found["sql"] = engine.view(by_hand).to_pyarrow()

        taken = together(ours, sql, repeat)
        _check_alike(found["ours"], found["sql"])
    finally:
        engine.close()
    size = f"{rows:,} touchpoints, {rows // _EACH:,} customers"
    line = rated("score: claims, marks, scores", rows, "touchpoints", taken, floor="by hand, in SQL", size=size)
    bar = f"≤ {_OF_SQL:g} × the floor, ≤ {_SECONDS:g} s at 10,000,000"
    kept = taken[0] <= _OF_SQL * taken[1] and (rows < 10_000_000 or taken[0] <= _SECONDS)
    return [_barred(line, bar, kept=kept)]


def fold(place: Path, rows: int, repeat: int) -> list[Line]:
    """Measure adding up the marks of half as many touchpoints as rows, beside a groupby of pandas on the same marks."""
    rows = max(_EACH, rows // 2)
    file = _written(place, rows)
    engine, catalogue = store.connect(), experience.default()
    try:
        touchpoints, claims = _opened(engine, file)
        engine.unordered()
        who = engine.kept(customers.numbered(customers.customers(touchpoints, claims, kept=engine.kept)))
        marks = engine.kept(experience.marks(touchpoints, who, catalogue, whose=True))
        frame, found = marks.to_pyarrow().to_pandas(), {}

        def ours() -> None:
            found["ours"] = experience.score(marks, touchpoints, who, catalogue, at=_AT).to_pyarrow()

        def pandas() -> None:
            found["pandas"] = _by_pandas(frame, catalogue)

        taken = together(ours, pandas, repeat)
        _check_fold(found["ours"], found["pandas"], who.to_pyarrow())
    finally:
        engine.close()
    size = f"{len(frame):,} marks, {rows // _EACH:,} customers"
    return [rated("score: adding marks up", len(frame), "marks", taken, floor="groupby of pandas", size=size)]


def _by_pandas(marks: Any, catalogue: experience.Catalogue) -> Any:
    """Return the experience of each customer number, as somebody would work it out in pandas."""
    weight = {mark.name: mark.weight for mark in catalogue.weighing}
    half_life = {mark.name: catalogue.classes[mark.class_] for mark in catalogue.weighing}
    marks = marks[marks["occurred_at"] <= _AT]
    days = (_AT - marks["fades_from"]).dt.total_seconds() / 86_400
    share = 2.0 ** (-days / marks["weighs_as"].map(half_life))
    each = marks.assign(
        summed=marks["weighs_as"].map(weight) * marks["severity"] * share, own=marks["evidence"] * share
    )
    both = each.groupby("customer_id")[["summed", "own"]].sum()
    return (catalogue.kappa + 1) * both["summed"] / (catalogue.kappa + both["own"])


def _check_fold(ours: pa.Table, theirs: Any, who: pa.Table) -> None:
    """Refuse to compare what is not the same."""
    number = dict(zip(who["customer_id"].to_pylist(), who["number"].to_pylist(), strict=True))
    other = theirs.to_dict()
    pairs = zip(ours["customer_id"].to_pylist(), ours["experience"].to_pylist(), strict=True)
    worst = max(abs(mine - other.get(number[name], 0.0)) for name, mine in pairs)
    if worst > _NEAR:
        raise AssertionError(f"ours and pandas differ by {worst}")


def large(place: Path, rows: int, repeat: int) -> list[Line]:  # noqa: ARG001  # once is long enough
    """Measure the command on fifty times as many touchpoints as rows, in a process of its own, within 16 GiB."""
    rows = max(_EACH, 50 * rows)
    file = _written(place, rows)
    words = ["score", str(file), "--out", str(place / "scores.parquet"), "--at", _AT.isoformat()]
    taken, peak = apart(*words)
    size = f"{rows:,} touchpoints, {rows // _EACH:,} customers"
    line = Line(
        "score: the command on many",
        size,
        f"{taken:.0f} s",
        f"{peak:.1f} GiB at the peak",
        "",
        f"{rows / taken:,.0f} touchpoints/s",
        f"≤ {_LARGE_SECONDS:g} s, ≤ {_LARGE_GIB:g} GiB at 100,000,000",
        taken <= _LARGE_SECONDS and peak <= _LARGE_GIB,
        {"n": rows, "ours_s": taken, "peak_gib": peak},
    )
    return [line]


def one_customer(place: Path, rows: int, repeat: int) -> list[Line]:
    """Measure one customer's marks and score from what was compiled before, beside an empty query prepared alike."""
    file = _written(place, max(_EACH, min(rows, 100_000)))
    compiled = experience.compiled(experience.default(), "duckdb")
    prepared = store.prepare(compiled)
    engine = store.connect()
    try:
        touchpoints, _ = _opened(engine, file)
        name = "user:7" if rows >= 10 * _EACH else "user:0"
        mine = touchpoints.filter(touchpoints.identifier == name).to_pyarrow().cast(compiled.inputs["touchpoints"])
        who = pa.table({"customer_id": [name], "identifier": [name], "state": ["plain"]})

        def ours() -> None:
            prepared.fill("touchpoints", mine)
            prepared.fill("customers", who)
            prepared.fill("asked", pa.table({"at": [_AT]}, schema=compiled.inputs["asked"]))
            prepared.fill("marks", prepared.run("marks"))
            prepared.run("score")

        def floor() -> None:
            prepared.fill("touchpoints", mine)

        seconds(ours)
        ours_s, floor_s = together(ours, floor, max(repeat, 9))
    finally:
        engine.close()
        prepared.close()
    ratio, rate = f"{ours_s / floor_s:.0f}", f"{1 / ours_s:,.0f} customers/s"
    told = ("score: one customer, compiled", f"{mine.num_rows} touchpoints", f"{1000 * ours_s:.0f} ms")
    figures = {"ours_s": ours_s, "floor_s": floor_s}
    bare = f"{1000 * floor_s:.1f} ms (its touchpoints filled in)"
    return [Line(*told, bare, ratio, rate, f"≤ {_ONE_MS:g} ms", 1000 * ours_s <= _ONE_MS, figures)]


def command(place: Path, rows: int, repeat: int) -> list[Line]:  # noqa: ARG001  # a small dataset, whatever was asked
    """Measure `collage score` on a small dataset, as a process, beside importing Ibis and opening DuckDB by it."""
    file = _written(place, _SMALL)
    cache = place / "cache"

    def ours() -> None:
        words = [sys.executable, "-m", "collage.cli", "score", str(file)]
        subprocess.run(words, check=True, capture_output=True, env={**os.environ, "COLLAGE_CACHE": str(cache)})

    def first() -> None:
        shutil.rmtree(cache, ignore_errors=True)
        ours()

    def floor() -> None:
        subprocess.run([sys.executable, "-c", "import ibis; ibis.duckdb.connect()"], check=True, capture_output=True)

    size = f"{_SMALL:,} touchpoints, {_SMALL // _EACH} customers"
    told: dict[str, Any] = {"floor": "import ibis and connect", "size": size}
    line = rated(
        "score: the command, small, by a catalogue for the first time",
        1,
        "runs",
        together(first, floor, repeat),
        **told,
    )
    taken = together(ours, floor, repeat)
    again = rated("score: the command, small", 1, "runs", taken, **told)
    return [_barred(again, f"≤ {_OF_START:g} × the floor", kept=taken[0] <= _OF_START * taken[1]), line]


def _written(place: Path, rows: int) -> Path:
    """Write touchpoints and claims as a dataset, unless it is there, and return its folder."""
    folder = place / f"scored {rows}"
    if not folder.exists():
        engine = store.connect()
        people = max(1, rows // _EACH)
        (folder / "touchpoints").mkdir(parents=True)
        for name, query in (("touchpoints/1", TOUCHPOINTS), ("claims", CLAIMS)):
            asked = query.format(rows=rows, customers=people)
            engine.backend.raw_sql(f"COPY ({asked}) TO '{folder}/{name}.parquet' (FORMAT parquet)").fetchall()
        engine.close()
        describe(folder, {"touchpoints": rows, "claims": people})
    return folder


def _opened(engine: store.Engine, folder: Path) -> tuple[Any, Any]:
    """Return touchpoints and claims, under the names that the SQL by hand uses."""
    for name in ("touchpoints", "claims"):
        files = f"{folder}/{name}/*.parquet" if (folder / name).is_dir() else f"{folder}/{name}.parquet"
        engine.backend.raw_sql(f"CREATE VIEW {name} AS FROM read_parquet('{files}')").fetchall()
    return engine.backend.table("touchpoints"), engine.backend.table("claims")


def _scores(engine: store.Engine, touchpoints: Any, claims: Any) -> pa.Table:
    """Return all customers' scores, as the command works them out."""
    engine.unordered()
    who = engine.kept(customers.numbered(customers.customers(touchpoints, claims, kept=engine.kept)))
    kinds = touchpoints.select("kind").distinct().to_pyarrow()["kind"].to_pylist()
    catalogue = experience.default()
    marks = experience.marks(touchpoints, who, catalogue.on(kinds), whose=True)
    return experience.score(marks, touchpoints, who, catalogue, at=_AT).to_pyarrow()


def _check_alike(ours: pa.Table, sql: pa.Table) -> None:
    """Refuse to compare what is not the same: every customer, every figure."""
    columns = ["experience", "evidence", "trend", "n_marks", "strikes_90d"]
    mine, theirs = (table.sort_by("customer_id").select(["customer_id", *columns]) for table in (ours, sql))
    if mine["customer_id"].to_pylist() != theirs["customer_id"].to_pylist():
        raise AssertionError("ours and the SQL by hand know different customers")
    for column in columns:
        pairs = zip(mine[column].to_pylist(), theirs[column].to_pylist(), strict=True)
        worst = max(abs(one - float(other)) for one, other in pairs)
        if worst > _NEAR:
            raise AssertionError(f"ours and the SQL by hand differ in {column} by {worst}")


def _barred(line: Line, bar: str, *, kept: bool) -> Line:
    return Line(line.measured, line.size, line.ours, line.floor, line.ratio, line.rate, bar, kept, line.figures)
