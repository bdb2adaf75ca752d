"""An application in Python: it makes the calls by the library of Segment or of RudderStack, and its clock is wrong.

python python_library.py PACKAGE URL KEY CALLS SKEW_S
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta, tzinfo
from importlib import import_module
from pathlib import Path
from typing import Any

package, url, key, calls, skew_s = sys.argv[1:]
SKEW = timedelta(seconds=float(skew_s))


class WrongClock(datetime):
    """The time that this machine believes in."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> WrongClock:
        return super().now(tz) + SKEW


def made(call: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call."""
    ago = call["ago_s"]
    given = {
        "user_id": call["user"],
        "context": {"call": {"n": call["n"], "odd": call["odd"]}},
        "timestamp": None if ago is None else WrongClock.now(UTC) - timedelta(seconds=ago),
        "message_id": call["own_id"],
    }
    more: dict[str, dict[str, Any]] = {
        "identify": {"traits": {"odd": call["odd"]}},
        "track": {"event": call["event"], "properties": {"odd": call["odd"]}},
        "page": {"name": "Basket", "properties": {"odd": call["odd"]}},
        "screen": {"name": "Basket", "properties": {"odd": call["odd"]}},
        "group": {"group_id": call["group"], "traits": {"odd": call["odd"]}},
        "alias": {"previous_id": call["previous"]},
    }
    return {**given, **more[call["type"]]}


failed: list[str] = []
for part in ("client", "request"):
    vars(import_module(f"{package}.{part}"))["datetime"] = WrongClock
analytics: Any = import_module(package)
analytics.write_key = key
analytics.host = analytics.dataPlaneUrl = url
analytics.on_error = lambda error, _: failed.append(str(error))
for each in json.loads(Path(calls).read_text(encoding="utf-8")):
    getattr(analytics, each["type"])(**made(each))
analytics.flush()
analytics.shutdown()
sys.exit("\n".join(failed) or 0)
