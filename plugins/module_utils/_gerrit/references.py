# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Branches and tags of a project in Gerrit: made at a commit, tagged when they end, and taken away.

Somebody else may be faster: it is not an error that Gerrit refuses, as long as what is there then is what was wanted.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t
import urllib.parse

from .._module.errors import Conflict, InvalidInput, NotFound, Refused, RelengError, Unavailable
from .._module.runner import Change, Plan
from .client import GerritClient

_COMMIT = re.compile(r"[0-9a-f]{40}")
_PROJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+/-]*")
# What git takes for a name (git help check-ref-format), and no more than is ever needed.
_NAME = re.compile(r"(?!.*(?:\.\.|//|\.lock(?:/|$)|/\.|@\{))[A-Za-z0-9][A-Za-z0-9._+/-]*(?<![./])")


@dataclasses.dataclass
class BranchChange(Change):
    """A branch that should exist or not, and the tag that keeps where it ended.

    :param revision: the commit that it begins at; where it should go, the one that it must be at. None: any.
    :param from_branch: the branch at whose head it begins, if no revision is given.
    :param tag: a tag of the branch's last commit; it is made before the branch goes.
    :param tag_message: of the tag; None: one without its own.
    :param force: whether a branch may go whose commits are nowhere else.
    """

    client: GerritClient
    project: str
    branch: str
    state: str
    revision: str | None
    tag: str | None
    tag_message: str | None
    force: bool
    from_branch: str | None = None

    def plan(self) -> Plan:
        self._check()
        self._head = self._revision("branches", self.branch)
        self._tagged = self._revision("tags", self.tag) if self.tag else None
        before = {"branch": self._head, "tag": self._tagged}
        actions: list[str] = []
        after = dict(before)
        self._make, self._mark, self._remove = False, False, False
        if self.state == "present":
            self._plan_present(actions, after)
        else:
            self._plan_absent(actions, after)
        return Plan(before, after, actions, {"revision": after["branch"], "tag_revision": after["tag"]})

    def _plan_present(self, actions: list[str], after: dict[str, t.Any]) -> None:
        if self._head is None:
            self.revision = self.revision or self._head_of_source()
            self._make = True
            actions.append(f"create {self.branch} of {self.project} at {self.revision}")
            after["branch"] = self.revision
        else:
            self._see_that_it_began(self._head)
        self._plan_tag(actions, after, after["branch"])

    def _head_of_source(self) -> str:
        if self.from_branch is None:
            raise InvalidInput(f"{self.project} has no branch {self.branch}: give the revision that it begins at.")
        head = self._revision("branches", self.from_branch)
        if head is None:
            raise NotFound(f"{self.project} has no branch {self.from_branch} to begin from.", project=self.project)
        return head

    def _plan_absent(self, actions: list[str], after: dict[str, t.Any]) -> None:
        if self._head is None:
            if self.tag and self._tagged is None:
                raise NotFound(
                    f"{self.project} has no branch {self.branch} and no tag {self.tag}: there is nothing to tag.",
                    project=self.project,
                )
            return
        if self.revision and self._head != self.revision:
            raise Conflict(
                f"{self.branch} of {self.project} is at {self._head}, not {self.revision}: somebody went on with it.",
                revision=self._head,
            )
        self._plan_tag(actions, after, self._head)
        if not self.tag and not self.force and not self._is_elsewhere(self._head):
            raise Refused(
                f"{self.branch} of {self.project} has commits that are in no other branch and no tag, which would be "
                f"lost. Give a tag, such as {self.branch.split('/')[-1].removesuffix('-rdo')}-eol, or set force.",
                revision=self._head,
            )
        self._remove = True
        actions.append(f"delete {self.branch} of {self.project}")
        after["branch"] = None

    def _plan_tag(self, actions: list[str], after: dict[str, t.Any], commit: str) -> None:
        if not self.tag:
            return
        if self._tagged is None:
            self._mark = True
            actions.append(f"tag {commit} of {self.project} as {self.tag}")
            after["tag"] = commit
        elif self._tagged != commit:
            raise Conflict(
                f"The tag {self.tag} of {self.project} is at {self._tagged}, and {self.branch} at {commit}.",
                revision=commit,
                tag_revision=self._tagged,
            )

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        self.client.need_user()
        if self._make:
            self._put("branches", self.branch, {"revision": self.revision})
        if self._mark:
            words = {"message": self.tag_message} if self.tag_message else {}
            self._put("tags", str(self.tag), {"revision": plan.after["tag"], **words})
        if self._remove:
            self.client.delete(self._path("branches", self.branch))
        held = self._revision("branches", self.branch)
        if (held is None) != (plan.after["branch"] is None):
            raise Conflict(f"Gerrit took the change of {self.branch} of {self.project}, and shows it at {held}.")
        return {"revision": held}

    def _check(self) -> None:
        if not _PROJECT.fullmatch(self.project):
            raise InvalidInput(f"{self.project!r} cannot be a project.", project=self.project)
        for name in filter(None, (self.branch, self.tag, self.from_branch)):
            if not _NAME.fullmatch(name) or name.startswith("refs/"):
                raise InvalidInput(f"{name!r} cannot be the name of a branch or tag.", name=name)
        if self.revision is not None and not _COMMIT.fullmatch(self.revision):
            raise InvalidInput(f"{self.revision!r} is not a whole hash of a commit.", revision=self.revision)

    def _path(self, kind: str, name: str) -> str:
        project, name = (urllib.parse.quote(part, safe="") for part in (self.project, name))
        return f"/projects/{project}/{kind}/{name}"

    def _revision(self, kind: str, name: str) -> str | None:
        """The commit that a branch or tag is at, or None."""
        try:
            found = self.client.get(self._path(kind, name))
        except NotFound:
            self._see_that_the_project_is_there()
            return None
        # An annotated tag has an object of its own; what it is for is in "object".
        commit = found.get("object") or found.get("revision") if isinstance(found, dict) else None
        if not isinstance(commit, str) or not _COMMIT.fullmatch(commit):
            raise Unavailable(f"Gerrit answered with something else than a commit for {name} of {self.project}.")
        return commit

    def _see_that_the_project_is_there(self) -> None:
        """What is not seen must not be taken for a branch that is not there."""
        self.client.get(f"/projects/{urllib.parse.quote(self.project, safe='')}")

    def _included(self, commit: str) -> dict[str, list[str]]:
        project = urllib.parse.quote(self.project, safe="")
        found = self.client.get(f"/projects/{project}/commits/{commit}/in")
        return {kind: list(found.get(kind) or []) for kind in ("branches", "tags")}

    def _is_elsewhere(self, commit: str) -> bool:
        found = self._included(commit)
        return bool(found["tags"] or [name for name in found["branches"] if name != self.branch])

    def _see_that_it_began(self, head: str) -> None:
        """A branch that went on since it was made is as wanted; one that began elsewhere is not."""
        if self.revision is None or head == self.revision:
            return
        try:
            inside = self.branch in self._included(self.revision)["branches"]
        except NotFound:
            inside = False
        if not inside:
            raise Conflict(
                f"{self.branch} of {self.project} is there, at {head}, and {self.revision} is not in it.", revision=head
            )

    def _put(self, kind: str, name: str, body: t.Mapping[str, t.Any]) -> None:
        try:
            self.client.put(self._path(kind, name), body)
        except (Conflict, InvalidInput) as error:
            self._look_again(kind, name, str(body["revision"]), error)

    def _look_again(self, kind: str, name: str, commit: str, error: RelengError) -> None:
        """Whether somebody else made it meanwhile, and as it is wanted."""
        held = self._revision(kind, name)
        if held is None:
            what = "branch" if kind == "branches" else "tag"
            reason = error.data.get("body") or error.message
            raise Conflict(
                f"Gerrit does not make the {what} {name} of {self.project} at {commit}: {reason}", body=reason
            ) from error
        if held != commit and kind == "branches":
            self._see_that_it_began(held)
        elif held != commit:
            raise Conflict(
                f"The tag {name} of {self.project} was made at {held} meanwhile, not at {commit}."
            ) from error
