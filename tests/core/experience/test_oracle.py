"""The oracle itself, on cases worked out by hand from docs/reference/catalogue.md and model.md §10."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.core.experience import oracle, oracle_fold
from tests.core.experience.generated import AT, COLUMNS, US, world

T0 = datetime(2026, 1, 1, tzinfo=UTC)
DAY, HOUR, NOTHING = timedelta(days=1), timedelta(hours=1), timedelta(0)
NAMES = ("touchpoint_id", "identifier", "channel", "site", "agent", "issue_id", "contact_id", "owner", "cause")


def row(id_: str, after: timedelta, kind: str, **facts: object) -> dict[str, Any]:
    """Return a touchpoint of order o, so long after T0."""
    named = {"touchpoint_id": id_, "identifier": "user:1", "kind": kind, "occurred_at": T0 + after, "issue_id": "o"}
    return {**dict.fromkeys(COLUMNS), **named, **facts}


def rule(name: str, kind: str, **more: object) -> dict[str, Any]:
    when = "strike" if kind == "strike" else {"kind": kind}
    return {"name": name, "class": "everyday", "weight": -0.5, "when": when, **more}


def catalogue(*rules: dict[str, Any], **top: object) -> dict[str, Any]:
    constants = {"version": "1", "kappa": 8.0, "index_sd": 0.6, "least": 0.2}
    return {**constants, "classes": {"everyday": 60.0}, "owners": {"shop": "The shop"}, "mark": list(rules), **top}


def recovered(share: float = 0.7, kind: str = "recovery.confirmed", **form: object) -> dict[str, Any]:
    return {"name": "recovered", "when": {"kind": kind}, "recovers": {"share": share, **form}}


WHO = {"user:1": "one", "email:1@x": "one", "user:2": "two"}


def marks(rules: list[dict[str, Any]], *rows: dict[str, Any], **top: object) -> list[dict[str, Any]]:
    return sorted(oracle.marks(rows, WHO, catalogue(*rules, **top)), key=lambda m: (*oracle.place(m), m["mark"]))


def left(rules: list[dict[str, Any]], *rows: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Return touchpoint, name and `about` of the marks, in canonical order."""
    return [(m["touchpoint_id"], m["mark"], m["about"]) for m in marks(rules, *rows)]


# ---- follows


def test_follows_points_at_the_latest_earlier_one_and_counts_the_last_microsecond_in() -> None:
    back = rule("back", "b", follows={"kinds": "a", "within_days": 7, "same": "issue"})
    rows = [row("s:1", NOTHING, "a"), row("s:2", DAY, "a")]
    assert left([back], *rows, row("s:3", 8 * DAY, "b")) == [("s:3", "back", "s:2")]
    assert left([back], *rows, row("s:3", 8 * DAY + US, "b")) == []


def test_follows_needs_the_same_issue_of_the_same_customer_and_null_is_never_the_same() -> None:
    back = rule("back", "b", follows={"kinds": ["a", "c"], "same": "issue"})
    assert left([back], row("s:1", NOTHING, "c", issue_id="p"), row("s:2", DAY, "b")) == []
    assert left([back], row("s:1", NOTHING, "c", issue_id=None), row("s:2", DAY, "b", issue_id=None)) == []
    assert left([back], row("s:1", NOTHING, "c", identifier="user:2"), row("s:2", DAY, "b")) == []
    assert left([back], row("s:1", NOTHING, "c", identifier="email:1@x"), row("s:2", DAY, "b")) != []


def test_at_the_same_microsecond_the_smaller_id_is_earlier() -> None:
    back = rule("back", "b", follows={"kinds": "a", "same": "customer"})
    assert left([back], row("s:1", DAY, "a"), row("s:2", DAY, "b")) == [("s:2", "back", "s:1")]
    assert left([back], row("s:2", DAY, "a"), row("s:1", DAY, "b")) == []


