"""What happened: the vocabulary of touchpoints, and what a table of them holds."""

from collage.touchpoints.summary import Summary, summary
from collage.touchpoints.vocabulary import CHANNELS, KINDS, OUTCOMES, nearest

__all__ = ["CHANNELS", "KINDS", "OUTCOMES", "Summary", "nearest", "summary"]
