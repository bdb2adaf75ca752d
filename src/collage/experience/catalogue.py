"""The catalogue: which touchpoints leave which marks. Data in TOML, never code.

One is shipped (`default`); a company's own says ``extends = "default"`` and changes what it wants, or
replaces it whole.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from collage.experience.entries import Place, near, number, required, text
from collage.experience.rule import Mark, Shape, rule
from collage.touchpoints.vocabulary import KINDS, nearest

__all__ = ["Catalogue", "Mark", "Shape", "default", "doubts", "load"]

_KEYS = ("version", "extends", "kappa", "index_sd", "least", "classes", "owners", "mark")
_LATER = ("issue_cap", "cap", "recovery")
_MERGED = ("classes", "owners")
_SHIPPED = "the shipped catalogue"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Rules and constants of one version.

    `kappa` is how many neutral instances a customer is supposed to bring along (``inf``: a plain sum),
    `index_sd` the width of the 0 to 100 scale in points of experience, `least` the smallest severity that is
    written, `classes` the half-life in days by class, `owners` the department by key.
    """

    version: str
    kappa: float
    index_sd: float
    least: float
    classes: Mapping[str, float] = field(hash=False)
    owners: Mapping[str, str] = field(hash=False)
    marks: tuple[Mark, ...]

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
    NotYet
        When it uses rules about order and time, which come with the next release.
    """
    place = Place(file)
    own = _toml(source, place)
    _check_top(own, place)
    marks = _sections(own, place)
    if "extends" in own:
        own, marks = _extended(own, marks, place)
    elif off := next((name for name, (spec, _) in marks.items() if "off" in spec), None):
        raise Place(file, off).wrong("off", "nothing to switch off", 'add extends = "default", or take the mark out')
    classes = {
        name: number({f"classes.{name}": days}, f"classes.{name}", place, above=0.0)
        for name, days in _table(own, "classes", place).items()
    }
    owners = {
        key: text({f"owners.{key}": name}, f"owners.{key}", place) for key, name in _table(own, "owners", place).items()
    }
    return Catalogue(
        version=text(own, "version", place),
        kappa=_kappa(own, place),
        index_sd=number(own, "index_sd", place, above=0.0),
        least=number(own, "least", place, least=0.0, most=1.0),
        classes=MappingProxyType(classes),
        owners=MappingProxyType(owners),
        marks=tuple(rule(spec, at, classes=classes, owners=owners) for spec, at in marks.values()),
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
        for kind in mark.kinds:
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
        if key in _LATER:
            do = "take the key out for now; strikes of one issue then all count in full"
            raise place.later(key, "a rule over an issue's marks, which comes with the next release", do)
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


def _kappa(own: Mapping[str, object], place: Place) -> float:
    if own.get("kappa") == math.inf:
        return math.inf
    return number(own, "kappa", place, least=0.0)
