"""The catalogue: which touchpoints leave which marks. Data in TOML, never code.

One is shipped (`default`); a company's own says ``extends = "default"`` and changes what it wants, or
replaces it whole.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from collage.errors import CatalogueError
from collage.experience.entries import Place, near, number, required, text
from collage.experience.fitted import Fitted, digest, fitted
from collage.experience.forms import Again, Unanswered
from collage.experience.model import Model
from collage.experience.rule import Mark, Shape, rule
from collage.touchpoints.vocabulary import KINDS, nearest

__all__ = ["Catalogue", "Mark", "Shape", "default", "doubts", "load"]

_KEYS = ("version", "extends", "kappa", "index_sd", "least", "issue_cap", "classes", "owners", "mark")
_ISSUE_CAP = 1.8  # where a catalogue does not say: model.md §1.6, §10.2
_MERGED = ("classes", "owners")
_SHIPPED = "the shipped catalogue"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Rules and constants of one version.

    `kappa` is how many neutral instances a customer is supposed to bring along (``inf``: a plain sum),
    `index_sd` the width of the 0 to 100 scale in points of experience, `least` the smallest severity that is
    written, `issue_cap` the points that all strikes of one issue together may cost (``inf``: no bound),
    `classes` the half-life in days by class, `owners` the department by key. `fitted` holds the numbers of a model
    (None: none); `kappa` and `index_sd` are then the model's, while `marks` and `classes` stay the catalogue's: what
    marks there are is derived by these, what they weigh is said by `weight_of` and `half_life_of`.
    """

    version: str
    kappa: float
    index_sd: float
    least: float
    issue_cap: float
    classes: Mapping[str, float] = field(hash=False)
    owners: Mapping[str, str] = field(hash=False)
    marks: tuple[Mark, ...]
    fitted: Fitted | None = None

    @property
    def weighing(self) -> tuple[Mark, ...]:
        """Return the marks that have a weight of their own: all but the one that takes strikes back."""
        return tuple(mark for mark in self.marks if not mark.recovers)

    @property
    def recovered(self) -> Mark | None:
        """Return the rule that takes strikes back; None where there is none."""
        return next((mark for mark in self.marks if mark.recovers), None)

    def on(self, kinds: Collection[str]) -> Catalogue:
        """Return the catalogue without the rules that touchpoints of these kinds alone cannot fit.

        The same marks come of it, from a smaller query.

        Parameters
        ----------
        kinds
            All kinds of touchpoint that there are.

        Returns
        -------
        Catalogue
            Of the same version, to derive marks by; to be weighed by this one.
        """
        there = set(kinds)
        fitting = [mark for mark in self.marks if mark.fits(there)]
        names = {mark.name for mark in fitting}
        # what comes again must have come once
        fitting = [mark for mark in fitting if not isinstance(mark.form, Again) or names & set(mark.form.marks)]
        referred = {name for mark in fitting for name in mark.unless}
        kept = [mark for mark in self.marks if mark in fitting or mark.name in referred]
        return replace(self, marks=tuple(mark.simpler(there) for mark in kept))

    @property
    def plain(self) -> Catalogue:
        """Return the catalogue with its own numbers, whatever a model says."""
        if self.fitted is None:
            return self
        return replace(self, kappa=self.fitted.kappa, index_sd=self.fitted.index_sd, fitted=None)

    @property
    def digest(self) -> str:
        """Return a digest of what a fit depends on: rules, weights, classes, kappa and caps, but no words and owners.

        It is the same by any model; a model keeps it as `catalogue_hash`.
        """
        own = self.plain
        return digest(own.marks, own.classes, kappa=own.kappa, issue_cap=own.issue_cap, least=own.least)

    def by(self, model: Model) -> Catalogue:
        """Return the same rules with the numbers of a model: marks weigh, fade and count by it.

        A mark that the model does not know weighs the catalogue's weight times the model's `multiplier`, and fades as
        others of its class and sign do.

        Parameters
        ----------
        model
            Fitted by this catalogue, or by one that is alike in the signs and classes of the marks they share.

        Returns
        -------
        Catalogue
            Of the same version.

        Raises
        ------
        ModelError
            When a mark has another sign or class than when the model was fitted, or there is none in common.
        """
        own = self.plain
        numbers = fitted(model, own.weighing, own.classes, kappa=own.kappa, index_sd=own.index_sd)
        return replace(own, kappa=model.kappa.value, index_sd=model.index_sd, fitted=numbers)

    def weight_of(self, name: str) -> float:
        """Return what a mark weighs: by the model where there is one, else by the catalogue.

        Parameters
        ----------
        name
            Of a mark; KeyError when there is none.

        Returns
        -------
        float
            In points of expected satisfaction (1 to 5); 0 for what takes strikes back.
        """
        mark = self[name]
        return mark.weight if self.fitted is None or mark.recovers else self.fitted.weights[name]

    def half_life_of(self, name: str) -> float:
        """Return how long a mark takes to lose half: by the model where there is one, else by the catalogue.

        Parameters
        ----------
        name
            Of a mark that has a weight of its own; KeyError when there is none.

        Returns
        -------
        float
            In days.
        """
        mark = self[name]
        return self.classes[mark.class_] if self.fitted is None else self.fitted.half_lives[name]

    def __getitem__(self, name: str) -> Mark:
        """Return the mark called `name`; KeyError when there is none."""
        for mark in self.marks:
            if mark.name == name:
                return mark
        raise KeyError(name)


