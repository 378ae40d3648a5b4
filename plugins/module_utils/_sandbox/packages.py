# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""RPM files of strangers, read by rpm in the sandbox."""

from __future__ import annotations

import os
import typing as t

from .._module.errors import InvalidInput
from .confine import Bind, Limits, Sandbox, confined

# What an RPM file begins with
MAGIC = b"\xed\xab\xee\xdb"
LIMITS = Limits(seconds=300, memory=2**32, processes=64, file_size=2**24, scratch=2**26, output=2**26)


def query(form: str, files: t.Sequence[str]) -> str:
    """What ``rpm -qp`` says of RPM files in a query format; signatures are not looked at.

    :raises InvalidInput: one is not an RPM file.
    :raises CommandFailed: one cannot be read.
    :raises CannotConfine: this host does not let rpm be confined.
    """
    paths = list(map(os.path.realpath, files))
    for path in paths:
        # rpm says nothing of such a file, or takes it for a list of files to open.
        with open(path, "rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise InvalidInput(f"{path} is not an RPM file.", path=path)
    binds = tuple(Bind(folder, folder) for folder in sorted({os.path.dirname(path) for path in paths}))
    argv = ["rpm", "-qp", "--nomanifest", "--nosignature", "--nodigest", "--queryformat", form, "--", *paths]
    return confined(argv, Sandbox(binds=binds, limits=LIMITS), apart=True, tail=2**24).output.decode(errors="replace")
