"""Which identifiers claims fuse, on arrays: the guards, and what holds together once they have spoken."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["Claimed", "fused"]

_USER = "user:"
_STATES = ("plain", "shared", "contested")

_Places = npt.NDArray[np.int32]
_Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Claimed:
    """Standing claims: that the identifiers at the places `one` and `other` of `names` are one customer.

    `names` are distinct, in normal form (large_string, at least one); `one`, `other` and `person` (whether a person
    says so) have an entry for each claim.
    """

    names: pa.Array
    one: _Places
    other: _Places
    person: _Flags

    def only(self, these: _Flags) -> Claimed:
        """Return the same names with only some of the claims.

        Parameters
        ----------
        these
            True for each claim that is kept.

        Returns
        -------
        Claimed
            As long in `names`, shorter in the others.
        """
        return Claimed(self.names, self.one[these], self.other[these], self.person[these])


def fused(claimed: Claimed) -> tuple[pa.ChunkedArray, pa.Array]:
    """Return whose each name is, and its state.

    An identifier that is no user id and is claimed with several user ids is *shared*: its claims fuse nothing. What
    then holds together with several user ids is *contested*: within it only claims with a user id at one end fuse, and
    claims by a person.

    Parameters
    ----------
    claimed
        The claims.

    Returns
    -------
    tuple of ChunkedArray and Array
        For each of `claimed.names`: the smallest name (by code points) of all that are one customer with it, and
        ``plain``, ``shared`` or ``contested``.
    """
    users = pc.starts_with(claimed.names, _USER).to_numpy(zero_copy_only=False)
    shared = _shared(claimed, users)
    free = claimed.only(~(shared[claimed.one] | shared[claimed.other]))
    parts = _parts(free)
    contested = (np.bincount(parts, weights=users) > 1)[parts]
    if contested.any():
        sure = ~contested[free.one] | users[free.one] | users[free.other] | free.person
        parts = _parts(free.only(sure))
    states = np.where(shared, 1, np.where(contested, 2, 0))
    return _smallest(claimed.names, parts), pa.array(_STATES).take(pa.array(states))


def _shared(claimed: Claimed, users: _Flags) -> _Flags:
    """Return which names are no user ids and are claimed with more than one."""
    one, other = claimed.one, claimed.other
    mixed = users[one] != users[other]
    user = np.where(users[one], one, other)[mixed]
    name = np.where(users[one], other, one)[mixed]
    # whichever user id is written last, a second one differs from it
    last = np.full(len(users), -1, dtype=np.int32)
    last[name] = user
    shared = np.zeros(len(users), dtype=np.bool_)
    shared[name[last[name] != user]] = True
    return shared


def _parts(claimed: Claimed) -> _Places:
    """Return for each name the number of the part that it is in, when all claims fuse."""
    # imported where there are claims: it takes as long as all of Ibis, and most questions are asked without any
    from scipy.sparse import coo_array  # noqa: PLC0415  # as said above
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415  # as said above

    n = len(claimed.names)
    # as floats: one claim made 256 times over would be none in a byte
    graph = coo_array((np.ones(len(claimed.one)), (claimed.one, claimed.other)), shape=(n, n))
    _, parts = connected_components(graph, directed=False)
    return parts.astype(np.int32, copy=False)


def _smallest(names: pa.Array, parts: _Places) -> pa.ChunkedArray:
    """Return for each name the smallest of its part; UTF-8 sorts by bytes as it does by code points."""
    least = pa.table({"part": parts, "name": names}).group_by("part").aggregate([("name", "min")])
    place = np.empty(least.num_rows, dtype=np.int32)
    place[least["part"].to_numpy()] = np.arange(least.num_rows, dtype=np.int32)
    return least["name_min"].take(pa.array(place[parts]))
