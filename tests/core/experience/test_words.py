"""Marks in words, two catalogues side by side, and a catalogue beside what happened."""

from __future__ import annotations

import math
from typing import Any

import pytest

from collage.experience import Catalogue, Mark, default, differences, in_words, load, never_left, not_asked_for
from collage.experience.words import rule_words, severity_words, template
from collage.touchpoints.vocabulary import KINDS
from tests.core.experience.refused import (
    AGAIN,
    FOLLOWS,
    QUIET,
    RECOVERED,
    WAIT,
    after_a_strike,
    beside,
    extending,
    other,
    own,
    recovering,
    with_mark,
)


def loaded(text: str) -> Catalogue:
    return load(text, file="ours.toml")


def read(**changes: object) -> Mark:
    return loaded(beside(other(), **changes))["long_wait"]


# ---- the rule

CALLS = ["contact.answered", "message.received"]
CALL, ISSUE = "a contact.answered or message.received", "of the same issue"
AFTER, APART = "follows a mark other of the same customer", "not in the same contact"
RULES: dict[str, tuple[dict[str, Any], str]] = {
    "one touchpoint": ({}, "every contact.answered after a wait of more than 90 s"),
    "kinds": ({"when": {"kind": ["a.b", "c.d", "e.f"]}}, "every a.b, c.d or e.f"),
    "alternatives": (
        {"when": [{"kind": "delivery.arrived", "late_s": "> 0"}, {"kind": "outage", "duration_s": ">= 3600"}]},
        "every delivery.arrived later than promised, or outage lasting at least 1 h",
    ),
    "on time": ({"when": {"kind": "a.b", "late_s": "<= 0"}}, "every a.b no later than promised"),
    "a number": ({"when": {"kind": "a.b", "amount": [3, 2.5]}}, "every a.b with amount 3 or 2.5"),
    "two days late": (
        {"when": {"kind": "a.b", "late_s": "> 172800"}},
        "every a.b more than 2 days later than promised",
    ),
    "not promised": ({"when": {"kind": "a.b", "late_s": "is null"}}, "every a.b with no time promised"),
    "several entries": (
        {"when": {"kind": "a.b", "outcome": ["x", "y"], "channel": "!= phone", "issue_id": "is not null"}},
        "every a.b with outcome x or y and with a known channel other than phone and with a known issue",
    ),
    "a part of a text": (
        {"when": {"kind": "a.b", "text": "contains  refund now"}},
        "every a.b with “refund now” in its text",
    ),
    "follows": (
        {"when": {"kind": CALLS}, "follows": {**FOLLOWS, "other": "contact"}, "once": "contact", "unless": "other"},
        f"when {CALL} follows an issue.resolved {ISSUE} within 7 days, {APART}; once a contact; unless other",
    ),
    "follows if any": (
        {"when": {"kind": "outage"}, "follows": {"kinds": "a.b", "same": "customer", "if_any": True}},
        "every outage; about the latest a.b of the same customer before it, where there is one",
    ),
    "first": (
        {"when": {"kind": "issue.resolved"}, "first": {"kinds": CALLS, "same": "issue", "other": "contact"}},
        f"when an issue.resolved has no earlier contact.answered or message.received {ISSUE}, its own contact aside",
    ),
    "not first": (
        {"when": {"kind": "a.b"}, "not_first": {"kinds": "c.d", "same": "contact"}},
        "when an a.b has an earlier c.d in the same contact",
    ),
    "unanswered": (
        {"when": {"kind": "a.b"}, "unanswered": {"by": ["c.d", "e.f"], "within_hours": 36}},
        "when an a.b has no c.d or e.f of the same customer within 36 h after it; left when that time is over",
    ),
    "again": (
        {"when": [{"kind": "a.b", "late_s": "> 0"}, {"kind": "c.d"}], "again": AGAIN, "once": "about"},
        f"when an a.b later than promised, or a c.d {AFTER} within 90 days; once for each earlier touchpoint",
    ),
    "any strike": (
        after_a_strike(follows={"kinds": "gesture.made", "same": "issue"}),
        "when any strike follows a gesture.made of the same issue",
    ),
}


@pytest.mark.parametrize(("changes", "words"), RULES.values(), ids=RULES)
def test_a_rule_is_told_in_words(changes: dict[str, Any], words: str) -> None:
    assert rule_words(read(**changes)) == words


