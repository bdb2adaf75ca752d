"""A rule of the catalogue: which touchpoint leaves a mark, how heavy, whose, and how it is told."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from collage.conditions import Condition, Test
from collage.conditions import parse as parse_condition
from collage.errors import CatalogueError, ConditionError
from collage.experience.entries import Place, flag, near, number, one_of, required, text
from collage.experience.forms import FORMS, Again, First, Follows, Form, Recovers, Unanswered, form, names
from collage.experience.sentences import LANGUAGES, Sentence, SlotError
from collage.experience.sentences import parse as parse_sentence
from collage.tables import CONTRACTS

__all__ = ["CAUSES", "Mark", "Shape", "rule"]

CAUSES = ("agent", "partner", "policy", "process", "product", "routing", "staffing")

_TYPES = {column.name: column.type for column in CONTRACTS["touchpoints"].columns}
_NUMBERS = tuple(name for name, type_ in _TYPES.items() if type_ in {"double", "int64"})
_ASKED = tuple(name for name, type_ in _TYPES.items() if type_ != "timestamp" and name != "properties")

_KEYS = (
    *("name", "class", "weight", "salience", "when", "severity", "owner", "cause", "agent_controllable", "says"),
    *("source", "once", "unless", *FORMS),
)
# what a rule that only takes strikes back has no use for
_OF_THE_STRIKE = ("class", "weight", "salience", "severity")
_OF_MARKS = ("once", "unless")
_ONCE = ("about", "contact")
# what does not go with when = "strike", and what to do instead
_NOT_OF_A_STRIKE = {
    "severity": "take severity out: that of the touchpoint counts which left the strike",
    "unless": 'take unless out, or say which kinds are meant instead of "strike"',
}
_OWNERS = ("touchpoint", "about", "promiser")
_RECOVERED, _STRIKE = "recovered", "strike"
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
    below zero, a credit above. `class_` names the half-life. A rule that `recovers` has neither (0 and empty):
    it weighs as the strike that it takes back. `when` None stands for whatever has left a strike. `severity`
    None means that the touchpoint's own counts (not known: 1). `form` None means that the rule looks at its
    own touchpoint alone. `owner` is a department, or one of ``touchpoint``, ``about``, ``promiser``, and
    `owner_named` says which. `cause` None means that none is known. `once` is empty, ``contact`` or ``about``.
    """

    name: str
    class_: str
    weight: float
    salience: float
    when: Condition | None
    severity: Shape | None
    form: Form | None
    once: str
    unless: tuple[str, ...]
    owner: str
    owner_named: bool
    cause: str | None
    agent_controllable: bool
    says: Mapping[str, Sentence] = field(hash=False)
    source: str

    @property
    def kinds(self) -> tuple[str, ...]:
        """Return the kinds of touchpoint that may leave this mark, each once; none for what strikes leave."""
        alternatives = () if self.when is None else self.when.alternatives
        return tuple(dict.fromkeys(kind for tests in alternatives for kind in _kinds(tests)))

    @property
    def sought(self) -> tuple[str, ...]:
        """Return the kinds of touchpoint that the rule looks for beside its own, each once."""
        return tuple(dict.fromkeys(kind for kinds in _sought_by_key(self.form).values() for kind in kinds))

    @property
    def later(self) -> bool:
        """Return whether the rule looks at marks of other rules (`again`, ``when = "strike"``)."""
        return self.when is None or isinstance(self.form, Again)

    @property
    def recovers(self) -> bool:
        """Return whether the rule takes strikes back and leaves no mark of its own."""
        return isinstance(self.form, Recovers)

    def fits(self, kinds: AbstractSet[str]) -> bool:
        """Return whether the rule can leave a mark where there are touchpoints of these kinds alone."""
        if isinstance(self.form, Recovers):
            quiet = self.form.quiet
            return not kinds.isdisjoint(self.kinds) or (quiet is not None and not kinds.isdisjoint(quiet.after))
        seeks = (isinstance(self.form, Follows) and not self.form.if_any) or (
            isinstance(self.form, First) and not self.form.is_first
        )
        own = self.when is None or not kinds.isdisjoint(self.kinds)
        return own and not (seeks and kinds.isdisjoint(self.sought))

    def simpler(self, kinds: AbstractSet[str]) -> Mark:
        """Return the rule without a form that finds nothing among touchpoints of these kinds, and needs nothing."""
        idle = isinstance(self.form, Follows) and self.form.if_any and kinds.isdisjoint(self.sought)
        return replace(self, form=None) if idle else self

    @property
    def needs(self) -> Condition | None:
        """Return what must hold beside the kind; None where nothing must."""
        if self.when is None:
            return None
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
        When a key is wrong; the message names the mark, the key, what was found and what to do. What one rule
        says of another (`again.mark`, `unless`) is checked by the catalogue.
    """
    _check_keys(spec, place)
    shaped = form(spec, place)
    recovers = isinstance(shaped, Recovers)
    _check_recovers(spec, place, recovers=recovers)
    when = _when(spec, place)
    if when is None:
        _check_strike(spec, place, shaped)
    owner = _owner(spec, place, owners)
    mark = Mark(
        name=place.mark,
        class_="" if recovers else one_of(spec, "class", place, classes),
        weight=0.0 if recovers else _weight(spec, place),
        salience=number(spec, "salience", place, default=1.0, above=0.0, most=1.0),
        when=when,
        severity=_shape(spec, place),
        form=shaped,
        once=one_of(spec, "once", place, _ONCE) if "once" in spec else "",
        unless=names(spec, "unless", place) if "unless" in spec else (),
        owner=owners.get(owner, owner),
        owner_named=owner not in _OWNERS,
        cause=one_of(spec, "cause", place, CAUSES) if "cause" in spec else None,
        agent_controllable=flag(spec, "agent_controllable", place),
        says=_says(spec, place),
        source=text(spec, "source", place) if "source" in spec else "assumption",
    )
    _check_together(mark, place)
    return mark


def _check_keys(spec: Mapping[str, object], place: Place) -> None:
    for key in spec:
        if key not in _KEYS:
            raise place.wrong(key, "no key of a mark", near(key, _KEYS))
    if not _NAME.fullmatch(place.mark):
        raise place.wrong("name", f"{place.mark!r}", "lower-case letters, digits and _, a letter first")


def _check_strike(spec: Mapping[str, object], place: Place, shaped: Form | None) -> None:
    """Check the rule about whatever has left a strike: what it must have, and what only its touchpoint has."""
    if not isinstance(shaped, Follows):
        do = 'say what the strike follows: follows = { kinds = "gesture.made", same = "issue" }'
        raise place.wrong("when", '"strike" without follows', do)
    if shaped.if_any:
        do = 'take if_any out: when = "strike" is about strikes that do follow something'
        raise place.wrong("follows.if_any", 'true, beside when = "strike"', do)
    for key, do in _NOT_OF_A_STRIKE.items():
        if key in spec:
            raise place.wrong(key, f'{spec[key]!r}, beside when = "strike"', do)


def _check_recovers(spec: Mapping[str, object], place: Place, *, recovers: bool) -> None:
    if recovers and place.mark != _RECOVERED:
        do = f'write name = "{_RECOVERED}": what takes strikes back has this name'
        raise place.wrong("recovers", f"a mark called {place.mark}", do)
    if not recovers and place.mark == _RECOVERED:
        do = "write recovers = { share = 0.7 }, or choose another name"
        raise place.wrong("name", f"{_RECOVERED!r} without recovers", do)
    for key in (*_OF_THE_STRIKE, *_OF_MARKS) if recovers else ():
        if key in spec:
            why = "a strike is taken back with its own" if key in _OF_THE_STRIKE else "every strike is taken back, once"
            raise place.wrong(key, f"{spec[key]!r}, beside recovers", f"take {key} out: {why}")
    if recovers and spec.get("when") == _STRIKE:
        do = 'say which touchpoints make good: when = { kind = "recovery.confirmed" }'
        raise place.wrong("when", '"strike", beside recovers', do)


def _check_together(mark: Mark, place: Place) -> None:
    """Check keys that only make sense with others."""
    for key, kinds in _sought_by_key(mark.form).items():
        for kind in kinds:
            _check_kind(kind, place, key=key, do="look for what happened to the customer, such as complaint.filed")
    pointing = isinstance(mark.form, Follows | Again)
    if mark.owner == "about" and not mark.owner_named and not pointing:
        do = 'write owner = "touchpoint" or a key of [owners]'
        do = do if mark.recovers else f"give the rule follows or again, or {do}"
        raise place.wrong("owner", '"about", in a rule that points at no earlier touchpoint', do)
    if mark.once == "about" and not pointing:
        do = 'give the rule follows or again, or write once = "contact"'
        raise place.wrong("once", '"about", in a rule that points at no earlier touchpoint', do)
    if mark.owner == "promiser" and not mark.owner_named:
        others = ['"strike"'] if mark.when is None else [k for k in mark.kinds if not k.startswith("promise.")]
        if others:
            do = 'ask for kinds promise.… alone, or write owner = "touchpoint" or a key of [owners]'
            raise place.wrong("owner", f'"promiser", of {", ".join(others)}: no promise', do)


def _sought_by_key(shaped: Form | None) -> dict[str, tuple[str, ...]]:
    """Return the kinds that a form looks for, by the key they stand under."""
    if isinstance(shaped, Follows):
        return {"follows.kinds": shaped.kinds}
    if isinstance(shaped, First):
        return {f"{'first' if shaped.is_first else 'not_first'}.kinds": shaped.kinds}
    if isinstance(shaped, Unanswered):
        return {"unanswered.by": shaped.by}
    if isinstance(shaped, Recovers) and shaped.quiet is not None:
        return {"recovers.quiet.after": shaped.quiet.after, "recovers.quiet.by": shaped.quiet.by}
    return {}


def _kinds(tests: tuple[Test, ...]) -> tuple[str, ...]:
    """Return the kinds that one alternative of a condition is limited to; none where it is not limited."""
    for test in tests:
        if test.column == "kind" and test.op == "in" and isinstance(test.value, tuple):
            return tuple(kind for kind in test.value if isinstance(kind, str))
    return ()


def _when(spec: Mapping[str, object], place: Place) -> Condition | None:
    value = spec.get("when")
    if value == _STRIKE:
        return None
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, str):
            do = f'write a table such as {{ kind = "contact.answered", wait_s = "> 90" }}, or when = "{_STRIKE}" alone'
            raise place.wrong("when", f"{each!r}", do)
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


def _check_kind(kind: str, place: Place, *, key: str = "when.kind", do: str = "") -> None:
    if kind == "feedback.given" or kind.split(".", maxsplit=1)[0] in {"survey", "rating"}:
        found = f"{kind}: what is said with a rating is a measurement of the experience, never a part of it"
        raise place.wrong(key, found, do or "mark what happened to the customer instead, or complaint.filed")


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


def _owner(spec: Mapping[str, object], place: Place, owners: Mapping[str, str]) -> str:
    """Return the word of ours, or the key of [owners], that says whose the mark is."""
    owner = text(spec, "owner", place) if "owner" in spec else "touchpoint"
    if owner not in _OWNERS and owner not in owners:
        do = f"{near(owner, [*_OWNERS, *owners])}, or add it under [owners]"
        raise place.wrong("owner", f"{owner!r}, which [owners] does not have", do)
    return owner


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
