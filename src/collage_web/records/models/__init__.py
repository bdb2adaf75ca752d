"""All tables, by subject. The columns of the dataset's tables are those of the contracts in `collage.tables`."""

from collage_web.records.models.about import Consent, NameKey, Trait
from collage_web.records.models.arrivals import Arrival, Source, SourceHour, Upload
from collage_web.records.models.audit import AuditEntry
from collage_web.records.models.colleagues import Colleague, Role
from collage_web.records.models.company import Company
from collage_web.records.models.customers import Claim, Identifier, Stale
from collage_web.records.models.experience import Catalogue, Correction, Figures, Mark, Reaction, Score
from collage_web.records.models.happened import Invitation, Promise, Rating, Touchpoint
from collage_web.records.models.leases import Lease
from collage_web.records.models.told import Delivery, Hook, ReadKey

__all__ = [
    "Arrival",
    "AuditEntry",
    "Catalogue",
    "Claim",
    "Colleague",
    "Company",
    "Consent",
    "Correction",
    "Delivery",
    "Figures",
    "Hook",
    "Identifier",
    "Invitation",
    "Lease",
    "Mark",
    "NameKey",
    "Promise",
    "Rating",
    "Reaction",
    "ReadKey",
    "Role",
    "Score",
    "Source",
    "SourceHour",
    "Stale",
    "Touchpoint",
    "Trait",
    "Upload",
]
