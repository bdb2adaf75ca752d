"""`collage simulate`: a dataset that keeps its contracts, with the truth beside it, the same each time."""

import json
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from collage import customers, experience, promises, simulate, store
from collage.store import connect
from tests.core.simulate.conftest import END, Folder
from tests.core.test_cli import collage

TRUTH = {
    *("agents", "customers", "departments", "identifiers", "invitations", "issues", "marks", "promises", "ratings"),
    "touchpoints",
}
# the company is made once, by one of the workers
pytestmark = pytest.mark.xdist_group("simulated")

PARTS = ("inherited_self", "own_agent", "contact_process", "contact_other", "since", "customer", "instrument")


def test_the_dataset_passes_the_door_without_a_duplicate_and_can_be_scored(folder: Folder) -> None:
    said = collage("check", folder.path, "--format", "json")
    assert said.code == 0, said.talk
    tables = json.loads(said.data)["tables"]
    assert set(tables) == {"touchpoints", "claims", "ratings", "invitations", "promises"}
    assert {name: (table["duplicates"], table["unknown"]) for name, table in tables.items()} == dict.fromkeys(
        tables, (0, [])
    )
    scored = collage("score", folder.path, "--format", "json")
    assert scored.code == 0, scored.talk
    # splits are mended, wrong claims withdrawn: customers are those who really are, but for who was never touched
    known = set(folder.column("truth/touchpoints", "customer").tolist())
    assert len(json.loads(scored.data)) == len(known)


def test_beside_it_stand_its_causes_and_the_truth(folder: Folder) -> None:
    found = {file.name for file in (folder.path / "truth").iterdir()}
    assert found == {*(f"{name}.parquet" for name in TRUTH), "causes.json", "story.json"}
    causes = json.loads((folder.path / "truth" / "causes.json").read_text())
    assert (causes["customers"], causes["days"], causes["seed"], causes["end"]) == (1500, 365, 5, "2026-01-01")
    assert causes["causes"] == simulate.Causes().as_json()
    story = json.loads((folder.path / "truth" / "story.json").read_text())
    assert (story["mark"], story["begins_at"]) == ("refund_late", "2025-11-06T00:00:00+00:00")


def test_the_reference_has_every_column_of_the_truth(folder: Folder) -> None:
    page = (Path(__file__).parents[3] / "docs" / "reference" / "simulator.md").read_text(encoding="utf-8")
    for name in TRUTH:
        (row,) = [line for line in page.splitlines() if line.startswith(f"| `{name}.parquet` |")]
        assert [column for column in folder[f"truth/{name}"].column_names if f"`{column}`" not in row] == []


def test_true_contributions_sum_to_the_true_score(folder: Folder) -> None:
    promised = pc.binary_join_element_wise("promise", folder["truth/promises"]["promise_id"], ":")
    assert pc.count_distinct(promised).as_py() == folder["promises"].num_rows
    of_identifier = folder["truth/identifiers"]
    places = pc.index_in(folder["promises"]["identifier"], value_set=of_identifier["identifier"].combine_chunks())
    whose = pa.chunked_array(
        [*folder["truth/touchpoints"]["customer"].chunks, *of_identifier["customer"].take(places).chunks]
    )
    added = np.concatenate([folder.column(f"truth/{name}", "contribution") for name in ("touchpoints", "promises")])
    scores = folder["truth/customers"]
    place = pc.index_in(whose, value_set=scores["customer"].combine_chunks()).to_numpy()
    sums = np.bincount(place, added, scores.num_rows)
    assert np.abs(sums - scores["experience"].to_numpy()).max() < 1e-9
    assert np.abs(sums).max() > 0.5


def test_the_true_parts_of_a_rating_sum(folder: Folder) -> None:
    truth = folder["truth/ratings"]
    inherited = truth["inherited"].combine_chunks().flatten()
    whole = sum(part.to_numpy() for part in inherited) + sum(truth[name].to_numpy() for name in PARTS)
    assert np.abs(whole + truth["unexplained"].to_numpy() - truth["eta"].to_numpy()).max() < 1e-9
    assert truth["rating_id"].to_pylist() == folder["ratings"]["rating_id"].to_pylist()
    would = folder["truth/invitations"]
    said = would.filter(would["answered"])["would_score"].to_numpy()
    assert np.array_equal(said, folder.column("ratings", "score"))


def test_the_records_have_the_faults_that_were_asked_for(folder: Folder) -> None:
    touchpoints, known = folder["touchpoints"], folder["truth/touchpoints"]
    late = (touchpoints["received_at"].to_numpy() - touchpoints["occurred_at"].to_numpy()) > np.timedelta64(3_600, "s")
    assert late.mean() == pytest.approx(0.05, abs=0.006)
    lost = pc.and_(pc.is_null(touchpoints["department"]), pc.is_valid(known["department"])).to_numpy()
    assert lost.mean() == pytest.approx(0.02, abs=0.003)
    assert (known["copies"].to_numpy() == 2).mean() == pytest.approx(0.02, abs=0.003)


