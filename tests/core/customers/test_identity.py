"""Who is one customer, by hand: what stands, each guard, and how a customer is found."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import ibis
import pytest

from collage.customers import customer_of, customers, doubtful
from collage.errors import UnknownCustomer
from tests.core.customers.generated import claims, table_of, touchpoints

WITHDRAWN = datetime(2026, 2, 1, tzinfo=UTC)


def say(*identifiers: str, **more: Any) -> list[dict[str, Any]]:
    """Return claims that each identifier is the same customer as the next."""
    return [{"one": one, "other": other, **more} for one, other in pairwise(identifiers)]


def found(touched: list[str], *said: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Return each identifier's customer and state."""
    rows = customers(touchpoints(*touched), claims(*said)).to_pyarrow().to_pylist()
    assert len({row["identifier"] for row in rows}) == len(rows)
    assert list(rows[0]) == ["customer_id", "identifier", "state"]
    return {row["identifier"]: (row["customer_id"], row["state"]) for row in rows}


def all_of(customer: str, state: str, *identifiers: str) -> dict[str, tuple[str, str]]:
    return dict.fromkeys(identifiers, (customer, state))


def test_without_claims_each_identifier_is_a_customer_of_its_own_whatever_order_and_repetition() -> None:
    for identifiers in (("user:1", "email:a@b.org", "user:1"), ("email:a@b.org", "user:1")):
        who = customers(touchpoints(*identifiers)).order_by("customer_id").to_pyarrow().to_pylist()
        assert who == [
            {"customer_id": "email:a@b.org", "identifier": "email:a@b.org", "state": "plain"},
            {"customer_id": "user:1", "identifier": "user:1", "state": "plain"},
        ]
    assert customers(touchpoints()).count().to_pyarrow().as_py() == 0
    assert found(["user:1"]) == all_of("user:1", "plain", "user:1")


def test_a_claim_makes_two_one_and_brings_whom_nothing_touched() -> None:
    said = say("user:1", "email:a@b.org", "anon:x")
    assert found(["user:1", "user:2"], *said) == {
        **all_of("anon:x", "plain", "user:1", "email:a@b.org", "anon:x"),
        **all_of("user:2", "plain", "user:2"),
    }


def test_the_customer_id_is_the_smallest_identifier_by_code_points() -> None:
    # 0x10FFFF sorts behind U+FFFD in UTF-8, and before it in UTF-16
    said = say("x:\U0010ffff", "x:\ufffd", "x:z", "x:é")
    assert set(found([], *said).values()) == {("x:z", "plain")}
    assert set(found([], *say("x:\U0010ffff", "x:\ufffd")).values()) == {("x:\ufffd", "plain")}


@pytest.mark.parametrize(
    "doubt", [{"confidence": 0.9499}, {"confidence": None}, {"withdrawn_at": WITHDRAWN}], ids=lambda one: str(one)[:20]
)
def test_a_claim_that_is_withdrawn_or_not_sure_is_as_one_never_made(doubt: dict[str, Any]) -> None:
    never = found(["user:1", "user:2"], *say("user:1", "email:a@b.org"))
    assert found(["user:1", "user:2"], *say("user:1", "email:a@b.org"), *say("user:2", "anon:x", **doubt)) == never
    assert found(["user:1"], *say("user:1", "anon:x", **doubt)) == all_of("user:1", "plain", "user:1")


def test_a_claim_of_95_percent_stands() -> None:
    assert found(["user:1"], *say("user:1", "anon:x", confidence=0.95))["user:1"] == ("anon:x", "plain")


def test_how_many_claims_lack_only_a_confidence() -> None:
    said = [*say("user:1", "a:1"), *say("user:1", "a:2", confidence=None), *say("user:2", "a:3", confidence=0.1)]
    said += [*say("user:2", "a:4", confidence=None, withdrawn_at=WITHDRAWN), *say("a:5", "a:6", confidence=None)]
    assert doubtful(claims(*said)) == 2
    assert doubtful(claims()) == 0


def test_a_familys_phone_is_a_customer_of_its_own_and_joins_nobody() -> None:
    phone = "phone:+49301234567"
    said = [*say("user:1", phone), *say(phone, "user:2"), *say("user:1", "email:a@b.org"), *say(phone, "anon:x")]
    assert found(["user:1", "user:2", phone], *said) == {
        **all_of("email:a@b.org", "plain", "user:1", "email:a@b.org"),
        **all_of("user:2", "plain", "user:2"),
        **all_of(phone, "shared", phone),
        **all_of("anon:x", "plain", "anon:x"),
    }


def test_not_even_a_person_makes_a_shared_phone_somebodys_own() -> None:
    said = [*say("user:1", "phone:+49301234567", source="person"), *say("user:2", "phone:+49301234567")]
    assert found([], *said)["user:1"] == ("user:1", "plain")


def test_a_phone_claimed_twice_with_one_user_is_not_shared_nor_is_one_of_two_writings_of_one_user() -> None:
    for again in (say("user:1", "x:1"), say("x:1", "user:1", source="person"), say("user: 1", "x:1")):
        assert {state for _, state in found([], *say("user:1", "x:1"), *again).values()} == {"plain"}


