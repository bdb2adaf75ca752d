"""A mark in words: when it is left, how severe it is, whose it is, how it fades. English, but for what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from collage.conditions import Condition, Test
from collage.experience.catalogue import Catalogue
from collage.experience.forms import Again, First, Follows, Form, Recovers, Unanswered
from collage.experience.rule import Mark, Shape
from collage.experience.sentences import Sentence, Slot

__all__ = [
    "CONSTANTS",
    "FADING",
    "Words",
    "in_words",
    "owner_words",
    "rule_words",
    "severity_words",
    "template",
]

CONSTANTS: Mapping[str, str] = MappingProxyType(
    {
        "kappa": "neutral instances that every customer is supposed to bring along",
        "index_sd": "width of the scale from 0 to 100, in points of experience",
        "least": "a mark of smaller severity is not written",
        "issue_cap": "points that all strikes of one issue together may cost",
    }
)
FADING = "what is left after 0 days, 1 week, 1, 2, 3, 6 and 12 months: █ all, ▄ half, ▁ little or nothing"

# days after which it is said what is left of a mark; a month has 30
_AFTER = (0, 7, 30, 60, 90, 180, 365)
_BLOCKS = "▁▂▃▄▅▆▇█"
_STRIKE, _CREDIT, _BACK = "✕", "✓", "↺"
_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))
_SHORT = {"day": "day", "hour": "h", "minute": "min"}
_SAME = {"issue": "of the same issue", "contact": "in the same contact", "customer": "of the same customer"}
_COMPARED = {">": "more than", ">=": "at least", "<": "less than", "<=": "at most"}
_TEXTS = {"!=": "with a known {noun} other than {text}", "contains": "with “{text}” in its {noun}"}
_LATE = {
    ">": "later than promised",
    ">=": "not before the time promised",
    "<": "earlier than promised",
    "<=": "no later than promised",
}
_NOUNS = {"issue_id": "issue", "contact_id": "contact", "wait_s": "wait", "duration_s": "duration"}
_BEFORE = {"wait_s": "after a wait of", "duration_s": "lasting"}
_MEASURED = {
    "wait_s": "of waiting",
    "duration_s": "of duration",
    "late_s": "of delay",
    "amount": "of the amount, in the currency's smallest unit,",
    "severity": "of the severity that is claimed",
}
_OWNERS = {
    "touchpoint": "the department of the touchpoint",
    "about": "the department of the earlier touchpoint",
    "promiser": "who gave the promise",
}


@dataclass(frozen=True, slots=True)
class Words:
    """What there is to say of one mark.

    `sign` is ✕ for a strike, ✓ for a credit, ↺ for what takes strikes back. `says` is the sentence by language, with …
    where something of the touchpoint stands, `templates` the same with the slots as the catalogue has them. `half_life`
    (in days) and `curve` are those of its class, and `fading` is the share of it, 0 to 1, that is left after some days;
    all three are empty for what takes strikes back.
    """

    sign: str
    weight: str
    half_life: str
    curve: str
    fading: Mapping[int, float]
    says: Mapping[str, str]
    templates: Mapping[str, str]
    rule: str
    severity: str
    owner: str
    cause: str
    source: str


def in_words(mark: Mark, catalogue: Catalogue) -> Words:
    """Return a mark in words.

    Parameters
    ----------
    mark
        One of the catalogue's.
    catalogue
        Where it stands: says how long its class lasts.

    Returns
    -------
    Words
        For people; numbers are rounded to what can be read.
    """
    days = catalogue.classes.get(mark.class_)
    cause = mark.cause or "not said"
    return Words(
        sign=_BACK if mark.recovers else _STRIKE if mark.weight < 0 else _CREDIT,
        weight="as the strike's" if mark.recovers else _signed(mark.weight),
        half_life="" if days is None else _many(days, "day"),
        curve="" if days is None else _curve(days),
        fading={} if days is None else {after: _left(days, after) for after in _AFTER if after},
        says={language: _spoken(sentence) for language, sentence in mark.says.items()},
        templates={language: template(sentence) for language, sentence in mark.says.items()},
        rule=rule_words(mark),
        severity=severity_words(mark),
        owner=owner_words(mark),
        cause=f"{cause}, the agent's to change" if mark.agent_controllable else cause,
        source=mark.source,
    )


def template(sentence: Sentence) -> str:
    """Return a sentence as a catalogue spells it, with its slots."""
    return "".join(
        part.replace("{", "{{").replace("}", "}}") if isinstance(part, str) else _slot(part) for part in sentence.parts
    )


def rule_words(mark: Mark) -> str:
    """Return when a mark is left, in words.

    Parameters
    ----------
    mark
        Any.

    Returns
    -------
    str
        Such as ``when an issue.resolved has no earlier contact.answered of the same issue``.
    """
    once = {"contact": "; once a contact", "about": "; once for each earlier touchpoint"}.get(mark.once, "")
    return _of_form(mark, mark.form) + once + (f"; unless {_or(mark.unless)}" if mark.unless else "")


def severity_words(mark: Mark) -> str:
    """Return how severe a mark is, in words.

    Parameters
    ----------
    mark
        Any.

    Returns
    -------
    str
        Such as ``each minute of waiting beyond 90 s counts 1, at most 8``.
    """
    if isinstance(mark.form, Recovers):
        return f"that of the strike, −{_figure(mark.form.share)} times"
    if mark.severity is None:
        return "what the touchpoint's source claims, 1 where it claims nothing"
    shape = mark.severity
    each, beyond = _step(shape), f" beyond {_value(shape.of, shape.above)}" if shape.above else ""
    measured = f"{each} {_MEASURED[shape.of]}{beyond}"
    if shape.start == 0:
        return f"{measured} counts 1, at most {_figure(shape.cap)}"
    return f"{_figure(shape.start)}, and 1 more for {measured}, at most {_figure(shape.cap)}"


def owner_words(mark: Mark) -> str:
    """Return whose a mark is, in words: a department by its name, or how it is found.

    Parameters
    ----------
    mark
        Any.

    Returns
    -------
    str
        Such as ``the department of the touchpoint``.
    """
    if mark.owner_named:
        return mark.owner
    perhaps = mark.owner == "about" and isinstance(mark.form, Follows) and mark.form.if_any
    return _OWNERS[mark.owner] + (", or its own where there is none" if perhaps else "")


def _of_form(mark: Mark, form: Form | None) -> str:
    every = f"every {', or '.join(_touchpoints(mark.when))}"
    one = "any strike" if mark.when is None else ", or ".join(_a(each) for each in _touchpoints(mark.when))
    if isinstance(form, Follows) and form.if_any:
        return f"{every}; about the latest {_or(form.kinds)} {_before(form)} before it, where there is one"
    if isinstance(form, Follows):
        return f"when {one} follows {_a(_or(form.kinds))} {_before(form)}"
    if isinstance(form, First):
        earlier = f"{'no' if form.is_first else 'an'} earlier {_or(form.kinds)}"
        aside = ", its own contact aside" if form.other else ""
        return f"when {one} has {earlier} {_SAME[form.same]}{aside}"
    if isinstance(form, Unanswered):
        within = f"within {_span(form.within_us / 1e6)} after it"
        return f"when {one} has no {_or(form.by)} {_SAME[form.same]} {within}; left when that time is over"
    if isinstance(form, Again):
        within = f"within {_span(form.within_us / 1e6)}"
        return f"when {one} follows a mark {_or(form.marks)} {_SAME[form.same]} {within}"
    return _of_recovery(every, form) if isinstance(form, Recovers) else every


def _of_recovery(every: str, form: Recovers) -> str:
    whose = "of the same issue, or of the customer where it names no issue"
    words = f"{every} takes back {_figure(100 * form.share)} % of each earlier strike {whose}"
    if form.quiet is None:
        return words
    quiet = f"{_span(form.quiet.after_us / 1e6)} without {_a(_or(form.quiet.by))} of the same issue"
    return f"{words}; so do {quiet} after {_a(_or(form.quiet.after))}, its own contact aside"


def _before(form: Follows) -> str:
    within = "" if form.within_us is None else f" within {_span(form.within_us / 1e6)}"
    return f"{_SAME[form.same]}{within}{', not in the same contact' if form.other else ''}"


def _touchpoints(when: Condition | None) -> list[str]:
    """Return the touchpoints that a condition fits, one text an alternative, without an article."""
    told = []
    for tests in () if when is None else when.alternatives:
        kinds = next(test.value for test in tests if test.column == "kind")
        rest = [_asked(test) for test in tests if test.column != "kind"]
        listed = [str(kind) for kind in kinds] if isinstance(kinds, tuple) else [str(kinds)]
        told.append(" ".join([_or(listed), *([" and ".join(rest)] if rest else [])]))
    return told


def _asked(test: Test) -> str:
    """Return one entry of a condition in words that stand behind the touchpoint's kind."""
    column, noun = test.column, _NOUNS.get(test.column, test.column)
    if test.op in {"null", "not null"}:
        known = test.op == "not null"
        if column == "late_s":
            return f"with {'a' if known else 'no'} time promised"
        return f"{'with' if known else 'without'} a known {noun}"
    if isinstance(test.value, tuple):
        return f"{_BEFORE.get(column, f'with {noun}')} {_or([_value(column, value) for value in test.value])}"
    if test.op in _TEXTS:
        return _TEXTS[test.op].format(noun=noun, text=test.value)
    if column == "late_s" and test.value == 0:
        return _LATE[test.op]
    compared = f"{_COMPARED[test.op]} {_value(column, test.value)}"
    return (
        f"{compared} later than promised" if column == "late_s" else f"{_BEFORE.get(column, f'with {noun}')} {compared}"
    )


