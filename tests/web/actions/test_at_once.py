"""Who asks at the same moment as others is told of their own customer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pyarrow as pa

from collage import experience
from collage_web.bridge.arrows import schema
from collage_web.bridge.derived import Derived, Folded, Known, derived, folded
from tests.web.conftest import NOW

BY = experience.default()
MOST = 12


def told(number: int) -> tuple[Derived, Folded]:
    """Return a customer who waited as often as the number says, and what follows."""
    who, at = f"user:{number}", [NOW - timedelta(days=days) for days in range(1, number + 1)]
    waits = [
        {"touchpoint_id": f"t:{number}:{place}", "identifier": who, "occurred_at": each, "received_at": each,
         "kind": "contact.answered", "channel": "phone", "contact_id": f"c:{number}:{place}", "wait_s": 900.0}
        for place, each in enumerate(at)
    ]  # fmt: skip
    customers = [{"customer_id": f"id{number}", "identifier": who, "state": "plain"}]
    of = Known(
        customers=pa.Table.from_pylist(customers, schema=schema("customers")),
        touchpoints=pa.Table.from_pylist(waits, schema=schema("touchpoints")),
        promises=schema("promises").empty_table(),
        corrections=schema("corrections").empty_table(),
    )
    found = derived(of, BY, at=NOW)
    seen = pa.table({"identifier": [who], "occurred_at": pa.array([max(at)], pa.timestamp("us", "UTC"))})
    return found, folded(of.customers, found.marks.drop(["customer"]), seen, BY, at=NOW, without=number % 2 == 0)


def test_many_at_once_are_told_each_of_their_own() -> None:
    with ThreadPoolExecutor(MOST) as pool:
        found = list(pool.map(told, range(1, MOST + 1)))
    for number, (before, after) in enumerate(found, start=1):
        assert before.scores["customer_id"].to_pylist() == after.scores["customer_id"].to_pylist() == [f"id{number}"]
        assert before.scores["n_marks"].to_pylist() == after.scores["n_marks"].to_pylist() == [number]
        assert before.scores["index"].to_pylist() == after.scores["index"].to_pylist()
        assert after.contributions["touchpoint_id"].to_pylist() != []
        assert {name.split(":")[1] for name in after.contributions["touchpoint_id"].to_pylist()} == {str(number)}
