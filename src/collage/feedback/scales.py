"""Which ratings lie on their scale, and what is high on any scale."""

from __future__ import annotations

from typing import Final

import ibis.expr.types as ir

__all__ = ["HIGH_SHARE", "usable"]

# 4 of 1 to 5, the top two; the same answers whatever numbers stand beside them
HIGH_SHARE: Final = 0.75


def usable(ratings: ir.Table) -> ir.BooleanValue:
    """Return whether a rating counts: its scale has a width, and its score lies on it.

    Parameters
    ----------
    ratings
        By the contract ``ratings``.
    """
    on_scale = (ratings.score >= ratings.scale_low) & (ratings.score <= ratings.scale_high)
    return on_scale & (ratings.scale_high > ratings.scale_low)
