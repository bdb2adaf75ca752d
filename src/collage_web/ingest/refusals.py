"""The tree of refusals: each knows its status, and says what was asked, what was found, what to do.

Refused
├── NotUnpacked   400  the body is packed, and cannot be unpacked
├── NotJson       400  the body is no JSON
├── TooDeep       400  its lists and objects lie too deep within each other
├── WrongShape    400  it is JSON of another shape than the address takes
├── UnknownKey    401  no key, or one that no source has
├── TooLarge      413  more bytes than a request may bring
├── UnknownCoding 415  packed in a way that is not understood
├── Faulty        422  asked by ?strict=1: some of what was sent would go to quarantine
├── TooOften      429  more than the source may send; it may come again
└── Unavailable   503  nothing was stored; it may come again

Client libraries send again after 429 and 503, and drop what any other of these met. A message never repeats the body
or the key: it goes to logs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from collage_web.records.arriving import Arrivals

__all__ = [
    "LONGEST_WAIT_S",
    "Faulty",
    "NotJson",
    "NotUnpacked",
    "Refused",
    "TooDeep",
    "TooLarge",
    "TooOften",
    "Unavailable",
    "UnknownCoding",
    "UnknownKey",
    "WrongShape",
    "strictly",
]

LONGEST_WAIT_S: Final = 300  # clients take no longer Retry-After than this


class Refused(Exception):  # noqa: N818  # named for what happened, like the rest of the tree reads
    """A request that is not taken in.

    Parameters
    ----------
    code
        One word for machines.
    message
        A sentence for people.
    status
        The HTTP status.
    """

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(code, message, status)
        self.code = code
        self.message = message
        self.status = status

    def __str__(self) -> str:
        """Return the status, the code and the message."""
        return f"{self.status} {self.code}: {self.message}"

    def answer(self) -> dict[str, Any]:
        """Return what the client is told, as JSON.

        Returns
        -------
        dict
            ``code`` and ``message``, in some kinds more.
        """
        return {"code": self.code, "message": self.message}

    def headers(self) -> dict[str, str]:
        """Return the headers that belong to the answer.

        Returns
        -------
        dict of str
            ``Retry-After`` where the client may come again.
        """
        return {}


class NotUnpacked(Refused):
    """The body is packed, and cannot be unpacked."""

    def __init__(self, found: str) -> None:
        super().__init__(
            "invalid_encoding",
            f"The body was to be unpacked as its Content-Encoding or its first bytes say; found {found}. "
            "Send it as one whole gzip or deflate stream, or plain.",
            400,
        )


class NotJson(Refused):
    """The body is no JSON."""

    def __init__(self, found: str) -> None:
        super().__init__("invalid_json", f"The body was to be JSON; found {found}. Send one JSON value in UTF-8.", 400)


class TooDeep(Refused):
    """Lists and objects lie too deep within each other."""

    def __init__(self, deepest: int) -> None:
        super().__init__(
            "too_deep",
            f"Lists and objects may lie {deepest} deep within each other; found more. Send them flatter.",
            400,
        )


class WrongShape(Refused):
    """The body is JSON of another shape than the address takes."""

    def __init__(self, asked: str, found: str, do: str) -> None:
        super().__init__("invalid_body", f"The body was to be {asked}; found {found}. {do}.", 400)


class UnknownKey(Refused):
    """No key, or one that no source has.

    No WWW-Authenticate goes with it: a browser would show its log-in to whoever visits the shop.

    Parameters
    ----------
    given
        Whether there was a key at all.
    """

    def __init__(self, *, given: bool) -> None:
        found = "one that no source has, or no longer" if given else "none"
        super().__init__(
            "unknown_key",
            f"The request was to bring the key of a source; found {found}. Send it as the user of HTTP Basic with an "
            "empty password, as a Bearer token, or as writeKey in the body.",
            401,
        )


class TooLarge(Refused):
    """More bytes than a request may bring, or packed so tightly that it was made to do harm."""

    def __init__(self, most: int, found: str = "more") -> None:
        super().__init__(
            "too_large",
            f"A request may bring {most} bytes after unpacking; found {found}. Send less at once.",
            413,
        )


class UnknownCoding(Refused):
    """Packed in a way that is not understood."""

    def __init__(self) -> None:
        super().__init__(
            "unknown_encoding",
            "Content-Encoding may be gzip, deflate or identity; found another, or several. Send it in one of these.",
            415,
        )


class Faulty(Refused):
    """Some of what was sent would go to quarantine, and the client asked by ?strict=1 to be told.

    Parameters
    ----------
    arrivals
        What the request brought; some of it with a fault, or refused for its number.
    """

    def __init__(self, arrivals: Arrivals) -> None:
        faults = [(index, each) for index, each in enumerate(arrivals.taken) if each.fault is not None]
        n = len(arrivals.taken) + arrivals.refused
        beyond = f", {arrivals.refused} too many" if arrivals.refused else ""
        super().__init__(
            "faulty",
            f"All {n} were to be without fault (strict=1); found {len(faults)} with a fault{beyond}. Nothing was "
            "stored: correct them, or send without strict=1 to have the others stored and these set aside.",
            422,
        )
        self.errors: Sequence[dict[str, Any]] = [
            {"index": index, "column": each.fault.column, "reason": each.fault.reason}
            for index, each in faults
            if each.fault is not None
        ]

    def answer(self) -> dict[str, Any]:
        """Return what the client is told, with the place, column and reason of each fault.

        Returns
        -------
        dict
            ``code``, ``message``, ``errors``: a list of ``index``, ``column``, ``reason``.
        """
        return {**super().answer(), "errors": self.errors}


class _Later(Refused):
    """It may work later, so the client is told when to come again."""

    wait_s: int

    def headers(self) -> dict[str, str]:
        """Return when to come again.

        Returns
        -------
        dict of str
            ``Retry-After``, in whole seconds.
        """
        return {"Retry-After": str(self.wait_s)}


class TooOften(_Later):
    """More than the source may send.

    Parameters
    ----------
    wait_s
        Seconds until there is room again.
    """

    def __init__(self, wait_s: float) -> None:
        self.wait_s = min(LONGEST_WAIT_S, max(1, math.ceil(wait_s)))
        super().__init__(
            "too_many_requests",
            f"The source may not send so much in so short a time. Send again in {self.wait_s} s.",
            429,
        )


class Unavailable(_Later):
    """Nothing was stored, or nobody knows whether it was.

    Parameters
    ----------
    wait_s
        Seconds after which it is worth another try.
    """

    def __init__(self, wait_s: int = 5) -> None:
        self.wait_s = wait_s
        super().__init__("unavailable", f"Nothing could be stored just now. Send again in {wait_s} s.", 503)


def strictly(arrivals: Arrivals) -> Arrivals:
    """Return what a request brought when all of it is sound, as ?strict=1 asks.

    Parameters
    ----------
    arrivals
        What it brought.

    Returns
    -------
    Arrivals
        The same.

    Raises
    ------
    Faulty
        When anything has a fault, or was refused for its number.
    """
    if arrivals.refused or any(each.fault is not None for each in arrivals.taken):
        raise Faulty(arrivals)
    return arrivals