def test_follows_looks_no_further_back_than_the_latest_one_which_must_be_of_another_contact() -> None:
    back = rule("back", "b", follows={"kinds": "a", "same": "issue", "other": "contact"})
    older, own = row("s:1", NOTHING, "a", contact_id="x"), row("s:2", DAY, "a", contact_id="y")
    assert left([back], older, own, row("s:3", 2 * DAY, "b", contact_id="y")) == []
    assert left([back], older, own, row("s:3", 2 * DAY, "b", contact_id="z")) == [("s:3", "back", "s:2")]
    assert left([back], older, own, row("s:3", 2 * DAY, "b", contact_id=None)) == [("s:3", "back", "s:2")]


def test_a_rule_that_holds_in_any_case_belongs_to_the_earlier_department_where_there_is_one() -> None:
    form = {"kinds": "a", "same": "issue", "within_days": 1, "if_any": True}
    back = rule("back", "b", follows=form, owner="about")
    rows = [row("s:1", NOTHING, "a", department="A"), row("s:2", DAY, "b", department="B")]
    rows += [row("s:3", DAY + US, "b", department="C")]
    assert [(m["about"], m["owner"]) for m in marks([back], *rows)] == [("s:1", "A"), (None, "C")]
    unknown = {**rows[0], "department": None}
    assert marks([back], unknown, rows[1])[0]["owner"] is None


# ---- first and not_first


def test_first_and_not_first_divide_those_who_know_what_they_have_in_common() -> None:
    form = {"kinds": "a", "same": "issue", "other": "contact"}
    rules = [rule("first", "b", first=form), rule("later", "b", not_first=form)]
    call = row("s:1", NOTHING, "a", contact_id="x")
    assert left(rules, call, row("s:2", DAY, "b", contact_id="x")) == [("s:2", "first", None)]
    assert left(rules, call, row("s:2", DAY, "b", contact_id="y")) == [("s:2", "later", None)]
    assert left(rules, call, row("s:2", DAY, "b", contact_id=None)) == [("s:2", "later", None)]
    assert left(rules, call, row("s:0", NOTHING, "b")) == [("s:0", "first", None)]
    assert left(rules, call, row("s:2", DAY, "b", issue_id=None)) == []


def test_first_looks_beyond_the_own_contact() -> None:
    later = rule("later", "b", not_first={"kinds": "a", "same": "issue", "other": "contact"})
    calls = [row("s:1", NOTHING, "a", contact_id="x"), row("s:2", DAY, "a", contact_id="y")]
    assert left([later], *calls, row("s:3", 2 * DAY, "b", contact_id="y")) == [("s:3", "later", None)]


# ---- unanswered


def test_a_message_is_unanswered_at_its_deadline_and_an_answer_at_that_microsecond_is_in_time() -> None:
    wait = rule("wait", "a", unanswered={"by": ["b", "c"], "within_hours": 24})
    (mark,) = marks([wait], row("s:1", NOTHING, "a"), row("s:2", DAY + US, "b"))
    assert (mark["occurred_at"], mark["fades_from"], mark["about"]) == (T0 + DAY, T0 + DAY, None)
    assert left([wait], row("s:1", NOTHING, "a"), row("s:2", DAY, "c", issue_id="p")) == []
    assert left([wait], row("s:1", NOTHING, "a"), row("s:2", NOTHING, "b")) == []
    assert left([wait], row("s:2", NOTHING, "a"), row("s:1", NOTHING, "b")) == [("s:2", "wait", None)]


def test_an_answer_on_another_issue_is_none_where_the_rule_says_so() -> None:
    wait = rule("wait", "a", unanswered={"by": "b", "within_hours": 24, "same": "issue"})
    assert left([wait], row("s:1", NOTHING, "a"), row("s:2", HOUR, "b", issue_id="p")) == [("s:1", "wait", None)]
    assert left([wait], row("s:1", NOTHING, "a", issue_id=None)) == []


# ---- again


def test_again_counts_from_the_moment_of_the_mark_and_points_at_its_touchpoint() -> None:
    wait = rule("wait", "a", unanswered={"by": "c", "within_hours": 24})
    bad = rule("bad", "b", again={"mark": ["wait", "other"], "within_days": 7, "same": "issue"})
    rules = [wait, bad, rule("other", "d")]
    late = row("s:1", NOTHING, "a")
    assert left(rules, late, row("s:2", 8 * DAY, "b"))[1:] == [("s:2", "bad", "s:1")]
    assert left(rules, late, row("s:2", 8 * DAY + US, "b"))[1:] == []
    assert left(rules, late, row("s:2", HOUR, "b")) == [("s:1", "wait", None)]
    # the touchpoint of the other is the later one, its mark the earlier
    assert left(rules, late, row("s:2", HOUR, "d"), row("s:3", 2 * DAY, "b"))[2:] == [("s:3", "bad", "s:1")]


