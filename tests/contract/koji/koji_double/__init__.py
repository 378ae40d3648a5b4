# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Koji hub made of a recording: the wire protocol is real, the words are those of ``recording.yaml``.

``Hub`` is the state and the calls, ``Server`` puts it on the wire, with failures on request.
"""

from .hub import Hub, NotRecorded, Recipe, everything_read_in_source
from .server import Server

__all__ = ["Hub", "NotRecorded", "Recipe", "Server", "everything_read_in_source"]
