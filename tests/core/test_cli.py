"""The command: data on stdout, talk on stderr, exit codes, and what scripts may rely on."""

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from collage import reading
from collage.cli import main
from collage.tables import CONTRACTS

MAP = """
name = "desk"
[[rows]]
[[rows.emit]]
into = "touchpoints"
touchpoint_id = "{id}"
identifier = "user:{who}"
occurred_at = "{at}"
kind = "{kind}"
wait_s = "{wait}"
"""
CALLS = """\
id,who,at,kind,wait
1,4711,2025-03-01T10:00:00Z,contact.answered,900
2,4711,2025-03-02T10:00:00Z,contact.answered,600
3,4712,2025-03-03T10:00:00Z,issue.resolved,
4,4713,2025-03-04T11:30:00Z,page.viewed,
"""
LAST = "2025-03-04T11:30:00Z"
CATALOGUE = """
version = "own"
kappa = 1.0
index_sd = 1.0
least = 0
[classes]
everyday = 60
[[mark]]
name = "seen"
class = "everyday"
weight = 1.0
salience = 1.0
when = { kind = "page.viewed" }
owner = "touchpoint"
cause = "product"
agent_controllable = false
says = { en = "looked at a page" }
source = "assumption"
"""


@dataclass(frozen=True)
class Said:
    """What the command said."""

    code: int | str | None
    data: bytes
    talk: str

    @property
    def text(self) -> str:
        return self.data.decode()


def collage(*words: object) -> Said:
    """Run the command within this process."""
    out, err = io.BytesIO(), io.StringIO()
    with redirect_stdout(io.TextIOWrapper(out, encoding="utf-8", write_through=True)), redirect_stderr(err):
        try:
            code: int | str | None = main([str(word) for word in words])
        except SystemExit as end:
            code = end.code
        sys.stdout.flush()
        return Said(code, out.getvalue(), err.getvalue())


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with an export, its map, and the dataset read from it."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "calls.csv").write_text(CALLS)
    (folder / "map.toml").write_text(MAP)
    (folder / "own.toml").write_text(CATALOGUE)
    said = collage("read", folder / "calls.csv", "--map", folder / "map.toml", "--out", folder / "company")
    assert (said.code, said.data) == (0, b"")
    assert said.talk == (
        f"calls.csv: 4 rows = 4 used + 0 filtered + 0 quarantined\ntouchpoints: 4\nWritten to {folder / 'company'}.\n"
    )
    return folder


# ---- usage

HEAVY = ("ibis", "duckdb", "pyarrow", "numpy", "scipy", "rich", "pandas", "pyspark")


def test_nothing_heavy_is_imported_before_a_command_runs() -> None:
    code = "import sys, collage.cli; collage.cli.parser().format_help(); print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {name.split(".")[0] for name in done.stdout.split()} & set(HEAVY) == set()


@pytest.mark.parametrize("command", ["", "demo", "read", "check", "score", "explain"])
def test_help_says_what_a_command_is_for_and_takes(command: str) -> None:
    said = collage(*command.split(), "--help")
    assert (said.code, said.talk) == (0, "")
    assert said.text.startswith(f"usage: collage {command}".rstrip())
    assert max(map(len, said.text.splitlines())) <= 100


def test_the_version_is_the_packages() -> None:
    from collage import __version__

    assert collage("--version").text == f"collage {__version__}\n"


WRONG: list[tuple[str, str]] = [
    ("", "the following arguments are required: COMMAND"),
    ("scores x", "invalid choice: 'scores'"),
    ("score", "the following arguments are required: DATASET"),
    ("score x --format xml", "invalid choice: 'xml'"),
    ("score x --at yesterday", "'yesterday' is no time that there is; write it as 2025-12-31 or 2025-12-31T18:00:00Z"),
    ("score x --at 1066-10-14", "is not between the years 1900 and 2200"),
    ("score x --engine postgres", "invalid choice: 'postgres'"),
    ("read x", "collage: collage read\n  found: no --map\n  to do: "),
    ("read x --map y", "collage: collage read\n  found: no --out (or --dry-run)\n  to do: "),
    ("read x --map y --out z --max-bad 5", "give a share from 0 to 1, such as 0.05"),
    ("read x --map y --out z --max-bad nan", "give a share from 0 to 1"),
    ("read nowhere --suggest", "name a file, not a folder"),
]


