"""What the next person needs to know: a customer in seven lines, most urgent first."""

from collage.guidance.brief import MOST, Bought, Felt, Kind, Known, Line, Owed, brief, direction, keepable

__all__ = ["MOST", "Bought", "Felt", "Kind", "Known", "Line", "Owed", "brief", "direction", "keepable"]
