# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""What belongs in a release, as rdoinfo has it: its releases, components and packages.

rdoinfo is a folder of YAML files that import each other. Packages of equal ``project`` and releases of equal ``name``
are one, put together from all the files; a package starts from ``package-default`` and its entry of
``package-configs``, and a tag may change its attributes. The answers are those of the library distroinfo, which
``tests/integration/test_rdoinfo_data.py`` compares on all of the real data.
"""

from __future__ import annotations

import copy
import hashlib
import json
import os
import posixpath
import re
import typing as t

from .._module.documents import digest, write_atomically
from .._module.errors import InvalidInput, NotFound, RelengError
from .._module.files import read_input
from .._module.json_text import load_json
from .._module.text import shown, with_article
from .._module.yaml_text import YamlReader

ENTRY = "rdo-full.yml"
# rdoinfo as JSON has a few megabytes.
_MOST_KEPT = 64 << 20
# References to attributes in one value: two are usual.
_MOST_REFERENCES = 20
_WIDE = re.compile(r"%\([^)]*\)[^a-zA-Z%]*[\d*]")
Package = dict[str, t.Any]


class Files(t.Protocol):
    """Where files are read from.

    ``description`` names it in messages; equal descriptions mean the same place, so that it can be a key of the cache.
    """

    description: str

    def read(self, name: str) -> bytes:
        """The content of a file; raises NotFound."""


class Folder:
    """A folder, for example a checkout."""

    def __init__(self, path: str) -> None:
        if "\0" in path or not os.path.isdir(path):
            raise NotFound(f"There is no folder {path}.", path=path)
        self.description = os.path.realpath(path)

    def read(self, name: str) -> bytes:
        if "\0" in name:
            raise InvalidInput(f"{shown(name)} cannot be the name of a file.")
        path = os.path.realpath(os.path.join(self.description, name))
        if os.path.commonpath([path, self.description]) != self.description:
            raise InvalidInput(f"{name!r} leads out of {self.description}.", file=name)
        try:
            return read_input(path, "file", follow=False)
        except NotFound:
            raise NotFound(f"There is no file {name} in {self.description}.", file=name) from None


class Cache:
    """Merged rdoinfo as JSON files in a folder, one for each place that was read; a damaged one is as good as none."""

    FORMAT = 1
    KEPT = 20

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def get(self, files: Files, entry: str) -> dict[str, t.Any] | None:
        """What was kept for ``files``, if none of the files that it was made of has changed."""
        try:
            path = self._path(files, entry)
            kept = load_json(read_input(path, "file of the cache", _MOST_KEPT), path, _MOST_KEPT)
            if all(_checksum(files.read(name)) == checksum for name, checksum in kept["files"].items()):
                merged: dict[str, t.Any] = kept["merged"]
                return merged
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RelengError):
            pass
        return None

    def put(self, files: Files, entry: str, contents: t.Mapping[str, bytes], merged: dict[str, t.Any]) -> None:
        """Keep ``merged``, made of ``contents``, if JSON can hold it and the folder can be written."""
        try:
            checksums = {name: _checksum(content) for name, content in contents.items()}
            text = json.dumps({"files": checksums, "merged": merged}, separators=(",", ":"), allow_nan=False)
            if (
                load_json(text, "rdoinfo", _MOST_KEPT)["merged"] == merged
            ):  # keys that are not strings, for one, would come back changed
                write_atomically(self._path(files, entry), text.encode(), 0o600)
                self._forget_the_oldest()
        except (InvalidInput, OSError, ValueError, TypeError):
            pass

    def _path(self, files: Files, entry: str) -> str:
        key = digest([self.FORMAT, files.description, entry])
        return os.path.join(self._folder, f"rdoinfo-{key[:32]}.json")

    def _forget_the_oldest(self) -> None:
        kept = [entry for entry in os.scandir(self._folder) if entry.name.startswith("rdoinfo-")]
        for entry in sorted(kept, key=lambda entry: entry.stat().st_mtime)[: -self.KEPT]:
            os.unlink(entry.path)


class Rdoinfo:
    """rdoinfo with all its files put together; packages are resolved when they are asked for.

    :param merged: the content of all files merged, with ``packages`` and ``releases`` as mappings.
    :param description: where it came from, for messages.
    """

    def __init__(self, merged: dict[str, t.Any], description: str = "given") -> None:
        self._merged = merged
        self._resolved: dict[str | None, dict[str, Package]] = {}
        self.description = description

    @classmethod
    def read(cls, files: Files, entry: str = ENTRY, cache: Cache | None = None) -> Rdoinfo:
        """Read ``entry`` of ``files`` and all that it imports.

        :raises NotFound: a file that is named is not there.
        :raises InvalidInput: no YAML, of another shape, or files that import each other in a circle.
        """
        merged = cache.get(files, entry) if cache else None
        if merged is None:
            reader = _Reader(files)
            reader.merge(entry, ())
            merged = reader.merged
            if cache:
                cache.put(files, entry, reader.contents, merged)
        return cls(merged, files.description)

    @property
    def releases(self) -> dict[str, dict[str, t.Any]]:
        """By name, in the order of the files: newest first. Each of ``repos`` (one a distro) has its ``branch``."""
        releases = copy.deepcopy(self._section("releases"))
        for name, release in releases.items():
            repos = release.get("repos")
            if not isinstance(repos, list):
                raise InvalidInput(f"Release {name} of {self.description} has no list of repos.", release=name)
            for repo in repos:
                if not isinstance(repo, dict) or "name" not in repo:
                    raise InvalidInput(f"A repo of release {name} of {self.description} has no name: {repo!r}.")
                if not isinstance(repo.get("buildsys-tags") or [], (list, dict)):
                    raise InvalidInput(f"The buildsys-tags of {shown(repo['name'])} of release {name} are not a list.")
                if "branch" not in repo and not release.get("branch"):
                    raise InvalidInput(f"Neither release {name} nor its repo {repo['name']} names a branch.")
                repo.setdefault("branch", release.get("branch"))
        return releases

    def release(self, name: str) -> dict[str, t.Any]:
        return _named(self.releases, name, f"release of {self.description}")

    def distro(self, release: str, name: str) -> dict[str, t.Any]:
        """The entry of ``repos`` for the distro ``name``, for example el9s."""
        repos = {repo["name"]: repo for repo in self.release(release)["repos"]}
        return _named(repos, name, f"distro of release {release}")

    @property
    def components(self) -> list[str]:
        """Names, in the order of the files."""
        components = self._merged.get("components") or []
        if not isinstance(components, list):
            raise InvalidInput(f"components of {self.description} is not a list.")
        for component in components:
            if not isinstance(component, dict) or "name" not in component:
                raise InvalidInput(f"A component of {self.description} has no name: {component!r}.")
        return [component["name"] for component in components]

    @property
    def projects(self) -> list[str]:
        """The project of each package, in the order of the files."""
        return list(self._section("packages"))

    def packages(self, tag: str | None = None) -> dict[str, Package]:
        """All packages by project, resolved.

        :param tag: whose attributes are applied, for example a release's name. Packages without it are there too.
        :raises InvalidInput: for the first package that cannot be resolved.
        """
        if tag not in self._resolved:
            self._resolved[tag] = {project: self.package(project, tag) for project in self.projects}
        return self._resolved[tag]

    def package(self, project: str, tag: str | None = None) -> Package:
        """One package, resolved: default, then configuration, then its own attributes, then those of ``tag``.

        :raises NotFound: no package has this project.
        :raises InvalidInput: its configuration is not there, an attribute refers to one that is not, or it has no
            name or maintainers.
        """
        own = _named(self._section("packages"), project, f"project of {self.description}")
        package = dict(self._merged.get("package-default") or {})
        if "conf" in own:
            configurations = self._merged.get("package-configs") or {}
            configuration = _named(configurations, own["conf"], f"package-configs entry (package {project})") or {}
            if not isinstance(configuration, dict):
                raise InvalidInput(f"package-configs entry {own['conf']} is not a mapping: {shown(configuration)}.")
            package.update(configuration)
        package.update(own)
        if tag:
            attributes = (package.get("tags") or {}).get(tag)
            if isinstance(attributes, dict):
                package.update(attributes)
        resolved = {key: self._filled_in(key, value, package) for key, value in package.items()}
        _check_package(resolved)
        return resolved

    def find(self, name: str, tag: str | None = None) -> Package:
        """A package by the name of its RPM or its project, resolved; the RPM's name wins.

        :raises NotFound: naming those that are spelt alike.
        """
        packages = self.packages(tag)
        for package in packages.values():
            if package["name"] == name:
                return package
        return _named(packages, name, f"package or project of {self.description}")

    def tagged(self, tag: str) -> dict[str, Package]:
        """The packages that have ``tag``, by project, with its attributes applied: what is in a release."""
        packages = self.packages(tag)
        return {project: package for project, package in packages.items() if tag in (package.get("tags") or {})}

    @property
    def tags(self) -> list[str]:
        """Every tag that some package has, sorted."""
        return sorted({str(tag) for package in self.packages().values() for tag in package.get("tags") or {}})

    @property
    def buildsys_tags(self) -> dict[str, dict[str, str]]:
        """The builds that belong in the build system's tags: tag → the package's name → NVR.

        A tag that marks packages and names no builds, as version-locked does, is not among them.

        :raises InvalidInput: two projects with one package name have different builds in a tag.
        """
        tags: dict[str, dict[str, str]] = {}
        for package in self.packages().values():
            for tag, nvr in (package.get("buildsys-tags") or {}).items():
                if isinstance(nvr, str):
                    other = tags.setdefault(tag, {}).setdefault(package["name"], nvr)
                    if other != nvr:
                        raise InvalidInput(f"{package['name']} has two builds in {tag}: {other} and {nvr}.", tag=tag)
        return dict(sorted(tags.items(), key=lambda item: str(item[0])))

    def _section(self, name: str) -> dict[str, t.Any]:
        section: dict[str, t.Any] = self._merged.get(name) or {}
        return section

    def _filled_in(self, key: str, value: t.Any, package: Package) -> t.Any:
        """``%(attribute)s`` in ``value`` replaced, once."""
        if not isinstance(value, str) or "%" not in value:
            return copy.deepcopy(value) if isinstance(value, (dict, list)) else value
        # A width or hundreds of references would make megabytes out of a line.
        if _WIDE.search(value) or value.count("%(") > _MOST_REFERENCES:
            raise InvalidInput(
                f"{key} of project {package.get('project')} cannot be filled in: {shown(value)}. Write %(attribute)s.",
                project=package.get("project"),
            )
        try:
            return value % package
        except (KeyError, ValueError, TypeError) as error:
            raise InvalidInput(
                f"{key} of project {package.get('project')} cannot be filled in: {shown(value)} ({error}).",
                project=package.get("project"),
            ) from error


class _Reader:
    """Reads a file and its imports, depth first, and merges them in this order."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._yaml = YamlReader()
        self.contents: dict[str, bytes] = {}
        self.merged: dict[str, t.Any] = {}

    def merge(self, name: str, importers: tuple[str, ...]) -> None:
        if name in importers:
            circle = " → ".join([*importers[importers.index(name) :], name])
            raise InvalidInput(f"Files of {self._files.description} import each other in a circle: {circle}.")
        if name not in self.contents:
            self.contents[name] = self._files.read(name)
        document = self._yaml.read(self.contents[name], name)
        if not isinstance(document, dict):
            raise InvalidInput(
                f"{name} of {self._files.description} is not a mapping: is it cut off or empty?", file=name
            )
        for section, key in (("packages", "project"), ("releases", "name")):
            if document.get(section):
                document[section] = _by_key(document[section], key, f"{section} of {name}")
        for section, wanted in (("package-default", dict), ("package-configs", dict), ("import", list)):
            if not isinstance(document.get(section) or wanted(), wanted):
                raise InvalidInput(f"{section} of {name} is {shown(document[section])}, not a {wanted.__name__}.")
        _merge(self.merged, document)
        for imported in document.get("import") or []:
            if not isinstance(imported, str) or posixpath.isabs(imported) or ".." in imported.split("/"):
                raise InvalidInput(
                    f"{name} imports {shown(imported)}: only files of the same rdoinfo can be.", file=name
                )
            self.merge(imported, (*importers, name))


