"""Which identifiers are one customer."""

from __future__ import annotations

from collections.abc import Callable

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from collage.customers.fusing import Claimed, fused
from collage.customers.identifiers import are_irregular, irregular, normalised
from collage.errors import UnknownCustomer
from collage.tables import CONTRACTS

__all__ = ["customer_of", "customers", "doubtful", "numbered"]

_LEAST_CONFIDENCE = 0.95
_PERSON = "person"
_OFFERED, _SLIPS = 3, 2
_STANDING = pa.schema([("one", pa.string()), ("other", pa.string()), ("person", pa.bool_())])


def customers(
    touchpoints: ir.Table,
    claims: ir.Table | None = None,
    *,
    kept: Callable[[ir.Table], ir.Table] = lambda table: table,
) -> ir.Table:
    """Return who is one customer: a row for each identifier that was ever touched or is claimed.

    A claim stands when it is not withdrawn and its confidence is at least .95 (not known is not enough); all others
    count for nothing, so that a claim withdrawn is as one never made. Two writings of one identifier (see
    `normalised`) are one without any claim. Two guards keep strangers apart. An identifier that is no user id and is
    claimed with several is *shared* (a family's phone): it is a customer of its own. Identifiers that hold together
    without it and have several user ids among them are *contested*: of them only those are one customer that are
    claimed with a user id at one end, or by a person.

    Parameters
    ----------
    touchpoints
        A table by the contract ``touchpoints``; only `identifier` is read. Those that are not in normal form are asked
        for at once, the others when the result is.
    claims
        A table by the contract ``claims``, or None. Those that stand are asked for at once.
    kept
        Keeps a table that is asked twice, so that touchpoints are gone through once: `store.Engine.kept`.

    Returns
    -------
    Table
        By the contract ``customers``: `customer_id` (the smallest of the customer's identifiers in normal form, by
        code points), `identifier` (unique; as written, and in normal form), `state`.
    """
    each = kept(touchpoints.select("identifier").distinct())
    odd = each.filter(irregular(each.identifier)).to_pyarrow()
    known = _known(_standing(claims), odd["identifier"])
    alone = each if known is None else each.anti_join(known, "identifier")
    plain = alone.select(customer_id=alone.identifier, identifier=alone.identifier, state=ibis.literal("plain"))
    whole = plain if known is None else plain.union(known)
    return whole.cast(CONTRACTS["customers"].schema())


def numbered(customers: ir.Table) -> ir.Table:
    """Return customers with a `number` for each, by which rows are put together more quickly than by an id.

    Parameters
    ----------
    customers
        By the contract ``customers``.

    Returns
    -------
    Table
        The same rows with `number` (int64, one a customer). Keep it before it is asked twice: which number a customer
        gets may differ from one asking to the next.
    """
    ids = customers.select("customer_id").distinct()
    ids = ids.mutate(number=ibis.row_number().cast("int64"))
    return customers.join(ids, "customer_id")


def customer_of(customers: ir.Table, wanted: str) -> str:
    """Return the customer id of a customer id or of any identifier.

    Parameters
    ----------
    customers
        By the contract ``customers``.
    wanted
        A customer id or an identifier, as the dataset has it or in any writing that has the same normal form.

    Returns
    -------
    str
        The customer id. A customer id goes before another customer's identifier of the same text.

    Raises
    ------
    UnknownCustomer
        When there is none; the message offers the nearest identifiers.
    """
    normal = normalised(wanted)
    for name in dict.fromkeys([wanted, normal]):
        if found := _called(customers, name):
            return name if name in found else min(found)
    offered = ", ".join(_nearest(customers, normal))
    do = f"did you mean {offered}?" if offered else "give a customer id or an identifier of the dataset"
    raise UnknownCustomer(f"find the customer {wanted}", "nobody of this customer id or identifier", do)


