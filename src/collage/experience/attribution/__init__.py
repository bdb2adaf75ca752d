"""How a rating is shared out over all who brought it about, and how agents and departments compare.

`rows` says which ratings, `asked` who served, `parts` what marks add to each, `attributed` shares ratings out;
`value_added` compares agents and departments as far as the ratings allow.
"""

from collage.experience.attribution.credits import Credits, credited
from collage.experience.attribution.parts import Parts, gathered, parts
from collage.experience.attribution.ratings import asked, attributed, rows
from collage.experience.attribution.value_added import Balance, ValueAdded, value_added

__all__ = [
    "Balance",
    "Credits",
    "Parts",
    "ValueAdded",
    "asked",
    "attributed",
    "credited",
    "gathered",
    "parts",
    "rows",
    "value_added",
]
