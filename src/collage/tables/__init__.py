"""The contracts of all tables, and whether a table keeps its own; checked once at the door."""

from collage.tables.checking import Fault, faults, from_text, json_object, to_json, without_nul
from collage.tables.contracts import CONTRACTS, Column, Contract, contract_hash, expected

__all__ = [
    "CONTRACTS",
    "Column",
    "Contract",
    "Fault",
    "contract_hash",
    "expected",
    "faults",
    "from_text",
    "json_object",
    "to_json",
    "without_nul",
]
