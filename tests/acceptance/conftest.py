"""A company of which everything is known, small enough for `make test`."""

from __future__ import annotations

import pytest

from tests.acceptance.worlds import World, world


@pytest.fixture(scope="session")
def small() -> World:
    return world(customers=3_000)
