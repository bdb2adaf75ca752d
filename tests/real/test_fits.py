"""What ratings of real records teach is what the pages say: the verdict first, and no more than they can tell."""

from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean

import pytest

from bench.dialogues import READINGS, Ordered, crossed
from tests.real.conftest import FILES
from tests.real.records import Fitted, figures, plain

pytestmark = [pytest.mark.real, pytest.mark.slow]

SETS = {"olist": "olist8k", "deepcsat": "deepcsat", "uss": "uss"}
CATALOGUE = "the catalogue's own numbers"
LEAD = 0.04  # asked of the fitted model over every reading that does not fade


@pytest.fixture(scope="module")
def unseen(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Sequence[Ordered]:
    return crossed(shared_data / FILES["uss"], tmp_path_factory.mktemp("crossed"))


@pytest.mark.parametrize("name", SETS)
def test_the_verdict_is_too_few_and_is_said_before_any_number(fit_set: Callable[[str], Fitted], name: str) -> None:
    fitted = fit_set(name)
    first, second, *_ = fitted.said.splitlines()
    assert first.startswith("Too few customers have rated twice")
    assert second.startswith("The model is not accepted")
    assert fitted.model.inherited_share.verdict == "too_few"
    assert (fitted.model.inherited_share.value, fitted.model.inherited_share.p) == (None, None)


def test_what_stands_on_each_set_is_what_the_page_says(fit_set: Callable[[str], Fitted]) -> None:
    said = figures("real-records", "records", of="explanation")
    for name, row in zip(SETS, said.values(), strict=True):
        fitted = fit_set(name)
        checked = "yes" if fitted.model.validation.accepted else "no"
        assert (row["ratings"], row["verdict"], row["accepted"]) == (
            f"{fitted.model.n_ratings:,}",
            fitted.model.inherited_share.verdict,
            checked,
        )
        assert set(row["what stands"].split(", ")) == fitted.stands, name


@pytest.mark.parametrize("name", ["olist", "deepcsat"])
def test_the_weights_are_those_of_the_page(fit_set: Callable[[str], Fitted], name: str) -> None:
    seen = {mark: each for mark, each in fit_set(name).model.marks.items() if each.ratings}
    said = figures(SETS[name], "mark")
    assert set(said) == set(seen)
    for mark, each in seen.items():
        row = said[mark]
        low, high = map(float, row["95 % interval"].split(" … "))
        assert float(row["catalogue"]) == each.default
        assert (float(row["fitted"]), low, high) == pytest.approx((each.weight, each.low, each.high), abs=2e-3), mark
        assert int(row["ratings"].replace(",", "")) == each.ratings
        assert row["known by"] == ("mostly the catalogue" if each.prior_driven else "the ratings")


def test_late_orders_are_rated_before_the_parcel_comes(shared_data: Path) -> None:
    folder = shared_data / "olist8k"
    orders = {row["order_id"]: row for row in plain(folder / "olist_orders_dataset.csv.gz")}
    counted: dict[str, dict[bool, list[float]]] = {}
    for review in plain(folder / "olist_order_reviews_dataset.csv.gz"):
        order = orders[review["order_id"]]
        came, promised = order["order_delivered_customer_date"], order["order_estimated_delivery_date"][:10]
        if order["order_status"] == "delivered" and not came:
            continue  # two orders without a date: no delivery, and no failure either
        what = {"unavailable": "unavailable", "canceled": "cancelled"}.get(order["order_status"], "never delivered")
        if came:
            what = "delivered late" if came[:10] > promised else "delivered on time"
        moment = came or f"{promised} 24"  # the end of the promised day
        both = counted.setdefault(what, {False: [], True: []})
        both[review["review_answer_timestamp"] >= moment].append(float(review["review_score"]))
    said = figures("olist8k", "what came of the order")
    assert set(said) == set(counted)
    for what, both in counted.items():
        row = said[what]
        before, after = both[False], both[True]
        told = (row["rated before it"], row["mean before"], row["rated after it"].replace(",", ""), row["mean after"])
        found = (len(before), f"{fmean(before):.2f}", len(after), f"{fmean(after):.2f}")
        assert told == tuple(map(str, found))


def test_a_fit_to_one_corpus_orders_the_other_better_than_every_reading_that_does_not_fade(
    unseen: Sequence[Ordered],
) -> None:
    said = figures("uss", "of the corpus not fitted to")
    assert set(said) == {*READINGS, CATALOGUE, "the fitted model"}
    for of in unseen:
        ours = of.rank(of.experience)
        ranks = {name: of.rank(reading) for name, reading in of.readings.items()} | {"the fitted model": ours}
        assert {name: round(rank, 2) for name, rank in ranks.items()} == {
            name: float(row[of.corpus]) for name, row in said.items()
        }
        assert all(ours - ranks[name] >= LEAD for name in READINGS)


def test_half_lives_of_both_corpora_are_those_of_the_page(unseen: Sequence[Ordered]) -> None:
    said = figures("uss", "fitted to")
    for of, corpus in zip(unseen, ("SGD", "ReDial"), strict=True):
        lasting = of.model.classes["turn"]
        found = (lasting["positive"].half_life_days, lasting["negative"].half_life_days, of.model.kappa.value)
        row = said[corpus]
        told = (float(row["credits, days"]), float(row["strikes, days"]), float(row["kappa"]))
        assert told == pytest.approx(found, rel=0.02)
