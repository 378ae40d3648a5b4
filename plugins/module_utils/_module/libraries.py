# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Libraries that Python does not bring along: imported when they are needed, missed by name."""

from __future__ import annotations

import importlib
import sys
import typing as t

from .errors import NotFound

# The name on PyPI, where it is not the name that is imported.
DISTRIBUTIONS = {
    "prometheus_client": "prometheus-client",
    "prometheus_client.core": "prometheus-client",
    "requests_gssapi": "requests-gssapi",
    "solv": "solv (or the system package python3-solv)",
    "subunit": "python-subunit",
    "yaml": "PyYAML",
}


def load_library(name: str) -> t.Any:
    """The module ``name``.

    :raises NotFound: with the interpreter that misses it and the name to install.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        distribution = DISTRIBUTIONS.get(name, name)
        raise NotFound(
            f"The Python library {distribution} is not there for {sys.executable}: {error}. Install it for that "
            "interpreter (requirements.txt has the versions that are tested), or set ansible_python_interpreter.",
            library=name,
        ) from error
