# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""The headers of RPM files that lie on a server, without their payload."""

from __future__ import annotations

import concurrent.futures
import os
import typing as t

from .._rpm.headers import read_header
from .download import Transport

_AT_A_TIME = 6


def fetch_headers(locations: t.Sequence[str], folder: str, transport: Transport) -> list[str]:
    """The beginnings of RPM files, up to where the payload begins, as files in ``folder``: enough for any metadata.

    :raises InvalidInput: one is not an RPM, or is cut off before its payload.
    """

    def fetch(numbered: tuple[int, str]) -> str:
        number, location = numbered
        path = os.path.join(folder, f"{number:06d}.rpm")
        with open(path, "wb") as file:
            file.write(transport.take(location, read_header))
        return path

    with concurrent.futures.ThreadPoolExecutor(_AT_A_TIME) as pool:
        return list(pool.map(fetch, enumerate(locations)))
