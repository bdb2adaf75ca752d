"""What customers write, in a few cases."""

from __future__ import annotations

from typing import Final

__all__ = [
    "ABOUT_DELIVERY",
    "ABOUT_GOODS",
    "ABOUT_INVOICE",
    "ABOUT_NOTHING_ELSE",
    "ABOUT_REFUND",
    "COMMENTS",
    "NOTHING",
    "TEXTS",
]

TEXTS: Final = (
    "The money for what I sent back has still not come. Nobody can tell me where it is.",
    "My parcel was due days ago and nobody says when it will come.",
    "What I got is not what I ordered, and the box was open.",
    "This is the second invoice that is wrong.",
    "I was told it was settled, and it is not.",
)
ABOUT_REFUND, ABOUT_DELIVERY, ABOUT_GOODS, ABOUT_INVOICE, ABOUT_NOTHING_ELSE = range(len(TEXTS))
NOTHING: Final = -1

COMMENTS: Final = (
    "I had to explain everything three times.",
    "Nobody could help me.",
    "It took too long, but in the end it was done.",
    "Friendly and quick.",
    "Thank you, that was easy.",
)  # by score, from 1 to 5
