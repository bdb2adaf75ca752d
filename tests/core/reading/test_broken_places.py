"""Things in the way of a reading: names, places, limits, a full disk. And files that look broken and are not."""

import json
import os
import resource
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from collage import cli
from tests.core.reading.broken import parquet_files
from tests.core.reading.broken.cases import CALLS, HEADER, MAP, Content, gzipped, line, table
from tests.core.reading.test_broken_files import assert_refused, names, put, read

SOUND = {"calls.csv": CALLS}
TWO = ["calls:g1", "calls:g2"]


def written(out: Path) -> list[str]:
    ids = pq.read_table(out / "touchpoints.parquet", columns=["touchpoint_id"])["touchpoint_id"]
    return sorted(ids.to_pylist())


# ---- files that look broken and are not


def two_calls(name: str) -> str:
    """Return two calls whose ids begin with a name."""
    return HEADER + line(1, id=f"{name}1") + line(2, id=f"{name}2")


def packed_twice() -> bytes:
    """Return two gzip files in one, and zeros behind them, as tapes leave them."""
    return gzipped(HEADER + line(1, id="packed1")) + gzipped(line(2, id="packed2")) + bytes(100)


LOOKS_BROKEN: dict[str, Content] = {
    "mark.csv": b"\xef\xbb\xbf" + two_calls("mark").encode(),
    "newlines.csv": two_calls("newlines").replace("\n", "\r\n\n\n", 1).removesuffix("\n") + "\r",
    "no end.csv": two_calls("end").removesuffix("\n"),
    "delimiter at the end.csv": two_calls("more").replace("\n", ",\n"),
    "blanks.csv": "\n\n" + two_calls("blanks").replace('"', ' "').replace(' ",', '" ,'),
    "CAPITALS.CSV.GZ": gzipped(two_calls("capitals")),
    "packed.csv.gz": packed_twice(),
    'o\'calls {x} "ü" $(ls)\n.csv': two_calls("name"),
    "a[1].csv": two_calls("pattern"),
    "a1.csv": two_calls("like"),
    "calls.parquet": parquet_files.written(parquet_files.calls("parquet1", "parquet2")),
}


def test_what_only_looks_broken_is_read(tmp_path: Path) -> None:
    code, said = read(tmp_path, put(tmp_path, LOOKS_BROKEN), map_=b"\xef\xbb\xbf" + MAP.replace("\n", "\r\n").encode())
    assert code == 0, said
    kinds = ["mark", "newlines", "end", "more", "blanks", "capitals", "packed", "name", "pattern", "like", "parquet"]
    assert written(tmp_path / "out") == sorted(f"calls:{kind}{n}" for kind in kinds for n in (1, 2))


def test_utf_16_is_read_where_the_map_says_so(tmp_path: Path) -> None:
    utf_16 = put(tmp_path, {"calls.csv": CALLS.encode("utf-16")})
    code, said = read(tmp_path, utf_16, map_=table(encoding='"utf-16"'))
    assert (code, written(tmp_path / "out")) == (0, TWO), said


def test_nanoseconds_are_rounded_down_also_before_1970(tmp_path: Path) -> None:
    spring = 1_714_557_600_123_456_999
    table_ = parquet_files.calls("1", "2", at=pa.array([spring, -1], pa.timestamp("ns")))
    code, said = read(tmp_path, put(tmp_path, {"calls.parquet": parquet_files.written(table_)}), map_=MAP)
    assert code == 0, said
    at = pq.read_table(tmp_path / "out" / "touchpoints.parquet").sort_by("occurred_at")["occurred_at"].to_pylist()
    assert at == [
        datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2024, 5, 1, 10, 0, 0, 123_456, tzinfo=UTC),
    ]


def test_a_parquet_time_without_a_zone_is_of_the_map_s_zone(tmp_path: Path) -> None:
    noon = datetime(2024, 5, 1, 12)  # noqa: DTZ001  # that is the point
    table_ = parquet_files.calls("1", at=pa.array([noon], pa.timestamp("us")))
    map_ = MAP.replace("nulls", 'zone = "Europe/Berlin"\nnulls', 1)
    code, said = read(tmp_path, put(tmp_path, {"calls.parquet": parquet_files.written(table_)}), map_=map_)
    assert code == 0, said
    at = pq.read_table(tmp_path / "out" / "touchpoints.parquet")["occurred_at"].to_pylist()
    assert at == [datetime(2024, 5, 1, 10, tzinfo=UTC)]


