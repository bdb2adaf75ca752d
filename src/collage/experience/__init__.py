"""How touchpoints add up to the experience a customer remembers.

`load` and `default` give a catalogue, which says what touchpoint leaves what mark; `marks` derives them; `score`
folds them into one number with its evidence and interval; `contributions`, `explain` and `lost_most` take the
number apart again, `told` says it in sentences, `said` those of touchpoints at hand; `groups` is the same for
departments, channels and the company
(`group_sums` of parts of it, `groups_of` them all);
`compiled` is all of it as text, for who answers requests. `in_words` says what a mark of a catalogue is,
`differences` what is between two catalogues. A `Model` holds what was found by a fit, `model_json` writes it and reads
it, `Catalogue.by` weighs by it.
"""

from collage.experience import model_json
from collage.experience.catalogue import Catalogue, Mark, Shape, default, doubts, load
from collage.experience.compare import Change, Differences, differences, never_left, not_asked_for
from collage.experience.compiled import Compiled, compiled
from collage.experience.explain import contributions, explain, lost_most, said, told
from collage.experience.fold import moments
from collage.experience.groups import group_sums, groups, groups_of, members
from collage.experience.index import index_of
from collage.experience.losses import changes, losses, weekly
from collage.experience.marks import marks
from collage.experience.model import Model
from collage.experience.score import score
from collage.experience.words import CONSTANTS, FADING, Words, in_words

__all__ = [
    "CONSTANTS",
    "FADING",
    "Catalogue",
    "Change",
    "Compiled",
    "Differences",
    "Mark",
    "Model",
    "Shape",
    "Words",
    "changes",
    "compiled",
    "contributions",
    "default",
    "differences",
    "doubts",
    "explain",
    "group_sums",
    "groups",
    "groups_of",
    "in_words",
    "index_of",
    "load",
    "losses",
    "lost_most",
    "marks",
    "members",
    "model_json",
    "moments",
    "never_left",
    "not_asked_for",
    "said",
    "score",
    "told",
    "weekly",
]
