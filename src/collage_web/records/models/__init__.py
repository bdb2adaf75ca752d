"""All tables, by subject. The columns of the dataset's tables are those of the contracts in `collage.tables`."""

from collage_web.records.models.arrivals import Arrival, Source, SourceHour, Upload
from collage_web.records.models.audit import AuditEntry
from collage_web.records.models.colleagues import Colleague, Role
from collage_web.records.models.customers import Claim, Identifier, Stale
from collage_web.records.models.experience import Catalogue, Correction, Mark, Reaction, Score
from collage_web.records.models.happened import Invitation, Promise, Rating, Touchpoint
from collage_web.records.models.leases import Lease

__all__ = [
    "Arrival",
    "AuditEntry",
    "Catalogue",
    "Claim",
    "Colleague",
    "Correction",
    "Identifier",
    "Invitation",
    "Lease",
    "Mark",
    "Promise",
    "Rating",
    "Reaction",
    "Role",
    "Score",
    "Source",
    "SourceHour",
    "Stale",
    "Touchpoint",
    "Upload",
]