def test_again_needs_a_mark_that_was_written_and_not_struck_out() -> None:
    bad = rule("bad", "a", again={"mark": "plain", "within_days": 7, "same": "customer"})
    rules, rows = [rule("plain", "a"), bad], [row("s:1", NOTHING, "a", severity=0.2), row("s:2", DAY, "a")]
    assert [m["mark"] for m in marks(rules, *rows)] == ["plain", "bad", "plain"]
    assert [m["mark"] for m in marks(rules, {**rows[0], "severity": 0.19}, rows[1])] == ["plain"]
    struck = oracle.marks(rows, WHO, catalogue(*rules), [correction("c:1", "s:1", "plain", "struck_out")])
    assert [oracle.key(m)[:2] for m in struck] == [("s:2", "plain")]


# ---- when = "strike"


def test_a_strike_that_follows_a_gesture_leaves_one_mark_at_the_earliest_that_does() -> None:
    failed = rule("failed", "strike", follows={"kinds": "g", "within_days": 30, "same": "issue"})
    wait = rule("wait", "a", unanswered={"by": "b", "within_hours": 24})
    rules = [failed, wait, rule("plain", "a"), rule("kind", "c", weight=0.5)]
    # the touchpoint itself precedes the gesture, its deadline follows it
    found = marks(rules, row("s:1", NOTHING, "a"), row("s:2", HOUR, "g"), row("s:3", DAY, "c"))
    assert [(m["mark"], m["occurred_at"]) for m in found if m["about"]] == [("failed", T0 + DAY)]
    # both follow: one mark, at the earlier
    found = marks(rules, row("s:0", NOTHING, "g"), row("s:1", HOUR, "a"))
    assert [(m["touchpoint_id"], m["occurred_at"], m["about"]) for m in found if m["mark"] == "failed"] == [
        ("s:1", T0 + HOUR, "s:0")
    ]


def test_what_follows_a_strike_is_no_strike_for_the_same_rule_nor_is_what_comes_again() -> None:
    failed = rule("failed", "strike", follows={"kinds": "g", "same": "customer"}, once="about")
    again = rule("again", "a", again={"mark": "mild", "within_days": 9, "same": "customer"})
    credit = rule("mild", "a", weight=0.1)
    rows = [row("s:0", NOTHING, "g"), row("s:1", DAY, "a"), row("s:2", 2 * DAY, "a")]
    assert {m["mark"] for m in marks([failed, again, credit], *rows)} == {"mild", "again"}
    assert left([failed, rule("plain", "a")], *rows) == [
        *[("s:1", "failed", "s:0"), ("s:1", "plain", None), ("s:2", "plain", None)]
    ]


# ---- unless and once


def test_unless_asks_whether_the_touchpoint_fits_not_whether_the_other_mark_was_written() -> None:
    back = rule("back", "a", follows={"kinds": "b", "same": "issue"}, severity={"of": "wait_s", "per": 60, "cap": 8})
    rules = [rule("repeat", "a", unless=["back"]), back]
    assert left(rules, row("s:1", NOTHING, "b"), row("s:2", DAY, "a")) == []
    assert left(rules, row("s:1", NOTHING, "c"), row("s:2", DAY, "a")) == [("s:2", "repeat", None)]


def test_once_in_a_contact_keeps_the_earliest_that_is_not_too_mild() -> None:
    rules = [rule("plain", "a", once="contact")]
    rows = [row("s:1", NOTHING, "a", contact_id="x", severity=0.1), row("s:3", DAY, "a", contact_id="x")]
    rows += [row("s:2", DAY, "a", contact_id="x"), row("s:4", DAY, "a"), row("s:5", DAY, "a")]
    rows += [row("s:6", DAY, "a", contact_id="x", identifier="user:2")]
    assert [m["touchpoint_id"] for m in marks(rules, *rows)] == ["s:2", "s:4", "s:5", "s:6"]


