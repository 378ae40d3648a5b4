# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How Sphinx builds the site: pages of antsibull-docs as RST, and the guides as Markdown. Nothing is fetched."""

from __future__ import annotations

project = title = html_short_title = "rdo.releng"
copyright = "rdo.releng contributors"
extensions = ["sphinx_antsibull_ext", "myst_parser"]
source_suffix = {".rst": "restructuredtext", ".md": "markdown"}
exclude_patterns = ["init", "html"]
html_theme = "sphinx_ansible_theme"
html_show_sphinx = False
pygments_style = "ansible"
highlight_language = "YAML+Jinja"
myst_heading_anchors = 3
# Guides link files of the repository as well, which are not pages here; and modules link pages of Ansible's own.
suppress_warnings = ["myst.xref_missing", "ref.ref", "ref.any", "misc.highlighting_failure"]
