"""What people have said of a mark: contested, upheld, struck out. The latest word that stands decides."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

__all__ = ["standing"]

_STRUCK_OUT = "struck_out"


def standing(marks: ir.Table, corrections: ir.Table | None) -> ir.Table:
    """Return marks without those that are struck out.

    Parameters
    ----------
    marks
        Any table with `touchpoint_id` and `mark`.
    corrections
        By the contract ``corrections``; None: nothing was corrected.
    """
    if corrections is None:
        return marks
    said = corrections.filter(corrections.withdrawn_at.isnull())
    latest = ibis.window(
        group_by=["touchpoint_id", "mark"],
        order_by=[said["at"].isnull().asc(), said["at"].desc(), said.correction_id.desc()],
    )
    said = said.mutate(place=ibis.row_number().over(latest))
    struck = said.filter(said.place == 0, said.verdict == _STRUCK_OUT).select("touchpoint_id", "mark")
    return marks.anti_join(struck, ["touchpoint_id", "mark"])
