"""A rule of the catalogue: which touchpoint leaves a mark, how heavy, whose, and how it is told."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from collage.conditions import Condition, Test
from collage.conditions import parse as parse_condition
from collage.errors import CatalogueError, ConditionError
from collage.experience.entries import Place, flag, near, number, one_of, required, text
from collage.experience.sentences import LANGUAGES, Sentence, SlotError
from collage.experience.sentences import parse as parse_sentence
from collage.tables import CONTRACTS

__all__ = ["CAUSES", "Mark", "Shape", "rule"]

CAUSES = ("agent", "partner", "policy", "process", "product", "routing", "staffing")

_TYPES = {column.name: column.type for column in CONTRACTS["touchpoints"].columns}
_NUMBERS = tuple(name for name, type_ in _TYPES.items() if type_ in {"double", "int64"})
_ASKED = tuple(name for name, type_ in _TYPES.items() if type_ != "timestamp" and name != "properties")

_KEYS = (
    *(
        "name",
        "class",
        "weight",
        "salience",
        "when",
        "severity",
        "owner",
        "cause",
        "agent_controllable",
        "says",
    ),
    "source",
)
# Rules about order and time, known by name so that a catalogue which uses them is never scored as if it did
# not.
_LATER = ("follows", "first", "not_first", "unanswered", "again", "recovers")
_LATER_OWNERS = ("about", "promiser")
_DERIVED = ("recovered",)
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_WIDEST = 4.0  # between the ends of a scale from 1 to 5


@dataclass(frozen=True, slots=True)
class Shape:
    """How severity follows from a column: min(cap, start + (value - above)/per).

    A value that is not known counts as `above`: that it happened is known, so it is no less than the mildest
    case.
    """

    of: str
    above: float
    per: float
    start: float
    cap: float


@dataclass(frozen=True, slots=True)
class Mark:
    """What a kind of touchpoint leaves behind.

    `weight` is in points of expected satisfaction (1 to 5) for a customer with no other memory; a strike is
    below zero, a credit above. `class_` names the half-life. `severity` None means that the touchpoint's own
    counts (not known: 1). `owner` None means the department of the touchpoint. `cause` None means that none
    is known.
    """

    name: str
    class_: str
    weight: float
    salience: float
    when: Condition
    severity: Shape | None
    owner: str | None
    cause: str | None
    agent_controllable: bool
    says: Mapping[str, Sentence] = field(hash=False)
    source: str

    @property
    def kinds(self) -> tuple[str, ...]:
        """Return the kinds of touchpoint that may leave this mark, each once."""
        found = [kind for tests in self.when.alternatives for kind in _kinds(tests)]
        return tuple(dict.fromkeys(found))

    @property
    def needs(self) -> Condition | None:
        """Return what must hold beside the kind; None where nothing must."""
        if len(self.when.alternatives) > 1:
            return self.when
        rest = tuple(test for test in self.when.alternatives[0] if test.column != "kind")
        return Condition((rest,)) if rest else None


def rule(spec: Mapping[str, object], place: Place, *, classes: Collection[str], owners: Mapping[str, str]) -> Mark:
    """Return the mark that one [[mark]] section spells.

    Parameters
    ----------
    spec
        The section as TOML gives it; `name` is known to be a text.
    place
        Where it stands.
    classes, owners
        What the catalogue declares.

    Raises
    ------
    CatalogueError
        When a key is wrong; the message names the mark, the key, what was found and what to do.
    NotYet
        When a key or an owner belongs to the rules about order and time.
    """
    _check_keys(spec, place)
    return Mark(
        name=place.mark,
        class_=one_of(spec, "class", place, classes),
        weight=_weight(spec, place),
        salience=number(spec, "salience", place, default=1.0, above=0.0, most=1.0),
        when=_when(spec, place),
        severity=_shape(spec, place),
        owner=_owner(spec, place, owners),
        cause=one_of(spec, "cause", place, CAUSES) if "cause" in spec else None,
        agent_controllable=flag(spec, "agent_controllable", place),
        says=_says(spec, place),
        source=text(spec, "source", place) if "source" in spec else "assumption",
    )


def _check_keys(spec: Mapping[str, object], place: Place) -> None:
    for key in spec:
        if key in _LATER:
            do = "take the mark out for now, or switch it off (off = true)"
            raise place.later(key, "a rule about order and time, which comes with the next release", do)
        if key not in _KEYS:
            raise place.wrong(key, "no key of a mark", near(key, _KEYS))
    if not _NAME.fullmatch(place.mark):
        raise place.wrong("name", f"{place.mark!r}", "lower-case letters, digits and _, a letter first")
    if place.mark in _DERIVED:
        raise place.wrong("name", f"{place.mark!r}, which is derived by ourselves", "choose another name")


def _kinds(tests: tuple[Test, ...]) -> tuple[str, ...]:
    """Return the kinds that one alternative of a condition is limited to; none where it is not limited."""
    for test in tests:
        if test.column == "kind" and test.op == "in" and isinstance(test.value, tuple):
            return tuple(kind for kind in test.value if isinstance(kind, str))
    return ()


def _when(spec: Mapping[str, object], place: Place) -> Condition:
    try:
        condition = parse_condition(required(spec, "when", place), where=place.asked("when"))
    except ConditionError as error:
        raise CatalogueError(error.asked, error.found, error.do) from None
    for tests in condition.alternatives:
        if not _kinds(tests):
            do = 'say which touchpoints are meant: kind = "contact.answered", or a list of kinds'
            raise place.wrong("when.kind", "no kind, or a comparison of kinds", do)
        for test in tests:
            _check_test(test, place)
    return condition


def _check_test(test: Test, place: Place) -> None:
    key = f"when.{test.column}"
    if test.column not in _TYPES:
        raise place.wrong(key, "touchpoints have no such column", near(test.column, _ASKED))
    if test.column not in _ASKED:
        raise place.wrong(key, f"{test.column} cannot be compared here", f"ask about one of {', '.join(_ASKED)}")
    values = test.value if isinstance(test.value, tuple) else (test.value,)
    if test.column in _NUMBERS and any(isinstance(value, str | bool) for value in values):
        found = f"{test.column} is a number and is compared with a text"
        raise place.wrong(key, found, f'write {test.column} = "> 90", = 90, "is null" or "is not null"')
    if test.column == "kind":
        for value in values:
            _check_kind(str(value), place)


def _check_kind(kind: str, place: Place) -> None:
    if kind == "feedback.given" or kind.split(".", maxsplit=1)[0] in {"survey", "rating"}:
        found = f"{kind}: what is said with a rating is a measurement of the experience, never a part of it"
        raise place.wrong("when.kind", found, "mark what happened to the customer instead, or complaint.filed")


def _weight(spec: Mapping[str, object], place: Place) -> float:
    weight = number(spec, "weight", place, least=-_WIDEST, most=_WIDEST)
    if weight == 0:
        do = "below zero for a strike, above for a credit; for no such mark leave it out, or say off = true"
        raise place.wrong("weight", "0", do)
    return weight


def _shape(spec: Mapping[str, object], place: Place) -> Shape | None:
    if "severity" not in spec:
        return None
    value = spec["severity"]
    if not isinstance(value, Mapping):
        do = 'write severity = { of = "wait_s", above = 90, per = 60, start = 0, cap = 8 }, or leave it out'
        raise place.wrong("severity", f"{value!r}", do)
    for key in value:
        if key not in Shape.__slots__:
            raise place.wrong(f"severity.{key}", "no key of a severity", near(key, Shape.__slots__))
    of = text({"severity.of": value["of"]} if "of" in value else {}, "severity.of", place)
    if of not in _NUMBERS:
        raise place.wrong("severity.of", f"{of!r}, which is no number of a touchpoint", near(of, _NUMBERS))
    named = {f"severity.{key}": bound for key, bound in value.items()}
    above = number(named, "severity.above", place, default=0.0)
    per = number(named, "severity.per", place, above=0.0)
    start = number(named, "severity.start", place, default=0.0, least=0.0)
    cap = number(named, "severity.cap", place, above=0.0)
    if start > cap:
        raise place.wrong("severity.start", f"{start:g}, above the cap {cap:g}", "start at the cap or below it")
    return Shape(of, above, per, start, cap)


def _owner(spec: Mapping[str, object], place: Place, owners: Mapping[str, str]) -> str | None:
    owner = text(spec, "owner", place) if "owner" in spec else "touchpoint"
    if owner in _LATER_OWNERS:
        do = 'write owner = "touchpoint" for now: the department that the touchpoint names'
        raise place.later("owner", f"{owner}, which comes with the rules about order and time", do)
    if owner != "touchpoint" and owner not in owners:
        do = f"{near(owner, ['touchpoint', *owners])}, or add it under [owners]"
        raise place.wrong("owner", f"{owner!r}, which [owners] does not have", do)
    return owners.get(owner)


def _says(spec: Mapping[str, object], place: Place) -> Mapping[str, Sentence]:
    value = required(spec, "says", place)
    if not isinstance(value, Mapping):
        raise place.wrong("says", f"{value!r}", 'one text a language: says = { en = "…", de = "…" }')
    for language in value:
        if language not in LANGUAGES:
            raise place.wrong(f"says.{language}", "no language of ours", near(language, LANGUAGES))
    sentences = {}
    for language in ("en", *(known for known in LANGUAGES if known in value and known != "en")):
        key = f"says.{language}"
        named = {key: value[language]} if language in value else {}
        try:
            sentences[language] = parse_sentence(text(named, key, place))
        except SlotError as error:
            raise place.wrong(key, str(error), "correct the slot, or write {{ for a brace") from None
    return MappingProxyType(sentences)