def test_in_a_chain_between_two_users_only_claims_with_a_user_fuse() -> None:
    said = say("user:1", "email:a@b.org", "anon:x", "phone:+49301234567", "user:2")
    assert found(["user:3"], *said) == {
        **all_of("email:a@b.org", "contested", "user:1", "email:a@b.org"),
        **all_of("anon:x", "contested", "anon:x"),
        **all_of("phone:+49301234567", "contested", "user:2", "phone:+49301234567"),
        **all_of("user:3", "plain", "user:3"),
    }


def test_in_a_chain_between_two_users_a_persons_claims_fuse_as_well() -> None:
    first, second = say("user:1", "email:a@b.org", "anon:x"), say("anon:x", "phone:+49301234567", "user:2")
    found_ = found([], *first, *({**claim, "source": "person"} for claim in second))
    assert found_ == {
        **all_of("email:a@b.org", "contested", "user:1", "email:a@b.org"),
        **all_of("anon:x", "contested", "anon:x", "user:2", "phone:+49301234567"),
    }
    by_person = say("user:1", "email:a@b.org", "anon:x", "phone:+49301234567", "user:2", source="person")
    assert set(found([], *by_person).values()) == {("anon:x", "contested")}


def test_two_users_claimed_to_be_one_are_one_and_so_are_three() -> None:
    assert found([], *say("user:1", "user:2")) == all_of("user:1", "contested", "user:1", "user:2")
    three = [*say("user:2", "user:1"), *say("user:2", "user:3"), *say("user:3", "email:a@b.org")]
    everyone = ("user:1", "user:2", "user:3", "email:a@b.org")
    assert found([], *three) == all_of("email:a@b.org", "contested", *everyone)


def test_what_one_person_says_of_a_shared_phone_leaves_the_rest_uncontested() -> None:
    said = [*say("user:1", "phone:+49301234567", "user:2"), *say("user:1", "anon:x"), *say("user:2", "anon:y")]
    assert {state for who, (_, state) in found([], *said).items() if who != "phone:+49301234567"} == {"plain"}


def test_two_writings_of_one_identifier_are_one_without_any_claim() -> None:
    phones = ["phone:+49 (0)30 1234567", "phone:0049301234567"]
    assert found(["email:Bob@X.org", *phones, "user:1"]) == {
        **all_of("email:bob@x.org", "plain", "email:Bob@X.org", "email:bob@x.org"),
        **all_of("phone:+49301234567", "plain", *phones, "phone:+49301234567"),
        **all_of("user:1", "plain", "user:1"),
    }


def test_two_writings_of_one_identifier_are_one_to_claims_and_guards() -> None:
    said = [*say("user:1", "email:Bob@X.org"), *say("user:2", "email:mailto:bob@x.org")]
    assert found(["email:bob@x.org"], *said) == {
        **all_of("user:1", "plain", "user:1"),
        **all_of("user:2", "plain", "user:2"),
        **all_of("email:bob@x.org", "shared", "email:Bob@X.org", "email:mailto:bob@x.org", "email:bob@x.org"),
    }
    assert found(["email:BOB@x.org"], *say("user:1", "email:Bob@X.org"))["email:BOB@x.org"][0] == "email:bob@x.org"


def test_a_claim_that_two_writings_of_one_are_one_says_nothing_new() -> None:
    assert found([], *say("email:Bob@X.org", "email:bob@x.org")) == found(["email:Bob@X.org"])


def test_a_claim_made_256_times_over_is_still_one() -> None:
    assert set(found([], *say("user:1", "anon:x") * 256).values()) == {("anon:x", "plain")}


def test_a_customer_is_found_by_its_id_by_any_identifier_and_by_any_writing() -> None:
    rows = [("user:1", "user:1"), ("user:1", "email:a@b.org"), ("user:2", "user:2"), ("user:1", "phone:+49301234567")]
    who = ibis.memtable(
        table_of("customers", [{"customer_id": one, "identifier": two, "state": "plain"} for one, two in rows])
    )
    for wanted in ("user:1", "email:a@b.org", "email:A@B.org", "phone:0049 30 1234567", "user: 1"):
        assert customer_of(who, wanted) == "user:1"
    with pytest.raises(UnknownCustomer, match=r"did you mean email:a@b\.org"):
        customer_of(who, "a@b.org")
    with pytest.raises(UnknownCustomer, match="did you mean user:1, user:2"):
        customer_of(who, "user:3")
    with pytest.raises(UnknownCustomer, match=r"find the customer email:A@C\.org"):
        customer_of(who, "email:A@C.org")


def test_what_the_dataset_has_as_written_goes_before_its_normal_form() -> None:
    who = customers(touchpoints("email:Bob@X.org"), claims(*say("email:bob@x.org", "user:1")))
    assert customer_of(who, "email:Bob@X.org") == "email:bob@x.org"
