"""Which source a key belongs to: asked of the database once in some seconds, not once a request."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Final

from collage_web.ingest.limits import Bucket
from collage_web.records import gates
from collage_web.records.models import Source

__all__ = ["Known", "forget", "of_key", "refused", "taken_over"]

_FRESH_S: Final = 5.0  # so long may a key that was revoked still be taken
_MOST: Final = 10_000  # keys remembered; unknown ones are tried by whoever likes
_BURST_S: Final = 5


@dataclass(frozen=True, slots=True)
class Known:
    """A source, as a request needs it."""

    id: int
    name: str
    kind: str
    origins: frozenset[str]
    most_bytes: int
    bucket: Bucket


_LOCK: Final = threading.Lock()
_SEEN: Final[dict[str, tuple[float, Known | None]]] = {}
_BUCKETS: Final[dict[tuple[int, int], Bucket]] = {}  # by source and rate: who tries many keys must not fill them
_REFUSED: Final[dict[int, int]] = {}


def of_key(digest: str) -> Known | None:
    """Return the source of a key.

    Parameters
    ----------
    digest
        As `records.keys.digest` gives it.

    Returns
    -------
    Known or None
        None: no source has this key, or no longer.
    """
    now = time.monotonic()
    at, known = _SEEN.get(digest, (-_FRESH_S, None))
    if now - at < _FRESH_S:
        return known
    source = gates.source_of_key(digest)
    with _LOCK:
        known = None if source is None else _known(source)
        if len(_SEEN) >= _MOST:
            _SEEN.clear()
        _SEEN[digest] = now, known
    return known


def _known(source: Source) -> Known:
    bucket = _BUCKETS.setdefault((source.pk, source.rate), Bucket(source.rate, source.rate * _BURST_S))
    origins = _origins(source.origins)
    return Known(source.pk, source.name, source.kind, origins, source.most_bytes, bucket)


def _origins(text: str) -> frozenset[str]:
    return frozenset(line.strip().rstrip("/") for line in text.splitlines() if line.strip())


def refused(source: int) -> None:
    """Count a request that was refused; whatever is stored next for its source takes the count along."""
    with _LOCK:
        _REFUSED[source] = _REFUSED.get(source, 0) + 1


def taken_over(source: int) -> int:
    """Return how many requests were refused since this was asked last."""
    with _LOCK:
        return _REFUSED.pop(source, 0)


def forget() -> None:
    """Ask the database about every key anew."""
    with _LOCK:
        _SEEN.clear()
        _REFUSED.clear()
        _BUCKETS.clear()
