"""The engine on which this room's tests run."""

from tests.core.opened import duckdb

__all__ = ["duckdb"]
