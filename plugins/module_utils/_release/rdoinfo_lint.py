# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Mistakes in rdoinfo that a reader of YAML does not see. RULES says which are looked for."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import difflib
import re
import typing as t

from .._module.errors import InvalidInput, NotFound
from .._rpm.nevra import Nevra
from .located_yaml import Mapping, Sequence, read_located
from .rdoinfo import ENTRY, Files, merge_documents

RULES = {
    "yaml": "a file that is not YAML, is not there, or is of another shape than rdoinfo's",
    "repeated-key": "a key that a mapping has twice; all but the last are ignored",
    "unknown-key": "a key that nobody reads",
    "missing-key": "a key that is needed and not there, or without a value",
    "repeated-project": "a project that a file lists, or that rdoinfo describes, twice",
    "repeated-name": "two projects with one package name",
    "undescribed-project": "a project with tags that no file describes",
    "unresolved": "a package that cannot be put together: its configuration is not there, for example",
    "maintainer": "an address that is none, or of a domain that looks misspelt",
    "component": "a component that is not in the list of components",
    "release": "a tag that is neither a release, nor a release with -uc, nor one of the special ones",
    "buildsys-tag": "a tag of the build system that no release names",
    "wrong-file": "a row for another tag than the file is named after",
    "nvr": "a build that is not a name-version-release",
    "nvr-name": "a build of another package",
    "nvr-dist": "a build for another distribution than its tag's",
    "repeated-build": "a package that has a tag of the build system twice",
    "untested-release": "a build that a release tag has, where the testing tag has none or an older one",
    "pin": "a pin that is neither a version nor a branch nor a full hash",
    "pin-release": "a pin to the branch of another release",
    "status": "a release's status that is none, or behind upstream's",
    "copied-name": "another release's or distro's name inside a release",
    "missing-build": "a build that the hub does not have, or not complete",
}
SPECIAL_TAGS = ("dependency", "under-review", "version-locked")
STATUSES = ("development", "maintained", "extended_maintenance", "eol")
_UPSTREAM_STATUSES = ("development", "maintained", "unmaintained", "end of life")
_TOP = {"import", "releases", "package-default", "package-configs", "packages", "components", "remote-info"}
_RELEASE = {"name", "status", "branch", "identifier", "upstream_branch", "tags_map", "repos"}
_REPO = {"name", "buildsys", "buildsys-tags", "distrepos", "branch", "special_buildsys_tags"}
_PACKAGE = {
    "project", "name", "conf", "component", "maintainers", "upstream", "distgit", "distgit-path", "patches", "tags",
    "master-distgit", "review-patches", "review-origin", "centos-distgit", "source-branch", "distro-branch",
    "buildsys-tags", "buildsys-target", "extra-gerrit", "version-from", "downstream-distgit-branch",
}  # fmt: skip
_VERSION = re.compile(r"v?[0-9]+(\.[0-9]+)*([._-]?(a|alpha|b|beta|c|dev|p|post|rc)[._-]?[0-9]+)*")
_HASH = re.compile(r"[0-9a-f]{40}")
_BRANCH = re.compile(
    r"master|main|devel|rpm-master|(stable|unmaintained|bugfix|feature|release)/[\w./-]+|[a-z]+-(eol|em)"
)
_CLOUD_TAG = re.compile(r"cloud(?P<major>\d+)s?-")


@dataclasses.dataclass(order=True)
class Finding:
    """One mistake; ordered by where it is."""

    file: str
    line: int
    rule: str
    message: str
    suggestion: str | None = None


def lint(
    files: Files,
    today: datetime.date,
    entry: str = ENTRY,
    series: t.Sequence[t.Mapping[str, t.Any]] = (),
    missing_builds: t.Callable[[t.Sequence[str]], t.Mapping[str, str]] | None = None,
) -> list[Finding]:
    """All that is wrong in ``entry`` and what it imports, in the order of files and lines.

    :param series: upstream's series_status.yaml.
    :param missing_builds: which of the given NVRs the hub lacks, and why.
    """
    linter = _Linter(files, today)
    linter.read(entry, ())
    linter.check_rows()
    linter.check_packages()
    linter.check_releases(series)
    linter.check_builds(missing_builds)
    return sorted(linter.findings, key=lambda finding: (finding.file, finding.line, finding.rule, finding.message))


def _listed(value: t.Any) -> list[t.Any]:
    """``value`` if it is a list. What is none in its place is a finding of another rule."""
    return value if isinstance(value, list) else []


