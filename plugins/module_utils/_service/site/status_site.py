# Copyright: rdo.releng contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to rdo.releng: no promise is made about what lies in here.
"""A static site of releases, candidates and failures, out of what was read now and what earlier runs kept."""

from __future__ import annotations

import contextlib
import json
import os
import re
import typing as t

from ..._journal.journal import read_journal
from ..._module.documents import write_atomically
from ..._module.errors import InvalidInput
from ..._module.libraries import load_library
from ..._module.runner import Change, Plan
from ..._module.text import one_line
from ..report.time_line import TimeLine
from .history import add_decision, add_history, read_history
from .pages import Trunk, file_name, front
from .templates import PAGE

# What a run writes, and may remove when it does not write it any more.
OURS = re.compile(r"(?:index|(?:candidate|package|time-line)-[A-Za-z0-9._-]+)\.html")


class WriteSite(Change):
    """Write the pages that differ; pages of packages that build again go away.

    :param params: the options of the module status_site.
    :param now: seconds since 1970.
    """

    def __init__(self, params: dict[str, t.Any], now: float) -> None:
        self.params, self.now = params, now
        self.folder = params["path"]

    def plan(self) -> Plan:
        wanted: dict[str, str] = {}
        trunks = []
        for given in self.params["trunks"]:
            kept = self._kept(given)
            path = self._history_path(given["release"], given["distro"])
            with _understood(given, path):
                trunks.append(Trunk(kept, given, self.now))
                wanted[path] = json.dumps(kept, indent=1, sort_keys=True, allow_nan=False) + "\n"
        render = _renderer()
        time_lines = {f"time-line-{file_name(one['title'])}.html": one for one in self.params["time_lines"]}
        lines = {path: self._time_line(one) for path, one in time_lines.items()}
        told = [(one["title"], path if lines[path] else None, lines[path]) for path, one in time_lines.items()]
        contexts = {}
        for trunk, given in zip(trunks, self.params["trunks"]):
            with _understood(given, self._history_path(given["release"], given["distro"])):
                contexts.update(trunk.pages())
                trunk.check_front()
        contexts["index.html"] = front(trunks, told, self.now)
        wanted.update({self._at(path): render(context) for path, context in contexts.items()})
        wanted.update({self._at(path): line["page"] for path, line in lines.items() if line})
        before = {path: _read(path) for path in wanted}
        stale = self._stale(wanted)
        self._writes = {path: text for path, text in wanted.items() if before[path] != text}
        actions = [f"write {os.path.relpath(path, self.folder)}" for path in self._writes]
        actions += [f"remove {os.path.relpath(path, self.folder)}" for path in stale]
        result = {
            "pages": len(wanted) - len(trunks),
            "candidates": sum(len(trunk.candidates) for trunk in trunks),
            "index": self._at("index.html"),
        }
        texts = dict.fromkeys(stale, "")
        return Plan({**before, **{path: _read(path) for path in stale}}, {**wanted, **texts}, actions, result)

    def apply(self, plan: Plan) -> dict[str, t.Any]:
        # The first page last: it links the others.
        for path in sorted(self._writes, key=lambda path: path == self._at("index.html")):
            write_atomically(path, self._writes[path].encode())
        for path in plan.before.keys() - self._wanted_paths(plan):
            os.unlink(path)
        return {}

    @staticmethod
    def _wanted_paths(plan: Plan) -> set[str]:
        return {path for path, text in plan.after.items() if text}

    def _kept(self, given: dict[str, t.Any]) -> dict[str, t.Any]:
        kept = read_history(self._history_path(given["release"], given["distro"]), given["release"], given["distro"])
        with _understood(given, self._history_path(given["release"], given["distro"])):
            add_history(kept, given["history"]["candidates"], given["history"]["commits"])
            for one in given["decisions"]:
                add_decision(kept, one)
        return kept

    def _history_path(self, release: str, distro: str) -> str:
        return os.path.join(self.params["data"], f"{file_name(f'{release}-{distro}')}.json")

    def _at(self, path: str) -> str:
        return os.path.join(self.folder, path)

    def _time_line(self, one: dict[str, t.Any]) -> dict[str, t.Any]:
        """What a journal comes to, and its ``page``; nothing for a release that has not begun."""
        lines, _damaged = read_journal(one["journal"])
        if not lines:
            return {}
        page = self._at("time-line.html")
        options = {"journal": one["journal"], "title": one["title"], "page": page, "text": None}
        plan = TimeLine({**options, "builds": [], "waived": []}, None).plan()
        return {**plan.result, "page": plan.after[page]}

    def _stale(self, wanted: t.Collection[str]) -> list[str]:
        """Pages that an earlier run wrote into the folders of these trunks, and nobody wants any more."""
        folders = {os.path.dirname(path) for path in wanted if path.startswith(self.folder + os.sep)}
        return sorted(
            path
            for folder in folders
            if os.path.isdir(folder)
            for name in os.listdir(folder)
            if OURS.fullmatch(name) and (path := os.path.join(folder, name)) not in wanted
        )


@contextlib.contextmanager
def _understood(given: t.Mapping[str, t.Any], path: str) -> t.Iterator[None]:
    """Say of which trunk something is not what the modules return that the site shows; it may have been kept so."""
    try:
        yield
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError, IndexError) as error:
        raise InvalidInput(
            f"What was given of {given['release']} {given['distro']}, or is kept of it in {path}, is not what "
            "rdo.releng.dlrn_history_info, rdo.releng.promotion_gate and the other modules return: "
            f"{type(error).__name__} {one_line(str(error), 200)}. If it is the file, move it away: it is made anew.",
            path=path,
        ) from error


def _renderer() -> t.Callable[[dict[str, t.Any]], str]:
    jinja2 = load_library("jinja2")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    render: t.Callable[[dict[str, t.Any]], str] = environment.from_string(PAGE).render
    return render


def _read(path: str) -> str:
    if not os.path.exists(path):
        return ""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError as error:
        raise InvalidInput(f"The page {path} cannot be read: {error}", path=path) from error
