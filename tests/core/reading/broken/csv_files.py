"""Broken CSV: files that are refused, and files with bad rows."""

import gzip
import io
import zipfile

from tests.core.reading.broken.cases import (
    CALLS,
    GOOD,
    GOOD_TOO,
    HEADER,
    LONGEST,
    MEGABYTES,
    Bad,
    Refused,
    SetAside,
    gzipped,
    line,
    table,
)

NO_TIME = "is not a time (ISO 8601)"
NO_NUMBER = "is not a number"
OUT_OF_TIME = "is not a time between the years 1900 and 2200"
NO_WHO = "is not namespace:value, such as user:4711 or email:someone@example.org"
NO_KIND = "is not lower-case words joined by dots, such as contact.answered"
LINES = 'two lines, of ""many""\n' * 200_000
MANY = "".join(f"n{row},dora,2024-05-01T10:00:00,contact.answered,1\n" for row in range(60_000))


def archive() -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as packed:
        packed.writestr("calls.csv", CALLS)
    return whole.getvalue()


def damaged(at: int) -> bytes:
    """Return a gzip file with another byte at a place."""
    whole = bytearray(gzipped(HEADER + MANY))
    whole[at] ^= 255
    return bytes(whole)


REFUSED = [
    Refused("an empty file", {"calls.csv": ""}, ("read calls.csv", "an empty file", "export it again")),
    Refused("a file of blank lines", {"calls.csv": "\n\n\n\n"}, ("read calls.csv", "an empty file", "export it again")),
    Refused("a header of blanks", {"calls.csv": " , \n" + GOOD}, ("header of calls.csv", "not one name")),
    Refused("a header and nothing else", {"calls.csv": HEADER}, ("not a single row",)),
    Refused(
        "a column twice in the header",
        {"calls.csv": HEADER.replace("kind", "ID") + GOOD},
        ("header of calls.csv", "the column 'id' twice", "letter case", "rename one"),
    ),
    Refused(
        "a name of our own in the header",
        {"calls.csv": HEADER.replace("wait", "_row") + GOOD},
        ("header of calls.csv", "a column '_row', a name of our own", "rename it"),
    ),
    Refused(
        "a NUL in the header",
        {"calls.csv": CALLS.replace("who", "w\0o")},
        ("header of calls.csv", r"'w\x00o'", "no text in utf-8", "encoding"),
    ),
    Refused(
        "a header in another encoding",
        {"calls.csv": CALLS.replace("who", "wörter").encode("cp1252")},
        ("header of calls.csv", "no text in utf-8", 'encoding = "cp1252"'),
    ),
    Refused(
        "a header of ten megabytes",
        {"calls.csv": "x" * MEGABYTES + "\n" + GOOD},
        ("header of calls.csv", LONGEST, "delimiter and quote"),
    ),
    Refused(
        "a header with a quote that never closes",
        {"calls.csv": '"id,who\n' + GOOD},
        ("header of calls.csv", "a quote that opens and never closes", "delimiter and quote"),
    ),
    Refused(
        "a quote that never closes",
        {"calls.csv": HEADER + GOOD + '2,"carla,2024-05-01,contact.answered,1\n' + GOOD_TOO},
        ("calls.csv, row 2", "a quote that opens and never closes", "carla", "close the quote"),
    ),
    Refused(
        "a quote that never closes, with more behind it than a row may hold",
        {"calls.csv": HEADER + GOOD + '2,"carla,2024-05-01,contact.answered,1\n' + MANY},
        ("calls.csv, row 2", "a quote that opens and never closes", "carla", "close the quote"),
    ),
    Refused(
        "a quote that closes far behind, where another should open",
        {"calls.csv": HEADER + GOOD + '2,"carla,2024-05-01,contact.answered,1\n' + MANY + line(3)},
        ("calls.csv, row 2", "a quote that opens and never closes", "close the quote"),
    ),
    Refused(
        "UTF-16 without saying so",
        {"calls.csv": CALLS.encode("utf-16")},
        ("read calls.csv", "UTF-16 text", 'encoding = "utf-16"'),
    ),
    Refused(
        "UTF-16 without a mark, and without saying so",
        {"calls.csv": CALLS.encode("utf-16-le")},
        ("header of calls.csv", "no text in utf-8", 'encoding = "utf-16-le"'),
    ),
    Refused(
        "UTF-32 without saying so",
        {"calls.csv": CALLS.encode("utf-32")},
        ("read calls.csv", "UTF-32 text", 'encoding = "utf-32"'),
    ),
    Refused(
        "UTF-8 where the map says UTF-16",
        {"calls.csv": CALLS},
        ("read calls.csv as utf-16", "does not start with BOM", "name the file's encoding"),
        map=table(encoding='"utf-16"'),
    ),
    Refused(
        "UTF-16 that breaks off within a character",
        {"calls.csv": CALLS.encode("utf-16")[:-1]},
        ("read calls.csv as utf-16", "truncated", "name the file's encoding"),
        map=table(encoding='"utf-16"'),
    ),
    Refused(
        "a ZIP archive called CSV", {"calls.csv": archive()}, ("read calls.csv", "a ZIP archive", "export it as CSV")
    ),
    Refused(
        "an old spreadsheet called CSV",
        {"calls.csv": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500)},
        ("read calls.csv", "an old spreadsheet", "export it as CSV"),
    ),
    Refused("a spreadsheet", {"calls.xlsx": archive()}, ("read calls.xlsx", "a spreadsheet", "export it as CSV")),
    Refused(
        "a Parquet file called CSV",
        {"calls.csv": b"PAR1" + bytes(100) + b"PAR1"},
        ("read calls.csv", "a Parquet file", "ends in .parquet"),
    ),
    Refused(
        "a gzip file without .gz",
        {"calls.csv": gzipped(CALLS)},
        ("read calls.csv", "a gzip file under another name", "ends in .gz"),
    ),
    Refused(
        "a plain file called .gz",
        {"calls.csv.gz": CALLS},
        ("read calls.csv.gz", "no gzip file, though its name ends in .gz", "take .gz off"),
    ),
    Refused(
        "a gzip file within a gzip file",
        {"calls.csv.gz": gzip.compress(gzipped(CALLS))},
        ("read calls.csv.gz", "a gzip file within a gzip file", "unpack it"),
    ),
    Refused(
        "a gzip file of nothing",
        {"calls.csv.gz": gzipped("")},
        ("read calls.csv.gz", "an empty file", "export it again"),
    ),
    Refused(
        "a gzip file that breaks off",
        {"calls.csv.gz": gzipped(HEADER + MANY)[:-1000]},
        ("read calls.csv.gz", "a gzip file that breaks off", "copy or export it again"),
    ),
    Refused(
        "a gzip file whose checksum is another",
        {"calls.csv.gz": damaged(-8)},
        ("read calls.csv.gz", "a damaged gzip file", "copy or export it again"),
    ),
    Refused(
        "a gzip file damaged in the middle",
        {"calls.csv.gz": damaged(10_000)},
        ("read calls.csv.gz", "a damaged gzip file", "copy or export it again"),
    ),
    Refused(
        "a gzip file with something behind it",
        {"calls.csv.gz": gzipped(CALLS) + b"and more"},
        ("read calls.csv.gz", "a damaged gzip file", "copy or export it again"),
    ),
    Refused(
        "bytes that are no text at all",
        {"calls.csv": bytes(range(256)) * 20},
        ("header of calls.csv", "no text in utf-8", "encoding"),
    ),
    Refused(
        "a page that asks to log in",
        {"calls.csv": "<!DOCTYPE html>\n<html><body>Please log in</body></html>\n"},
        ("find the column 'id'", "calls.csv", "<!DOCTYPE html>", "correct the name"),
    ),
    Refused(
        "semicolons where the map says nothing",
        {"calls.csv": CALLS.replace(",", ";")},
        ("find the column 'id'", "calls.csv", "id;who;at;kind;wait", 'delimiter = ";"'),
    ),
    Refused(
        "more bad rows than allowed",
        {"calls.csv": HEADER + GOOD + "2,carla\n" + GOOD_TOO},
        ("at most 5.0% bad rows", "1 of 3", "calls.csv row 2", "has 2 cells, the header has 5", "--max-bad"),
    ),
    Refused(
        "a delimiter at the end of each row but the header",
        {"calls.csv": HEADER + GOOD.replace("\n", ",\n") + GOOD_TOO.replace("\n", ",\n")},
        ("2 of 2 (100.0%)", "calls.csv row 1", "has 6 cells, the header has 5", "--max-bad"),
    ),
]

