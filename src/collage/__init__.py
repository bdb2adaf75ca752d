"""Collage: what happened to each customer, what it left behind, and how it adds up.

The rooms of the library, lowest first: `errors`, `tables` (contracts), `conditions`, `stats`, `store`,
`reading`, `touchpoints`, `customers`, `experience`, `simulate`, and `cli`, the command. Import what you
need::

    from collage import tables

Nothing heavy is imported here.
"""

__all__ = ["__version__"]

__version__ = "0.7.0"