@pytest.mark.parametrize(("words", "talk"), WRONG)
def test_wrong_usage_is_two(words: str, talk: str) -> None:
    said = collage(*words.split())
    assert (said.code, said.data) == (2, b"")
    assert talk in said.talk


# ---- read


def test_what_is_refused_is_one_in_three_lines_and_nothing_is_written(desk: Path, tmp_path: Path) -> None:
    bad, map_, out = tmp_path / "bad.csv", desk / "map.toml", tmp_path / "out"
    bad.write_text(CALLS.replace("2025-03-02T", "2025-13-02T"))
    refused = [
        (
            ("read", bad, "--map", map_, "--out", out),
            "collage: could not read with at most 5.0% bad rows\n  found: 1 of 4",
        ),
        (("read", tmp_path / "none.csv", "--map", map_, "--out", out), "none.csv\n  found: no such file or folder\n"),
        (("read", bad, "--map", tmp_path / "none.toml", "--out", out), "none.toml\n  found: [Errno 2]"),
        (("read", desk / "calls.csv", "--map", map_, "--out", desk / "company"), "a dataset is there already\n"),
        (("read", desk / "calls.csv", "--map", map_, "--out", out, "--catalogue", map_), "map.toml"),
        (("score", out), "out\n  found: no such folder\n  to do: make one: collage read"),
        (("check", tmp_path), "none of our tables in it\n"),
    ]
    for words, talk in refused:
        said = collage(*words)
        assert (said.code, said.data) == (1, b"")
        assert said.talk.startswith("collage: could not ")
        assert [line[:8] for line in said.talk.splitlines()[1:]] == ["  found:", "  to do:"]
        assert talk in said.talk
    assert list(tmp_path.iterdir()) == [bad]


