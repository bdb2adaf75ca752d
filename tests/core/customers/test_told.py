"""What people and systems say of a customer: whose word holds, and until when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from collage.customers import Consented, Said, allowed, consents, profile

AT, DAY = datetime(2026, 11, 1, tzinfo=UTC), timedelta(days=1)


def test_the_latest_word_holds() -> None:
    said = [Said("language", "German", AT + DAY, by_person=False), Said("language", "English", AT, by_person=False)]
    assert [each.value for each in profile(said).values()] == ["German"]


def test_a_persons_word_holds_before_a_systems_however_late() -> None:
    said = [Said("channel", "chat", AT, by_person=True), Said("channel", "phone", AT + 9 * DAY, by_person=False)]
    assert profile(said)["channel"].value == profile(said[::-1])["channel"].value == "chat"


def test_a_persons_empty_word_takes_a_thing_away() -> None:
    said = [Said("hours", "mornings", AT, by_person=False), Said("hours", " ", AT - DAY, by_person=True)]
    assert profile(said) == {}


def test_of_two_words_of_one_moment_the_later_holds() -> None:
    said = [Said("name", "Ada", AT, by_person=True), Said("name", "Ada Byron", AT, by_person=True)]
    assert profile(said)["name"].value == "Ada Byron"


def test_consent_is_the_latest_word_for_a_purpose_and_a_channel() -> None:
    said = [
        Consented("offers", "email", given=False, at=AT + DAY),
        Consented("offers", "email", given=True, at=AT),
        Consented("offers", "sms", given=True, at=AT),
        Consented("surveys", "email", given=True, at=AT),
    ]
    holds = consents(said)
    assert {key: each.given for key, each in holds.items()} == {
        ("offers", "email"): False, ("offers", "sms"): True, ("surveys", "email"): True,
    }  # fmt: skip
    assert (allowed(holds, "offers", "sms"), allowed(holds, "offers", "post")) == (True, None)


def test_a_word_about_every_channel_takes_the_place_of_earlier_ones() -> None:
    every = Consented("offers", "", given=False, at=AT + DAY)
    later = Consented("offers", "sms", given=True, at=AT + 2 * DAY)
    holds = consents([later, Consented("offers", "email", given=True, at=AT), every])
    assert [(each.channel, each.given) for each in holds.values()] == [("", False), ("sms", True)]
    assert [allowed(holds, "offers", channel) for channel in ("", "email", "sms")] == [False, False, True]