def test_once_about_something_keeps_the_earliest_about_it() -> None:
    back = rule("back", "b", follows={"kinds": "a", "same": "issue", "if_any": True}, once="about")
    rows = [row("s:1", NOTHING, "b"), row("s:2", HOUR, "b"), row("s:3", DAY, "a"), row("s:4", 2 * DAY, "b")]
    assert left([back], *rows, row("s:5", 3 * DAY, "b")) == [
        *[("s:1", "back", None), ("s:2", "back", None), ("s:4", "back", "s:3")]
    ]


# ---- the cap


def test_the_strike_that_crosses_the_bound_counts_in_part_and_later_ones_not_at_all() -> None:
    rules = [
        rule("b_mark", "a", weight=-1.0),
        rule("a_mark", "a", weight=-0.5, salience=0.5),
        rule("c", "c", weight=1.0),
    ]
    rows = [row("s:1", NOTHING, "a", severity=1.0), row("s:2", DAY, "a", severity=2.0), row("s:3", DAY, "c")]
    found = [(m["touchpoint_id"], m["mark"], m["severity"], m["evidence"]) for m in marks(rules, *rows)]
    # 0.5 and 1.0 are in; of the 1.0 of a_mark there is room for 0.3; of b_mark's 2.0 for none
    assert found == [
        ("s:1", "a_mark", 1.0, 0.5),
        ("s:1", "b_mark", 1.0, 1.0),
        ("s:2", "a_mark", pytest.approx(0.6), pytest.approx(0.15)),
        ("s:2", "b_mark", 0.0, 0.0),
        ("s:3", "c", 1.0, 1.0),
    ]
    assert [m["uncapped"] for m in marks(rules, *rows)] == [1.0, 1.0, 2.0, 2.0, 1.0]
    assert [m["severity"] for m in marks(rules, *rows, issue_cap=math.inf)] == [1.0, 1.0, 2.0, 2.0, 1.0]


def test_a_room_that_is_filled_to_the_last_point_has_nothing_left() -> None:
    rules = [rule("plain", "a", weight=-0.6), rule("small", "b", weight=-0.2)]
    rows = [row(f"s:{n}", n * HOUR, "a") for n in range(3)]
    assert [m["severity"] for m in marks(rules, *rows, row("s:3", DAY, "a"))] == [1.0, 1.0, 1.0, 0.0]
    small = [row(f"s:{n}", n * HOUR, "b") for n in range(10)]
    assert [m["severity"] for m in marks(rules, *small)] == [1.0] * 9 + [0.0]


def test_only_what_knows_its_issue_is_capped_and_issues_are_of_one_customer() -> None:
    rows = [row(f"s:{n}", n * HOUR, "a", issue_id=None) for n in range(3)]
    rows += [row("s:3", DAY, "a"), row("s:4", DAY, "a", identifier="user:2"), row("s:5", DAY, "a", issue_id="p")]
    rows += [row("s:6", DAY, "a", identifier="email:1@x")]
    found = marks([rule("plain", "a", weight=-1.0)], *rows, issue_cap=1.0)
    assert [m["severity"] for m in found] == [1, 1, 1, 1, 1, 1, 0]


# ---- recovery


def test_a_recovery_undoes_the_strikes_of_its_issue_that_are_earlier_and_not_yet_recovered() -> None:
    rules = [rule("plain", "a"), recovered() | {"owner": "shop", "cause": "process"}]
    rows = [row("s:1", NOTHING, "a", agent="a1"), row("s:2", DAY, "a", issue_id="p"), row("s:3", DAY, "a")]
    good = row("s:4", DAY, "recovery.confirmed", channel="phone", site="Kiel", contact_id="x")
    rows += [good, row("s:5", DAY, "a"), row("s:6", 2 * DAY, "recovery.confirmed")]
    found = [m for m in marks(rules, *rows) if m["mark"] == "recovered"]
    assert [(m["touchpoint_id"], m["about"]) for m in found] == [("s:4", "s:1"), ("s:4", "s:3"), ("s:6", "s:5")]
    first = found[0]
    assert [first[name] for name in NAMES] == [
        *["s:4", "user:1", "phone", "Kiel", None, "o", "x", "The shop", "process"]
    ]
    assert (first["occurred_at"], first["fades_from"], first["weighs_as"]) == (T0 + DAY, T0, "plain")
    assert (first["severity"], first["evidence"], first["uncapped"]) == (-0.7, 0.0, None)


