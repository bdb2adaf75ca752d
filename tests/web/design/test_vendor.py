"""What is not ours is what it says it is, comes from here, and can be served by its hashed name."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import Any

from django.core.management import call_command

import collage_web.design

STATIC = Path(collage_web.design.__file__).parent / "static" / "design"
VENDOR = STATIC / "vendor"
_MAP = b"/*# sourceMappingURL=tabler.min.css.map */"


def integrity(content: bytes) -> str:
    return "sha384-" + base64.b64encode(hashlib.sha384(content).digest()).decode()


def listed() -> dict[str, list[str]]:
    """Return the hashes in HASHES by file: that of the file here and, where it was changed, that of the package's."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in (VENDOR / "HASHES").read_text(encoding="utf-8").splitlines():
        if line.startswith("  sha384-"):
            found[name].append(line.strip())
        elif line and not line.startswith("#"):
            name = line.split()[0]
            found[name] = []
    return found


def test_every_file_is_listed_with_its_hash() -> None:
    here = {file.name: integrity(file.read_bytes()) for file in VENDOR.iterdir() if file.name != "HASHES"}
    assert {name: hashes[0] for name, hashes in listed().items()} == here


def test_the_stylesheet_is_that_of_the_package_but_for_its_last_line() -> None:
    content = (VENDOR / "tabler-1.6.1.min.css").read_bytes()
    assert integrity(content + _MAP) == listed()["tabler-1.6.1.min.css"][1]


def test_nothing_is_loaded_from_elsewhere() -> None:
    for file in STATIC.rglob("*"):
        if file.suffix == ".css":
            text = file.read_text(encoding="utf-8")
            assert [
                each for each in re.findall(r"url\(\s*[\"']?([^\"')]{0,40})", text) if not each.startswith("data:")
            ] == []
            assert "@import" not in text
            assert "@font-face" not in text
        if file.suffix == ".js":
            assert re.findall(r"https?://|\beval\(|new Function", file.read_text(encoding="utf-8")) == []


def test_all_static_files_can_be_collected_under_hashed_names(tmp_path: Path, settings: Any) -> None:
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }
    call_command("collectstatic", "--noinput", "--verbosity", "0")
    assert list((tmp_path / "design" / "vendor").glob("tabler-1.6.1.min.*.css.gz"))
