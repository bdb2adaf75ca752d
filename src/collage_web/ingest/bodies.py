"""From the bytes of a request to a value: unpacked within bounds, looked at for depth, cleaned of what no table takes.

Real client libraries send what strict parsers refuse (NaN, Infinity, half of a surrogate pair, a byte-order mark), and
they drop what was refused. So there is a fast path for what is strictly JSON, and a tolerant one for the rest.
"""

from __future__ import annotations

import json
import re
import sys
import zlib
from typing import Any, Final

import msgspec
import numpy as np

from collage_web.ingest.refusals import NotJson, NotUnpacked, TooDeep, TooLarge, UnknownCoding

__all__ = ["decoded", "unpacked"]

_GZIP: Final = b"\x1f\x8b"
_STEP: Final = 64 * 1024  # bytes taken in, or given out, at once
_HARMLESS: Final = 64 * 1024  # bytes that may be packed as tightly as they like
_MOST_MEMBERS: Final = 64  # gzip streams in a row; each costs 40 kB to open, and no client sends two
_PLAIN, _DEFLATE, _ZLIB, _ANY_GZIP = 0, -zlib.MAX_WBITS, zlib.MAX_WBITS, 16 + zlib.MAX_WBITS
_ZLIB_METHOD, _ZLIB_CHECK = 8, 31  # RFC 1950: the low four bits of the first byte; a divisor of the first two

_QUOTE: Final = 2
# brackets become a step down or up, quotes a mark of their own; everything else is thrown away
_MEANS: Final = bytes.maketrans(b'[{]}"', bytes([1, 1, 255, 255, _QUOTE]))
_OTHERS: Final = bytes(set(range(256)) - set(b'[{]}"'))

_UNCLEAN: Final = re.compile("[\0\ud800-\udfff]")
_LARGEST: Final = sys.float_info.max
_TOO_LONG: Final = b"0" * sys.float_info.max_10_exp  # as many digits may be more than a double holds
_DIGITS: Final = bytes.maketrans(b"123456789", b"000000000")


def unpacked(raw: bytes, encoding: str | None, *, most: int, ratio: int = 200) -> bytes:
    """Return the body of a request, unpacked.

    Parameters
    ----------
    raw
        As received.
    encoding
        The header Content-Encoding. A body that begins like gzip is unpacked whatever the header says (RudderStack's
        library for Node calls it form data); one that begins like JSON is taken as it is.
    most
        Bytes, before and after unpacking.
    ratio
        How many times larger than `raw` it may become, beyond 64 KiB.

    Returns
    -------
    bytes
        At most `most`.

    Raises
    ------
    TooLarge
        When it is larger; it was not unpacked further than that.
    NotUnpacked
        When the stream is cut off, damaged, or followed by something else.
    UnknownCoding
        When it is packed in another way.
    """
    if len(raw) > most:
        raise TooLarge(most, f"{len(raw)} before unpacking")
    form = _form(raw, encoding)
    return raw if form == _PLAIN else _inflated(raw, form, most, min(most, max(_HARMLESS, ratio * len(raw))))


def _form(raw: bytes, encoding: str | None) -> int:
    """Return in which form a body is packed, as zlib numbers them; 0 where it is not."""
    if raw.startswith(_GZIP):
        return _ANY_GZIP
    named = [word for part in (encoding or "").split(",") if (word := part.strip().lower()) not in {"", "identity"}]
    if not named or raw.lstrip()[:1] in {b"", b"{", b"["}:
        return _PLAIN
    if named in (["gzip"], ["x-gzip"]):
        raise NotUnpacked("no gzip stream")
    if named != ["deflate"]:
        raise UnknownCoding
    headed = raw[0] & 15 == _ZLIB_METHOD and int.from_bytes(raw[:2]) % _ZLIB_CHECK == 0
    return _ZLIB if headed else _DEFLATE