def test_a_recovery_without_an_issue_is_of_the_customer_and_undoes_what_the_cap_has_left() -> None:
    rules = [rule("plain", "a", weight=-1.0), recovered(0.5)]
    rows = [
        row("s:1", NOTHING, "a"),
        row("s:2", NOTHING, "a"),
        row("s:3", NOTHING, "a"),
        row("s:4", HOUR, "a", issue_id=None),
    ]
    found = marks(rules, *rows, row("s:5", DAY, "recovery.confirmed", issue_id=None), issue_cap=1.5)
    undone = {m["about"]: m["severity"] for m in found if m["mark"] == "recovered"}
    assert undone == {"s:1": -0.5, "s:2": -0.25, "s:3": 0.0, "s:4": -0.5}


QUIET = {"after": ["g"], "by": ["b", "c"], "days": 14}


@pytest.mark.parametrize(
    ("after", "facts", "quiet"),
    [
        (14 * DAY, {}, False),
        (14 * DAY + US, {}, True),
        (NOTHING, {}, True),
        (US, {}, False),
        (DAY, {"contact_id": "x"}, True),
        (DAY, {"contact_id": "y"}, False),
        (DAY, {"contact_id": None}, False),
        (DAY, {"issue_id": "p"}, True),
        (DAY, {"kind": "d"}, True),
    ],
)
def test_fourteen_days_without_a_word_are_a_recovery(after: timedelta, facts: dict[str, Any], *, quiet: bool) -> None:
    gesture = row("s:1", NOTHING, "g", contact_id="x")
    strikes = [row("s:0", -DAY, "a"), row("s:2", 3 * DAY, "a")]
    found = marks([rule("plain", "a"), recovered(quiet=QUIET)], gesture, *strikes, row("s:9", after, "b") | facts)
    made_good = [(m["about"], m["occurred_at"]) for m in found if m["mark"] == "recovered"]
    assert made_good == ([("s:0", T0 + 14 * DAY), ("s:2", T0 + 14 * DAY)] if quiet else [])


def test_a_gesture_that_is_confirmed_recovers_at_once_and_again_when_it_stays_quiet() -> None:
    rules = [rule("plain", "a"), recovered(kind="g", quiet=QUIET)]
    rows = [row("s:0", -DAY, "a"), row("s:1", NOTHING, "g"), row("s:2", DAY, "a")]
    found = [(m["about"], m["occurred_at"]) for m in marks(rules, *rows) if m["mark"] == "recovered"]
    assert found == [("s:0", T0), ("s:2", T0 + 14 * DAY)]


def test_silence_after_a_gesture_that_does_not_know_its_issue_says_nothing() -> None:
    rules = [rule("plain", "a"), recovered(quiet=QUIET)]
    assert left(rules, row("s:0", -DAY, "a"), row("s:1", NOTHING, "g", issue_id=None)) == [("s:0", "plain", None)]


# ---- corrections


def correction(id_: str, touchpoint_id: str, mark: str, verdict: str, **facts: object) -> dict[str, Any]:
    named = {"correction_id": id_, "touchpoint_id": touchpoint_id, "mark": mark, "verdict": verdict}
    return {"at": None, "withdrawn_at": None, **named, **facts}


def test_the_latest_standing_correction_decides() -> None:
    def out(*corrections: dict[str, Any]) -> set[tuple[str, str]]:
        return oracle.struck_out(corrections)

    struck = correction("c:2", "s:1", "m", "struck_out", at=T0)
    assert out(struck) == {("s:1", "m")}
    assert out(struck, correction("c:1", "s:1", "m", "upheld", at=T0)) == {("s:1", "m")}
    assert out(struck, correction("c:3", "s:1", "m", "upheld", at=T0)) == set()
    assert out(struck, correction("c:3", "s:1", "m", "upheld")) == {("s:1", "m")}
    assert out(struck, correction("c:3", "s:1", "m", "contested", at=T0 + US, withdrawn_at=T0)) == {("s:1", "m")}
    assert out({**struck, "withdrawn_at": T0 + US}) == set()