class _Linter:
    def __init__(self, files: Files, today: datetime.date) -> None:
        self._files = files
        self._today = today
        self._documents: dict[str, Mapping] = {}
        self.findings: list[Finding] = []

    def _found(self, rule: str, file: str, line: int, message: str, suggestion: str | None = None) -> None:
        self.findings.append(Finding(file, line, rule, message, suggestion))

    def read(self, name: str, importers: tuple[str, ...]) -> None:
        """Read a file and its imports; what cannot be read is a finding of the file that imports it."""
        if name in importers:
            self._found("yaml", importers[-1], 1, f"imports {name}, which imports it", f"remove {name} from import")
            return
        if name in self._documents:
            return
        try:
            document = read_located(self._files.read(name), name)
        except NotFound as error:
            self._found(
                "yaml", importers[-1] if importers else name, 1, error.message, f"add {name}, or do not import it"
            )
            return
        except InvalidInput as error:
            problem = error.data.get("problem")
            text = f"is not valid YAML: {problem}" if problem else error.message
            self._found("yaml", name, error.data.get("line") or 1, text)
            return
        if not isinstance(document, Mapping):
            self._found("yaml", name, 1, "is not a mapping: is it cut off or empty?", "write at least packages:")
            return
        self._documents[name] = document
        self._check_shape(name, document)
        self._check_repeated(name, document)
        self._check_keys(name, document, _TOP, "rdoinfo")
        for imported in _listed(document.get("import")):
            self.read(str(imported), (*importers, name))

    def _rows(self, section: str) -> t.Iterator[tuple[str, int, Mapping]]:
        """(file, line, row) of a section of all files."""
        for name, document in self._documents.items():
            rows = document.get(section)
            if isinstance(rows, Sequence):
                yield from ((name, line, row) for line, row in zip(rows.lines, rows) if isinstance(row, Mapping))

    def _check_shape(self, name: str, document: Mapping) -> None:
        for section in ("packages", "releases", "components"):
            rows = document.get(section)
            if rows is not None and not isinstance(rows, Sequence):
                self._found("yaml", name, document.lines[section], f"{section} is not a list")
                document[section] = rows = Sequence()
            for line, row in zip(rows.lines, rows) if rows else ():
                if not isinstance(row, Mapping):
                    self._found("yaml", name, line, f"{row!r} in {section} is not a mapping")

    def _check_repeated(self, name: str, data: t.Any) -> None:
        if isinstance(data, Mapping):
            for key, line in data.repeated:
                self._found("repeated-key", name, line, f"{key} is there twice", "merge the two, or remove one")
        for value in data.values() if isinstance(data, Mapping) else data:
            if isinstance(value, (Mapping, Sequence)):
                self._check_repeated(name, value)

    def _check_keys(self, name: str, row: Mapping, known: t.Container[str], what: str) -> None:
        for key, line in row.lines.items():
            if key not in known:
                alike = difflib.get_close_matches(str(key), t.cast(t.Collection[str], known), 1, 0.7)
                self._found(
                    "unknown-key", name, line, f"{key} is not a key of {what}",
                    f"write {alike[0]}" if alike else "remove it",
                )  # fmt: skip

    # Rows as they are written

    def check_rows(self) -> None:
        """Each row of packages by itself, and which projects come twice."""
        described: dict[str, str] = {}
        listed: dict[tuple[str, str], int] = {}
        self._builds: dict[tuple[str, str], tuple[str, int, t.Any]] = {}
        self._tag_rows: list[tuple[str, int, str, str, t.Any]] = []
        self._described_at: dict[str, tuple[str, int]] = {}
        for name, line, row in self._rows("packages"):
            project = row.get("project")
            if not isinstance(project, str):
                self._found("missing-key", name, line, "a package has no project", "write project: first")
                continue
            self._check_keys(name, row, _PACKAGE, "a package")
            if (name, project) in listed:
                self._found(
                    "repeated-project", name, line, f"{project} is also on line {listed[name, project]}",
                    "merge the two rows",
                )  # fmt: skip
            listed.setdefault((name, project), line)
            if set(row) - {"project", "tags", "buildsys-tags"}:
                if described.get(project, name) != name:
                    self._found(
                        "repeated-project", name, line, f"{project} is also described by {described[project]}",
                        "describe it once",
                    )  # fmt: skip
                described.setdefault(project, name)
                self._described_at.setdefault(project, (name, line))
            for section in ("tags", "buildsys-tags"):
                self._check_tags(name, project, row, section)
        for (name, project), line in listed.items():
            if project not in described:
                alike = difflib.get_close_matches(project, described, 1, 0.8)
                self._found(
                    "undescribed-project", name, line, f"{project} has tags, and no file describes it",
                    f"is it {alike[0]}?" if alike else "describe it with its conf, or remove the row",
                )  # fmt: skip

    def _check_tags(self, name: str, project: str, row: Mapping, section: str) -> None:
        tags = row.get(section)
        if tags is None:
            if section in row:
                self._found("missing-key", name, row.lines[section], f"{section} of {project} is empty", "remove it")
            return
        if not isinstance(tags, Mapping):
            self._found("yaml", name, row.lines[section], f"{section} of {project} is not a mapping")
            return
        stem = re.fullmatch(rf"{section}/(.+)\.yml", name)
        for tag, value in tags.items():
            line = tags.lines[tag]
            if stem and tag != stem[1]:
                self._found(
                    "wrong-file", name, line, f"{project} gets the tag {tag} in the file of {stem[1]}",
                    f"move it to {section}/{tag}.yml",
                )  # fmt: skip
            if section == "buildsys-tags":
                if isinstance(value, str) and (tag, project) in self._builds:
                    other_name, other_line, other = self._builds[tag, project]
                    self._found(
                        "repeated-build", name, line,
                        f"{project} has {tag} also in {other_name}, line {other_line}: {other}", "keep one",
                    )  # fmt: skip
                self._builds[tag, project] = (name, line, value)
            else:
                self._tag_rows.append((name, line, project, tag, value))
                if isinstance(value, Mapping) and tag not in SPECIAL_TAGS:
                    self._check_keys(name, value, _PACKAGE, f"a package with the tag {tag}")

    # Packages as they are put together

    def check_packages(self) -> None:
        self._info = merge_documents(dict(self._documents))
        self._packages: dict[str, dict[str, t.Any]] = {}
        names: dict[str, str] = {}
        for project, (name, line) in self._described_at.items():
            try:
                package = self._packages[project] = self._info.package(project)
            except (InvalidInput, NotFound) as error:
                self._found("unresolved", name, line, error.message)
                continue
            if package["name"] in names:
                self._found(
                    "repeated-name", name, line, f"{project} and {names[package['name']]} are both {package['name']}",
                    "give one of them a name of its own",
                )  # fmt: skip
            names.setdefault(package["name"], project)
        self._check_maintainers()
        self._check_components()
        self._check_release_tags()

    def _check_maintainers(self) -> None:
        domains = collections.Counter(
            str(address).partition("@")[2] for package in self._packages.values() for address in package["maintainers"]
        )
        common = [domain for domain, count in domains.items() if count >= 20]
        for name, _line, row in self._rows("packages"):
            addresses = row.get("maintainers")
            for line, address in zip(addresses.lines, addresses) if isinstance(addresses, Sequence) else ():
                user, _at, domain = str(address).partition("@")
                alike = difflib.get_close_matches(domain, common, 1, 0.85)
                if not user or not domain:
                    self._found("maintainer", name, line, f"{address!r} is not an address", "write user@domain")
                elif domain not in common and alike:
                    self._found("maintainer", name, line, f"{address} looks misspelt", f"is it {user}@{alike[0]}?")

    def _check_components(self) -> None:
        known = self._info.components
        places = [(name, row, str(row.get("project"))) for name, _line, row in self._rows("packages")]
        places += [
            (name, value, project) for name, _line, project, _tag, value in self._tag_rows if isinstance(value, Mapping)
        ]
        for name, row, project in places:
            component = row.get("component")
            if component is not None and component not in known:
                alike = difflib.get_close_matches(str(component), known, 1)
                self._found(
                    "component", name, row.lines["component"], f"{component} of {project} is not a component",
                    f"write {alike[0]}" if alike else "add it to components",
                )  # fmt: skip

    def _check_release_tags(self) -> None:
        releases = self._release_rows()
        branches = {str(row.get("identifier")): name for name, (_file, _line, row) in releases.items()}
        branches.update({name: name for name in releases})
        for name, line, project, tag, value in self._tag_rows:
            release = str(tag)[:-3] if str(tag).endswith("-uc") else tag
            if release not in releases and tag not in SPECIAL_TAGS:
                alike = difflib.get_close_matches(str(release), releases, 1)
                self._found(
                    "release", name, line, f"{tag} of {project} is not a release",
                    f"write {alike[0]}" if alike else "add the release, or remove the tag",
                )  # fmt: skip
            if tag == "version-locked" and isinstance(value, Mapping):
                for locked, locked_line in value.lines.items():
                    if locked not in releases:
                        self._found(
                            "release", name, locked_line, f"{locked}, where {project} is locked, is not a release"
                        )
            elif isinstance(value, Mapping) and "source-branch" in value:
                self._check_pin(name, value, project, str(release), branches)
        for name, _line, row in self._rows("packages"):
            if "source-branch" in row:
                self._check_pin(name, row, str(row.get("project")), None, branches)

    def _check_pin(
        self, name: str, row: Mapping, project: str, release: str | None, branches: t.Mapping[str, str]
    ) -> None:
        pin, line = row["source-branch"], row.lines["source-branch"]
        if not isinstance(pin, str):
            self._found(
                "pin", name, line, f"the pin {pin!r} of {project} is read as {type(pin).__name__}",
                "write it in quotes" if pin is not None else "remove source-branch",
            )  # fmt: skip
            return
        if not (_VERSION.fullmatch(pin) or _HASH.fullmatch(pin) or _BRANCH.fullmatch(pin)):
            hint = "write the whole hash" if re.fullmatch("[0-9a-f]{7,39}", pin) else None
            if pin in branches:
                hint = f"is it {self._info.releases[branches[pin]].get('upstream_branch')}?"
            self._found("pin", name, line, f"the pin {pin} of {project} is not a version, branch or hash", hint)
        match = re.fullmatch(r"(?:stable|unmaintained)/(.+)|(.+)-(?:eol|em)", pin)
        pinned = branches.get(match[1] or match[2]) if match else None
        if release in branches.values() and pinned and pinned != release:
            self._found(
                "pin-release", name, line, f"{project} in {release} is pinned to {pin}, a branch of {pinned}",
                "say why in a comment, or pin it to a version",
            )  # fmt: skip

    # Releases

    def _release_rows(self) -> dict[str, tuple[str, int, Mapping]]:
        return {str(row.get("name")): (name, line, row) for name, line, row in self._rows("releases")}

    def check_releases(self, series: t.Sequence[t.Mapping[str, t.Any]]) -> None:
        upstream = {row["name"]: row for row in series if isinstance(row, t.Mapping) and "name" in row}
        releases = self._release_rows()
        developed = [name for name, (_file, _line, row) in releases.items() if row.get("status") == "development"]
        for release, (name, line, row) in releases.items():
            self._check_keys(name, row, _RELEASE, "a release")
            for key in ("name", "status", "branch", "repos"):
                if not row.get(key):
                    self._found("missing-key", name, line, f"release {release} has no {key}")
            status, status_line = row.get("status"), row.lines.get("status", line)
            if status is not None and (not isinstance(status, str) or status not in STATUSES):
                self._found("status", name, status_line, f"{status} is not a status", f"one of {', '.join(STATUSES)}")
            elif status == "development" and release != developed[0]:
                self._found("status", name, status_line, f"{release} and {developed[0]} are both in development")
            elif status in STATUSES and release in upstream:
                self._check_status(name, status_line, release, str(status), upstream[release])
            for repo in _listed(row.get("repos")):
                if isinstance(repo, Mapping):
                    self._check_repo(name, release, repo, releases)

    def _check_status(self, name: str, line: int, release: str, status: str, series: t.Mapping[str, t.Any]) -> None:
        upstream = str(series.get("status"))
        since = {"maintained": series.get("initial-release"), "end of life": series.get("eol-date")}.get(upstream)
        phase = series.get("next-phase") or {}
        if isinstance(phase.get("date"), datetime.date) and phase["date"] <= self._today:
            upstream, since = str(phase.get("status")), phase["date"]
        if upstream in _UPSTREAM_STATUSES and STATUSES.index(status) < _UPSTREAM_STATUSES.index(upstream):
            when = f" since {since}" if since else ""
            self._found(
                "status", name, line, f"{release} is {status} here and {upstream} upstream{when}",
                f"write {STATUSES[_UPSTREAM_STATUSES.index(upstream)]}",
            )  # fmt: skip

    def _check_repo(self, name: str, release: str, repo: Mapping, releases: t.Collection[str]) -> None:
        self._check_keys(name, repo, _REPO, "a repo")
        distro = str(repo.get("name"))
        major = re.search(r"\d+", distro)
        texts = [(repo.lines["buildsys"], repo["buildsys"])] if repo.get("buildsys") else []
        tags = repo.get("buildsys-tags")
        if isinstance(tags, Sequence):
            texts += zip(tags.lines, tags)
        distrepos = repo.get("distrepos")
        for line, distrepo in zip(distrepos.lines, distrepos) if isinstance(distrepos, Sequence) else ():
            self._check_keys(name, distrepo, {"name", "url"}, "a distrepo")
            for key in ("name", "url"):
                if distrepo.get(key):
                    texts.append((distrepo.lines[key], distrepo[key]))
                else:
                    self._found(
                        "missing-key", name, line, f"a distrepo of {release} {distro} has no {key}: {dict(distrepo)}",
                        f"write its {key}, or remove it",
                    )  # fmt: skip
        others = "|".join(re.escape(other) for other in releases if other != release)
        for line, text in texts:
            copied = re.search(rf"\b({others})\b", str(text), re.IGNORECASE) if others else None
            if copied:
                self._found(
                    "copied-name", name, line, f"{text!r} in {release} names {copied[1]}",
                    f"write {str(text).replace(copied[1], release.title() if copied[1].istitle() else release)!r}",
                )  # fmt: skip
            for found in re.finditer(r"\b(?:el|cloud)(\d+)", str(text)):
                if major and found[1] != major[0]:
                    self._found(
                        "copied-name", name, line, f"{text!r} in {release} {distro} names {found[0]}",
                        f"write {found[0].replace(found[1], major[0])}",
                    )  # fmt: skip

    # Builds

    def check_builds(self, missing_builds: t.Callable[[t.Sequence[str]], t.Mapping[str, str]] | None) -> None:
        known = {
            tag
            for _name, _line, release in self._release_rows().values()
            for repo in _listed(release.get("repos"))
            if isinstance(repo, Mapping)
            for tag in _listed(repo.get("buildsys-tags"))
            if isinstance(tag, str)
        }
        builds: dict[str, list[tuple[str, int]]] = {}
        unknown: set[str] = set()
        for (tag, project), (name, line, nvr) in self._builds.items():
            if tag == "version-locked":
                continue
            if tag not in known and tag not in unknown:
                unknown.add(tag)
                alike = difflib.get_close_matches(str(tag), known, 1)
                self._found(
                    "buildsys-tag", name, line, f"no release names the tag {tag}",
                    f"is it {alike[0]}?" if alike else "add it to a release's repo",
                )  # fmt: skip
            if self._check_build(name, line, tag, project, nvr):
                builds.setdefault(nvr, []).append((name, line))
        if missing_builds:
            for nvr, reason in missing_builds(sorted(builds)).items():
                for name, line in builds[nvr]:
                    self._found("missing-build", name, line, f"{nvr}: {reason}", "build it, or list one that is there")

    def _check_build(self, name: str, line: int, tag: str, project: str, nvr: t.Any) -> bool:
        try:
            build = Nevra.parse_nvr(nvr if isinstance(nvr, str) else "")
        except InvalidInput:
            self._found("nvr", name, line, f"{nvr!r} of {project} is not a name-version-release")
            return False
        package = self._packages.get(project)
        if package and package["name"] != build.name:
            self._found(
                "nvr-name", name, line, f"{nvr} is not a build of {package['name']} (project {project})",
                f"name the package {build.name}, or list another build",
            )  # fmt: skip
        cloud = _CLOUD_TAG.match(tag)
        if cloud and not re.search(rf"\.el{cloud['major']}s?($|[._])", build.release):
            self._found(
                "nvr-dist", name, line, f"{nvr} is not a build for .el{cloud['major']} or .el{cloud['major']}s",
                f"list one that was built for el{cloud['major']}",
            )  # fmt: skip
        if tag.endswith("-release"):
            tested = self._builds.get((f"{tag[: -len('release')]}testing", project))
            try:
                older = tested is None or Nevra.parse_nvr(str(tested[2])).evr < build.evr
            except InvalidInput:
                older = False
            if older:
                what = tested[2] if tested else "nothing"
                self._found(
                    "untested-release",
                    name,
                    line,
                    f"{nvr} is in {tag}, and {what} in testing",
                    "add it to testing first",
                )
        return True
