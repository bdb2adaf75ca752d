"""What several files of these tests ask for."""

from __future__ import annotations

import pytest

from tests.core.report.earning import Earning, made


@pytest.fixture(scope="session")
def earning(tmp_path_factory: pytest.TempPathFactory) -> Earning:
    """Return a simulated company whose ratings are shared out: made once."""
    return made(tmp_path_factory.mktemp("earned") / "company")
