"""The documentation site: Sphinx reads this folder's pages by MyST and shows them by Furo. `make docs` builds it."""

import sys
from importlib.metadata import version as installed_version
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / part) for part in (".", "envs", "tools")]

from inventories import write_inventories  # noqa: E402 - of tools/

project = "tuner"
author = "the authors of tuner"
version = release = installed_version("roarm-tuner")
html_title = f"tuner {version}"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.intersphinx", "sphinx.ext.napoleon", "sphinx_copybutton"]
root_doc = "index"
default_role = "code"  # of docstrings

# What is named of these projects must be in `tools/inventories.py`; other types of signatures are plain text.
nitpicky = True
nitpick_ignore_regex = [(r"py:.*", r"(?!gymnasium\.|optuna\.|pandas\.|stable_baselines3\.).*")]

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
napoleon_use_rtype = False
python_maximum_signature_line_length = 80
python_use_unqualified_type_names = True

myst_heading_anchors = 3
copybutton_prompt_text = "$ "
copybutton_only_copy_prompt_lines = False
intersphinx_mapping = write_inventories(HERE.parent / "build" / "inventories")

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
