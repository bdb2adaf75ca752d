"""What a touchpoint is like in words: units people use, two languages, nothing that a catalogue could abuse."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from collage.experience.sentences import SlotError, parse, tell

DURATIONS = [
    (0, "0 s", "0 s"),
    (40.4, "40 s", "40 s"),
    (59.6, "1 min", "1 min"),
    (60, "1 min", "1 min"),
    (840, "14 min", "14 min"),
    (5400, "90 min", "90 min"),
    (7169, "119 min", "119 min"),
    (7175, "2 h", "2 Std."),
    (3 * 3600, "3 h", "3 Std."),
    (47.4 * 3600, "47 h", "47 Std."),
    (47.6 * 3600, "2 days", "2 Tage"),
    (259200, "3 days", "3 Tage"),
    (-259200, "3 days", "3 Tage"),
    (400 * 86400, "400 days", "400 Tage"),
]
MONEY = [
    (1250, "EUR", "12.50 EUR", "12,50 EUR"),
    (-5, "EUR", "-0.05 EUR", "-0,05 EUR"),
    (123456789, "USD", "1,234,567.89 USD", "1.234.567,89 USD"),
    (1250, "JPY", "1,250 JPY", "1.250 JPY"),
    (1250, "KWD", "1.250 KWD", "1,250 KWD"),
]


@pytest.mark.parametrize(("seconds", "english", "german"), DURATIONS)
def test_a_duration_is_told_in_one_unit_and_whole(seconds: float, english: str, german: str) -> None:
    sentence = parse("{late_s:duration}")
    assert tell(sentence, {"late_s": seconds}, "en") == english
    assert tell(sentence, {"late_s": seconds}, "de") == german


@pytest.mark.parametrize(("minor", "currency", "english", "german"), MONEY)
def test_money_is_told_in_its_currency_s_units(minor: int, currency: str, english: str, german: str) -> None:
    sentence = parse("{amount:money}")
    assert tell(sentence, {"amount": minor, "currency": currency}, "en") == english
    assert tell(sentence, {"amount": minor, "currency": currency}, "de") == german
    assert sentence.columns == ("amount", "currency")


def test_a_moment_is_told_as_its_day() -> None:
    moment = {"occurred_at": datetime(2026, 3, 7, 23, 59, tzinfo=UTC)}
    assert tell(parse("on {occurred_at:date}"), moment, "en") == "on 7 Mar 2026"
    assert tell(parse("am {occurred_at:date}"), moment, "de") == "am 7. März 2026"


def test_what_is_not_known_is_said_to_be_not_known() -> None:
    sentence = parse("waited {wait_s:duration} for {department}, paid {amount:money}, {occurred_at:date}")
    english = "waited some time for (not known), paid an amount not known, a day not known"
    assert tell(sentence, {"wait_s": None}, "en") == english
    german = "waited einige Zeit for (unbekannt), paid unbekannter Betrag, unbekannt wann"
    assert tell(sentence, {}, "de") == german


def test_a_text_is_cut_to_a_line_without_control_characters() -> None:
    sentence = parse("said {text}")
    assert tell(sentence, {"text": "third\n wrong\x00\t\x1b[31minvoice "}, "en") == "said third wrong [31minvoice"
    assert tell(sentence, {"text": "x" * 70}, "en") == "said " + "x" * 59 + "…"


def test_braces_in_values_stay_what_they_are() -> None:
    assert tell(parse("{{{department}}}"), {"department": "{agent} {0.__class__}"}, "en") == "{{agent} {0.__class__}}"


@pytest.mark.parametrize(
    "text", ["{", "}", "{}", "{text", "text}", "{0}", "{text!r}", "{text:>90}", "{text.x}", "{severity}"]
)
def test_a_slot_that_no_touchpoint_can_fill_is_refused(text: str) -> None:
    with pytest.raises(SlotError):
        parse(text)
