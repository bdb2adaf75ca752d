"""Bytes become values: whatever real clients send, and nothing that harms."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import tracemalloc
import zlib
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from collage_web.ingest.bodies import decoded, unpacked
from collage_web.ingest.refusals import NotJson, NotUnpacked, Refused, TooDeep, TooLarge, UnknownCoding
from tests.web.ingest.sent import BODIES, MANY, VALUES, in_json, strictly_read, tried

MOST = 4 * 1024 * 1024
BODY = in_json({"batch": [{"type": "track", "event": "Order Completed", "userId": n} for n in range(50)]})
PACKED = gzip.compress(BODY, mtime=0)  # the same in every process: tests are named by it


def deflated(body: bytes, window: int) -> bytes:
    packer = zlib.compressobj(wbits=window)
    return packer.compress(body) + packer.flush()


# ---- unpacking


@pytest.mark.parametrize(
    ("raw", "encoding"),
    [
        (BODY, None),
        (BODY, "identity"),
        (BODY, ""),
        (PACKED, "gzip"),
        (PACKED, "X-GZIP"),
        (PACKED, "identity, gzip"),
        (deflated(BODY, zlib.MAX_WBITS), "deflate"),
        (deflated(BODY, -zlib.MAX_WBITS), "deflate"),
    ],
)
def test_a_body_is_unpacked_as_its_header_says(raw: bytes, encoding: str | None) -> None:
    assert unpacked(raw, encoding, most=MOST) == BODY


@pytest.mark.parametrize("encoding", [None, "identity", "br"])
def test_a_gzipped_body_is_known_by_its_first_bytes_whatever_the_header_says(encoding: str | None) -> None:
    assert unpacked(PACKED, encoding, most=MOST) == BODY


def test_a_body_that_somebody_unpacked_on_the_way_is_taken_although_the_header_stayed() -> None:
    assert unpacked(b"\n" + BODY, "gzip", most=MOST) == b"\n" + BODY


def test_an_empty_body_is_empty_under_every_header() -> None:
    assert [unpacked(b"", encoding, most=MOST) for encoding in (None, "gzip", "deflate", "br")] == [b""] * 4


def test_several_streams_in_a_row_are_one_body() -> None:
    assert unpacked(gzip.compress(BODY[:100]) + gzip.compress(BODY[100:]), "gzip", most=MOST) == BODY


@given(body=st.binary(max_size=2000).map(lambda part: part * 100), cut=st.integers(0, 2000))
def test_what_was_packed_comes_out_as_it_was_in_however_many_streams(body: bytes, cut: int) -> None:
    packed = gzip.compress(body[:cut]) + gzip.compress(body[cut:])
    assert unpacked(packed, "gzip", most=MOST, ratio=2000) == body


@pytest.mark.parametrize(
    ("raw", "encoding", "found"),
    [
        (PACKED[:-9], "gzip", "cut off"),
        (PACKED[:12], None, "cut off"),
        (PACKED + b"rubbish", "gzip", "7 bytes after the end"),
        (deflated(BODY, zlib.MAX_WBITS) + b"rubbish", "deflate", "7 bytes after the end"),
        (PACKED[:-6] + b"\0" * 6, "gzip", "damaged"),
        (b"\x1f\x8bno", None, "damaged"),
        (b"Ojne7", "gzip", "no gzip stream"),
        (b"\xff\xff\xff", "deflate", "damaged"),
        (gzip.compress(b"", mtime=0) * 65, "gzip", "more than 64 streams"),
    ],
)
def test_a_damaged_body_is_refused_with_what_is_wrong(raw: bytes, encoding: str | None, found: str) -> None:
    with pytest.raises(NotUnpacked, match=found) as caught:
        unpacked(raw, encoding, most=MOST)
    assert caught.value.status == 400


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, deflate", "gzip, gzip"])
def test_another_coding_is_refused_as_unknown(encoding: str) -> None:
    with pytest.raises(UnknownCoding) as caught:
        unpacked(b"\x28\xb5\x2f\xfd", encoding, most=MOST)
    assert caught.value.status == 415


@given(raw=st.binary(max_size=60), encoding=st.sampled_from([None, "gzip", "deflate", "br", "x"]), magic=st.booleans())
@MANY
def test_any_bytes_are_unpacked_or_refused(raw: bytes, encoding: str | None, magic: bool) -> None:  # noqa: FBT001  # Hypothesis names it
    raw = b"\x1f\x8b\x08" + raw if magic else raw
    body = tried(lambda: unpacked(raw, encoding, most=50))
    assert body.status in {400, 413, 415} if isinstance(body, Refused) else len(body) <= 50


def test_a_body_may_be_as_large_as_the_limit_and_no_byte_larger() -> None:
    assert unpacked(BODY, None, most=len(BODY)) == BODY
    assert unpacked(PACKED, None, most=len(BODY)) == BODY
    for raw in (BODY, PACKED):
        with pytest.raises(TooLarge) as caught:
            unpacked(raw, None, most=len(BODY) - 1)
        assert caught.value.status == 413


def test_an_honest_body_is_packed_less_tightly_than_a_bomb() -> None:
    honest = gzip.compress(b" " * 64 * 1024)
    assert len(unpacked(honest, None, most=MOST)) == 64 * 1024
    with pytest.raises(TooLarge, match="too tightly"):
        unpacked(gzip.compress(b" " * MOST), None, most=MOST)
    with pytest.raises(TooLarge, match="too tightly"):  # each stream harmless, all together not
        unpacked(gzip.compress(b" " * 64 * 1024) * 60, None, most=MOST, ratio=3)


@pytest.mark.parametrize("ratio", [200, 10_000])
def test_a_bomb_of_a_thousand_to_one_costs_a_few_mebibytes(ratio: int) -> None:
    bomb = gzip.compress(b"[" * (200 * 1024 * 1024), compresslevel=9)
    assert len(bomb) < 250_000
    tracemalloc.start()
    with pytest.raises(TooLarge):
        unpacked(bomb, "gzip", most=MOST, ratio=ratio)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * MOST


def test_bombs_are_refused_by_a_process_that_may_grow_by_64_mebibytes_only() -> None:
    script = """
