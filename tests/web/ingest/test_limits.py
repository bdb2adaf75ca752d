"""How much a source may send."""

from __future__ import annotations

import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collage_web.ingest.limits import Bucket


def test_a_full_bucket_gives_its_burst_at_once_then_its_rate() -> None:
    bucket = Bucket(rate_per_s=10, burst=50)
    assert [bucket.take(10, 1000.0) for _ in range(5)] == [0.0] * 5
    assert bucket.take(10, 1000.0) == pytest.approx(1.0)
    assert bucket.take(5, 1000.5) == 0.0
    assert bucket.take(1, 1000.5) == pytest.approx(0.1)


def test_what_is_refused_takes_nothing() -> None:
    bucket = Bucket(10, 10)
    assert bucket.take(9, 0) == 0.0
    assert bucket.take(5, 0) > 0
    assert bucket.take(1, 0) == 0.0


def test_a_bucket_never_holds_more_than_its_burst() -> None:
    bucket = Bucket(10, 20)
    assert bucket.take(0, 0) == 0.0
    assert bucket.take(20, 1e9) == 0.0
    assert bucket.take(1, 1e9) > 0


def test_what_is_larger_than_the_bucket_passes_when_it_is_full_and_is_paid_afterwards() -> None:
    bucket = Bucket(10, 20)
    assert bucket.take(100, 0) == 0.0
    assert bucket.take(1, 0) == pytest.approx(8.1)
    assert bucket.take(100, 9) == pytest.approx(1.0)
    assert bucket.take(100, 10) == 0.0


def test_nobody_is_told_to_wait_longer_than_clients_do() -> None:
    bucket = Bucket(0.001, 1)
    assert bucket.take(1, 0) == 0.0
    assert bucket.take(1, 0) == 300.0


def test_a_clock_that_goes_back_gives_nothing_away() -> None:
    bucket = Bucket(1, 10)
    assert bucket.take(10, 100) == 0.0
    assert bucket.take(1, 50) == pytest.approx(1.0)
    assert bucket.take(1, 100.5) == pytest.approx(0.5)
    assert bucket.take(1, 101) == 0.0


@pytest.mark.parametrize(("rate", "burst"), [(0, 1), (-1, 1), (1, 0)])
def test_a_bucket_needs_a_rate_and_a_size(rate: float, burst: float) -> None:
    with pytest.raises(ValueError, match="above zero"):
        Bucket(rate, burst)


@given(
    rate=st.floats(0.5, 1000),
    burst=st.integers(1, 3000),
    asked=st.lists(st.tuples(st.integers(1, 5000), st.floats(0, 20)), max_size=30),
)
def test_no_more_passes_than_burst_and_rate_allow_and_who_waits_is_let_in(
    rate: float, burst: int, asked: list[tuple[int, float]]
) -> None:
    bucket, now, passed, largest = Bucket(rate, burst), 0.0, 0, 0
    for n, later in asked:
        now += later
        wait = bucket.take(n, now)
        assert 0 <= wait <= 300
        while wait:
            now += wait
            wait = bucket.take(n, now)
        passed, largest = passed + n, max(largest, n)
        assert passed <= burst + rate * now + largest + 1e-3 * len(asked)


def test_threads_together_take_no_more_than_there_is() -> None:
    bucket, granted = Bucket(1e-9, 1000), []

    def take() -> None:
        granted.extend([bucket.take(1, 0.0) for _ in range(500)])

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=take) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert granted.count(0.0) == 1000
