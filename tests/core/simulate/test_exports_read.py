"""The map beside the exports reads all three, and accounts for every row that was spoiled on purpose."""

import csv
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from collage import reading, store
from collage.reading import Reading
from collage.simulate import Export, Exports, write_exports

SHOP = {
    "coupon_taken": "coupon.used",
    "coupon_refused": "coupon.refused",
    "card_declined": "payment.failed",
    "checkout_failed": "order.failed",
    "checkout_done": "order.placed",
}


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Exports:
    return write_exports(tmp_path_factory.mktemp("exports"), customers=300, seed=5, end=date(2026, 1, 1))


@pytest.fixture(scope="module")
def engine() -> Iterator[store.Engine]:
    engine = store.connect()
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def found(exports: Exports, engine: store.Engine) -> Reading:
    map_ = reading.parse_map(exports.map.read_text(encoding="utf-8"), file=exports.map.name)
    sources = [export.path for export in all_of(exports)]
    return reading.read(engine.backend, sources, map_, now=datetime(2026, 1, 1, tzinfo=UTC), max_bad=0.05)


def all_of(exports: Exports) -> tuple[Export, Export, Export]:
    return exports.care_calls, exports.parcels, exports.shop


def once(path: Path) -> list[str]:
    """Return the lines of a file, each once."""
    return list(dict.fromkeys(path.read_text(encoding="utf-8").splitlines()))


def of_a_call(row: dict[str, str]) -> Iterator[str]:
    if (
        row["outcome"] == "test"
        or row["queued"] == "24:71:05"
        or "00.00.0000" in row["date"]
        or row["on_hold_s"] == "-45"
    ):
        return
    yield "contact.answered" if row["outcome"] == "answered" else "contact.abandoned"
    if row["outcome"] == "answered":
        yield "contact.ended"
    if row["on_hold_s"] != "-":
        yield "hold.ended"
    if row["transferred_to"] != "-":
        yield "handover.transferred"
    if row["solved"] == "yes":
        yield "issue.resolved"


def of_a_parcel(row: dict[str, str]) -> Iterator[str]:
    if row["customer"] in {"INTERNAL", "-"} or row["shipped"].startswith("2025-13") or row["delivered"].startswith("0"):
        return
    yield "delivery.shipped"
    if row["first_try_failed"] != "-":
        yield "delivery.failed"
    if row["delivered"] != "-":
        yield "delivery.arrived"


def of_a_visit(row: dict[str, Any]) -> Iterator[str]:
    if row["test"] or row["at"] is None or row["at"].startswith("1970") or row["event"] == "legacy_ping":
        return
    yield SHOP.get(row["event"]) or ("page.viewed" if row["found"] else "help.not_found")


def test_every_kind_is_as_frequent_as_the_exports_say(exports: Exports, found: Reading, engine: store.Engine) -> None:
    calls = csv.DictReader(once(exports.care_calls.path), delimiter=";")
    parcels = csv.DictReader(once(exports.parcels.path))
    expected = [kind for row in calls for kind in of_a_call(row)]
    expected += [kind for row in parcels for kind in of_a_parcel(row)]
    expected += [kind for line in once(exports.shop.path) for kind in of_a_visit(json.loads(line))]
    kinds = engine.backend.to_pyarrow(found.tables["touchpoints"].select("kind"))["kind"].to_pylist()
    assert Counter(kinds) == Counter(expected)


def test_every_spoiled_row_is_quarantined_every_test_filtered_and_every_copy_dropped(
    exports: Exports, found: Reading
) -> None:
    for export in all_of(exports):
        count = found.files[export.path.name]
        assert (count.rows, count.filtered, count.quarantined) == (export.rows, export.tests, export.bad)
        assert count.rows == count.used + count.filtered + count.quarantined
    assert found.counts["touchpoints"].duplicates >= sum(export.repeated for export in all_of(exports))


def test_no_wait_is_longer_than_an_hour_not_even_past_midnight(found: Reading, engine: store.Engine) -> None:
    waits = engine.backend.to_pyarrow(found.tables["touchpoints"].select("wait_s"))["wait_s"].to_pylist()
    assert max(wait for wait in waits if wait is not None) < 3_600


def test_a_call_about_an_order_belongs_to_the_orders_issue(found: Reading, engine: store.Engine) -> None:
    table = found.tables["touchpoints"].select("issue_id", "source")
    sources: dict[str, set[str]] = {}
    for row in engine.backend.to_pyarrow(table).to_pylist():
        sources.setdefault(row["issue_id"], set()).add(row["source"])
    assert {"care", "parcels", "shop"} in sources.values()


def test_a_company_so_small_that_little_happens_is_read_all_the_same(tmp_path: Path, engine: store.Engine) -> None:
    small = write_exports(tmp_path, customers=10, seed=3, end=date(2026, 1, 1))
    map_ = reading.parse_map(small.map.read_text(encoding="utf-8"), file=small.map.name)
    sources = [export.path for export in all_of(small)]
    # Three bad rows of a few dozen are more than one in twenty.
    found = reading.read(engine.backend, sources, map_, now=datetime(2026, 1, 1, tzinfo=UTC), max_bad=0.5)
    assert found.counts["touchpoints"].written > 0
