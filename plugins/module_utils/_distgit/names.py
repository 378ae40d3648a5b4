# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What spec files call distributions of PyPI, and which distribution a name in a spec file means."""

from __future__ import annotations

import re
import typing as t

from .._module.errors import InvalidInput
from .._module.libraries import load_library

_NAME = re.compile(r"[^\s,<>=%(){}]+(?:\([^\s,<>=%(){}]+\))?")
_DIST = re.compile(r"python3(?:\.\d+)?dist\((?P<name>[^)\[]+)(?:\[(?P<extra>[^)\]]*)\])?\)")
_PYTHON = re.compile(r"python3-(?P<name>[^+\s]+)(?:\+(?P<extra>\S+))?")
# What a spec needs of Python that is not a distribution of upstream's.
_NOT_UPSTREAM = re.compile(
    r"python3?-(devel|libs|test|rpm-macros|tox-current-env)|(python-)?pyproject-rpm-macros|python3"
)
# Packages of Fedora and EL that have another name than the distribution, and provide themselves by both. The name on
# PyPI comes first; what pymod2pkg knows need not be here.
_ALIASES = (
    ("beautifulsoup4", "beautifulsoup4", "bs4"),
    ("dnspython", "dns", "dnspython"),
    ("google-api-python-client", "google-api-client", "google-api-python-client"),
    ("msgpack", "msgpack", "msgpack-python"),
    ("pastedeploy", "paste-deploy", "pastedeploy"),
    ("pyjwt", "jwt", "pyjwt"),
    ("pyopenssl", "pyopenssl", "openssl"),
    ("pyscss", "scss", "pyscss"),
    ("python-dateutil", "dateutil", "python-dateutil"),
    ("python-editor", "editor", "python-editor"),
    ("python-ldap", "ldap", "python-ldap"),
    ("python-memcached", "memcached", "python-memcached"),
    ("python-subunit", "subunit", "python-subunit"),
    ("pyyaml", "pyyaml", "yaml"),
    ("pyzmq", "zmq", "pyzmq"),
    ("sqlalchemy-migrate", "migrate", "sqlalchemy-migrate"),
    ("suds-community", "suds", "suds-community", "suds-jurko"),
)


class Provider(t.NamedTuple):
    """A package that provides a distribution: its name, its epoch, and what else it is called."""

    name: str
    epoch: int
    also: frozenset[str] = frozenset()


def key_of(name: str) -> str:
    """A distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


class RpmNames:
    """Names in spec files by names on PyPI.

    :param overrides: name on PyPI → name in spec files, or None for what is not to be compared. What they do not name
        is called as it is provided, else as pymod2pkg has it.
    :param providers: by the key of a distribution, the packages that provide it; None: nobody was asked.
    :raises InvalidInput: an override that is not a name.
    """

    def __init__(
        self,
        overrides: t.Mapping[str, t.Any],
        providers: t.Mapping[str, t.Sequence[Provider]] | None = None,
    ) -> None:
        for name, rpm in overrides.items():
            if rpm is not None and not (isinstance(rpm, str) and _NAME.fullmatch(rpm)):
                raise InvalidInput(f"{rpm!r}, which the file of names has for {name}, is not a name in a spec file.")
        self._overrides = {key_of(str(name)): rpm for name, rpm in overrides.items()}
        self._providers = providers
        self._keys: dict[str, set[str]] = {}
        for key, *others in _ALIASES:
            for other in others:
                self._keys.setdefault(f"python3-{other}", set()).add(key)
        for key, rpm in self._overrides.items():
            if rpm is not None:
                self._keys.setdefault(_lower(rpm), set()).add(key)
        for key, found in (providers or {}).items():
            for one in found:
                for other in (one.name, *one.also):
                    self._keys.setdefault(_lower(other), set()).add(key)
        ignored = [key for key, rpm in self._overrides.items() if rpm is None]
        self._ignored = {*ignored, *(key_of(_short(self._usual(key))) for key in ignored)}

    def rpm(self, name: str) -> str:
        """What a spec file should call the distribution ``name``."""
        key = key_of(name)
        override = self._overrides.get(key)
        if override:
            return str(override)
        usual = self._usual(name)
        found = (self._providers or {}).get(key) or ()
        names = {_lower(other): one.name for one in found for other in (one.name, *one.also)}
        if not found or _lower(usual) in names:
            return names.get(_lower(usual), usual)
        python = sorted((one.name for one in found if one.name.startswith("python3-")), key=len)
        return python[0] if python else f"python3dist({key})"

    def is_provided(self, name: str) -> bool | None:
        """Whether some package provides the distribution; None: nobody was asked."""
        return None if self._providers is None else bool(self._providers.get(key_of(name)))

    def epoch(self, rpm: str) -> int | None:
        """The epoch of the package ``rpm``; None where nobody was asked, or nobody provides it."""
        for found in (self._providers or {}).values():
            for one in found:
                if _lower(rpm) in {_lower(one.name), *map(_lower, one.also)}:
                    return one.epoch
        return None

    def keys(self, rpm: str) -> set[str]:
        """The distributions that a dependency such as ``python3-yaml`` may mean; none if it is not of Python."""
        dist = _DIST.fullmatch(rpm)
        if dist:
            return {key_of(dist["name"])}
        match = _PYTHON.fullmatch(rpm)
        if _NOT_UPSTREAM.fullmatch(rpm) or (not match and _lower(rpm) not in self._keys):
            return set()
        name = match["name"] if match else rpm
        own = {key_of(name), key_of(f"python-{name}")} if match else set()
        return own | self._keys.get(f"python3-{_lower(name)}", set()) | self._keys.get(_lower(rpm), set())

    def is_ignored(self, keys: t.Collection[str]) -> bool:
        return bool(self._ignored.intersection(keys))

    @staticmethod
    def _usual(name: str) -> str:
        return str(load_library("pymod2pkg").module2package(name, "fedora", py_vers=["py3"]))


def extra_of(rpm: str) -> str | None:
    """The extra that ``python3-oslo-db+mysql`` or ``python3dist(oslo-db[mysql])`` is for."""
    match = _DIST.fullmatch(rpm) or _PYTHON.fullmatch(rpm)
    return match["extra"] if match else None


def without_extra(rpm: str) -> str:
    return re.sub(r"\[[^\]]*\](?=\)$)", "", rpm) if rpm.endswith(")") else rpm.partition("+")[0]


def _short(rpm: str) -> str:
    return re.sub(r"^python3?-", "", rpm)


def _lower(rpm: str) -> str:
    return re.sub(r"[-_.]+", "-", rpm).lower()
