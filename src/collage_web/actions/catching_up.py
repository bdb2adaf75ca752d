"""Before somebody looks at a customer: what has arrived is digested, and what follows for this customer is derived."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Final

from collage_web.actions.deriving import NAME, derive_of
from collage_web.actions.digesting import digest
from collage_web.actions.leasing import turn

__all__ = ["catch_up"]

_PATIENCE_S: Final = 5.0
_DIGESTED_S: Final = 1.0  # what waits longer than that can be digested waits for the worker


def catch_up(identifiers: Collection[str], *, clock: Callable[[], datetime], chance: random.Random) -> bool:
    """Bring a customer up to date.

    Parameters
    ----------
    identifiers
        The customer's, in normal form.
    clock
        Gives the moment (UTC).
    chance
        Draws the ids of customers who are new.

    Returns
    -------
    bool
        Whether all that had arrived is in it: False where so much waits that it would have to be waited for.

    Raises
    ------
    Taken
        When the worker did not let go for five seconds.
    """
    with turn(NAME, clock=clock, patience_s=_PATIENCE_S) as mine:
        until = time.monotonic() + _DIGESTED_S
        while (waits := digest(mine) > 0) and time.monotonic() < until:
            pass
        derive_of(set(identifiers), mine, chance=chance)
    return not waits
