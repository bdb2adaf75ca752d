"""Queries kept as text from one run to the next: the same rows, built once, and never those of another question."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pytest

from collage import store

ROWS = pa.table({"who": ["a", "b", "a"], "n": [1, 2, 3]})


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COLLAGE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "collage"


@pytest.fixture
def engine() -> Iterator[store.Engine]:
    opened = store.connect()
    yield opened
    opened.close()


class Asked:
    """A query on a table of the engine and one in memory; counts how often it was built."""

    def __init__(self, engine: store.Engine, rows: pa.Table = ROWS) -> None:
        self.built = 0
        self.engine = engine
        self.table = engine.kept(ibis.memtable(rows), "all_rows")

    def __call__(self) -> ir.Table:
        self.built += 1
        weights = ibis.memtable(pa.table({"who": ["a", "b"], "weight": [10.0, 0.5]}))
        met = self.table.join(weights, "who")
        return met.group_by("who").agg(weighed=(met.n * met.weight).sum())


def rows(found: pa.Table) -> dict[str, float]:
    return {row["who"]: row["weighed"] for row in found.to_pylist()}


def asked_again(rows_of_then: pa.Table, key: list[str]) -> tuple[dict[str, float], int]:
    """Ask in a run of its own, as the next command would."""
    engine = store.connect()
    try:
        query = Asked(engine, rows_of_then)
        return rows(store.remembered(engine, key, query)), query.built
    finally:
        engine.close()


def test_a_question_asked_again_is_not_built_again_and_sees_what_the_tables_hold_now(engine: store.Engine) -> None:
    query = Asked(engine)
    assert rows(store.remembered(engine, ["sum"], query)) == {"a": 40.0, "b": 1.0}
    assert query.built == 1
    later = pa.table({"who": ["b", "b", "a"], "n": [1, 2, 4]})
    assert asked_again(later, ["sum"]) == ({"a": 40.0, "b": 1.5}, 0)
    assert asked_again(ROWS, ["another sum"])[1] == 1


def test_types_come_back_as_they_were_built(engine: store.Engine) -> None:
    built = store.remembered(engine, ["sum"], Asked(engine))
    assert built.schema == pa.schema([("who", pa.string()), ("weighed", pa.float64())])


@pytest.mark.parametrize("spoil", [lambda file: file.write_text("{"), lambda file: file.write_text('{"text": 1}')])
def test_what_is_damaged_is_built_again(engine: store.Engine, cache: Path, spoil: Callable[[Path], object]) -> None:
    store.remembered(engine, ["sum"], Asked(engine))
    (file,) = cache.iterdir()
    spoil(file)
    assert asked_again(ROWS, ["sum"]) == ({"a": 40.0, "b": 1.0}, 1)
    assert asked_again(ROWS, ["sum"])[1] == 0


def test_a_cache_that_cannot_be_written_stops_nobody(
    engine: store.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("COLLAGE_CACHE", str(tmp_path / "file"))
    assert rows(store.remembered(engine, ["sum"], Asked(engine))) == {"a": 40.0, "b": 1.0}


def test_the_oldest_of_many_are_forgotten(engine: store.Engine, cache: Path) -> None:
    query = Asked(engine)
    for n in range(55):
        store.remembered(engine, [f"sum {n}"], query)
    assert len(list(cache.iterdir())) == 50
    store.remembered(engine, ["sum 54"], query)
    assert query.built == 55


def test_nobody_else_may_look_into_the_folder(engine: store.Engine, cache: Path) -> None:
    store.remembered(engine, ["sum"], Asked(engine))
    assert cache.stat().st_mode & 0o077 == 0
