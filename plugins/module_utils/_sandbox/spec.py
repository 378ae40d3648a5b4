# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Spec files of strangers, read by rpm itself: the shell commands and the Lua in them run in the sandbox.

Example: what two distros make of one spec file, in one call::

    texts = expand("/srv/distgit/python-x.spec", [View("el9", {"rhel": "9", "dist": ".el9", "fedora": None}),
                                                  View("fc42", {"fedora": "42", "dist": ".fc42", "rhel": None})])
    names = query("/srv/distgit/python-x.spec", "%{name}-%{version}-%{release}", views)

rpm sees the spec file, the files beside it if it is told so (for C(%include)), and the macros of this host besides
those that are given.
"""

from __future__ import annotations

import dataclasses
import os
import re
import shlex
import typing as t

from .._module.errors import CommandFailed, InvalidInput, TimedOut
from . import take
from .confine import Bind, Limits, Sandbox, confined, fresh_folder

# What one version of a spec may grow to.
LIMIT = 8 * 2**20
LIMITS = Limits(
    seconds=60, memory=2**31, processes=512, file_size=4 * LIMIT, disk=2**28, files=10000, scratch=2**28, output=LIMIT
)
_IN, _OUT = "/tmp/in", "/tmp/out"  # noqa: S108 (the sandbox's own)


@dataclasses.dataclass(frozen=True)
class View:
    """How a distro sees a spec file.

    :param name: what the answer calls it.
    :param macros: what is defined before the spec is read; None: what is not to be defined.
    """

    name: str
    macros: t.Mapping[str, str | None] = dataclasses.field(default_factory=dict)

    def options(self) -> list[str]:
        options = []
        for name, value in self.macros.items():
            if not re.fullmatch(r"\w+", name):
                raise InvalidInput(f"{name!r} is not a name of a macro.")
            options.append(f"--undefine={name}" if value is None else f"--define={name} {value}")
        return options


def expand(path: str, views: t.Sequence[View], *, sources: bool = False) -> dict[str, str]:
    """What C(rpmspec --parse) makes of a spec file, by the names of ``views``.

    :param sources: whether it may read the files beside the spec file.
    :raises InvalidInput: rpm cannot parse it; the message has rpm's own words.
    :raises CannotConfine: this host does not let rpm be confined.
    """
    return _each(path, views, ["--parse"], sources)


def query(
    path: str, form: str, views: t.Sequence[View], *, source: bool = True, sources: bool = False
) -> dict[str, str]:
    """What C(rpmspec --query) says in ``form`` of the source package, or of all that it makes.

    :raises InvalidInput: as :func:`expand`.
    """
    return _each(path, views, ["--query", "--srpm" if source else "--builtrpms", f"--queryformat={form}"], sources)


def _each(path: str, views: t.Sequence[View], arguments: t.Sequence[str], sources: bool) -> dict[str, str]:
    folder, name = os.path.split(os.path.abspath(path))
    lines = []
    for number, view in enumerate(views):
        argv = ["rpmspec", *view.options(), *arguments, f"{_IN}/{name}"]
        lines.append(f"{shlex.join(argv)} >{_OUT}/{number} 2>{_OUT}/{number}.errors || : >{_OUT}/{number}.failed")
    with fresh_folder() as given, fresh_folder() as out:
        if sources:
            take.take(folder, ["*"], given, strict=False)
        with open(os.path.join(given, name), "wb") as file:
            file.write(take.read(folder, name, LIMIT))
        sandbox = Sandbox(binds=(Bind(given, _IN), Bind(out, _OUT, writable=True)), cwd=_OUT, limits=LIMITS)
        try:
            confined(["sh", "-c", "\n".join(lines)], sandbox)
        except (CommandFailed, TimedOut) as error:
            raise InvalidInput(f"The spec file {path} cannot be parsed: {error.message}", path=path) from error
        left = set(os.listdir(out))
        for number, view in enumerate(views):
            if f"{number}.failed" in left:
                raise InvalidInput(
                    f"The spec file {path} cannot be parsed for {view.name}: {_reason(out, number)}", path=path
                )
        return {view.name: _text(take.read(out, str(number), LIMIT)) for number, view in enumerate(views)}


def _reason(folder: str, number: int) -> str:
    text = _text(take.read(folder, f"{number}.errors", LIMIT)).replace(f"{_IN}/", "")
    lines = (
        [line for line in text.splitlines() if line.startswith("error: ")] or text.splitlines() or ["rpm says nothing"]
    )
    return "; ".join(ascii(line.removeprefix("error: "))[1:-1] for line in lines[:3])[:1000]


def _text(content: bytes) -> str:
    return content.decode(errors="replace")