def _inflated(raw: bytes, form: int, most: int, allowed: int) -> bytes:
    """Return all members of a packed body; given up as soon as they exceed what is allowed."""
    view, out, position = memoryview(raw), bytearray(), 0
    for _ in range(_MOST_MEMBERS):
        position = _member(view, position, form, out, most, allowed)
        if position == len(raw):
            return bytes(out)
        if form != _ANY_GZIP or not raw.startswith(_GZIP, position):
            raise NotUnpacked(f"{len(raw) - position} bytes after the end of the stream")
    raise NotUnpacked(f"more than {_MOST_MEMBERS} streams in a row")


def _member(view: memoryview, position: int, form: int, out: bytearray, most: int, allowed: int) -> int:
    """Add one stream to `out`; return where the next begins."""
    stream = zlib.decompressobj(form)
    waiting: bytes | memoryview = b""
    while not stream.eof:
        if not waiting:
            waiting = view[position : position + _STEP]
            position += len(waiting)
        given = len(waiting)
        try:
            more = stream.decompress(waiting, min(_STEP, allowed - len(out) + 1))
        except zlib.error:
            raise NotUnpacked("a damaged stream") from None
        out += more
        if len(out) > allowed:
            tight = "more" if allowed == most else "a stream that is packed too tightly to be honest"
            raise TooLarge(most, tight)
        waiting = stream.unconsumed_tail
        if not given and not more and not stream.eof:
            raise NotUnpacked("a stream that is cut off")
    return position - len(stream.unused_data)


def decoded(body: bytes, *, deepest: int = 64) -> Any:
    """Return the value that a body says in JSON.

    Parameters
    ----------
    body
        JSON. Beyond the standard it may have a byte-order mark, bytes that are no UTF-8 (they become U+FFFD), control
        characters within texts, NaN and Infinity.
    deepest
        How deep lists and objects may lie within each other; looked at before any parser sees the body.

    Returns
    -------
    Any
        Of dict, list, str, int, float, bool and None. NaN and numbers that no double holds are None, half a surrogate
        pair is U+FFFD, NUL is its picture ␀ (U+2400), in keys as in values.

    Raises
    ------
    TooDeep
        When it is deeper.
    NotJson
        When it is no JSON even then.
    """
    if body.count(b"[") + body.count(b"{") > deepest:
        _check_depth(body, deepest)
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _cleaned(_tolerantly(body))
    doubtful = b"\\u0000" in body or _TOO_LONG in body.translate(_DIGITS)
    return _cleaned(value) if doubtful else value


def _check_depth(body: bytes, deepest: int) -> None:
    """Raise TooDeep where brackets outside texts lie too deep; what follows an error of syntax may be miscounted."""
    if b"\\" in body:
        body = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    marks = body.translate(_MEANS, _OTHERS)
    depth, quotes = 0, 0
    for start in range(0, len(marks), _STEP):
        step = np.frombuffer(marks, np.int8, min(_STEP, len(marks) - start), start)
        quote = step == _QUOTE
        quoted = np.cumsum(quote) + quotes
        reached = depth + np.cumsum(np.where(quote | (quoted % 2 == 1), 0, step))
        if reached.max() > deepest:
            raise TooDeep(deepest)
        depth, quotes = int(reached[-1]), int(quoted[-1])


def _tolerantly(body: bytes) -> Any:
    """Return the value of a body that the strict parser refused."""
    text = body.decode("utf-8-sig", "replace")
    if not text.strip():
        raise NotJson("nothing")
    try:
        return json.loads(text, strict=False, parse_int=_whole)
    except json.JSONDecodeError as error:
        raise NotJson(f"something else at character {error.pos + 1}") from None


def _whole(digits: str) -> int | None:
    """Return a whole number; None at once where it is far beyond a double, since reading it would take long."""
    return int(digits) if len(digits) < 2 * len(_TOO_LONG) else None


def _cleaned(value: Any) -> Any:
    """Return a value without what no table takes."""
    if isinstance(value, str):
        return _clean_text(value)
    if isinstance(value, dict):
        return {_clean_text(key): _cleaned(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_cleaned(each) for each in value]
    if isinstance(value, int | float) and not -_LARGEST <= value <= _LARGEST:  # NaN is neither
        return None
    return value


def _clean_text(text: str) -> str:
    return _UNCLEAN.sub(lambda found: "␀" if found[0] == "\0" else "\ufffd", text)
