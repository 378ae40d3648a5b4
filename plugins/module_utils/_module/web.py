# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Asking over HTTP (or reading a file) with an end to it; see ``stream`` for what an answer may be."""

from __future__ import annotations

import dataclasses
import hashlib
import time
import typing as t
import urllib.parse

from .errors import InvalidInput, NotFound, Unavailable
from .files import open_input, read_input
from .progress import say
from .stream import HttpStream
from .text import redacted
from .waiter import Deadline, backoff

# No answer of an API and no repomd.xml comes near it.
MOST_BYTES = 64 * 1024 * 1024
# A gateway that is overloaded; and 500 for DLRN, whose SQLite is locked for a moment while a builder writes.
PASSING = (429, 500, 502, 503, 504)
# Seconds without a word about a file that is still being read.
QUIET = 5.0


@dataclasses.dataclass
class Answer:
    """What came back.

    :param status: the HTTP status; None: nothing (whole) came back, and ``reason`` says why.
    """

    status: int | None
    body: bytes = b""
    content_type: str = ""
    reason: str = ""


@dataclasses.dataclass
class Web:
    """Calls that share one deadline.

    :param timeout: seconds for one answer, from the first byte sent to the last received.
    :param deadline: the end for all calls together, with retries and the pauses before them.
    :param retries: how often a repeatable call is tried again after no answer or one of ``PASSING``.
    """

    deadline: Deadline = dataclasses.field(default_factory=lambda: Deadline(300.0))
    timeout: float = 30.0
    retries: int = 5
    ca_path: str | None = None
    sleep: t.Callable[[float], None] = time.sleep

    def call(
        self,
        url: str,
        *,
        method: str | None = None,
        data: bytes | None = None,
        user: tuple[str, str] | None = None,
        token: str | None = None,
        repeatable: bool = True,
    ) -> Answer:
        """The last answer of ``url``. Raises nothing.

        :param method: GET if it is None and there are no ``data``, POST if there are.
        :param user: name and password.
        :param token: sent as ``Bearer``, in the place of a user.
        """
        return self._repeat(
            lambda limit: self._exchange(url, method, data, user, limit, token),
            self.timeout,
            self.retries if repeatable else 0,
        )

    def _repeat(self, exchange: t.Callable[[float], Answer], longest: float, tries: int) -> Answer:
        """The last answer of ``exchange``, which is given the seconds that it may take."""
        pauses = backoff()
        while True:
            limit = min(longest, self.deadline.remaining)
            if limit <= 0:
                return Answer(None, reason=f"the deadline of {self.deadline.seconds:g} s was over")
            answer = exchange(limit)
            if answer.status is not None and answer.status not in PASSING:
                return answer
            pause = next(pauses)
            if tries <= 0 or self.deadline.remaining <= pause:
                return answer
            tries -= 1
            self.sleep(pause)

    def read(self, url: str, what: str) -> bytes:
        """The content of a file at ``url`` (file, http or https).

        :raises NotFound: it is not there.
        :raises Unavailable: it could not be read.
        """
        if url.startswith("file:"):
            return _read_file(url, what)
        return _content(self.call(url), url, what)

    def sha256(self, url: str, what: str) -> str:
        """The checksum of a file of any size at ``url`` (file, http or https), which is not kept.

        :raises NotFound: it is not there.
        :raises Unavailable: it could not be read to its end before the deadline.
        """
        if url.startswith("file:"):
            with open_input(_path_of(url), what) as file:
                return _sha256_of(file, url)
        answer = self._repeat(lambda limit: self._digest(url, limit), self.deadline.seconds, self.retries)
        return _content(answer, url, what).decode()

    def _digest(self, url: str, limit: float) -> Answer:
        """The checksum of what is at ``url``, as the body of an answer."""
        try:
            with HttpStream(url, Deadline(limit), self.timeout, ca_path=self.ca_path) as stream:
                return Answer(stream.status, _sha256_of(stream, url).encode())
        except Unavailable as error:
            return Answer(None, reason=error.message)

    def _exchange(
        self,
        url: str,
        method: str | None,
        data: bytes | None,
        user: tuple[str, str] | None,
        limit: float,
        token: str | None = None,
    ) -> Answer:
        try:
            end = Deadline(limit)
            how: dict[str, t.Any] = {"method": method, "data": data, "user": user, "token": token}
            with HttpStream(url, end, limit, ca_path=self.ca_path, **how) as stream:
                body = bytearray()
                while piece := stream.read(1 << 16):
                    body += piece
                    if len(body) > MOST_BYTES:
                        return Answer(None, reason=f"its answer is longer than {MOST_BYTES} bytes")
                return Answer(stream.status, bytes(body), stream.headers.get("Content-Type") or "")
        except Unavailable as error:
            return Answer(None, reason=error.message)


def _sha256_of(stream: t.Any, url: str) -> str:
    digest, size, quiet = hashlib.sha256(), 0, Deadline(QUIET)
    while chunk := stream.read(1 << 20):
        digest.update(chunk)
        size += len(chunk)
        if quiet.passed:
            say(f"{url}: {size >> 20} MiB of it are read")
            quiet = Deadline(QUIET)
    return digest.hexdigest()


def _content(answer: Answer, url: str, what: str) -> bytes:
    """The body of an answer, or the error that it is."""
    if answer.status == 200:
        return answer.body
    url = redacted(url)
    if answer.status in (404, 410):
        raise NotFound(f"There is no {what} at {url}.", url=url, status=answer.status)
    raise Unavailable(
        f"The {what} {url} cannot be read: {answer.reason or f'status {answer.status}'}.",
        url=url,
        status=answer.status,
    )


def _path_of(url: str) -> str:
    return urllib.parse.unquote(urllib.parse.urlsplit(url).path)


def _read_file(url: str, what: str) -> bytes:
    path = _path_of(url)
    try:
        return read_input(path, what, MOST_BYTES)
    except NotFound:
        raise NotFound(f"There is no {what} at {url}.", url=url) from None
    except InvalidInput as error:
        raise Unavailable(error.message, url=url) from error
