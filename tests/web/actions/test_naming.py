"""Names that systems tell are known, once, and customers are found by them; what is told otherwise replaces it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from collage_web.actions import sourcing
from collage_web.actions.naming import name_all, named
from collage_web.bridge.called import called, names
from collage_web.bridge.found import found
from collage_web.records.models import Arrival, Identifier, NameKey, Source, Touchpoint, Trait
from tests.web.conftest import NOW, House, touchpoint


@pytest.fixture
def shop(house: House) -> Source:  # noqa: ARG001  # for its database
    return sourcing.create("shop", "segment", by=None, now=NOW, new_key=lambda: "clg_live_shop")[0]


def said(shop: Source, number: int, user: str | None = "1", *, days: float = 1.0, **traits: Any) -> Arrival:
    """Let an identify call arrive."""
    return arrived(shop, number, {"type": "identify", "userId": user, "anonymousId": "a", "traits": traits}, days)


def arrived(shop: Source, number: int, body: dict[str, Any], days: float = 1.0) -> Arrival:
    at = NOW - timedelta(days=days)
    return Arrival.objects.create(
        source=shop, message_id=str(number), type=body["type"], received_at=at, occurred_at=at, clock="known",
        body=json.dumps(body),
    )  # fmt: skip


def called_now(identifier: str) -> str:
    return said_.value if (said_ := called([identifier]).get(identifier)) else ""


def keys() -> set[tuple[str, str]]:
    return set(NameKey.objects.values_list("identifier", "key"))


@pytest.mark.parametrize(
    "traits",
    [
        {"name": " Anna   Müller "},
        {"firstName": "Anna", "lastName": "Müller"},
        {"first_name": "Anna", "last_name": "Müller", "name": ""},
        {"name": "Anna Müller", "firstName": "Karl"},
    ],
)
def test_an_identify_call_says_what_somebody_is_called(house: House, shop: Source, traits: dict[str, Any]) -> None:
    arrival = said(shop, 1, **traits)
    house.digest()
    assert called_now("user:1") == "Anna Müller"
    assert Trait.objects.get().arrival_id == arrival.pk
    assert {key for who, key in keys() if who == "user:1"} == {"wanna", "wmuller"}
    customer = Identifier.objects.get(value="user:1").customer  # whoever is known by it alone is a customer too
    assert [hit.customer for hit in found("mueler ana", region=None)] == [customer]
    arrival.refresh_from_db()
    assert arrival.became == "kept"


def test_a_language_is_told_without_its_country(house: House, shop: Source) -> None:
    said(shop, 1, locale="de-AT")
    said(shop, 2, "2", language="EN")
    said(shop, 3, "3", language="as my browser says", locale=7)
    house.digest()
    assert list(Trait.objects.order_by("id").values_list("value", flat=True)) == ["de", "en"]


def test_who_has_no_user_id_yet_is_named_by_the_anonymous_one(house: House, shop: Source) -> None:
    said(shop, 1, None, name="Anna")
    house.digest()
    assert called_now("anon:a") == "Anna"


@pytest.mark.parametrize(
    "body",
    [
        {"type": "track", "event": "identify", "traits": {"name": "Anna"}},
        {"type": "identify", "traits": {"name": "Anna", "test": True}},
        {"type": "identify", "traits": {"name": "Anna"}, "context": {"internal": True}},
        {"type": "identify", "traits": {"name": ["Anna"]}},
        {"type": "identify", "traits": {"name": "x" * 201}},
        {"type": "identify", "traits": "Anna"},
        {"type": "track", "event": "x", "context": {"traits": {"name": "Anna"}}, "properties": {"said": "identify"}},
    ],
)
def test_nothing_else_says_a_name(house: House, shop: Source, body: dict[str, Any]) -> None:
    arrived(shop, 1, {"userId": "1", **body})
    house.digest()
    assert not Trait.objects.exists()
    assert not NameKey.objects.exists()


def test_the_same_said_with_every_log_in_is_kept_once(house: House, shop: Source) -> None:
    for number in range(5):
        said(shop, number, days=5 - number, name="Anna Müller")
    house.digest()
    said(shop, 5, name="Anna Müller")
    house.digest()
    assert Trait.objects.count() == 1


def test_the_later_name_counts_whichever_arrives_first(house: House, shop: Source) -> None:
    said(shop, 1, days=1, name="Anna Berg")
    house.digest()
    said(shop, 2, days=9, name="Anna Müller")
    house.digest()
    assert called_now("user:1") == "Anna Berg"
    assert found("Müller", region=None) == []
    said(shop, 3, days=0.5, name="Anna Müller")
    house.digest()
    assert called_now("user:1") == "Anna Müller"
    assert found("Berg", region=None) == []


def test_a_colleagues_word_counts_before_a_systems(house: House, shop: Source, django_user_model: Any) -> None:
    by = django_user_model.objects.create(email="a@example.org", name="a", role="agent")
    Trait.objects.create(identifier="user:1", name="name", value="Anna Berg", said_at=NOW - timedelta(days=9), by=by)
    said(shop, 1, name="Anna Müller")
    house.digest()
    assert called_now("user:1") == "Anna Berg"
    Trait.objects.create(identifier="user:1", name="name", value="", said_at=NOW, by=by)
    assert names({"user:1": "c"}) == {}


def test_a_replay_says_it_again_and_not_twice(house: House, shop: Source) -> None:
    said(shop, 1, name="Anna Müller", email="anna@example.org")
    house.digest()
    before = keys()
    sourcing.replay(shop, by=None, now=NOW, everything=True)
    house.digest()
    assert Trait.objects.count() == 1
    assert keys() == before


def test_a_name_that_nobody_has_any_longer_leaves_nothing(house: House, shop: Source) -> None:
    arrival = said(shop, 1, name="Anna Unverwechselbar")
    said(shop, 2, "2", name="Anna Berg")
    house.digest()
    Arrival.objects.filter(pk=arrival.pk).update(body='{"type": "identify", "userId": "1", "traits": {}}')
    sourcing.replay(shop, by=None, now=NOW, everything=True)
    house.digest()
    assert not NameKey.objects.filter(key__contains="unverwe").exists()
    assert {who for who, _ in keys()} == {"user:2", "anna", "berg"}


def test_a_phone_number_is_found_by_its_end_and_keys_can_be_derived_again(house: House, shop: Source) -> None:
    house.send(touchpoint(1, "phone:+4930123456"), touchpoint(2, "email:a@example.org"))
    said(shop, 1, name="Anna Müller")
    house.digest()
    assert ("phone:+4930123456", "t123456") in keys()
    before = keys()
    NameKey.objects.all().delete()
    NameKey.objects.create(identifier="user:9", key="wold")
    assert name_all() == 2
    assert keys() == before
    assert NameKey.objects.count() == len(before)


def test_names_of_nobody_change_nothing(house: House) -> None:
    house.send(touchpoint(1, "user:1"))
    house.digest()
    named([])
    named(["user:1", "user:2"])
    assert not NameKey.objects.exists()
    assert Touchpoint.objects.count() == 1
