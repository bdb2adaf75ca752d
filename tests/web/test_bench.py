"""The benchmark of the server runs, for so short a time that its figures say nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.web import ingest, taken_in


@pytest.mark.slow
def test_what_arrives_is_measured_beside_a_bare_server(tmp_path: Path) -> None:
    batches, single, scored, backlog = ingest(tmp_path, 200, 1)
    assert float(batches.figures["rate"]) > float(single.figures["rate"]) > 0
    assert "digest running" in batches.size
    assert float(scored.figures["median_s"]) > 0
    assert float(backlog.figures["touchpoints"]) > 0
    (line,) = taken_in(tmp_path, 200, 1)
    assert float(line.figures["touchpoints"]) > 1000
