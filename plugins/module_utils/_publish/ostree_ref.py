# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Refs of an OSTree repository: merged, promoted, tagged, pruned, and proven by a client's pull.

All that changes in one call is signed into one summary: a client that has seen a summary of the same second is told
that nothing has changed, and finds no new ref.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import time
import typing as t

from .._module.command import find_program, run_command
from .._module.errors import CommandFailed, Conflict, InvalidInput, NotFound, Refused
from .._module.lock import held_lock
from .._module.runner import Change, Plan
from .._module.work_folder import WorkFolder

REF = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*")
COMMIT = re.compile(r"[0-9a-f]{64}")
KEY = "releng.manifest"


@dataclasses.dataclass(frozen=True)
class Ref:
    """What one ref should be.

    :param name: the ref.
    :param source: a repository that has it, to be merged from; None: from this repository.
    :param commit: a commit or another ref of ``source`` or of this repository; None: what ``source`` has under the
        name.
    :param expected: the commit that the ref has until now; "none" for none; None: it does not matter.
    :param tag: whether it stays as it is once it is there.
    """

    name: str
    source: str | None
    commit: str | None
    expected: str | None
    tag: bool


class Refs(Change):
    """Bring refs of a repository to what they should be.

    :param params: repo; refs (mappings of name, source, commit, expected, tag); depth, how many commits before each ref
        are kept, None: all; key and gpg_home, to sign commits and the summary; public_key, for the client's pull.
    """

    def __init__(self, params: dict[str, t.Any]) -> None:
        find_program("ostree")
        self._params = params
        self.repo = os.path.abspath(params["repo"])
        self.depth: int | None = params["depth"]
        self.key: str | None = params["key"]
        self._log: str | None = params["log"]
        self.refs = [
            Ref(one["name"], one["source"], one["commit"], one["expected"], one["tag"]) for one in params["refs"]
        ]
        for ref in self.refs:
            if not REF.fullmatch(ref.name) or len(ref.name) > 200:
                raise InvalidInput(f"{ref.name!r} is not a name of a ref, such as fedora/x86_64/stable.")
            if ref.source is None and ref.commit is None:
                raise InvalidInput(f"Say what {ref.name} is to be: a commit, or a source to merge it from.")
            if ref.commit is not None and not (COMMIT.fullmatch(ref.commit) or REF.fullmatch(ref.commit)):
                raise InvalidInput(f"{ref.commit!r} is neither a commit nor a ref.")
            if ref.expected not in (None, "none") and not COMMIT.fullmatch(str(ref.expected)):
                raise InvalidInput(f"{ref.expected!r} is not a commit that {ref.name} could have.")

    def plan(self) -> Plan:
        before = self._all()
        after, actions = dict(before), []
        for ref in self.refs:
            commit, manifest = self._wanted(ref, after)
            now = after.get(ref.name)
            self._compare(ref, now, commit)
            if now == commit or self._same(ref, now, manifest):
                continue
            after[ref.name] = commit
            verb = "tag" if ref.tag else "merge" if ref.source else "promote"
            actions.append(f"{verb} {ref.name}: {now or 'none'} -> {commit}")
        if actions and self.key:
            actions.append("sign the summary")
        self._after = after
        names = [ref.name for ref in self.refs]
        result = {"refs": {name: after[name] for name in names}}
        return Plan({name: before.get(name) for name in names}, result["refs"], actions, result)

    def _wanted(self, ref: Ref, refs: dict[str, str]) -> tuple[str, str | None]:
        """The commit that it should be, and what that was made of."""
        repo = ref.source or self.repo
        name = ref.commit or ref.name
        if repo == self.repo and name in refs:
            name = refs[name]
        commit = self._ostree(repo, "rev-parse", name, missing=f"{repo} has no {name}")
        bound = self._ostree(repo, "show", "--print-metadata-key=ostree.ref-binding", commit, allowed=True)
        if bound and f"'{ref.name}'" not in bound:
            raise Refused(
                f"The commit {commit} is bound to {bound}, not to {ref.name}: clients refuse it under that name. Name "
                f"{ref.name} in bind when the commit is made.",
                commit=commit,
            )
        return commit, self._manifest(repo, commit)

    def _manifest(self, repo: str, commit: str) -> str | None:
        return self._ostree(repo, "show", f"--print-metadata-key={KEY}", commit, allowed=True).strip("'") or None

    def _same(self, ref: Ref, now: str | None, manifest: str | None) -> bool:
        """Whether a merge would only bring another commit of the same manifest."""
        return bool(ref.source and now and manifest and self._manifest(self.repo, now) == manifest)

    def _compare(self, ref: Ref, now: str | None, commit: str) -> None:
        if now == commit:
            return
        if ref.tag and now:
            raise Conflict(f"The tag {ref.name} is {now}, and a tag is not moved to {commit}. Take another name.")
        if ref.expected is not None and (now or "none") != ref.expected:
            raise Conflict(
                f"{ref.name} is {now or 'none'}, and {ref.expected} was expected: somebody else moved it.", current=now
            )

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        with held_lock(f"{self.repo}.lock", {"refs": [ref.name for ref in self.refs]}, self._params["wait_timeout"]):
            now = self._all()
            for ref in self.refs:
                if now.get(ref.name) != plan.before[ref.name]:
                    raise Conflict(
                        f"{ref.name} is {now.get(ref.name)} by now; it was {plan.before[ref.name]}. Run it again."
                    )
            for ref in self.refs:
                commit = self._after[ref.name]
                if now.get(ref.name) == commit:
                    continue
                if ref.source and ref.source != self.repo:
                    self._ostree(self.repo, "pull-local", "--untrusted", ref.source, commit)
                if self.key:
                    self._sign(commit)
                self._ostree(self.repo, "refs", "--force", f"--create={ref.name}", commit)
            if self.depth is not None:
                self._ostree(self.repo, "prune", "--refs-only", f"--depth={self.depth}")
            self._summary()
            self._prove()
        return {}

    def _sign(self, commit: str) -> None:
        with contextlib.suppress(CommandFailed):
            if self.key and self.key.upper() in self._ostree(self.repo, "show", commit).upper():
                return
        self._ostree(self.repo, "gpg-sign", *self._home(), commit, str(self.key))

    def _home(self) -> list[str]:
        return [f"--gpg-homedir={self._params['gpg_home']}"] if self._params["gpg_home"] else []

    def _summary(self) -> None:
        """One that no client can take for the one before: clients compare times in whole seconds."""
        path = os.path.join(self.repo, "summary")
        if os.path.exists(path):
            time.sleep(max(0.0, int(os.stat(path).st_mtime) + 1.05 - time.time()) if _fresh(path) else 0)
        sign = [f"--gpg-sign={self.key}", *self._home()] if self.key else []
        self._ostree(self.repo, "summary", "-u", *sign)

    def _prove(self) -> None:
        """Pull each ref as a client does, with signatures checked, into a repository that is thrown away."""
        with WorkFolder("ostree-ref") as folder:
            client = os.path.join(folder, "client")
            os.mkdir(client)
            self._ostree(client, "init", "--mode=bare-user-only")
            signed = [f"--gpg-import={self._params['public_key']}"] if self.key else ["--no-gpg-verify"]
            checked = ["--set=gpg-verify-summary=true"] if self.key else []
            collection = self._ostree(self.repo, "config", "get", "core.collection-id", allowed=True)
            bound = [f"--collection-id={collection}"] if collection else []
            self._ostree(client, "remote", "add", *signed, *checked, *bound, "site", f"file://{self.repo}")
            for ref in self.refs:
                try:
                    self._ostree(client, "pull", "--commit-metadata-only", "site", ref.name)
                    seen = self._ostree(client, "rev-parse", f"site:{ref.name}")
                except CommandFailed as error:
                    last = error.data["output"].strip().splitlines()[-1:]
                    raise Conflict(
                        f"A client cannot pull {ref.name}: {' '.join(last)} Clients that ask for it now fail; move "
                        "it back, "
                        "or mend that.",
                        ref=ref.name,
                    ) from error
                if seen != self._after[ref.name]:
                    raise Conflict(
                        f"A client that pulls {ref.name} gets {seen}, not {self._after[ref.name]}.", ref=ref.name
                    )

    def _all(self) -> dict[str, str]:
        """Each ref of the repository with its commit."""
        if not os.path.isdir(os.path.join(self.repo, "objects")):
            raise NotFound(f"There is no OSTree repository at {self.repo}. Make one with: ostree init --mode=archive.")
        found = {}
        for name in self._ostree(self.repo, "refs").split():
            found[name] = self._ostree(self.repo, "rev-parse", name)
        return found

    def _ostree(self, repo: str, *arguments: str, allowed: bool = False, missing: str | None = None) -> str:
        """What ostree prints.

        :param allowed: whether an error is an empty answer.
        :param missing: the message where an error means that something is not there.
        """
        try:
            argv = ["ostree", f"--repo={repo}", *arguments]
            return run_command(argv, log=self._log, timeout=self._params["timeout"], tail=1 << 20).output.strip()
        except CommandFailed as error:
            if allowed:
                return ""
            if missing:
                raise NotFound(f"{missing}.", output=error.data["output"]) from error
            raise


def _fresh(path: str) -> bool:
    """Whether a file was written in this second."""
    return time.time() - os.stat(path).st_mtime < 1.05
