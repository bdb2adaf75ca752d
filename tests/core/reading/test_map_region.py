"""Identifiers are read in their one writing, phone numbers of a region's own as dialled there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collage import reading
from collage.store import Engine
from tests.core.reading.through import Read

ReadFiles = Callable[..., Read]

TOUCHED = """
name = "desk"
[[rows]]
[[rows.emit]]
into = "touchpoints"
touchpoint_id = "{_row|04}"
identifier = "{space}:{value}"
occurred_at = "2024-05-01"
kind = "message.received"
"""
CLAIMED = """
name = "desk"
region = "GB"
[[rows]]
[[rows.emit]]
into = "claims"
claim_id = "{_row}"
one = "phone:{value}"
other = "phone:+442079460958"
"""
ROWS = {
    "phone,020 7946 0958": "phone:+442079460958",
    "phone,0044 20 7946 0958": "phone:+442079460958",
    "phone,+44 (0)20 7946 0958": "phone:+442079460958",
    "phone,+442079460958": "phone:+442079460958",
    "phone,020 7946 0958 ext 7": "phone:+442079460958;ext=7",
    "phone,extension 12": "phone:extension 12",
    "email,mailto:Bob@X.org": "email:bob@x.org",
    "email,BOB@x.org": "email:bob@x.org",
    "email,J\u00d6RG@x.org": "email:j\u00f6rg@x.org",
    "user,A\u0308nne B": "user:\u00c4nne B",
    "user,Bob@X.org": "user:Bob@X.org",
}
CSV = "space,value\n" + "\n".join(ROWS)


def test_every_identifier_is_read_in_its_one_writing(read_files: ReadFiles) -> None:
    found = read_files(TOUCHED.replace("[[rows]]", 'region = "GB"\n[[rows]]', 1), {"rows.csv": CSV})
    assert found.faults() == []
    assert found.column("identifier") == list(ROWS.values())


def test_blanks_after_the_namespace_are_mended(read_files: ReadFiles) -> None:
    found = read_files(
        TOUCHED.replace("{space}:", "{space}: "), {"rows.csv": "space,value\nuser,4711\nemail,b@x.org\n"}
    )
    assert found.column("identifier") == ["user:4711", "email:b@x.org"]


def test_without_a_region_a_number_dialled_within_the_country_stays_as_it_is(read_files: ReadFiles) -> None:
    found = read_files(TOUCHED, {"rows.csv": CSV}).column("identifier")
    assert found[0] == "phone:020 7946 0958"
    assert found[1:4] == ["phone:+442079460958"] * 3


def test_two_writings_of_one_identifier_are_no_claim(read_files: ReadFiles) -> None:
    found = read_files(CLAIMED, {"rows.csv": "value\n020 7946 0958\n020 7946 0959\n"})
    assert [row["one"] for row in found.rows("claims")] == ["phone:+442079460959"]
    assert found.faults() == [(1, "other", "is the same identifier as one", "phone:+442079460958")]


def test_rows_that_only_their_writing_tells_apart_are_one(read_files: ReadFiles) -> None:
    same = TOUCHED.replace("{_row|04}", "1")
    found = read_files(same, {"rows.csv": "space,value\nemail,Bob@X.org\nemail,bob@x.org\n"})
    assert found.column("identifier") == ["email:bob@x.org"]
    assert found.reading.counts["touchpoints"].duplicates == 1


@pytest.mark.parametrize("order", [("GB", "US"), ("US", "GB")])
def test_one_engine_reads_the_maps_of_two_regions(read_files: ReadFiles, order: tuple[str, str]) -> None:
    numbers = {"GB": "phone:+442079460958", "US": "phone:+12079460958"}
    for region in order:
        map_ = TOUCHED.replace("[[rows]]", f'region = "{region}"\n[[rows]]', 1)
        value = {"GB": "020 7946 0958", "US": "(207) 946-0958"}[region]
        found = read_files(map_, {"rows.csv": f"space,value\nphone,{value}\n"})
        assert found.column("identifier") == [numbers[region]]


def test_who_hands_in_no_way_to_normalise_gets_what_the_map_writes(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("space,value\nemail,Bob@X.org\n", encoding="utf-8")
    map_ = reading.parse_map(TOUCHED, file="map.toml")
    found = reading.read(engine.backend, [tmp_path], map_, now=datetime(2026, 1, 1, tzinfo=UTC), max_bad=0)
    assert found.tables["touchpoints"].to_pyarrow()["identifier"].to_pylist() == ["email:Bob@X.org"]