def load(source: str, *, file: str) -> Catalogue:
    """Return the catalogue that a TOML text spells.

    Parameters
    ----------
    source
        The text. With ``extends = "default"`` it stands on the shipped catalogue: a mark of the same name
        replaces it, ``off = true`` removes it, constants, classes and owners given here win.
    file
        Its name, for messages.

    Returns
    -------
    Catalogue
        Checked: every class, owner, cause and column that it names exists.

    Raises
    ------
    CatalogueError
        When anything in it is wrong; the message names mark and key, what was found and what to do.
    """
    place = Place(file)
    own = _toml(source, place)
    _check_top(own, place)
    marks = _sections(own, place)
    off = {name for name, (spec, _) in marks.items() if "off" in spec}
    if "extends" in own:
        own, marks = _extended(own, marks, place)
    elif off:
        do = 'add extends = "default", or take the mark out'
        raise Place(file, min(off)).wrong("off", "nothing to switch off", do)
    classes = {
        name: number({f"classes.{name}": days}, f"classes.{name}", place, above=0.0)
        for name, days in _table(own, "classes", place).items()
    }
    owners = {
        key: text({f"owners.{key}": name}, f"owners.{key}", place) for key, name in _table(own, "owners", place).items()
    }
    rules = tuple(rule(spec, at, classes=classes, owners=owners) for spec, at in marks.values())
    places = {name: at if at.file == file else Place(f"{file} over {at.file}", name) for name, (_, at) in marks.items()}
    _check_references(rules, places, off)
    return Catalogue(
        version=text(own, "version", place),
        kappa=_unbounded(own, "kappa", place),
        index_sd=number(own, "index_sd", place, above=0.0),
        least=number(own, "least", place, least=0.0, most=1.0),
        issue_cap=_unbounded(own, "issue_cap", place, default=_ISSUE_CAP),
        classes=MappingProxyType(classes),
        owners=MappingProxyType(owners),
        marks=rules,
    )


@cache
def default() -> Catalogue:
    """Return the shipped catalogue, ``default.toml`` beside this module.

    Returns
    -------
    Catalogue
        The same one each time.
    """
    return load(_shipped(), file=_SHIPPED)


def doubts(catalogue: Catalogue) -> tuple[str, ...]:
    """Return a sentence for each kind that a mark asks for and the starting vocabulary does not know.

    Such kinds are allowed (a company has words of its own); a slip of the pen looks the same.

    Parameters
    ----------
    catalogue
        Any.

    Returns
    -------
    tuple of str
        In the order of the marks; empty where there is no doubt.
    """
    found = []
    for mark in catalogue.marks:
        for kind in (*mark.kinds, *mark.sought):
            if kind not in KINDS:
                close = nearest(kind, KINDS)
                hint = f"; did you mean {close}?" if close else ""
                found.append(f"mark {mark.name}: {kind} is not in the starting vocabulary{hint}")
    return tuple(found)


def _shipped() -> str:
    return resources.files("collage.experience").joinpath("default.toml").read_text(encoding="utf-8")


def _toml(source: str, place: Place) -> dict[str, Any]:
    try:
        return tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        raise place.wrong("the file", f"no TOML: {error}", "correct it at the line and column named") from None


def _check_top(own: Mapping[str, object], place: Place) -> None:
    for key in own:
        if key not in _KEYS:
            raise place.wrong(key, "no key of a catalogue", near(key, _KEYS))
    if "extends" in own and own["extends"] != "default":
        raise place.wrong("extends", f"{own['extends']!r}", 'write extends = "default", or leave it out')


