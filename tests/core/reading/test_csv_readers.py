"""DuckDB's reader and Python's, which takes over at the first complaint, see the same rows in every CSV file."""

import gzip
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collage.errors import SourceError
from collage.reading import from_csv
from collage.reading.mapping import SourceTable
from collage.reading.spool import Rejects
from collage.store import Engine

Cells = tuple[str | None, ...]
Seen = tuple[list[Cells], list[tuple[int, str]]]
FEW = settings().max_examples // 4  # several files to an example

# What makes a CSV file hard: quotes, delimiters, line ends, blanks, what looks like null, what is not ASCII.
PIECES = st.sampled_from(
    [*"ab01 \"',;|\t\n\r\\", "é", "€", "😀", "\u2028", "\ufeff", "\0", "NULL", "\r\n", '""', "\\0"]
)
CELLS = st.lists(PIECES, max_size=4).map("".join)


def seen(engine: Engine, file: Path, content: bytes, source: SourceTable) -> Seen:
    """Return the rows of a file and those that are set aside."""
    file.write_bytes(content)
    rejects = Rejects(engine.backend)
    loaded = from_csv.read(engine.backend, file, source, (), rejects)
    rows = engine.backend.to_pyarrow(loaded.table.order_by("_row")).to_pylist()
    aside = engine.backend.to_pyarrow(rejects.table().order_by("row")).to_pylist()
    assert sorted([row["_row"] for row in rows] + [row["row"] for row in aside]) == list(range(1, loaded.rows + 1))
    # a map cuts blanks around a value, whichever reader brought it
    cells = [tuple(None if v is None else v.strip(" ") for k, v in row.items() if k != "_row") for row in rows]
    return cells, [(row["row"], row["reason"]) for row in aside]


@st.composite
def written(draw: st.DrawFn) -> tuple[str, list[list[str]], SourceTable]:
    """Draw a CSV file, the cells that are in it, and how it is written."""
    width, delimiter = draw(st.integers(2, 4)), draw(st.sampled_from(",;|\t"))
    rows = draw(st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=6))
    end, all_quoted = draw(st.sampled_from(["\n", "\r\n"])), draw(st.booleans())

    def cell(text: str) -> str:
        needs = all_quoted or any(mark in text for mark in (delimiter, '"', "\r", "\n"))
        return '"' + text.replace('"', '""') + '"' if needs else text

    lines = [delimiter.join(map(cell, row)) for row in [[f"h{i}" for i in range(width)], *rows]]
    return end.join(lines) + (end if draw(st.booleans()) else ""), rows, SourceTable("rows", delimiter=delimiter)


@given(files=st.lists(written(), min_size=5, max_size=5))
@settings(max_examples=FEW, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_both_readers_see_what_was_written(
    engine: Engine, tmp_path: Path, files: list[tuple[str, list[list[str]], SourceTable]]
) -> None:
    for text, rows, source in files:
        expected = [tuple(cell.strip(" ") for cell in row) for row in rows]
        fast = seen(engine, tmp_path / "fast.csv", text.encode(), source)
        # DuckDB is not asked to read UTF-16
        wide = SourceTable("rows", delimiter=source.delimiter, encoding="utf-16")
        slow = seen(engine, tmp_path / "slow.csv", text.encode("utf-16"), wide)
        assert fast == (expected, [])
        assert slow == (expected, [])


@given(bodies=st.lists(st.lists(PIECES, max_size=12).map("".join), min_size=5, max_size=5))
@settings(max_examples=FEW, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_one_reader_takes_apart_or_refuses_the_other_does_too(
    engine: Engine, tmp_path: Path, bodies: list[str]
) -> None:
    def told(file: str, content: bytes, encoding: str) -> Seen | str:
        try:
            return seen(engine, tmp_path / file, content, SourceTable("rows", encoding=encoding))
        except SourceError as error:
            return error.found

    for body in bodies:
        text = f"h0,h1\n{body}"
        plain = told("a.csv", text.encode(), "utf-8")
        assert told("b.csv", text.encode("utf-16"), "utf-16") == plain
        assert told("c.csv.gz", gzip.compress(text.encode()), "utf-8") == plain


SPACED = """\
h0,h1,h2
1, "a, b" ,3
 2 ,"say ""x"" , y"  , z
3,\t"c",
"""
BAD = "4,5\n"


@pytest.mark.parametrize("text", [SPACED, SPACED + BAD], ids=["DuckDB's reader", "Python's reader"])
def test_blanks_around_a_quoted_cell_are_none_of_it_in_either_reader(engine: Engine, tmp_path: Path, text: str) -> None:
    rows, aside = seen(engine, tmp_path / "a.csv", text.encode(), SourceTable("rows"))
    assert rows == [("1", "a, b", "3"), ("2", 'say "x" , y', "z"), ("3", '\t"c"', "")]
    assert aside == ([(4, "has 2 cells, the header has 3")] if text.endswith(BAD) else [])
