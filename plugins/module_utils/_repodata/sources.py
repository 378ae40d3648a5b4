# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Which repositories are meant: ``.repo`` files, addresses, directories and mappings become :class:`Source`."""

from __future__ import annotations

import dataclasses
import os
import re
import typing as t

from .._module.errors import InvalidInput, NotFound
from .._module.text import ini_problem, redacted
from .download import Transport

if t.TYPE_CHECKING:
    import configparser

_ID = re.compile(r"[^\s\x00-\x1f]{1,500}")
# Options of a .repo file that change what the answer is.
_USED = {
    "baseurl",
    "enabled",
    "exclude",
    "excludepkgs",
    "includepkgs",
    "metalink",
    "mirrorlist",
    "module_hotfixes",
    "name",
}
_USED |= {"priority"}
# Options that a reader could expect to be heeded, and what is done instead.
_IGNORED = {
    "gpgcheck": "signatures are not checked",
    "repo_gpgcheck": "signatures are not checked",
    "skip_if_unavailable": "a repository that cannot be read is an error",
    "sslverify": "certificates are always checked",
    "username": "credentials are not sent",
    "proxy": "the environment's proxy is used",
}
_FIELDS: dict[str, type] = {
    "id": str,
    "baseurl": list,
    "metalink": str,
    "mirrorlist": str,
    "priority": int,
    "excludepkgs": list,
    "includepkgs": list,
    "module_hotfixes": bool,
}


@dataclasses.dataclass(frozen=True)
class Source:
    """One repository as its user names it.

    :param id: how messages and results call it.
    :param urls: where its ``repodata`` lies, in the order to try; ``file``, ``http`` or ``https``, or a folder.
    :param priority: as dnf's: packages of the lowest number are preferred, or hide others of their name.
    :param excludepkgs: patterns of packages that are not seen.
    :param includepkgs: when there are any, only packages that match one are seen.
    :param module_hotfixes: its packages are seen whatever modules say.
    :param checked: its packages are checked; otherwise they only provide.
    """

    id: str
    urls: tuple[str, ...] = ()
    metalink: str | None = None
    mirrorlist: str | None = None
    priority: int = 99
    excludepkgs: tuple[str, ...] = ()
    includepkgs: tuple[str, ...] = ()
    module_hotfixes: bool = False
    checked: bool = True


