# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""CSV with a line of column names, as DLRN writes it."""

from __future__ import annotations

import csv
import io
import typing as t

from .errors import InvalidInput


def read_rows(text: str, what: str, columns: t.Sequence[str]) -> t.Iterator[list[str]]:
    """The values of ``columns`` in each row, without spaces around them; a value that is missing is empty.

    :param what: begins the message.
    :raises InvalidInput: a column is not there, or a row cannot be read; a field is longer than any hash or address.
    """
    rows = csv.DictReader(io.StringIO(text))
    try:
        names = rows.fieldnames or ()
        if not set(columns) <= set(names):
            raise InvalidInput(f"{what} has the columns {str(list(names))[:300]}; DLRN's has {', '.join(columns)}.")
        for row in rows:
            yield [(row[column] or "").strip() for column in columns]
    except csv.Error as error:
        raise InvalidInput(f"{what} cannot be read at line {rows.line_num}: {error}.") from error
