"""Parsing the forms of a value: from TOML to `values`, with errors that name the place in the map."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from collage import conditions
from collage.errors import MapError
from collage.reading import times
from collage.reading.values import (
    Cased,
    Changed,
    Constant,
    First,
    KindOf,
    Mapped,
    Mean,
    Number,
    Object,
    Previous,
    RowNumber,
    Seconds,
    Template,
    Time,
    Value,
    When,
)

__all__ = ["check_formats", "check_zone", "in_template", "parse_value"]

_PLACE = re.compile(r"\{\{|\}\}|\{([^{}|]+)(?:\|0(\d+))?\}")
_DIRECTIVE = re.compile(r"%(-?.?)", re.DOTALL)
_KNOWN_DIRECTIVES = frozenset("YmdHMSfgnbByIpjzaAe%") | {f"-{c}" for c in "mdHMSIyj"}
_WIDEST, _LARGEST = 100, 1e300
# names that mean another zone on another machine, or another count of seconds
_OTHER_ZONES = re.compile(r"(posix|right)/|localtime$|posixrules$|Factory$")
_WINDOWS = ("changed", "previous", "first_of_key", "row_number")


def parse_value(spec: object, where: str, *, derive: bool = False, whole_object: bool = False) -> Value:
    """Return the value that `spec`, a value out of a map, spells.

    Parameters
    ----------
    spec
        A text (template or constant), a number, true/false, or a table with one of the forms.
    where
        The place of the value, for messages, such as ``rows 1, emit 2, wait_s``.
    derive
        Whether the forms over the rows of a key (changed, previous, first_of_key, row_number) are allowed here.
    whole_object
        Whether a table is a JSON object of values (the column `properties`).

    Raises
    ------
    MapError
        When the form is unknown or a key of it is wrong.
    """
    if isinstance(spec, str):
        return in_template(spec, where)
    if isinstance(spec, bool):
        return Constant(spec)
    if isinstance(spec, int | float):
        return Constant(_number(spec, where))
    if not isinstance(spec, Mapping) or not spec:
        raise MapError(
            f"read the map: {where}",
            f"{spec!r}",
            "write a text, a number, true/false, or a form as { first = […] }",
        )
    if whole_object:
        return Object(tuple((str(k), parse_value(v, f"{where}.{k}")) for k, v in spec.items()))
    form = next((key for key in _FORMS if key in spec), None)
    if form is None or (form in _WINDOWS and not derive):
        known = ", ".join(name for name in _FORMS if derive or name not in _WINDOWS)
        found = f"the form {', '.join(map(str, spec))}" + (", which stands in derive only" if form else "")
        raise MapError(f"read the map: {where}", found, f"the forms are: {known}")
    required, optional = _KEYS[form]
    wrong = [key for key in spec if key not in (*required, *optional)]
    missing = [key for key in required if key not in spec]
    if wrong or missing:
        found = f"{'no' if missing else 'the key'} {', '.join(missing or wrong)}"
        raise MapError(f"read the map: {where}", found, f"{form} takes {', '.join((*required, *optional))}")
    return _FORMS[form](spec, where)


def in_template(text: str, where: str) -> Value:
    """Return a template (or, where it names no column, the constant that it is)."""
    parts: list[str | tuple[str, int]] = []
    at = 0
    for match in _PLACE.finditer(text):
        parts.append(_plain(text[at : match.start()], text, where))
        parts.append(match[0][0] if match[1] is None else (match[1], _width(match[2], where)))
        at = match.end()
    parts.append(_plain(text[at:], text, where))
    merged: list[str | tuple[str, int]] = []
    for part in (part for part in parts if part):
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += part
        else:
            merged.append(part)
    if all(isinstance(part, str) for part in merged):
        return Constant("".join(str(part) for part in merged))
    return Template(tuple(merged))


def _width(digits: str | None, where: str) -> int:
    width = int(digits[:9]) if digits else 0
    if width > _WIDEST:
        raise MapError(f"read the map: {where}", f"|0{digits}", f"pad to at most {_WIDEST} characters")
    return width


def check_formats(formats: object, where: str) -> tuple[str, ...]:
    """Return time formats, refusing what is none."""
    listed = [formats] if isinstance(formats, str) else formats
    if not isinstance(listed, list) or not all(isinstance(form, str) and "%" in form for form in listed):
        raise MapError(f"read the map: {where}", f"{formats!r}", 'give a list of formats such as ["%d.%m.%Y %H:%M"]')
    for form in listed:
        unknown = [f"%{d}" for d in _DIRECTIVE.findall(form) if d not in _KNOWN_DIRECTIVES]
        if unknown:
            do = "use %Y %m %d %H %M %S %f %b %B %y %I %p %j %z"
            raise MapError(f"read the map: {where}", f"{form!r} with {', '.join(unknown)}", do)
    return tuple(listed)


def _plain(text: str, whole: str, where: str) -> str:
    if "{" in text or "}" in text:
        do = "write {column} or {column|06}; a brace of its own is doubled: {{"
        raise MapError(f"read the map: {where}", f"{whole!r} with a lone brace", do)
    return text


def _parse_first(spec: Mapping[str, Any], where: str) -> Value:
    options = spec["first"]
    if not isinstance(options, list) or not options:
        raise MapError(f"read the map: {where}", f"{options!r}", 'first takes a list: ["user:{a}", "anon:{b}"]')
    return First(tuple(parse_value(option, where) for option in options))


def _parse_mapped(spec: Mapping[str, Any], where: str) -> Value:
    table, other = spec["map"], spec.get("other")
    if not isinstance(table, Mapping) or not table or not all(isinstance(v, str) for v in table.values()):
        raise MapError(f"read the map: {where}.map", f"{table!r}", 'write { New = "open", Done = "closed" }')
    if isinstance(other, Mapping) and "is" in other:
        other = parse_value(other["is"], f"{where}.other")
    elif other not in (None, "keep", "null"):  # a tuple: the map may hold a list there
        raise MapError(f"read the map: {where}.other", f"{other!r}", 'other is "keep", "null" or { is = … }')
    return Mapped(parse_value(spec["value"], where), tuple((str(k), v) for k, v in table.items()), other)


def _parse_when(spec: Mapping[str, Any], where: str) -> Value:
    otherwise = parse_value(spec["else"], where) if "else" in spec else None
    condition = conditions.parse(spec["when"], where=f"read the map: {where}.when")
    return When(condition, parse_value(spec["then"], where), otherwise)


def _parse_time(spec: Mapping[str, Any], where: str) -> Value:
    formats = check_formats(spec["formats"], f"{where}.formats") if "formats" in spec else None
    zone = check_zone(spec["zone"], f"{where}.zone") if "zone" in spec else None
    plus = parse_value(spec["plus_s"], f"{where}.plus_s") if "plus_s" in spec else None
    return Time(parse_value(spec["time"], where), formats, zone, plus)


def _parse_number(spec: Mapping[str, Any], where: str) -> Value:
    decimal = spec.get("decimal", ".")
    if decimal not in (".", ","):  # as above
        raise MapError(f"read the map: {where}.decimal", f"{decimal!r}", 'decimal is "." or ","')
    times_, plus = (_number(spec.get(key, default), f"{where}.{key}") for key, default in (("times", 1), ("plus", 0)))
    return Number(parse_value(spec["number"], where), decimal, times_, plus, _flag(spec, "round", where))


def _number(value: object, where: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not -_LARGEST < value < _LARGEST:
        raise MapError(f"read the map: {where}", f"{value!r}", "give a number")
    return float(value)


def _flag(spec: Mapping[str, Any], key: str, where: str) -> bool:
    value = spec.get(key, False)
    if not isinstance(value, bool):
        raise MapError(f"read the map: {where}.{key}", f"{value!r}", f"write {key} = true, or leave it out")
    return value


def _of_rows(spec: Mapping[str, Any], form: str, where: str) -> Value:
    """Return a value that differs by row; of a constant there is none before."""
    value = parse_value(spec[form], where)
    if next(iter(value.columns()), None) is None:
        raise MapError(
            f"read the map: {where}.{form}", f"{spec[form]!r}, the same on each row", 'name a column: "{group}"'
        )
    return value


def _parse_row_number(spec: Mapping[str, Any], where: str) -> Value:
    form = next(iter(spec))
    if not _flag(spec, form, where):
        raise MapError(f"read the map: {where}.{form}", f"{form} = false", f"write {form} = true, or leave it out")
    return RowNumber(first_only=form == "first_of_key")


def _parse_seconds(spec: Mapping[str, Any], where: str) -> Value:
    formats = check_formats(spec["formats"], f"{where}.formats") if "formats" in spec else None
    start, end = parse_value(spec["seconds_from"], where), parse_value(spec["to"], f"{where}.to")
    return Seconds(start, end, formats, _flag(spec, "past_midnight", where))


def _parse_mean(spec: Mapping[str, Any], where: str) -> Value:
    split = spec.get("split", ",")
    if not isinstance(split, str) or not split:
        raise MapError(f"read the map: {where}.split", f"{split!r}", 'give the text between the numbers, such as ","')
    return Mean(parse_value(spec["mean_of"], where), split)


def check_zone(zone: object, where: str) -> str:
    """Return the name of a zone, refusing what is none."""
    try:
        times.check(str(zone))
        known = not _OTHER_ZONES.match(str(zone))
    except (KeyError, ValueError, OSError):
        known = False
    if not known:
        do = "give an IANA name such as Europe/Berlin or UTC"
        raise MapError(f"read the map: {where}", f"{zone!r}, no zone that is known", do)
    return str(zone)


_FORMS: dict[str, Callable[[Mapping[str, Any], str], Value]] = {
    "first": _parse_first,
    "map": _parse_mapped,
    "when": _parse_when,
    "time": _parse_time,
    "number": _parse_number,
    "seconds_from": _parse_seconds,
    "mean_of": _parse_mean,
    "lower": lambda spec, where: Cased(parse_value(spec["lower"], where), upper=False),
    "upper": lambda spec, where: Cased(parse_value(spec["upper"], where), upper=True),
    "kind_of": lambda spec, where: KindOf(parse_value(spec["kind_of"], where)),
    "changed": lambda spec, where: Changed(_of_rows(spec, "changed", where)),
    "previous": lambda spec, where: Previous(_of_rows(spec, "previous", where)),
    "first_of_key": _parse_row_number,
    "row_number": _parse_row_number,
}
_KEYS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "first": (("first",), ()),
    "map": (("value", "map"), ("other",)),
    "when": (("when", "then"), ("else",)),
    "time": (("time",), ("formats", "zone", "plus_s")),
    "number": (("number",), ("decimal", "times", "plus", "round")),
    "seconds_from": (("seconds_from", "to"), ("formats", "past_midnight")),
    "mean_of": (("mean_of",), ("split",)),
    "lower": (("lower",), ()),
    "upper": (("upper",), ()),
    "kind_of": (("kind_of",), ()),
    "changed": (("changed",), ()),
    "previous": (("previous",), ()),
    "first_of_key": (("first_of_key",), ()),
    "row_number": (("row_number",), ()),
}
