"""How touchpoints add up to the experience a customer remembers.

`load` and `default` give a catalogue, which says what touchpoint leaves what mark; `marks` derives them; `score`
folds them into one number with its evidence and interval; `contributions`, `explain` and `lost_most` take the
number apart again, and `told` says it in sentences.
"""

from collage.experience.catalogue import Catalogue, Mark, Shape, default, doubts, load
from collage.experience.explain import contributions, explain, lost_most, told
from collage.experience.marks import marks
from collage.experience.score import score

__all__ = [
    "Catalogue",
    "Mark",
    "Shape",
    "contributions",
    "default",
    "doubts",
    "explain",
    "load",
    "lost_most",
    "marks",
    "score",
    "told",
]
