"""Who is one customer: from identifiers to customers, and back."""

from collage.customers.identity import customer_of, customers

__all__ = ["customer_of", "customers"]
