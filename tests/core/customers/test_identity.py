"""Who is one customer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pytest

from collage.customers import customer_of, customers
from collage.errors import NotYet, UnknownCustomer
from collage.tables import CONTRACTS


def table(name: str, *rows: dict[str, Any]) -> ir.Table:
    contract = CONTRACTS[name]
    whole = [{**dict.fromkeys(contract.names), **row} for row in rows]
    return ibis.memtable(pa.Table.from_pylist(whole, schema=contract.schema().to_pyarrow()))


def touched(*identifiers: str) -> ir.Table:
    rows = [
        {
            "touchpoint_id": f"s:{n}",
            "identifier": who,
            "occurred_at": datetime(2026, 1, 1, tzinfo=UTC),
            "kind": "outage",
        }
        for n, who in enumerate(identifiers)
    ]
    return table("touchpoints", *rows)


def test_each_identifier_is_a_customer_of_its_own_whatever_the_order_and_the_repetition() -> None:
    for identifiers in (("user:1", "email:a@b.org", "user:1"), ("email:a@b.org", "user:1")):
        found = customers(touched(*identifiers)).order_by("customer_id").to_pyarrow().to_pylist()
        assert found == [
            {"customer_id": "email:a@b.org", "identifier": "email:a@b.org", "state": "plain"},
            {"customer_id": "user:1", "identifier": "user:1", "state": "plain"},
        ]


def test_a_dataset_that_claims_two_identifiers_are_one_is_refused() -> None:
    claim = {"claim_id": "c:1", "one": "user:1", "other": "email:a@b.org"}
    with pytest.raises(NotYet, match="claims") as refused:
        customers(touched("user:1"), table("claims", claim))
    assert "take claims out of the dataset" in refused.value.do


def test_a_table_of_claims_without_rows_is_no_claim() -> None:
    assert customers(touched("user:1"), table("claims")).count().to_pyarrow().as_py() == 1


def test_a_customer_is_found_by_its_id_and_by_any_identifier() -> None:
    who = table(
        "customers",
        {"customer_id": "user:1", "identifier": "user:1", "state": "plain"},
        {"customer_id": "user:1", "identifier": "email:a@b.org", "state": "plain"},
        {"customer_id": "user:2", "identifier": "user:2", "state": "plain"},
    )
    assert customer_of(who, "user:1") == "user:1"
    assert customer_of(who, "email:a@b.org") == "user:1"
    with pytest.raises(UnknownCustomer, match=r"did you mean email:a@b\.org"):
        customer_of(who, "a@b.org")
    with pytest.raises(UnknownCustomer, match="did you mean user:1, user:2"):
        customer_of(who, "user:3")
