"""What systems say about customers beside what happened: the traits of Segment's identify calls."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from collage import customers
from collage_web.bridge.called import called
from collage_web.bridge.mapped import Arrived
from collage_web.records.models import Trait

__all__ = ["Told", "news", "told_of"]

_LONGEST: Final = 200  # characters: more is no name
_IDENTIFY: Final = '"identify"'
_WHOLE: Final = ("name", "fullName", "full_name")
_PARTS: Final = (("firstName", "lastName"), ("first_name", "last_name"), ("firstname", "lastname"))
_LANGUAGES: Final = ("language", "locale")
_LANGUAGE: Final = re.compile(r"([a-z]{2,3})([-_][a-z0-9]+)*\Z", re.IGNORECASE)
_OURS: Final = ("test", "internal")  # as the ready map leaves them out


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that an arrival says about somebody."""

    arrival: int
    identifier: str
    name: str
    value: str
    said_at: datetime


def told_of(arrived: Iterable[Arrived]) -> list[Told]:
    """Return what identify calls say.

    Parameters
    ----------
    arrived
        Of a source that speaks as Segment does; calls of other types say nothing.

    Returns
    -------
    list of Told
        Names and languages, in order of arrival. Of whom, is the user id, or the anonymous id where there is none.
    """
    found: list[Told] = []
    for each in arrived:
        if _IDENTIFY not in each.body:  # most are of other types: they are not read for it
            continue
        body = msgspec.json.decode(each.body)
        if not isinstance(body, dict) or body.get("type") != "identify":
            continue
        who, traits = _who(body), body.get("traits")
        if who is None or not isinstance(traits, dict) or _of_ours(traits) or _of_ours(body.get("context")):
            continue
        for name, value in ((Trait.Name.NAME, _name(traits)), (Trait.Name.LANGUAGE, _language(traits))):
            if value:
                found.append(Told(each.id, who, name.value, value, each.occurred_at))
    return found


def news(told: Iterable[Told]) -> list[Told]:
    """Return what of it is not known already: an identify call comes with every log-in and says the same again.

    Parameters
    ----------
    told
        As `told_of` gives it.
    """
    every = sorted(told, key=lambda each: each.said_at)
    fresh = []
    for name in Trait.Name.values:
        these = [each for each in every if each.name == name]
        known = {
            who: (said.value, said.at)
            for who, said in called({t.identifier for t in these}, name, systems=True).items()
        }
        for each in these:
            value, at = known.get(each.identifier, ("", each.said_at))
            if value != each.value or at > each.said_at:
                fresh.append(each)
                known[each.identifier] = each.value, max(at, each.said_at)
    return fresh


def _who(body: Mapping[str, Any]) -> str | None:
    for namespace, field in (("user", "userId"), ("anon", "anonymousId")):
        value = body.get(field)
        if isinstance(value, str) and value.strip():
            return customers.normalised(f"{namespace}:{value}")
    return None


def _of_ours(said: Any) -> bool:
    return isinstance(said, dict) and any(said.get(name) is True for name in _OURS)


def _name(traits: Mapping[str, Any]) -> str:
    whole = next((text for name in _WHOLE if (text := _text(traits.get(name)))), "")
    if whole:
        return whole
    joined = (_text(f"{_text(traits.get(first))} {_text(traits.get(last))}") for first, last in _PARTS)
    return next((text for text in joined if text), "")


def _text(value: Any) -> str:
    """Return a text in one line, without blanks around it; nothing where it is none, or too long to be a name."""
    text = " ".join(value.split()) if isinstance(value, str) else ""
    return text if len(text) <= _LONGEST else ""


def _language(traits: Mapping[str, Any]) -> str:
    for name in _LANGUAGES:
        found = _LANGUAGE.match(_text(traits.get(name)))
        if found:
            return found[1].lower()
    return ""