TIMES = {
    "2024-02-30T10:00:00": NO_TIME,
    "2024-13-01": NO_TIME,
    "2023-02-29": NO_TIME,
    "2024-05-01T25:00:00": NO_TIME,
    "2024-05-01T10:60:00": NO_TIME,
    "2024-05-01T23:59:60": NO_TIME,
    "0000-00-00": NO_TIME,
    "01.05.2024": NO_TIME,
    "1714557600": NO_TIME,
    "20240501": NO_TIME,
    "2024-05-01T10:00:00+99:00": NO_TIME,
    "2024-05-01T10:00:00 Europe/Berlin": NO_TIME,
    "infinity": NO_TIME,
    "epoch": NO_TIME,
    "now": NO_TIME,
    "٢٠٢٤-05-01": NO_TIME,
}
FAR = {
    "0001-01-01": ("0001-01-01 00:00:00+00", OUT_OF_TIME),
    "1899-12-31T23:59:59": ("1899-12-31 23:59:59+00", OUT_OF_TIME),
    "2200-01-01": ("2200-01-01 00:00:00+00", OUT_OF_TIME),
    "9999-12-31T23:59:59": ("9999-12-31 23:59:59+00", OUT_OF_TIME),
    "2025-01-01T00:05:01": ("2025-01-01 00:05:01+00", "lies in the future"),
}
WAITS = ("nan", "inf", "1_000", "1,5", "0x10", "1e999", "½", "--1", "9" * 400)
KINDS = ("Contact.Answered", "contact..answered", "contact answered", "contact.", "kontakt.ürgern")


