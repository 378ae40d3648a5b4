# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""An OSTree commit of a root, the same commit for the same manifest.

The refs that a commit may ever be found by are bound to it when it is made: a client refuses it under any other, and
the server cannot see that.
"""

from __future__ import annotations

import os
import re
import typing as t

from .._module.command import find_program, run_command
from .._module.errors import Conflict, InvalidInput
from .._module.progress import say
from .artifact import Artifact
from .manifest import EPOCH
from .root import WORK, installed

REF = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*")
# What the commit was made of, in its metadata.
KEY = "releng.manifest"


class OstreeCommit(Artifact):
    """``repo``, an OSTree repository in the mode archive with one commit and one ref.

    :param params: besides those of every artifact: ref; bind, other refs that it may get; collection, its id;
        database, rpm's folder; timeout.
    """

    kind = "ostree"

    def __init__(self, params: dict[str, t.Any]) -> None:
        super().__init__(params)
        self.ref: str = params["ref"]
        self.bind: list[str] = sorted({self.ref, *params["bind"]})
        for ref in self.bind:
            if not REF.fullmatch(ref) or len(ref) > 200:
                raise InvalidInput(f"{ref!r} is not a name of a ref, such as fedora/x86_64/stable.")
        find_program("ostree")

    def configuration(self) -> dict[str, t.Any]:
        names = ("database", "collection")
        return {"ref": self.ref, "bind": self.bind, **{name: self.params[name] for name in names}}

    def make(self, files: dict[str, str], folder: str) -> dict[str, str]:
        params = self.params
        with installed(files, os.path.dirname(folder), params["database"], self.log, params["timeout"]) as (
            root,
            found,
        ):
            say("Committing the tree")
            repo = f"--repo={WORK}/out/repo"
            collection = [f"--collection-id={params['collection']}"] if params["collection"] else []
            root.run("ostree", repo, "init", "--mode=archive", *collection)
            commit = root.run(
                *(
                    "ostree",
                    repo,
                    "commit",
                    f"--branch={self.ref}",
                    f"--timestamp=@{EPOCH}",
                    "--no-xattrs",
                    "--fsync=false",
                ),
                *(f"--bind-ref={one}" for one in self.bind if one != self.ref),
                *(f"--add-metadata-string={KEY}={self.manifest.id}", "--subject", self.manifest.artifact),
                f"--tree=dir={WORK}/root",
            ).strip()
            if not re.fullmatch(r"[0-9a-f]{64}", commit):
                raise Conflict(f"ostree commit said {commit[:200]!r} in place of a commit.")
            # Every object is checked against its name on its way out.
            out = f"--repo={os.path.join(folder, 'repo')}"
            os.mkdir(os.path.join(folder, "repo"))
            run_command(["ostree", out, "init", "--mode=archive", *collection], log=self.log)
            # A push has all of it on disk at once; here each of thousands of objects would wait for the disk.
            run_command(["ostree", out, "config", "set", "core.fsync", "false"], log=self.log)
            source = os.path.join(root.folder, "out", "repo")
            run_command(["ostree", out, "pull-local", "--untrusted", source, commit], log=self.log)
            run_command(["ostree", out, "refs", f"--create={self.ref}", commit], log=self.log)
            run_command(["ostree", out, "fsck", "--quiet"], log=self.log)
            run_command(["ostree", out, "config", "unset", "core.fsync"], log=self.log)
            lock = os.path.join(folder, "repo", ".lock")
            if os.path.exists(lock):
                os.unlink(lock)
        return found
