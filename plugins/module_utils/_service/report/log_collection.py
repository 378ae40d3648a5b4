# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""Logs of a host and a run as one folder that can be published: compressed, bounded, without secrets, with a page."""

from __future__ import annotations

import contextlib
import dataclasses
import gzip
import os
import shutil
import tempfile
import typing as t
import zlib

from ..._diagnosis.first_error import FirstError, first_error
from ..._diagnosis.secrets import Masker, after_cut
from ..._module.command import run_command
from ..._module.documents import write_atomically
from ..._module.errors import InvalidInput, RelengError
from ..._module.files import open_state
from ..._module.progress import say
from ..._module.runner import Change, Plan
from ..._module.text import one_line
from ..._module.work_folder import WorkFolder
from .report_page import page_anywhere
from .run_report import shape_for_page, summarize
from .run_steps import NAME, check_step, format_time

# A line without an end is cut into pieces of this size, so that memory is bounded, too.
# Characters of a line that are kept, and how long a secret can be that is cut off with the rest.
LINE, SECRET = 65536, 8192
# Bytes of a file name beside which there is room for those of temporary files, and bytes that are unpacked of a file.
NAME_BYTES, UNPACKED = 240, 4 << 30
# Of a file that is too long the end is kept, and this part of it from the beginning.
BEGINNING = 0.25
COMMAND_TIMEOUT = 60


@dataclasses.dataclass
class Kept:
    """What became of one file.

    :param name: in the collection; None: it was left out, and ``note`` says why.
    :param size: of the compressed file.
    """

    source: str
    name: str | None
    size: int = 0
    note: str = ""


