"""A dataset folder seen through DuckDB or Spark as Ibis tables: the only input and output.

Everyone else is handed tables. Nothing here knows what a column means beyond its contract.
"""

from collage.store.dataset import Checked, Dataset, open_dataset
from collage.store.engine import Engine, answered, connect
from collage.store.prepared import Prepared, prepare
from collage.store.remembered import remembered
from collage.store.results import render, write_result
from collage.store.writing import in_the_way, write_dataset

__all__ = [
    "Checked",
    "Dataset",
    "Engine",
    "Prepared",
    "answered",
    "connect",
    "in_the_way",
    "open_dataset",
    "prepare",
    "remembered",
    "render",
    "write_dataset",
    "write_result",
]
