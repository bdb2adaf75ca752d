"""The forms of a rule about order and time: what else, beside its own touchpoint, a rule looks at.

All of them look at touchpoints of one customer in canonical order (`occurred_at`, then `touchpoint_id`); `same` says
what two touchpoints must have in common, and null is never the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from collage.experience.entries import Place, flag, near, number, one_of, required, text

__all__ = ["FORMS", "Again", "First", "Follows", "Form", "Quiet", "Recovers", "Unanswered", "form", "names"]

_SAME = ("contact", "customer", "issue")
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Follows:
    """The latest earlier touchpoint of `kinds`, no further back than `within_us` microseconds (None: no bound).

    `other`: not one of the same contact. `if_any`: the rule holds without it too.
    """

    kinds: tuple[str, ...]
    same: str
    within_us: int | None
    other: bool
    if_any: bool


@dataclass(frozen=True, slots=True)
class First:
    """No earlier touchpoint of `kinds` (`is_first`), or one (not `is_first`); `other`: same contact set aside."""

    kinds: tuple[str, ...]
    same: str
    other: bool
    is_first: bool


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No later touchpoint of the kinds `by` until `within_us` microseconds later: a mark at that deadline."""

    by: tuple[str, ...]
    same: str
    within_us: int


@dataclass(frozen=True, slots=True)
class Again:
    """An earlier mark of one of the names `marks`, no longer ago than `within_us` microseconds."""

    marks: tuple[str, ...]
    same: str
    within_us: int


@dataclass(frozen=True, slots=True)
class Quiet:
    """Silence taken for content: `after_us` microseconds after one of `after`, none of the kinds `by` on the issue."""

    after: tuple[str, ...]
    by: tuple[str, ...]
    after_us: int


@dataclass(frozen=True, slots=True)
class Recovers:
    """What takes `share` of earlier strikes back, for good."""

    share: float
    quiet: Quiet | None


Form = Follows | First | Unanswered | Again | Recovers


def form(spec: Mapping[str, object], place: Place) -> Form | None:
    """Return the form of a rule; None where it looks at its own touchpoint alone.

    Parameters
    ----------
    spec
        The [[mark]] section.
    place
        Where it stands.

    Raises
    ------
    CatalogueError
        When there are two forms, or one is wrong.
    """
    used = [name for name in FORMS if name in spec]
    if len(used) > 1:
        found = f"{used[1]}, beside {used[0]}: a rule has at most one of {', '.join(FORMS)}"
        raise place.wrong(used[1], found, "make two marks of it, or take one of them out")
    if not used:
        return None
    entries, at = _entries(spec, used[0], place)
    _check_keys(entries, used[0], place)
    return _BUILT[used[0]](entries, at, place)


def names(spec: Mapping[str, object], key: str, place: Place) -> tuple[str, ...]:
    """Return one text, or a list of texts, as a tuple without repetition."""
    value = required(spec, key, place)
    listed = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    if not listed:
        bare = key.rpartition(".")[2]
        raise place.wrong(key, "an empty list", f'write {bare} = "…", or several: {bare} = ["…", "…"]')
    return tuple(dict.fromkeys(text({key: each}, key, place) for each in listed))


def _entries(spec: Mapping[str, object], name: str, place: Place) -> tuple[dict[str, object], str]:
    """Return the entries of a form, each under its whole name, and the beginning of that name."""
    value = spec[name]
    if not isinstance(value, Mapping):
        raise place.wrong(name, f"{value!r}", f"write {name.rpartition('.')[2]} = {_EXAMPLES[name]}")
    return {f"{name}.{key}": entry for key, entry in value.items()}, f"{name}."


def _check_keys(entries: Mapping[str, object], name: str, place: Place) -> None:
    for key in entries:
        bare = key.removeprefix(f"{name}.")
        if bare not in _KEYS[name]:
            raise place.wrong(key, f"{name} has no key {bare}", near(bare, _KEYS[name]))


