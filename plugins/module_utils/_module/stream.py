# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""The one reader for HTTP: an end to the time of the whole answer, to its size, and to where it may lead.

A server that sends a byte at a time resets a socket's time-out with each, in the middle of a header as well, and a name
that does not resolve has none at all. So a thread of its own talks to the server, and is left behind when the time is
over. It needs nothing but Python: clean roots are made by DLRN's too.
"""

from __future__ import annotations

import base64
import contextlib
import io
import queue
import threading
import typing as t
import urllib.parse

from .errors import Unavailable
from .text import one_line, redacted
from .waiter import Deadline

if t.TYPE_CHECKING:
    import email.message

_CHUNK = 1 << 16
_AHEAD = 16  # chunks that are read before anybody asked for them
_MOST_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)


class HttpStream(io.RawIOBase):
    """The answer to one request, as a binary stream that is read once.

    :param deadline: the end for all of the answer.
    :param pause: seconds to wait for the first and for each further piece.
    :param user: name and password; with them, and with ``data``, no redirection is followed.
    :param token: sent as ``Bearer``, in the place of a user.
    :raises Unavailable: no answer came.
    """

    status: int
    reason: str
    headers: email.message.Message

    def __init__(
        self,
        url: str,
        deadline: Deadline,
        pause: float,
        *,
        method: str | None = None,
        data: bytes | None = None,
        user: tuple[str, str] | None = None,
        ca_path: str | None = None,
        token: str | None = None,
    ) -> None:
        self._url, self._deadline, self._pause = url, deadline, pause
        self._pieces: queue.Queue[t.Any] = queue.Queue(_AHEAD)
        self._is_left = threading.Event()
        self._piece, self._is_at_end = b"", False
        self._size = 0
        # Whoever waits longer than this was left behind.
        request = _Request(url, method, data, user, ca_path, max(min(pause, deadline.remaining), 0.001), token)
        self._thread = threading.Thread(target=self._talk, args=(request,), daemon=True)
        self._thread.start()
        self.status, self.reason, self.headers = self._next()

    def close(self) -> None:
        """Leave what was not read."""
        self._is_left.set()
        if self._is_at_end:
            self._thread.join(1.0)
        super().close()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: t.Any) -> int:
        """Fill ``buffer`` as far as there is something; 0 at the end.

        :raises Unavailable: the time is over, the connection broke, or less came than was announced.
        """
        while not self._piece and not self._is_at_end:
            self._piece = self._next() or b""
            self._is_at_end = not self._piece
        piece, self._piece = self._piece[: len(buffer)], self._piece[len(buffer) :]
        self._size += len(piece)
        if self._is_at_end:
            announced = self.headers.get("Content-Length") or ""
            if announced.isdigit() and len(announced) < 20 and self._size < int(announced):
                raise Unavailable(f"its answer was cut off after {self._size} of {announced} bytes", url=self._shown)
        buffer[: len(piece)] = piece
        return len(piece)

    @property
    def _shown(self) -> str:
        return redacted(self._url)

    def _next(self) -> t.Any:
        limit = min(self._pause, self._deadline.remaining)
        try:
            found = self._pieces.get(timeout=max(limit, 0.001))
        except queue.Empty:
            self._is_left.set()
            seconds = self._deadline.seconds if self._deadline.passed else limit
            raise Unavailable(f"it did not answer within {seconds:.3g} s", url=self._shown) from None
        if isinstance(found, Exception):
            self._is_at_end = True
            said = getattr(found, "reason", None) or found
            reason = redacted(one_line(str(said))) or type(found).__name__
            raise Unavailable(reason, url=self._shown) from found
        return found

    def _talk(self, request: _Request) -> None:
        try:
            with request.open() as answer:
                self._put((answer.status, str(answer.reason), answer.headers))
                while chunk := answer.read1(_CHUNK):
                    if not self._put(chunk):
                        return
            self._put(b"")
        except Exception as error:
            self._put(error)

    def _put(self, piece: t.Any) -> bool:
        """Hand ``piece`` over; False when nobody wants it any more."""
        while not self._is_left.is_set():
            try:
                self._pieces.put(piece, timeout=0.2)
                return True
            except queue.Full:
                continue
        return False


class _Request:
    """A request, and those that it is redirected to."""

    def __init__(
        self,
        url: str,
        method: str | None,
        data: bytes | None,
        user: tuple[str, str] | None,
        ca_path: str | None,
        timeout: float,
        token: str | None = None,
    ) -> None:
        self._url, self._user = _without_user(url)
        self._token = token
        self._timeout = timeout
        self._user = user or self._user
        self._method, self._data, self._ca_path = method or ("GET" if data is None else "POST"), data, ca_path
        # Writes and credentials go where they were sent, or nowhere.
        self._may_move = data is None and user is None and token is None

    def open(self) -> t.Any:
        """The answer, whatever its status; raises what the library does, and ValueError for a redirection."""
        url, user = self._url, self._user
        for _hop in range(_MOST_REDIRECTS + 1):
            answer = self._ask(url, user)
            if answer.status not in _REDIRECTS or not self._may_move:
                return answer
            location = answer.headers.get("Location") or ""
            answer.close()
            url, user = self._moved(url, location)
        raise ValueError(f"it was redirected more than {_MOST_REDIRECTS} times")

    def _ask(self, url: str, user: tuple[str, str] | None) -> t.Any:
        # Slow to import, and most of what is read lies on the disk.
        import ssl
        import urllib.request

        context = ssl.create_default_context(cafile=self._ca_path)
        # Without handlers of errors, redirections, files and FTP.
        opener = urllib.request.OpenerDirector()
        for handler in (
            urllib.request.ProxyHandler(),
            urllib.request.HTTPHandler(),
            urllib.request.HTTPSHandler(context=context),
            urllib.request.UnknownHandler(),
        ):
            opener.add_handler(handler)
        headers = {"User-Agent": "rdo.releng"}
        if self._data is not None:
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(url, self._data, headers, method=self._method)  # noqa: S310 - see _moved
        if user:
            token = base64.b64encode(f"{user[0]}:{user[1]}".encode()).decode()
            request.add_unredirected_header("Authorization", f"Basic {token}")
        if self._token:
            request.add_unredirected_header("Authorization", f"Bearer {self._token}")
        return opener.open(request, timeout=self._timeout)

    def _moved(self, url: str, location: str) -> tuple[str, tuple[str, str] | None]:
        """Where a redirection leads, and who asks there; a password goes nowhere but where it was meant for."""
        target = urllib.parse.urljoin(url, location.replace(" ", "%20"))
        target, user = _without_user(target)
        before, after = urllib.parse.urlsplit(url), urllib.parse.urlsplit(target)
        if not location or after.scheme not in ("http", "https") or not after.netloc:
            raise ValueError(
                f"it is redirected to {one_line(redacted(location), 200)!r}, which is not an address of HTTP"
            )
        if before.scheme == "https" and after.scheme != "https":
            raise ValueError(f"it is redirected from https to {one_line(target, 200)}, where nobody is who he says")
        if user:
            raise ValueError(f"it is redirected to {one_line(target, 200)} with a user in the address")
        near = _near(after.hostname)
        if near and near - _near(before.hostname):
            raise ValueError(f"it is redirected to {one_line(target, 200)}, which only this host can ask")
        return target, self._user if before[:2] == after[:2] else None


def _near(host: str | None) -> set[str]:
    """What of a host's addresses nobody else can reach: those of this host itself, and of its network's own services,
    as of a cloud that tells secrets to whoever asks from its machines."""
    import ipaddress
    import socket

    found = set()
    with contextlib.suppress(OSError, ValueError):
        for *_kind, address in socket.getaddrinfo(host, None):
            ip = ipaddress.ip_address(str(address[0]).partition("%")[0])
            ip = getattr(ip, "ipv4_mapped", None) or ip
            found |= {"itself"} if ip.is_loopback or ip.is_unspecified else set()
            found |= {"its network"} if ip.is_link_local else set()
    return found


def _without_user(url: str) -> tuple[str, tuple[str, str] | None]:
    """``url`` without the user in it, and that."""
    parts = urllib.parse.urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, None
    name, _colon, password = user.partition(":")
    return parts._replace(netloc=host).geturl(), (urllib.parse.unquote(name), urllib.parse.unquote(password))