def doubtful(claims: ir.Table) -> int:
    """Return how many claims do not stand only because nobody said how sure they are.

    Parameters
    ----------
    claims
        A table by the contract ``claims``; asked at once.

    Returns
    -------
    int
        Claims that are not withdrawn and have no confidence.
    """
    return int(claims.filter(claims.withdrawn_at.isnull() & claims.confidence.isnull()).count().to_pyarrow().as_py())


def _standing(claims: ir.Table | None) -> pa.Table:
    """Return the claims that stand: `one`, `other`, and whether a person says so."""
    if claims is None:
        return _STANDING.empty_table()
    sure = claims.confidence >= ibis.literal(_LEAST_CONFIDENCE, type="float64")
    person = (claims.source == _PERSON).fill_null(ibis.literal(value=False))
    return claims.filter(claims.withdrawn_at.isnull() & sure).select("one", "other", person=person).to_pyarrow()


def _known(standing: pa.Table, odd: pa.ChunkedArray) -> ir.Table | None:
    """Return the customers of all that is claimed, and of what is written oddly; None where there is no such thing."""
    ends = pa.chunked_array([*standing["one"].chunks, *standing["other"].chunks, *odd.chunks], pa.string())
    if not len(ends):
        return None
    # 64-bit: the texts of a hundred million identifiers are more than two gigabytes
    coded = ends.cast(pa.large_string()).dictionary_encode().combine_chunks()
    names, place = _named(coded.dictionary)
    n, codes = standing.num_rows, place[coded.indices.to_numpy()]
    ids, states = fused(Claimed(names, codes[:n], codes[n : 2 * n], standing["person"].to_numpy()))
    if (place != np.arange(len(place))).any():
        # what is written oddly has all from its normal form
        ids, states = ids.take(pa.array(place)), states.take(pa.array(place))
    return ibis.memtable(pa.table({"customer_id": ids, "identifier": names, "state": states}))


def _named(written: pa.Array) -> tuple[pa.Array, npt.NDArray[np.int32]]:
    """Return writings, with the normal forms that they lack behind them, and the place of each one's normal form."""
    place = np.arange(len(written), dtype=np.int32)
    odd = are_irregular(written)
    mended = pa.array(map(normalised, written.filter(odd).to_pylist()), pa.large_string()).dictionary_encode()
    if not len(mended):
        return written, place
    forms = mended.dictionary
    # the few are looked up among the many by one walk through the many
    found = pc.index_in(written, value_set=forms)
    there = np.flatnonzero(found.is_valid().to_numpy(zero_copy_only=False))
    at = np.full(len(forms), -1, dtype=np.int32)
    at[found.drop_null().to_numpy()] = there
    new = np.flatnonzero(at < 0)
    at[new] = len(written) + np.arange(len(new), dtype=np.int32)
    place[odd.to_numpy(zero_copy_only=False)] = at[mended.indices.to_numpy()]
    return pa.concat_arrays([written, forms.take(pa.array(new))]), np.concatenate([place, at[new]])


def _called(customers: ir.Table, name: str) -> set[str]:
    """Return the ids of all customers that go by a name."""
    named = customers.filter((customers.customer_id == name) | (customers.identifier == name))
    # sorted here: Ibis 12 cannot order, on Spark, a table that takes two columns from one
    return {str(row["customer_id"]) for row in named.select("customer_id").distinct().to_pyarrow().to_pylist()}


def _nearest(customers: ir.Table, wanted: str) -> list[str]:
    """Return identifiers that hold what is wanted, or differ from it by a slip or two."""
    name = customers.identifier
    slips, within = name.levenshtein(wanted), max(1, min(_SLIPS, len(wanted) // 4))
    close = customers.select("identifier", bare=name.endswith(f":{wanted}"), slips=slips)
    rows = close.filter(close.bare | (close.slips <= within)).to_pyarrow().to_pylist()
    best = sorted((not row["bare"], row["slips"], str(row["identifier"])) for row in rows)
    return [identifier for _, _, identifier in best[:_OFFERED]]