def test_identifiers_are_in_normal_form(folder: Folder) -> None:
    for name in folder["truth/identifiers"]["identifier"].to_pylist()[::17]:
        assert customers.normalised(name) == name


def test_silent_customers_are_told_in_the_truth_alone(folder: Folder) -> None:
    truth = folder["truth/customers"]
    silent = set(truth.filter(truth["silent"])["customer"].to_pylist())
    assert silent
    kinds, whose = folder["touchpoints"]["kind"].to_pylist(), folder["truth/touchpoints"]["customer"].to_pylist()
    told = {
        customer for kind, customer in zip(kinds, whose, strict=True) if kind in {"customer.left", "contract.cancelled"}
    }
    assert told
    assert not silent & told


def test_by_far_the_most_is_lost_anew_by_late_refunds(folder: Folder) -> None:
    """The story: Σ weight·severity of strikes in the last 90 days against the 90 days before, by mark."""
    engine = connect("duckdb")
    told, promised = ibis.memtable(folder["touchpoints"]), ibis.memtable(folder["promises"])
    every = engine.kept(told.union(promises.touchpoints(promised)))
    who = customers.customers(every, ibis.memtable(folder["claims"]), kept=engine.kept)
    catalogue = experience.default()
    marks = engine.backend.to_pyarrow(experience.marks(every, who, catalogue).select("mark", "occurred_at", "severity"))
    engine.close()
    days = (np.datetime64(END) - marks["occurred_at"].to_numpy()) / np.timedelta64(1, "D")
    severity, names = marks["severity"].to_numpy(), np.array(marks["mark"].to_pylist())
    rise = {}
    for mark in catalogue.weighing:
        here = (names == mark.name) & (days >= 0) & (mark.weight < 0)
        now, before = (severity[here & (days > low) & (days <= low + 90)].sum() for low in (0, 90))
        rise[mark.name] = -mark.weight * (now - before)
    first, second = sorted(rise, key=lambda name: rise[name], reverse=True)[:2]
    assert first == "refund_late"
    assert rise[first] > 1.5 * rise[second]


def alone_and_backwards(name: str = "duckdb") -> store.Engine:
    """Open an engine that works on one thread and gives its rows from the last to the first."""
    engine = connect(name)
    engine.backend.raw_sql("SET threads = 1").fetchall()
    in_order = engine.backend.to_pyarrow

    def backwards(query: Any) -> pa.Table:
        rows = in_order(query)
        return rows.take(np.arange(rows.num_rows)[::-1])

    engine.backend.to_pyarrow = backwards
    return engine


def test_the_same_seed_gives_the_same_bytes_on_any_threads_and_in_whatever_order_an_engine_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("--customers", 60, "--days", 200, "--seed", 1)
    one, other = tmp_path / "one", tmp_path / "other"
    assert collage("simulate", one, *words).code == 0
    monkeypatch.setattr(store, "connect", alone_and_backwards)
    assert collage("simulate", other, *words).code == 0
    files = {file.relative_to(one) for file in one.rglob("*") if file.is_file()}
    assert len(files) == 5 + 1 + len(TRUTH) + 2
    for file in files:
        assert (one / file).read_bytes() == (other / file).read_bytes(), file


@pytest.mark.parametrize(
    ("words", "code", "found"),
    [
        (("--customers", "0"), 2, "customers: 0"),
        (("--customers", "many"), 2, "invalid int value: 'many'"),
        (("--days", "99999"), 2, "days: 99999"),
        (("--seed", "-1"), 2, "seed: -1"),
        (("--end", "soon"), 2, "'soon' is no time"),
        (("--end", "2025-01-01T12:00"), 2, "is a time; write a day"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_nothing_written(
    tmp_path: Path, words: tuple[str, ...], code: int, found: str
) -> None:
    said = collage("simulate", tmp_path / "out", *words)
    assert (said.code, said.data) == (code, b"")
    assert found in said.talk
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_already_is_left_alone_unless_it_may_be_replaced(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    refused = collage("simulate", tmp_path, "--customers", 3, "--replace")
    assert refused.code == 1
    assert "something that is not a dataset of ours" in refused.talk
    out = tmp_path / "company"
    (out / "truth").mkdir(parents=True)
    for name in ("dataset.json", "truth/causes.json"):
        (out / name).write_text("{}")
    few = ("--customers", 3, "--days", 20)
    assert "say --replace" in collage("simulate", out, *few).talk
    assert collage("simulate", out, *few, "--replace").code == 0
    assert json.loads((out / "truth" / "causes.json").read_text())["customers"] == 3
    assert sorted(each.name for each in tmp_path.iterdir()) == ["company", "letter.txt"]
