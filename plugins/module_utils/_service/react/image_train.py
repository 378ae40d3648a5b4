# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""A tool that others gate on: its released wheel and a candidate, each with what every downstream makes of it.

What is red with the candidate alone is the tool's doing; what is red with both is the downstream's. Tool and
downstreams run confined, without any network: whatever they need is in the wheelhouse or in the downstream's folder.

A downstream is a command of its own, or an image: a manifest, and elements that the tool, a diskimage-builder, runs in
what that says.
"""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import stat
import typing as t

from ..._compose.image import Image
from ..._compose.manifest import file_sha256
from ..._dlrn.candidate import Candidate, read_candidate
from ..._module.command import find_program
from ..._module.errors import CommandFailed, InvalidInput, NotFound, Refused, RelengError
from ..._module.progress import say
from ..._module.runner import perform
from ..._sandbox.confine import BUILDING, Bind, Limits, Sandbox, confined, fresh_folder
from ..._sandbox.take import take

WORK = "/tmp/work"  # noqa: S108 (the sandbox's own)
BUILDER = "disk-image-create"
VERDICTS = {
    (True, True): "good",
    (True, False): "tool regressed",
    (False, False): "downstream regressed",
    (False, True): "mended by the candidate",
}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,60}")


@dataclasses.dataclass(frozen=True)
class Cell:
    """What came of one wheel with one downstream."""

    passed: bool
    reason: str
    log: str


def run_train(params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """What the module image_train returns.

    :raises InvalidInput: a wheel is not the candidate's, or a name cannot be a job's.
    :raises NotFound: something is not there.
    """
    find_program("bwrap")
    candidate = read_candidate(params["candidate"])
    wheels = {"released": params["released"], "candidate": _wheel_of(candidate, params["wheel"])}
    for path in (*wheels.values(), params["wheelhouse"], *(one["path"] for one in params["downstreams"])):
        if not os.path.exists(path):
            raise NotFound(f"There is no {path}.", path=path)
    names = [one["name"] for one in params["downstreams"]]
    for name in names:
        if not _NAME.fullmatch(name) or names.count(name) > 1:
            raise InvalidInput(f"{name!r} cannot name a downstream, or stands twice.")
    cells = [f"{name} with the {which} {os.path.basename(path)}" for name in names for which, path in wheels.items()]
    result: dict[str, t.Any] = {"candidate": candidate.id, "changed": True}
    result["actions"] = [f"run {cell}" for cell in cells]
    if check_mode:
        return {**result, "results": [], "votes": [], "summary": f"{len(cells)} runs"}
    os.makedirs(params["folder"], exist_ok=True)
    found: dict[str, dict[str, Cell]] = {name: {} for name in names}
    for which, path in wheels.items():
        with fresh_folder(params["folder"]) as folder:
            say(f"Installing the {which} {os.path.basename(path)}")
            problem = _install(folder, path, params, os.path.join(params["folder"], f"{which}-install.log"))
            for one in params["downstreams"]:
                say(f"{one['name']} with the {which} {os.path.basename(path)}")
                found[one["name"]][which] = _run(folder, one, which, params, problem)
    return {**result, **_sum_up(found, params)}


def _wheel_of(candidate: Candidate, path: str) -> str:
    """The wheel, if it is what the candidate pins."""
    pinned = {file.sha256: file.name for file in candidate.files}
    if not os.path.exists(path):
        raise NotFound(f"There is no wheel {path}.", path=path)
    if file_sha256(path) not in pinned:
        names = ", ".join(pinned.values()) or "no file"
        raise InvalidInput(f"{path} is not what the candidate {candidate.id} pins: {names}.")
    return path


def _install(folder: str, wheel: str, params: dict[str, t.Any], log: str) -> str | None:
    """Install a wheel of strangers without any index; what went wrong, if anything did."""
    # At its own path, which its programs have in their first lines.
    sandbox = Sandbox(
        binds=(
            Bind(folder, folder, writable=True),
            Bind(os.path.abspath(params["wheelhouse"]), f"{WORK}-wheels"),
        ),
        cwd=folder,
        capabilities=BUILDING,
        limits=Limits(seconds=params["timeout"]),
    )
    given = os.path.join(folder, os.path.basename(wheel))
    shutil.copyfile(wheel, given)
    try:
        confined(["python3", "-m", "venv", f"{folder}/tool"], sandbox, log=log)
        pip = [f"{folder}/tool/bin/python", "-m", "pip", "install", "--quiet", "--no-index", "--no-compile"]
        confined([*pip, "--find-links", f"{WORK}-wheels", given], sandbox, log=log)
        _see_folders(f"{folder}/tool", f"{folder}/tool/bin")
    except (CommandFailed, Refused) as error:
        return f"it cannot be installed: {error.message}"
    return None


def _see_folders(*paths: str) -> None:
    """:raises Refused: one is a link, say, which would lead out of where strangers wrote."""
    for path in paths:
        if not os.path.lexists(path) or not stat.S_ISDIR(os.lstat(path).st_mode):
            raise Refused(
                f"{os.path.basename(path)} is not a folder any more, but something that the wheel has put there."
            )


def _run(folder: str, one: dict[str, t.Any], which: str, params: dict[str, t.Any], problem: str | None) -> Cell:
    log = os.path.join(params["folder"], f"{one['name']}-{which}.log")
    if problem:
        return Cell(False, problem, log)
    if one["image"]:
        return _make_image(folder, one, which, params, log)
    # One downstream's program must not change what the next is run with, nor leave a result in its place.
    with fresh_folder(params["folder"]) as out:
        return _run_with(folder, out, one, which, params, log)


def _make_image(folder: str, one: dict[str, t.Any], which: str, params: dict[str, t.Any], log: str) -> Cell:
    """Have the tool run the downstream's elements in an image, which is kept."""
    path = os.path.join(params["folder"], f"{one['name']}-{which}")
    shutil.rmtree(path, ignore_errors=True)  # what another wheel of the same version has made
    try:
        program = f"{folder}/tool/bin/{BUILDER}"
        if not os.path.lexists(program) or not stat.S_ISREG(os.lstat(program).st_mode):
            raise NotFound(f"The wheel brings no program {BUILDER}, which makes images.")
        options = {"path": path, "log": log, "size": 0, "timeout": params["timeout"], "builder": program}
        options.update(elements_path=[one["path"]], environment=one["environment"])
        perform(Image({**one["image"], **options}), False, False)
    except RelengError as error:
        return Cell(False, error.message, log)
    return Cell(True, "", log)


