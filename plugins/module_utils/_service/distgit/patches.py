# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""The patches of a distgit on another version of upstream: kept, rebased, dropped, or in conflict."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import typing as t

from ..._distgit.macros import expand
from ..._distgit.spec_text import SpecText, Tag
from ..._git.repository import Identity, Repository, cached_repository
from ..._git.snapshot import is_url
from ..._module.documents import digest, write_atomically
from ..._module.errors import InvalidInput, NotFound, Refused
from ..._module.files import read_input
from ..._module.git import what_git_said
from ..._module.runner import Change, Plan
from ..._module.work_folder import WorkFolder
from ..release.rdoinfo_query import cache_folder
from .spec_version import patch_of

_MOST_BYTES = 16 * 1024 * 1024
_TAG_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+@-]*")


@dataclasses.dataclass
class _Patch:
    """One patch, and what became of it.

    :param status: ``kept``, ``rebased``, ``merged`` or ``conflict``.
    :param commit: of upstream, that took it in.
    :param content: of the file, as it should be.
    """

    tag: Tag
    file: str
    content: bytes
    status: str = ""
    commit: str | None = None
    subject: str | None = None
    reason: str | None = None

    @property
    def number(self) -> int | None:
        digits = re.sub(r"\D", "", self.tag.name)
        return int(digits) if digits else None

    def row(self) -> dict[str, t.Any]:
        names = ("file", "status", "commit", "subject", "reason")
        return {"patch": self.tag.name, **{name: getattr(self, name) for name in names}}


class RebasedPatches(Change):
    """What the module spec_patches brings about."""

    def __init__(self, options: t.Mapping[str, t.Any]) -> None:
        self._options = options
        self._folder = os.path.dirname(os.path.abspath(options["spec"]))

    def plan(self) -> Plan:
        options = self._options
        for name in (options["base"], options["version"]):
            if not _TAG_NAME.fullmatch(name):
                raise InvalidInput(f"{name!r} cannot be a version.", version=name)
        spec = SpecText.read(options["spec"])
        patches = self._patches(spec)
        if patches:
            with _Upstream(options) as upstream:
                for patch in patches:
                    upstream.apply(patch)
        conflicts = [patch for patch in patches if patch.status == "conflict"]
        rows = [patch.row() for patch in patches]
        if conflicts:
            said = "; ".join(f"{patch.file} ({patch.reason})" for patch in conflicts)
            raise Refused(
                f"{len(conflicts)} of {len(patches)} patches of {spec.name} do not apply to {options['version']}, and "
                f"upstream has not taken them in: {said}. Rebase them by hand.",
                patches=rows,
            )
        self._patches_left = [patch for patch in patches if patch.status != "kept"]
        self._after = _without(spec, [patch for patch in patches if patch.status == "merged"])
        actions = [_sentence(patch) for patch in self._patches_left]
        before = {patch.file: patch.status for patch in self._patches_left}
        result = {"patches": rows, "patch": patch_of(spec.name, spec.text, self._after.text)}
        return Plan({spec.name: spec.text, **before}, {spec.name: self._after.text}, actions, result)

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        # Rebased files first, then the spec without the others, then these: a death leaves no name without its file.
        for patch in self._patches_left:
            if patch.status == "rebased":
                write_atomically(os.path.join(self._folder, patch.file), patch.content)
        self._after.write(self._options["spec"])
        for patch in self._patches_left:
            if patch.status == "merged":
                os.unlink(os.path.join(self._folder, patch.file))
        return {}

    def _patches(self, spec: SpecText) -> list[_Patch]:
        found = []
        for tag in spec.tags:
            if not re.fullmatch(r"Patch\d*", tag.name, re.IGNORECASE):
                continue
            if tag.conditions:
                raise Refused(
                    f"{spec.name}, line {tag.line + 1}: {tag.name} stands in a condition, so that nobody can say "
                    "whether it counts. Rebase the patches by hand.",
                    line=tag.line + 1,
                )
            name = (expand(spec, tag.value) or tag.value).rpartition("/")[2]
            if not _FILE.fullmatch(name):
                raise InvalidInput(f"{spec.name}, line {tag.line + 1}: {name!r} cannot be the name of a patch.")
            try:
                content = read_input(os.path.join(self._folder, name), "patch", _MOST_BYTES, follow=False)
            except NotFound as error:
                raise NotFound(f"{spec.name} names the patch {name}, which is not beside it.", file=name) from error
            found.append(_Patch(tag, name, content))
        return found


