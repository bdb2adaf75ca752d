"""How much a source may send: a bucket of tokens that fills again at a steady rate."""

from __future__ import annotations

import threading
from typing import Final

from collage_web.ingest.refusals import LONGEST_WAIT_S

__all__ = ["Bucket"]

_SLACK: Final = 1e-6  # tokens lost to rounding: who waits as long as told is let in


class Bucket:
    """A bucket of tokens, full at first; several threads may take from it.

    What is larger than the bucket is let in when it is full, and leaves a debt to be filled before the next: so the
    rate holds in the long run, and a lawful batch is never too large for ever.

    Parameters
    ----------
    rate_per_s
        Tokens that come back each second; above zero.
    burst
        Tokens that it holds; above zero.
    """

    def __init__(self, rate_per_s: float, burst: float) -> None:
        if rate_per_s <= 0 or burst <= 0:
            raise ValueError(f"a bucket needs a rate and a size above zero, not {rate_per_s} and {burst}")
        self._rate = rate_per_s
        self._burst = burst
        self._tokens = burst
        self._at: float | None = None
        self._lock = threading.Lock()

    def take(self, n: float, now: float) -> float:
        """Take tokens, all or none.

        Parameters
        ----------
        n
            How many.
        now
            Seconds on a clock that never goes back; where it does, nothing comes back meanwhile.

        Returns
        -------
        float
            0.0 where they were taken; otherwise the seconds, at most 300, after which to ask again.
        """
        with self._lock:
            since = max(0.0, now - self._at) if self._at is not None else 0.0
            self._at = max(now, self._at) if self._at is not None else now
            self._tokens = min(self._burst, self._tokens + since * self._rate)
            lacking = min(n, self._burst) - self._tokens
            if lacking > _SLACK:
                return min(lacking / self._rate, LONGEST_WAIT_S)
            self._tokens -= n
            return 0.0
