"""A catalogue beside another, and beside what happened: what is different, never asked for, never left."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from collage.experience.catalogue import Catalogue
from collage.experience.forms import Again, Recovers
from collage.experience.rule import Mark
from collage.experience.sentences import LANGUAGES
from collage.experience.words import CONSTANTS, owner_words, rule_words, severity_words, template

__all__ = ["Change", "Differences", "differences", "never_left", "not_asked_for"]

Value = str | float | bool | None


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is different: what, how it was, how it is; None where there is nothing."""

    field: str
    before: Value
    after: Value


@dataclass(frozen=True, slots=True)
class Differences:
    """What is different between two catalogues, the version left out.

    `constants` are named as in the file (``kappa``, ``classes.passing``, ``owners.logistics``); `changed` is by name of
    the mark.
    """

    constants: tuple[Change, ...]
    added: tuple[Mark, ...]
    removed: tuple[Mark, ...]
    changed: Mapping[str, tuple[Change, ...]]

    def __bool__(self) -> bool:
        """Return whether there is any difference."""
        return bool(self.constants or self.added or self.removed or self.changed)


def differences(before: Catalogue, after: Catalogue) -> Differences:
    """Return what is different between two catalogues.

    Parameters
    ----------
    before, after
        Any two.

    Returns
    -------
    Differences
        Marks in the order of their catalogue. A mark with a rule or severity of its own is told in words.
    """
    old, new = ({mark.name: mark for mark in each.marks} for each in (before, after))
    both = {name: _changes(_fields(old[name]), _fields(new[name])) for name in new if name in old}
    return Differences(
        constants=tuple(sorted(_changes(_constants(before), _constants(after)), key=_is_owner)),
        added=tuple(mark for name, mark in new.items() if name not in old),
        removed=tuple(mark for name, mark in old.items() if name not in new),
        changed={name: changes for name, changes in both.items() if changes},
    )


def not_asked_for(catalogue: Catalogue, kinds: Mapping[str, int]) -> dict[str, int]:
    """Return the kinds of touchpoint that no rule asks for.

    Parameters
    ----------
    catalogue
        Any.
    kinds
        Touchpoints of each kind.

    Returns
    -------
    dict
        Those of `kinds` that no rule is about or looks for, in the same order.
    """
    asked = {kind for mark in catalogue.marks for kind in (*mark.kinds, *mark.sought)}
    return {kind: count for kind, count in kinds.items() if kind not in asked}


def never_left(catalogue: Catalogue, kinds: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Return the marks that no touchpoint of these kinds can leave.

    Parameters
    ----------
    catalogue
        Any.
    kinds
        The kinds of touchpoint that there are.

    Returns
    -------
    dict
        By name of mark, what would be needed and is not there: kinds of touchpoint, of which one would do; names of
        marks where the rule is about an earlier one.
    """
    known = frozenset(kinds)
    missing = {mark.name: _missing(mark, known) for mark in catalogue.marks if not mark.later}
    struck = any(not missing[mark.name] for mark in catalogue.weighing if not mark.later and mark.weight < 0)
    for mark in catalogue.marks:
        if isinstance(mark.form, Again):
            names = mark.form.marks
            missing[mark.name] = _missing(mark, known) or (names if all(missing.get(name) for name in names) else ())
        elif mark.when is None:
            missing[mark.name] = _missing(mark, known) if struck else ("any strike",)
    return {mark.name: missing[mark.name] for mark in catalogue.marks if missing[mark.name]}


def _missing(mark: Mark, known: frozenset[str]) -> tuple[str, ...]:
    """Return the kinds of which a mark would need one, and has none."""
    if mark.fits(known):
        return ()
    own = mark.kinds
    if isinstance(mark.form, Recovers) and mark.form.quiet is not None:
        own = (*own, *mark.form.quiet.after)
    return own if own and known.isdisjoint(own) else mark.sought


def _is_owner(change: Change) -> bool:
    return change.field.startswith("owners.")


def _constants(catalogue: Catalogue) -> dict[str, tuple[Any, Value]]:
    plain = {name: getattr(catalogue, name) for name in CONSTANTS}
    plain |= {f"classes.{name}": days for name, days in catalogue.classes.items()}
    plain |= {f"owners.{key}": name for key, name in catalogue.owners.items()}
    return {name: (value, value) for name, value in plain.items()}


def _fields(mark: Mark) -> dict[str, tuple[Any, Value]]:
    """Return what a mark consists of: what is compared, and what is told."""
    plain = {
        "class": mark.class_ or None,
        "weight": None if mark.recovers else mark.weight,
        "salience": mark.salience,
        "cause": mark.cause,
        "agent_controllable": mark.agent_controllable,
        **{f"says.{each}": template(mark.says[each]) for each in reversed(LANGUAGES) if each in mark.says},
        "source": mark.source,
    }
    told: dict[str, tuple[Any, Value]] = {name: (value, value) for name, value in plain.items()}
    told["rule"] = ((mark.when, mark.form, mark.once, mark.unless), rule_words(mark))
    told["severity"] = (mark.severity, severity_words(mark))
    told["owner"] = ((mark.owner, mark.owner_named), owner_words(mark))
    order = ("class", "weight", "salience", "rule", "severity", "owner", *told)
    return {name: told[name] for name in order if name in told}


def _changes(before: Mapping[str, tuple[Any, Value]], after: Mapping[str, tuple[Any, Value]]) -> tuple[Change, ...]:
    nothing = (None, None)
    found = []
    for name in dict.fromkeys((*before, *after)):
        (was, was_told), (now, now_told) = before.get(name, nothing), after.get(name, nothing)
        if was != now:
            # words round: a difference that they do not show is told to the last digit
            exact = was_told == now_told
            found.append(Change(name, repr(was) if exact else was_told, repr(now) if exact else now_told))
    return tuple(found)
