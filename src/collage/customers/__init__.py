"""Who is one customer: from identifiers to customers, and back."""

from collage.customers.fusing import Claimed, fused
from collage.customers.identifiers import in_normal_form, normalised
from collage.customers.identity import customer_of, customers, doubtful, numbered

__all__ = ["Claimed", "customer_of", "customers", "doubtful", "fused", "in_normal_form", "normalised", "numbered"]
