"""Who is one customer: from identifiers to customers, and back."""

from collage.customers.consent import Consented, allowed, consents
from collage.customers.fusing import Claimed, fused
from collage.customers.identifiers import in_normal_form, normalised
from collage.customers.identity import customer_of, customers, doubtful, numbered
from collage.customers.meaning import meant, tail
from collage.customers.profile import Said, profile

__all__ = [
    "Claimed",
    "Consented",
    "Said",
    "allowed",
    "consents",
    "customer_of",
    "customers",
    "doubtful",
    "fused",
    "in_normal_form",
    "meant",
    "normalised",
    "numbered",
    "profile",
    "tail",
]