def _follows(entries: Mapping[str, object], at: str, place: Place) -> Follows:
    within = _microseconds(entries, f"{at}within_days", place) if f"{at}within_days" in entries else None
    other, if_any = _other(entries, at, place), flag(entries, f"{at}if_any", place)
    return Follows(names(entries, f"{at}kinds", place), _same(entries, at, place), within, other, if_any)


def _first(entries: Mapping[str, object], at: str, place: Place) -> First:
    kinds, same = names(entries, f"{at}kinds", place), _same(entries, at, place)
    return First(kinds, same, _other(entries, at, place), is_first=at == "first.")


def _unanswered(entries: Mapping[str, object], at: str, place: Place) -> Unanswered:
    same = _same(entries, at, place) if f"{at}same" in entries else "customer"
    within = _microseconds(entries, f"{at}within_hours", place, of=timedelta(hours=1))
    return Unanswered(names(entries, f"{at}by", place), same, within)


def _again(entries: Mapping[str, object], at: str, place: Place) -> Again:
    within = _microseconds(entries, f"{at}within_days", place)
    return Again(names(entries, f"{at}mark", place), _same(entries, at, place), within)


def _recovers(entries: Mapping[str, object], at: str, place: Place) -> Recovers:
    share = number(entries, f"{at}share", place, above=0.0, most=1.0)
    if f"{at}quiet" not in entries:
        return Recovers(share, None)
    inner, within = _entries(entries, f"{at}quiet", place)
    _check_keys(inner, f"{at}quiet", place)
    days = _microseconds(inner, f"{within}days", place)
    if days == 0:
        do = "write after how many days without a word the customer is taken to be content, such as 14"
        raise place.wrong(f"{within}days", f"{inner[f'{within}days']}", do)
    return Recovers(share, Quiet(names(inner, f"{within}after", place), names(inner, f"{within}by", place), days))


def _same(entries: Mapping[str, object], at: str, place: Place) -> str:
    return one_of(entries, f"{at}same", place, _SAME)


def _other(entries: Mapping[str, object], at: str, place: Place) -> bool:
    key = f"{at}other"
    if key not in entries:
        return False
    if entries[key] != "contact":
        do = 'write other = "contact", to set touchpoints of the same contact aside, or leave it out'
        raise place.wrong(key, f"{entries[key]!r}", do)
    return True


def _microseconds(entries: Mapping[str, object], key: str, place: Place, *, of: timedelta = timedelta(days=1)) -> int:
    """Return a span in whole microseconds; at most a hundred years."""
    return round(number(entries, key, place, least=0.0, most=timedelta(days=36525) / of) * (of // _MICROSECOND))


_KEYS: dict[str, tuple[str, ...]] = {
    "follows": ("kinds", "same", "within_days", "other", "if_any"),
    "first": ("kinds", "same", "other"),
    "not_first": ("kinds", "same", "other"),
    "unanswered": ("by", "within_hours", "same"),
    "again": ("mark", "within_days", "same"),
    "recovers": ("share", "quiet"),
    "recovers.quiet": ("after", "by", "days"),
}
_EXAMPLES = {
    "follows": '{ kinds = "issue.resolved", same = "issue", within_days = 7 }',
    "first": '{ kinds = "contact.answered", same = "issue" }',
    "not_first": '{ kinds = "contact.answered", same = "issue" }',
    "unanswered": '{ by = ["message.sent", "contact.answered"], within_hours = 24 }',
    "again": '{ mark = "delivered_late", same = "customer", within_days = 90 }',
    "recovers": "{ share = 0.7 }",
    "recovers.quiet": '{ after = "gesture.made", by = "contact.answered", days = 14 }',
}
_BUILT: dict[str, Callable[[Mapping[str, object], str, Place], Form]] = {
    "follows": _follows,
    "first": _first,
    "not_first": _first,
    "unanswered": _unanswered,
    "again": _again,
    "recovers": _recovers,
}
FORMS = tuple(_BUILT)
