"""Waits are those of Erlang-A, by the formulas of its chain of states and not by the density they are drawn from."""

import math
from datetime import UTC, datetime

import numpy as np
import pytest

from collage.simulate import Waits
from collage.simulate.rows import DAY, HOUR
from collage.simulate.waiting import Queue, calling, hour_of_week, queues, waits

MONDAY = int(datetime(2025, 3, 3, tzinfo=UTC).timestamp()) * 1_000_000
TEN, EVENING = 10, 19  # hours of a Monday


def erlang_a(queue: Queue) -> tuple[float, float, float]:
    """Return the chance to wait, the chance to give up, and the mean wait in seconds, from the birth-death chain.

    With k callers in line one gives up at the rate k·θ; what gives up of all who come is P(give up), and by Little's
    law the mean wait is the mean line over the rate of arrivals (Garnett, Mandelbaum, Reiman 2002).
    """
    log_p, all_p = 0.0, [0.0]
    for state in range(1, queue.agents + 2_000):
        busy, line = min(state, queue.agents), max(0, state - queue.agents)
        log_p += math.log(queue.arrival / (busy * queue.service + line * queue.patience))
        all_p.append(log_p)
    p = np.exp(np.array(all_p) - max(all_p))
    p /= p.sum()
    waiting = float(p[queue.agents :].sum())
    mean_line = float((p * np.maximum(0, np.arange(p.size) - queue.agents)).sum())
    return waiting, queue.patience * mean_line / queue.arrival, mean_line / queue.arrival


@pytest.mark.parametrize("hour", [TEN, EVENING, 5 * 24 + TEN])
def test_the_marginals_of_an_hour_are_those_of_erlang_a(hour: int) -> None:
    causes = Waits(spare=0.0, spare_evening=-0.8)
    queue, rng = queues(causes)[hour], np.random.default_rng(1)
    waiting, giving_up, mean_wait = erlang_a(queue)
    assert 1.0 - queue.at_once == pytest.approx(waiting, abs=1e-4)
    n = 400_000
    wait_s, gave_up = waits(rng, causes, np.full(n, MONDAY + hour * HOUR))
    # four standard errors of 400,000 drawn
    assert (wait_s > 0).mean() == pytest.approx(waiting, abs=4 * 0.5 / math.sqrt(n))
    assert gave_up.mean() == pytest.approx(giving_up, abs=4 * 0.5 / math.sqrt(n))
    assert wait_s.mean() == pytest.approx(mean_wait, abs=4 * wait_s.std() / math.sqrt(n))


def test_without_impatience_the_chance_to_wait_is_the_published_one_of_erlang_c() -> None:
    # C(12 agents, 10 Erlang) = 0.449 (any table of Erlang C)
    causes = Waits(calls_an_hour=100.0, handle_s=360.0, patience_s=1e6, spare=2.0 / math.sqrt(10.0))
    queue = queues(causes)[TEN]
    assert queue.agents == 12
    assert 1.0 - queue.at_once == pytest.approx(0.449, abs=0.002)


def test_the_offered_wait_is_a_distribution_that_rises() -> None:
    for queue in queues(Waits()).values():
        assert (np.diff(queue.below) >= 0).all()
        assert queue.below[-1] == pytest.approx(1.0)


def test_hours_of_the_week_begin_on_monday() -> None:
    assert hour_of_week(np.array([MONDAY, MONDAY + 25 * HOUR, MONDAY - HOUR])).tolist() == [0, 25, 167]


def test_customers_call_when_it_is_open_and_soon() -> None:
    rng, causes = np.random.default_rng(2), Waits()
    meant = MONDAY + (rng.random(50_000) * 14 * DAY).astype(np.int64)
    at = calling(rng, causes, meant)
    assert set(hour_of_week(at).tolist()) <= set(queues(causes))
    assert (at >= meant).mean() > 0.9  # before opening, calls come at any hour of the same day
    assert ((at - meant) < 2 * DAY).all()
    five_days = calling(rng, Waits(weekend_share=0.0), meant)
    assert hour_of_week(five_days).max() < 5 * 24
