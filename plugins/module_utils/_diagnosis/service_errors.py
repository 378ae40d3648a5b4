# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Which of several services failed first: of all errors in their logs the oldest.

Services ask each other, so that one's failure is soon in the logs of those that wait for it. Their clocks are one, as
they run on one host, and so the time of a line says who began. An error that a healthy service logs as well is given as
a pattern, and is none; nor is its traceback.
"""

from __future__ import annotations

import dataclasses
import os
import re
import typing as t

from .._module.errors import InvalidInput, NotFound
from .._module.files import open_input
from .._module.text import one_line, shown

# Of a log that is longer the beginning is read: the first error is not at its end.
READ_BYTES = 50_000_000
LINE_BYTES = 2_000

# A line with a time, as programs of OpenStack, MariaDB, RabbitMQ and Open vSwitch write it, and with an error's level.
_TIME = re.compile(r"^(\d{4}-\d\d-\d\d)[ T] ?(\d{1,2}:\d\d:\d\d(?:[.,]\d+)?)")
_ERROR = re.compile(
    r"^\S+ \S+ \d+ (?:ERROR|CRITICAL) (?P<oslo>.*)"
    r"|^\S+ +\S+ \d+ \[ERROR\] (?P<mariadb>.*)"
    r"|^\S+ \S+ \[(?:error|critical|emergency)\] (?:<[\d.]+> )?(?P<rabbitmq>.*)"
    r"|^[^|]+\|\d+\|[^|]+\|(?:ERR|EMER)\|(?P<ovs>.*)"
)
# What Python says last of an exception that nobody caught; it has no time of its own.
_RAISED = re.compile(r"^(?:\w+\.)*\w+(?:Error|Exception)(?:: .*)?$")
# What the lines of a traceback begin with, as the line has that it belongs to: time, process, level and module.
_TRACEBACK = re.compile(r"^(\S+ \S+ \d+ (?:ERROR|CRITICAL) \S+)(?: (?!\[)|$)")
_BEGIN = "Traceback (most recent call last):"
# What comes before a message and tells nothing about it: its module, and whose request it was.
_CONTEXT = re.compile(r"^\S+ \[(?:-|None |req-)[^\]]*\] ")


@dataclasses.dataclass(frozen=True, order=True)
class ServiceError:
    """
    :param at: when, in the log's own words, so that text order is the order of time.
    :param service: the log's name.
    :param message: without time, level and request.
    """

    at: str
    service: str
    message: str


def errors_of(path: str, expected: t.Sequence[re.Pattern[str]]) -> t.Iterator[ServiceError]:
    """The errors of one log, in its order.

    :raises NotFound: it cannot be read.
    """
    service, harmless = os.path.basename(path)[: -len(".log")], ""
    try:
        with open_input(path, "log of a service") as file:
            for at, line, text in _errors_in(file):
                if (rest := _TRACEBACK.match(line)) and rest[1] == harmless:
                    continue
                message = _CONTEXT.sub("", text)
                if any(pattern.search(line) for pattern in expected):
                    harmless = " ".join(line.split(" ", 5)[:5])
                elif message.strip():
                    yield ServiceError(at, service, one_line(message)[:500])
    except OSError as error:
        raise NotFound(f"The log {path} cannot be read: {error}") from error


def _errors_in(file: t.BinaryIO) -> t.Iterator[tuple[str, str, str]]:
    """When, the whole line, and its message; of a message that is a traceback the last line, which comes later."""
    at, begun, left = "", ("", ""), READ_BYTES
    while left > 0 and (raw := file.readline(LINE_BYTES)):
        left -= len(raw)
        line = raw.decode(errors="replace").rstrip()
        time = _TIME.match(line)
        if begun[0] and (time or line[:1].strip()):
            yield (at, *begun) if time else (at, f"{begun[0]} {line}", line)
            begun = "", ""
            if not time:
                continue
        if time:
            at = f"{time[1]} {time[2].replace(',', '.').zfill(8)}"
        found = _ERROR.match(line)
        message = next((group for group in found.groups() if group), "") if found else ""
        if not found and _RAISED.match(line):
            message = line
        if message.endswith(_BEGIN):
            begun = line, message
        elif message.strip():
            yield at, line, message
    if begun[0]:
        yield (at, *begun)


def first_errors(folder: str, ignored: t.Sequence[str], expected: t.Sequence[str]) -> list[ServiceError]:
    """The first error of each service, the oldest first.

    :param ignored: names of logs that are not a service's.
    :param expected: regular expressions of lines that are not errors.
    """
    try:
        patterns = [re.compile(pattern) for pattern in expected]
    except re.error as error:
        raise InvalidInput(f"{error.pattern!r} is not a regular expression: {error}") from error
    if "\0" in folder:
        raise InvalidInput(f"{shown(folder)} is not a folder.")
    # What is judged could write there: nothing but files is read, and no link is followed.
    with os.scandir(folder) as entries:
        files = [entry.name for entry in entries if entry.is_file(follow_symlinks=False)]
    names = sorted(name for name in files if name.endswith(".log") and name not in ignored)
    found: dict[str, ServiceError] = {}
    for name in names:
        first = next(errors_of(os.path.join(folder, name), patterns), None)
        if first:
            found[first.service] = first
    return sorted(found.values())
