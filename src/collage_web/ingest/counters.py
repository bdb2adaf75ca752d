"""What is counted for whoever watches the server, in Prometheus' words; of names it tells those of sources alone."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge, Histogram, generate_latest

from collage_web.actions.receiving import Outcome

__all__ = ["answered", "exposed", "lost_pixel", "not_stored", "stored", "unknown_key"]

_REQUESTS: Final = Counter("collage_requests_total", "Requests of machines, by address and status", ["view", "status"])
_SECONDS: Final = Histogram(
    "collage_request_seconds", "Seconds until machines were answered", ["view"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 10),
)  # fmt: skip
_ARRIVALS: Final = Counter("collage_arrivals_total", "What sources sent, by what became of it", ["source", "became"])
_UNKNOWN: Final = Counter("collage_unknown_keys_total", "Requests with no key or an unknown one")
_UNSTORED: Final = Counter("collage_not_stored_total", "Requests answered with 503: nothing could be stored")
_PIXELS: Final = Counter("collage_lost_pixels_total", "Pictures asked for whose data was of no use")
_GAUGES: Final = {
    "waiting": Gauge("collage_waiting", "Arrivals that were not digested yet"),
    "oldest_s": Gauge("collage_waiting_oldest_seconds", "Age of the oldest of them"),
    "stale": Gauge("collage_stale", "Identifiers whose marks are to be derived anew"),
    "quarantined": Gauge("collage_quarantined", "Arrivals in quarantine"),
    "touchpoints": Gauge("collage_touchpoints", "Touchpoints"),
    "customers": Gauge("collage_customers", "Customers with a score"),
}


def answered(view: str, status: int, seconds: float) -> None:
    """Count a request."""
    _REQUESTS.labels(view, str(status)).inc()
    _SECONDS.labels(view).observe(seconds)


def stored(source: str, outcome: Outcome, refused: int) -> None:
    """Count what was stored."""
    told = {"accepted": outcome.accepted, "duplicate": outcome.duplicate, "quarantined": outcome.quarantined}
    for became, n in {**told, "refused": refused}.items():
        if n:
            _ARRIVALS.labels(source, became).inc(n)


def unknown_key() -> None:
    """Count a request without a key that is known."""
    _UNKNOWN.inc()


def not_stored() -> None:
    """Count a request that has to come again."""
    _UNSTORED.inc()


def lost_pixel() -> None:
    """Count a picture without anything to store."""
    _PIXELS.inc()


def exposed(now: dict[str, float]) -> bytes:
    """Return all counters as text.

    Parameters
    ----------
    now
        What is counted in the database just now.
    """
    for name, value in now.items():
        _GAUGES[name].set(value)
    return generate_latest()
