"""A mark that was struck out is none, also where a promise left it, whose touchpoint stands in no table."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from collage.tables import CONTRACTS
from collage_web.actions.importing import take_in
from collage_web.records.models import Mark
from tests.web.conftest import NOW, House

BROKEN = {"touchpoint_id": "promise:p1:promise.broken", "mark": "promise_broken"}


def write(folder: Path, name: str, row: Mapping[str, object]) -> Path:
    folder.mkdir()
    rows = pa.Table.from_pylist([row], schema=CONTRACTS[name].schema().to_pyarrow())
    pq.write_table(rows, folder / f"{name}.parquet")
    return folder


def test_a_correction_of_a_promises_mark_counts_when_it_comes_later(house: House, tmp_path: Path) -> None:
    made, due = NOW - timedelta(days=9), NOW - timedelta(days=5)
    promise = {"promise_id": "p1", "identifier": "user:1", "kind": "callback", "made_at": made, "due_at": due}
    take_in(write(tmp_path / "promises", "promises", promise), by=None, now=NOW)
    house.digest()
    assert Mark.objects.filter(**BROKEN).exists()
    struck = {"correction_id": "c1", **BROKEN, "verdict": "struck_out"}
    take_in(write(tmp_path / "corrections", "corrections", struck), by=None, now=NOW)
    house.digest()
    assert not Mark.objects.filter(**BROKEN).exists()
