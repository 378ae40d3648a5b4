# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Errors that a person can act on.

Rooms raise these; :func:`_module.runner.run` alone turns them into a failed task. Each carries what is known as
data, so that a playbook can decide on it without reading the sentence.
"""

from __future__ import annotations

import typing as t


class RelengError(Exception):
    """Something that should not go on.

    :param message: what was wrong, with the value, and what to do about it.
    :param data: returned beside ``msg`` by the module that failed; plain data only, nothing secret.
    """

    def __init__(self, message: str, **data: t.Any) -> None:
        super().__init__(message)
        self.message = message
        self.data = data


class InvalidInput(RelengError):
    """A value from outside (option, file, answer of a server) that cannot be what was meant."""


class NotFound(RelengError):
    """A name that was looked for and is not there; the message lists what there is."""


class Unavailable(RelengError):
    """A service that did not answer, or not with what it should; ``data`` has ``status`` and ``body`` where known."""


class Refused(RelengError):
    """A change that must not be made, as a rule says; nothing was changed."""


class Conflict(Refused):
    """What was expected is not what is there: somebody else changed it first."""


class TimedOut(RelengError):
    """Waiting came to its end; ``data`` has what had been reached."""


class CommandFailed(RelengError):
    """A program ended with an exit status that was not expected; ``data`` has ``rc``, ``cmd`` and ``log``."""