class SourceReader:
    """Turns what users give into sources.

    :param variables: values of ``$name`` in ``.repo`` files, ``releasever`` and ``basearch`` for example.
    """

    def __init__(self, transport: Transport, variables: t.Mapping[str, str]) -> None:
        self.transport = transport
        self.variables = dict(variables)
        self.notes: list[str] = []

    def read(self, given: t.Iterable[str | dict[str, t.Any]], checked: bool) -> list[Source]:
        """The sources that ``given`` names; a ``.repo`` file may name several, or, when all are disabled, none.

        :raises InvalidInput: a value that cannot be understood.
        :raises NotFound: a file or folder that is not there.
        """
        sources: list[Source] = []
        for item in given:
            if isinstance(item, dict):
                sources.append(self.from_mapping(item, checked))
            elif not isinstance(item, str):
                raise InvalidInput(f"A repository is a path, an address or a mapping, not {item!r:.100}.")
            elif item.endswith(".repo"):
                sources += self.from_repo_file(item, checked)
            else:
                sources.append(
                    Source(redacted(item).rstrip("/") or "/", (self.location(item, "repository"),), checked=checked)
                )
        return sources

    def from_mapping(self, given: dict[str, t.Any], checked: bool) -> Source:
        """``{id, baseurl, …}`` with the names and meanings of a ``.repo`` file's section."""
        unknown = sorted(set(given) - set(_FIELDS))
        if unknown:
            raise InvalidInput(f"A repository has no {', '.join(unknown)}; it may have {', '.join(_FIELDS)}.")
        values: dict[str, t.Any] = {}
        for name, kind in _FIELDS.items():
            value = given.get(name)
            if value is None:
                continue
            if kind is list and isinstance(value, str):
                value = [value]
            if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
                raise InvalidInput(f"{name} of a repository must be {kind.__name__}, not {value!r}.")
            if isinstance(value, list) and not all(isinstance(one, str) for one in value):
                raise InvalidInput(f"{name} of a repository must be a list of text, not {value!r}.")
            values[name] = value
        return self._source(values.pop("id", ""), values, checked)

    def from_repo_file(self, path: str, checked: bool) -> list[Source]:
        """The enabled repositories of a ``.repo`` file that lies on disk or on a server."""
        text = self.transport.read_text(self.location(path, ".repo file"), f"The file {path}")
        import configparser  # slow to import, and not needed for most

        parser = configparser.ConfigParser(interpolation=None, strict=True)
        try:
            parser.read_string(text, path)
        except configparser.Error as error:
            raise InvalidInput(f"{path} is no .repo file: {ini_problem(error)}", path=path) from error
        sections = [name for name in parser.sections() if name != "main"]
        if not sections:
            raise InvalidInput(f"{path} names no repository.", path=path)
        return [
            self._from_section(path, name, parser[name], checked)
            for name in sections
            if self._boolean(path, name, parser[name], "enabled", True)
        ]

    def _from_section(self, path: str, name: str, section: configparser.SectionProxy, checked: bool) -> Source:
        for option, instead in _IGNORED.items():
            if option in section:
                self.notes.append(f"{path}: {option} of {name} is ignored: {instead}.")

        def words(*options: str) -> list[str]:
            text = " ".join(section.get(option, "") for option in options)
            return [self._expand(path, word) for word in re.split(r"[\s,]+", text) if word]

        try:
            priority = int(section.get("priority", "99"))
        except ValueError:
            raise InvalidInput(f"{path}: priority of {name} is {section['priority']!r}, not a number.") from None
        values = {
            "baseurl": words("baseurl"),
            "metalink": self._expand(path, section["metalink"]) if section.get("metalink") else None,
            "mirrorlist": self._expand(path, section["mirrorlist"]) if section.get("mirrorlist") else None,
            "priority": priority,
            "excludepkgs": words("excludepkgs", "exclude"),
            "includepkgs": words("includepkgs"),
            "module_hotfixes": self._boolean(path, name, section, "module_hotfixes", False),
        }
        return self._source(self._expand(path, name), values, checked)

    def _source(self, identifier: str, values: dict[str, t.Any], checked: bool) -> Source:
        if not _ID.fullmatch(identifier):
            raise InvalidInput(f"{identifier!r} is not an id of a repository: a word without spaces is needed.")
        locations = [self.location(url, f"repository {identifier}") for url in values.pop("baseurl", None) or []]
        for name in "metalink", "mirrorlist":
            if values.get(name):
                values[name] = self.location(values[name], f"{name} of {identifier}")
        if not locations and not values.get("metalink") and not values.get("mirrorlist"):
            raise InvalidInput(f"The repository {identifier} has no baseurl, metalink or mirrorlist.")
        for name in "excludepkgs", "includepkgs":
            values[name] = tuple(values.get(name) or ())
        return Source(identifier, tuple(locations), checked=checked, **values)

    def _expand(self, path: str, text: str) -> str:
        """``text`` with its ``$variables`` replaced; one without a value is an error, never left standing."""

        def value(match: re.Match[str]) -> str:
            name = match[1] or match[2]
            if name not in self.variables:
                raise InvalidInput(f"{path} uses ${name}: give its value in variables.", variable=name)
            return self.variables[name]

        return re.sub(r"\$(?:\{(\w+)\}|(\w+))", value, text.strip())

    @staticmethod
    def _boolean(path: str, name: str, section: configparser.SectionProxy, option: str, default: bool) -> bool:
        try:
            return section.getboolean(option, default)
        except ValueError:
            raise InvalidInput(f"{path}: {option} of {name} is {section[option]!r}, neither yes nor no.") from None

    @staticmethod
    def location(text: str, what: str) -> str:
        """``text`` as an absolute path or an ``http(s)`` address.

        :raises InvalidInput: neither of them.
        :raises NotFound: a path where nothing is.
        """
        scheme, separator, rest = text.partition("://")
        scheme = scheme.lower() if separator else ""
        if scheme in ("http", "https"):
            if re.search(r"[\s\x00-\x1f]", text):
                raise InvalidInput(f"The address {text!r} of the {what} holds spaces or control characters.")
            return text
        if scheme == "file":
            from urllib.parse import unquote

            # file://host/path and file:///path; only this host can be meant.
            text = unquote(rest[rest.find("/") :])
        elif separator:
            raise InvalidInput(f"The {what} {text!r} has the scheme {scheme!r}; file, http and https are known.")
        path = os.path.abspath(os.path.expanduser(text))
        if not os.path.exists(path):
            raise NotFound(f"There is no {what} at {path}.", path=path)
        return path


def distinct(sources: t.Sequence[Source]) -> list[Source]:
    """``sources`` without repetitions.

    :raises InvalidInput: two different ones have the same id.
    """
    known: dict[str, Source] = {}
    for source in sources:
        other = known.setdefault(source.id, source)
        if other is source:
            continue
        if dataclasses.replace(other, checked=source.checked) != source:
            raise InvalidInput(f"Two different repositories are called {source.id}: give one of them another id.")
        if source.checked:
            known[source.id] = source
    return list(known.values())
