"""What the desk says of customers themselves: who is one, where they are found, what they told us, what they allow."""

from __future__ import annotations

import json
from typing import Any

import pytest

from collage_web.actions import claiming, consenting, correcting, healing
from collage_web.actions.rebuilding import differing
from collage_web.bridge.profiled import consented, profiled
from collage_web.records.models import (
    AuditEntry,
    Claim,
    Consent,
    Identifier,
    Mark,
    NameKey,
    Score,
    Stale,
    Trait,
)
from tests.web.actions.served import MINUTE, colleague, customer_of, index_of
from tests.web.conftest import NOW, House, touchpoint

WRONG = "phone:+4930999999"


@pytest.fixture
def late(house: House) -> str:
    """A customer with a late parcel of the department Logistics, of an order, and a long wait of no matter."""
    house.send(
        touchpoint(1, "user:1", "delivery.arrived", department="Logistics", agent="joe", issue_id="o1", late_s=300_000),
        touchpoint(2, "user:1", "contact.answered", department="Care", wait_s=1500, contact_id="c1", days=2),
    )
    house.digest()
    return customer_of("user:1")


# ---- who is one


def test_a_preview_of_bringing_customers_together_is_what_happens_and_it_is_undone(house: House, late: str) -> None:
    house.send(touchpoint(3, "phone:+4930123456", "contact.answered", wait_s=900, contact_id="c3"))
    house.digest()
    other, by = customer_of("phone:+4930123456"), colleague("ada")
    was = index_of(house, late), index_of(house, other)
    change = claiming.preview(late, other, at=NOW)
    assert [party.index for party in change.before] == [pytest.approx(each) for each in was]
    (after,) = change.after
    assert (after.customer, after.touchpoints) == (late, 3)
    assert set(after.identifiers) == {"user:1", "phone:+4930123456"}
    claim = claiming.join(late, other, by=by, now=NOW, reason="said so")
    house.digest()
    assert customer_of("phone:+4930123456") == late
    assert index_of(house, late) == pytest.approx(after.index, abs=1e-9)
    back = claiming.preview_apart([claim], late, at=NOW)
    claiming.unmerge(claim, by=by, now=NOW, reason="her sister")
    house.digest()
    assert (index_of(house, late), index_of(house, other)) == pytest.approx(was, abs=1e-12)
    assert {party.customer: party.index for party in back.after} == pytest.approx({late: was[0], other: was[1]})


def test_customers_of_whom_no_claim_would_make_one_are_not_brought_together(house: House, late: str) -> None:
    with pytest.raises(claiming.ClaimError, match="same customer twice"):
        claiming.join(late, late, by=colleague("ada"), now=NOW, reason="said so")
    house.send(touchpoint(3, "user:2"), touchpoint(4, "user:3"), touchpoint(5, "phone:+4930123456"))
    house.digest()
    for n, user in enumerate(("user:2", "user:3")):
        Claim.objects.create(
            claim_id=f"c{n}", one="phone:+4930123456", other=user, source="crm", confidence=1.0, claimed_at=NOW
        )
        Stale.objects.create(identifier=user)
    house.digest()
    with pytest.raises(claiming.ClaimError, match="several customers share"):
        claiming.preview(late, customer_of("phone:+4930123456"), at=NOW)
    assert claiming.preview(late, customer_of("user:2"), at=NOW).after[0].customer == late


def test_what_two_colleagues_say_of_the_same_pair_is_one_claim_and_undone_by_one(house: House, late: str) -> None:
    house.send(touchpoint(3, "phone:+4930123456"))
    house.digest()
    other, by = customer_of("phone:+4930123456"), colleague("ada")
    claims = [claiming.join(*pair, by=by, now=NOW, reason="said so") for pair in ((late, other), (other, late))]
    assert claims[0] == claims[1]
    claiming.unmerge(claims[1], by=by, now=NOW, reason="her sister")
    assert not Claim.objects.filter(withdrawn_at=None).exists()
    again = claiming.join(late, other, by=by, now=NOW, reason="they are after all")
    assert again not in claims


