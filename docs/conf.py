"""Settings of the site that Sphinx builds from these pages: ``tox run -e docs``."""

import os

# Kernels inherit this: chips are those that the pages name, whatever the shell says, and figures go into the pages.
for name in ("HXTORCH_CHIP", "HXTORCH_FIDELITY", "HXTORCH_SEED", "HXTORCH_BACKEND", "MPLBACKEND"):
    os.environ.pop(name, None)
os.environ["TQDM_DISABLE"] = "1"  # bars would fill the pages

project = "hxtorch for an emulated BrainScaleS-2"
author = "the hxtorch authors"
copyright = f"2026, {author}"  # the name is Sphinx's
html_title = "hxtorch on an emulated BrainScaleS-2"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.napoleon"]
root_doc = "index"
templates_path = ["_templates"]
exclude_patterns = ["jupyter_execute", "_build", "tutorials", "_templates"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

# Every page with a kernel is run anew, in a folder of its own; a cell that raises fails the build.
nb_execution_mode = "force"
nb_execution_timeout = 300
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_merge_streams = True

autosummary_generate = True
autosummary_ignore_module_all = False
autodoc_typehints = "none"  # signatures of layers are long enough; docstrings say shapes, units and ranges
autodoc_member_order = "groupwise"
autodoc_default_options = {"members": True, "show-inheritance": True}
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
napoleon_custom_sections = [("Source", "notes_style"), ("Warns", "notes_style")]

# Napoleon links the names of errors and attributes, of which several packages have one each.
suppress_warnings = ["ref.python"]

html_theme = "furo"
html_show_sourcelink = False
