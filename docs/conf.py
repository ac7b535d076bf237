"""The site of documentation, for Sphinx: ``make docs``. Nothing is fetched while it is built."""

import os
import sys
from importlib import metadata
from pathlib import Path

HOME = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(HOME))
os.environ["OMP_NUM_THREADS"] = "1"

project = "rrrn"
author = "The rrrn developers"
copyright = author
version = release = metadata.version("rrrn")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "docs.building.extension"]
exclude_patterns = ["_build"]
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 4  # as GitHub makes them, so that a link is true in both places
highlight_language = "text"  # of blocks that name none
# names of others, whose pages are not fetched, a variable of types, and what is inside of a model's file
nitpick_ignore_regex = [("py:.*", r"(?!rrrn\.).*|rrrn\.networks\.network\.T|rrrn\.models\.saved\.Saved")]

autodoc_typehints = "description"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
napoleon_numpy_docstring = False
napoleon_custom_sections = [("Presets", "params_style")]

html_theme = "furo"
html_title = f"rrrn {release}"
html_static_path = ["_static"]
html_css_files = ["rrrn.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#1f5f8b", "color-brand-content": "#1f5f8b"},
    "dark_css_variables": {"color-brand-primary": "#7fb8e0", "color-brand-content": "#7fb8e0"},
}
