"""Settings of the site that Sphinx builds from these pages: ``tox run -e docs``."""

project = "hxtorch for an emulated BrainScaleS-2"
author = "The maintainers"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
root_doc = "index"
exclude_patterns = ["_build"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
html_theme = "alabaster"
html_theme_options = {"page_width": "1100px"}
