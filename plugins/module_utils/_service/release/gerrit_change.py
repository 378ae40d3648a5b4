# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""One change in Gerrit for a project, branch and topic, brought to the content of a folder."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import typing as t
import urllib.parse

from ..._gerrit.client import GerritClient, Review
from ..._git.repository import REFERENCE, Identity, Repository
from ..._module.errors import Conflict, InvalidInput, Refused, Unavailable
from ..._module.runner import Change, Plan
from ..._module.work_folder import WorkFolder

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+/:-]*")
_CHANGE_ID = re.compile(r"^Change-Id: (I[0-9a-f]{40})$", re.MULTILINE)


def find_changes(options: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What the module gerrit_change_info returns."""
    client = GerritClient.from_params(options)
    return {"changes": [found.as_dict() for found in client.query(options["query"], options["limit"])]}


class SubmittedReview(Change):
    """What the module gerrit_review brings about."""

    def __init__(self, options: t.Mapping[str, t.Any]) -> None:
        self._options = options

    def plan(self) -> Plan:
        options = self._options
        self._client = GerritClient.from_params(options)
        review = self._review = self._client.change(options["change"])
        if options["revision"] and options["revision"] != review.revision:
            raise Conflict(f"{review.url} has the patch set {review.revision} now, not {options['revision']}.")
        try:
            wanted = {str(label): int(value) for label, value in (options["labels"] or {}).items()}
        except (TypeError, ValueError):
            raise InvalidInput(f"The votes {options['labels']!r} are not all numbers.") from None
        mine = self._client.votes(review)
        self._votes = {label: value for label, value in wanted.items() if mine.get(label) != value}
        comment = (options["comment"] or "").strip()
        self._comment = comment if comment and not self._client.has_said(review, comment, options["tag"]) else None
        actions = [f"vote {label} {value:+d} on {review.url}" for label, value in sorted(self._votes.items())]
        actions += [f"comment on {review.url}"] if self._comment else []
        after = {"votes": {**mine, **wanted}, "comment": comment}
        return Plan({"votes": mine}, after if actions else {"votes": mine}, actions, {"change": review.as_dict()})

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        self._client.review(self._review, self._comment, self._votes, self._options["tag"])
        return {}


class ProposedChange(Change):
    """What the module gerrit_change brings about.

    A change is found by project, branch, topic and owner. A new patch set is pushed only if what the change does to the
    files, or its message, differs from what is wanted; that its branch went on meanwhile is no reason. All that a plan
    needs of git lies in a folder of its own: the repository of the user is only read.
    """

    def __init__(self, options: t.Mapping[str, t.Any]) -> None:
        self._options = options

    def plan(self) -> Plan:
        options = self._options
        self._check_names()
        self._client = GerritClient.from_params(options)
        self._review = self._open_change()
        before = _state(self._review)
        self._wanted = None if options["state"] == "abandoned" else self._content()
        if self._wanted is None:
            if self._review is None:
                return Plan(before, before, result={"change": None, "outcome": "nothing"})
            why = "abandon" if options["state"] == "abandoned" else "nothing is left to propose: abandon"
            action = f"{why} {self._review.url}"
            return Plan(before, {"status": "abandoned"}, [action], self._result("abandoned"))
        actions = []
        after = {**before, "status": "open", "topic": options["topic"], "message": self._wanted.message}
        self._push = self._review is None or not self._wanted.is_in(self._review)
        if self._review is None:
            if not options["may_open"]:
                return Plan(before, before, result={"change": None, "outcome": "skipped"})
            actions.append(f"open a change for {options['project']} {options['branch']}: {self._wanted.subject}")
        elif self._push:
            actions.append(f"push patch set {self._review.patch_set + 1} of {self._review.url}")
        held_tags = self._review.hashtags if self._review else []
        self._hashtags = [tag for tag in options["hashtags"] if tag not in held_tags]
        actions += [f"add the hashtag {tag}" for tag in self._hashtags]
        asked = self._review.asked if self._review else []
        missing = [name for name in options["reviewers"] if name not in asked]
        known = {name: self._client.has_account(name) for name in missing}
        self._reviewers = [name for name in missing if known[name]]
        self._unknown = {name: "Gerrit has no such account" for name in missing if not known[name]}
        actions += [f"ask {name} to review" for name in self._reviewers]
        after["hashtags"] = sorted({*held_tags, *options["hashtags"]})
        outcome = "created" if self._review is None else "amended" if self._push else "unchanged"
        result = {**self._result(outcome), "patch": self._wanted.patch, "refused_reviewers": self._unknown}
        return Plan(before, after, actions, result)

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        client, options = self._client, self._options
        client.need_user()
        if self._wanted is None:
            opened = t.cast("Review", self._review)
            client.abandon(opened, options["abandon_message"])
            return {"change": client.change(opened.number).as_dict()}
        if self._push:
            commit = self._wanted.commit(self._review.change_id if self._review else self._new_change_id())
            self._wanted.push(commit)
            self._review = self._open_change()
            if self._review is None or self._review.revision != commit:
                found = f"{self._review.url} at {self._review.revision}" if self._review else "no open change"
                raise Conflict(
                    f"{commit} was pushed for {options['project']}, and Gerrit shows {found}.", commit=commit
                )
        review = t.cast("Review", self._review)
        if review.topic != options["topic"]:
            client.set_topic(review, options["topic"])
        if self._hashtags:
            client.add_hashtags(review, self._hashtags)
        refused = {name: client.add_reviewer(review, name) for name in self._reviewers}
        return {
            "change": client.change(review.number).as_dict(),
            "refused_reviewers": {**self._unknown, **{name: reason for name, reason in refused.items() if reason}},
        }

    def _check_names(self) -> None:
        options = self._options
        for name, pattern in (("branch", REFERENCE), ("topic", _WORD)):
            if not pattern.fullmatch(options[name]):
                raise InvalidInput(f"{options[name]!r} cannot be a {name}.")
        for value in [*options["hashtags"], options["project"]]:
            if not _WORD.fullmatch(value):
                raise InvalidInput(f"{value!r} cannot be a hashtag or project.")

    def _open_change(self) -> Review | None:
        options = self._options
        found = self._client.query(self._search("open"))
        if len(found) > 1:
            numbers = ", ".join(review.url for review in found)
            raise Conflict(
                f"{len(found)} open changes have the topic {options['topic']}: {numbers}. Abandon all but one.",
                changes=[review.number for review in found],
            )
        return found[0] if found else None

    def _search(self, status: str) -> str:
        options = self._options
        owner = " owner:self" if options["gerrit_username"] else ""
        where = f'project:{options["project"]} branch:{options["branch"]} topic:"{options["topic"]}"'
        return f"{where} status:{status}{owner}"

    def _new_change_id(self) -> str:
        """The Change-Id of the change that follows the last one that was closed.

        The same for all who open it: a run that begins while the push of a killed one is still on its way amends that
        change, as Gerrit keeps but one open change of an id.
        """
        options = self._options
        own = [options[name] or "" for name in ("project", "branch", "topic", "gerrit_username")]
        closed = self._client.query(self._search("closed"), limit=1)
        last = str(closed[0].number) if closed else ""
        return f"I{hashlib.sha1(json.dumps([*own, last]).encode(), usedforsecurity=False).hexdigest()}"

    def _content(self) -> _Content | None:
        content = _Content(self._options, self._client)
        return content if content.patch else None

    def _result(self, outcome: str) -> dict[str, t.Any]:
        review = self._review.as_dict() if self._review else None
        return {"change": review, "outcome": outcome, "refused_reviewers": {}}


class _Content:
    """The content of a folder as a commit on top of the branch in Gerrit, and how that gets there."""

    def __init__(self, options: t.Mapping[str, t.Any], client: GerritClient) -> None:
        self._options, self._client = options, client
        self._folder = WorkFolder("gerrit")
        self._git = Repository(self._folder.name, Identity(options["author_name"], options["author_email"]))
        self._git.git("init", "--quiet", "--bare")
        self._base = self._fetch(f"refs/heads/{options['branch']}")
        self._tree = self._tree_of(options["path"])
        self.message = options["commit_message"].strip()
        self.subject = self.message.splitlines()[0] if self.message else ""
        if not self.subject or _CHANGE_ID.search(self.message):
            raise InvalidInput("commit_message must have a subject, and no Change-Id: that is Gerrit's to know.")
        self.patch = self._patch(self._base, self._tree)

    def is_in(self, review: Review) -> bool:
        """Whether the change's current patch set does the same, with the same message."""
        if _without_footer(review.message) != self.message:
            return False
        commit = self._fetch(review.reference)
        return _same_patch(self._patch(f"{commit}^", commit), self.patch)

    def commit(self, change_id: str) -> str:
        footer = "" if re.search(r"\n\n(?:[A-Z][A-Za-z-]+: .*\n?)+\Z", self.message) else "\n"
        message = f"{self.message}\n{footer}Change-Id: {change_id}\n"
        return self._git.git("commit-tree", self._tree, "-p", self._base, "-m", message).output.strip()

    def push(self, commit: str) -> None:
        options = self._options
        values = [f"topic={options['topic']}", *(f"t={tag}" for tag in options["hashtags"])]
        target = f"{commit}:refs/for/{options['branch']}%{','.join(values)}"
        try:
            with self._git.environment(**self._credentials()):
                self._git.push(self._url, target, timeout=options["git_timeout"])
        except Unavailable as error:
            said = error.data.pop("said")
            raise Refused(f"Gerrit did not take the change of {options['project']}: {said}", **error.data) from error

    @property
    def _url(self) -> str:
        """Where git talks to: as given, or below Gerrit's address."""
        prefix = "/a/" if self._options["gerrit_username"] else "/"
        project = urllib.parse.quote(self._options["project"])
        return str(self._options["git_url"] or f"{self._client.url}{prefix}{project}")

    def _fetch(self, reference: str) -> str:
        with self._git.environment(**self._credentials()):
            self._git.fetch(self._url, reference, "--depth=2", timeout=self._options["git_timeout"])
        return self._git.revision("FETCH_HEAD") or ""

    def _tree_of(self, path: str) -> str:
        """The tree of what ``path`` has beside ``.git``; what its .gitignore names is left out, as git add does."""
        if not os.path.isdir(path):
            raise InvalidInput(f"There is no folder {path} with the content to propose.", path=path)
        index = os.path.join(self._folder.name, "index")
        with self._git.environment(GIT_INDEX_FILE=index):
            self._git.git("read-tree", self._base)
            self._git.git(f"--work-tree={os.path.abspath(path)}", "add", "--all", ".")
            return self._git.git("write-tree").output.strip()

    def _patch(self, old: str, new: str) -> str:
        return self._git.git("diff-tree", "-p", "--no-color", "--no-ext-diff", "--full-index", old, new).output.strip()

    def _credentials(self) -> dict[str, str]:
        """Variables with which git answers for itself when it is asked who it is; the password is never in argv."""
        options = self._options
        ssh = ["ssh", "-oBatchMode=yes"]
        if options["ssh_key"]:
            ssh += ["-oIdentitiesOnly=yes", "-i", options["ssh_key"]]
        if options["ssh_known_hosts"]:
            ssh += ["-oStrictHostKeyChecking=yes", f'-oUserKnownHostsFile="{options["ssh_known_hosts"]}"']
        variables = {"GIT_SSH_COMMAND": shlex.join(ssh)}
        if options["gerrit_username"]:
            path = os.path.join(self._folder.name, "askpass")
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o700), "w", encoding="ascii") as file:
                file.write('#!/bin/sh\ncase "$1" in User*) echo "$GERRIT_USER" ;; *) echo "$GERRIT_SECRET" ;; esac\n')
            variables.update(
                GIT_ASKPASS=path,
                GERRIT_USER=options["gerrit_username"],
                GERRIT_SECRET=options["gerrit_password"] or "",
            )
        return variables


def _state(review: Review | None) -> dict[str, t.Any]:
    if review is None:
        return {"status": None}
    return {
        "status": review.status,
        "topic": review.topic,
        "message": _without_footer(review.message),
        "hashtags": review.hashtags,
    }


def _without_footer(message: str) -> str:
    return _CHANGE_ID.sub("", message).strip()


def _same_patch(one: str, other: str) -> bool:
    """Whether two patches do the same to the same files, wherever in them and whatever the files are otherwise."""

    def essence(patch: str) -> list[str]:
        lines = [re.sub(r"^@@ .* @@.*", "@@", line) for line in patch.splitlines()]
        return [line for line in lines if not line.startswith("index ")]

    return essence(one) == essence(other)
