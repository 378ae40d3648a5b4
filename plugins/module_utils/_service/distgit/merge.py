# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""A checkout of a distgit, and what another distgit of the same package has: its clean part brought in.

Both come from a commit of theirs: the one of our version that differs least from ours. Repositories of strangers are
only read, as files of commits; nothing in them is run, and what is written has been parsed in the sandbox.
"""

from __future__ import annotations

import datetime
import os
import re
import typing as t

from ..._distgit.macros import expand
from ..._distgit.merge import SOURCES, Merged, distance, files_of, merge
from ..._distgit.new_version import Author, UpstreamVersion, bring_to_version
from ..._distgit.spec_parser import Distro, parse
from ..._distgit.spec_text import SpecText
from ..._git.remote import COMMIT
from ..._git.repository import REFERENCE, Repository
from ..._module.documents import write_atomically
from ..._module.errors import InvalidInput, NotFound, Refused, RelengError
from ..._module.files import decode, read_input
from ..._module.runner import Change, Plan
from ..._module.work_folder import WorkFolder
from ..._release.constraints import python_of
from ..._release.constraints_compare import status_of
from .spec_version import patch_of

# Of one file that is merged, and the commits of theirs that are looked at.
_MOST_BYTES, _MOST_COMMITS = 4 << 20, 500


class DistgitMerge(Change):
    """What the module distgit_merge brings about."""

    def __init__(self, options: t.Mapping[str, t.Any]) -> None:
        self._options = options

    def plan(self) -> Plan:
        options = self._options
        self._spec = _spec_in(options["path"])
        ours = SpecText.read(os.path.join(options["path"], self._spec))
        version = version_of(ours)
        if version is None:
            raise Refused(f"Only rpm can say which version {self._spec} is at, so that nothing can be compared.")
        with WorkFolder("theirs") as folder:
            theirs = Theirs(folder, options["theirs"], options["theirs_branch"], options["git_timeout"])
            target = theirs.commit_at(options["version"], options["theirs_spec"] or self._spec)
            result: dict[str, t.Any] = {"version_before": version, "version": target.version, "commit": target.commit}
            result.update(base=None, fork=None, rejected=[], left_alone=[], patch="", day=str(target.day))
            if status_of(version, target.version) == "ahead":
                return Plan({}, {}, result={**result, "version": version, "status": "ahead"})
            base = theirs.base_of(ours.text, version, target, options["base"])
            day = target.day
            trees = [self._ours({target.spec.text, ours.text}), base.tree(self._spec), target.tree(self._spec)]
        merged = merge(trees[0], trees[1], trees[2], self._spec)
        actions = self._to_version(ours, merged, version, target, day, result)
        result.update(
            base=base.commit,
            fork=merged.fork,
            status="equal" if not merged.files else "merged",
            rejected=[{"file": path, "hunk": hunk} for path, hunk in merged.rejected],
            patch="\n".join(
                filter(None, (patch_of(path, trees[0].get(path, ""), new or "") for path, new in merged.files.items()))
            ),
        )
        self._files = merged.files
        before = {path: trees[0].get(path) for path in merged.files}
        return Plan(before, dict(merged.files), actions, result)

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        # The spec file last: it names the others, and its version says that all is done.
        for path in sorted(self._files, key=lambda path: path == self._spec):
            place, text = os.path.join(self._options["path"], path), self._files[path]
            if text is None:
                os.unlink(place)
            else:
                mode = os.stat(place).st_mode & 0o777 if os.path.exists(place) else 0o644
                write_atomically(place, text.encode(), mode)
        return {}

    def _ours(self, texts: t.Iterable[str]) -> dict[str, str]:
        """Our files that a spec file names; what is not a regular file of ours is not read."""
        names = {self._spec, SOURCES}.union(*(files_of(SpecText(text)) for text in texts))
        found = {}
        for name in sorted(names):
            path = os.path.join(self._options["path"], name)
            if os.path.lexists(path):
                found[name] = decode(read_input(path, "file of the distgit", _MOST_BYTES, follow=False), path)
        return found

    def _to_version(
        self,
        ours: SpecText,
        merged: Merged,
        version: str,
        target: Snapshot,
        day: datetime.date,
        result: dict[str, t.Any],
    ) -> list[str]:
        """Bring the merged spec file to the version of theirs; what each step did, as sentences."""
        actions = [
            f"{'remove' if text is None else 'merge'} {path} of {target.commit[:12]}"
            for path, text in merged.files.items()
        ]
        text = merged.files.get(self._spec) or ours.text
        if status_of(version, target.version) != "equal":
            options = self._options
            author = Author(options["author_name"], options["author_email"], day)
            try:
                new = bring_to_version(SpecText(text, self._spec), UpstreamVersion.parse(target.version), author)
            except RelengError as error:
                merged.rejected.append((self._spec, f"{version} stays, as {error.message}\n"))
            else:
                text = new.text
                actions += new.actions
                result["left_alone"] = new.left_alone
        if text != ours.text:
            merged.files[self._spec] = text
            self._refuse_broken(ours, text)
        return actions

    def _refuse_broken(self, ours: SpecText, text: str) -> None:
        """What parsed before must parse after."""
        distros = [Distro(name, python_of(name, self._options["pythons"])) for name in self._options["distros"]]
        parse(ours, distros)
        try:
            parse(SpecText(text, self._spec), distros)
        except InvalidInput as error:
            reason = f"Nothing was written, as what they changed does not parse beside ours. {error.message}"
            raise Refused(reason, **error.data) from error


class Snapshot:
    """The distgit of theirs at one commit."""

    def __init__(self, theirs: Theirs, commit: str, name: str) -> None:
        self._theirs, self.commit, self._name = theirs, commit, name
        self.spec = SpecText(theirs.show(commit, name) or "", name)
        self.version = version_of(self.spec) or ""

    @property
    def day(self) -> datetime.date:
        """The day it was committed, so that the same merge is the same tomorrow."""
        seconds = self._theirs.git("log", "-1", "--format=%ct", self.commit).strip()
        return datetime.datetime.fromtimestamp(int(seconds), datetime.timezone.utc).date()

    def tree(self, name: str) -> dict[str, str]:
        """Its spec file, by our name for it, and the files that this names."""
        texts = {path: self._theirs.show(self.commit, path) for path in sorted({SOURCES, *files_of(self.spec)})}
        return {name: self.spec.text, **{path: text for path, text in texts.items() if text is not None}}


class Theirs:
    """A branch of somebody else's distgit, fetched whole into a folder of its own."""

    def __init__(self, folder: str, url: str, branch: str, timeout: float) -> None:
        if not REFERENCE.fullmatch(branch):
            raise InvalidInput(f"{branch!r} cannot be the name of a branch.", branch=branch)
        self._repository = Repository(folder)
        self._url, self._branch = url, branch
        self.git("init", "--quiet", "--bare")
        self._repository.fetch(url, f"refs/heads/{branch}:refs/heads/theirs", timeout=timeout)

    def git(self, *arguments: str) -> str:
        return self._repository.git(*arguments).output

    def show(self, commit: str, path: str) -> str | None:
        """The text of a file at a commit; None where there is none, or it is not text of a usual size."""
        found = self._repository.git("ls-tree", "-l", commit, "--", path).output
        match = re.match(r"100(?:644|755) blob (\w+)\s+(\d+)\t", found)
        if not match or int(match[2]) > min(_MOST_BYTES, 1_000_000):
            return None
        return self._repository.git("cat-file", "blob", match[1]).output

    def commit_at(self, version: str | None, name: str) -> Snapshot:
        """The last commit of theirs, or the last one at a version."""
        commits = self._history(name) if version else [self.git("rev-parse", "refs/heads/theirs").strip()]
        for commit in commits:
            found = Snapshot(self, commit, name)
            if found.spec.text and (version is None or status_of(found.version, version) == "equal"):
                if not found.version:
                    raise Refused(f"Only rpm can say which version {name} of {self._url} is at.", url=self._url)
                return found
        what = f"a spec file at {version}" if version else f"a spec file {name}"
        raise NotFound(f"The branch {self._branch} of {self._url} has never had {what}.", url=self._url)

    def base_of(self, text: str, version: str, target: Snapshot, base: str | None) -> Snapshot:
        """The commit that both come from: the one that is given, or of those at our version the most alike."""
        name = target.spec.name
        if base is not None:
            if not COMMIT.fullmatch(base) or self._repository.revision(base) is None:
                raise NotFound(f"The branch {self._branch} of {self._url} has no commit {base}.", url=self._url)
            return Snapshot(self, base, name)
        best: tuple[int, Snapshot] | None = None
        for commit in self._history(name, target.commit):
            found = Snapshot(self, commit, name)
            if found.version and status_of(found.version, version) == "equal":
                far = distance(text, found.spec.text)
                best = (far, found) if best is None or far < best[0] else best
            elif best:
                break
        if best is None:
            raise NotFound(
                f"The branch {self._branch} of {self._url} has never been at {version}, so that nobody knows what ours "
                "comes from: give the commit as base.",
                url=self._url,
            )
        return best[1]

    def _history(self, name: str, start: str = "refs/heads/theirs") -> list[str]:
        return self.git("log", f"-{_MOST_COMMITS}", "--format=%H", start, "--", name).split()


def version_of(spec: SpecText) -> str | None:
    """The version a spec file is at, milestone and all, as far as its own text says."""
    tags = spec.preamble("Version")
    version = expand(spec, tags[0].value) if len(tags) == 1 else None
    milestone = expand(spec, "%{?milestone}") or ""
    return f"{version}{milestone}" if version and re.fullmatch(r"\d[\w.~^]*", version) else None


def _spec_in(folder: str) -> str:
    names = [name for name in os.listdir(folder) if name.endswith(".spec")] if os.path.isdir(folder) else []
    if len(names) != 1:
        raise InvalidInput(f"{folder} has {len(names)} spec files; a checkout of a distgit has one.", path=folder)
    return names[0]
