"""What we said we would do: promises, and what they become."""

from collage.promises.ledger import touchpoints

__all__ = ["touchpoints"]
