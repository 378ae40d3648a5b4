# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""One task's calls to one Koji hub, by the unmodified PyPI client.

Behaviour of the hub is that of Koji 1.35.3: a fault is an answer (HTTP 200); a call within a multicall has its own
savepoint, so a fault neither undoes nor stops the others; an error of the database arrives as a bare XML-RPC fault.
"""

from __future__ import annotations

import dataclasses
import os
import time
import typing as t

from .._module.errors import InvalidInput, RelengError, Unavailable
from .._module.libraries import load_library
from .._module.waiter import Deadline, backoff

# Calls that travel in one request: reads are cheap for the hub, writes are kept short so that little is in doubt.
READ_BATCH = 1000
WRITE_BATCH = 50
# Characters of a page that is not an answer of a hub, kept for the error.
BODY = 2000


@dataclasses.dataclass(frozen=True)
class Call:
    """A call to the hub.

    :param about: what it is about, for messages: keys such as ``tag``, ``build``, ``package``, ``target``.
    """

    method: str
    args: tuple[t.Any, ...] = ()
    kwargs: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    about: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)

    def __str__(self) -> str:
        """``tagBuild (tag cloud9-testing, build alpha-1-1)``; never its arguments, one of which may be a secret."""
        about = ", ".join(f"{kind} {name}" for kind, name in self.about.items())
        return f"{self.method} ({about})" if about else self.method


def call(method: str, *args: t.Any, about: t.Mapping[str, t.Any] | None = None, **kwargs: t.Any) -> Call:
    """A :class:`Call` written as it is called."""
    return Call(method, args, kwargs, about or {})


class HubFault(RelengError):
    """The hub's no: ``data`` has the fault's class, code and text, the call, and what it was about.

    ``fault_class`` is the client's name of it (``TagError``), or ``Fault`` for one that it has no name for, such as an
    error of the database.
    """

    def __init__(self, call: Call, fault_class: str, code: int, text: str) -> None:
        self.fault_class, self.code, self.text = fault_class, code, text
        super().__init__(
            f"The hub refuses {call}: {fault_class} {code}: {text.strip()}",
            call=call.method,
            fault_class=fault_class,
            fault_code=code,
            fault=text,
            **dict(call.about),
        )

    @property
    def already_so(self) -> bool:
        """What should be brought about had been before."""
        return self.fault_class == "TagError" and ("already tagged" in self.text or "not in tag" in self.text)


class Hub:
    """A hub that is read anonymously, and logged in to by the first write.

    :param address: of the hub's XML-RPC, as ``https://koji.example.com/kojihub``.
    :param login: how to log in: ``authtype`` and what it needs; asked when there is something to write.
    :param timeout: seconds for one answer.
    :param deadline: seconds for one call, its retries and pauses included.
    :param retries: how often a call that is safe to repeat is tried again.
    """

    def __init__(
        self,
        address: str,
        login: t.Mapping[str, t.Any],
        timeout: float = 120.0,
        deadline: float = 600.0,
        retries: int = 5,
        topurl: str | None = None,
        sleep: t.Callable[[float], None] = time.sleep,
    ) -> None:
        if timeout <= 0 or deadline <= 0 or retries < 0:
            raise InvalidInput(
                f"timeout ({timeout:g}) and deadline ({deadline:g}) must be above 0, retries ({retries}) not below."
            )
        if not address.startswith(("http://", "https://")):
            raise InvalidInput(f"{address!r} is not an address of a hub: it must begin with http:// or https://.")
        for option, value in (("server", address), ("topurl", topurl or "")):
            # It would come into plans, journals and results.
            if "@" in value.partition("://")[2].partition("/")[0]:
                raise InvalidInput(f"The address in {option} must not hold a user or password: set user and password.")
        self._koji = load_library("koji")
        self.address, self.topurl = address, topurl
        self._login, self._timeout = dict(login), timeout
        self._deadline, self._retries, self._sleep = deadline, retries, sleep
        # Retries are made here, where it is known what is safe; the client makes none of its own.
        options = {"timeout": timeout, "auth_timeout": timeout, "max_retries": 0, "retry_interval": 0}
        options.update(anon_retry=False, offline_retry=False, use_fast_upload=True)
        options.update({key: login[key] for key in ("user", "password", "serverca") if login.get(key)})
        try:
            self._session = self._koji.ClientSession(address, options)
        except (AssertionError, ValueError) as error:
            raise InvalidInput(f"{address!r} is not an address of a hub: {error}") from None

    @classmethod
    def from_params(cls, params: t.Mapping[str, t.Any]) -> Hub:
        """The hub that the options of the doc fragment ``_koji`` describe."""
        profile = _read_profile(params["koji"]) if params["koji"] else {}
        address = params["server"] or profile.get("server")
        if not address:
            raise InvalidInput(
                "Which hub? Set koji to a profile of the client's configuration, or server to a hub's address "
                "(or the environment's KOJI_PROFILE or KOJI_HUB_URL)."
            )
        names = ("authtype", "user", "password", "cert", "serverca", "principal", "keytab")
        login = {name: params[name] or profile.get(name) or None for name in names}
        return cls(
            address.rstrip("/"),
            login,
            timeout=params["timeout"],
            deadline=params["deadline"],
            retries=params["retries"],
            topurl=(params["topurl"] or profile.get("topurl") or "").rstrip("/") or None,
        )

    @classmethod
    def to_read(cls, name: str) -> Hub:
        """The hub of a profile, or at an address, for those who change nothing there."""
        profile = {} if "://" in name else _read_profile(name)
        return cls((profile.get("server") or name).rstrip("/"), {"serverca": profile.get("serverca")})

    def read(self, method: str, *args: t.Any, about: t.Mapping[str, t.Any] | None = None, **kwargs: t.Any) -> t.Any:
        """The answer of a call that changes nothing; tried again when there is none.

        :raises HubFault: the hub says no.
        :raises Unavailable: no answer, in the end.
        """
        return self._repeat(call(method, *args, about=about, **kwargs), lambda: None)

    def read_many(self, calls: t.Sequence[Call]) -> list[t.Any]:
        """The answers of ``calls``, many to a request; a :class:`HubFault` in the place of each that failed."""
        answers: list[t.Any] = []
        for start in range(0, len(calls), READ_BATCH):
            batch = calls[start : start + READ_BATCH]
            answers += _unpack(batch, self._repeat(self._bundle(batch), lambda: None), self._koji)
        return answers

    def write(self, call: Call, happened: t.Callable[[], t.Any] | None = None) -> t.Any:
        """The answer of a call that changes something, logged in.

        :param happened: asked when the answer was lost: what the call would have returned if it was done, None if it
            was not, and then it is made again. Without it a lost answer is an error.
        :raises HubFault: the hub says no.
        :raises Unavailable: no answer; ``known`` is false if it may have been done all the same.
        """
        self.log_in()
        if happened is None:
            try:
                return self._once(call)
            except Unavailable as lost:
                raise Unavailable(f"{lost.message} It is not known whether it was done.", known=False) from lost
        return self._repeat(call, happened)

    def write_many(self, calls: t.Sequence[Call]) -> list[t.Any]:
        """The answers of up to :data:`WRITE_BATCH` ``calls`` in one request, a :class:`HubFault` for each that failed.

        :raises Unavailable: no answer: some may have been done. Look before trying again.
        """
        self.log_in()
        return _unpack(calls, self._once(self._bundle(calls)), self._koji)

    def log_in(self) -> None:
        """Log in, if that was not done before."""
        if self._session.logged_in:
            return
        login = self._login
        authtype = login.get("authtype") or _guess_authtype(login)
        ways: dict[str, tuple[Call, tuple[str, ...], t.Callable[[], t.Any]]] = {
            "password": (Call("login"), ("user", "password"), self._session.login),
            "ssl": (
                Call("sslLogin"),
                ("cert",),
                lambda: self._session.ssl_login(login["cert"], None, login.get("serverca")),
            ),
            "kerberos": (Call("sslLogin"), (), self._log_in_by_ticket),
        }
        if authtype not in ways:
            raise InvalidInput(
                f"There is something to write to {self.address}, and no way to log in: set cert, or user and password, "
                "or authtype to kerberos, or take a profile that does."
            )
        what, needed, way = ways[authtype]
        missing = [name for name in needed if not login.get(name)]
        if missing:
            raise InvalidInput(f"To log in to {self.address} by {authtype}, {' and '.join(missing)} must be set.")
        self._repeat(what, lambda: None, way)

    def _log_in_by_ticket(self) -> None:
        if self._koji.reqgssapi is None:
            load_library("requests_gssapi")
        # The client's own number of tries: with none it would not try at all.
        self._session.opts["max_retries"] = 1
        try:
            self._session.gssapi_login(principal=self._login.get("principal"), keytab=self._login.get("keytab"))
        finally:
            self._session.opts["max_retries"] = 0

    def close(self) -> None:
        """Log out; a hub that cannot be told does not matter."""
        if self._session.logged_in:
            try:
                self._once(Call("logout"), self._session.logout)
            except RelengError:
                self._session.setSession(None)

    def upload(self, path: str, folder: str) -> None:
        """Put the file ``path`` in ``folder`` of the hub's uploads; repeating it is harmless."""
        self.log_in()
        what = call("rawUpload", about={"file": os.path.basename(path)})
        self._repeat(what, lambda: None, lambda: self._session.uploadWrapper(path, folder))

    def _bundle(self, calls: t.Sequence[Call]) -> Call:
        encode = self._koji.encode_args
        about: dict[str, t.Any] = {"calls": len(calls)}
        tags = sorted({str(one.about["tag"]) for one in calls if "tag" in one.about})
        if tags:
            about["tags"] = tags[0] if len(tags) == 1 else f"{tags[0]} to {tags[-1]}"
        bundle = [{"methodName": one.method, "params": encode(*one.args, **one.kwargs)} for one in calls]
        return call("multiCall", bundle, about=about)

    def _repeat(self, what: Call, happened: t.Callable[[], t.Any], way: t.Callable[[], t.Any] | None = None) -> t.Any:
        """Make a call until it is answered, the tries are used up, or its time is over."""
        deadline = Deadline(self._deadline)
        for attempt, pause in enumerate(backoff()):
            try:
                return self._once(what, way)
            except Unavailable as lost:
                if lost.data.get("final") or attempt >= self._retries or deadline.remaining <= pause:
                    raise
                self._sleep(pause)
                done = happened()
                if done is not None:
                    return done
        raise AssertionError("backoff has no end")

    def _once(self, what: Call, way: t.Callable[[], t.Any] | None = None) -> t.Any:
        """Make a call once; the client's exceptions become the collection's."""
        koji, xmlrpc = self._koji, load_library("xmlrpc.client")
        requests, expat = load_library("requests"), load_library("xml.parsers.expat")
        try:
            return way() if way else self._session.callMethod(what.method, *what.args, **what.kwargs)
        except koji.ServerOffline as error:
            raise self._unavailable(what, f"is offline: {error}") from None
        except koji.RetryError as error:
            # The client sent it twice, on a new connection, as the first was cut; the hub saw the first.
            raise self._unavailable(what, f"got the call, and its answer was lost: {error}") from None
        except koji.GenericError as error:
            raise HubFault(what, type(error).__name__, error.faultCode, str(error)) from None
        except xmlrpc.Fault as error:
            raise HubFault(what, "Fault", error.faultCode, error.faultString) from None
        except requests.exceptions.HTTPError as error:
            status = error.response.status_code
            final = status not in (408, 429, 500, 502, 503, 504)
            reason = f"answered {status} {error.response.reason}"
            raise self._unavailable(what, reason, final, status=status, body=_body(error.response)) from None
        except (xmlrpc.ProtocolError, xmlrpc.ResponseError, expat.ExpatError, UnicodeDecodeError):
            raise self._unavailable(what, "answered with something that is not XML-RPC") from None
        except requests.exceptions.Timeout:
            raise self._unavailable(what, f"gave no answer in {self._timeout:g} s") from None
        except (requests.exceptions.RequestException, OSError) as error:
            raise self._unavailable(what, f"cannot be reached: {_innermost(error)}") from None

    def _unavailable(self, what: Call, reason: str, final: bool = False, **data: t.Any) -> Unavailable:
        return Unavailable(
            f"The hub {self.address} {reason} ({what}).",
            **{"call": what.method, "final": final, "hub": self.address, "status": None, **data},
        )