import gzip, resource
from collage_web.ingest.bodies import decoded, unpacked
from collage_web.ingest.refusals import Refused
bombs = [gzip.compress(b"[" * 150_000_000)]
bodies = [b"[" * 100_000, b'{"a":' * 100_000, b"[" * 4_000_000, b'[{"":' * 800_000, b'"' + b"[" * 4_000_000]
with open("/proc/self/statm") as file:
    now = int(file.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (now + 64 * 1024 * 1024,) * 2)
for raw in bombs:
    try:
        unpacked(raw, None, most=4 * 1024 * 1024)
    except Refused as refused:
        print(refused.code)
for body in bodies:
    try:
        decoded(body)
    except Refused as refused:
        print(refused.code)
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert run.stderr == ""
    assert run.stdout.split() == ["too_large", "too_deep", "too_deep", "too_deep", "too_deep", "invalid_json"]


# ---- depth


@pytest.mark.parametrize("body", [b"[" * 64 + b"]" * 64, b'{"a":' * 64 + b"1" + b"}" * 64, b"[]"])
def test_what_is_just_deep_enough_is_taken(body: bytes) -> None:
    assert decoded(body) == json.loads(body)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 65 + b"]" * 65,
        b'{"a":' * 65 + b"1" + b"}" * 65,
        b"[" * 100_000,
        b'[{"a":' * 50_000,
        b'["\\"",' + b"[" * 64,
        b'["\\\\",' + b"[" * 64,
        b"[" + b"[]," * 70_000 + b"[" * 64,  # beyond the first step of the scan
        b"[NaN," + b"[" * 64,
    ],
)
def test_what_is_deeper_is_refused_before_any_parser_sees_it(body: bytes) -> None:
    with pytest.raises(TooDeep) as caught:
        decoded(body)
    assert caught.value.status == 400