class _Upstream:
    """Upstream at the version, where patches are applied one after the other."""

    def __init__(self, options: t.Mapping[str, t.Any]) -> None:
        self._options = options
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> _Upstream:
        try:
            return self._entered()
        except BaseException:
            self._stack.close()
            raise

    def _entered(self) -> _Upstream:
        options = self._options
        cache = os.path.join(cache_folder(options), f"history-{digest(options['upstream'])[:32]}")
        identity = Identity("rdo.releng", "releng@example.com")
        held = cached_repository(cache, options["upstream"], options["git_timeout"], identity)
        self._git, self._lock = self._stack.enter_context(held)
        self._work = self._stack.enter_context(WorkFolder("patches"))
        self._base = self._fetched(options["base"])
        self._tree = Repository(os.path.join(self._work, "tree"), identity)
        version = self._fetched(options["version"])
        self._version = version
        self._git.git("worktree", "add", "--quiet", "--detach", self._tree.path, version)
        return self

    def __exit__(self, *_error: object) -> None:
        self._git.git("worktree", "remove", "--force", self._tree.path, expected=range(256))
        self._git.git("worktree", "prune", expected=range(256))
        self._stack.close()

    def _fetched(self, version: str) -> str:
        """The commit of a tag, with its history."""
        source = self._options["upstream"]
        url = source if is_url(source) else os.path.abspath(source)
        for tag in (version, f"v{version}"):
            held = self._git.revision(f"refs/tags/{tag}")
            if held:
                return held
            with contextlib.suppress(NotFound):
                spec = f"+refs/tags/{tag}:refs/tags/{tag}"
                self._git.fetch(url, spec, timeout=self._options["git_timeout"], held=[self._lock])
        if self._git.revision(f"refs/tags/{version}"):
            return str(self._git.revision(f"refs/tags/{version}"))
        found = self._git.revision(f"refs/tags/v{version}")
        if not found:
            raise NotFound(f"{source} has no tag {version} or v{version}.", url=source, version=version)
        return found

    def apply(self, patch: _Patch) -> None:
        """Put a patch on top of those before it, and note what became of it."""
        path = os.path.join(self._work, "patch")
        with open(path, "wb") as file:
            file.write(patch.content)
        text = patch.content.decode(errors="replace")
        subject = re.search(r"(?m)^Subject: (?:\[PATCH[^\]]*\] )?(.*(?:\n[ \t]+.*)*)", text)
        patch.subject = " ".join(subject[1].split()) if subject else None
        if self._tree.git("apply", "--check", "--index", path, expected=(0, 1, 128)).rc == 0:
            self._tree.git("apply", "--index", path)
            self._commit(patch)
            patch.status = "kept"
        elif self._tree.git("apply", "--check", "--reverse", path, expected=(0, 1, 128)).rc == 0:
            patch.status, patch.commit = "merged", self._taken_in(path, text, patch)
        else:
            self._merge(patch, path, text)

    def _merge(self, patch: _Patch, path: str, text: str) -> None:
        done = self._tree.git("apply", "--3way", "--index", path, expected=(0, 1, 128))
        changed = self._tree.git("diff", "--cached", "--quiet", "HEAD", expected=(0, 1)).rc == 1
        if done.rc == 0 and changed:
            self._commit(patch)
            patch.status, patch.content = "rebased", self._rebased(text)
            return
        self._tree.git("reset", "--quiet", "--hard")
        patch.commit = self._taken_in(path, text, patch)
        if patch.commit or done.rc == 0:
            patch.status = "merged"
            return
        files = sorted(set(re.findall(r"(?m)^(?:U |error: patch failed: )([^:\n]+)", done.errors)))
        patch.status = "conflict"
        patch.reason = f"in {', '.join(files)}" if files else what_git_said(done.errors)[:200]

    def _commit(self, patch: _Patch) -> None:
        message = patch.subject or patch.file
        self._tree.git("commit", "--quiet", "--no-verify", "--allow-empty", "-m", message, date="@1 +0000")

    def _rebased(self, text: str) -> bytes:
        """The head of the patch as it was, with what it changes now."""
        head = re.split(r"(?m)^(?:---$|diff --git |Index: |--- )", text, maxsplit=1)[0]
        options = ("--no-color", "--no-ext-diff", "--no-renames")
        stat = self._tree.git("diff", *options, "--stat", "HEAD^", "HEAD").output
        change = self._tree.git("diff", *options, "HEAD^", "HEAD").output
        return f"{head}---\n{stat}\n{change}".encode() if head.strip() else change.encode()

    def _taken_in(self, path: str, text: str, patch: _Patch) -> str | None:
        """The commit of upstream that does the same, or says that it does, by its Change-Id or its subject."""
        span = f"{self._base}..{self._version}"
        files = sorted(set(re.findall(r"(?m)^\+\+\+ b/(\S+)", text)))
        change_id = re.search(r"(?m)^\s*Change-Id: (I[0-9a-f]{40})$", text)
        for pattern in filter(None, (change_id[1] if change_id else None, patch.subject)):
            found = self._git.git(
                *("log", "--format=%H", "--max-count=1", "--fixed-strings", f"--grep={pattern}", span),
                expected=range(256),
            ).output.strip()
            if re.fullmatch(r"[0-9a-f]{40}", found):
                return found
        if not files:
            return None
        log = self._git.git("log", "--format=%H", "--max-count=200", span, "--", *files, expected=range(256)).output
        for commit in log.split():
            if self._does_the_same(commit, path):
                return commit
        return None

    def _does_the_same(self, commit: str, path: str) -> bool:
        """Whether a commit changes the same lines: the patch can be taken back after it, and not before."""
        index = os.path.join(self._work, "index")
        states = []
        for revision in (commit, f"{commit}^"):
            with self._tree.environment(GIT_INDEX_FILE=index):
                self._tree.git("read-tree", revision)
                done = self._tree.git("apply", "--cached", "--check", "--reverse", path, expected=range(256))
                states.append(done.rc == 0)
        return states == [True, False]


def _without(spec: SpecText, patches: t.Sequence[_Patch]) -> SpecText:
    """The spec file less the lines that name and apply ``patches``; all others keep their numbers."""
    numbers = {patch.number for patch in patches}
    gone = {patch.tag.line for patch in patches}
    for number, line in enumerate(spec.lines):
        match = re.match(r"\s*%\{?patch(?:\s*-P\s*|\s+)?0*(\d+)\b", line)
        if match and int(match[1]) in numbers:
            gone.add(number)
    result = SpecText(spec.text, spec.name)
    result.edit({number: [] for number in gone})
    return result


def _sentence(patch: _Patch) -> str:
    if patch.status == "rebased":
        return f"rebase {patch.file}"
    by = f", which upstream took in with {patch.commit}" if patch.commit else ", which upstream has"
    return f"drop {patch.file}{by}"
