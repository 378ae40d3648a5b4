# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Reading the tree of repositories that DLRN publishes, over file, http or https.

``<label>/delorean.repo`` says which hashed directories a label holds at this moment. It is read once and decides: all
else is read from the directories it names, so a label that moves meanwhile changes nothing. With components it is the
aggregate of all of them, and its MD5 is the aggregate hash (``aggregate_repo_files`` of ``dlrn/utils.py``).
"""

from __future__ import annotations

import configparser
import contextlib
import dataclasses
import difflib
import hashlib
import os
import re
import typing as t
import urllib.parse

from .._module.errors import InvalidInput, NotFound, RelengError
from .._module.text import ini_problem, shown
from .._module.web import Web
from .._module.yaml_text import load_yaml
from .candidate import Component, hashed_directory, utc
from .client import DlrnClient
from .names import EXTENDED, check, check_commit, check_name, check_url

REPO_FILE = "delorean.repo"


@dataclasses.dataclass(frozen=True)
class Resolved:
    """What a label held when it was read.

    :param aggregate_hash: None where DLRN runs without components.
    """

    label: str
    aggregate_hash: str | None
    components: tuple[Component, ...]


class Trunk:
    """One tree of repositories.

    :param url: the folder that has the labels in it.
    :param web: how to read it.
    :param api: asked which labels there are, when one is missing.
    """

    def __init__(self, url: str, web: Web, api: DlrnClient | None = None) -> None:
        self.url = check_url(url, "address of a trunk repository (trunk_url)")
        self.web = web
        self._api = api

    def label(self, name: str) -> Resolved:
        """The hashed repositories that a label holds now.

        :raises NotFound: no such label, or a repository it names is gone.
        :raises InvalidInput: what is there is not what DLRN writes.
        """
        check_name(name, "label")
        url = f"{self.url}/{name}/{REPO_FILE}"
        try:
            content = self.web.read(url, "label")
        except NotFound:
            raise NotFound(self._no_label(name), label=name, trunk_url=self.url) from None
        repositories = repositories_of(content, url)
        components = tuple(read_component(self.web, address, section) for section, address in repositories.items())
        if all(component.component is None for component in components):
            if len(components) > 1:
                raise InvalidInput(f"{url} names {len(components)} repositories that belong to no component.")
            return Resolved(name, None, components)
        return Resolved(name, self._aggregate(name, content), components)

    def hashed(
        self, commit_hash: str, distro_hash: str, extended_hash: str | None = None, component: str | None = None
    ) -> Component:
        """The repository of one commit, by its hashes.

        :raises NotFound: it is not there.
        :raises InvalidInput: a hash is none, or that of another commit.
        """
        check_commit(commit_hash, "commit_hash")
        check_commit(distro_hash, "distro_hash")
        if extended_hash is not None:
            check(EXTENDED, extended_hash, "extended_hash", "letters, digits and _ are allowed")
        if component is not None:
            check_name(component, "component")
        directory = hashed_directory(commit_hash, distro_hash, extended_hash, component)
        found = read_component(self.web, f"{self.url}/{directory}")
        # The directory has but the first digits of two of them.
        if (found.distro_hash, found.extended_hash) != (distro_hash, extended_hash):
            raise InvalidInput(
                f"{found.repo_url} is of distro_hash {found.distro_hash} and extended_hash {found.extended_hash}, "
                f"not of {distro_hash} and {extended_hash}."
            )
        return found

    def labels(self) -> list[str]:
        """Labels that are known of: those promoted lately, says the API, and those the folder shows, where it does."""
        found = set(self._listed())
        if self._api is not None:
            # It is asked to make an error clearer, and must not hide it.
            with contextlib.suppress(RelengError, TypeError, KeyError):
                found.update(str(promotion["promote_name"]) for promotion in self._api.get("promotions", limit=100))
        return sorted(found)

    def _no_label(self, name: str) -> str:
        labels = self.labels()
        closest = difflib.get_close_matches(name, labels, n=len(labels) or 1, cutoff=0.0)
        known = f"Known labels, closest first: {', '.join(closest)}." if closest else "No label is known there."
        return f"There is no label {name} at {self.url}. {known}"

    def _aggregate(self, name: str, content: bytes) -> str:
        """The aggregate hash of the .repo file that was read, as DLRN has filed it."""
        aggregate = hashlib.md5(content, usedforsecurity=False).hexdigest()
        folder = f"{self.url}/{name}/{aggregate[:2]}/{aggregate[2:4]}/{aggregate}"
        try:
            filed = self.web.read(f"{folder}/{REPO_FILE}.md5", "aggregate hash").decode(errors="replace").strip()
        except NotFound as error:
            raise InvalidInput(
                f"The {REPO_FILE} of label {name} has the MD5 {aggregate}, but DLRN has not filed it under that: "
                f"{error.message} It was cut off on the way, or not written by DLRN."
            ) from None
        if filed != aggregate:
            raise InvalidInput(
                f"{folder}/{REPO_FILE}.md5 says {shown(filed)} where it must say {aggregate}: "
                "a promotion was interrupted. Promote to the label again."
            )
        return aggregate

    def _listed(self) -> t.Iterator[str]:
        if self.url.startswith("file:"):
            root = urllib.parse.unquote(urllib.parse.urlsplit(self.url).path)
            names = os.listdir(root) if os.path.isdir(root) else []
            yield from (name for name in names if os.path.exists(os.path.join(root, name, REPO_FILE)))
            return
        answer = self.web.call(f"{self.url}/")
        if answer.status == 200 and "html" in answer.content_type:
            # The index that a web server makes of a folder: hashed directories have names of two digits.
            for name in re.findall(
                r'href="([A-Za-z0-9][A-Za-z0-9._+-]{2,254})/"', answer.body.decode(errors="replace")
            ):
                if name != "component":
                    yield name


def read_component(web: Web, repo_url: str, section: str | None = None) -> Component:
    """The repository in a hashed directory, with what DLRN wrote down about its commit.

    :param section: of the .repo file that named it; must be that of its component.
    """
    url = check_url(repo_url, "address of a repository")
    try:
        commit = _read_commit(web, url)
        component = Component(
            component=commit["component"],
            commit_hash=commit["commit_hash"],
            distro_hash=commit["distro_hash"],
            extended_hash=commit["extended_hash"],
            built_at=utc(int(commit["dt_build"] or "")),
            repo_url=url,
            repomd_sha256=read_repomd(web, url),
        )
    except NotFound as error:
        raise NotFound(
            f"The repository {url} is not there: {error.message.rstrip('.')}. DLRN has purged it, or has not "
            "finished it. Labels that must be kept are named to dlrn-purge with --exclude-dirs.",
            repo_url=url,
        ) from None
    except ValueError:
        raise InvalidInput(f"{url}/commit.yaml has dt_build {shown(commit['dt_build'])}, not a time.") from None
    expected = f"-component-{component.component}" if component.component else ""
    if section is not None and (not section.endswith(expected) or ("-component-" in section and not expected)):
        raise InvalidInput(f"The section [{section}] names {url}, which is of component {component.component}.")
    return component


def read_repomd(web: Web, repo_url: str) -> str:
    """The sha256 of a repository's ``repomd.xml``, which has the checksums of all else in it.

    :raises NotFound: there is none.
    :raises InvalidInput: what is there is something else.
    """
    url = f"{repo_url}/repodata/repomd.xml"
    content = web.read(url, "repomd.xml")
    if b"<repomd" not in content or b"</repomd>" not in content:
        page = "it looks like a page" if b"<html" in content[:1000].lower() else "it is something else, or cut off"
        raise InvalidInput(f"{url} is not a whole repomd.xml: {page}.")
    return hashlib.sha256(content).hexdigest()


def repositories_of(content: bytes, url: str) -> dict[str, str]:
    """The address of each section of a .repo file, in its order."""
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(content.decode())
        found = {section: parser[section]["baseurl"] for section in parser.sections()}
    except (UnicodeDecodeError, configparser.Error, KeyError) as error:
        raise InvalidInput(f"{url} is not the .repo file that DLRN writes: {ini_problem(error)}.") from error
    if not found:
        raise InvalidInput(f"{url} names no repository; it is empty or cut off.")
    return found


def _read_commit(web: Web, repo_url: str) -> dict[str, t.Any]:
    """The commit of ``commit.yaml``; DLRN writes all values as text there, nothing as ``None``."""
    url = f"{repo_url}/commit.yaml"
    try:
        commit = load_yaml(web.read(url, "commit.yaml"), url)["commits"][0]
        wanted = ("component", "commit_hash", "distro_hash", "extended_hash", "dt_build")
        return {name: None if commit[name] in (None, "None", "") else str(commit[name]) for name in wanted}
    except (InvalidInput, KeyError, IndexError, TypeError) as error:
        raise InvalidInput(f"{url} is not the commit.yaml that DLRN writes: {error!r:.300}.") from error
