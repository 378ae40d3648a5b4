# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""A site's push on a mirror, by rsync: content beside what is shown, verified, then the link, then the link read back.

The mirror has the site's own shape: ``push/<id>/...`` and ``current``. Nothing names a push's folder before it was
compared with the site's, file by file and by content.
"""

from __future__ import annotations

import os
import re
import typing as t

from .._module.command import find_program, run_command
from .._module.errors import CommandFailed, Conflict, InvalidInput, NotFound, Unavailable
from .._module.lock import held_lock
from .._module.progress import say
from .._module.runner import Change, Plan
from .._module.work_folder import WorkFolder
from .push import DOCUMENT, TARGET, current_push, push_folder, read_push

# What it takes for the tree to be the same one: types, links, permissions, times, hard links between pushes.
SAME = ("-rlptH", "--protect-args")
NOT_THERE = 23
ADDRESS = re.compile(r"(rsync://[^/]+/.+|[^:/\s]+:.+|/.+)/?")
_LINK = re.compile(r"^l\S+ .* current -> (.*)$", re.MULTILINE)


class MirroredPush(Change):
    """Bring a push of a site to a mirror.

    :param site: the folder that pushes were staged in.
    :param mirror: where rsync writes to: ``rsync://host/module/folder/``, ``host:folder`` or a folder.
    :param push: id; None: the one that the site shows.
    :param state: ``staged``: the content is there and the same; ``current``: shown as well.
    :param previous: id of the push that the mirror should show until then; "none" for none; None: whatever it is.
    :param prune: whether pushes that the site has removed are removed, once the new one is shown.
    """

    def __init__(self, params: dict[str, t.Any]) -> None:
        self.site: str = os.path.abspath(params["site"])
        self.mirror: str = params["mirror"].rstrip("/") + "/"
        user = self.mirror.partition("://")[2].partition("/")[0].rpartition("@")[0]
        if not ADDRESS.fullmatch(self.mirror) or ":" in user:
            raise InvalidInput(
                f"{params['mirror']!r} is not a mirror: rsync://host/module/, host:folder or an absolute path is, "
                "without a password in it."
            )
        self.state: str = params["state"]
        self.previous: str | None = params["previous"]
        self.prune: bool = params["prune"]
        self._timeout, self._deadline = params["timeout"], params["deadline"]
        self._options: list[str] = params["rsync_options"]
        self._log: str | None = params["log"]
        self._environment = {**os.environ, "LC_ALL": "C"}
        if params["password"] is not None:
            self._environment["RSYNC_PASSWORD"] = params["password"]
        ident = params["push"] or current_push(self.site)
        if ident is None:
            raise NotFound(f"{self.site} shows no push. Stage one with push_snapshot.", path=self.site)
        self.ident = ident
        self.folder = push_folder(self.site, ident)
        if not os.path.isdir(self.folder):
            raise NotFound(f"{self.site} has no push {ident}. Stage it with push_snapshot.", push=ident)
        find_program("rsync")

    def plan(self) -> Plan:
        push = read_push(self.folder)
        shown = self._shown()
        if self.previous is not None and (shown or "none") not in (self.previous, self.ident):
            raise Conflict(
                f"{self.mirror} shows {shown or 'none'}, and {self.previous} was expected. Somebody else has pushed: "
                "look at it, and run this again without previous.",
                current=shown,
            )
        different = self._different()
        actions = []
        if different:
            actions.append(
                f"copy push {self.ident} to {self.mirror}: {len(different)} of {len(push.paths()) + 1} files"
            )
        if self.state == "current" and (shown != self.ident or self._seen() != self.ident):
            actions.append(f"show push {self.ident} at {self.mirror} in place of {shown or 'none'}")
        surplus = self._surplus() if self.prune and self.state == "current" else []
        actions += [f"remove push {one} from {self.mirror}" for one in surplus]
        after = self.ident if self.state == "current" else shown
        result = {"id": self.ident, "mirror": self.mirror, "previous": shown or "none"}
        return Plan({"current": shown}, {"current": after}, actions, result)

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        total = len(read_push(self.folder).paths()) + 1
        with held_lock(os.path.join(self.site, ".lock"), {"mirror": self.mirror}, self._deadline) as lock:
            if self._different():
                self._copy(plan, total, lock)
            different = self._different()
            if different:
                raise Conflict(
                    f"The push {self.ident} on {self.mirror} differs from the site's after it was copied: "
                    f"{', '.join(different[:3])}. It is not shown there. Run it again; if that does not help, look at "
                    "the mirror's disk, and at who else writes to it.",
                    differences=different[:100],
                )
            if self.state == "current":
                shown = self._shown()
                if shown not in (plan.before["current"], self.ident):
                    raise Conflict(
                        f"{self.mirror} shows {shown} by now; it was {plan.before['current']}. Run it again."
                    )
                self._show(lock)
                self._read_back()
                if self.prune and self._surplus():
                    # Only removes: what is on the mirror and not in the site. Nothing is sent.
                    only = ("--existing", "--ignore-existing", "--delete")
                    self._rsync([*SAME, *only, f"{self.site}/push/", f"{self.mirror}push/"], held=[lock])
        return {}

    def _shown(self) -> str | None:
        """The id that the mirror's link says; None: it has none yet.

        :raises Conflict: the link is something else, such as one that the daemon has rewritten.
        """
        finished = self._rsync(["-l", "--list-only", f"{self.mirror}current"], expected=(0, NOT_THERE))
        if finished.rc == NOT_THERE:
            # Nothing by that name, or the folder that it would be in is not there either: both are "none yet".
            self._rsync(["--list-only", self._above()])
            return None
        link = _LINK.search(finished.output)
        target = link[1] if link else "no link"
        match = TARGET.fullmatch(target)
        if not match:
            raise Conflict(
                f"current on {self.mirror} is {target!r}, not a link to a push. Name another folder, or move it away.",
                current=target,
            )
        return match[1]

    def _above(self) -> str:
        """What must answer for the mirror to be there: the daemon's module, the host's home, a folder."""
        if self.mirror.startswith("rsync://"):
            return "/".join(self.mirror.split("/")[:4]) + "/"
        host, colon, path = self.mirror.partition(":") if not self.mirror.startswith("/") else ("", "", self.mirror)
        return f"{host}{colon}{'/' * path.startswith('/')}"

    def _different(self) -> list[str]:
        """The paths that are missing, too much or other than the site's on the mirror, by content."""
        finished = self._rsync(
            [*SAME, "-n", "--checksum", "--delete", "--out-format=%i %n", f"{self.folder}/", self._there()],
            expected=(0, NOT_THERE, 3, 11, 12),
        )
        if finished.rc != 0:
            self._rsync(["--list-only", self._above()])
            return ["push.json and all others"]
        lines = [line.partition(" ") for line in finished.output.splitlines()]
        # Rows of folders only say that their time differs.
        return [name for kind, _space, name in lines if not kind.startswith((".d", "cd")) and name]

    def _there(self) -> str:
        return f"{self.mirror}push/{self.ident}/"

    def _copy(self, plan: Plan, total: int, lock: int) -> None:
        say(f"Copying push {self.ident} to {self.mirror}: {total} files" + (f"; log: {self._log}" if self._log else ""))
        self._make_folders(lock)
        old = plan.before["current"]
        link = [f"--link-dest=../{old}"] if old and old != self.ident else []
        done = 0

        def watch(_line: str) -> None:
            nonlocal done
            done += 1
            if done % 500 == 0:
                say(f"{done} paths of {total} files are on {self.mirror}")

        self._rsync(
            [
                *SAME,
                "--checksum",
                "--delay-updates",
                "--delete-after",
                "--out-format=%n",
                *link,
                f"{self.folder}/",
                self._there(),
            ],
            held=[lock],
            watch=watch,
        )

    def _make_folders(self, lock: int) -> None:
        """The folder of the push and those above it; ``--mkpath`` would do it, where rsync is new enough."""
        if self.mirror.startswith("/"):
            os.makedirs(self._there(), exist_ok=True)
            return
        with WorkFolder("mirror") as empty:
            root = self._above()
            below = [part for part in self._there()[len(root) :].split("/") if part]
            os.makedirs(os.path.join(empty, *below))
            # Folders that are there keep their mode and time.
            self._rsync(["-r", "--ignore-existing", "--no-perms", "--omit-dir-times", f"{empty}/", root], held=[lock])

    def _show(self, lock: int) -> None:
        with WorkFolder("mirror") as folder:
            # A link of our own: the site's may show something else, as when the mirror goes first.
            link = os.path.join(folder, "current")
            os.symlink(f"push/{self.ident}", link)
            self._rsync(["-l", link, self.mirror], held=[lock])
        shown = self._shown()
        if shown != self.ident:
            raise Conflict(f"{self.mirror} shows {shown or 'none'} after {self.ident} was put there.", current=shown)

    def _read_back(self) -> None:
        """Read the push's own list through the link, as a reader would.

        A daemon that munges links (its default where ``use chroot`` is off) keeps one that leads nowhere, and does not
        show it.
        """
        seen = self._seen()
        if seen != self.ident:
            raise Conflict(
                f"The link current on {self.mirror} says push {self.ident}, and what is read through it is "
                f'{seen or "nothing"}. If an rsync daemon serves it, set "munge symlinks = no" for the module in its '
                "rsyncd.conf, and run this again.",
                current=seen,
            )

    def _seen(self) -> str | None:
        """The id of what is read through the mirror's link."""
        with WorkFolder("mirror") as folder:
            finished = self._rsync(["-t", f"{self.mirror}current/{DOCUMENT}", f"{folder}/"], expected=(0, NOT_THERE))
            return read_push(folder).id if finished.rc == 0 else None

    def _surplus(self) -> list[str]:
        """Pushes on the mirror that the site has not."""
        finished = self._rsync(["--list-only", f"{self.mirror}push/"], expected=(0, NOT_THERE))
        found = re.findall(r"^d\S+ .* ([0-9a-f]{64})$", finished.output, re.MULTILINE)
        return sorted(one for one in found if not os.path.isdir(push_folder(self.site, one)))

    def _rsync(self, arguments: list[str], **how: t.Any) -> t.Any:
        argv = ["rsync", f"--timeout={max(1, round(self._timeout))}", *self._options, *arguments]
        try:
            return run_command(
                argv, log=self._log, timeout=self._deadline, environment=self._environment, tail=32 << 20, **how
            )
        except CommandFailed as error:
            last = error.data["output"].strip().splitlines()[-3:]
            raise Unavailable(
                f"The mirror {self.mirror} cannot be reached or written: rsync ended with status {error.data['rc']}: "
                f"{' '.join(last)} Nothing was switched by this step.",
                rc=error.data["rc"],
                mirror=self.mirror,
            ) from error
