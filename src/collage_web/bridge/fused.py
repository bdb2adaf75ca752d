"""Which identifiers are one customer, by what is claimed: `collage.customers` asked about a few of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from collage import customers
from collage_web.records import bulk
from collage_web.records.models import Claim

__all__ = ["Group", "groups"]

_STANDS = "AND withdrawn_at IS NULL AND confidence >= 0.95"
_PERSON = "person"
_COLUMNS = ("claim_id", "one", "other", "source")


@dataclass(frozen=True, slots=True)
class Group:
    """Identifiers that are one customer, each with its state."""

    states: dict[str, str]


def groups(
    identifiers: Collection[str], *, also: Collection[tuple[str, str]] = (), without: Collection[str] = ()
) -> list[Group]:
    """Return the customers of identifiers, with all that is claimed to belong to them.

    Parameters
    ----------
    identifiers
        In normal form.
    also
        Pairs of identifiers, as if a person had said that they are one customer.
    without
        Ids of claims, as if they had been withdrawn.

    Returns
    -------
    list of Group
        Every identifier given is in one of them, and so is whatever any claim that stands connects with them, however
        far: no other identifier's customer depends on these claims.
    """
    claims = _connected({*identifiers, *(end for pair in also for end in pair)}, without)
    claims += [(one, other, True) for one, other in also]
    names = sorted({*identifiers, *(name for one, other, _ in claims for name in (one, other))})
    if not claims:
        return [Group({name: "plain"}) for name in names]
    place = {name: n for n, name in enumerate(names)}
    one = np.array([place[claim[0]] for claim in claims], np.int32)
    other = np.array([place[claim[1]] for claim in claims], np.int32)
    person = np.array([claim[2] for claim in claims], np.bool_)
    ids, states = customers.fused(customers.Claimed(pa.array(names, pa.large_string()), one, other, person))
    found: dict[str, Group] = {}
    for name, whose, state in zip(names, ids.to_pylist(), states.to_pylist(), strict=True):
        found.setdefault(whose, Group({})).states[name] = state
    return list(found.values())


def _connected(identifiers: Collection[str], without: Collection[str]) -> list[tuple[str, str, bool]]:
    """Return the claims that stand and hang together with identifiers: both ends, and whether a person says so."""
    known: dict[str, tuple[str, str, bool]] = {}
    asked, seen = set(identifiers), set(identifiers)
    while asked:
        reached: set[str] = set()
        for column in ("one", "other"):
            for claim, one, other, source in bulk.within(Claim, _COLUMNS, column, sorted(asked), _STANDS):
                if claim in without:
                    continue
                known[claim] = (one, other, source == _PERSON)
                reached |= {one, other}
        asked = reached - seen
        seen |= asked
    return list(known.values())
