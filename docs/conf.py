"""How Sphinx builds the documentation: ``sphinx-build -W --keep-going -n docs build/docs``."""

import sys
from pathlib import Path

import gesmock

sys.path.insert(0, str(Path(__file__).with_name("_extensions")))

project = "gesmock"
author = "the gesmock authors"
release = version = gesmock.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "commands",
    "control_calls",
    "llms",
]
exclude_patterns = ["_extensions"]

myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 80
# Types that have no page of their own are named, not linked; the public ones are `gesmock.Name`.
nitpick_ignore_regex = [("py:.*", r"(?!gesmock\.[A-Z]).*")]

# `sphinx-build -b linkcheck docs build/links` follows the others.
linkcheck_ignore = [r"https?://(127\.0\.0\.1|localhost|10\.0\.0\.7)\b.*"]

smartquotes = False  # `--` begins an option

html_theme = "furo"
html_sourcelink_suffix = ""
html_title = f"gesmock {release}"
html_show_copyright = False
html_show_sphinx = False
html_static_path = ["_static"]
html_css_files = ["tables.css"]
pygments_dark_style = "github-dark"
