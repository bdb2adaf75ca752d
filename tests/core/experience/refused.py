"""A small catalogue to change, and every way to write a wrong one, with what must be said of it."""

from __future__ import annotations

import math
from typing import Any

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
FOLLOWS: dict[str, Any] = {"kinds": ["issue.resolved"], "within_days": 7, "same": "issue"}
QUIET: dict[str, Any] = {"after": "gesture.made", "by": ["contact.answered"], "days": 14}
RECOVERED: dict[str, Any] = {
    "name": "recovered",
    "when": {"kind": "recovery.confirmed"},
    "recovers": {"share": 0.7},
    "says": {"en": "we made it good"},
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


def beside(*others: dict[str, Any], **changes: object) -> str:
    """Return a small catalogue with other marks behind its one mark, of which keys are changed."""
    mark = {key: value for key, value in {**WAIT, **changes}.items() if value is not None}
    return own(mark=[mark, *others])


def other(**changes: object) -> dict[str, Any]:
    """Return a second mark, called other."""
    return {key: value for key, value in {**WAIT, "name": "other", **changes}.items() if value is not None}


def following(**changes: object) -> str:
    form = {**FOLLOWS, **changes}
    return with_mark(follows={key: value for key, value in form.items() if value is not None})


def after_a_strike(**changes: object) -> dict[str, Any]:
    """Return the changes that make a mark one about whatever has left a strike."""
    return {"when": "strike", "follows": FOLLOWS, "severity": None, **changes}


def recovering(**changes: object) -> str:
    return own(mark=[{key: value for key, value in {**RECOVERED, **changes}.items() if value is not None}])


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
    "a name of ours": (with_mark(name="recovered"), "recovered: name.*without recovers.*another name"),
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
    "when is a text": (with_mark(when="contact.answered"), "long_wait: when.*'contact.answered'.*kind = "),
    "strike in a list": (with_mark(when=["strike"]), "long_wait: when.*'strike'.*when = \"strike\" alone"),
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
AGAIN: dict[str, Any] = {"mark": "other", "within_days": 90, "same": "customer"}
UNANSWERED: dict[str, Any] = {"by": ["message.sent"], "within_hours": 24}
# rules about order and time: as above
BROKEN |= {
    "two forms": (
        with_mark(follows=FOLLOWS, first={"kinds": "outage", "same": "issue"}),
        "long_wait: first.*beside follows.*two marks",
    ),
    "a form that is a number": (with_mark(follows=3), "long_wait: follows.*3.*write follows = { kinds"),
    "an unknown key of a form": (following(kind="outage"), "follows.kind.*follows has no key kind.*mean kinds"),
    "days of an answer": (
        with_mark(unanswered={"by": "message.sent", "within_days": 1}),
        "unanswered.within_days.*did you mean within_hours",
    ),
    "follows nothing": (following(kinds=None), "follows.kinds.*missing.*add kinds = … to follows"),
    "follows an empty list": (following(kinds=[]), r'follows.kinds.*an empty list.*write kinds = "…", or several'),
    "follows a number": (following(kinds=3), 'follows.kinds.*3.*write a text: kinds = "…"'),
    "no same": (following(same=None), "follows.same.*missing.*add same"),
    "a wrong same": (following(same="order"), "follows.same.*'order'.*contact, customer, issue"),
    "other than an issue": (following(other="issue"), "follows.other.*'issue'.*other = \"contact\".*leave it out"),
    "other is true": (following(other=True), 'follows.other.*True.*other = "contact"'),
    "if_any is a text": (following(if_any="yes"), "follows.if_any.*'yes'.*if_any = true or if_any = false"),
    "days below zero": (following(within_days=-1), "follows.within_days.*-1.*at least 0"),
    "more than a hundred years": (following(within_days=4e4), "follows.within_days.*40000.*at most 36525"),
    "hours that are missing": (with_mark(unanswered={"by": "message.sent"}), "unanswered.within_hours.*missing"),
    "follows a survey": (following(kinds=["survey.answered"]), "follows.kinds.*survey.answered.*measurement.*look for"),
    "first to a survey": (with_mark(first={"kinds": "rating.given", "same": "issue"}), "first.kinds.*measurement"),
    "answered by feedback": (
        with_mark(unanswered={"by": ["message.sent", "feedback.given"], "within_hours": 1}),
        "unanswered.by.*feedback.given.*measurement",
    ),
    "a survey breaks the silence": (
        recovering(recovers={"share": 0.7, "quiet": {**QUIET, "by": "survey.answered"}}),
        "recovers.quiet.by.*survey.answered.*measurement",
    ),
    "any strike": (
        with_mark(**after_a_strike(follows=None)),
        'when.*"strike" without follows.*what the strike follows',
    ),
    "any strike, first": (
        with_mark(**after_a_strike(follows=None), first={"kinds": "outage", "same": "issue"}),
        'when.*"strike" without follows',
    ),
    "a strike that may follow nothing": (
        with_mark(**after_a_strike(follows={**FOLLOWS, "if_any": True})),
        "follows.if_any.*take if_any out",
    ),
    "a strike with a severity": (with_mark(when="strike", follows=FOLLOWS), "severity.*take severity out"),
    "a strike with unless": (beside(other(), **after_a_strike(unless="other")), "unless.*take unless out"),
    "a strike that is promised": (with_mark(**after_a_strike(owner="promiser")), 'owner.*"strike": no promise'),
    "about nothing": (with_mark(owner="about"), "owner.*points at no earlier.*follows or again"),
    "about what was first": (
        with_mark(owner="about", first={"kinds": "outage", "same": "issue"}),
        "owner.*points at no earlier",
    ),
    "a recovery about nothing": (recovering(owner="about"), 'owner.*points at no earlier.*write owner = "touchpoint"'),
    "promised by nobody": (with_mark(owner="promiser"), "owner.*contact.answered: no promise.*promise.…"),
    "promised in part": (
        with_mark(owner="promiser", when={"kind": ["promise.kept", "outage"]}, severity=None),
        "owner.*of outage: no promise",
    ),
    "once an issue": (with_mark(once="issue"), "once.*'issue'.*about, contact"),
    "once about nothing": (with_mark(once="about"), 'once.*points at no earlier.*once = "contact"'),
    "unless an unknown mark": (beside(other(), unless="othr"), "unless.*'othr', which is no mark.*did you mean other"),
    "unless nothing": (with_mark(unless=[]), "unless.*an empty list"),
    "unless itself": (with_mark(unless="long_wait"), "unless.*the mark itself.*another mark"),
    "unless a rule about marks": (
        beside(other(again={**AGAIN, "mark": "long_wait"}), unless="other"),
        r"unless.*other, whose own rule looks at other marks \(again\).*without again",
    ),
    "unless a rule about strikes": (
        beside(other(**after_a_strike()), unless="other"),
        r'unless.*looks at other marks \(when = "strike"\)',
    ),
    "unless a rule with unless": (
        beside(other(unless="third"), other(name="third"), unless=["third", "other"]),
        "unless.*other, which has an unless of its own.*unless of other out",
    ),
    "unless what is known later": (
        beside(other(unanswered=UNANSWERED), unless="other"),
        "unless.*other, which is known only when its within_hours are over.*known at once",
    ),
    "unless what is known still later": (
        beside(other(unanswered=UNANSWERED), unless="other", unanswered={**UNANSWERED, "within_hours": 23}),
        "unless.*known only when",
    ),
    "unless a recovery": (beside(RECOVERED, unless="recovered"), "unless.*recovered, which takes strikes back"),
    "again an unknown mark": (
        beside(other(), again={**AGAIN, "mark": ["other", "thrid"]}),
        "again.mark.*'thrid', which is no mark",
    ),
    "again itself": (with_mark(again={**AGAIN, "mark": "long_wait"}), "again.mark.*the mark itself.*the first time"),
    "again and again": (
        beside(other(again={**AGAIN, "mark": "third"}), other(name="third"), again=AGAIN),
        r"again.mark.*other, whose own rule looks at other marks \(again\)",
    ),
    "again without days": (beside(other(), again={"mark": "other", "same": "issue"}), "again.within_days.*missing"),
    "a recovery of another name": (
        with_mark(recovers={"share": 0.7}),
        'long_wait: recovers.*called long_wait.*write name = "recovered"',
    ),
    **{
        f"a recovery with {key}": (recovering(**{key: value}), f"recovered: {key}.*beside recovers.*take {key} out")
        for key, value in {
            "class": "passing",
            "weight": -0.1,
            "salience": 0.5,
            "severity": WAIT["severity"],
            "once": "contact",
            "unless": "long_wait",
        }.items()
    },
    "a recovery of any strike": (recovering(when="strike"), 'when.*"strike", beside recovers.*recovery.confirmed'),
    "a recovery of nothing": (recovering(recovers={}), "recovers.share.*missing.*add share = … to recovers"),
    "a share of nothing": (recovering(recovers={"share": 0}), "recovers.share.*greater than 0"),
    "a share of more than all": (recovering(recovers={"share": 1.5}), "recovers.share.*1.5.*at most 1"),
    "quiet is a number": (recovering(recovers={"share": 0.7, "quiet": 3}), "recovers.quiet.*write quiet = { after"),
    "quiet for no time": (
        recovering(recovers={"share": 0.7, "quiet": {**QUIET, "days": 0}}),
        "recovers.quiet.days.*found: 0.*without a word",
    ),
    "an unknown key of quiet": (
        recovering(recovers={"share": 0.7, "quiet": {**QUIET, "day": 3}}),
        "recovers.quiet.day.*did you mean days",
    ),
    "a cap below zero": (own(issue_cap=-1), "issue_cap.*-1.*at least 0, or inf"),
    "a cap that is a text": (own(issue_cap="none"), "issue_cap.*'none'.*or inf"),
    "off what another rule names": (
        extending("[[mark]]", 'name = "came_back"', "off = true"),
        "over the shipped catalogue, mark repeat_contact: unless.*came_back.*switched off.*repeat_contact off as well",
    ),
    "off what another rule is about": (
        extending("[[mark]]", 'name = "product_fault"', "off = true"),
        "mark product_fault_again: again.mark.*product_fault, which is switched off",
    ),
}
