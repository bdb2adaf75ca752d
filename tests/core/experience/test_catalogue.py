"""The catalogue: what the shipped one holds, how a company changes it, and how a wrong one is refused."""

from __future__ import annotations

import math
import re
import tomllib
from importlib import resources
from typing import Any

import pytest

from collage.errors import CatalogueError, NotYet
from collage.experience import Catalogue, Shape, default, doubts, load
from collage.touchpoints.vocabulary import KINDS
from tests.core.experience.generated import as_toml

WAIT: dict[str, Any] = {
    "name": "long_wait",
    "class": "passing",
    "weight": -0.05,
    "when": {"kind": "contact.answered", "wait_s": "> 90"},
    "severity": {"of": "wait_s", "above": 90, "per": 60, "start": 0, "cap": 8},
    "owner": "logistics",
    "cause": "staffing",
    "says": {"en": "waited {wait_s:duration}"},
}
WHOLE: dict[str, Any] = {
    "version": "own 1",
    "kappa": 8.0,
    "index_sd": 0.6,
    "least": 0.2,
    "classes": {"passing": 21.0},
    "owners": {"logistics": "Parcel team"},
    "mark": [WAIT],
}


def own(**changes: object) -> str:
    """Return a small catalogue with keys at its top changed; None takes one out."""
    changed = {**WHOLE, **changes}
    return as_toml({key: value for key, value in changed.items() if value is not None} | owners_and_classes(changed))


def owners_and_classes(changed: dict[str, Any]) -> dict[str, Any]:
    return {key: changed[key] or {} for key in ("classes", "owners")}


def with_mark(**changes: object) -> str:
    """Return a small catalogue with keys of its one mark changed; None takes one out."""
    mark = {**WAIT, **changes}
    return own(mark=[{key: value for key, value in mark.items() if value is not None}])


def shaped(**changes: object) -> str:
    shape = {**WAIT["severity"], **changes}
    return with_mark(severity={key: value for key, value in shape.items() if value is not None})


def extending(*lines: str) -> str:
    return "\n".join(['version = "own"', 'extends = "default"', *lines])


