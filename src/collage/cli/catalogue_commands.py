"""What `collage catalogue` does: tells the marks of a catalogue, checks one, compares two."""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterable
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collage.cli.opening import opened, text_of
from collage.cli.printing import at_work, print_table, say, show, show_folded
from collage.errors import CatalogueError, UsageError

if TYPE_CHECKING:
    from collage.experience import Catalogue, Change, Differences, Mark, Words

__all__ = ["check_catalogue", "show_catalogue", "show_differences"]

_SHIPPED = "the shipped catalogue"
_OWN_FILE = "catalogue.toml"
_SIGNS = {"✕": "strike", "✓": "credit", "↺": "recovery"}
_POINTS = "points of expected satisfaction, 1 to 5, for a customer with no other memory"
_SHORT = 60  # characters of a change that stand in one line


def show_catalogue(arguments: argparse.Namespace) -> None:
    """Tell every mark of a catalogue, or one of them at length."""
    if arguments.file is not None and arguments.catalogue is not None:
        raise UsageError("collage catalogue show", "both FILE and --catalogue", "name the catalogue once")
    name, catalogue = _loaded(arguments.file or arguments.catalogue)
    mark = None if arguments.mark is None else _mark(arguments.mark, name, catalogue)
    if arguments.format == "json":
        _show_json(_whole(name, catalogue) if mark is None else _told(mark, catalogue))
    elif mark is None:
        _show_all(name, catalogue, arguments.language)
    else:
        _show_one(mark, catalogue)


def check_catalogue(arguments: argparse.Namespace) -> None:
    """Check a catalogue, and what of it a dataset has use for."""
    from collage import experience

    name, catalogue = _loaded(arguments.file)
    found = experience.differences(experience.default(), catalogue)
    own, whole = len(found.added) + len(found.changed), len(catalogue.marks)
    show(f"{name} is a catalogue: version {catalogue.version}, {_count(whole, 'mark')} ({_origin(own, whole)})")
    for doubt in experience.doubts(catalogue):
        say(f"Doubt: {doubt}")
    if arguments.dataset is not None:
        _show_use(arguments.dataset, catalogue)


def show_differences(arguments: argparse.Namespace) -> None:
    """Tell what one catalogue changes in another."""
    from collage import experience

    name, catalogue = _loaded(arguments.file)
    other_name, other = _loaded(arguments.other)
    found = experience.differences(other, catalogue)
    if arguments.format == "json":
        changed = [{"mark": mark, "changes": _changes(changes)} for mark, changes in found.changed.items()]
        _show_json(
            {
                "file": {"name": name, "version": catalogue.version},
                "other": {"name": other_name, "version": other.version},
                "constants": _changes(found.constants),
                "added": [_told(mark, catalogue) for mark in found.added],
                "removed": [_told(mark, other) for mark in found.removed],
                "changed": changed,
            }
        )
        return
    show_folded("", f"{name} (version {catalogue.version}) beside {other_name} (version {other.version})")
    if not found:
        only = "" if catalogue.version == other.version else " but the version"
        show(f"no difference{only}")
        return
    _show_differences(found, catalogue, other)


def _loaded(file: Path | None) -> tuple[str, Catalogue]:
    """Return a catalogue with its name: a file's, that of a dataset's folder, or the shipped one."""
    from collage import experience

    if file is None:
        return _SHIPPED, experience.default()
    if file.is_dir():
        if not (file / _OWN_FILE).is_file():
            do = "name a TOML file; without one the shipped catalogue holds"
            raise CatalogueError(f"read {file}", f"a folder without {_OWN_FILE}", do)
        file /= _OWN_FILE
    return str(file), experience.load(text_of(file, CatalogueError), file=str(file))


def _mark(asked: str, name: str, catalogue: Catalogue) -> Mark:
    from collage import touchpoints

    names = [mark.name for mark in catalogue.marks]
    if asked not in names:
        near = touchpoints.nearest(asked, frozenset(names))
        do = f"did you mean {near}?" if near else "collage catalogue show lists them all"
        raise CatalogueError(f"show the mark {asked} of {name}", "no mark of this name", do)
    return catalogue[asked]


# ---- as JSON


def _show_json(found: dict[str, Any]) -> None:
    show(dumps(found, indent=1, ensure_ascii=False, allow_nan=False))


def _whole(name: str, catalogue: Catalogue) -> dict[str, Any]:
    from collage import experience

    return {
        "name": name,
        "version": catalogue.version,
        **{constant: _finite(getattr(catalogue, constant)) for constant in experience.CONSTANTS},
        "classes": dict(catalogue.classes),
        "owners": dict(catalogue.owners),
        "marks": [_told(mark, catalogue) for mark in _ordered(catalogue)],
    }


