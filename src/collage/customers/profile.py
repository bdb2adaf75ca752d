"""What is known of somebody beside what happened: the latest word about each thing, a person's before a system's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

__all__ = ["Said", "profile"]


@dataclass(frozen=True, slots=True)
class Said:
    """One thing said about somebody: `value` empty is nothing, or no longer; `by_person` tells people from systems."""

    name: str
    value: str
    said_at: datetime
    by_person: bool


def profile(said: Iterable[Said]) -> dict[str, Said]:
    """Return what holds of each name.

    Whoever spoke with the customer knows better than a system does, however late the system repeats itself: only where
    no person has said anything does the latest word of a system hold. A person's empty word takes a thing away.

    Parameters
    ----------
    said
        All that was ever said about one customer. Of two words of the same moment the later in this order holds.

    Returns
    -------
    dict of str to Said
        By name, in alphabetical order; without those of which nothing holds.
    """
    latest: dict[str, Said] = {}
    for each in said:
        there = latest.get(each.name)
        if there is None or (each.by_person, each.said_at) >= (there.by_person, there.said_at):
            latest[each.name] = each
    return {name: latest[name] for name in sorted(latest) if latest[name].value.strip()}