def _run_with(folder: str, out: str, one: dict[str, t.Any], which: str, params: dict[str, t.Any], log: str) -> Cell:
    binds = (
        Bind(f"{folder}/tool", f"{folder}/tool", private=True),
        Bind(out, f"{WORK}/out", writable=True),
        Bind(os.path.abspath(one["path"]), f"{WORK}-downstream"),
        Bind(os.path.abspath(params["wheelhouse"]), f"{WORK}-wheels"),
    )
    environment = {"PATH": f"{folder}/tool/bin:/usr/sbin:/usr/bin:/sbin:/bin", **one["environment"]}
    sandbox = Sandbox(
        binds=binds,
        cwd=f"{WORK}-downstream",
        capabilities=BUILDING,
        environment=environment,
        limits=Limits(seconds=params["timeout"]),
    )
    try:
        confined(one["command"], sandbox, log=log)
        if one["results"]:
            target = os.path.join(params["folder"], f"{one['name']}-{which}")
            shutil.rmtree(target, ignore_errors=True)
            os.makedirs(target)
            if not take(out, one["results"], target):
                return Cell(False, f"it left nothing of {', '.join(one['results'])}", log)
    except RelengError as error:
        return Cell(False, error.message, log)
    return Cell(True, "", log)


def _sum_up(found: dict[str, dict[str, Cell]], params: dict[str, t.Any]) -> dict[str, t.Any]:
    results, votes = [], []
    for one in params["downstreams"]:
        cells = found[one["name"]]
        verdict = VERDICTS[cells["released"].passed, cells["candidate"].passed]
        reason = cells["candidate"].reason
        results.append(
            {
                "downstream": one["name"],
                "verdict": verdict,
                "reason": reason,
                "logs": {which: cell.log for which, cell in cells.items()},
            }
        )
        votes.append(
            {
                "job": f"train-{one['name']}",
                "success": cells["candidate"].passed,
                "notes": f"{verdict}: {reason}"[:400] if reason else verdict,
            }
        )
    lines = [f"{one['downstream']}: {one['verdict']}" for one in results]
    return {"results": results, "votes": votes, "summary": "; ".join(lines)}