def _sections(own: Mapping[str, object], place: Place) -> dict[str, tuple[dict[str, Any], Place]]:
    """Return the [[mark]] sections by name, each with its place."""
    sections = own.get("mark", [])
    if not isinstance(sections, list) or not all(isinstance(spec, dict) for spec in sections):
        raise place.wrong("mark", f"{type(sections).__name__}", "write each mark as a section [[mark]]")
    named: dict[str, tuple[dict[str, Any], Place]] = {}
    for n, spec in enumerate(sections, start=1):
        name = text(spec, "name", Place(place.file, f"number {n}"))
        if name in named:
            raise Place(place.file, name).wrong("name", "two marks of this name", "give each mark a name of its own")
        named[name] = (spec, Place(place.file, name))
    return named


def _extended(
    own: dict[str, Any], marks: dict[str, tuple[dict[str, Any], Place]], place: Place
) -> tuple[dict[str, Any], dict[str, tuple[dict[str, Any], Place]]]:
    """Return constants and sections of the shipped catalogue with those of `own` over them."""
    required(own, "version", place)
    shipped = tomllib.loads(_shipped())
    merged = {**shipped, **own}
    for key in _MERGED:
        merged[key] = {**shipped.get(key, {}), **_table(own, key, place)}
    sections = _sections(shipped, Place(_SHIPPED))
    for name, (spec, at) in marks.items():
        if "off" not in spec:
            sections[name] = (spec, at)
            continue
        if spec != {"name": name, "off": True}:
            raise at.wrong(
                "off", f"{spec['off']!r}, with {len(spec) - 2} other keys", "write name and off = true alone"
            )
        if name not in sections:
            raise at.wrong("off", "the shipped catalogue has no mark of this name", near(name, sections))
        del sections[name]
    return merged, sections


def _table(own: Mapping[str, object], key: str, place: Place) -> Mapping[str, object]:
    value = own.get(key, {})
    if not isinstance(value, Mapping):
        raise place.wrong(key, f"{value!r}", f"write a table [{key}]")
    return value


def _unbounded(own: Mapping[str, object], key: str, place: Place, *, default: float | None = None) -> float:
    if own.get(key) == math.inf:
        return math.inf
    try:
        return number(own, key, place, default=default, least=0.0)
    except CatalogueError as error:
        raise CatalogueError(error.asked, error.found, f"{error.do}, or inf") from None


def _check_references(rules: Sequence[Mark], places: Mapping[str, Place], off: Collection[str]) -> None:
    """Check what rules say of one another: no rule may lead to itself, or to what is only known later."""
    by_name = {each.name: each for each in rules}
    for each in rules:
        place = places[each.name]
        for name in each.unless:
            _check_named(name, "unless", each, by_name, place, off)
            _check_unless(each, by_name[name], place)
        for name in each.form.marks if isinstance(each.form, Again) else ():
            _check_named(name, "again.mark", each, by_name, place, off)


def _check_named(
    name: str, key: str, each: Mark, by_name: Mapping[str, Mark], place: Place, off: Collection[str]
) -> None:
    """Check that a name that a rule says is a mark, and one that looks at touchpoints alone."""
    if name in off:
        do = f"switch {each.name} off as well, or write a [[mark]] of this name that does without {name}"
        raise place.wrong(key, f"{name}, which is switched off here", do)
    if name not in by_name:
        do = near(name, by_name.keys() - {each.name})
        raise place.wrong(key, f"{name!r}, which is no mark of this catalogue", do)
    other = by_name[name]
    if name == each.name:
        do = "name another mark" + (": the one that is left the first time" if key == "again.mark" else "")
        raise place.wrong(key, f"{name}, the mark itself", do)
    if other.recovers:
        found = f"{name}, which takes strikes back and leaves no mark"
    elif other.later:
        word = "again" if isinstance(other.form, Again) else 'when = "strike"'
        found = f"{name}, whose own rule looks at other marks ({word})"
    else:
        return
    raise place.wrong(key, found, 'name a mark without again, when = "strike" and recovers')


def _check_unless(each: Mark, other: Mark, place: Place) -> None:
    """Check that what a rule excepts is known when its own mark is left."""
    if other.unless:
        do = f"name a mark without unless, or take the unless of {other.name} out"
        raise place.wrong("unless", f"{other.name}, which has an unless of its own", do)
    if isinstance(other.form, Unanswered) and not (
        isinstance(each.form, Unanswered) and each.form.within_us >= other.form.within_us
    ):
        found = f"{other.name}, which is known only when its within_hours are over"
        raise place.wrong("unless", found, "name a mark that is known at once: one without unanswered")
