# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Waiting and trying again: one object each, with a clock that tests can replace."""

from __future__ import annotations

import dataclasses
import time
import typing as t

from .errors import TimedOut

T = t.TypeVar("T")


@dataclasses.dataclass
class Deadline:
    """An end for a piece of work that takes several calls.

    :param seconds: how long it may take from now on.
    :param clock: seconds that only go up.
    """

    seconds: float
    clock: t.Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self._end = self.clock() + self.seconds

    @property
    def remaining(self) -> float:
        """Seconds left, 0 at the least."""
        return max(0.0, self._end - self.clock())

    @property
    def passed(self) -> bool:
        return self.remaining <= 0


@dataclasses.dataclass
class Waiter:
    """Asks until the answer is the wanted one.

    :param timeout: seconds before :class:`TimedOut` is raised.
    :param pause: seconds between two questions.
    """

    timeout: float
    pause: float = 1.0
    sleep: t.Callable[[float], None] = time.sleep
    clock: t.Callable[[], float] = time.monotonic

    def wait(self, ask: t.Callable[[], T], done: t.Callable[[T], bool], what: str) -> T:
        """Call ``ask`` until ``done`` accepts its answer.

        :param what: what is waited for, for the message.
        :returns: the accepted answer.
        :raises TimedOut: with the last answer as ``last``.
        """
        deadline = Deadline(self.timeout, self.clock)
        while True:
            answer = ask()
            if done(answer):
                return answer
            if deadline.remaining <= self.pause:
                raise TimedOut(f"Waited {self.timeout:g} s for {what}.", last=answer)
            self.sleep(self.pause)


def backoff(first: float = 0.5, factor: float = 2.0, longest: float = 15.0) -> t.Iterator[float]:
    """Pauses between tries in seconds: ``first``, then each ``factor`` times the one before, at most ``longest``."""
    pause = first
    while True:
        yield min(pause, longest)
        pause *= factor
