# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Repositories of sources: their content as commits."""

from __future__ import annotations

import contextlib
import dataclasses
import fnmatch
import os
import pathlib
import re
import shutil
import typing as t

from .._module.command import Finished, run_command
from .._module.errors import CommandFailed, InvalidInput
from .._module.git import ask_repository, fetch, run_git
from .._module.lock import held_lock
from .._module.runner import Change, Plan
from .._module.text import redacted
from .._module.work_folder import WorkFolder

# A name that git accepts and that cannot be taken for an option or a path outside of refs/.
REFERENCE = re.compile(r"(?!.*(\.\.|@\{|//|\.lock$|/$))[A-Za-z0-9_][A-Za-z0-9._/@+-]*")


@dataclasses.dataclass
class Identity:
    """Who a commit is by. The same for author and committer."""

    name: str
    email: str


class Repository:
    """A git repository with a work tree, driven through the git program without the user's configuration."""

    def __init__(self, path: str, identity: Identity | None = None) -> None:
        """:param identity: who commits; not needed where none are made."""
        self.path = path
        self._variables: dict[str, str] = {}
        if identity:
            for role in ("AUTHOR", "COMMITTER"):
                self._variables[f"GIT_{role}_NAME"] = identity.name
                self._variables[f"GIT_{role}_EMAIL"] = identity.email

    @property
    def exists(self) -> bool:
        return os.path.isdir(os.path.join(self.path, ".git"))

    def git(
        self,
        *arguments: str,
        expected: t.Container[int] = (0,),
        date: str | None = None,
        file_size: int | None = None,
        timeout: float | None = None,
    ) -> Finished:
        """Run git in the repository, as :func:`.._module.git.run_git` does.

        :param date: of the commit that is made, as git reads dates.
        """
        dates = {f"GIT_{role}_DATE": date for role in ("AUTHOR", "COMMITTER")} if date else {}
        return run_git(
            *arguments,
            folder=self.path,
            variables={**self._variables, **dates},
            expected=expected,
            timeout=timeout,
            file_size=file_size,
        )

    def fetch(self, url: str, reference: str, *options: str, timeout: float, held: t.Sequence[int] = ()) -> None:
        """Fetch from a repository elsewhere, as :func:`.._module.git.fetch` does."""
        fetch(url, reference, *options, folder=self.path, timeout=timeout, variables=self._variables, held=held)

    def push(self, url: str, reference: str, *, timeout: float) -> None:
        """Push to a repository elsewhere.

        :raises Unavailable: it did not take it; ``said`` is what it answered.
        :raises TimedOut: it did not answer.
        """
        ask_repository(
            url,
            *("push", "--quiet", "--", url, reference),
            problem=f"{url} did not take {reference}",
            late=f"{url} did not finish git push",
            timeout=timeout,
            folder=self.path,
            variables=self._variables,
        )

    @contextlib.contextmanager
    def environment(self, **variables: str) -> t.Iterator[None]:
        """Run git with more variables for a while."""
        before = self._variables
        self._variables = {**before, **variables}
        try:
            yield
        finally:
            self._variables = before

    @contextlib.contextmanager
    def without_writing(self) -> t.Iterator[None]:
        """Keep what git finds out for a while, such as the tree of a folder, out of the repository."""
        with WorkFolder("objects") as work:
            objects = os.path.abspath(os.path.join(self.path, ".git", "objects"))
            with self.environment(GIT_OBJECT_DIRECTORY=work, GIT_ALTERNATE_OBJECT_DIRECTORIES=objects):
                yield

    def create(self, branch: str) -> None:
        os.makedirs(self.path, exist_ok=True)
        self.git("init", "--quiet", f"--initial-branch={branch}")

    def revision(self, name: str) -> str | None:
        """The full hash of the commit that ``name`` stands for; None where there is none."""
        found = self.git("rev-parse", "--quiet", "--verify", f"{name}^{{commit}}", expected=(0, 1, 128))
        return found.output.strip() if found.rc == 0 else None

    def revision_tree(self, commit: str) -> str:
        """The hash of the content of ``commit``."""
        return self.git("rev-parse", "--verify", f"{commit}^{{tree}}").output.strip()

    def tree_of(self, folder: str) -> str:
        """The hash of the tree that ``folder`` would be as a commit's content; the work tree is left alone."""
        with WorkFolder("index") as work, self.environment(GIT_INDEX_FILE=f"{work}/index"):
            self.git(f"--work-tree={folder}", "add", "--all", "--force", ".")
            return self.git("write-tree").output.strip()

    def commit_tree(self, tree: str, branch: str, message: str, date: str | None) -> str:
        """Put a commit with the content ``tree`` on top of ``branch``, and the work tree there; returns its hash."""
        parent = self.revision(f"refs/heads/{branch}")
        parents = ["-p", parent] if parent else []
        commit = self.git("commit-tree", tree, *parents, "-m", message, date=date).output.strip()
        self.git("update-ref", f"refs/heads/{branch}", commit, *([parent] if parent else []))
        self.git("symbolic-ref", "HEAD", f"refs/heads/{branch}")
        self.git("reset", "--quiet", "--hard", commit)
        self.git("clean", "-dffxq")
        return commit


@contextlib.contextmanager
def cached_repository(
    path: str, url: str, timeout: float, identity: Identity | None = None
) -> t.Iterator[tuple[Repository, int]]:
    """The repository at ``path`` that keeps what was fetched from ``url``, for this process alone.

    :param timeout: seconds that one fetch may take: a holder of its lock is given ten times as long.
    :returns: with the descriptor of its lock, which a git that fetches should hold as well.
    """
    os.makedirs(path, mode=0o700, exist_ok=True)
    with held_lock(os.path.join(path, "lock"), {"for": redacted(url)}, 10 * timeout) as lock:
        _remove_wreckage(path)
        repository = Repository(path, identity)
        repository.git("init", "--quiet", "--bare")
        yield repository, lock