def _told(mark: Mark, catalogue: Catalogue) -> dict[str, Any]:
    from collage import experience

    words = experience.in_words(mark, catalogue)
    return {
        "name": mark.name,
        "sign": _SIGNS[words.sign],
        "says": dict(words.templates),
        "class": mark.class_ or None,
        "weight": None if mark.recovers else mark.weight,
        "half_life_days": catalogue.classes.get(mark.class_),
        "salience": mark.salience,
        "rule": words.rule,
        "severity": words.severity,
        "owner": words.owner,
        "cause": mark.cause,
        "agent_controllable": mark.agent_controllable,
        "source": mark.source,
        "fading": [{"days": days, "left": left} for days, left in words.fading.items()],
    }


def _changes(changes: Iterable[Change]) -> list[dict[str, Any]]:
    return [{"field": each.field, "before": _finite(each.before), "after": _finite(each.after)} for each in changes]


def _finite(value: Any) -> Any:
    """Return a value as JSON can hold it: what has no bound is the word of the file."""
    return "inf" if isinstance(value, float) and math.isinf(value) else value


# ---- as text


def _ordered(catalogue: Catalogue) -> list[Mark]:
    """Return marks by class, the briefest first, then by weight; what takes strikes back last."""
    lasts = catalogue.classes
    return sorted(
        catalogue.marks,
        key=lambda mark: (mark.recovers, lasts.get(mark.class_, 0.0), mark.class_, mark.weight, mark.name),
    )


def _show_all(name: str, catalogue: Catalogue, language: str) -> None:
    from collage import experience

    told = [(mark, experience.in_words(mark, catalogue)) for mark in _ordered(catalogue)]
    counts = {sign: sum(words.sign == sign for _, words in told) for sign in _SIGNS}
    parts = [f"{_count(counts['✕'], 'strike')} (✕)", f"{_count(counts['✓'], 'credit')} (✓)"]
    parts += ["and what takes strikes back (↺)"] if counts["↺"] else []
    show_folded("", f"{name[0].upper()}{name[1:]}, version {catalogue.version}: {', '.join(parts)}")
    show("")
    print_table(["constant", "value", "what"], _constants(catalogue))
    show("")
    for line in (
        f"A mark: its sign and weight ({_POINTS}), its fading, what it says, its name; below that its rule.",
        f"Fading: {experience.FADING}.",
        "Where no severity is told, it is what the touchpoint's source claims, 1 where it claims nothing.",
    ):
        show_folded("", line)
    class_ = None
    for mark, words in told:
        if mark.class_ != class_:
            class_ = mark.class_
            show(f"\n{class_}: half is left after {words.half_life}" if class_ else "\nwhat takes strikes back")
        show("")
        _show_mark(mark, words, language)


def _constants(catalogue: Catalogue) -> list[list[str]]:
    from collage import experience

    rows = [[name, _value(getattr(catalogue, name)), means] for name, means in experience.CONSTANTS.items()]
    rows += [[f"classes.{name}", _value(days), "half-life in days"] for name, days in catalogue.classes.items()]
    return rows + [[f"owners.{key}", department, "department"] for key, department in catalogue.owners.items()]


def _show_mark(mark: Mark, words: Words, language: str) -> None:
    first = _head(words)
    indent = " " * len(f"{words.sign} {words.weight} ") if words.curve else "  "
    show_folded(first, f"{_sentence(words, language)} ({mark.name})")
    show_folded(indent, words.rule)
    if mark.severity is not None or mark.recovers:
        show_folded(indent, f"severity: {words.severity}")
    halves = f"half-life: {words.half_life}; " if words.half_life else ""
    show_folded(indent, f"{halves}whose: {words.owner}; cause: {words.cause}")
    show_folded(indent, f"source: {words.source}")