def times() -> SetAside:
    """Return rows whose time cannot be, or cannot be meant; among them mixed zones, which can."""
    bad = [Bad(row, "occurred_at", reason, text) for row, (text, reason) in enumerate(TIMES.items(), 1)]
    bad += [Bad(row, "occurred_at", reason, found) for row, (found, reason) in enumerate(FAR.values(), len(bad) + 1)]
    zones = ("2024-05-01T10:00:00+02:00", "2024-05-01 10:00:00,5 Z", "2024-05-01", "2025-01-01T00:05:00", "2199-02-29")
    lines = [line(row, at=at) for row, at in enumerate((*TIMES, *FAR, *zones), 1)]
    last = len(lines)
    bad.append(Bad(last, "occurred_at", NO_TIME, "2199-02-29"))
    good = tuple(f"calls:{row}" for row in range(last - 4, last))
    return SetAside("times that cannot be", {"calls.csv": HEADER + "".join(lines)}, tuple(bad), good)


def values() -> SetAside:
    """Return rows with a number, a kind, an identifier or an id that cannot be."""
    lines = [line(row, wait=wait) for row, wait in enumerate(WAITS, 1)]
    bad = [Bad(row, "wait_s", NO_NUMBER, wait) for row, wait in enumerate(WAITS, 1)]
    for kind in KINDS:
        bad.append(Bad(len(lines) + 1, "kind", NO_KIND, kind))
        lines.append(line(len(lines) + 1, kind=kind))
    others = (
        ({"wait": "-1"}, "wait_s", "is below 0", "-1.0"),
        ({"who": "?"}, "identifier", "is null but must be known", None),
        ({"who": "two\nlines"}, "identifier", NO_WHO, "user:two\nlines"),
        ({"who": "a\0b"}, "identifier", "holds a NUL character", "user:a␀b"),
        ({"id": "  "}, "touchpoint_id", "is null but must be known", None),
        ({"kind": ""}, "kind", "is null but must be known", None),
    )
    for cells, column, reason, found in others:
        bad.append(Bad(len(lines) + 1, column, reason, found))
        lines.append(line(len(lines) + 1, **cells))
    unknown = line(len(lines) + 1, kind="never.heard_of")
    good = (f"calls:{len(lines) + 1}", "calls:g1")
    return SetAside("values that cannot be", {"calls.csv": HEADER + "".join(lines) + unknown + GOOD}, tuple(bad), good)


SHAPES = SetAside(
    "rows that cannot be taken apart",
    {
        "calls.csv": f"""{CALLS.removesuffix(GOOD_TOO)}2,carla,2024-05-01
3,carla,2024-05-01,contact.answered,1,more

4,"car"la,2024-05-01,contact.answered,1
5,"carla
6,dora",2024-05-01,"contact".answered,1
\r
{GOOD_TOO}""".encode()
        + "7,Mül".encode("cp1252")
        + b"ler,2024-05-01,contact.answered,1\r\n"
        + b"8,erna,2024-05-01,contact.answered,1\r"
        + b"\0" * 500,
    },
    (
        Bad(2, None, "has 3 cells, the header has 5"),
        Bad(3, None, "has 6 cells, the header has 5"),
        Bad(4, None, "cannot be taken apart: ',' expected after '\"'"),
        Bad(5, None, "cannot be taken apart: ',' expected after '\"' (one of 2 lines that a quote holds together)"),
        Bad(6, None, "cannot be taken apart: ',' expected after '\"' (one of 2 lines that a quote holds together)"),
        Bad(
            8, "who", "holds bytes that are no text in utf-8 (the map's table can name another encoding)", r"M\xfcller"
        ),
        Bad(10, None, "has 1 cell, the header has 5"),
    ),
    ("calls:g1", "calls:g2", "calls:8"),
)

LONG = SetAside(
    "rows of ten megabytes",
    {
        "calls.csv": "".join(
            [
                HEADER,
                GOOD,
                f"2,{'x' * MEGABYTES},2024-05-01,contact.answered,1\n",
                line(3),
                f'4,"{"x" * MEGABYTES}",2024-05-01,contact.answered,1\n',
                line(5),
                f'6,"{LINES}",2024-05-01,contact.answered,1\n',
                GOOD_TOO,
            ]
        )
    },
    (Bad(2, None, LONGEST), Bad(4, None, LONGEST), Bad(6, None, LONGEST)),
    ("calls:g1", "calls:3", "calls:5", "calls:g2"),
)

IDS = SetAside(
    "ids that are used twice",
    {"calls.csv": HEADER + GOOD + GOOD + line(3, id="g2") + GOOD_TOO + line(5, id="g2", who="dora")},
    (
        Bad(4, "touchpoint_id", "is an id used twice, with another content", "calls:g2"),
        Bad(5, "touchpoint_id", "is an id used twice, with another content", "calls:g2"),
    ),
    ("calls:g1", "calls:g2"),
)

SET_ASIDE = [times(), values(), SHAPES, LONG, IDS]
