"""Sphinx's settings. Built without a network: nothing is fetched, no other project is looked up."""

import os
import sys
from pathlib import Path

import collage

sys.path.insert(0, str(Path(__file__).parent / "_ext"))
os.environ.update(COLUMNS="100", NO_COLOR="1")  # --help looks the same wherever it is built

project = "Collage"
author = "the Collage authors"
version = release = collage.__version__
language = "en-GB"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "collage_reference"]
exclude_patterns = ["_build"]
default_role = "code"  # `name` in a docstring is code

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
napoleon_google_docstring = False
napoleon_use_ivar = True  # attributes named twice (docstring and dataclass) are listed once
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"Collage {release}"
html_show_sourcelink = False