def _unpack(calls: t.Sequence[Call], answers: t.Any, koji: t.Any) -> list[t.Any]:
    """What a multicall answered, faults as errors in their places."""
    if not isinstance(answers, list) or len(answers) != len(calls):
        raise Unavailable(f"The hub answered {len(calls)} calls with {str(answers)[:100]!r}.", call="multiCall")
    unpacked: list[t.Any] = []
    for one, answer in zip(calls, answers):
        if isinstance(answer, dict):
            fault = koji.convertFault(koji.Fault(answer["faultCode"], answer["faultString"]))
            unpacked.append(HubFault(one, type(fault).__name__, answer["faultCode"], answer["faultString"]))
        else:
            unpacked.append(answer[0])
    return unpacked


def _read_profile(name: str) -> dict[str, t.Any]:
    """A profile of the client's configuration files.

    :raises InvalidInput: it is in none of them.
    """
    koji = load_library("koji")
    try:
        return koji.read_config(name)
    except koji.ConfigurationError as error:
        raise InvalidInput(
            f"The profile {name!r} cannot be used: {error}. Profiles are read from /etc/koji.conf, /etc/koji.conf.d, "
            "~/.koji/config and ~/.koji/config.d."
        ) from None


def _guess_authtype(login: t.Mapping[str, t.Any]) -> str | None:
    """How to log in by what is set, in the order of the client's own command."""
    if login.get("cert"):
        return "ssl"
    if login.get("user"):
        return "password"
    return "kerberos" if login.get("principal") or login.get("keytab") else None


def _innermost(error: BaseException) -> str:
    """What the operating system said, out of the layers that a library wraps around it."""
    seen: BaseException = error
    while True:
        inner = getattr(seen, "reason", None) or (seen.args[0] if seen.args else None)
        if not isinstance(inner, BaseException):
            return str(seen).rsplit(": ", 1)[-1] or type(seen).__name__
        seen = inner


def _body(response: t.Any) -> str:
    try:
        return str(response.text)[:BODY]
    except (OSError, RuntimeError):
        return ""
