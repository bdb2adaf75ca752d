"""A thousand calls as applications make them, odd ones among them, and what is to be found of each afterwards."""

from __future__ import annotations

import json
import sys
from typing import Any

TYPES = ("identify", "track", "page", "screen", "group", "alias")
CALLS = 1_000
TOO_LONG = "ä" * 20_000  # 40 kB, while a source takes 32 kB: set aside


def _nested(depth: int) -> Any:
    return {"list": [depth, {"deeper": _nested(depth - 1)}]} if depth else "bottom"


# What each call carries. JavaScript writes null for the first five, Python writes them out.
ODD: list[Any] = [
    float("nan"),
    float("inf"),
    [float("-inf"), 1.5],
    10**400,
    {"inner": float("nan")},
    "half a pair: \ud800 and the other half: \udc00",
    {"\ud83d key": "value"},
    "nothing\0here",
    {"\0": "\0\0"},
    "👩‍👩‍👧‍👦 🎉 \U0001d518\U0010ffff\uffff",
    "ما تفعله العميلة \u202e turned \u200b",
    "quotes \" ' \\ \\u0000 </script> %00 \r\n\t\x1b\x7f\ufeff",
    "x" * 10_000 + "ä" * 300,
    _nested(12),
    {"products": [{"sku": str(each), "price": each / 3} for each in range(30)]},
    -0.1,
    2**53,
    True,
    None,
    "",
    [],
]


def calls(library: str, *, too_long: bool) -> list[dict[str, Any]]:
    """Return the calls: who, what, when (`ago_s`: told outright), and an id of its own for some."""
    return [_call(n, library, too_long=too_long) for n in range(CALLS)]


def _call(n: int, library: str, *, too_long: bool) -> dict[str, Any]:
    type_ = TYPES[n % 6]
    return {
        "n": n,
        "type": type_,
        "user": n if n % 5 == 4 else f"user-{n}",
        "group": n if n % 4 == 0 else f"group-{n}",
        "previous": n if n % 3 == 2 else f"anonymous-{n}",
        "event": " " if is_nameless(n) else "Order Completed",
        "odd": TOO_LONG if too_long and is_long(n) else ODD[n // 6 % len(ODD)],
        "own_id": f"own-{library}-{n}" if n % 10 == 9 else None,
        "ago_s": 2 * 86_400 if n % 20 == 7 else None,
    }


def is_nameless(n: int) -> bool:
    """Return whether a call is a track whose event has no name: the libraries send it, and it is set aside."""
    return n % 102 == 1


def is_long(n: int) -> bool:
    """Return whether a call is made too long, for libraries that send such."""
    return n % 100 == 9


def in_both_languages(these: list[dict[str, Any]]) -> str:
    """Write calls as JSON with NaN and Infinity, which Python reads and JavaScript reads as an expression."""
    return json.dumps(these)


def stored(value: Any) -> Any:
    """Return what is to be found of a value: what no table takes has become null, U+FFFD or ␀."""
    if isinstance(value, str):
        return "".join("␀" if c == "\0" else "\ufffd" if "\ud800" <= c <= "\udfff" else c for c in value)
    if isinstance(value, dict):
        return {stored(key): stored(each) for key, each in value.items()}
    if isinstance(value, list):
        return [stored(each) for each in value]
    if isinstance(value, int | float) and not abs(value) <= sys.float_info.max:
        return None
    return value