@pytest.mark.parametrize("text", ["[" * 100, '"' + "{" * 100, "\\" + '"' * 3 + "[" * 100, "\\" * 7 + "[" * 100])
def test_brackets_within_texts_do_not_count(text: str) -> None:
    value = {"a": [text, {text: [text] * 70}], "b": [[]] * 70}
    assert decoded(in_json(value)) == value
    assert decoded(msgspec.json.encode(value)) == value


def deep(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(deep, inner), default=0)


@given(value=st.lists(VALUES, max_size=4).map(lambda some: [*some, [[[]]], {"[": "{"}]))
def test_depth_is_counted_exactly(value: Any) -> None:
    body = in_json(value)
    decoded(body, deepest=deep(value))
    with pytest.raises(TooDeep):
        decoded(body, deepest=deep(value) - 1)


# ---- cleaning


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": NaN, "b": [Infinity, -Infinity], "c": 1.5}', {"a": None, "b": [None, None], "c": 1.5}),
        (b'{"a": 1e400, "b": -1e400}', {"a": None, "b": None}),
        (b'{"a": ' + b"9" * 400 + b"}", {"a": None}),
        (b'{"a": -' + b"9" * 9000 + b"}", {"a": None}),
        (b'{"a": NaN, "b": ' + b"9" * 9000 + b"}", {"a": None, "b": None}),
        (b'{"a": ' + b"9" * 30 + b"}", {"a": int("9" * 30)}),
        (b'{"\\ud800": "\\udfff!"}', {"\ufffd": "\ufffd!"}),
        (b'{"a": "\\ud83d\\ude00"}', {"a": "\U0001f600"}),
        (b'{"a\\u0000": ["b\\u0000c"]}', {"a␀": ["b␀c"]}),
        (b'{"a": "b\x00c\x01\nd"}', {"a": "b␀c\x01\nd"}),
        (b'{"a": "\\\\u0000"}', {"a": "\\u0000"}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'{"a": "\xff\xed\xa0\x80"}', {"a": "\ufffd" * 4}),
        (b' "a text" ', "a text"),
        (b"null", None),
    ],
)
def test_what_no_table_takes_is_replaced(body: bytes, value: Any) -> None:
    assert decoded(body) == value


@pytest.mark.parametrize(
    "body", [b"", b" ", b"{", b"[1,]", b"{'a': 1}", b"a=1&b=2", b"\x00", b'{"a": 1} {"b": 2}', b"\x80"]
)
def test_what_is_no_json_is_refused_without_repeating_it(body: bytes) -> None:
    with pytest.raises(NotJson) as caught:
        decoded(body)
    assert caught.value.status == 400
    assert caught.value.answer().keys() == {"code", "message"}


def test_a_refusal_never_repeats_what_was_sent() -> None:
    for body in (b"secret", b'{"secret": secret}', b'{"a": "secret\\q"}', b"[" * 65 + b"secret"):
        with pytest.raises(Refused) as caught:
            decoded(body)
        assert "secret" not in str(caught.value)
        assert "secret" not in repr(caught.value)


@given(value=BODIES)
@example(value="\0\ud800")
@MANY
def test_every_value_is_decoded_to_json_that_postgresql_takes(value: Any) -> None:
    clean = decoded(in_json(value))
    again = msgspec.json.encode(clean).decode()
    assert decoded(again.encode()) == clean
    strictly_read(again)


@given(value=VALUES)
def test_both_ways_give_the_same(value: Any) -> None:
    body = in_json(value)
    assert decoded(body) == decoded(b"\xef\xbb\xbf" + body)


@given(body=st.binary(max_size=40) | st.text('[]{}",:\\u0d8NaInfity-1e. \0', max_size=40).map(str.encode))
@MANY
def test_any_bytes_are_decoded_or_refused(body: bytes) -> None:
    value = tried(lambda: decoded(body))
    if isinstance(value, Refused):
        assert value.status == 400
    else:
        strictly_read(msgspec.json.encode(value).decode())
