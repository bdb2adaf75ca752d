"""The benchmark of the server runs, for so short a time that its figures say nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.desk import crowd, pages
from bench.web import ingest, taken_in


@pytest.mark.prove
def test_what_arrives_is_measured_beside_a_bare_server(tmp_path: Path) -> None:
    batches, single, scored, backlog = ingest(tmp_path, 200, 1)
    assert float(batches.figures["rate"]) > float(single.figures["rate"]) > 0
    assert "digest running" in batches.size
    assert float(scored.figures["median_s"]) > 0
    assert float(backlog.figures["touchpoints"]) > 0
    (line,) = taken_in(tmp_path, 200, 1)
    assert float(line.figures["touchpoints"]) > 1000


@pytest.mark.prove
def test_pages_are_measured(tmp_path: Path) -> None:
    customer, busy, who, board = pages(tmp_path, 200, 1)
    for line in (customer, busy, who, board):
        assert line.figures["others"] == 0, line
        assert float(line.figures["p95_ms"]) > 0


@pytest.mark.slow
def test_a_crowd_is_measured_and_nothing_goes_wrong(tmp_path: Path) -> None:
    (line,) = crowd(tmp_path, 200, 1)
    assert line.figures["wrong"] == 0
    assert float(line.figures["requests"]) > 0