def _remove_wreckage(path: str) -> None:
    """Remove what a git that was killed left in a repository: its locks, which stop the next one, and halves of packs.

    Nobody else works in it: whoever does holds its lock, and so does the git that outlives who started it.
    """
    for place, _folders, files in os.walk(path):
        for name in files:
            if name.endswith(".lock") or name.startswith(("tmp_pack_", "tmp_idx_", "tmp_obj_", "tmp_rev_")):
                os.unlink(os.path.join(place, name))


@dataclasses.dataclass
class CommittedContent(Change):
    """A branch whose head has a given content: nothing is done when it has, else one commit brings it there.

    :param source: folder or source distribution (tar) whose content it should be.
    :param exclude: patterns of paths in it that are left out, as shells match them.
    :param edits: more files, by their path, with their text.
    :param appends: text put at the end of files of the content, by their path.
    :param tag: set on the commit with this content, unless the repository has it already.
    :param once: nothing is done when the repository has the tag: the content was there, and may be history now.
    """

    repository: str
    branch: str
    source: str | None
    exclude: t.Sequence[str]
    edits: t.Mapping[str, str] | None
    appends: t.Mapping[str, str]
    commit_message: str
    tag: str | None
    once: bool
    date: str | None
    author_name: str
    author_email: str

    def plan(self) -> Plan:
        for name in filter(None, (self.branch, self.tag)):
            if not REFERENCE.fullmatch(name):
                raise InvalidInput(f"{name!r} cannot be the name of a branch or tag.")
        self._repository = Repository(self.repository, Identity(self.author_name, self.author_email))
        head = self._repository.revision(f"refs/heads/{self.branch}") if self._repository.exists else None
        before = {"head": head}
        tagged = bool(head and self.tag and self._repository.revision(f"refs/tags/{self.tag}"))
        if tagged and self.once:
            return Plan(before, before, result={"head": head})
        with WorkFolder("content") as work, self._repository.without_writing():
            if head and self._tree_of_content(self._repository, work) == self._repository.revision_tree(head):
                actions = [f"tag {head} as {self.tag}"] if self.tag and not tagged else []
                return Plan(before, before, actions, {"head": head})
        actions = [f"commit {self.commit_message!r} to {self.branch} of {self.repository}"]
        return Plan(before, {"head": self.commit_message}, actions, {"head": head})

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        repository = self._repository
        if not repository.exists:
            repository.create(self.branch)
        head = repository.revision(f"refs/heads/{self.branch}")
        with WorkFolder("content") as work:
            tree = self._tree_of_content(repository, work)
        if head is None or tree != repository.revision_tree(head):
            head = repository.commit_tree(tree, self.branch, self.commit_message, self.date)
        if self.tag and not repository.revision(f"refs/tags/{self.tag}"):
            repository.git("tag", "--annotate", "--message", self.tag, self.tag, head)
        return {"head": head}

    def _tree_of_content(self, repository: Repository, work: str) -> str:
        content = os.path.join(work, "content")
        os.mkdir(content)
        if self.source:
            unpack(self.source, content)
        _remove(content, self.exclude)
        for place, text in (self.edits or {}).items():
            if not isinstance(text, str) or "\0" in place:
                raise InvalidInput(f"edits must map paths to texts; {place!r:.100} has {text!r:.100}.")
            path = _inside(content, place)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        for place, text in self.appends.items():
            if not isinstance(text, str) or "\0" in place:
                raise InvalidInput(f"appends must map paths to texts; {place!r:.100} has {text!r:.100}.")
            path = _inside(content, place)
            if not path.is_file():
                raise InvalidInput(f"Nothing can be appended to {place}: {self.source} has no such file.")
            path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")
        return repository.tree_of(content)


def _inside(folder: str, place: str) -> pathlib.Path:
    """The path of ``place`` below ``folder``, whatever ``place`` says.

    :raises InvalidInput: a link of the content leads out of it there.
    """
    path = pathlib.Path(folder, os.path.normpath("/" + place).lstrip("/"))
    if not path.resolve().is_relative_to(pathlib.Path(folder).resolve()):
        raise InvalidInput(f"{place} cannot be written: a link leads out of the content there.")
    return path


def unpack(source: str, folder: str) -> None:
    """Put the content of a folder, or of a source distribution less its leading folder, into ``folder``.

    :raises InvalidInput: neither a folder nor a tar file, or one with paths that lead out of it.
    """
    if os.path.isdir(source):
        shutil.copytree(source, folder, dirs_exist_ok=True, symlinks=True, ignore=shutil.ignore_patterns(".git"))
        return
    # tar itself refuses names that lead out of the folder; Python's library does so only in its newest versions.
    try:
        run_command(["tar", "--no-same-owner", "--strip-components=1", "-C", folder, "-xf", os.path.abspath(source)])
    except CommandFailed as error:
        raise InvalidInput(f"{source} cannot be unpacked: {error.message}") from error


def _remove(folder: str, patterns: t.Sequence[str]) -> None:
    for place, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            path = os.path.join(place, name)
            if any(fnmatch.fnmatch(os.path.relpath(path, folder), pattern) for pattern in patterns):
                if os.path.isdir(path) and not os.path.islink(path):
                    shutil.rmtree(path)
                    folders.remove(name)
                else:
                    os.unlink(path)