# catalogue, what the message must say: the place, and what was found or what to do
BROKEN = {
    "no TOML": ("version = ", "no TOML"),
    "an unknown key": (own(kapa=3.0), "kapa.*did you mean kappa"),
    "no version": (own(version=None), "version.*missing"),
    "an empty version": (own(version=" "), "version"),
    "kappa is missing": (own(kappa=None), "kappa.*missing"),
    "kappa below zero": (own(kappa=-1.0), "kappa.*at least 0"),
    "kappa is no number": (own(kappa="much"), "kappa.*'much'.*finite number"),
    "kappa is true": (own(kappa=True), "kappa.*True"),
    "index_sd is zero": (own(index_sd=0.0), "index_sd.*greater than 0"),
    "index_sd is infinite": (own(index_sd=math.inf), "index_sd.*inf"),
    "least above one": (own(least=1.5), "least.*at most 1"),
    "least below zero": (own(least=-0.1), "least.*at least 0"),
    "a half-life of nothing": (own(classes={"passing": 0}), "classes.passing.*greater than 0"),
    "an owner without a name": (own(owners={"logistics": ""}), "owners.logistics.*write a text"),
    "classes are a number": ("version = 'x'\nclasses = 3", "classes.*table"),
    "marks are no sections": ("version = 'x'\nmark = 3", r"mark.*\[\[mark\]\]"),
    "extends something else": (own(extends="ours"), 'extends.*extends = "default"'),
    "off without extends": (own(mark=[{"name": "long_wait", "off": True}]), "long_wait: off.*extends"),
    "off with more keys": (
        extending("[[mark]]", 'name = "outage"', "off = true", "weight = 1.0"),
        "outage: off.*alone",
    ),
    "off is false": (extending("[[mark]]", 'name = "outage"', "off = false"), "outage: off.*False"),
    "off what is not there": (extending("[[mark]]", 'name = "outrage"', "off = true"), "did you mean outage"),
    "extends without a version": ('extends = "default"', "version.*missing"),
    "two marks of one name": (own(mark=[WAIT, WAIT]), "long_wait: name.*two marks"),
    "a mark without a name": (with_mark(name=None), "mark number 1: name.*missing"),
    "a name that is none": (with_mark(name="Long wait"), "name.*lower-case"),
    "a name of ours": (with_mark(name="recovered"), "recovered.*derived"),
    "an unknown key of a mark": (with_mark(wieght=1), "long_wait: wieght.*did you mean weight"),
    "no class": (with_mark(**{"class": None}), "long_wait: class.*missing"),
    "an unknown class": (with_mark(**{"class": "pasing"}), "long_wait: class.*did you mean passing"),
    "no weight": (with_mark(weight=None), "long_wait: weight.*missing"),
    "a weight of nothing": (with_mark(weight=0), "long_wait: weight.*off = true"),
    "a weight beyond the scale": (with_mark(weight=-5), "long_wait: weight.*at least -4"),
    "a weight that is no number": (with_mark(weight=math.nan), "long_wait: weight.*nan"),
    "a weight that is a text": (with_mark(weight="-0.05"), "long_wait: weight.*'-0.05'"),
    "salience of nothing": (with_mark(salience=0), "long_wait: salience.*greater than 0"),
    "salience above one": (with_mark(salience=2), "long_wait: salience.*at most 1"),
    "no when": (with_mark(when=None), "long_wait: when.*missing"),
    "when is a text": (with_mark(when="contact.answered"), "long_wait: when"),
    "when without a kind": (with_mark(when={"wait_s": "> 90"}), "long_wait: when.kind.*which touchpoints"),
    "one alternative without a kind": (with_mark(when=[{"kind": "outage"}, {"wait_s": 3}]), "when.kind"),
    "a kind that is compared": (with_mark(when={"kind": "!= outage"}), "when.kind"),
    "an unknown column": (with_mark(when={"kind": "outage", "wait": "> 9"}), "when.wait.*did you mean wait_s"),
    "a time compared": (with_mark(when={"kind": "outage", "occurred_at": "> 9"}), "when.occurred_at.*cannot be"),
    "raw properties compared": (with_mark(when={"kind": "outage", "properties": "x"}), "when.properties.*cannot be"),
    "a comparison with no number": (with_mark(when={"kind": "outage", "wait_s": "> long"}), "when.*wait_s.*long"),
    "a number compared with a text": (with_mark(when={"kind": "outage", "wait_s": "long"}), "when.wait_s.*text"),
    "a mark on a survey": (with_mark(when={"kind": "survey.answered"}), "when.kind.*measurement"),
    "a mark on a rating's comment": (with_mark(when={"kind": ["outage", "feedback.given"]}), "when.kind.*measurement"),
    "severity is a number": (with_mark(severity=2), "long_wait: severity.*of ="),
    "an unknown key of severity": (shaped(strat=3), "severity.strat.*did you mean start"),
    "severity of nothing": (shaped(of=None), "severity.of.*missing"),
    "severity of a text": (shaped(of="channel"), "severity.of.*'channel'"),
    "severity of an unknown column": (shaped(of="waits"), "severity.of.*did you mean wait_s"),
    "severity without per": (shaped(per=None), "severity.per.*missing"),
    "severity per nothing": (shaped(per=0), "severity.per.*greater than 0"),
    "severity without a cap": (shaped(cap=None), "severity.cap.*missing"),
    "severity capped at nothing": (shaped(cap=0), "severity.cap.*greater than 0"),
    "severity starting above its cap": (shaped(start=9), "severity.start.*above the cap 8"),
    "severity starting below zero": (shaped(start=-1), "severity.start.*at least 0"),
    "an unknown owner": (with_mark(owner="logistic"), "long_wait: owner.*did you mean logistics"),
    "an unknown cause": (with_mark(cause="staff"), "long_wait: cause.*did you mean staffing"),
    "agent_controllable is a text": (with_mark(agent_controllable="no"), "agent_controllable.*'no'"),
    "no sentence": (with_mark(says=None), "long_wait: says.*missing"),
    "a sentence without a language": (with_mark(says="waited"), "long_wait: says.*language"),
    "no English": (with_mark(says={"de": "wartete"}), "long_wait: says.en.*missing"),
    "an unknown language": (with_mark(says={"en": "waited", "fr": "attendait"}), "says.fr"),
    "an empty sentence": (with_mark(says={"en": ""}), "says.en.*write a text"),
    "a slot of an unknown column": (with_mark(says={"en": "{wait:duration}"}), "says.en.*no column 'wait'"),
    "a slot of an unknown format": (with_mark(says={"en": "{wait_s:hours}"}), "says.en.*no format 'hours'"),
    "a number without a format": (with_mark(says={"en": "{wait_s}"}), "says.en.*takes duration"),
    "a format that does not fit": (with_mark(says={"en": "{channel:money}"}), "says.en.*money cannot show channel"),
    "a slot into Python": (with_mark(says={"en": "{channel.__class__}"}), "says.en.*no column"),
    "a lone brace": (with_mark(says={"de": "a } b", "en": "a"}), "says.de.*lone }"),
    "an empty source": (with_mark(source=""), "long_wait: source"),
}
LATER: dict[str, dict[str, Any]] = {
    "follows": {"follows": {"kinds": ["issue.resolved"], "within_days": 7, "same": "issue"}},
    "first": {"first": {"kinds": ["outage"], "same": "issue"}},
    "not_first": {"not_first": {"kinds": ["outage"], "same": "issue"}},
    "unanswered": {"unanswered": {"by": ["message.sent"], "within_hours": 24}},
    "again": {"again": {"mark": "long_wait", "within_days": 90, "same": "customer"}},
    "recovers": {"recovers": {"share": 0.7}},
    "about": {"owner": "about"},
    "promiser": {"owner": "promiser"},
}


