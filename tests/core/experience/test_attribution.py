"""A rating shared out: by hand, exactly, with and without a model, and to whoever served when it happened."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collage import customers, experience
from collage.experience import attribution, default
from collage.experience.attribution.parts import Parts, gathered
from collage.experience.attribution.served import served
from collage.experience.model import Model
from collage.simulate import Causes, Size, simulated
from tests.core.experience.models import unchanged

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

START = datetime(2025, 6, 1, 12, tzinfo=UTC)
AT = datetime(2026, 1, 1, tzinfo=UTC)
SHARES = (
    *("inherited_self", "contact_other", "contact_process", "own_agent", "since"),
    *("customer", "instrument", "unexplained"),
)


def us(moment: datetime) -> int:
    return round(moment.timestamp() * 1e6)


def mark(name: str, hours: float, **other: object) -> dict[str, object]:
    """Return a mark so many hours from the start of the contact, of a whole severity."""
    at = START + timedelta(hours=hours)
    told = {"owner": None, "agent": None, "agent_controllable": False, "contact_id": None, "cause": None, **other}
    return {
        "customer_id": 7,
        "weighs_as": name,
        "occurred_at": at,
        "fades_from": at,
        "severity": 1.0,
        "evidence": 1.0,
    } | told


MARKS = [
    mark("promise_broken", -240, owner="Care"),
    mark("goods_damaged", -48, owner="Logistics"),
    mark("outage", -24),
    mark("resolved", 1, owner="Care", agent="anna", agent_controllable=True, contact_id="c"),
    mark("long_wait", 0, owner="Care", contact_id="c", cause="staffing"),
    mark("repeat_information", 1, owner="Care", agent="bert", agent_controllable=True, contact_id="c"),
    mark("cold_transfer", 1, owner="Sales", contact_id="c"),
    mark("renewed", 2, owner="Care"),
    mark("complaint", 30, owner="Care"),  # after the rating
]
SCHEMA = pa.schema(
    [
        ("customer_id", pa.int64()),
        ("weighs_as", pa.string()),
        ("occurred_at", pa.timestamp("us", "UTC")),
        ("fades_from", pa.timestamp("us", "UTC")),
        ("severity", pa.float64()),
        ("evidence", pa.float64()),
        ("owner", pa.string()),
        ("agent", pa.string()),
        ("agent_controllable", pa.bool_()),
        ("contact_id", pa.string()),
        ("cause", pa.string()),
    ]
)
RATED = START + timedelta(hours=10)


def asked(**other: object) -> pa.Table:
    told: dict[str, object] = {
        "place": 0,
        "customer_id": 7,
        "rated_us": us(RATED),
        "started_us": us(START),
        "contact_id": "c",
        "department": "Care",
        "agent": "anna",
    }
    fields = [("place", pa.int64()), ("customer_id", pa.int64()), ("rated_us", pa.int64()), ("started_us", pa.int64())]
    schema = pa.schema([*fields, *((name, pa.string()) for name in ("contact_id", "department", "agent"))])
    return pa.Table.from_pylist([told | other], schema)


def found(duckdb: Any, question: pa.Table, *, own: float) -> Parts:
    marks = ibis.memtable(pa.Table.from_pylist(MARKS, SCHEMA))
    who = ibis.memtable(pa.table({"identifier": ["user:1"], "customer_id": ["user:1"]}))
    rows = duckdb.to_pyarrow(attribution.parts(question, marks, who, default()))
    return gathered(rows, 1, kappa=default().kappa, own=own)


def by_hand(names: dict[str, float]) -> float:
    """Return what marks so many hours before the rating add, by the formula."""
    rules, kappa = {each.name: each for each in default().weighing}, default().kappa
    hours = {str(each["weighs_as"]): (RATED - each["occurred_at"]).total_seconds() / 3600.0 for each in MARKS}  # type: ignore[operator]  # a moment
    left = {name: 2.0 ** (-hours[name] / 24.0 / default().classes[rules[name].class_]) for name in hours}
    evidence = sum(left[name] for name, since in hours.items() if since >= 0.0)
    scale = (kappa + 1.0) / (kappa + evidence)
    return float(sum(scale * rules[name].weight * left[name] * times for name, times in names.items()))


# ---- the parts


def test_each_mark_is_in_the_first_part_that_fits(duckdb: Any) -> None:
    of = found(duckdb, asked(), own=1.5)
    inherited = dict(zip(of.owners, of.inherited[0].tolist(), strict=True))
    assert inherited == {
        "Logistics": pytest.approx(by_hand({"goods_damaged": 1.0}), abs=1e-12),
        "unknown": pytest.approx(by_hand({"outage": 1.0}), abs=1e-12),
    }
    assert of.inherited_self[0] == pytest.approx(by_hand({"promise_broken": 1.0}), abs=1e-12)
    assert of.own_agent[0] == pytest.approx(by_hand({"resolved": 2.5}), abs=1e-12)
    assert of.contact_process[0] == pytest.approx(by_hand({"long_wait": 2.5, "repeat_information": 2.5}), abs=1e-12)
    assert of.contact_other[0] == pytest.approx(by_hand({"cold_transfer": 2.5}), abs=1e-12)
    assert of.since[0] == pytest.approx(by_hand({"renewed": 1.0}), abs=1e-12)
    assert of.queued[0] == pytest.approx(by_hand({"long_wait": 2.5}), abs=1e-12)


def test_parts_add_up_to_the_experience_at_the_rating_where_the_contact_counts_once(duckdb: Any) -> None:
    every = {str(each["weighs_as"]): 1.0 for each in MARKS if each["weighs_as"] != "complaint"}
    assert found(duckdb, asked(), own=0.0).whole[0] == pytest.approx(by_hand(every), abs=1e-12)


def test_where_nobody_is_known_to_have_served_nothing_is_anybodys_own(duckdb: Any) -> None:
    of = found(duckdb, asked(department=None, agent=None), own=1.0)
    assert (of.inherited_self[0], of.own_agent[0], of.contact_process[0]) == (0.0, 0.0, 0.0)
    assert set(of.owners) == {"Care", "Logistics", "unknown"}


def test_a_rating_of_no_contact_inherits_everything(duckdb: Any) -> None:
    of = found(duckdb, asked(contact_id=None, started_us=us(RATED)), own=1.0)
    assert of.since[0] == of.contact_other[0] == of.own_agent[0] == 0.0
    assert of.whole[0] == pytest.approx(of.inherited.sum() + of.inherited_self[0], abs=1e-12)


@pytest.mark.spark
@pytest.mark.slow
def test_spark_says_the_same(duckdb: Any, spark: SparkSession) -> None:
    one, other = found(duckdb, asked(), own=1.0), found(ibis.pyspark.connect(spark), asked(), own=1.0)
    assert one.owners == other.owners
    for name in (
        "inherited",
        "inherited_self",
        "own_agent",
        "contact_process",
        "contact_other",
        "since",
        "before",
        "queued",
    ):
        assert getattr(one, name) == pytest.approx(getattr(other, name), abs=1e-12), name


# ---- who served


def people(**other: object) -> pa.Table:
    columns = {"department": None, "agent": None, "participants": None} | other
    return pa.table({name: pa.array([value], pa.string()) for name, value in columns.items()})


ANNA = {
    "department": "Care",
    "agent": "anna",
    "from": "2025-06-01T12:00:00Z",
    "to": "2025-06-01T12:10:00Z",
    "bot": False,
}
BERT = {
    "department": "Sales",
    "agent": "bert",
    "from": "2025-06-01T12:10:00Z",
    "to": "2025-06-01T12:20:00Z",
    "bot": False,
}
BOT = {"department": "Care", "agent": None, "from": "2025-06-01T12:20:00Z", "to": "2025-06-01T12:21:00Z", "bot": True}


@pytest.mark.parametrize(
    ("told", "by"),
    [
        ({"department": "Care", "agent": "anna", "participants": json.dumps([BERT])}, ("Care", "anna")),
        ({"participants": json.dumps([BERT, ANNA])}, ("Sales", "bert")),
        ({"participants": json.dumps([ANNA, BOT])}, ("Care", "anna")),
        ({"participants": json.dumps([BOT])}, ("Care", None)),
        ({"department": "Sales", "participants": json.dumps([ANNA, BERT, BOT])}, ("Sales", "bert")),
        ({"department": "Billing", "participants": json.dumps([ANNA])}, ("Billing", None)),
        ({"participants": json.dumps([ANNA | {"to": None}, BERT])}, ("Care", "anna")),
        ({"participants": "not JSON"}, (None, None)),
        ({"participants": '{"agent": "anna"}'}, (None, None)),
        ({}, (None, None)),
    ],
)
def test_who_served_is_whom_the_rating_names_else_the_last_human(
    told: dict[str, object], by: tuple[str | None, str | None]
) -> None:
    department, agent = served(people(**told))
    assert (department[0].as_py(), agent[0].as_py()) == by


# ---- exactly


def rows(n: int, rng: np.random.Generator, **other: Any) -> pa.Table:
    """Return ratings of made-up customers, one after the other."""
    customer = np.sort(rng.integers(0, max(1, n // 2), n))
    customer = np.unique(customer, return_inverse=True)[1]
    columns: dict[str, Any] = {
        "rating_id": [f"r{place:04}" for place in range(n)],
        "score": rng.integers(1, 6, n).astype(float),
        "scale_low": np.ones(n),
        "scale_high": np.full(n, 5.0),
        "weight": pa.array([None] * n, pa.float64()),
        "department": rng.choice(["Care", "Sales"], n),
        "agent": rng.choice(["anna", "bert", "cleo"], n),
        "customer": customer,
        "rated_us": us(AT) - rng.integers(0, 400, n) * 86_400_000_000,
        **{name: pa.array([None] * n, pa.string()) for name in ("item", "wording", "channel")},
        "instrument": pa.array(["csat"] * n),
    }
    columns |= other
    return pa.table({**columns, "started_us": columns["rated_us"]})


def some_parts(n: int, rng: np.random.Generator, size: float) -> Parts:
    one = [rng.normal(0.0, size, n) for _ in range(7)]
    return Parts(("Care", "unknown"), rng.normal(0.0, size, (n, 2)), *one)


def fitted(scale: float, spread: float) -> Model:
    cuts = {"csat": [-1.5, -0.9, -0.2, 0.8], "nps": np.linspace(-2.0, 1.5, 10).tolist()}
    return replace(
        unchanged(default()),
        fitted=True,
        scale=scale,
        thresholds=cuts,
        instruments={"csat": 0.0, "csat · phone": 0.2},
        sd_customer=spread,
    )


def left_over(of: attribution.Credits) -> float:
    """Return by how much base and parts miss the score at most."""
    table = of.table()
    inherited = np.sum([np.asarray(each) for each in table["inherited"].combine_chunks().flatten()], axis=0)
    whole = table["base"].to_numpy() + inherited + sum(table[name].to_numpy() for name in SHARES)
    assert np.isfinite(whole).all()
    return float(np.abs(whole - table["score"].to_numpy()).max())


@given(
    st.integers(1, 40),
    st.integers(0, 10**6),
    st.sampled_from([0.0, 1e-9, 0.3, 30.0]),
    st.sampled_from([None, (0.9, 0.6), (1e-12, 0.0), (-0.4, 2.0), (8.0, 1.0)]),
)
def test_base_and_parts_are_the_score(n: int, seed: int, size: float, by: tuple[float, float] | None) -> None:
    rng = np.random.default_rng(seed)
    wide = rng.random(n) < 0.3
    score = np.where(wide, rng.integers(0, 11, n), rng.integers(1, 6, n)).astype(float)
    scales = {"scale_low": np.where(wide, 0.0, 1.0), "scale_high": np.where(wide, 10.0, 5.0), "score": score}
    of = rows(n, rng, **scales, instrument=np.where(wide, "nps", "csat"), channel=rng.choice(["phone", "email"], n))
    shared = attribution.credited(of, some_parts(n, rng, size), None if by is None else fitted(*by))
    assert left_over(shared) < 1e-9


def test_by_a_model_the_expected_score_is_that_of_its_ordered_probit() -> None:
    rng = np.random.default_rng(1)
    of, parts, model = (
        rows(50, rng, agent=pa.array([None] * 50, pa.string()), customer=np.arange(50)),
        some_parts(50, rng, 0.4),
        fitted(0.8, 0.6),
    )
    shared = attribution.credited(of, parts, model)
    from scipy.stats import norm  # a foreign normal distribution

    eta = 0.8 * parts.whole
    # department and agent are drawn to nothing or not: their part is on the same scale
    expected = 1.0 + sum(1.0 - norm.cdf(cut - eta) for cut in model.thresholds["csat"])
    base = 1.0 + sum(1.0 - norm.cdf(cut) for cut in model.thresholds["csat"])
    assert shared.base == pytest.approx(np.full(50, base), abs=1e-9)
    assert np.corrcoef(shared.expected, expected)[0, 1] > 0.95


def test_without_a_model_what_is_expected_is_right_on_the_average() -> None:
    rng = np.random.default_rng(2)
    shared = attribution.credited(rows(400, rng), some_parts(400, rng, 0.3), None)
    assert (shared.score - shared.expected).mean() == pytest.approx(0.0, abs=0.05)
    assert np.unique(shared.base).size == 1


def test_the_customers_part_is_of_their_other_ratings_alone() -> None:
    rng = np.random.default_rng(3)
    n = 200
    kind = np.repeat(rng.normal(0.0, 1.2, n // 2), 2)
    score = np.clip(np.round(3.0 + kind + rng.normal(0.0, 0.5, n)), 1.0, 5.0)
    of = rows(n, rng, customer=np.repeat(np.arange(n // 2), 2), score=score)
    parts = some_parts(n, rng, 0.0)
    before = attribution.credited(of, parts, None).parts["customer"]
    changed = score.copy()
    changed[0] = 6.0 - changed[0]
    place = of.schema.get_field_index("score")
    after = attribution.credited(of.set_column(place, "score", pa.array(changed)), parts, None).parts["customer"]
    assert abs(after[0] - before[0]) < 0.2
    assert abs(after[1] - before[1]) > 0.5


def test_an_instrument_that_the_model_does_not_know_has_the_line() -> None:
    rng = np.random.default_rng(4)
    scales = {"scale_low": np.zeros(30), "scale_high": np.full(30, 100.0), "score": rng.uniform(0.0, 100.0, 30)}
    parts = some_parts(30, rng, 0.2)
    shared = attribution.credited(rows(30, rng, **scales, instrument=["new"] * 30), parts, fitted(0.8, 0.6))
    assert shared.parts["since"] == pytest.approx(parts.since * 25.0, abs=1e-9)  # a hundredth of four is 25


# ---- a whole company


@pytest.fixture(scope="module")
def company(duckdb: Any) -> dict[str, Any]:
    made = simulated(Causes(), Size(700, 365, date(2026, 1, 1)), seed=5, catalogue=default(), ask=duckdb.to_pyarrow)
    tables = {name: ibis.memtable(table) for name, table in made.tables.items()}
    who = ibis.memtable(duckdb.to_pyarrow(customers.customers(tables["touchpoints"], tables["claims"])))
    marks = ibis.memtable(duckdb.to_pyarrow(experience.marks(tables["touchpoints"], who, default())))
    return tables | {"customers": who, "marks": marks, "truth": made.truth["ratings"]}


def credits_of(company: dict[str, Any], duckdb: Any, model: Model | None = None) -> attribution.Credits:
    told = attribution.rows(company["ratings"], company["touchpoints"], company["customers"], at=AT)
    catalogue = default() if model is None else default().by(model)
    names = (company["marks"], company["customers"], catalogue, model)
    return attribution.attributed(duckdb.to_pyarrow(told), *names, ask=duckdb.to_pyarrow)


def test_every_rating_is_shared_out_exactly(company: dict[str, Any], duckdb: Any) -> None:
    for model in (None, fitted(0.9, 0.6)):
        shared = credits_of(company, duckdb, model)
        assert shared.score.size == company["truth"].num_rows
        assert left_over(shared) < 1e-9


def test_before_the_contact_the_experience_is_what_score_says(company: dict[str, Any], duckdb: Any) -> None:
    shared = credits_of(company, duckdb)
    names = (company["marks"], company["touchpoints"], company["customers"])
    for place in range(0, shared.score.size, shared.score.size // 5):
        # a mark of the very moment belongs to the contact
        moment = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(shared.asked["started_us"][place].as_py()))
        earlier = names[0].filter(names[0].occurred_at < ibis.literal(moment))
        scores = duckdb.to_pyarrow(experience.score(earlier, *names[1:], default(), at=moment)).to_pylist()
        by = {row["customer_id"]: row["experience"] for row in scores}
        assert shared.before[place] == pytest.approx(by[shared.asked["customer_id"][place].as_py()], abs=1e-9)


def test_what_was_inherited_is_found_again(company: dict[str, Any], duckdb: Any) -> None:
    shared, truth = credits_of(company, duckdb).table(), company["truth"].sort_by("rating_id")
    for name in ("contact_other", "contact_process", "own_agent"):
        assert np.corrcoef(shared[name].to_numpy(), truth[name].to_numpy())[0, 1] > 0.8, name
    both = [
        np.sum([np.asarray(each) for each in table["inherited"].combine_chunks().flatten()], axis=0)
        + table["inherited_self"].to_numpy()
        for table in (shared, truth)
    ]
    assert np.corrcoef(*both)[0, 1] > 0.6


def test_the_order_of_rows_does_not_matter(company: dict[str, Any], duckdb: Any) -> None:
    told = duckdb.to_pyarrow(attribution.rows(company["ratings"], company["touchpoints"], company["customers"], at=AT))
    names = (company["marks"], company["customers"], default(), None)
    one = attribution.attributed(told, *names, ask=duckdb.to_pyarrow).table()
    shuffled = told.take(np.random.default_rng(1).permutation(told.num_rows))
    other = attribution.attributed(shuffled, *names, ask=duckdb.to_pyarrow).table()
    for name in ("rating_id", "base", "expected", *SHARES):
        assert one[name].to_pylist() == pytest.approx(other[name].to_pylist(), abs=1e-12), name
