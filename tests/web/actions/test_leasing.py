"""Whose turn it is when somebody was killed while it was theirs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from collage_web.actions import leasing
from collage_web.actions.leasing import Lost, Taken, turn
from collage_web.records.models import Lease
from tests.web.conftest import House


class NoLock:
    """A disk on which no file can be made, or a pooler of connections."""

    def taken(self) -> bool:
        return False

    def free(self) -> None:
        pass


def of_somebody_killed(house: House) -> None:
    Lease.objects.create(name="derive", token="of the dead", until=house.now + timedelta(seconds=9))  # noqa: S106  # of nobody


def test_what_somebody_held_who_was_killed_is_taken_over_at_once(house: House) -> None:
    of_somebody_killed(house)
    with turn("derive", clock=house.clock) as mine, mine.writing():
        assert Lease.objects.get().token == mine.token
    assert not Lease.objects.exists()


def test_where_there_is_no_lock_it_is_taken_over_when_it_has_run_out(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leasing, "_lock", lambda _: NoLock())
    of_somebody_killed(house)
    with pytest.raises(Taken), turn("derive", clock=house.clock):
        pass
    house.now += timedelta(seconds=10)
    with turn("derive", clock=house.clock) as mine, mine.writing():
        pass


def test_whoever_lives_and_has_no_lock_loses_it_and_writes_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as without:
        without.setattr(leasing, "_lock", lambda _: NoLock())
        living = turn("derive", clock=house.clock)
        theirs = living.__enter__()
    with turn("derive", clock=house.clock) as mine:
        with pytest.raises(Lost), theirs.writing():
            pass
        with mine.writing():
            pass
    living.__exit__(None, None, None)


def test_the_lock_goes_with_the_turn(house: House) -> None:
    for _ in range(2):
        with turn("derive", clock=house.clock), pytest.raises(Taken), turn("derive", clock=house.clock):
            pass
