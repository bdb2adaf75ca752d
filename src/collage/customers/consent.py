"""What somebody allowed or refused: the latest word for a purpose and a channel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

__all__ = ["Consented", "allowed", "consents"]

_EVERY = ""  # channel


@dataclass(frozen=True, slots=True)
class Consented:
    """That somebody allowed something or refused it: for a purpose, by a channel (empty: by every channel)."""

    purpose: str
    channel: str
    given: bool
    at: datetime
    basis: str = ""


def consents(said: Iterable[Consented]) -> dict[tuple[str, str], Consented]:
    """Return what holds of each purpose and channel.

    A word about every channel takes the place of earlier words about single ones.

    Parameters
    ----------
    said
        All that one customer ever allowed or refused. Of two words of the same moment the later in this order holds.

    Returns
    -------
    dict of (purpose, channel) to Consented
        In alphabetical order.
    """
    latest: dict[tuple[str, str], Consented] = {}
    for each in sorted(said, key=lambda one: one.at):  # stable: what was said at the same moment keeps its order
        if each.channel == _EVERY:
            latest = {key: one for key, one in latest.items() if one.purpose != each.purpose}
        latest[each.purpose, each.channel] = each
    return dict(sorted(latest.items()))


def allowed(holds: Mapping[tuple[str, str], Consented], purpose: str, channel: str = _EVERY) -> bool | None:
    """Return whether something is allowed.

    Parameters
    ----------
    holds
        As `consents` gives it.
    purpose
        What for.
    channel
        By which channel; empty: by channels of which nothing was said.

    Returns
    -------
    bool or None
        None: nothing was said.
    """
    found = holds.get((purpose, channel)) or holds.get((purpose, _EVERY))
    return None if found is None else found.given
