# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What tests came to: passed, failed with a message, skipped with a reason."""

from __future__ import annotations

import dataclasses

from .._module.text import clean, one_line

# Characters of a message that are kept: the end of a traceback says what happened.
EXCERPT = 2000
# Of more failures than anybody reads, the messages are not kept.
_TOLD = 2000


@dataclasses.dataclass
class Outcome:
    """A test that did not simply pass."""

    name: str
    message: str


@dataclasses.dataclass
class Timed:
    """A test that ended: ``passed``, ``failed`` or ``skipped``, after so many seconds."""

    name: str
    status: str
    seconds: float


@dataclasses.dataclass
class Results:
    """What one file, or several together, tell.

    :param seconds: subunit: from the first event to the last; JUnit: what the tests took together.
    """

    passed: int = 0
    seconds: float = 0.0
    failures: list[Outcome] = dataclasses.field(default_factory=list)
    skips: list[Outcome] = dataclasses.field(default_factory=list)
    timed: list[Timed] = dataclasses.field(default_factory=list)

    @property
    def failed(self) -> int:
        return len(self.failures)

    @property
    def skipped(self) -> int:
        return len(self.skips)

    @property
    def tests(self) -> int:
        return self.passed + self.failed + self.skipped

    @property
    def success(self) -> bool:
        """Whether tests ran and none failed. No tests at all are not a success, nor are tests that were all skipped."""
        return self.passed > 0 and not self.failures

    def fail(self, name: str, message: str) -> None:
        """Count a failure."""
        self.failures.append(Outcome(one_line(name), message if len(self.failures) < _TOLD else ""))

    def add(self, other: Results) -> None:
        """Count ``other`` in."""
        self.passed += other.passed
        self.seconds += other.seconds
        self.failures += other.failures
        self.skips += other.skips
        self.timed += other.timed

    def summary(self) -> str:
        """One sentence."""
        if not self.tests:
            return "no test ran"
        if not self.passed and not self.failures:
            return f"no test ran: all {self.skipped} were skipped"
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def excerpt(text: str) -> str:
    """The end of a message, which says why."""
    return clean(text if len(text) <= EXCERPT else "…" + text[-EXCERPT:])