def test_what_is_struck_out_takes_no_room_and_is_not_recovered_and_follows_no_gesture() -> None:
    rules = [
        rule("plain", "a", weight=-1.0),
        recovered(),
        rule("failed", "strike", follows={"kinds": "g", "same": "issue"}),
    ]
    rows = [
        row("s:0", NOTHING, "g"),
        row("s:1", DAY, "a"),
        row("s:2", 2 * DAY, "a"),
        row("s:3", 3 * DAY, "recovery.confirmed"),
    ]
    found = oracle.marks(
        *(rows, WHO, catalogue(*rules, issue_cap=1.0)),
        [correction("c:1", "s:1", "plain", "struck_out"), correction("c:2", "s:2", "plain", "contested")],
    )
    # failed (0.5) comes before plain (1.0) at one moment: half of plain has room
    assert [(*oracle.key(m)[:3], m["severity"]) for m in found] == [
        ("s:2", "failed", "s:0", 1.0),
        ("s:2", "plain", None, 0.5),
        ("s:3", "recovered", "s:2", -0.7),
        ("s:3", "recovered", "s:2", -0.35),
    ]


# ---- how it adds up


def test_without_a_strike_the_others_have_its_room() -> None:
    rules = catalogue(rule("plain", "a", weight=-1.0), recovered(0.5), issue_cap=1.5)
    rows = [
        row("s:1", NOTHING, "a"),
        row("s:2", NOTHING, "a"),
        row("s:3", NOTHING, "a"),
        row("s:4", DAY, "recovery.confirmed"),
    ]
    found = oracle.marks(rows, WHO, rules)
    parts = oracle_fold.contributions(found, WHO, rules, T0 + 60 * DAY)
    # left of each: a half. N = −(1 + 0.5)/2 + 0.5·(1 + 0.5)/2, D = (1 + 0.5)/2
    scale = 9 / 8.75
    assert parts["s:1", "plain", None, "plain"]["contribution"] == pytest.approx(scale * -0.5)
    assert parts["s:4", "recovered", "s:1", "plain"]["contribution"] == pytest.approx(scale * 0.25)
    assert math.fsum(part["contribution"] for part in parts.values()) == pytest.approx(scale * -0.375)
    # without the first the second is whole and the third a half, as before; without a recovered row only that is gone
    for id_ in ("s:1", "s:2"):
        assert parts[id_, "plain", None, "plain"]["without"] == pytest.approx(scale * -0.375)
    assert parts["s:4", "recovered", "s:1", "plain"]["without"] == pytest.approx(scale * -0.625)
    # before the recovery there is none to go
    before = oracle_fold.contributions(found, WHO, rules, T0 + DAY - US)
    assert len(before) == 3
    left_then = 2 ** -((1 - 1e-6 / 86400) / 60)
    assert before["s:1", "plain", None, "plain"]["without"] == pytest.approx(
        9 * -1.5 * left_then / (8 + 1.5 * left_then)
    )


def test_a_score_counts_strikes_that_have_room_and_recovered_rows_are_marks_but_no_strikes() -> None:
    rules = catalogue(rule("plain", "a", weight=-1.0), recovered(0.5), issue_cap=1.0)
    rows = [row("s:1", NOTHING, "a"), row("s:2", NOTHING, "a"), row("s:4", 31 * DAY, "recovery.confirmed")]
    found = oracle.marks(rows, WHO, rules)
    (one,) = oracle_fold.scores(found, rows, WHO, rules, T0 + 60 * DAY).values()
    assert (one["n_marks"], one["strikes_90d"], one["last_touchpoint_at"]) == (4, 1, T0 + 31 * DAY)
    assert one["experience"] == pytest.approx(9 * -0.25 / 8.5)
    assert one["trend"] == pytest.approx(9 * 0.25 / 8.5)
    assert one["high"] - one["experience"] == pytest.approx(1.645 * 9 * 0.25 / 8.5 * 0.55)


