"""What they say: survey arithmetic, and who does not answer.

`survey` adds up ratings by question and group: NPS, CSAT, CES, resolution and other scales, each with its number and
interval. `invited` puts the invitations that were sent beside the ratings they led to, `response` counts who answered
and who was picked by agents, and `nonresponse` says what the silent would likely have said, and how wrong that may be.
"""

from collage.feedback.adjusting import SHIFTS
from collage.feedback.findings import Adjusted, Estimate, Late, NonResponse, Raw, Responding, Tipped
from collage.feedback.invited import OPEN_DAYS, invited, response
from collage.feedback.nonresponse import FEWEST_INVITED, FEWEST_RESPONDED, nonresponse
from collage.feedback.survey import FEWEST_SHOWN, survey

__all__ = [
    "FEWEST_INVITED",
    "FEWEST_RESPONDED",
    "FEWEST_SHOWN",
    "OPEN_DAYS",
    "SHIFTS",
    "Adjusted",
    "Estimate",
    "Late",
    "NonResponse",
    "Raw",
    "Responding",
    "Tipped",
    "invited",
    "nonresponse",
    "response",
    "survey",
]
