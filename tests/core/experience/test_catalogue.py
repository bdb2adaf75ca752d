"""The catalogue: what the shipped one holds, how a company changes it, and how a wrong one is refused."""

from __future__ import annotations

import math
import re
import tomllib
from importlib import resources
from typing import Any

import pytest

from collage.errors import CatalogueError
from collage.experience import Catalogue, Shape, default, doubts, load
from collage.experience.forms import Again, First, Follows, Form, Quiet, Recovers, Unanswered
from collage.touchpoints.vocabulary import KINDS
from tests.core.experience.refused import (
    AGAIN,
    BROKEN,
    FOLLOWS,
    QUIET,
    UNANSWERED,
    after_a_strike,
    beside,
    extending,
    other,
    own,
    recovering,
    with_mark,
)


@pytest.mark.parametrize(("text", "says"), BROKEN.values(), ids=BROKEN)
def test_a_wrong_catalogue_is_refused_with_its_place_and_what_to_do(text: str, says: str) -> None:
    with pytest.raises(CatalogueError) as refused:
        load(text, file="ours.toml")
    message = str(refused.value)
    assert re.search(says, message, re.DOTALL), message
    assert refused.value.asked.startswith("read ours.toml")
    assert refused.value.found
    assert refused.value.do


DAY, HOUR = 86_400_000_000, 3_600_000_000
FORMS: dict[str, tuple[dict[str, Any], Form]] = {
    "follows": ({"follows": FOLLOWS}, Follows(("issue.resolved",), "issue", 7 * DAY, other=False, if_any=False)),
    "follows, however long ago": (
        {"follows": {"kinds": ["outage", "outage"], "same": "contact", "other": "contact", "if_any": True}},
        Follows(("outage",), "contact", None, other=True, if_any=True),
    ),
    "first": (
        {"first": {"kinds": "outage", "same": "issue", "other": "contact"}},
        First(("outage",), "issue", other=True, is_first=True),
    ),
    "not_first": (
        {"not_first": {"kinds": ["outage"], "same": "customer"}},
        First(("outage",), "customer", other=False, is_first=False),
    ),
    "unanswered": (
        {"unanswered": {"by": "message.sent", "within_hours": 1.5}},
        Unanswered(("message.sent",), "customer", 3 * HOUR // 2),
    ),
    "again": ({"again": AGAIN, "owner": "about", "once": "about"}, Again(("other",), "customer", 90 * DAY)),
    "a strike": (
        after_a_strike(owner="about", once="about"),
        Follows(("issue.resolved",), "issue", 7 * DAY, other=False, if_any=False),
    ),
}


@pytest.mark.parametrize(("keys", "form"), FORMS.values(), ids=FORMS)
def test_a_rule_about_order_and_time_is_read_as_written(keys: dict[str, Any], form: Form) -> None:
    mark = load(beside(other(), **keys), file="ours.toml")["long_wait"]
    assert mark.form == form
    assert (mark.once, mark.owner) == (keys.get("once", ""), keys.get("owner", "Parcel team"))
    assert (mark.when is None, mark.later) == ("when" in keys, "when" in keys or "again" in keys)


def test_what_takes_strikes_back_has_neither_class_nor_weight() -> None:
    found = load(recovering(recovers={"share": 1, "quiet": QUIET}), file="ours.toml")
    (mark,) = found.marks
    assert (found.recovered, found.weighing) == (mark, ())
    assert mark.form == Recovers(1.0, Quiet(("gesture.made",), ("contact.answered",), 14 * DAY))
    assert (mark.class_, mark.weight, mark.sought) == ("", 0.0, ("gesture.made", "contact.answered"))


def test_a_rule_may_except_what_is_known_by_the_time_its_own_mark_is_left() -> None:
    text = beside(other(unanswered=UNANSWERED), unless="other", unanswered=UNANSWERED)
    assert load(text, file="ours.toml")["long_wait"].unless == ("other",)


@pytest.mark.parametrize("keys", [{"when": {"kind": "promise.broken"}, "severity": None}, {"owner": None}])
def test_an_owner_is_a_word_of_ours_or_a_department(keys: dict[str, Any]) -> None:
    owner = "promiser" if "when" in keys else "touchpoint"
    mark = load(with_mark(**{"owner": "promiser", **keys}), file="ours.toml")["long_wait"]
    assert (mark.owner, mark.owner_named) == (owner, False)


def test_the_cap_over_an_issue_is_what_is_written_else_one_point_eight() -> None:
    assert load(own(), file="ours.toml").issue_cap == 1.8
    assert load(own(issue_cap=0.5), file="ours.toml").issue_cap == 0.5
    assert load(own(issue_cap=math.inf), file="ours.toml").issue_cap == math.inf


def test_a_whole_catalogue_of_ones_own_is_read_as_written() -> None:
    found = load(own(kappa=3), file="ours.toml")
    assert (found.version, found.kappa, found.index_sd, found.least) == ("own 1", 3.0, 0.6, 0.2)
    assert dict(found.classes) == {"passing": 21.0}
    (mark,) = found.marks
    assert mark.severity == Shape("wait_s", 90.0, 60.0, 0.0, 8.0)
    assert (mark.owner, mark.cause, mark.agent_controllable, mark.salience) == ("Parcel team", "staffing", False, 1.0)
    assert mark.kinds == ("contact.answered",)
    assert mark.source == "assumption"


def test_an_infinite_kappa_is_allowed_and_means_a_plain_sum() -> None:
    assert load(own(kappa=math.inf), file="ours.toml").kappa == math.inf


def test_extending_replaces_removes_and_adds_marks_and_keeps_the_rest() -> None:
    text = extending(
        *("kappa = 4.0", "[classes]", "brief = 3.0", "[[mark]]", 'name = "outage"', "off = true"),
        *("[[mark]]", 'name = "complaint"', 'class = "brief"', "weight = -0.1", 'when = { kind = "complaint.filed" }'),
        *('says = { en = "complained" }', "[[mark]]", 'name = "turn_bad"', 'class = "everyday"', "weight = -0.2"),
        *('when = { kind = "turn.bad" }', 'says = { en = "was not helped" }'),
    )
    found, shipped = load(text, file="ours.toml"), default()
    assert (found.version, found.kappa, found.index_sd) == ("own", 4.0, shipped.index_sd)
    assert dict(found.classes) == {**shipped.classes, "brief": 3.0}
    names = {mark.name for mark in found.marks}
    assert names == {mark.name for mark in shipped.marks} - {"outage"} | {"turn_bad"}
    assert (found["complaint"].class_, found["complaint"].weight) == ("brief", -0.1)
    assert found["long_wait"] == shipped["long_wait"]


def test_a_kind_outside_the_vocabulary_is_allowed_and_doubted() -> None:
    found = load(with_mark(when={"kind": ["delivery.arived", "turn.bad"]}), file="ours.toml")
    one, other = doubts(found)
    assert "delivery.arived" in one
    assert "did you mean delivery.arrived?" in one
    assert "turn.bad" in other
    assert "did you mean" not in other


# ---- the shipped one


def raw() -> dict[str, Any]:
    return tomllib.loads(resources.files("collage.experience").joinpath("default.toml").read_text(encoding="utf-8"))


def test_every_number_of_the_shipped_catalogue_has_a_source_or_is_called_an_assumption() -> None:
    for mark in raw()["mark"]:
        assert re.search(r"assumption|\d{4}|vendor", mark["source"]), mark["name"]


def test_the_shipped_catalogue_speaks_both_languages_and_only_known_kinds() -> None:
    assert doubts(default()) == ()
    for mark in default().marks:
        assert set(mark.says) == {"en", "de"}
        assert set(mark.kinds) <= KINDS


def test_no_two_rules_about_one_touchpoint_strike_it_twice() -> None:
    by_kind: dict[str, list[str]] = {}
    for mark in default().marks:
        for kind in mark.kinds if mark.form is None else ():
            by_kind.setdefault(kind, []).append(mark.name)
    shared = {kind: names for kind, names in by_kind.items() if len(names) > 1}
    # early or late: never both
    assert shared == {
        "delivery.arrived": ["delivered_on_time", "delivered_late"],
        "service.visit": ["visit_on_time", "visit_late"],
    }


def test_who_comes_back_is_not_struck_again_for_the_repeated_contact() -> None:
    found = default()
    assert found["repeat_contact"].unless == ("came_back",)
    first, later = found["resolved_first_contact"], found["resolved_later"]
    assert isinstance(first.form, First)
    assert later.form == First(first.form.kinds, first.form.same, other=True, is_first=False)


# weight, salience, half-life in days as model.md §1.6 and §10.5 give them
GIVEN = {
    "long_wait": (-0.05, 1, 21),
    "abandoned": (-0.30, 1, 21),
    "long_hold": (-0.10, 0.5, 21),
    "cold_transfer": (-0.25, 1, 21),
    "warm_transfer": (-0.05, 0.5, 21),
    "repeat_information": (-0.20, 1, 21),
    "self_service_succeeded": (0.08, 0.5, 21),
    "self_service_failed": (-0.20, 1, 21),
    "resolved": (0.15, 1, 60),
    "reopened": (-0.50, 1, 60),
    "policy_denied": (-0.35, 1, 60),
    "misconduct": (-0.80, 1, 180),
    "privacy_breached": (-1.20, 1, 540),
    "ordered": (0.03, 0.25, 180),
    "renewed": (0.03, 0.25, 180),
    "delivered_on_time": (0.08, 0.5, 60),
    "delivered_late": (-0.40, 1, 60),
    "set_up": (0.20, 1, 180),
    "outage": (-0.15, 1, 60),
    "price_raised": (-0.40, 1, 180),
    "gesture": (0.20, 1, 60),
    "promise_kept": (0.10, 1, 60),
    "promise_exceeded": (0.10, 1, 60),
    "promise_broken": (-0.70, 1, 60),
    "complaint": (-0.80, 1, 60),
    "proactive_notice": (0.20, 1, 60),
    "order_failed": (-0.30, 1, 60),
    "payment_failed": (-0.20, 1, 21),
    "coupon_refused": (-0.20, 1, 21),
    "search_failed": (-0.05, 0.25, 21),
    "help_not_found": (-0.20, 1, 21),
    "approval_waited": (-0.15, 1, 21),
    "unresolved": (-0.30, 1, 60),
    "delivery_failed": (-0.40, 1, 60),
    "goods_wrong": (-0.60, 1, 60),
    "goods_damaged": (-0.60, 1, 60),
    "product_fault": (-0.35, 1, 60),
    "visit_missed": (-0.50, 1, 60),
    "invoice_wrong": (-0.60, 1, 60),
    "feedback_unread": (-0.20, 1, 60),
    "feedback_heeded": (0.20, 1, 60),
    "appreciated": (0.10, 0.5, 60),
    "coupon_used": (0.03, 0.25, 60),
    "visit_on_time": (0.08, 0.5, 60),
    "visit_late": (-0.40, 1, 60),
    "refund_late": (-0.40, 1, 60),  # not in the model: by analogy with a delivery
    "resolved_first_contact": (0.30, 1, 60),
    "resolved_later": (0.15, 1, 60),
    "came_back": (-0.45, 1, 60),
    "repeat_contact": (-0.45, 1, 60),
    "unanswered": (-0.40, 1, 60),
    "recovery_failed": (-0.60, 1, 180),
    **{
        f"{what}_again": (-0.60, 1, 180)
        for what in ("delivery_bad", "goods_bad", "product_fault", "visit_bad", "invoice_wrong", "promise_broken")
    },
}


def test_the_shipped_numbers_are_those_of_the_model() -> None:
    found: Catalogue = default()
    assert (found.kappa, found.index_sd, found.least, found.issue_cap) == (8.0, 0.6, 0.2, 1.8)
    assert {m.name: (m.weight, m.salience, found.classes[m.class_]) for m in found.weighing} == GIVEN
    assert found.recovered is not None
    assert isinstance(found.recovered.form, Recovers)
    assert found.recovered.form.share == 0.7


def test_the_longest_wait_the_latest_parcel_and_the_worst_outage_cost_what_the_model_allows() -> None:
    found = default()
    costs = {
        name: found[name].weight * shape.cap
        for name in ("long_wait", "delivered_late", "outage")
        if (shape := found[name].severity)
    }
    assert costs == pytest.approx({"long_wait": -0.40, "delivered_late": -2.0, "outage": -0.80})
