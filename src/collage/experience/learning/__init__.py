"""How a company's own ratings teach what its marks weigh and how fast they fade.

`usable` says which ratings can be used, `features` what was left of marks at each, `histories` fetches the marks; `fit`
makes a model of them.
"""

from collage.experience.learning.features import features, histories, remembered
from collage.experience.learning.ratings import Kinds, Ratings, Remembered, kinds_of
from collage.experience.learning.stages import FEWEST, depth_of, fit
from collage.experience.learning.usable import as_ratings, index_sd, usable

__all__ = [
    "FEWEST",
    "Kinds",
    "Ratings",
    "Remembered",
    "as_ratings",
    "depth_of",
    "features",
    "fit",
    "histories",
    "index_sd",
    "kinds_of",
    "remembered",
    "usable",
]