def test_a_try_shows_rows_and_counts_and_writes_nothing(desk: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text(CALLS.replace("2025-03-02T", "2025-13-02T"))
    said = collage("read", bad, "--map", desk / "map.toml", "--dry-run", "--max-bad", 0.25)
    assert said.code == 0
    _, title, first, *rest = said.text.splitlines()
    assert (title, len(rest)) == ("touchpoints, of the first 20 rows that make one:", 2)
    told = "touchpoint_id = desk:1, identifier = user:4711, occurred_at = 2025-03-01T10:00:00Z"
    assert first == f"  bad.csv 1: {told}, source = desk, kind = contact.answered, wait_s = 900.0"
    assert "4 rows = 3 used + 0 filtered + 1 quarantined" in said.talk
    assert (
        "quarantined 1: occurred_at '2025-13-02T10:00:00Z' is not a time (ISO 8601); first in bad.csv row 2"
        in said.talk
    )
    assert list(tmp_path.iterdir()) == [bad]


def test_a_suggestion_is_a_map_on_stdout_that_reads_the_file(desk: Path, tmp_path: Path) -> None:
    said = collage("read", desk / "calls.csv", "--suggest")
    assert (said.code, said.talk) == (0, "")
    (tmp_path / "map.toml").write_bytes(said.data)
    assert collage("read", desk / "calls.csv", "--map", tmp_path / "map.toml", "--out", tmp_path / "x").code == 0
    assert collage("check", tmp_path / "x").text.startswith("touchpoints: 4 rows (checked row by row)\n")


def test_what_happened_after_now_is_set_aside(desk: Path, tmp_path: Path) -> None:
    words = ("read", desk / "calls.csv", "--map", desk / "map.toml", "--out", tmp_path / "x", "--max-bad", 1)
    assert "3 used + 0 filtered + 1 quarantined" in collage(*words, "--now", "2025-03-03T10:00:00Z").talk
    said = collage(*words, "--replace", "--now", "2025-03-04T11:25:00Z")
    assert "4 used + 0 filtered + 0 quarantined" in said.talk


def test_ctrl_c_ends_with_130_and_nothing_written(desk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(reading, "read", stopped)
    said = collage("read", desk / "calls.csv", "--map", desk / "map.toml", "--out", tmp_path / "x")
    assert (said.code, said.talk) == (130, "collage: stopped; nothing was written\n")
    assert list(tmp_path.iterdir()) == []


# ---- check


def test_check_counts_in_words_and_in_json(desk: Path) -> None:
    told = collage("check", desk / "company")
    assert (told.code, told.talk) == (0, "")
    assert told.text.splitlines()[:3] == [
        "touchpoints: 4 rows (checked row by row)",
        "quarantine: 0 rows (checked row by row)",
        "touchpoints of 3 identifiers and 0 issues, 01 Mar 2025 to 04 Mar 2025",
    ]
    assert [line.split() for line in told.text.splitlines()[3:]] == [
        ["kind", "touchpoints", "in", "the", "vocabulary"],
        ["contact.answered", "2", "yes"],
        ["issue.resolved", "1", "yes"],
        ["page.viewed", "1", "yes"],
    ]
    found = json.loads(collage("check", desk / "company", "--format", "json").data)
    assert found["tables"]["touchpoints"] == {"rows": 4, "duplicates": 0, "unknown": [], "verified": False}
    assert found["touchpoints"]["last_at"] == LAST
    assert found["touchpoints"]["kinds"] == {"contact.answered": 2, "issue.resolved": 1, "page.viewed": 1}


# ---- score and explain


def scores(desk: Path, *words: object) -> list[dict[str, Any]]:
    said = collage("score", desk / "company", "--format", "json", *words)
    assert (said.code, said.talk) == (0, "")
    found: list[dict[str, Any]] = json.loads(said.data)
    return found


@pytest.fixture(scope="module")
def scored(desk: Path) -> list[dict[str, Any]]:
    """Return the scores by the shipped catalogue at the last touchpoint."""
    return scores(desk)


def test_scores_come_in_three_formats_with_exactly_the_columns_of_the_contract(
    desk: Path, scored: list[dict[str, Any]], tmp_path: Path
) -> None:
    found = scored
    names = list(CONTRACTS["scores"].names)
    assert [list(row) for row in found] == [names] * 3
    assert [row["customer_id"] for row in found] == ["user:4711", "user:4712", "user:4713"]
    table = pq.read_table(io.BytesIO(collage("score", desk / "company", "--format", "parquet").data))
    text = pa.csv.read_csv(io.BytesIO(collage("score", desk / "company", "--format", "csv").data))
    assert (table.column_names, text.column_names) == (names, names)
    for name in ("customer_id", "experience", "index", "n_marks"):
        assert table[name].to_pylist() == text[name].to_pylist() == [row[name] for row in found]
    said = collage("score", desk / "company", "--out", tmp_path / "scores.csv")
    assert (said.code, said.data) == (0, b"")
    assert said.talk == f"3 rows written to {tmp_path / 'scores.csv'}.\n"
    assert pa.csv.read_csv(tmp_path / "scores.csv").column_names == names


def test_the_moment_of_asking_is_the_last_touchpoint_and_never_the_clock(
    desk: Path, scored: list[dict[str, Any]]
) -> None:
    assert {row["at"] for row in scored} == {LAST}
    assert scores(desk, "--at", "2025-03-04T12:30:00+01:00") == scored
    early = scores(desk, "--at", "2025-03-01T23:00")
    assert [(row["customer_id"], row["at"], row["n_marks"]) for row in early] == [
        ("user:4711", "2025-03-01T23:00:00Z", 1)
    ]


def test_the_table_of_scores_is_for_people(desk: Path) -> None:
    said = collage("score", desk / "company")
    lines = said.text.splitlines()
    assert lines[0].split()[:3] == ["customer", "index", "experience"]
    assert lines[1].split()[0] == "user:4711"
    assert said.talk == "3 customers at 2025-03-04 11:30 UTC, worst first.\n"


def test_an_explanation_adds_up_to_the_experience(desk: Path, scored: list[dict[str, Any]]) -> None:
    said = collage("explain", desk / "company", "user:4711", "--format", "json")
    assert (said.code, said.talk) == (0, "")
    rows = json.loads(said.data)
    experience = scored[0]["experience"]
    assert sum(row["contribution"] for row in rows) == pytest.approx(experience, abs=1e-12)
    assert {row["says"].split()[0] for row in rows} == {"waited"}
    german = json.loads(collage("explain", desk / "company", "user:4711", "--format", "json", "--language", "de").data)
    assert [row["contribution"] for row in german] == [row["contribution"] for row in rows]
    assert [row["says"] for row in german] != [row["says"] for row in rows]
    told = collage("explain", desk / "company", "user:4711")
    assert told.talk.startswith("user:4711 at 2025-03-04 11:30 UTC: index ")
    assert f"experience {experience:+.3f}, the sum of {len(rows)} marks" in told.talk


def test_nobody_of_this_name_is_told_with_those_that_are_near(desk: Path) -> None:
    said = collage("explain", desk / "company", "user:471")
    assert said.code == 1
    assert said.talk == (
        "collage: could not find the customer user:471\n  found: nobody of this customer id or identifier\n"
        "  to do: did you mean user:4711, user:4712, user:4713?\n"
    )


def test_a_catalogue_is_the_one_that_is_said_else_the_datasets_own_else_the_shipped_one(
    desk: Path, scored: list[dict[str, Any]], tmp_path: Path
) -> None:
    own = scores(desk, "--catalogue", desk / "own.toml")
    assert [row["n_marks"] for row in own] == [0, 0, 1]
    assert [row["n_marks"] for row in scored] != [0, 0, 1]
    words = ("read", desk / "calls.csv", "--map", desk / "map.toml", "--out", tmp_path / "company")
    assert collage(*words, "--catalogue", desk / "own.toml").code == 0
    assert scores(tmp_path) == own


def test_a_reader_that_has_seen_enough_is_no_error(desk: Path) -> None:
    for words in (["--help"], ["score", str(desk / "company")]):
        outlet, inlet = os.pipe()
        os.close(outlet)
        done = subprocess.run(
            [sys.executable, "-m", "collage.cli", *words],
            stdout=inlet,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": ""},
            check=False,
        )
        os.close(inlet)
        assert done.returncode == 0
        assert b"Broken" not in done.stderr


@pytest.mark.spark
def test_spark_scores_alike(spark: object, desk: Path, scored: list[dict[str, Any]]) -> None:
    assert spark is not None
    for one, other in zip(scored, scores(desk, "--engine", "spark"), strict=True):
        assert one == {key: pytest.approx(v, abs=1e-12) if isinstance(v, float) else v for key, v in other.items()}


# ---- demo


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Said]:
    folder = tmp_path_factory.mktemp("demo") / "here"
    return folder, collage("demo", "--out", folder)


@pytest.mark.xdist_group("demo")  # made once, not once a worker
def test_the_demo_simulates_scores_and_reports_by_commands_that_anybody_would_type(demo: tuple[Path, Said]) -> None:
    folder, said = demo
    assert said.code == 0, said.talk
    assert {"company", "exports", "report.html"} <= {path.name for path in folder.iterdir()}
    typed = [line.removeprefix("$ collage ").split() for line in said.talk.splitlines() if line.startswith("$ ")]
    assert [words[0] for words in typed] == ["simulate", "score", "report"]
    assert (folder / "report.html").resolve().as_uri() in said.talk
    last = json.loads(collage("check", folder / "company", "--format", "json").data)["touchpoints"]["last_at"]
    assert datetime.fromisoformat(last) < datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.xdist_group("demo")  # made once, not once a worker
def test_the_demo_names_five_findings_and_the_slow_refund_first(demo: tuple[Path, Said]) -> None:
    _, said = demo
    findings = [line for line in said.text.splitlines() if line[:2] in {"1.", "2.", "3.", "4.", "5."}]
    assert len(findings) == 5
    assert findings[0] == "1. Rising: a refund came late"
    assert "what is newly lost is “a refund came late” (Billing)." in said.text


@pytest.mark.xdist_group("demo")  # made once, not once a worker
def test_the_three_commands_for_ones_own_records_work_on_the_exports_of_the_demo(demo: tuple[Path, Said]) -> None:
    _, said = demo
    lines = [line.split()[1:] for line in said.talk.splitlines() if line.startswith("  collage ")]
    assert [words[0] for words in lines] == ["read", "score", "report"]
    for words in lines:
        again = collage(*words)
        assert again.code == 0, again.talk


def test_the_demo_never_writes_among_other_things(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    said = collage("demo", "--out", tmp_path)
    assert said.code == 1
    assert "a folder with something else in it\n  to do: choose an empty place with --out" in said.talk
    assert collage("demo", "--out", tmp_path / "thesis.txt").code == 1
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]