def _show_one(mark: Mark, catalogue: Catalogue) -> None:
    """Tell all that there is to say of a mark."""
    from collage import experience

    words = experience.in_words(mark, catalogue)
    cap = mark.severity.cap if mark.severity else 1.0
    most = f"; with its severity at most {_value(mark.weight * cap, signed=True)}" if mark.severity else ""
    lines = {
        "English": words.templates["en"],
        "German": words.templates.get("de", "none; English is told instead"),
        "rule": words.rule,
        "weight": words.weight if mark.recovers else f"{words.weight} {_POINTS}{most}",
        "severity": words.severity,
        "salience": "" if mark.recovers else f"{_value(mark.salience)}: how much of an instance it is",
        "class": f"{mark.class_}: half is left after {words.half_life}" if mark.class_ else "as the strike's",
        "whose": words.owner,
        "cause": words.cause,
        "source": words.source,
        "fading": f"{words.curve} {experience.FADING}" if words.curve else "as the strike does",
    }
    show(f"{words.sign} {mark.name}, {'which takes strikes back' if mark.recovers else f'a {_SIGNS[words.sign]}'}")
    wide = max(map(len, lines)) + 2
    for label, told in lines.items():
        if told:
            show_folded(f"{label:<{wide}}", told)
    if words.fading:
        show("")
        rows = [[_count(days, "day"), *_left(mark.weight, left)] for days, left in words.fading.items()]
        print_table(["after", "left", "points"], rows)


def _left(weight: float, share: float) -> tuple[str, str]:
    """Return what is left of a mark, as a share and in points."""
    told = f"{share:.1%}".replace("%", " %")
    points = f"{weight * share:+.3f}".replace("-", "−")
    return ("< 0.1 %" if told == "0.0 %" else told), points if points[1:] != "0.000" else "0.000"


def _show_use(folder: Path, catalogue: Catalogue) -> None:
    """Show the kinds of a dataset that no rule asks for, and the marks that it can never leave."""
    from collage import experience, promises, touchpoints

    with opened(folder, "duckdb") as dataset:
        rows = dataset.table("touchpoints")
        if dataset.has("promises"):
            rows = rows.union(promises.touchpoints(dataset.table("promises")))
        with at_work() as step:
            step("counting kinds")
            kinds = touchpoints.summary(rows).kinds
    spare = experience.not_asked_for(catalogue, kinds)
    never = experience.never_left(catalogue, kinds)
    asked = f"no rule asks for {len(spare):,} of them:" if spare else "rules ask for all of them."
    show(f"\n{folder} has touchpoints of {_count(len(kinds), 'kind')}; {asked}")
    if spare:
        print_table(["kind", "touchpoints", "what"], [[kind, f"{n:,}", _known(kind)] for kind, n in spare.items()])
    every = f"Of {_count(len(catalogue.marks), 'mark')}, {len(never):,} can never be left there, for want of:"
    show(f"\n{every if never else 'Every mark can be left there.'}")
    wide = max(map(len, never), default=0)
    for name, needed in never.items():
        show_folded(f"  {name:<{wide}}  ", " or ".join(needed))


def _known(kind: str) -> str:
    from collage.touchpoints import KINDS, nearest

    if kind in KINDS:
        return "in the vocabulary"
    near = nearest(kind, KINDS)
    return f"not in the vocabulary; did you mean {near}?" if near else "not in the vocabulary"


def _show_differences(found: Differences, catalogue: Catalogue, other: Catalogue) -> None:
    from collage import experience

    if found.constants:
        show("\nconstants")
        for change in found.constants:
            _show_change(change, "  ")
    for title, marks, whose in (("added", found.added, catalogue), ("removed", found.removed, other)):
        if marks:
            show(f"\n{title}")
        for mark in marks:
            words = experience.in_words(mark, whose)
            show_folded(f"  {_head(words)}", f"{_sentence(words, 'en')} ({mark.name}): {words.rule}")
    if found.changed:
        show("\nchanged")
    for name, changes in found.changed.items():
        show(f"  {name}")
        for change in changes:
            _show_change(change, "    ")


def _show_change(change: Change, indent: str) -> None:
    """Print one change: in a line, or where it is long the one below the other."""
    before, after = (_value(each, signed=change.field == "weight") for each in (change.before, change.after))
    if len(before) + len(after) <= _SHORT:
        show(f"{indent}{change.field}: {before} → {after}")
        return
    show(f"{indent}{change.field}")
    show_folded(f"{indent}  was: ", before)
    show_folded(f"{indent}  is:  ", after)


def _head(words: Words) -> str:
    return f"{words.sign} {words.weight} {words.curve} " if words.curve else f"{words.sign} "


def _sentence(words: Words, language: str) -> str:
    return words.says.get(language, words.says["en"])


def _value(value: Any, *, signed: bool = False) -> str:
    """Return a value for people: numbers to the digit they have."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        digits = f"{value:{'+' if signed else ''}.6g}" if not signed or round(value, 2) != value else f"{value:+.2f}"
        return digits.replace("-", "−")
    return str(value)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _origin(own: int, whole: int) -> str:
    return f"{own:,} of its own, {whole - own:,} shipped"