def test_files_of_a_folder_that_no_table_takes_are_listed_and_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "exports"
    (folder / "sub").mkdir(parents=True)
    put(folder, {"calls.csv": CALLS, "notes.md": "x", ".hidden.csv": "x"})
    code, said = read(tmp_path, [str(folder)], map_=table(files='"*.csv"'))
    assert (code, written(tmp_path / "out")) == (0, TWO)
    assert "left alone, no table of the map takes them: notes.md" in said


# ---- sources that are no files


def pipe(folder: Path) -> list[str]:
    os.mkfifo(folder / "pipe.csv")
    return [str(folder / "pipe.csv")]


def no_folder(folder: Path) -> list[str]:
    (folder / "calls.csv").mkdir()
    return [str(folder / "calls.csv")]


def same_names(folder: Path) -> list[str]:
    for name in ("one", "two"):
        (folder / name).mkdir()
        put(folder / name, SOUND)
    return [str(folder / "one" / "calls.csv"), str(folder / "two" / "calls.csv")]


def other_bytes(folder: Path) -> list[str]:
    file = os.fsencode(folder) + b"/\xff.csv"
    with open(file, "w", encoding="utf-8") as text:  # noqa: PTH123  # a name in bytes
        text.write(CALLS)
    return [os.fsdecode(file)]


def unreadable(folder: Path) -> list[str]:
    """Return a file that is there and cannot be read, even by root."""
    (folder / "memory.csv").symlink_to("/proc/self/mem")
    return [str(folder / "memory.csv")]


@pytest.mark.parametrize(
    ("sources", "words"),
    [
        (lambda folder: [str(folder / "calls.csv")], ("calls.csv", "no such file or folder", "check the path")),
        (lambda folder: [str(folder / ("x" * 300))], ("File name too long", "check the path")),
        (lambda folder: [*put(folder, {"calls": CALLS})], ("read calls", "says nothing of the format", "format = ")),
        (lambda folder: put(folder, SOUND) * 2, ("two files called calls.csv", "names that differ")),
        (same_names, ("two files called calls.csv", "names that differ")),
        (no_folder, ("the table rows", "none fits *", "give the file")),
        (pipe, ("pipe.csv", "neither a file nor a folder", "saved first")),
        (other_bytes, (r"\udcff.csv", "a name that is no UTF-8", "rename")),
        (unreadable, ("read memory.csv", "Input/output error", "your right to read it")),
    ],
    ids=[
        "a file that is not there",
        "a name that is too long",
        "a name without an ending",
        "a file given twice",
        "two files of one name",
        "an empty folder called CSV",
        "a pipe",
        "a name that is no UTF-8",
        "a file that cannot be read",
    ],
)
def test_what_is_no_file_is_refused(
    sources: Callable[[Path], list[str]], words: tuple[str, ...], tmp_path: Path
) -> None:
    code, said = read(tmp_path, sources(tmp_path), map_=MAP)
    assert_refused(code, said, words)
    assert not (tmp_path / "out").exists()


def test_a_map_that_is_not_there_or_a_folder_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sources = put(tmp_path, SOUND)
    for name, words in ((tmp_path / "none.toml", "No such file"), (tmp_path, "Is a directory")):
        code = cli.main(["read", *sources, "--map", str(name), "--out", str(tmp_path / "out")])
        assert_refused(code, capsys.readouterr().err, (str(name), words, "check the path"))


# ---- --out in the way


def filled(out: Path, *files: str) -> None:
    out.mkdir()
    put(out, dict.fromkeys(files, "{}"))


IN_THE_WAY: dict[str, tuple[Callable[[Path], object], tuple[str, ...], tuple[str, ...]]] = {
    "a file": (lambda out: out.write_text("mine"), (), ("something that is not a dataset", "nothing was touched")),
    "a folder of other things": (
        lambda out: filled(out, "mine.txt"),
        ("--replace",),
        ("something that is not a dataset", "nothing was touched"),
    ),
    "a dataset": (
        lambda out: filled(out, "dataset.json"),
        (),
        ("a dataset is there already", "--replace"),
    ),
    "a dataset with a guest": (
        lambda out: filled(out, "dataset.json", "mine.txt"),
        ("--replace",),
        ("which would be lost: mine.txt", "another --out"),
    ),
    "a link to itself": (lambda out: out.symlink_to(out), (), ("ymlink loop", "another --out")),
}


