"""From numbers to the columns of tables: words, ids, times; and tables in the order of their contract."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from collage.simulate.rows import NOBODY, Flags, Numbers, Whole
from collage.tables import CONTRACTS

__all__ = ["PLACES", "by_contract", "coded", "digits", "measured", "moments", "numbered"]

PLACES: Final = 10  # of a number in an id


def by_contract(name: str, columns: dict[str, object]) -> pa.Table:
    """Return columns as the table of a contract, in its order; null where there is none."""
    given = pa.table(columns)
    nothing, found = pa.nulls(given.num_rows), {}
    for column in CONTRACTS[name].schema().to_pyarrow():
        values = given[column.name] if column.name in columns else nothing
        # words that come by their numbers are written so as well
        found[column.name] = values if pa.types.is_dictionary(values.type) else values.cast(column.type)
    return pa.table(found)


def coded(numbers: npt.NDArray[np.integer], words: Sequence[str]) -> pa.Array:
    """Return words by their numbers, null for NOBODY."""
    indices = pa.array(numbers.astype(np.int32), mask=numbers == NOBODY)
    return pa.DictionaryArray.from_arrays(indices, pa.array(words, pa.string()))


def moments(at: Whole, *, missing: Flags | None = None) -> pa.Array:
    """Return microseconds since 1970 as times in UTC; null where `missing`."""
    return pa.array(at, pa.timestamp("us", "UTC"), mask=missing)


def numbered(name: str, numbers: Whole) -> pa.Array:
    """Return ids such as ``issue-0000000017``, null for NOBODY."""
    ids = pc.binary_join_element_wise(name, digits(np.maximum(numbers, 0)), "-")
    return pc.if_else(pa.array(numbers == NOBODY), None, ids)


def digits(numbers: Whole, places: int = PLACES) -> pa.Array:
    """Return numbers as texts of so many digits, or more where they need them."""
    return pc.utf8_lpad(pa.array(numbers).cast(pa.string()), places, "0")


def measured(values: Numbers) -> pa.Array:
    """Return measured values to a thousandth; null for NaN."""
    return pa.array(np.round(values, 3), mask=np.isnan(values))