def merge_documents(documents: t.Mapping[str, dict[str, t.Any]]) -> Rdoinfo:
    """rdoinfo of files that were read already, by name, as far as it can be made of them; they are left as they are.

    Rows that have no project or name are left out: this is for who has looked at each row before.
    """
    merged: dict[str, t.Any] = {}
    for document in documents.values():
        added = {**_plain(document)}
        for section in ("package-default", "package-configs"):
            if not isinstance(added.get(section), dict):
                added.pop(section, None)
        for section, key in (("packages", "project"), ("releases", "name")):
            rows = added.get(section)
            rows = [row for row in rows if isinstance(row, dict) and isinstance(row.get(key), str)] if rows else []
            added[section] = _by_key(rows, key, section)
        _merge(merged, added)
    return Rdoinfo(merged)


def _plain(data: t.Any) -> t.Any:
    """``data`` again, of the types of plain data only."""
    if isinstance(data, dict):
        return {key: _plain(value) for key, value in data.items()}
    return [_plain(item) for item in data] if isinstance(data, list) else data


def _by_key(rows: t.Any, key: str, what: str) -> dict[str, t.Any]:
    if not isinstance(rows, list):
        raise InvalidInput(f"{what} is {type(rows).__name__}, not a list.")
    found: dict[str, t.Any] = {}
    for row in rows:
        if not isinstance(row, dict) or not isinstance(row.get(key), str):
            raise InvalidInput(f"A row of {what} has no {key}: {shown(row)}.")
        if row[key] in found:
            _merge(found[row[key]], row)
        else:
            found[row[key]] = row
    return found


