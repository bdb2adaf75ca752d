"""Broken event logs."""

from tests.core.reading.broken.cases import LONGEST, MEGABYTES, Bad, Content, Refused, SetAside, gzipped

MAP = """
name = "desk"

[[rows]]

[[rows.emit]]
into = "touchpoints"
touchpoint_id = "{id}"
identifier = "user:{case:concept:name}"
occurred_at = "{time:timestamp}"
kind = "{concept:name}"
"""


def event(row: int | str, more: str = "", at: str = "2024-05-01T10:00:00.000+02:00") -> str:
    name = '<string key="concept:name" value="contact.answered"/>'
    return f'<event><string key="id" value="{row}"/><date key="time:timestamp" value="{at}"/>{name}{more}</event>\n'


def trace(*parts: str) -> str:
    return '<trace><string key="concept:name" value="anna"/>' + "".join(parts) + "</trace>\n"


def log(*parts: str, head: str = "") -> str:
    return f"{head}<log>\n{''.join(parts)}</log>\n"


def refused(name: str, content: Content, *words: str, file: str = "desk.xes") -> Refused:
    return Refused(name, {file: content}, (f"read {file}", *words), map=MAP)


def bomb() -> str:
    """Return a log of a few lines that would be a billion letters."""
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    head = f'<!DOCTYPE log [<!ENTITY e0 "ha">{entities}]>'
    return log(trace(event(1, '<string key="text" value="&e9;"/>')), head=head)


WHOLE = log(trace(event(1), event(2)))
OLD_KANJI = '<?xml version="1.0" encoding="shift_jis"?>'

REFUSED = [
    refused("an empty log", "", "an empty file", "export it again"),
    refused("a log without an event", log(), "a log without an event", "export it again"),
    refused("an entity bomb", bomb(), "line 1", "a DOCTYPE", "entities are never expanded"),
    refused(
        "a DOCTYPE that fetches a file",
        log(trace(event(1)), head='<!DOCTYPE log SYSTEM "file:///etc/passwd">'),
        "a DOCTYPE",
        "take it out",
    ),
    refused("an entity nobody declared", log(trace(event(1, "&none;"))), "undefined entity at line 2", "no whole XML"),
    refused("XML with a wrong end", WHOLE.replace("</event>", "</evnt>"), "mismatched tag at line 2", "no whole XML"),
    refused("XML that breaks off", WHOLE[:-40], "no whole XML", "export it again"),
    refused("XML with something behind it", WHOLE + "<log/>", "junk after document element", "no whole XML"),
    refused("no XML at all", "id,who\n1,anna\n", "syntax error at line 1", "no whole XML"),
    refused("a page called XES", "<html><body/></html>", "begins with <html>", "begins with <log>"),
    refused("a NUL in XML", WHOLE.replace("anna", "an\0na"), "invalid token", "no whole XML"),
    refused("XML in another encoding than it says", WHOLE.replace("anna", "Änne").encode("cp1252"), "invalid token"),
    refused(
        "XML in an encoding nobody knows",
        '<?xml version="1.0" encoding="klingon"?>' + WHOLE,
        "the encoding 'klingon'",
        "export it as UTF-8",
    ),
    refused("XML in an encoding of several bytes", OLD_KANJI + WHOLE, "the encoding 'shift_jis'", "export it as UTF-8"),
    refused(
        "attributes 100,000 deep",
        log(trace(event(1, '<string key="a" value="b">' * 100_000))),
        "elements more than 50 deep",
        "flatten",
    ),
    refused("an event within an event", log(trace("<event>" + event(1) + "</event>")), "an <event> within an <event>"),
    refused("a trace within a trace", log(trace(trace(event(1)), event(2))), "a <trace> within a <trace>"),
    refused(
        "an attribute of a trace behind its events",
        log(trace(event(1), '<string key="late" value="x"/>')),
        "line 3",
        "an attribute of a trace behind its events",
        "before its events",
    ),
    refused("a tag that never ends", "<log><" + "a" * 18_000_000, "a tag of more than 16,777,216 bytes", "cut"),
    refused("a ZIP archive called XES", b"PK\x03\x04" + bytes(100), "a ZIP archive", "unpack it"),
    refused("a plain log called .gz", WHOLE, "no gzip file", "take .gz off", file="desk.xes.gz"),
    refused("a gzipped log that breaks off", gzipped(WHOLE * 50)[:-20], "breaks off", file="desk.xes.gz"),
    Refused(
        "a log without an attribute the map names",
        {"desk.xes": WHOLE.replace("time:timestamp", "time:stamp")},
        ("find the column 'time:timestamp'", "desk.xes", "did you mean time:stamp?"),
        map=MAP,
    ),
]

KEYLESS = '<string value="x"/>'
EVENTS = SetAside(
    "events with something wrong",
    {
        "desk.xes": log(
            '<string value="no trace, no event: nobody asks"/>',
            trace(
                event("g1"),
                event(2, KEYLESS),
                event(3, '<string key="id" value="4"/>'),
                event(4, at="2024-02-30T10:00:00"),
                '<event><string key="id"/><date key="time:timestamp" value="2024-05-01"/></event>',
                event(6, f'<string key="text" value="{"x" * MEGABYTES}"/>'),
                event("g2"),
            ),
            trace(KEYLESS, event(8), event(9)),
            trace(f'<string key="text" value="{"x" * MEGABYTES}"/>', event(10)),
            event(11),
        )
    },
    (
        Bad(2, None, "has an attribute without a key"),
        Bad(3, None, "has the attribute 'id' twice"),
        Bad(4, "occurred_at", "is not a time (ISO 8601)", "2024-02-30T10:00:00"),
        Bad(5, "touchpoint_id", "is null but must be known"),
        Bad(6, None, LONGEST),
        Bad(8, None, "stands in a trace that has an attribute without a key"),
        Bad(9, None, "stands in a trace that has an attribute without a key"),
        Bad(10, None, f"stands in a trace that {LONGEST}"),
        Bad(11, "identifier", "is null but must be known"),
    ),
    ("desk:g1", "desk:g2"),
    map=MAP,
)

SET_ASIDE = [EVENTS]