@pytest.mark.parametrize(("text", "says"), BROKEN.values(), ids=BROKEN)
def test_a_wrong_catalogue_is_refused_with_its_place_and_what_to_do(text: str, says: str) -> None:
    with pytest.raises(CatalogueError) as refused:
        load(text, file="ours.toml")
    message = str(refused.value)
    assert re.search(says, message, re.DOTALL), message
    assert refused.value.asked.startswith("read ours.toml")
    assert refused.value.found
    assert refused.value.do


@pytest.mark.parametrize("word", LATER)
def test_a_rule_about_order_and_time_is_refused_by_name(word: str) -> None:
    with pytest.raises(NotYet, match=f"long_wait: .*{word}|{word}, which comes") as refused:
        load(with_mark(**LATER[word]), file="ours.toml")
    assert "next release" in str(refused.value) or "about order and time" in str(refused.value)


def test_a_cap_over_an_issue_is_refused_by_name() -> None:
    with pytest.raises(NotYet, match="issue_cap"):
        load(own(issue_cap=1.8), file="ours.toml")


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


def test_no_two_marks_of_the_shipped_catalogue_strike_one_touchpoint_twice() -> None:
    by_kind: dict[str, list[str]] = {}
    for mark in default().marks:
        for kind in mark.kinds:
            by_kind.setdefault(kind, []).append(mark.name)
    shared = {kind: names for kind, names in by_kind.items() if len(names) > 1}
    # early or late: never both
    assert shared == {
        "delivery.arrived": ["delivered_on_time", "delivered_late"],
        "service.visit": ["visit_on_time", "visit_late"],
    }


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
}


def test_the_shipped_numbers_are_those_of_the_model() -> None:
    found: Catalogue = default()
    assert (found.kappa, found.index_sd, found.least) == (8.0, 0.6, 0.2)
    assert {m.name: (m.weight, m.salience, found.classes[m.class_]) for m in found.marks} == GIVEN


def test_the_longest_wait_the_latest_parcel_and_the_worst_outage_cost_what_the_model_allows() -> None:
    found = default()
    costs = {
        name: found[name].weight * shape.cap
        for name in ("long_wait", "delivered_late", "outage")
        if (shape := found[name].severity)
    }
    assert costs == pytest.approx({"long_wait": -0.40, "delivered_late": -2.0, "outage": -0.80})