@pytest.mark.parametrize("name", IN_THE_WAY)
def test_what_is_in_the_way_is_not_touched(name: str, tmp_path: Path) -> None:
    prepare, arguments, words = IN_THE_WAY[name]
    sources = put(tmp_path, {**SOUND, "map.toml": ""})
    prepare(tmp_path / "out")
    before = names(tmp_path)
    code, said = read(tmp_path, sources[:1], *arguments, map_=MAP)
    assert_refused(code, said, ("write the dataset", *words))
    assert names(tmp_path) == before


@pytest.mark.parametrize("where", ["calls.csv/out", "/dev/full/out", "x" * 300], ids=["a file", "a device", "too long"])
def test_a_place_that_cannot_be_made_is_refused(where: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sources = put(tmp_path, {**SOUND, "map.toml": MAP})
    before = names(tmp_path)
    code = cli.main(["read", sources[0], "--map", sources[1], "--out", str(tmp_path / where), "--now", "2025-01-01"])
    assert_refused(code, capsys.readouterr().err, ("write the dataset", "choose another"))
    assert names(tmp_path) == before


def test_a_dataset_is_written_through_a_link_and_under_any_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = put(tmp_path, {**SOUND, "map.toml": MAP})
    (tmp_path / "link").symlink_to(tmp_path / "real")
    odd = 'o\'ut "ü" ' + "x" * 230
    for name in ("link", odd):
        code = cli.main(["read", sources[0], "--map", sources[1], "--out", str(tmp_path / name), "--now", "2025-01-01"])
        assert code == 0, capsys.readouterr().err
        assert written(tmp_path / name) == TWO
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["calls.csv", "map.toml", "link", "real", odd])


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    many = HEADER + "".join(line(row, who=os.urandom(16).hex()) for row in range(2_000))
    sources = put(tmp_path, {"calls.csv": many, "map.toml": MAP})
    out = tmp_path / "new" / "folders" / "out"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        code = cli.main(["read", sources[0], "--map", sources[1], "--out", str(out), "--now", "2025-01-01"])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert_refused(code, capsys.readouterr().err, (f"write the dataset {out}", "File too large", "free the disk"))
    assert names(tmp_path) == ["calls.csv", "map.toml"]


# ---- --max-bad and --now


@pytest.mark.parametrize(("share", "code"), [("0.24", 1), ("0.25", 0)])
def test_max_bad_is_a_share_of_all_rows(share: str, code: int, tmp_path: Path) -> None:
    one_of_four = CALLS + line(3) + line(4, at="never")
    found, said = read(tmp_path, put(tmp_path, {"calls.csv": one_of_four}), "--max-bad", share, map_=MAP)
    assert found == code, said
    assert (tmp_path / "out").exists() == (code == 0)


@pytest.mark.parametrize("share", ["-0.1", "1.1", "nan", "inf", "some"])
def test_a_max_bad_that_is_no_share_is_wrong_usage(
    share: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["read", str(tmp_path), "--map", "map.toml", "--out", str(tmp_path / "out"), "--max-bad", share]
    try:
        code = cli.main(words)
    except SystemExit as left:  # argparse's own way out
        code = int(str(left.code))
    assert (code, share in capsys.readouterr().err) == (2, True)


@pytest.mark.parametrize("moment", ["never", "0001-01-01T00:00+14:00", "9999-12-31", "2024-02-30"])
def test_a_moment_that_cannot_be_is_wrong_usage(moment: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(["read", "calls.csv", "--map", "map.toml", "--out", "out", "--now", moment])
    assert moment in capsys.readouterr().err


def test_all_rows_bad_and_all_allowed_still_gives_a_dataset_that_accounts_for_them(tmp_path: Path) -> None:
    bad = HEADER + line(1, at="never") + line(2, kind="Never")
    code, said = read(tmp_path, put(tmp_path, {"calls.csv": bad}), "--max-bad", "1", map_=MAP)
    assert (code, written(tmp_path / "out")) == (0, []), said
    note = json.loads((tmp_path / "out" / "read.json").read_text(encoding="utf-8"))
    assert note["files"] == {"calls.csv": {"rows": 2, "used": 0, "filtered": 0, "quarantined": 2}}