class CollectLogs(Change):
    """Make the folder anew; until it is whole, what was there before stays.

    :param params: the options of the module log_collection.
    :param now: seconds since the epoch.
    """

    def __init__(self, params: t.Mapping[str, t.Any], now: float) -> None:
        self._params = params
        self._now = now
        self._path = os.path.abspath(params["path"])
        self._left = 0

    def plan(self) -> Plan:
        p = self._params
        if p["max_file"] < 1024 or p["max_total"] < p["max_file"]:
            raise InvalidInput(
                f"max_file is {p['max_file']} and max_total {p['max_total']}: at least 1024 bytes are needed for a "
                "file, and no less for all than for one."
            )
        names = [command["name"] for command in p["commands"]]
        for name in names:
            if not NAME.fullmatch(name) or names.count(name) > 1:
                raise InvalidInput(
                    f"The output of a command cannot be kept as {name!r}: that is not a name, or used twice."
                )
        if os.path.isdir(self._path) and os.listdir(self._path) and not os.path.exists(self._index(self._path)):
            raise InvalidInput(f"{self._path} holds something else than collected logs; it is not overwritten.")
        wanted = [*p["first"], *p["sources"], *names]
        action = f"collect {', '.join(wanted)} into {self._path}"
        return Plan({}, {"collected": wanted}, [action], {"path": self._path, "index": self._index(self._path)})

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        os.makedirs(os.path.dirname(self._path), exist_ok=True)
        work = tempfile.mkdtemp(dir=os.path.dirname(self._path), prefix=f".{os.path.basename(self._path)}.")
        try:
            os.chmod(work, 0o755)  # noqa: S103 (it is there to be published)
            result = self._collect(work)
            # Half removed, an older collection could not be told from somebody else's folder.
            old = f"{work}.old"
            with contextlib.suppress(FileNotFoundError):
                os.rename(self._path, old)
            os.rename(work, self._path)
        except BaseException:
            shutil.rmtree(work, ignore_errors=True)
            raise
        shutil.rmtree(old, ignore_errors=True)
        return result

    def _collect(self, work: str) -> dict[str, t.Any]:
        p = self._params
        self._left = p["max_total"]
        kept: list[Kept] = []
        errors: list[tuple[Kept, FirstError]] = []
        seen: set[str] = set()
        for source in [*p["first"], *p["sources"]]:
            for path in self._files(source, {self._path, work}):
                if path in seen:
                    continue
                seen.add(path)
                one, text = self._keep(path, os.path.join("files", path.lstrip("/")), work)
                kept.append(one)
                # What the run itself wrote says why it failed; a host's logs are full of errors of others.
                error = first_error(text) if one.name and source in p["first"] else None
                if error:
                    errors.append((one, error))
        say(f"{len(kept)} files are looked at; the host is asked for its state")
        kept += [self._ask(command, work) for command in p["commands"]]
        first = next((one for one in errors if one[1].failure_class != "unknown"), errors[0] if errors else None)
        write_atomically(self._index(work), self._page(kept, first).encode())
        return {
            "files": sum(1 for one in kept if one.name),
            "left_out": [{"source": one.source, "reason": one.note} for one in kept if not one.name],
            # Not "size": Ansible adds that of "path".
            "bytes": p["max_total"] - self._left,
            "first_error": {"file": first[0].source, **dataclasses.asdict(first[1])} if first else None,
        }

    @staticmethod
    def _index(folder: str) -> str:
        return os.path.join(folder, "index.html")

    @staticmethod
    def _files(source: str, collections: t.Collection[str]) -> t.Iterator[str]:
        """All files of a source, in one order; no link is followed, and nothing of ``collections`` is in it."""
        source = os.path.abspath(source)
        if not os.path.isdir(source):
            yield source
            return
        for folder, names, files in os.walk(source):
            names[:] = sorted({*names} - {".git"} - {os.path.relpath(one, folder) for one in collections})
            yield from (os.path.join(folder, name) for name in sorted(files))

    def _keep(self, path: str, name: str, work: str) -> tuple[Kept, str]:
        """Copy a file; and its text, as far as it was kept."""
        shown = one_line(path, 1000)
        try:
            if any(len(part.encode()) > NAME_BYTES for part in path.split("/")):
                return Kept(shown, None, note="its name is too long"), ""
            if os.path.islink(path) or not os.path.isfile(path):
                return Kept(shown, None, note="not there" if not os.path.lexists(path) else "not a regular file"), ""
            if self._left <= 0:
                return Kept(shown, None, note="the collection is full"), ""
            with open_state(path, "log", os.O_RDONLY) as raw:
                file = gzip.GzipFile(fileobj=raw) if path.endswith(".gz") else raw
                if b"\0" in file.read(8192):
                    return Kept(shown, None, note="no text, so its secrets cannot be masked"), ""
                file.seek(0)
                pieces, note = self._bounded(file)
        except UnicodeEncodeError:
            return Kept(shown, None, note="its name is not UTF-8"), ""
        except (OSError, EOFError, zlib.error, RelengError) as error:
            return Kept(shown, None, note=f"cannot be read: {one_line(str(error))}"), ""
        return self._write(path, name, pieces, note, work)

    def _bounded(self, file: t.Any) -> tuple[list[bytes], str]:
        """Beginning and end of a file, both whole where it is short enough."""
        most = self._params["max_file"]
        beginning = file.read(most + 1)
        if len(beginning) <= most:
            return [beginning], ""
        size, end = len(beginning), beginning
        while chunk := file.read(1024 * 1024):
            size += len(chunk)
            if size > UNPACKED:
                raise InvalidInput(f"it is larger than {UNPACKED} bytes")
            end = (end + chunk)[-most:]
        # Whole lines: half a secret is not known for one.
        first = beginning[: beginning.rfind(b"\n", 0, int(most * BEGINNING)) + 1]
        rest = after_cut(end[-(most - len(first)) :].decode(errors="replace")).encode()
        left_out = size - len(first) - len(rest)
        mark = f"\n[{left_out} bytes were left out here]\n".encode()
        return [first, mark, rest], f"{left_out} bytes left out"

    def _write(self, source: str, name: str, pieces: list[bytes], note: str, work: str) -> tuple[Kept, str]:
        masker = Masker(self._params["secrets"])
        lines = b"".join(pieces).decode(errors="replace").splitlines(keepends=True)
        text = "".join(masker.line(_cut_line(line, masker)) for line in lines)
        content = gzip.compress(text.encode(), mtime=0)
        if len(content) > self._left:
            return Kept(source, None, note="the collection is full"), ""
        self._left -= len(content)
        if not name.endswith(".gz") or os.path.exists(os.path.join(work, name)):
            name += ".gz"  # also of a compressed log that lies beside one that is not
        write_atomically(os.path.join(work, name), content)
        return Kept(one_line(source, 1000), name, len(content), note), text

    def _ask(self, command: dict[str, t.Any], work: str) -> Kept:
        """What a program says of the host; one that is not there is left out."""
        source = " ".join(command["command"])
        with WorkFolder("log-collection") as folder:
            log = os.path.join(folder, "log")
            try:
                run_command(command["command"], log=log, timeout=COMMAND_TIMEOUT, expected=range(-64, 256))
            except RelengError as error:
                if not os.path.exists(log):
                    return Kept(source, None, note=error.message)
            kept, _text = self._keep(log, os.path.join("host", f"{command['name']}.txt"), work)
        return dataclasses.replace(kept, source=source)

    def _page(self, kept: list[Kept], first: tuple[Kept, FirstError] | None) -> str:
        """The index: what went wrong first, what changed, then each file."""
        p = self._params

        def step(name: str, **content: t.Any) -> dict[str, t.Any]:
            document = {"step": name, "status": "done", "started_at": format_time(self._now), **content}
            return check_step(document, "the index of logs")

        steps = []
        if first:
            one, error = first
            steps.append(
                step(
                    "first-error",
                    status="failed",
                    summary=f"{error.failure_class}, in line {error.number} of {one.source}: {error.line}",
                    details=error.excerpt,
                    links=[{"text": one.source, "target": str(one.name)}],
                )
            )
        if p["changes"]:
            changes = p["changes"]
            steps.append(
                step(
                    "what-changed",
                    summary=str(changes.get("summary") or ""),
                    heads=changes.get("heads") or [],
                    rows=changes.get("rows") or [],
                )
            )
        rows = [
            [{"text": one.source, "target": one.name} if one.name else one.source, one.size or "", one.note]
            for one in kept
        ]
        steps.append(step("files", heads=["file", "bytes", "note"], rows=rows))
        report = {**summarize(p["title"], steps), "stages": []}
        folder = os.path.dirname(self._index(self._path))
        return page_anywhere(shape_for_page(report, self._index(self._path), folder))


def _cut_line(line: str, masker: Masker) -> str:
    """A line of which only the beginning is kept, cut where no half of a secret can be left."""
    if len(line) <= LINE:
        return line
    # Known secrets go first: half of one is not known.
    line = masker.known(line)
    kept = line[: LINE - SECRET] + line[LINE - SECRET : LINE].rpartition(" ")[0]
    return f"{kept} [{len(line) - len(kept)} characters were left out here]\n"
