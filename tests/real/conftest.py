"""The real records, each set read once through the map of its example, and fitted once, by the command."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from collage.experience import model_json
from tests.real.records import ROOT, Fitted, Read, collage

# Name of the dataset → its files, below the folder of real records.
FILES = {
    "incidents": "incidents/incident_events_to_20160430.csv.gz",
    "bankcalls": "bankcalls/bank_calls_3_weeks.csv.gz",
    "helpdesk": "eventlogs/helpdesk.csv.gz",
    "helpdesk-from-xes": "eventlogs/helpdesk.xes.gz",
    "bpic2012": "eventlogs/bpic2012.csv.gz",
    "olist": "olist8k",
    "deepcsat": "deepcsat_shopzilla/customer_support_open.csv.gz",
    "uss": "uss_dialogues/uss_SGD_ReDial.csv.gz",
}
EXAMPLES = {"helpdesk-from-xes": "helpdesk", "olist": "olist8k"}
CATALOGUES = {"uss": "examples/uss/catalogue.toml"}


@pytest.fixture(scope="session")
def read_set(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Read]:
    """Read a set; the second time it is there already."""
    folder = tmp_path_factory.mktemp("datasets")

    @cache
    def read(name: str) -> Read:
        map_ = ROOT / "examples" / EXAMPLES.get(name, name) / "map.toml"
        more = ["--catalogue", str(ROOT / CATALOGUES[name])] if name in CATALOGUES else []
        # long after the last of these records, so that none lies in the future
        now = ["--now", "2026-01-01"]
        said = collage(
            "read", str(shared_data / FILES[name]), "--map", str(map_), *more, *now, "--out", str(folder / name)
        )
        return Read(folder / name, said)

    return read


@pytest.fixture(scope="session")
def fit_set(read_set: Callable[[str], Read], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Fitted]:
    """Fit a set to its ratings; the second time it is there already."""
    folder = tmp_path_factory.mktemp("models")

    @cache
    def fit(name: str) -> Fitted:
        file = folder / f"{name}.json"
        said = collage("fit", str(read_set(name).folder), "--out", str(file))
        return Fitted(model_json.loads(file.read_text(encoding="utf-8"), file=str(file)), said)

    return fit
