"""The ready maps, line by line: what each kind of record becomes, and what is left out."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from collage.errors import MapError
from collage.reading import parse_map, ready
from collage.touchpoints.vocabulary import CHANNELS, KINDS
from tests.core.reading.test_live import Running
from tests.core.reading.through import Row

AT = datetime(2024, 5, 1, 10, tzinfo=UTC)


def track(event: str, **properties: Any) -> Row:
    return {"type": "track", "event": event, "properties": properties}


def context(**of: Any) -> Row:
    return {"type": "page", "context": of}


def agent(text: str) -> Row:
    return context(userAgent=text)


def traits(**of: Any) -> Row:
    return {"type": "identify", "userId": "u", "traits": of}


def claim(one: str, other: str, confidence: float = 1, how: str = "") -> Row:
    said = f"segment:{one}={other.lower()}{f' ({how})' if how else ''}"
    return {"claim_id": said, "one": one, "other": other.lower(), "confidence": confidence}


# what is said of a record → the record, and what its touchpoint has (None: it leaves none)
TOUCHPOINTS: dict[str, tuple[Row, Row | None]] = {
    "a page is viewed": ({"type": "page", "name": "Home"}, {"kind": "page.viewed"}),
    "a screen is viewed in an app": ({"type": "screen"}, {"kind": "page.viewed", "channel": "app"}),
    "an order is placed": (track("Order Completed"), {"kind": "order.placed"}),
    "an order is cancelled": (track("Order Cancelled"), {"kind": "order.cancelled"}),
    "an order is canceled": (track("order_canceled"), {"kind": "order.cancelled"}),
    "an order fails": (track("Order Failed"), {"kind": "order.failed"}),
    "an order is refunded": (track("Order Refunded"), {"kind": "refund.made"}),
    "a checkout starts": (track("Checkout Started"), {"kind": "order.started"}),
    "a coupon is used": (track("Coupon Applied"), {"kind": "coupon.used"}),
    "a coupon is refused": (track("Coupon Denied"), {"kind": "coupon.refused"}),
    "a coupon is entered": (track("Coupon Entered"), {"kind": "coupon_entered"}),
    "a payment fails": (track("Payment Failed"), {"kind": "payment.failed"}),
    "a promotion is seen": (track("Promotion Viewed"), {"kind": "ad.seen"}),
    "a product is looked at, beside its page": (track("Product Viewed"), {"kind": "product_viewed"}),
    "a search finds nothing": (track("Products Searched", query="x", results=0), {"kind": "search.failed"}),
    "a search finds an empty list": (track("Products Searched", results=[]), {"kind": "search.failed"}),
    "a search counts no results": (track("Products Searched", results_count="0"), {"kind": "search.failed"}),
    "a search counts no result": (track("Products Searched", result_count=0.0), {"kind": "search.failed"}),
    "a search counts none in all": (track("Products Searched", total_results=0), {"kind": "search.failed"}),
    "a search has a number of none": (track("Products Searched", number_of_results=0), {"kind": "search.failed"}),
    "a search finds no products": (track("Products Searched", products=[]), {"kind": "search.failed"}),
    "a search finds something": (track("Products Searched", results=3), {"kind": "products_searched"}),
    "a search does not say": (track("Products Searched", query="x"), {"kind": "products_searched"}),
    "an order of nothing is no search": (track("Order Completed", results=0), {"kind": "order.placed"}),
    "a kind of ours stays": (track("contact.answered"), {"kind": "contact.answered"}),
    "another name becomes a word": (track("Signed Up"), {"kind": "signed_up"}),
    "a name in another script becomes one too": (track("登録"), {"kind": "_163aff08"}),
    "who is not logged in is anonymous": ({"type": "page", "userId": None}, {"identifier": "anon:a"}),
    "who is logged in is a user": ({"type": "page", "userId": 7, "anonymousId": "b"}, {"identifier": "user:7"}),
    "a browser's library": (context(library={"name": "analytics.js"}), {"channel": "web"}),
    "another browser's library": (context(library={"name": "RudderLabs JavaScript SDK"}), {"channel": "web"}),
    "a telephone's library": (context(library={"name": "analytics-ios"}), {"channel": "app"}),
    "a newer one": (context(library={"name": "analytics-swift"}), {"channel": "app"}),
    "another telephone's": (context(library={"name": "com.rudderstack.android.sdk.core"}), {"channel": "app"}),
    "its newer one": (context(library={"name": "analytics-kotlin"}), {"channel": "app"}),
    "one for both": (context(library={"name": "analytics-react-native"}), {"channel": "app"}),
    "another for both": (context(library={"name": "analytics_flutter"}), {"channel": "app"}),
    "a telephone": (context(device={"type": "iOS"}), {"channel": "app"}),
    "another telephone": (context(device={"type": "Android"}), {"channel": "app"}),
    "a server's library": (context(library={"name": "analytics-python"}), {"channel": None}),
    "the event says its channel": (
        {"type": "screen", "properties": {"channel": "store"}},
        {"channel": "store"},
    ),
    "the event says a channel that is none": (
        {"type": "screen", "properties": {"channel": "Google Ads"}},
        {"channel": "app"},
    ),
    "an order is a matter": (track("Order Updated", order_id=17), {"issue_id": "17"}),
    "in another spelling too": (track("Order Updated", orderId="o-17"), {"issue_id": "o-17"}),
    "money has two decimals": (track("x", revenue=39.99, currency="EUR"), {"amount": 3999, "currency": "EUR"}),
    "money has none": (track("x", total="1200", currency="jpy"), {"amount": 1200, "currency": "JPY"}),
    "money has three": (track("x", value=1.2345, currency="KWD"), {"amount": 1235, "currency": "KWD"}),
    "revenue counts before the total": (track("x", revenue=1, total=2, value=3, currency="USD"), {"amount": 100}),
    "the total counts before the value": (track("x", total=2, value=3, currency="USD"), {"amount": 200}),
    "no currency, no amount": (track("x", revenue=39.99), {"amount": None, "currency": None}),
    "no currency that is one": (track("x", revenue=1, currency="coins"), {"amount": None, "currency": None}),
    "no amount, no currency": (track("x", currency="EUR"), {"amount": None, "currency": None}),
    "all properties are kept": (
        track("x", a={"b": [1, 2.50, None]}, revenue=1),
        {"properties": {"a": {"b": [1, 2.5, None]}, "revenue": 1}},
    ),
    "no properties": (track("x"), {"properties": None}),
    "a user is identified": ({"type": "identify", "userId": "u"}, None),
    "a user is one of a group": ({"type": "group", "userId": "u", "groupId": "g"}, None),
    "an id is another's": ({"type": "alias", "userId": "u", "previousId": "p"}, None),
    "an unknown call": ({"type": "wave"}, None),
    "a robot": (agent("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"), None),
    "a robot for pictures": (agent("Googlebot-Image/1.0"), None),
    "a robot by its page": (agent("Mozilla/5.0 (+http://example.org/BOT.html)"), None),
    "a robot without a number": (agent("Mozilla/5.0 (compatible; PetalBot;+https://example.org)"), None),
    "a robot that says what it is like": (agent("TelegramBot (like TwitterBot)"), None),
    "a crawler": (agent("Example Crawler 1"), None),
    "a spider": (agent("Baiduspider+(+http://example.org)"), None),
    "a slurper": (agent("Mozilla/5.0 (compatible; Yahoo! Slurp)"), None),
    "a shared link": (agent("facebookexternalhit/1.1"), None),
    "a preview": (agent("Mozilla/5.0 BingPreview/1.0b"), None),
    "an advertiser's look": (agent("Mediapartners-Google"), None),
    "a browser without a head": (agent("Mozilla/5.0 HeadlessChrome/120.0"), None),
    "an old one without a head": (agent("Mozilla/5.0 PhantomJS/2.1.1"), None),
    "a measurement": (agent("Mozilla/5.0 Chrome-Lighthouse"), None),
    "a watchman": (agent("Pingdom.com_bot_version_1.4"), None),
    "a telephone is no robot": (agent("Mozilla/5.0 (Linux; Android 9; CUBOT X19) Chrome/1"), {"kind": "page.viewed"}),
    "a test": (context(test=True), None),
    "no test": (context(test=False), {"kind": "page.viewed"}),
    "one of our own": (context(internal="true"), None),
    "a test of an event": (track("x", test=True), None),
    "an event that is a test": (track("x", is_test=True), None),
    "an event of our own": (track("x", internal=True), None),
    "a developer's page": (context(page={"url": "http://localhost:3000/"}), None),
    "a developer's other page": (context(page={"url": "http://127.0.0.1/"}), None),
}
# what is said of a record → the record, and its claims
CLAIMS: dict[str, tuple[Row, list[Row]]] = {
    "a page knows both": ({"type": "page", "userId": "u"}, [claim("user:u", "anon:a")]),
    "an event knows both": ({**track("x"), "userId": "u"}, [claim("user:u", "anon:a")]),
    "a screen knows both": ({"type": "screen", "userId": "u"}, [claim("user:u", "anon:a")]),
    "identify knows both": ({"type": "identify", "userId": "u"}, [claim("user:u", "anon:a")]),
    "a group says nothing of a customer": ({"type": "group", "userId": "u", "groupId": "g"}, []),
    "a page of one unknown": ({"type": "page"}, []),
    "an address is typed": (
        {**traits(email="Ann@Example.org"), "anonymousId": None},
        [claim("user:u", "email:Ann@Example.org", 0.9, "typed")],
    ),
    "an address is verified": (
        {**traits(email="ann@example.org", email_verified=True), "anonymousId": None},
        [claim("user:u", "email:ann@example.org", 1, "verified")],
    ),
    "an address is verified, otherwise spelt": (
        {**traits(email="ann@example.org", emailVerified="true"), "anonymousId": None},
        [claim("user:u", "email:ann@example.org", 1, "verified")],
    ),
    "an address of one unknown": (
        {**traits(email="ann@example.org"), "userId": None},
        [claim("anon:a", "email:ann@example.org", 0.9, "typed")],
    ),
    "an address that is none": ({**traits(email="none"), "anonymousId": None}, []),
    "an address of nobody": ({**traits(email="ann@example.org"), "userId": None, "anonymousId": None}, []),
    "an address beside an event": ({**track("x"), "traits": {"email": "ann@example.org"}}, []),
    "a telephone is typed": (
        {**traits(phone="+49 30 1"), "anonymousId": None},
        [claim("user:u", "phone:+49 30 1", 0.9, "typed")],
    ),
    "a telephone is verified": (
        {**traits(phone="+49 30 1", phone_verified=True), "anonymousId": None},
        [claim("user:u", "phone:+49 30 1", 1, "verified")],
    ),
    "a telephone is verified, otherwise spelt": (
        {**traits(phone="+49 30 1", phoneVerified=True), "anonymousId": None},
        [claim("user:u", "phone:+49 30 1", 1, "verified")],
    ),
    "an id is another's": (
        {"type": "alias", "userId": "u", "previousId": "p", "anonymousId": None},
        [claim("user:u", "anon:p")],
    ),
    "a tester": ({**traits(test=True), "anonymousId": "a"}, []),
    "a colleague": ({**traits(internal=True), "anonymousId": "a"}, []),
}


def sent(record: Row, number: int) -> Row:
    """Return a record with what every call has."""
    at = {"timestamp": "2024-05-01T10:00:00Z", "receivedAt": "2024-05-01T10:00:00Z"}
    return {"anonymousId": "a", "userId": None, "messageId": f"m{number}", **at, **record}


def by_record(records: list[Row], table: str) -> list[list[Row]]:
    running = Running(parse_map(ready("segment"), file="segment"))
    rows = running.tables([sent(record, n) for n, record in enumerate(records, 1)])[table].to_pylist()
    running.prepared.close()
    assert [row for row in rows if row["_fault"] is not None] == []
    return [[row for row in rows if row["_row"] == n] for n in range(1, len(records) + 1)]


@pytest.fixture(scope="module")
def touchpoints() -> dict[str, list[Row]]:
    return dict(zip(TOUCHPOINTS, by_record([record for record, _ in TOUCHPOINTS.values()], "touchpoints"), strict=True))


@pytest.fixture(scope="module")
def claims() -> dict[str, list[Row]]:
    return dict(zip(CLAIMS, by_record([record for record, _ in CLAIMS.values()], "claims"), strict=True))


@pytest.mark.xdist_group("segment")  # asked once, not once a worker
@pytest.mark.parametrize("said", TOUCHPOINTS)
def test_of_a_segment_event_there_is_a_touchpoint_when(touchpoints: dict[str, list[Row]], said: str) -> None:
    expected = TOUCHPOINTS[said][1]
    if expected is None:
        assert touchpoints[said] == []
        return
    number = list(TOUCHPOINTS).index(said) + 1
    (row,) = touchpoints[said]
    row["properties"] = row["properties"] and json.loads(row["properties"])
    assert {name: row[name] for name in expected} == expected
    ids = {"touchpoint_id": f"segment:m{number}", "source": "segment", "occurred_at": AT, "received_at": AT}
    assert {name: row[name] for name in ids} == ids


@pytest.mark.xdist_group("segment")
@pytest.mark.parametrize("said", CLAIMS)
def test_of_a_segment_event_there_are_claims_when(claims: dict[str, list[Row]], said: str) -> None:
    found = [{name: row[name] for name in ("claim_id", "one", "other", "confidence")} for row in claims[said]]
    assert sorted(found, key=lambda row: str(row["claim_id"])) == CLAIMS[said][1]
    assert all(row["claimed_at"] is None and row["withdrawn_at"] is None for row in claims[said])


@pytest.mark.xdist_group("segment")
def test_the_words_of_the_segment_map_are_ours(touchpoints: dict[str, list[Row]]) -> None:
    rows = [row for each in touchpoints.values() for row in each]
    assert {row["kind"] for row in rows if "." in row["kind"]} <= KINDS
    assert {row["channel"] for row in rows if row["channel"]} <= CHANNELS
    channels = parse_map(ready("segment"), file="segment")
    condition = next(value for name, value in channels.sections[0].emits[0].values if name == "channel")
    assert set(condition.condition.alternatives[0][0].value) == CHANNELS  # type: ignore[attr-defined]  # a When


def test_a_native_record_is_a_touchpoint_as_it_stands() -> None:
    running = Running(parse_map(ready("native"), file="native").named("till"))
    texts = {"channel": "store", "department": "d", "site": "s", "agent": "g", "issue_id": "i", "contact_id": "c"}
    numbers = {"severity": 1.5, "wait_s": 2.0, "duration_s": 3.0, "late_s": -4.0, "amount": 1999, "currency": "EUR"}
    mine = {"kind": "order.placed", "identifier": "user:7", **texts, **numbers, "outcome": "resolved", "text": "thanks"}
    at = {"occurred_at": "2024-05-01T10:00:00Z", "received_at": "2024-05-01T12:00:00+02:00"}
    (row,) = running.rows([{**mine, **at, "touchpoint_id": 1, "properties": {"a": 1}}])
    ours = {"touchpoint_id": "till:1", "source": "till", "occurred_at": AT, "received_at": AT, "properties": '{"a": 1}'}
    assert row == {**mine, **ours, "_row": 1, "_emit": 0}
    faults = running.tables([{**mine, **at}, {**mine, **at, "touchpoint_id": 1, "properties": [1]}])["touchpoints"]
    running.prepared.close()
    told = [(row["_fault"]["column"], row["_fault"]["reason"]) for row in faults.to_pylist()]
    assert told == [("touchpoint_id", "is null but must be known"), ("properties", "is not a JSON object")]


def test_a_map_that_is_not_there_is_answered_with_those_that_are() -> None:
    with pytest.raises(
        MapError, match="find the ready map 'segmnt'\n  found: none of this name\n  to do: name one of: native, segment"
    ):
        ready("segmnt")
