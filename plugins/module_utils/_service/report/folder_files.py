# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""The files of a service's folder: known content, each written whole or not at all."""

from __future__ import annotations

import os
import re
import shutil
import stat
import typing as t

from ..._module.documents import write_atomically
from ..._module.errors import InvalidInput
from ..._module.runner import Change, Plan

FOLDER_MODE = 0o755
MODE = re.compile(r"0?[0-7]{3}")


class WriteFiles(Change):
    """Bring files and folders to the content and the mode they should have; others are left alone.

    :param path: absolute path of the folder that holds them all.
    :param folders: relative paths of folders to be there.
    :param files: mappings of name (relative path), content and mode (octal digits).
    :param empty_folders: relative paths of folders to be there with nothing in them.
    :raises InvalidInput: a name that leads out of the folder, stands twice or lies in a folder that must be empty; a
        mode that is none.
    """

    def __init__(
        self, path: str, folders: list[str], files: list[dict[str, str]], empty_folders: t.Sequence[str] = ()
    ) -> None:
        names = [*folders, *empty_folders, *(file["name"] for file in files)]
        for name in names:
            if os.path.normpath(name) != name or os.path.isabs(name) or name.split("/")[0] in (".", ".."):
                raise InvalidInput(f"{name!r} is not a plain path below {path}.")
            if names.count(name) > 1:
                raise InvalidInput(f"{name!r} is given twice.")
            if any(name.startswith(f"{folder}/") for folder in empty_folders):
                raise InvalidInput(f"{name!r} cannot be there: the folder is to be empty.")
        for file in files:
            if not MODE.fullmatch(file["mode"]):
                raise InvalidInput(
                    f"The mode of {file['name']} is {file['mode']!r}; octal digits such as '0644' are needed."
                )
        self.path = path
        self.folders = [path, *(os.path.join(path, name) for name in [*folders, *empty_folders])]
        self.empty_folders = [os.path.join(path, name) for name in empty_folders]
        self.files = {os.path.join(path, file["name"]): (file["content"], int(file["mode"], 8)) for file in files}

    def plan(self) -> Plan:
        after = {path: {"mode": f"{mode:04o}", "content": content} for path, (content, mode) in self.files.items()}
        before = {path: file for path in self.files if (file := read_file(path))}
        actions = [f"make {folder}" for folder in self.folders if not os.path.isdir(folder)]
        actions += [f"empty {folder}" for folder in self.empty_folders if os.path.isdir(folder) and os.listdir(folder)]
        actions += [f"write {path}" for path in self.files if before.get(path) != after[path]]
        return Plan(before, after, actions, {"path": self.path})

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        for folder in self.empty_folders:
            remove_folder(folder)
        for folder in self.folders:
            make_folder(folder)
        for path, (content, mode) in self.files.items():
            if plan.before.get(path) != plan.after[path]:
                write_atomically(path, content.encode(), mode)
        return {}


def read_file(path: str) -> dict[str, str] | None:
    """Mode and content of a regular file; None where there is no such file, or it should be replaced anyway."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            status = os.fstat(file.fileno())
            return {"mode": f"{stat.S_IMODE(status.st_mode):04o}", "content": file.read()}
    except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError):
        return None
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error}", path=path) from error


def remove_folder(path: str) -> None:
    """Remove ``path`` with all that is in it, if it is there."""
    try:
        shutil.rmtree(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise InvalidInput(f"The folder {path} cannot be emptied: {error}", path=path) from error


def make_folder(path: str) -> None:
    """Make ``path`` and what leads to it; one that is there keeps its mode."""
    try:
        os.makedirs(path, mode=FOLDER_MODE, exist_ok=True)
    except OSError as error:
        raise InvalidInput(f"The folder {path} cannot be made: {error}", path=path) from error
