# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""A site's elements in an image: diskimage-builder runs them in the root that a manifest's packages were laid out in.

It runs confined as the packages' scriptlets do, without a network and without the right to mount (:mod:`builder_files`
says how).
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import typing as t

from .._module.errors import CommandFailed, InvalidInput, NotFound, Refused, Unavailable
from .._module.json_text import load_json
from .._module.progress import say
from .._sandbox.confine import INSTALLING, Bind, Limits, Sandbox, confined, give, hand_over
from .builder_files import ELEMENT, TARGET, write_builder_files
from .manifest import file_sha256
from .root import SAME_TIME, WORK, Root

INSTALL = "pip install diskimage-builder"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,100}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,100}")
# What diskimage-builder knows, asked of the Python that it runs with.
_ASK = """
import importlib.metadata, json, os, diskimage_builder.paths as paths
elements = paths.get_path("elements")
names = [name for name in os.listdir(elements) if name[:1].isalnum() and os.path.isdir(os.path.join(elements, name))]
print(json.dumps({"version": importlib.metadata.version("diskimage-builder"), "elements": sorted(names)}))
"""


class Elements:
    """Elements, and the diskimage-builder that runs them.

    :param params: elements, their names in the order given; elements_path, folders of the site's own; environment,
        variables for them; builder, the program disk-image-create; timeout.
    :raises NotFound: there is no such element, folder or program.
    :raises InvalidInput: what cannot be a name of one, or of a variable.
    """

    def __init__(self, params: dict[str, t.Any]) -> None:
        self.names: list[str] = params["elements"]
        self.folders = [os.path.abspath(path) for path in params["elements_path"]]
        self.environment = {str(name): str(value) for name, value in params["environment"].items()}
        self._timeout: float = params["timeout"]
        self._program, self._interpreter, self._binds = _builder(params["builder"])
        ours = set(self._variables())
        for name in self.environment:
            if not _VARIABLE.fullmatch(name) or name in ours:
                raise InvalidInput(f"{name!r} cannot be a variable of the elements: not a name of one, or taken.")
        for path in self.folders:
            if not os.path.isdir(path):
                raise NotFound(f"There is no folder {path} with elements.", path=path)
        own = {entry.name for path in self.folders for entry in os.scandir(path) if entry.is_dir()}
        self.version, known = self._ask()
        for name in self.names:
            if not _NAME.fullmatch(name):
                raise InvalidInput(f"{name!r} cannot be the name of an element.")
            if name not in own | known:
                where = ", ".join(self.folders) or "a folder of yours (none is named)"
                raise NotFound(
                    f"There is no element {name} in {where} nor in diskimage-builder {self.version}. Yours: "
                    f"{', '.join(sorted(own)) or 'none'}. Its own: {', '.join(sorted(known))}.",
                    known=sorted(own | known),
                )

    def configuration(self) -> dict[str, t.Any]:
        """All that they make of a root depends on."""
        return {
            "names": self.names,
            "sha256": [tree_sha256(path) for path in self.folders],
            "environment": self.environment,
            "diskimage-builder": self.version,
        }

    def apply(self, root: Root) -> None:
        """Run them in the tree; there must be nothing beside it.

        :raises CommandFailed: one of them failed.
        """
        say(f"Running the elements {', '.join(self.names)}" + (f"; log: {root.log}" if root.log else ""))
        for name in ("proc", "dev"):
            _folder(os.path.join(root.folder, "root", name))
        own = os.path.join(root.folder, "builder")
        os.mkdir(own)
        give(own)
        write_builder_files(own, WORK, root.database, give)
        for number, path in enumerate(self.folders):
            hand_over(path, os.path.join(own, f"elements-{number}"))
        os.mkdir(os.path.join(own, "tmp"))
        give(os.path.join(own, "tmp"))
        sandbox = Sandbox(
            binds=(
                Bind(root.folder, WORK, writable=True),
                Bind(os.path.join(root.folder, "root"), TARGET, writable=True),
                *self._binds,
            ),
            roots=(TARGET,),
            environment={**self.environment, **self._variables()},
            cwd=WORK,
            capabilities=INSTALLING,
            limits=Limits(seconds=self._timeout),
        )
        options = ("-n", "-t", "raw", "-o", f"{WORK}/builder/tmp/image")
        try:
            confined([self._program, *options, ELEMENT, "no-final-image", *self.names], sandbox, log=root.log)
        except CommandFailed as error:
            lines = [line for line in str(error.data["output"]).splitlines() if line.strip()]
            # After the failure it says how it cleans up.
            error.data["lines"] = [line for line in lines if not line.startswith("INFO diskimage_builder")][-20:]
            said = (error.data["lines"] or ["it said nothing"])[-1]
            where = f" Log: {root.log}" if root.log else ""
            error.message = f"The elements {', '.join(self.names)} failed: {said[:500]}.{where}"
            raise
        if not os.path.isdir(os.path.join(root.folder, "root")):
            raise Refused("The elements have left no tree to make an image of.")

    def _variables(self) -> dict[str, str]:
        path = ":".join((f"{WORK}/builder/programs", os.path.dirname(self._program), "/usr/sbin:/usr/bin:/sbin:/bin"))
        folders = [f"{WORK}/builder/elements-{number}" for number in range(len(self.folders))]
        return {
            **SAME_TIME,
            "PATH": path,
            "USER": "root",
            "ELEMENTS_PATH": ":".join([*folders, f"{WORK}/builder/element"]),
            "TMP_DIR": f"{WORK}/builder/tmp",
            "DIB_NO_TMPFS": "1",
            "DIB_NO_TIMESTAMP": "1",
            "DIB_OFFLINE": "1",
        }

    def _ask(self) -> tuple[str, set[str]]:
        """Which version it is, and which elements it brings."""
        sandbox = Sandbox(binds=self._binds, limits=Limits(seconds=60))
        try:
            done = confined([*self._interpreter, "-I", "-c", _ASK], sandbox, apart=True)
            said = load_json(done.output.decode(errors="replace"), "what diskimage-builder says")
            return str(said["version"]), set(map(str, said["elements"]))
        except (CommandFailed, InvalidInput, KeyError, TypeError) as error:
            raise Unavailable(f"{self._program} does not say which elements it has: {error}") from error


