# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Asking over HTTP (or reading a file) with an end to it.

An answer that comes a byte at a time resets a socket's time-out with each byte, and a name that does not resolve has
none at all. So each call is made in a thread of its own, and is left behind when its time is over.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import threading
import time
import typing as t
import urllib.error
import urllib.parse

from ansible.module_utils.urls import open_url

from .errors import NotFound, Unavailable
from .progress import say
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
        repeatable: bool = True,
    ) -> Answer:
        """The last answer of ``url``. Raises nothing.

        :param method: GET if it is None and there are no ``data``, POST if there are.
        :param user: name and password.
        """
        return self._repeat(
            lambda limit: self._exchange(url, method, data, user, limit),
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
            answer = _in_time(lambda: exchange(limit), limit)  # noqa: B023
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
            path = _path_of(url)
            if not os.path.isfile(path):
                raise NotFound(f"There is no {what} at {url}.", url=url)
        answer = self._repeat(lambda limit: self._digest(url, limit), self.deadline.seconds, self.retries)
        return _content(answer, url, what).decode()

    def _digest(self, url: str, limit: float) -> Answer:
        """The checksum of what is at ``url``, as the body of an answer."""
        deadline, quiet = Deadline(limit), Deadline(QUIET)
        digest, size = hashlib.sha256(), 0
        try:
            with open_url(
                url, timeout=min(self.timeout, limit), ca_path=self.ca_path, use_netrc=False, decompress=False
            ) as response:
                while chunk := response.read(1 << 20):
                    if deadline.passed:
                        return Answer(None, reason=f"{size} bytes of it came within {limit:.3g} s")
                    digest.update(chunk)
                    size += len(chunk)
                    if quiet.passed:
                        say(f"{url}: {size >> 20} MiB of it are read")
                        quiet = Deadline(QUIET)
                expected = response.headers.get("Content-Length")
        except urllib.error.HTTPError as error:
            return Answer(error.code)
        if expected and expected.isdigit() and size != int(expected):
            return Answer(None, reason=f"it was cut off after {size} of {expected} bytes")
        return Answer(200, digest.hexdigest().encode())

    def _exchange(
        self, url: str, method: str | None, data: bytes | None, user: tuple[str, str] | None, limit: float
    ) -> Answer:
        try:
            response = open_url(
                url,
                data=data,
                method=method or ("GET" if data is None else "POST"),
                headers={"Content-Type": "application/json"} if data is not None else None,
                timeout=limit,
                url_username=user[0] if user else None,
                url_password=user[1] if user else None,
                force_basic_auth=user is not None,
                # Writes and credentials go where they were sent, or nowhere.
                follow_redirects="safe" if data is None and user is None else "none",
                ca_path=self.ca_path,
                http_agent="rdo.releng",
                use_netrc=False,
                decompress=False,
            )
        except urllib.error.HTTPError as error:
            response = error
        with response:
            body = response.read(MOST_BYTES + 1)
            expected = response.headers.get("Content-Length")
            if len(body) > MOST_BYTES:
                return Answer(None, reason=f"its answer is longer than {MOST_BYTES} bytes")
            if expected and expected.isdigit() and len(body) < int(expected):
                return Answer(None, reason=f"its answer was cut off after {len(body)} of {expected} bytes")
            return Answer(response.code, body, response.headers.get("Content-Type") or "")


def _in_time(work: t.Callable[[], Answer], limit: float) -> Answer:
    """What ``work`` answers, or that it did not in ``limit`` seconds; an error of it is no answer, too."""
    answers: list[Answer] = []

    def answer() -> None:
        try:
            answers.append(work())
        except Exception as error:
            reason = getattr(error, "reason", None) or error
            answers.append(Answer(None, reason=str(reason) or type(error).__name__))

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    thread.join(limit)
    return answers[0] if answers else Answer(None, reason=f"it did not answer within {limit:.3g} s")


def _content(answer: Answer, url: str, what: str) -> bytes:
    """The body of an answer, or the error that it is."""
    if answer.status == 200:
        return answer.body
    if answer.status in (404, 410):
        raise NotFound(f"There is no {what} at {url}.", url=url, status=answer.status)
    raise Unavailable(
        f"The {what} {url} can not be read: {answer.reason or f'status {answer.status}'}.",
        url=url,
        status=answer.status,
    )


def _path_of(url: str) -> str:
    return urllib.parse.unquote(urllib.parse.urlsplit(url).path)


def _read_file(url: str, what: str) -> bytes:
    path = _path_of(url)
    try:
        with open(path, "rb") as file:
            content = file.read(MOST_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(f"There is no {what} at {url}.", url=url) from None
    except OSError as error:
        raise Unavailable(f"The {what} {url} can not be read: {error}.", url=url) from error
    if len(content) > MOST_BYTES:
        raise Unavailable(f"The {what} {url} can not be read: it is longer than {MOST_BYTES} bytes.", url=url)
    return content