def _spoken(sentence: Sentence) -> str:
    return "".join(part if isinstance(part, str) else "…" for part in sentence.parts)


def _slot(slot: Slot) -> str:
    return f"{{{slot.column}:{slot.format}}}" if slot.format else f"{{{slot.column}}}"


def _left(half_life: float, days: float) -> float:
    return float(2.0 ** (-days / half_life))


def _curve(half_life: float) -> str:
    eighths = [max(1, round(8 * _left(half_life, days))) for days in _AFTER]
    return "".join(_BLOCKS[each - 1] for each in eighths)


def _step(shape: Shape) -> str:
    """Return what counts one more."""
    if not shape.of.endswith("_s"):
        return f"each {_figure(shape.per)}"
    return next((f"each {unit}" for size, unit in _UNITS if shape.per == size), f"each {_span(shape.per)}")


def _value(column: str, value: object) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _span(value) if column.endswith("_s") else _figure(value)
    return str(value)


def _span(seconds: float) -> str:
    """Return a length of time in the largest unit that it is a whole number of."""
    for size, unit in _UNITS:
        if seconds and seconds % size == 0:
            return _many(seconds / size, _SHORT[unit]) if unit == "day" else f"{_figure(seconds / size)} {_SHORT[unit]}"
    return f"{_figure(seconds)} s"


def _many(number: float, noun: str) -> str:
    return f"{_figure(number)} {noun}{'' if number == 1 else 's'}"


def _figure(number: float) -> str:
    """Return a number of at most four digits behind the point (a small one: four in all)."""
    small = 0 < abs(number) < 1e-3  # noqa: PLR2004  # the four digits would say nothing
    digits = f"{number:.4g}" if small else f"{number:,.4f}".rstrip("0").rstrip(".")
    return digits.replace("-", "−")


def _signed(weight: float) -> str:
    digits = f"{weight:+.2f}" if round(weight, 2) == weight else f"{weight:+.4g}"
    return digits.replace("-", "−")


def _or(words: Sequence[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]


def _a(words: str) -> str:
    """Return words with their article."""
    return f"{'an' if words[:1] in set('aeio') else 'a'} {words}"