def test_a_number_that_a_claim_gives_to_another_customer_is_theirs_before_the_digest_knows(
    house: House, late: str
) -> None:
    house.send(touchpoint(3, "user:2"))
    house.digest()
    number, by = "phone:+4930123456", colleague("ada")
    correcting.add(customer_of("user:2"), number, by=by, now=NOW, reason="told me")
    with pytest.raises(correcting.SomebodyElses) as error:
        correcting.add(late, number, by=by, now=NOW, reason="told me")
    assert error.value.customer == customer_of("user:2")
    with pytest.raises(correcting.CorrectError, match="theirs already"):
        correcting.add(customer_of("user:2"), number, by=by, now=NOW, reason="told me")
    house.digest()
    assert customer_of(number) == customer_of("user:2") != late


# ---- what is known of them


def test_a_number_is_added_and_removed_and_what_came_under_it_goes_with_it(house: House, late: str) -> None:
    by = colleague("ada")
    number = correcting.written("phone", "030 12 34 56", region="DE")
    assert number == "phone:+4930123456"
    correcting.add(late, number, by=by, now=NOW, reason="told me")
    house.send(touchpoint(3, number, "contact.answered", wait_s=900))
    house.digest()
    assert customer_of(number) == late
    with pytest.raises(correcting.CorrectError, match="theirs already"):
        correcting.add(late, number, by=by, now=NOW, reason="told me")
    assert correcting.remove(Identifier.objects.get(value=number), by=by, now=NOW, reason="her sister's") == 1
    house.digest()
    assert customer_of(number) != late
    with pytest.raises(correcting.SomebodyElses) as error:
        correcting.add(late, number, by=by, now=NOW, reason="told me")
    assert error.value.customer == customer_of(number)
    with pytest.raises(correcting.CorrectError, match="the only one"):
        correcting.remove(Identifier.objects.get(value="user:1"), by=by, now=NOW, reason="wrong")
    assert list(AuditEntry.objects.filter(verb__startswith="customer.").values_list("verb", flat=True)) == [
        "customer.add", "customer.remove",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("namespace", "value", "region"),
    [("phone", "123", "DE"), ("phone", "030 123456", None), ("email", "somebody", None), ("user", " ", None)],
)
def test_what_is_no_number_and_no_address_is_refused(namespace: str, value: str, region: str | None) -> None:
    with pytest.raises(correcting.CorrectError):
        correcting.written(namespace, value, region=region)


def test_what_customers_say_of_themselves_is_kept_and_the_log_has_none_of_it(house: House, late: str) -> None:
    by = colleague("ada")
    said = {"name": " Erika  Muster ", "channel": "chat", "language": "de", "hours": ""}
    assert correcting.say(late, said, {}, by=by, now=house.now) == ["channel", "language", "name"]
    assert (
        correcting.say(late, said, {"name": "Erika Muster", "channel": "chat", "language": "de"}, by=by, now=NOW) == []
    )
    assert Trait.objects.get(name="name").value == "Erika Muster"
    assert NameKey.objects.filter(key="wmuster").exists()
    assert "Muster" not in json.dumps(list(AuditEntry.objects.values("subject", "reason", "details")))
    with pytest.raises(correcting.CorrectError):
        correcting.say(late, {"shoes": "44"}, {}, by=by, now=NOW)


def test_who_refuses_to_be_scored_has_no_index_anywhere_and_keeps_the_rest(house: House, late: str) -> None:
    by, marks = colleague("ada"), Mark.objects.filter(customer=late).count()
    before = index_of(house, late)
    say: dict[str, Any] = {"basis": "in a letter", "by": by}
    consenting.say(late, "scoring", "", given=False, now=NOW, **say)
    house.digest()
    assert not Score.objects.filter(customer=late).exists()
    assert index_of(house, late) is None
    assert Mark.objects.filter(customer=late).count() == marks > 0
    assert healing.preview("till:1", late, at=NOW).after is None
    assert claiming.preview_apart([], late, at=NOW).before[0].index is None
    assert differing(at=NOW).n == 0
    consenting.say(late, "scoring", "", given=True, now=NOW + MINUTE, **say)
    house.digest()
    assert Score.objects.filter(customer=late).exists()
    assert index_of(house, late) == before
    assert Consent.objects.count() == 2


