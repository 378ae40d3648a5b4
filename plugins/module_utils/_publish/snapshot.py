# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""A site's pushes: staged beside what is shown, verified, and shown by one rename.

Whoever kills it at any moment leaves the old push or the new one shown, whole. State is read from the site, so a run
that follows takes up where the killed one was.
"""

from __future__ import annotations

import os
import shutil
import typing as t

from .._module.documents import write_document
from .._module.errors import Conflict, InvalidInput, NotFound
from .._module.lock import held_lock
from .._module.progress import say
from .._module.runner import Change, Plan
from .push import (
    DOCUMENT,
    Artifact,
    File,
    Push,
    current_push,
    differences,
    push_folder,
    pushes,
    read_artifact,
    read_push,
    sha256,
    walk,
)


class Snapshot(Change):
    """Bring a push to a site.

    :param site: the folder that is served, or whose ``current`` is.
    :param artifacts: mappings of name, path, manifest and retain; empty: ``push`` was staged before.
    :param push: id of a push that the site has; with ``artifacts`` what they must make.
    :param state: ``staged``: complete and verified, not shown; ``current``: shown.
    :param previous: id of the push that should be shown until then; "none" for none; None: whatever it is.
    :param keep: how many pushes stay besides the current one, those that were staged last.
    """

    def __init__(self, params: dict[str, t.Any]) -> None:
        self.site: str = os.path.abspath(params["site"])
        self.state: str = params["state"]
        self.previous: str | None = params["previous"]
        self.keep: int = params["keep"]
        self._wait: float = params["wait_timeout"]
        self._given = params["artifacts"]
        self._wanted: str | None = params["push"]
        if self.keep < 1:
            raise InvalidInput(f"keep is {self.keep}: at least the push before must stay, readers are still at it.")
        names = [one["name"] for one in self._given]
        for name in names:
            if names.count(name) > 1:
                raise InvalidInput(f"The artifact {name} is given twice.")

    def plan(self) -> Plan:
        shown = current_push(self.site)
        push = self._push()
        ident = push.id
        folder = push_folder(self.site, ident)
        self._compare(shown, ident)
        push = self._with_retained(push, shown)
        stage = not os.path.isdir(folder) or read_push(folder).as_data() != push.as_data()
        actions = []
        if stage:
            files = push.paths().values()
            size = sum(file.size for file in files)
            names = ", ".join(one.name for one in push.artifacts)
            actions.append(f"stage push {ident}: {names}; {len(files)} files, {size} bytes")
        if self.state == "current" and shown != ident:
            actions.append(f"show push {ident} in place of {shown or 'none'}")
        surplus = self._surplus(shown, ident) if self.state == "current" else []
        actions += [f"remove push {one}" for one in surplus]
        after = ident if self.state == "current" else shown
        result = {"push": push.as_data(), "id": ident, "path": folder, "previous": shown or "none"}
        return Plan({"current": shown}, {"current": after}, actions, result)

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        ident = plan.result["id"]
        os.makedirs(os.path.join(self.site, "push"), exist_ok=True)
        with held_lock(os.path.join(self.site, ".lock"), {"push": ident}, self._wait):
            # What the plan saw may be old by now: whoever had the lock may have shown something else.
            shown = current_push(self.site)
            self._compare(shown, ident)
            if shown not in (plan.before["current"], ident):
                raise Conflict(f"{self.site} shows {shown} by now; it was {plan.before['current']}. Run it again.")
            push = self._with_retained(self._push(), shown)
            self._stage(push, shown)
            if self.state == "current":
                self._show(ident)
                for one in self._surplus(shown, ident):
                    _remove(os.path.join(self.site, "push"), one)
        return {}

    def _push(self) -> Push:
        if self._given:
            say(f"Reading {len(self._given)} artifacts")
            artifacts = [read_artifact(one["name"], one["path"], one["manifest"]) for one in self._given]
            push = Push(sorted(artifacts, key=lambda one: one.name))
            if self._wanted not in (None, push.id):
                raise Conflict(f"The artifacts make the push {push.id}, and {self._wanted} is wanted.", push=push.id)
            return push
        if self._wanted is None:
            raise InvalidInput("Name the artifacts, or the id of a push that was staged before.")
        folder = push_folder(self.site, self._wanted)
        if not os.path.isdir(folder):
            there = ", ".join(pushes(self.site)) or "none"
            raise NotFound(f"{self.site} has no push {self._wanted}. It has: {there}.", push=self._wanted)
        return read_push(folder)

    def _compare(self, shown: str | None, ident: str) -> None:
        if self.previous is not None and (shown or "none") not in (self.previous, ident):
            raise Conflict(
                f"{self.site} shows {shown or 'none'}, and {self.previous} was expected. Somebody else has pushed: "
                "look at it, and run this again without previous.",
                current=shown,
            )

    def _with_retained(self, push: Push, shown: str | None) -> Push:
        """With what readers of the push that is shown may still ask for; what it retains already stays."""
        folder = push_folder(self.site, push.id)
        staged = {one.name: one for one in read_push(folder).artifacts} if os.path.isdir(folder) else {}
        now = {one.name: one for one in read_push(push_folder(self.site, shown)).artifacts} if shown else {}
        retain = {one["name"]: one["retain"] for one in self._given}
        artifacts = []
        for one in push.artifacts:
            own = {file.path for file in one.files}
            kept = {file.path: file for file in staged[one.name].retained} if one.name in staged else {}
            if shown != push.id and one.name in now and retain.get(one.name, True):
                kept.update({file.path: file for file in now[one.name].files})
            retained = [file for path, file in sorted(kept.items()) if path not in own]
            artifacts.append(Artifact(one.name, one.manifest, one.files, _apart(retained, own)))
        return Push(artifacts)

    def _surplus(self, shown: str | None, ident: str) -> list[str]:
        others = [one for one in pushes(self.site) if one not in (shown, ident)]
        room = self.keep - (shown not in (None, ident))
        return others[room:]

    def _stage(self, push: Push, shown: str | None) -> None:
        folder = push_folder(self.site, push.id)
        part = os.path.join(self.site, "push", f".{push.id}.part")
        if os.path.isdir(folder):
            self._add_retained(folder, push, shown)
            return
        shutil.rmtree(part, ignore_errors=True)  # of a run that was killed
        sources = {one["name"]: one["path"] for one in self._given}
        old = push_folder(self.site, shown) if shown else None
        before = read_push(old).paths() if old else {}
        say(f"Staging push {push.id}: {len(push.paths())} files")
        for one in push.artifacts:
            source = sources[one.name]
            os.makedirs(os.path.join(part, one.name))
            if os.path.isdir(source):
                _make_folders(source, os.path.join(part, one.name))
            for file in one.files:
                where = os.path.join(source, file.path) if os.path.isdir(source) else source
                path = f"{one.name}/{file.path}"
                same = os.path.join(old, path) if old is not None and before.get(path) == file else None
                # A file that rotted on disk is not handed on.
                _place(where, os.path.join(part, path), same if same and sha256(same) == file.sha256 else None)
            for file in one.retained:
                path = f"{one.name}/{file.path}"
                _place(os.path.join(old or folder, path), os.path.join(part, path), os.path.join(old or folder, path))
        self._verify(part, push)
        write_document(os.path.join(part, DOCUMENT), push.as_data())
        _to_disk(part)
        os.rename(part, folder)
        _sync_folder(os.path.join(self.site, "push"))

    def _add_retained(self, folder: str, push: Push, shown: str | None) -> None:
        """Link what the push that is shown has, and one that was staged long ago has not."""
        there, wanted = read_push(folder).paths(), push.paths()
        for path in wanted:
            if shown and there.get(path) != wanted[path]:
                old = os.path.join(push_folder(self.site, shown), path)
                _place(old, os.path.join(folder, path), old)
        for path in {os.path.relpath(one, folder) for one in walk(folder)} - {*wanted, DOCUMENT}:
            os.unlink(os.path.join(folder, path))  # what a killed run began to link
        if there != wanted:
            write_document(os.path.join(folder, DOCUMENT), push.as_data())
        self._verify(folder, push)

    def _verify(self, folder: str, push: Push) -> None:
        wrong = differences(folder, push)
        if wrong:
            raise Conflict(
                f"The staged push {push.id} is not whole: {'; '.join(wrong[:3])}"
                f"{f'; {len(wrong) - 3} more' * (len(wrong) > 3)}. Nothing was switched. If the artifacts changed "
                "meanwhile, run it again; otherwise remove the push's folder.",
                differences=wrong[:100],
            )

    def _show(self, ident: str) -> None:
        link = os.path.join(self.site, ".current.new")
        if os.path.lexists(link):
            os.unlink(link)
        os.symlink(f"push/{ident}", link)
        os.replace(link, os.path.join(self.site, "current"))
        _sync_folder(self.site)
        seen = current_push(self.site)
        if seen != ident:
            raise Conflict(f"{self.site} shows {seen} after {ident} was put there: somebody else wrote it.")


def _apart(files: list[File], own: set[str]) -> list[File]:
    """Without those that cannot be beside the new files: one is a folder's name where the other is a file's."""
    folders = {path[:place] for path in own for place in range(len(path)) if path[place] == "/"}
    return [
        file for file in files if file.path not in folders and not any(_parents(file.path) & {path} for path in own)
    ]


def _parents(path: str) -> set[str]:
    return {path[:place] for place in range(len(path)) if path[place] == "/"}


def _make_folders(source: str, target: str) -> None:
    """The folders of ``source``, empty ones too: an OSTree repository is none without them."""
    for base, folders, _names in os.walk(source):
        for name in folders:
            path = os.path.join(base, name)
            if not os.path.islink(path):
                os.makedirs(os.path.join(target, os.path.relpath(path, source)), exist_ok=True)


def _place(source: str, target: str, link: str | None) -> None:
    """Have the file at ``target``: by a link to the same file of the push before, or by a copy."""
    os.makedirs(os.path.dirname(target), exist_ok=True)
    temporary = f"{target}.part"
    if link is not None and os.lstat(link).st_mode == os.lstat(source).st_mode:
        if os.path.lexists(temporary):
            os.unlink(temporary)
        os.link(link, temporary, follow_symlinks=False)
    else:
        shutil.copy2(source, temporary, follow_symlinks=False)
    os.replace(temporary, target)


def _to_disk(folder: str) -> None:
    """Have all below ``folder`` on disk before it gets its name."""
    for base, _folders, names in os.walk(folder):
        for name in names:
            with open(os.path.join(base, name), "rb") as file:
                os.fsync(file.fileno())
        _sync_folder(base)


def _sync_folder(path: str) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove(folder: str, name: str) -> None:
    """Remove a push that nobody is shown: out of sight first, so that a killed run leaves no half of one."""
    away = os.path.join(folder, f".{name}.old")
    if os.path.isdir(os.path.join(folder, name)):
        os.rename(os.path.join(folder, name), away)
    shutil.rmtree(away)
