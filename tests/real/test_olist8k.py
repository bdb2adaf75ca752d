"""The marketplace: orders, deliveries, promises and reviews, counted a second time in plain Python."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.real.records import Read, Row, kinds, plain

pytestmark = pytest.mark.real

ZONE = ZoneInfo("America/Sao_Paulo")
FAILS = {"unavailable": "order.failed", "canceled": "order.cancelled", "delivered": None}


def at(text: str) -> datetime:
    """Return a local time in UTC: a skipped one moved forward, the earlier of two, as we do."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


def is_told_twice(text: str) -> bool:
    first, second = (datetime.fromisoformat(text).replace(tzinfo=ZONE, fold=fold) for fold in (0, 1))
    return first.utcoffset() != second.utcoffset()


def promised_until(order: Row) -> datetime:
    return at(order["order_estimated_delivery_date"]) + timedelta(days=1)


class Marketplace:
    """The files of the set, tied together by hand."""

    def __init__(self, folder: Path) -> None:
        names = ("orders", "order_items", "order_payments", "order_reviews", "customers")
        files = {name: plain(folder / f"olist_{name}_dataset.csv.gz") for name in names}
        self.rows = {f"olist_{name}_dataset.csv.gz": len(rows) for name, rows in files.items()}
        self.orders = {row["order_id"]: row for row in files["orders"]}
        self.reviews = files["order_reviews"]
        self.who = {row["customer_id"]: f"user:{row['customer_unique_id']}" for row in files["customers"]}
        self.items = Counter(row["order_id"] for row in files["order_items"])
        self.first_item = {row["order_id"]: row for row in files["order_items"] if row["order_item_id"] == "1"}
        self.paid: dict[str, float] = {}
        for row in files["order_payments"]:
            self.paid[row["order_id"]] = self.paid.get(row["order_id"], 0.0) + float(row["payment_value"])

    def customer(self, order_id: str) -> str:
        return self.who[self.orders[order_id]["customer_id"]]

    def touchpoints(self, order: Row) -> list[tuple[str, str, datetime, float | None]]:
        """Return (id, kind, occurred_at, late_s)."""
        name = f"olist:{order['order_id']}"
        made: list[tuple[str, str, datetime, float | None]] = [
            (f"{name}.1", "order.placed", at(order["order_purchase_timestamp"]), None)
        ]
        if order["order_delivered_carrier_date"]:
            made.append((f"{name}.2", "delivery.shipped", at(order["order_delivered_carrier_date"]), None))
        if order["order_delivered_customer_date"]:
            arrived = at(order["order_delivered_customer_date"])
            late = (arrived - promised_until(order)).total_seconds()
            made.append((f"{name}.3", "delivery.arrived", arrived, late))
        elif kind := FAILS.get(order["order_status"], "delivery.failed"):
            made.append((f"{name}.3", kind, promised_until(order), None))
        return made


@pytest.fixture(scope="module")
def olist(read_set: Callable[[str], Read]) -> Read:
    return read_set("olist")


@pytest.fixture(scope="module")
def market(shared_data: Path) -> Marketplace:
    return Marketplace(shared_data / "olist8k")


def test_every_touchpoint_is_the_one_counted_by_hand(olist: Read, market: Marketplace) -> None:
    expected = [
        (*one, market.customer(order_id), f"order:{order_id}")
        for order_id, order in market.orders.items()
        for one in market.touchpoints(order)
    ]
    columns = ("touchpoint_id", "kind", "occurred_at", "late_s", "identifier", "issue_id")
    assert olist.rows("touchpoints", *columns) == sorted(expected, key=repr)


def test_an_order_is_one_parcel_however_many_items_it_has(olist: Read, market: Marketplace) -> None:
    assert sum(n > 1 for n in market.items.values()) > 0
    arrivals = Counter(
        issue for kind, issue in olist.rows("touchpoints", "kind", "issue_id") if kind == "delivery.arrived"
    )
    assert set(arrivals.values()) == {1}


def test_the_money_of_an_order_is_what_was_paid_for_it(olist: Read, market: Marketplace) -> None:
    found = {
        issue.removeprefix("order:"): amount
        for issue, amount, currency in olist.rows("touchpoints", "issue_id", "amount", "currency")
        if currency == "BRL"
    }
    assert found == {order_id: round(100 * paid) for order_id, paid in market.paid.items()}


def test_every_order_has_a_promise_until_the_end_of_its_day(olist: Read, market: Marketplace) -> None:
    expected = [
        (
            f"olist:{order_id}",
            at(order["order_purchase_timestamp"]),
            promised_until(order),
            at(order["order_delivered_customer_date"]) if order["order_delivered_customer_date"] else None,
        )
        for order_id, order in market.orders.items()
    ]
    found = olist.rows("promises", "promise_id", "made_at", "due_at", "settled_at")
    assert found == sorted(expected, key=repr)


def test_every_review_is_a_rating_with_its_weight(olist: Read, market: Marketplace) -> None:
    expected = [
        (
            f"olist:{review['review_id']}.{review['order_id']}",
            market.customer(review["order_id"]),
            at(review["review_answer_timestamp"]),
            float(review["review_score"]),
            18.65 if market.orders[review["order_id"]]["order_status"] == "delivered" else 1.0,
        )
        for review in market.reviews
    ]
    found = olist.rows("ratings", "rating_id", "identifier", "rated_at", "score", "weight")
    assert found == sorted(expected, key=repr)
    assert len(olist.rows("invitations", "invitation_id")) == len(expected)


def test_the_rows_add_up(olist: Read, market: Marketplace) -> None:
    assert (len(market.orders), len(market.reviews)) == (5_166, 5_242)
    assert {name: total[0] for name, total in olist.totals.items()} == market.rows
    assert all(rows == used + filtered + bad for rows, used, filtered, bad in olist.totals.values())
    assert all(bad == 0 for *_, bad in olist.totals.values())
    assert olist.totals["olist_orders_dataset.csv.gz"] == (5_166, 5_166, 0, 0)
    assert olist.totals["olist_order_reviews_dataset.csv.gz"] == (5_242, 5_242, 0, 0)


def test_local_times_that_occur_twice_or_never_are_counted(olist: Read, market: Marketplace) -> None:
    bought = [order["order_purchase_timestamp"] for order in market.orders.values()]
    answered = [review["review_answer_timestamp"] for review in market.reviews]
    assert (sum(map(is_told_twice, bought)), sum(map(is_told_twice, answered))) == (1, 1)
    assert olist.note["times"] == {"ambiguous": 2, "skipped": 0}


def test_the_kinds_are_as_many_as_the_how_to_page_says(olist: Read) -> None:
    assert Counter(kind for (kind,) in olist.rows("touchpoints", "kind")) == kinds("olist8k")
