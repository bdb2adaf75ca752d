"""Made-up companies whose causes are known.

`simulated` makes a company as a dataset with its truth: all that it is made by is a field of `Causes`. `write_exports`
writes what the departments of a small one would export.
"""

from collage.simulate.causes import (
    Causes,
    Contacts,
    Daily,
    Leaving,
    Orders,
    People,
    Practice,
    Ratings,
    Records,
    Release,
    Waits,
)
from collage.simulate.exports import Export, Exports, write_exports
from collage.simulate.simulated import Simulated, Size, simulated

__all__ = [
    "Causes",
    "Contacts",
    "Daily",
    "Export",
    "Exports",
    "Leaving",
    "Orders",
    "People",
    "Practice",
    "Ratings",
    "Records",
    "Release",
    "Simulated",
    "Size",
    "Waits",
    "simulated",
    "write_exports",
]