def test_a_recovery_is_told_in_words() -> None:
    whole = (
        "every recovery.confirmed takes back 57 % of each earlier strike of the same issue, or of the customer where "
    )
    (mark,) = loaded(recovering(recovers={"share": 0.57})).marks
    assert rule_words(mark) == f"{whole}it names no issue"
    assert severity_words(mark) == "that of the strike, −0.57 times"
    (mark,) = loaded(recovering(recovers={"share": 0.57, "quiet": QUIET})).marks
    assert rule_words(mark) == (
        f"{whole}it names no issue; so do 14 days without a contact.answered of the same issue after a gesture.made, "
        "its own contact aside"
    )


SHAPES: dict[str, tuple[dict[str, Any], str]] = {
    "minutes": ({}, "each minute of waiting beyond 90 s counts 1, at most 8"),
    "from the start": (
        {"of": "late_s", "above": 0, "per": 691200, "start": 1, "cap": 5},
        "1, and 1 more for each 8 days of delay, at most 5",
    ),
    "hours": (
        {"of": "duration_s", "above": 3600, "per": 3600, "start": 1, "cap": 16 / 3},
        "1, and 1 more for each hour of duration beyond 1 h, at most 5.3333",
    ),
    "money": (
        {"of": "amount", "above": 0, "per": 10000, "cap": 2},
        "each 10,000 of the amount, in the currency's smallest unit, counts 1, at most 2",
    ),
}


@pytest.mark.parametrize(("shape", "words"), SHAPES.values(), ids=SHAPES)
def test_a_severity_is_told_in_words(shape: dict[str, Any], words: str) -> None:
    assert severity_words(read(severity=shape or WAIT["severity"])) == words


def test_without_a_shape_the_severity_is_what_the_source_claims() -> None:
    assert severity_words(read(severity=None)) == "what the touchpoint's source claims, 1 where it claims nothing"


def test_all_marks_of_the_shipped_catalogue_have_words_of_their_own() -> None:
    found = [in_words(mark, default()) for mark in default().marks]
    assert len({words.rule for words in found}) == len(found)
    for mark, words in zip(default().marks, found, strict=True):
        assert words.sign == ("↺" if mark.recovers else "✕" if mark.weight < 0 else "✓")
        assert set(words.says) == {"en", "de"}
        assert all("{" not in told for told in words.says.values())
        assert all(kind in words.rule for kind in (*mark.kinds, *mark.sought))
        assert all(word not in words.rule for word in ("None", "nan", "  "))


def test_what_is_left_is_told_and_drawn() -> None:
    catalogue = loaded(own(classes={"passing": 30.0}))
    words = in_words(catalogue["long_wait"], catalogue)
    assert words.fading == {days: pytest.approx(0.5 ** (days / 30), rel=1e-12) for days in (7, 30, 60, 90, 180, 365)}
    assert (words.curve, words.half_life, words.weight) == ("█▇▄▂▁▁▁", "30 days", "−0.05")
    (back,) = loaded(recovering()).marks
    told = in_words(back, loaded(recovering()))
    assert (told.weight, told.half_life, told.curve, told.fading) == ("as the strike's", "", "", {})


def test_a_sentence_is_spelled_as_the_catalogue_has_it() -> None:
    text = "a {{brace}} of {department} for {wait_s:duration}"
    mark = read(says={"en": text, "de": "nach {wait_s:duration}"})
    assert template(mark.says["en"]) == text
    words = in_words(mark, loaded(with_mark()))
    assert words.templates["en"] == text
    assert (words.says["en"], words.says["de"]) == ("a {brace} of … for …", "nach …")


@pytest.mark.parametrize(
    ("changes", "whose"),
    [
        ({"owner": None}, "the department of the touchpoint"),
        ({}, "Parcel team"),
        ({"owner": "about", "follows": FOLLOWS}, "the department of the earlier touchpoint"),
        (
            {"owner": "about", "follows": {**FOLLOWS, "if_any": True}},
            "the department of the earlier touchpoint, or its own where there is none",
        ),
        ({"owner": "promiser", "when": {"kind": "promise.kept"}, "severity": None}, "who gave the promise"),
    ],
)
def test_the_owner_is_told_in_words(changes: dict[str, Any], whose: str) -> None:
    mark = read(**changes)
    assert in_words(mark, loaded(with_mark())).owner == whose


# ---- two catalogues


def test_a_catalogue_is_no_different_from_itself_whatever_its_version() -> None:
    assert not differences(default(), default())
    assert not differences(loaded(own()), loaded(own(version="own 2")))
    assert not differences(default(), loaded(extending()))