def test_groups_are_means_over_the_company_and_sum_to_it() -> None:
    rules = catalogue(rule("plain", "a", weight=-1.0), rule("nice", "b", weight=0.5), kappa=math.inf)
    rows = [row("s:1", NOTHING, "a", department="A"), row("s:2", NOTHING, "b", identifier="user:2", department="B")]
    rows += [row("s:3", -300 * DAY, "b", department="A"), row("s:4", -365 * DAY, "b", identifier="user:3")]
    rows += [row("s:5", -365 * DAY - US, "b", identifier="user:4"), row("s:6", US, "b", identifier="user:5")]
    who = {**WHO, **{f"user:{n}": f"{n}" for n in (3, 4, 5)}}
    found = oracle.marks(rows, who, rules)
    by_owner = oracle_fold.groups(found, rows, who, rules, "owner", T0)
    sizes = {name: (one["customers"], one["marks"]) for name, one in by_owner.items()}
    assert sizes == {"A": (1, 2), "B": (1, 1), None: (1, 1)}
    assert (by_owner["A"]["loss"], by_owner["A"]["gain"], by_owner["B"]["gain"]) == (-1.0, 0.0, 0.5)
    # the shares of A are −0.96875, 0, 0; those of B 0.5, 0, 0 with a standard deviation of 0.5/√3
    assert by_owner["A"]["experience"] == pytest.approx((-1 + 0.5 * 2**-5) / 3)
    assert by_owner["B"]["low"] == pytest.approx(0.5 / 3 - 1.96 * 0.5 / 3)
    (company,) = oracle_fold.groups(found, rows, who, rules, "company", T0).values()
    assert company["customers"] == 3
    assert company["experience"] == pytest.approx(math.fsum(one["experience"] for one in by_owner.values()))
    (alone,) = oracle_fold.groups(found[:1], rows[:1], who, rules, "company", T0).values()
    assert (alone["low"], alone["high"]) == (None, None)


# ---- the worlds it is asked about


def test_the_generated_worlds_hold_every_form_and_every_edge_of_it() -> None:
    seen: set[object] = set()
    for seed in range(12):
        a = world(seed, 8.0, customers=150)
        rules = {one["name"]: one for one in a.catalogue["mark"]}
        times = {one["touchpoint_id"]: one["occurred_at"] for one in a.touchpoints}
        found = oracle.marks(a.touchpoints, a.who, a.catalogue, a.corrections)
        for mark in found:
            one = rules[mark["mark"]]
            late = mark["occurred_at"] > times[mark["touchpoint_id"]]
            seen |= {(key, mark["about"] is not None, late) for key in one} | {("once", one.get("once"))}
            seen |= {("strike", late)} if one["when"] == "strike" else set()
            seen |= {("owner", one.get("owner")), ("cap", a.catalogue.get("issue_cap"))}
            if mark["uncapped"] is not None and mark["severity"] < mark["uncapped"]:
                seen.add("in part" if mark["severity"] > 0 else "not at all")
        seen |= {"struck out"} if len(oracle.marks(a.touchpoints, a.who, a.catalogue)) > len(found) else set()
    wanted = {
        *[("follows", True, False), ("follows", False, False), ("first", False, False), ("not_first", False, False)],
        *[("unanswered", False, True), ("again", True, False), ("recovers", True, False), ("recovers", True, True)],
        *[("strike", False), ("strike", True), ("unless", True, False), ("unless", False, True)],
        *[("once", "contact"), ("once", "about"), ("owner", "about"), ("owner", "promiser"), ("owner", "logistics")],
        *[("cap", None), ("cap", math.inf), "in part", "not at all", "struck out"],
    }
    assert wanted - seen == set()


def test_a_world_is_its_seed() -> None:
    one, other = world(3, 0.5, customers=20), world(3, 0.5, customers=20)
    assert (one.catalogue, one.touchpoints, one.who, one.corrections) == (
        *(other.catalogue, other.touchpoints, other.who, other.corrections),
    )
    assert any(row["occurred_at"] > AT for row in world(3, 0.5).touchpoints)
