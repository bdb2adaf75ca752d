"""The report: one page that stands by itself, and the figures it shows.

`figures` works out every number (with `collage.experience`, so that they are those of `collage score`), `findings` says
which of them matter, `verdict` says what the ratings teach where there is a model, `page` draws them.
"""

from collage.report.bridge import Bridge, bridge
from collage.report.figures import Figures, Source, figures
from collage.report.findings import Finding, findings, sentence
from collage.report.lesson_readings import trials_in_words
from collage.report.lessons import Verdict, verdict
from collage.report.page import page
from collage.report.telling import LANGUAGES

__all__ = [
    "LANGUAGES",
    "Bridge",
    "Figures",
    "Finding",
    "Source",
    "Verdict",
    "bridge",
    "figures",
    "findings",
    "page",
    "sentence",
    "trials_in_words",
    "verdict",
]
