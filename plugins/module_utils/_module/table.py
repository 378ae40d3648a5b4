# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Tables of plain text, for what people would rather look at than read."""

from __future__ import annotations

import typing as t

from .text import one_line, redacted

_CELL = 1000


def text_table(heads: t.Sequence[str], rows: t.Iterable[t.Sequence[t.Any]]) -> str:
    """``rows`` under ``heads`` in columns as wide as their widest cell, each one clean line; None is an empty cell."""
    cells = [["" if cell is None else redacted(one_line(str(cell), _CELL)) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(heads, *cells)]
    lines = [[*heads], ["-" * width for width in widths], *cells]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)