def test_what_can_be_allowed_and_refused_is_a_purpose_and_perhaps_a_channel(house: House, late: str) -> None:
    by = colleague("ada")
    for purpose, channel, basis in [("fun", "", "x"), ("offers", "pigeon", "x"), ("scoring", "email", "x"),
                                    ("offers", "email", " ")]:  # fmt: skip
        with pytest.raises(consenting.ConsentError):
            consenting.say(late, purpose, channel, given=True, basis=basis, by=by, now=house.now)
    consenting.say(late, "offers", "email", given=False, basis="on the phone", by=by, now=NOW)
    assert Score.objects.filter(customer=late).exists()
    assert AuditEntry.objects.latest("id").details == {"purpose": "offers", "channel": "email"}


def begun_by_a_wrong_number(house: House) -> str:
    """Begin a customer by a number that is another's, with all that they say; their own addresses come later."""
    by = colleague("ada")
    house.send(touchpoint(3, WRONG, "contact.answered", wait_s=900))
    house.digest()
    customer = customer_of(WRONG)
    correcting.say(customer, {"name": "Erika Muster", "channel": "chat"}, {}, by=by, now=NOW)
    consenting.say(customer, "scoring", "", given=False, basis="on the phone", by=by, now=NOW)
    consenting.say(customer, "offers", "", given=False, basis="on the phone", by=by, now=NOW)
    for own in ("email:e@example.org", "user:9"):
        correcting.add(customer, own, by=by, now=NOW, reason="told me")
        house.send(touchpoint(own, own, "contact.answered", wait_s=900))
        house.digest()
        assert customer_of(own) == customer
    return customer


def test_what_a_customer_said_stays_with_them_when_a_number_turns_out_to_be_anothers(house: House) -> None:
    begun_by_a_wrong_number(house)
    correcting.remove(Identifier.objects.get(value=WRONG), by=colleague("bob"), now=NOW + MINUTE, reason="mistyped")
    house.digest()
    theirs, anothers = customer_of("email:e@example.org"), customer_of(WRONG)
    assert theirs != anothers
    for each in {theirs, customer_of("user:9")}:
        assert index_of(house, each) is None
        assert not Score.objects.filter(customer=each).exists()
    names = list(Identifier.objects.filter(customer=theirs).values_list("value", flat=True))
    assert {name: each.value for name, each in profiled(names).items()} == {"name": "Erika Muster", "channel": "chat"}
    assert {(each.purpose, each.given) for each in consented(names)} == {("scoring", False), ("offers", False)}
    assert index_of(house, anothers) is not None
    assert Score.objects.filter(customer=anothers).exists()
    assert (profiled([WRONG]), consented([WRONG])) == ({}, [])
    assert not NameKey.objects.filter(identifier=WRONG, key__startswith="w").exists()
    assert NameKey.objects.filter(identifier__in=names, key="wmuster").exists()


def test_who_objects_to_being_scored_has_no_index_in_a_preview_nor_when_they_come_apart(
    house: House, late: str
) -> None:
    by = colleague("ada")
    house.send(touchpoint(3, "phone:+4930123456", "contact.answered", wait_s=900))
    house.digest()
    claim = claiming.join(late, customer_of("phone:+4930123456"), by=by, now=NOW, reason="said so")
    consenting.say(late, "scoring", "", given=False, basis="in a letter", by=by, now=NOW)  # before the digest knows
    house.digest()
    assert customer_of("phone:+4930123456") == late
    change = claiming.preview_apart([claim], late, at=NOW)
    assert [len(change.after), *(party.index for party in (*change.before, *change.after))] == [2, None, None, None]
    claiming.unmerge(claim, by=by, now=NOW + MINUTE, reason="her sister")
    house.digest()
    both = [customer_of("user:1"), customer_of("phone:+4930123456")]
    assert len(set(both)) == 2
    assert [index_of(house, each) for each in both] == [None, None]
    assert not Score.objects.filter(customer__in=both).exists()
    consenting.say(both[1], "scoring", "", given=True, basis="asked", by=by, now=NOW + 2 * MINUTE)
    house.digest()
    assert [index_of(house, each) is None for each in both] == [True, False]