def _builder(program: str) -> tuple[str, list[str], tuple[Bind, ...]]:
    """The program's path, the Python that runs it, and what of the host has to be seen for it: its virtual environment,
    if it has one."""
    found = shutil.which(program)
    if not found:
        raise NotFound(f"There is no {program}, which elements need. Install it: {INSTALL}")
    path = os.path.abspath(found)
    prefix = os.path.dirname(os.path.dirname(path))
    if os.path.exists(os.path.join(prefix, "pyvenv.cfg")):
        # If the path is a long one, the program's first line names a shell.
        return path, [os.path.join(prefix, "bin", "python")], (Bind(prefix, prefix),)
    if not os.path.realpath(path).startswith("/usr/"):
        raise InvalidInput(f"{path} lies neither in a virtual environment nor below /usr, so its Python is not found.")
    with open(path, "rb") as file:
        first = file.readline(4096).decode(errors="replace").rstrip("\n")
    if not first.startswith("#!/"):
        raise InvalidInput(f"{path} is not diskimage-builder's disk-image-create: no Python runs it.")
    return path, first[2:].split(), ()


def _folder(path: str) -> None:
    """Have a folder there; :raises Refused: a package has put something else there."""
    if not os.path.lexists(path):
        os.mkdir(path, 0o755)
        give(path)
    if not stat.S_ISDIR(os.lstat(path).st_mode):
        raise Refused(f"{path} is not a folder, so elements cannot run in this root.")


def tree_sha256(folder: str) -> str:
    """What a folder's files are, with their names, modes and links, in one sum.

    :raises InvalidInput: there is something else in it.
    """
    hasher = hashlib.sha256()
    for base, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted([*folders, *names]):
            path = os.path.join(base, name)
            mode = os.lstat(path).st_mode
            hasher.update(f"{os.path.relpath(path, folder)!r} {mode:o}\n".encode())
            if stat.S_ISLNK(mode):
                hasher.update(os.fsencode(os.readlink(path)) + b"\n")
            elif stat.S_ISREG(mode):
                hasher.update(f"{file_sha256(path)}\n".encode())
            elif not stat.S_ISDIR(mode):
                raise InvalidInput(f"{path} is neither a file nor a folder nor a link; elements have nothing else.")
    return hasher.hexdigest()