def test_what_is_different_is_told_field_by_field() -> None:
    before = loaded(beside(other(), other(name="third")))
    text = own(
        kappa=math.inf,
        classes={"passing": 14.0, "lasting": 90.0},
        owners={"logistics": "Parcels"},
        mark=[{**WAIT, "weight": -0.3, "class": "lasting", "cause": "agent"}, other(), other(name="fourth")],
    )
    found = differences(before, loaded(text))
    assert [(each.field, each.before, each.after) for each in found.constants] == [
        ("kappa", 8.0, math.inf),
        ("classes.passing", 21.0, 14.0),
        ("classes.lasting", None, 90.0),
        ("owners.logistics", "Parcel team", "Parcels"),
    ]
    assert [mark.name for mark in found.added] == ["fourth"]
    assert [mark.name for mark in found.removed] == ["third"]
    told = {
        name: [(each.field, each.before, each.after) for each in changes] for name, changes in found.changed.items()
    }
    assert told == {
        "long_wait": [
            ("class", "passing", "lasting"),
            ("weight", -0.05, -0.3),
            ("owner", "Parcel team", "Parcels"),
            ("cause", "staffing", "agent"),
        ],
        "other": [("owner", "Parcel team", "Parcels")],
    }


CHANGES: dict[str, tuple[dict[str, Any], str]] = {
    "when": ({"when": {"kind": "outage"}}, "rule"),
    "form": ({"follows": FOLLOWS}, "rule"),
    "once": ({"once": "contact"}, "rule"),
    "unless": ({"unless": "other"}, "rule"),
    "severity": ({"severity": None}, "severity"),
    "salience": ({"salience": 0.5}, "salience"),
    "agent_controllable": ({"agent_controllable": True}, "agent_controllable"),
    "English": ({"says": {"en": "waited long"}}, "says.en"),
    "German": ({"says": {**WAIT["says"], "de": "wartete"}}, "says.de"),
    "source": ({"source": "our own figures"}, "source"),
}


@pytest.mark.parametrize(("changes", "field"), CHANGES.values(), ids=CHANGES)
def test_no_change_of_a_mark_goes_unseen(changes: dict[str, Any], field: str) -> None:
    found = differences(loaded(beside(other())), loaded(beside(other(), **changes)))
    (change,) = found.changed["long_wait"]
    assert change.field == field
    assert change.before != change.after


def test_a_difference_that_words_round_away_is_told_to_the_last_digit() -> None:
    shape = {**WAIT["severity"], "cap": 8.00000001}
    (change,) = differences(loaded(with_mark()), loaded(with_mark(severity=shape))).changed["long_wait"]
    assert "cap=8.0)" in str(change.before)
    assert "cap=8.00000001)" in str(change.after)


# ---- a catalogue and what happened


def test_kinds_that_no_rule_asks_for_are_told_with_their_counts() -> None:
    kinds = {"page.viewed": 9, "contact.answered": 7, "issue.resolved": 5, "own.word": 1}
    assert not_asked_for(loaded(with_mark()), kinds) == {"page.viewed": 9, "issue.resolved": 5, "own.word": 1}
    assert not_asked_for(loaded(with_mark(follows=FOLLOWS)), kinds) == {"page.viewed": 9, "own.word": 1}


def test_a_mark_is_never_left_where_what_its_rule_needs_does_not_happen() -> None:
    catalogue = loaded(
        beside(
            *(other(), other(name="of_outage", when={"kind": ["outage", "visit.missed"]}, severity=None)),
            *(other(name="again_outage", again={**AGAIN, "mark": "of_outage"}), RECOVERED),
            other(name="after_strike", **after_a_strike(follows={"kinds": "outage", "same": "issue"})),
            follows=FOLLOWS,
        )
    )
    assert never_left(catalogue, ["contact.answered"]) == {
        "long_wait": ("issue.resolved",),
        "of_outage": ("outage", "visit.missed"),
        "again_outage": ("of_outage",),
        "recovered": ("recovery.confirmed",),
        "after_strike": ("outage",),
    }
    assert never_left(catalogue, ["outage", "recovery.confirmed"]) == {
        "long_wait": ("contact.answered",),
        "other": ("contact.answered",),
        "again_outage": ("contact.answered",),
    }


def test_without_any_strike_nothing_is_left_after_one() -> None:
    credit = other(name="after_strike", weight=0.1, **after_a_strike())
    catalogue = loaded(beside(credit, weight=0.2))
    assert never_left(catalogue, ["contact.answered", "issue.resolved"]) == {"after_strike": ("any strike",)}


def test_where_everything_happens_every_mark_of_the_shipped_catalogue_can_be_left() -> None:
    assert never_left(default(), KINDS) == {}
    assert len(never_left(default(), [])) == len(default().marks)