def _merge(target: dict[str, t.Any], addition: dict[str, t.Any]) -> None:
    """Mappings are merged, lists are joined, None adds nothing, anything else replaces.

    What ``addition`` holds becomes part of ``target``; it must not be used afterwards.
    """
    for key, value in addition.items():
        held = target.get(key)
        if isinstance(held, dict) and isinstance(value, dict):
            _merge(held, value)
        elif isinstance(held, list) and isinstance(value, list):
            target[key] = held + value
        elif value is not None or key not in target:
            target[key] = value


def _check_package(package: Package) -> None:
    project = package["project"]
    if not isinstance(package.get("name"), str):
        raise InvalidInput(f"Project {project} has no package name.", project=project)
    maintainers = package.get("maintainers")
    if not isinstance(maintainers, list) or not maintainers:
        raise InvalidInput(f"Project {project} has no list of maintainers.", project=project)
    for key in ("tags", "buildsys-tags"):
        if not isinstance(package.get(key) or {}, dict):
            raise InvalidInput(f"{key} of project {project} is not a mapping: {shown(package[key])}.", project=project)
    for maintainer in maintainers:
        if not isinstance(maintainer, str) or "@" not in maintainer:
            raise InvalidInput(
                f"Maintainer {shown(maintainer)} of project {project} is not an address.", project=project
            )


T = t.TypeVar("T")


def _named(found: t.Mapping[str, T], name: str, what: str) -> T:
    """``found[name]``; raises NotFound with the names that are spelt alike, or all of a few."""
    try:
        return found[name]
    except (KeyError, TypeError):
        pass
    letters = re.sub(r"[^a-z0-9]", "", str(name).lower())
    alike = [other for other in found if letters and letters in re.sub(r"[^a-z0-9]", "", str(other).lower())]
    names = sorted(map(str, found)) if len(found) <= 30 else sorted(map(str, alike))[:10]
    there = f" There is: {', '.join(names)}." if names else ""
    raise NotFound(f"{shown(name)} is not {with_article(what)}.{there}", name=str(name)[:200])


def _checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
