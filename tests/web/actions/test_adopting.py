"""A company's own catalogue: put in force by a command, brought by an import, and seen in every mark."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from collage.errors import CatalogueError
from collage.tables import CONTRACTS
from collage_web.actions.adopting import adopt
from collage_web.cli import moving
from collage_web.records.models import AuditEntry, Catalogue, Mark
from tests.web.conftest import NOW, House, touchpoint

WAIT: dict[str, Any] = {"kind": "contact.answered", "wait_s": 400}
NO_WAITS = 'extends = "default"\nversion = "ours.1"\n\n[[mark]]\nname = "long_wait"\noff = true\n'


def marks() -> set[str]:
    return set(Mark.objects.values_list("mark", flat=True))


def folder(at: Path, catalogue: str) -> Path:
    at.mkdir()
    row = {"touchpoint_id": "crm:1", "identifier": "user:9", "occurred_at": NOW, "kind": "page.viewed"}
    table = pa.Table.from_pylist([row], schema=CONTRACTS["touchpoints"].schema().to_pyarrow())
    pq.write_table(table, at / "touchpoints.parquet")
    (at / "catalogue.toml").write_text(catalogue, encoding="utf-8")
    return at


def test_what_a_catalogue_leaves_out_is_no_mark_any_more_and_comes_back_with_the_one_before(house: House) -> None:
    house.send(touchpoint(1, "user:1", **WAIT))
    house.digest()
    assert "long_wait" in marks()
    assert adopt(NO_WAITS, file="ours.toml", by=None, now=NOW) == 1
    house.digest()
    assert "long_wait" not in marks()
    assert adopt(NO_WAITS, file="ours.toml", by=None, now=NOW) == 0
    adopt('extends = "default"\nversion = "ours.2"\n', file="ours.toml", by=None, now=NOW)
    house.digest()
    assert "long_wait" in marks()
    adopt(NO_WAITS, file="ours.toml", by=None, now=NOW.replace(hour=13))
    house.digest()
    assert "long_wait" not in marks()
    assert AuditEntry.objects.filter(verb="catalogue.adopt").count() == 3
    assert Catalogue.objects.count() == 2


def test_a_catalogue_with_a_mistake_changes_nothing(house: House) -> None:
    house.send(touchpoint(1, "user:1", **WAIT))
    house.digest()
    with pytest.raises(CatalogueError, match="when"):
        adopt('version = "x"\n[[mark]]\nname = "odd"\n', file="ours.toml", by=None, now=NOW)
    assert not Catalogue.objects.exists()
    assert house.digest() == 0
    assert "long_wait" in marks()


def test_an_import_brings_its_catalogue_where_the_company_has_none(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "open_database", lambda: None)
    house.send(touchpoint(1, "user:1", **WAIT))
    house.digest()
    moving.import_(Namespace(dataset=folder(tmp_path / "one", NO_WAITS)))
    assert Catalogue.objects.get().version == "ours.1"
    assert "long_wait" not in marks()
    moving.import_(Namespace(dataset=folder(tmp_path / "two", NO_WAITS.replace("ours.1", "theirs"))))
    assert Catalogue.objects.get().version == "ours.1"
    assert "left aside" in capsys.readouterr().err
    broken = folder(tmp_path / "three", 'version = "x"\n[[mark]]\nname = "odd"\n')
    with pytest.raises(CatalogueError):
        moving.import_(Namespace(dataset=broken))
